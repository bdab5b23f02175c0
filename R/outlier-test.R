# Outlier statistics of records and of levels of random terms.

#' @rdname influence.lmmfit
#' @export
outlier_test <- function(model, term = NULL, ...) {
  check_given(model, ...)
  check_fit(model, "model")
  check_has_records(model, "{.fn outlier_test}")
  if (is.null(term)) {
    table <- data.frame(record = row.names(model$frame), statistic = standardised(model))
  } else {
    k <- match(check_names(term, "term", "the label of one random term", FALSE), term_labels(model))
    if (is.na(k)) abort_term("term", term, unique(term_labels(model)))
    table <- level_statistics(model, k)
  }
  table$p.value <- two_sided_p(table$statistic, Inf)
  tested <- sum(!is.na(table$statistic))
  table$bonferroni <- pmin(1, tested * table$p.value)
  table <- table[order(-abs(table$statistic)), ]
  row.names(table) <- NULL
  as_long_table(table, at_means_note(model))
}

# u_hat over its standard deviation: Var(u_hat) = Var(u) - Var(u_hat - u).
level_statistics <- function(fit, k) {
  effects <- as.data.frame.ranef.lmmfit(effect_tables(fit, TRUE, total = FALSE))
  own <- effects[effects$group == fit$random[[k]]$label, ]
  sigma <- diag(term_covariance(fit$random[[k]], k, fit$parameters))
  coefs <- fit$random[[k]]$coef_names
  scale <- if (fit$random[[k]]$related) relationship_diagonal(fit$random[[k]]) else 1
  variance <- sigma[match(own$coefficient, coefs)] *
    (if (length(scale) == 1L) scale else scale[match(own$level, fit$random[[k]]$levels)])
  spread <- variance - own$se^2
  data.frame(level = own$level, coefficient = own$coefficient,
    statistic = ifelse(spread > 1e-10 * variance, own$estimate / sqrt(pmax(spread, 0)), NA))
}

relationship_diagonal <- function(term) {
  if (term$n_levels > 5000L) {
    abort_size("`outlier_test()` of related levels", term$n_levels, 5000L, "Test the records.",
      "levels")
  }
  precision <- Matrix::forceSymmetric(level_precision(term$relationship))
  inverse <- diag(as.matrix(Matrix::solve(precision)))
  combination <- term$relationship$combination
  if (is.null(combination)) return(inverse)
  full <- Matrix::solve(precision, combination)
  Matrix::colSums(combination * full)
}
