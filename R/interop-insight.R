# What insight and performance ask of a model. Registered when they are loaded (zzz.R).

# The fixed formula, and ~coefficients | group of each random term.
find_formula.lmmfit <- function(x, verbose = TRUE, ...) {
  random <- lapply(x$random, function(term) {
    slopes <- setdiff(term$coef_names, "(Intercept)")
    left <- paste(c("1", if (is_plain(slopes, x)) slopes), collapse = " + ")
    stats::as.formula(paste("~", left, "|", term$label), environment(x$formula))
  })
  if (length(random) == 1L) random <- random[[1L]]
  found <- list(conditional = x$parts$fixed)
  if (is_mixed(x)) found$random <- random
  structure(found, class = c("insight_formula", "list"))
}

# Coefficients that are variables of the frame; levels of a factor are not.
is_plain <- function(names, fit) length(names) > 0L && all(names %in% colnames(fit$frame))

find_parameters.lmmfit <- function(x, effects = c("all", "fixed", "random"), flatten = FALSE, ...) {
  effects <- check_choice(effects, c("all", "fixed", "random"), "effects")
  random <- lapply(x$random, `[[`, "coef_names")
  names(random) <- term_labels(x)
  found <- list()
  if (effects != "random") found$conditional <- x$fixed$names
  if (effects != "fixed" && is_mixed(x)) found$random <- random
  if (flatten) unique(unlist(found, use.names = FALSE)) else found
}

get_parameters.lmmfit <- function(x, effects = c("fixed", "random"), ...) {
  effects <- check_choice(effects, c("fixed", "random"), "effects")
  if (effects == "random") return(unclass(ranef(x)))
  data.frame(Parameter = x$fixed$names, Estimate = unname(fixef(x)))
}

get_statistic.lmmfit <- function(x, ...) {
  table <- fixed_table(x)
  structure(
    data.frame(Parameter = x$fixed$names, Statistic = table$statistic, row.names = NULL),
    statistic = if (any(is.finite(table$df))) "t" else "z"
  )
}

model_info.lmmfit <- function(x, ...) {
  list(
    is_linear = TRUE, is_mixed = is_mixed(x), family = "gaussian", link_function = "identity",
    is_binomial = FALSE, is_bernoulli = FALSE, is_count = FALSE, is_poisson = FALSE,
    is_logit = FALSE, is_probit = FALSE, is_ordinal = FALSE, is_multinomial = FALSE,
    is_categorical = FALSE, is_zero_inflated = FALSE, is_hurdle = FALSE, is_censored = FALSE,
    is_truncated = FALSE, is_survival = FALSE, is_bayesian = FALSE, is_gam = FALSE,
    is_anova = FALSE, is_ttest = FALSE, is_correlation = FALSE, is_meta = FALSE,
    is_multivariate = FALSE, is_trial = FALSE, is_dispersion = FALSE, is_tweedie = FALSE,
    is_negbin = FALSE, is_beta = FALSE, is_exponential = FALSE, is_zeroinf = FALSE,
    n_obs = x$n
  )
}

is_converged.lmmfit <- function(x, tolerance, ...) {
  check_unused(..., .ignored = "verbose")
  x$convergence$status == "converged"
}

find_algorithm.lmmfit <- function(x, ...) {
  list(algorithm = x$method, optimizer = "average information")
}

is_mixed_model.lmmfit <- function(x) is_mixed(x)

link_inverse.lmmfit <- function(x, ...) stats::gaussian()$linkinv

# Variances as insight knows them (Nakagawa, Johnson & Schielzeth 2017; Johnson 2014, Methods in
# Ecology and Evolution 5:944): of the fixed part, the mean over records of Z Sigma Z', of the
# residual, and those of the random coefficients with their correlations.
get_variance.lmmfit <- function(x, component = "all", ...) {
  own <- variance_parts(x)
  residual <- own$residual
  found <- c(
    list(var.fixed = stats::var(x$fitted_fixed), var.random = sum(own$random),
      var.residual = residual, var.distribution = residual, var.dispersion = 0),
    coefficient_variances(x)
  )
  if (identical(component, "all")) return(found)
  correlations <- c(rho01 = "cor.slope_intercept", rho00 = "cor.slopes")
  found[[if (component %in% names(correlations)) correlations[[component]] else
    paste0("var.", component)]]
}

# With the names that insight gives those of a fit by lme4; without slopes, the intercepts alone.
coefficient_variances <- function(fit) {
  covariances <- Map(function(sigma, term) {
    structure(as.matrix(sigma), dimnames = list(term$coef_names, term$coef_names))
  }, term_covariances(fit), fit$random)
  names(covariances) <- term_labels(fit)
  is_intercept <- function(names) names == "(Intercept)"
  of_intercept <- function(sigma) unname(diag(sigma)[is_intercept(rownames(sigma))])
  # diag() of a matrix of 1 x 1 has no name.
  of_slopes <- function(sigma) {
    stats::setNames(diag(sigma), rownames(sigma))[!is_intercept(rownames(sigma))]
  }
  with_intercept <- function(sigma) {
    if (is_intercept(rownames(sigma)[1L]) && nrow(sigma) > 1L) correlations_of(sigma)[-1L, 1L]
  }
  among_slopes <- function(sigma) {
    slopes <- which(!is_intercept(rownames(sigma)))
    r <- correlations_of(sigma)[slopes, slopes, drop = FALSE]
    at <- which(upper.tri(r), arr.ind = TRUE)
    stats::setNames(r[at], paste(rownames(r)[at[, 1L]], rownames(r)[at[, 2L]], sep = "-"))
  }
  found <- lapply(list(var.intercept = of_intercept, var.slope = of_slopes,
    cor.slopes = among_slopes), function(part) unlist(lapply(covariances, part)))
  # A matrix where every group has several slopes.
  found$cor.slope_intercept <- unlist(simplify2array(lapply(covariances, with_intercept)))
  found[lengths(found) > 0L]
}

# NaN beside a variance of zero, as lme4 has it.
correlations_of <- function(sigma) {
  sd <- sqrt(diag(sigma))
  sigma / outer(sd, sd)
}

# performance --------------------------------------------------------------------------------------

r2.lmmfit <- function(model, ...) performance::r2_nakagawa(model, ...)

check_singularity.lmmfit <- function(x, ...) any(x$parameters$status == "at boundary")

check_convergence.lmmfit <- function(x, ...) {
  structure(x$convergence$status == "converged", gradient = x$convergence$expected_gain)
}

# The fixed effects as one vector for DHARMa: its default takes coef().
getFixedEffects.lmmfit <- function(object, ...) fixef(object)
