# Moments of means: what their covariance and tests of their contrasts are made from.

#' @rdname sed
#' @method vcov marginal_means
#' @export
vcov.marginal_means <- function(object, ...) {
  check_unused(...)
  moments <- attr(check_means(object), "moments")
  if (is.null(moments$used)) {
    abort_means_covariance()
  }
  names <- cell_names(object[attr(object, "variables")])
  covariance <- matrix(NA_real_, length(names), length(names), dimnames = list(names, names))
  covariance[moments$estimable, moments$estimable] <- moments$used
  covariance
}

# Rows of a table of means that were taken out of it have lost their covariance.
check_means <- function(x, argument = "x") {
  if (!inherits(x, "marginal_means")) {
    abort_argument(argument, class(x)[1L], "made by marginal_means() or predict(classify = )")
  }
  if (is.null(attr(x, "moments")) || nrow(x) != length(attr(x, "moments")$estimable)) {
    abort_argument(argument, "rows of a table", "whole, as marginal_means() gives it")
  }
  x
}

# estimate, covariance and df of contrasts of means, a row for each; NA where one of the means is
# not estimable.
contrast_moments <- function(x, contrasts) {
  moments <- attr(x, "moments")
  covariance <- stats::vcov(x)[moments$estimable, moments$estimable, drop = FALSE]
  told <- rowSums(abs(contrasts[, !moments$estimable, drop = FALSE])) == 0
  rows <- contrasts[, moments$estimable, drop = FALSE]
  values <- x$estimate[moments$estimable]
  df <- contrast_df(moments, rows)
  new <- abs(contrasts) %*% !is.finite(ifelse(x$estimable, x$df, 1)) > 0
  df[new] <- Inf
  estimate <- drop(rows %*% values)
  estimate[!told] <- df[!told] <- NA_real_
  list(estimate = estimate, covariance = rows %*% covariance %*% t(rows), df = df)
}

contrast_df <- function(moments, rows) {
  if (!is.null(moments$df_of)) return(moments$df_of(rows %*% moments$K))
  if (is.null(moments$w)) return(rep.int(moments$simple, nrow(rows)))
  df_of_rows(moments, rows)
}

# The group of each mean that it is compared in.
by_groups <- function(x) {
  by <- attr(x, "by")
  if (length(by) == 0L) return(rep.int("", nrow(x)))
  row_keys(x[by])
}
