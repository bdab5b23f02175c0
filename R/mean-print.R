# Means as text, and their covariance, standard errors of differences and least significant
# differences.

#' Standard errors of differences of means
#'
#' `sed()` gives the standard error of the difference of each pair of means, `lsd()` the least
#' significant difference, `vcov()` the whole covariance.
#'
#' @param x,object Means by [marginal_means()] or `predict(fit, classify = )`.
#' @param level Confidence level of the difference, by default that of the means.
#' @param ... Nothing more.
#' @return A matrix with a row and a column for each mean; `NA` for those that are not estimable.
#' @examples
#' fit <- lmmfit(yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats)
#' means <- marginal_means(fit, ~ Variety)
#' sed(means)
#' lsd(means)
#' @export
sed <- function(x, ...) {
  check_given(x, ...)
  covariance <- stats::vcov(check_means(x))
  variance <- diag(covariance)
  differences <- outer(variance, variance, `+`) - 2 * covariance
  # What is left of equal numbers is rounding.
  differences[abs(differences) < 1e-12 * max(variance, 0, na.rm = TRUE)] <- 0
  sqrt(pmax(differences, 0))
}

# ASReml's predict() is a list: `$pvals`, `$sed`, `$vcov`, `$avsed` of the means are read so.
#' @export
`$.marginal_means` <- function(x, name) {
  own <- .subset2(x, name, exact = FALSE)
  if (!is.null(own)) return(own)
  switch(name,
    pvals = as.data.frame(x), vcov = stats::vcov(x), sed = sed(x),
    avsed = {
      errors <- sed(x)
      c(overall = sqrt(mean(errors[lower.tri(errors)]^2)))
    }
  )
}

#' @rdname sed
#' @export
lsd <- function(x, level = NULL, ...) {
  check_given(x, ...)
  level <- check_level(level %||% attr(check_means(x), "level"))
  errors <- sed(x)
  n <- nrow(errors)
  df <- matrix(NA_real_, n, n)
  for (i in seq_len(n - 1L)) {
    later <- seq.int(i + 1L, n)
    contrasts <- matrix(0, length(later), n)
    contrasts[, i] <- 1
    contrasts[cbind(seq_along(later), later)] <- -1
    df[i, later] <- df[later, i] <- contrast_moments(x, contrasts)$df
  }
  diag(errors) <- NA
  stats::qt(1 - (1 - level) / 2, df) * errors
}

#' @method print marginal_means
#' @export
print.marginal_means <- function(x, n = 60L, digits = 5L, ...) {
  if (!fits_moments(x)) {
    print(as.data.frame(x), digits = digits, ...)
    return(invisible(x))
  }
  cat(means_heading(x), "\n\n", sep = "")
  shown <- seq_len(min(n, nrow(x)))
  print_table(means_columns(x, digits)[shown, , drop = FALSE], attr(x, "variables"))
  if (nrow(x) > n) cat("  ... and ", nrow(x) - n, " more (as.data.frame() has all)\n", sep = "")
  why <- attr(x, "why")
  if (length(why) > 0L) {
    cat("\nNot estimable: ", paste0(names(why), " (", why, ")", collapse = "; "),
      if (sum(!x$estimable) > length(why)) ", ...", "\n", sep = "")
  }
  cat(sed_text(x))
  invisible(x)
}

#' @method as.data.frame marginal_means
#' @export
as.data.frame.marginal_means <- function(x, row.names = NULL, optional = FALSE, ...) {
  plain <- c("names", "row.names", "class")
  for (name in setdiff(names(attributes(x)), plain)) attr(x, name) <- NULL
  class(x) <- "data.frame"
  x
}

means_heading <- function(x) {
  random <- attr(x, "random")
  text <- c(
    paste("Means of", paste(attr(x, "variables"), collapse = ":")), attr(x, "over"),
    if (length(random) > 0L) paste("with the random effects of", toString(random))
  )
  moments <- attr(x, "moments")
  tests <- if (moments$ddf == "none") moments$quantiles %||% "normal quantiles" else
    sub("^t tests with d", "d", ddf_text(moments$ddf, moments$information))
  paste0(paste(text, collapse = ", "), "\n", format(100 * attr(x, "level")), "% intervals, ", tests)
}

means_columns <- function(x, digits) {
  columns <- lapply(x[attr(x, "variables")], function(v) {
    if (is.numeric(v)) format(v) else as.character(v)
  })
  numbers <- lapply(x[c("estimate", "se", "lower", "upper")], format_numbers, digits)
  numbers <- append(numbers, list(df = df_text(x$df)), 2L)
  if (!any(is.finite(x$df))) numbers$df <- NULL
  columns <- c(columns, lapply(numbers, function(text) ifelse(is.na(text), "NA", text)))
  as_grid(columns, nrow(x))
}

# Least, mean and greatest standard error of a difference, within the groups that are compared.
sed_text <- function(x) {
  if (is.null(attr(x, "moments")$used) || nrow(x) < 2L || nrow(x) > most_mean_tests) return("")
  errors <- sed(x)
  group <- by_groups(x)
  errors <- errors[upper.tri(errors) & outer(group, group, `==`)]
  errors <- errors[!is.na(errors)]
  if (length(errors) == 0L) return("")
  ends <- range(errors)
  if (ends[2L] - ends[1L] <= 1e-8 * ends[2L]) {
    return(paste0("\nSED ", format_numbers(ends[1L], 5L), "\n"))
  }
  text <- format_numbers(c(ends[1L], mean(errors), ends[2L]), 5L)
  paste0("\nSED ", text[1L], " to ", text[3L], ", mean ", text[2L], "\n")
}
