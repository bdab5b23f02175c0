# From a model to estimates.

estimation_methods <- list(
  REML = list(label = "REML", estimate = function(spec, control) by_likelihood(spec, control)),
  ML = list(
    label = "maximum likelihood", estimate = function(spec, control) by_likelihood(spec, control)
  ),
  ANOVA = list(
    label = "analysis of variance (Henderson's Method 3)",
    estimate = function(spec, control) by_fitting_constants(spec, control)
  ),
  Bayes = list(label = "Bayes")
)

check_method <- function(method) check_choice(method, names(estimation_methods), "method")

# Estimates of a model.
estimate <- function(model, control) {
  if (!inherits(model, "lmm_model")) abort_stage("a model by build_model()")
  if (control$solver == "pcg" || has_operators(model)) check_takes_gradients(model)
  progress <- new_progress(control$progress)
  on.exit(progress$done())
  if (!is.null(model$bayes)) return(by_posterior(model, control, progress$say))
  spec <- model$spec
  engine <- engine_control(control, model$parameters, model$asked)
  if (!control$trace) engine$report <- progress$say
  engine$information <- TRUE
  engine$identify <- control$identify
  engine$rotation <- rotation_wish(model, control)
  est <- by_solver(model, control, engine, by_method)
  if (control$solver == "rotated" && isFALSE(est$equations$rotated)) abort_rotated()
  if (!is.null(est$solver)) return(est)
  est <- at_active_bounds(est, spec, engine)
  check_processes(est, model)
  est <- explained(est, spec$random)
  est <- explained_bounds(est, engine$constraints, model$parameters)
  unidentified <- check_identified(est, model, engine)
  redundant <- if (!inherits(est, "condition")) est$redundant
  engine$identify <- NULL
  sections <- model$design$residual$sections
  est <- at_residual_edge(est, sections, model$parameters, spec, engine)
  est <- at_vanishing_residual(est, sections, model$parameters, spec, engine)
  est <- reported_unidentified(est, unidentified, spec, engine)
  est <- reported_redundant(est, redundant)
  est <- at_random_walk(est, model, spec, engine)
  est <- at_vanishing_variances(est, model, spec, engine)
  warn_unconverged(est, spec$weights)
  est
}

by_method <- function(spec, control) {
  estimation_methods[[spec$method]]$estimate(spec, control)
}

# A precision that is not definite has no covariance: which one, and by how much.
explained <- function(est, random) {
  indefinite <- inherits(est, "henderson_error_engine") &&
    grepl("precision matrix of the levels is not positive definite", conditionMessage(est))
  if (!indefinite) return(est)
  term <- Find(function(term) identical(term$label, est$argument), random)
  precision <- term$relationship$precision
  least <- if (!is.null(precision) && nrow(precision) <= most_for_eigenvalues) {
    least_eigenvalue(as.matrix(Matrix::forceSymmetric(precision, "L")))
  }
  abort_precision(est$argument, least)
}
most_for_eigenvalues <- 1000L

# Bounds between which the search finds no matrix to begin with.
explained_bounds <- function(est, constraints, parameters) {
  if (!inherits(est, "henderson_error_engine")) return(est)
  bounded <- is.finite(constraints$lower) | is.finite(constraints$upper)
  without_matrix <- est$argument %in% "bounds" ||
    grepl("not positive definite at the starting", conditionMessage(est))
  if (!any(bounded) || !without_matrix) return(est)
  abort_bounds_matrix(parameters$name[bounded])
}
