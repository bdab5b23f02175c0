# Small readings of a fit that several methods share.

# Of its own: cells of records are weighed by how many they are.
has_weights <- function(fit) {
  if (is_pooled(fit$frame)) return(!is.null(pooled_records(fit$frame)$plan$weights))
  length(frame_weights(fit$frame)) > 0L
}

# `what`: of the answer, for cli.
check_has_records <- function(fit, what) if (is_pooled(fit$frame)) abort_needs_records(what)

is_mixed <- function(fit) length(fit$random) > 0L

# t tests with n - rank(X) degrees of freedom are exact: least squares with an estimated variance.
has_exact_t <- function(fit) {
  is_least_squares(fit) && fit$method != "ML" && all(fit$parameters$status == "free")
}

# Neither random terms nor structured residuals.
is_least_squares <- function(fit) !is_mixed(fit) && has_iid_residual(fit)

# The formula, and the residual where it is structured.
model_text <- function(fit) {
  text <- deparse_one(fit$formula)
  if (has_iid_residual(fit)) text else
    paste0(text, ", residual ", residual_text(fit$parts$residual))
}

# Fixed effects that were estimated and variance parameters that were not held, tied ones once.
n_free <- function(fit) fit$rank + n_variance_free(fit)

term_labels <- function(fit) vapply(fit$random, `[[`, "", "label")

# Sigma of each random term, a list.
term_covariances <- function(fit) {
  lapply(seq_along(fit$random), function(k) term_covariance(fit$random[[k]], k, fit$parameters))
}

# Values by record, with the names of the records and, after na.exclude, NA for those left out.
named_records <- function(fit, values) {
  names(values) <- row.names(fit$frame)
  stats::napredict(attr(fit$frame, "na.action"), values)
}

# Standard deviation of each record: of its residual, or of the record around its fixed part.
record_sd <- function(fit, level = "conditional") {
  weights <- frame_weights(fit$frame)
  variance <- residual_variances(fit) / (if (length(weights) > 0L) weights else 1)
  if (level == "marginal" && is_mixed(fit)) {
    Z <- fit_matrices(fit)$Z
    for (k in seq_along(Z)) variance <- variance + random_variance(fit, k, Z[[k]])
  }
  sqrt(variance)
}

# diag(Z G Z') of one term.
random_variance <- function(fit, k, Z) {
  term <- fit$random[[k]]
  root <- covariance_root(term_covariance(term, k, fit$parameters))
  ZF <- Z %*% Matrix::kronecker(Matrix::Diagonal(term$n_levels), root)
  if (!term$related) return(Matrix::rowSums(ZF^2))
  total <- numeric(nrow(Z))
  for (j in seq_len(term$n_coef)) {
    columns <- Matrix::t(ZF[, seq.int(j, ncol(ZF), term$n_coef), drop = FALSE])
    total <- total + Matrix::colSums(related_half(term$relationship, columns)^2)
  }
  total
}

# L^-1 P z for columns z over the levels, where K = P'(LL')^-1 P: their cross products are z'K z.
related_half <- function(relationship, columns) {
  factor <- Matrix::Cholesky(Matrix::forceSymmetric(level_precision(relationship)), LDL = FALSE)
  combination <- relationship$combination
  if (!is.null(combination)) columns <- combination %*% columns
  Matrix::solve(factor, Matrix::solve(factor, columns, system = "P"), system = "L")
}

# Z of all terms side by side, with names.
named_random_matrix <- function(fit, Z) {
  if (!is_mixed(fit)) abort_no_random("`model.matrix(type = \"random\")`")
  Z <- do.call(cbind, Z)
  Z@Dimnames <- list(row.names(fit$frame), unlist(lapply(fit$random, effect_names)))
  Z
}

# Names of the random effects of a term in the order of the equations: level 1 coef 1..t, level 2.
effect_names <- function(term) {
  if (identical(term$coef_names, "(Intercept)")) return(paste(term$label, term$levels))
  paste(term$label, rep(term$levels, each = term$n_coef), rep.int(term$coef_names, term$n_levels))
}

# The values of the variance parameters as a reader gets them: a fit by ANOVA may have negative
# ones, and its equations then have 0 in their place.
reported_estimates <- function(fit) {
  estimate <- fit$anova$estimate %||% fit$parameters$estimate
  ifelse(fit$parameters$status == "not identified", NA, estimate)
}

# The same for a table: a range of zero is kept as one at which no two positions are correlated.
shown_estimates <- function(fit) ifelse(has_no_range(fit), 0, reported_estimates(fit))

# At the lower end: at the upper one a range is far beyond all distances. Where the variance is zero
# it is where it was left.
has_no_range <- function(fit) {
  parameters <- fit$parameters
  at_end <- parameters$kind == "range" & parameters$status == "at boundary"
  vapply(seq_along(at_end), function(i) {
    at_end[i] && variance_beside(parameters, i) > 0 &&
      isTRUE(parameters$estimate[i] < extent_of(recipe_of(fit, i)$coordinates))
  }, NA)
}

variance_beside <- function(parameters, i) {
  own <- parameters$index == parameters$index[i] & parameters$section == parameters$section[i]
  max(parameters$estimate[own & parameters$kind == "variance"], 0)
}

# The recipe of the structure that parameter i belongs to.
recipe_of <- function(fit, i) {
  k <- fit$parameters$index[i]
  if (k > 0L) fit$random[[k]]$structure else
    fit_residual(fit)$sections[[fit$parameters$section[i]]]$structure
}

extent_of <- function(coordinates) {
  if (is.null(coordinates)) return(NA_real_)
  sqrt(sum(apply(as.matrix(coordinates), 2L, function(x) diff(range(x)))^2))
}

# G = K x Sigma of random term k.
term_g <- function(k, fit) {
  term <- fit$random[[k]]
  kronecker(level_covariance(term), term_covariance(term, k, fit$parameters))
}

is_one_variance <- function(fit) sum(is_residual_parameter(fit$parameters)) == 1L
