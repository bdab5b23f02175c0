# Means and their contrasts as tables of documents.

means_table <- function(x, letters, adjust, alpha, sort, digits = 5L) {
  if (!fits_moments(x)) {
    return(document_table(lapply(as.data.frame(x), format, digits = digits), "Means"))
  }
  columns <- as.list(means_columns(x, digits))
  if (check_flag(letters, "letters")) columns$letters <- letters_in_place(x, adjust, alpha)
  if (check_flag(sort, "sort")) {
    order <- order(match(by_groups(x), unique(by_groups(x))), -x$estimate)
    columns <- lapply(columns, `[`, order)
  }
  document_table(columns, gsub("\n", ". ", means_heading(x), fixed = TRUE),
    c(attr(x, "variables"), "letters"), trimws(sed_text(x)))
}

# The letters of the means in the order of the means.
letters_in_place <- function(x, adjust, alpha) {
  found <- mean_letters(x, adjust, alpha)
  found$letters[match(row_keys(as.data.frame(x)[attr(x, "variables")]),
    row_keys(found[attr(x, "variables")]))]
}

contrasts_table <- function(x, digits = 5L) {
  document_table(contrast_columns(x, digits), contrasts_heading(x, ". "),
    c("contrast", attr(x, "by")))
}

#' @rdname document-tables
#' @method toLatex marginal_means
#' @export
toLatex.marginal_means <- function(object, caption = FALSE, booktabs = TRUE, letters = FALSE,
                                   adjust = "tukey", alpha = 0.05, sort = FALSE, digits = 5L, ...) {
  check_unused(...)
  latex_tables(list(means_table(object, letters, adjust, alpha, sort, digits)), caption, booktabs)
}

#' @rdname document-tables
#' @method toLatex mean_contrasts
#' @export
toLatex.mean_contrasts <- function(object, caption = FALSE, booktabs = TRUE, digits = 5L, ...) {
  check_unused(...)
  latex_tables(list(contrasts_table(object, digits)), caption, booktabs)
}

#' @rdname document-tables
#' @rawNamespace S3method(knitr::knit_print, marginal_means)
knit_print.marginal_means <- function(x, letters = FALSE, adjust = "tukey", alpha = 0.05,
                                      sort = FALSE, digits = 5L, ...) {
  check_unused(..., .ignored = asked_by_knitr)
  knit_tables(list(means_table(x, letters, adjust, alpha, sort, digits)))
}

#' @rdname document-tables
#' @rawNamespace S3method(knitr::knit_print, mean_contrasts)
knit_print.mean_contrasts <- function(x, digits = 5L, ...) {
  check_unused(..., .ignored = asked_by_knitr)
  knit_tables(list(contrasts_table(x, digits)))
}
