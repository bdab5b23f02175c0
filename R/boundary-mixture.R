# The distribution of a likelihood ratio where variances are zero under the smaller model: a mixture
# of chi-squares. A mixture is a vector of weights, named by degrees of freedom. Source: Self and
# Liang (1987), J Am Stat Assoc 82:605; Stram and Lee (1994), Biometrics 50:1171.

binomial_mixture <- function(s) stats::setNames(stats::dbinom(0:s, s, 0.5), 0:s)

plain_chisq <- function(df) stats::setNames(1, df)

# For a whole term with `df` parameters. Where a whole unstructured matrix goes, the mixture depends
# on more than its size; all its parameters count, which is conservative.
whole_mixture <- function(structure, n_coef, df) {
  if (n_coef == 1L && df == 1L) return(c(`0` = 0.5, `1` = 0.5))
  if (is_uncorrelated(structure)) binomial_mixture(df) else plain_chisq(df)
}

# For s coefficients of a term whose values are entries of Sigma.
part_mixture <- function(structure, s, df) {
  if (is_uncorrelated(structure)) return(binomial_mixture(s))
  if (s == 1L) stats::setNames(c(0.5, 0.5), c(df - 1, df)) else plain_chisq(df)
}

# Of the sum of independent ones.
sum_of_mixtures <- function(a, b) {
  df <- outer(as.numeric(names(a)), as.numeric(names(b)), `+`)
  weights <- tapply(as.vector(outer(a, b)), as.vector(df), sum)
  stats::setNames(as.vector(weights), names(weights))
}

mixture_p <- function(chisq, mixture) {
  df <- as.numeric(names(mixture))
  tail <- ifelse(df == 0, as.numeric(chisq <= 0), stats::pchisq(chisq, df, lower.tail = FALSE))
  sum(mixture * tail)
}

# Of the likelihood ratio of two fits. NULL: no variance is zero under the smaller one, or it is not
# seen to be the larger one without some random terms, coefficients and fixed effects; its law is
# then the plain chi-square.
ratio_mixture <- function(small, large) {
  if (any_fixed_value(small) || any_fixed_value(large)) return(NULL)
  if (!same_residual(small, large)) return(NULL)
  if (!all(small$fixed$names %in% large$fixed$names)) return(NULL)
  parts <- missing_variances(small, large)
  if (length(parts) == 0L) return(NULL)
  mixture <- Reduce(sum_of_mixtures, parts, plain_chisq(large$rank - small$rank))
  if (length(mixture) == 1L) return(NULL)
  if (max(as.numeric(names(mixture))) != n_free(large) - n_free(small)) return(NULL)
  mixture
}

any_fixed_value <- function(fit) {
  any(fit$parameters$status == "held") || is_constrained(fit, TRUE)
}

same_residual <- function(a, b) {
  names <- function(fit) residual_values(fit$parameters, fit$parameters$name)
  identical(names(a), names(b)) && identical(model_residual(a), model_residual(b))
}

model_residual <- function(fit) {
  residual <- fit$parts$residual
  if (is_iid(residual)) "iid" else deparse(residual, width.cutoff = 500L)
}

# The mixture for each term of `large` that `small` lacks, or of which it lacks coefficients; NULL
# where a term of `small` is not in `large`.
missing_variances <- function(small, large) {
  of_large <- rep(NA_integer_, length(small$random))
  for (exact in c(TRUE, FALSE)) {
    for (k in which(is.na(of_large))) {
      for (j in setdiff(seq_along(large$random), of_large)) {
        if (!is_in_term(small$random[[k]], large$random[[j]], exact)) next
        of_large[k] <- j
        break
      }
    }
  }
  if (anyNA(of_large)) return(NULL)
  mixtures <- lapply(seq_along(large$random), function(j) {
    term <- large$random[[j]]
    structure <- structure_name(term$structure)
    df <- sum(large$parameters$index == j)
    if (!j %in% of_large) return(whole_mixture(structure, term$n_coef, df))
    own <- match(j, of_large)
    s <- term$n_coef - small$random[[own]]$n_coef
    if (s > 0L) part_mixture(structure, s, df - sum(small$parameters$index == own))
  })
  mixtures[lengths(mixtures) > 0L]
}

# Whether a term is another one, or that one without some of its coefficients.
is_in_term <- function(small, large, exact) {
  if (small$label != large$label) return(FALSE)
  if (!identical(small$relationship, large$relationship)) return(FALSE)
  structures <- c(structure_name(small$structure), structure_name(large$structure))
  same <- structures[1L] == structures[2L]
  if (exact) return(same && identical(small$coef_names, large$coef_names))
  if (!values_are_entries(large$structure) || !(same || small$n_coef == 1L)) return(FALSE)
  all(small$coef_names %in% large$coef_names)
}
