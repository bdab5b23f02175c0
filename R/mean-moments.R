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

# A table that was put in another order behind the back of `[` (by dplyr::arrange(), say) no longer
# fits its covariance.
check_means <- function(x, argument = "x") {
  if (!inherits(x, "marginal_means")) {
    abort_argument(argument, class(x)[1L], "made by marginal_means() or predict(classify = )")
  }
  if (!fits_moments(x)) {
    abort_argument(argument, "a changed table",
      "as marginal_means() gives it, or rows of it by x[rows, ]")
  }
  x
}

fits_moments <- function(x) {
  moments <- attr(x, "moments")
  variables <- attr(x, "variables")
  !is.null(moments) && all(c(variables, "estimate") %in% names(x)) &&
    identical(moments$value, x$estimate) && identical(moments$cells, cell_names(x[variables]))
}

# Rows keep what is known of them; a choice of columns is a plain data frame.
#' @export
`[.marginal_means` <- function(x, i, j, drop) {
  by_place <- nargs() - (!missing(drop)) > 2L
  if (missing(i) && missing(j)) return(x)
  if (!by_place) return(as.data.frame(x)[i])
  rows <- stats::setNames(seq_len(nrow(x)), row.names(x))
  if (!missing(i)) rows <- rows[i]
  if (missing(j)) return(mean_rows_of(x, unname(rows)))
  columns <- as.data.frame(x)[j]
  alone <- length(columns) == 1L && (missing(drop) || drop)
  if (alone) columns[[1L]][rows] else columns[rows, , drop = FALSE]
}

mean_rows_of <- function(x, rows) {
  if (anyNA(rows) || anyDuplicated(rows) > 0L || !fits_moments(x)) {
    return(as.data.frame(x)[rows, , drop = FALSE])
  }
  moments <- attr(x, "moments")
  told <- moments$estimable[rows]
  own <- cumsum(moments$estimable)[rows[told]]
  square <- function(matrix) matrix[own, own, drop = FALSE]
  for (name in c("estimable", "value", "se", "df", "cells")) {
    moments[[name]] <- moments[[name]][rows]
  }
  for (name in intersect(c("covariance", "used"), names(moments))) {
    moments[[name]] <- square(moments[[name]])
  }
  moments$gradients <- if (!is.null(moments$gradients)) lapply(moments$gradients, square)
  moments$K <- if (!is.null(moments$K)) moments$K[own, , drop = FALSE]
  table <- as.data.frame(x)[rows, , drop = FALSE]
  row.names(table) <- NULL
  kept <- attributes(x)[c("variables", "by", "level", "over", "random")]
  why <- attr(x, "why")
  attributes(table) <- c(attributes(table), kept, list(
    moments = moments, why = why[names(why) %in% moments$cells],
    K = attr(x, "K")[rows, , drop = FALSE], L = attr(x, "L")[rows, , drop = FALSE]
  ))
  class(table) <- class(x)
  table
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
