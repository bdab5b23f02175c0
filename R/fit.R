# The class of a fit: a plain list without pointers. X and Z are not kept: what needs them makes
# them again from the frame (fit_design, fit_spec).

new_lmmfit <- function(call, model, est, control, ddf = "Satterthwaite") {
  design <- model$design
  fit <- list(
    call = call, formula = model$parts$formula, method = model$spec$method, parts = model$parts,
    frame = model$frame, contrasts = design$contrasts,
    parameters = c(model$parameters, list(
      estimate = est$parameters$estimate, se = est$parameters$se,
      status = parameter_status[est$parameters$status + 1L]
    )),
    parameter_covariance = est$parameters$covariance,
    fixed = c(
      list(names = design$fixed$names, assign = design$fixed$assign, labels = design$fixed$labels),
      est$fixed
    ),
    random = with_marker_effects(Map(fitted_term, design$random, est$random), est$marker_effects),
    fitted = est$fitted, fitted_fixed = est$fitted_fixed,
    minus2loglik = est$minus2loglik, n = spec_count(model$spec), rank = as.integer(est$rank),
    convergence = est$convergence, equations = est$equations, seconds = est$seconds,
    control = control, ddf = ddf,
    # Answers that later questions would compute again, see kept_answer().
    cache = new.env(parent = emptyenv())
  )
  if (!is.null(est$tests)) {
    key <- if (isTRUE(est$equations$rotated)) "turned information" else "information"
    answer <- c(est$tests$information, est$tests["moments"])
    keep_answers(fit, stats::setNames(list(answer), key))
  }
  fit$anova <- est$anova
  fit$ridge <- est$ridge
  if (length(est$unidentified) > 0L) fit$unidentified <- est$unidentified
  if (length(est$redundant) > 0L) fit$redundant <- est$redundant
  fit$at_limit <- est$at_limit
  fit$constraints <- model$asked$constraints
  fit$posterior <- est$posterior
  fit$solver <- est$solver
  class(fit) <- c(if (!is.null(est$posterior)) "lmmfit_bayes",
    if (is_pooled(fit$frame)) "lmmfit_database", "lmmfit")
  validate_lmmfit(fit)
}

# A random term as the fit keeps it: without the incidence, which the frame has.
fitted_term <- function(term, effects) {
  kept <- term[c("label", "group", "structure", "coef_names", "short_names", "levels", "n_coef",
    "n_levels")]
  kept$related <- term$relationship$type != "identity"
  # Beside its inverse a relationship is for the search alone.
  kept$relationship <- term$relationship[names(term$relationship) != "covariance"]
  kept$effects <- effects
  kept
}

# Those that were solved for beside the breeding values, coefficient x marker.
with_marker_effects <- function(random, effects) {
  for (k in which(vapply(effects, ncol, 0L) > 0L)) random[[k]]$marker_effects <- effects[[k]]
  random
}

validate_lmmfit <- function(fit) {
  consistent <- length(fit$parameters$estimate) == length(fit$parameters$name) &&
    length(fit$fixed$estimate) == length(fit$fixed$names) &&
    length(fit$fitted) == nrow(fit$frame) &&
    all(vapply(fit$random, function(term) {
      identical(dim(term$effects), c(term$n_coef, term$n_levels))
    }, NA))
  if (!consistent) abort_inconsistent()
  fit
}

check_fit <- function(object, argument = "object") {
  if (!inherits(object, "lmmfit") || is.null(object$parameters) || is.null(object$frame)) {
    abort_argument(argument, class(object)[1L], "a fit by lmmfit()")
  }
  object
}

# The design and the spec of a fit, made again from its frame.
fit_design <- function(fit) {
  quietly(model_design(with_kept_relationships(fit$parts, fit), fit$frame, fit$contrasts))
}

fit_spec <- function(fit, design = fit_design(fit)) {
  with_ridge(new_model_spec(design, fit$frame, fit$parts, fit$method), fit$ridge)
}

# The matrices of gr() are taken from the fit, not found again by name: they may have changed.
with_kept_relationships <- function(parts, fit) {
  for (k in seq_along(parts$random)) {
    if (fit$random[[k]]$related) {
      parts$random[[k]]$group$relationship$kept <-
        list(levels = fit$random[[k]]$levels, spec = fit$random[[k]]$relationship)
    }
  }
  parts
}

# X and the list of Z, sparse, without names.
fit_matrices <- function(fit, spec = fit_spec(fit)) design_cpp(spec)

# X of a spec, all columns, sparse, without names.
fixed_design <- function(spec) design_cpp(spec)$X

# X over the columns that are estimated, and the term of each.
kept_columns <- function(fit) {
  kept <- which(!is.na(fit$fixed$estimate))
  list(X = fixed_design(fit_spec(fit))[, kept, drop = FALSE], assign = fit$fixed$assign[kept])
}

# The model of a fit, with its estimates as held and starting values: those that were held go on
# so, and those that are held at a limit.
fit_model <- function(fit, design = fit_design(fit)) {
  known <- setdiff(names(fit$parameters), c("estimate", "se", "status"))
  new_model(fit$parts, fit$frame, design, fit$parameters[known], fit_spec(fit, design),
    fit_values(fit))
}

fit_values <- function(fit) {
  held <- fit$parameters$status == "held"
  held[fit$at_limit$held] <- TRUE
  values <- stats::setNames(fit$parameters$estimate, fit$parameters$name)
  list(hold = values[held], start = values[!held], constraints = fit$constraints)
}

# The control list that tells the engine where the fit is: which parameters were held, and all
# values. What is asked with it needs a factor of the equations.
fit_control <- function(fit) {
  check_has_factor(fit)
  engine_control(fit$control, fit$parameters, fit_values(fit))
}

# By conjugate gradients, without standard errors and likelihood.
is_iterative <- function(fit) identical(fit$solver$name, "pcg")

check_has_factor <- function(fit) if (is_iterative(fit)) abort_needs_factor()
