# Stage 1 of two_stage_met(): the model of each environment, with its own random terms and residual.

# By environment the structures that its residual may have: one, or several to choose from.
met_structures <- function(residual, environments) {
  given <- by_environment(residual, environments, "residual")
  lapply(given, function(x) {
    if (is.null(x)) return(list(~iid))
    candidates <- if (inherits(x, "formula")) list(x) else x
    if (!is.list(candidates) || length(candidates) == 0L ||
          !all(vapply(candidates, inherits, NA, "formula"))) {
      abort_met_residual(x)
    }
    candidates
  })
}

met_random <- function(random, environments) {
  given <- by_environment(random, environments, "random")
  for (x in given) {
    if (!is.null(x) && (!inherits(x, "formula") || length(x) != 2L)) {
      abort_argument("random", x, "a one-sided formula, or a list of them by environment")
    }
  }
  given
}

# The same for all, or what a list has under the names of environments, NULL for others.
by_environment <- function(given, environments, argument) {
  named <- is.list(given) && any(names(given) %in% environments)
  if (!named) {
    return(stats::setNames(rep(list(given), length(environments)), environments))
  }
  unknown <- setdiff(names(given), environments)
  if (length(unknown) > 0L) abort_met_unknown(argument, unknown, environments)
  stats::setNames(lapply(environments, function(name) given[[name]]), environments)
}

# The model of an environment: random terms are added as lmmfit() writes them, or as ASReml does.
met_formula <- function(first, random, data) {
  if (is.null(random)) return(first)
  scope <- list(env = environment(random), data = data)
  addends <- unlist(lapply(asreml_sum(random[[2L]]), function(x) {
    if (has_bar(x) || has_spline(x)) list(x) else asreml_addends(x, scope)
  }), FALSE)
  first[[3L]] <- Reduce(function(a, b) call("+", a, b), addends, first[[3L]])
  first
}

# list(fit, label, structures): the fit with the one structure that is given, or with the one of
# lowest AIC, and then the table of all.
met_fit <- function(formula, own, candidates, settings) {
  fit_with <- function(structure) {
    lmmfit(formula, own, residual = structure, method = settings$method, hold = settings$hold,
      control = settings$control)
  }
  labels <- structure_labels(candidates)
  if (length(candidates) == 1L) return(list(fit = fit_with(candidates[[1L]]), label = labels))
  fits <- lapply(seq_along(candidates), function(i) {
    told <- if (i == 1L) identity else quietly
    tryCatch(suppressWarnings(told(fit_with(candidates[[i]])), "henderson_warning_convergence"),
      henderson_error = identity)
  })
  table <- compared_structures(fits, labels, settings$method)
  usable <- table$status != "NOT CONVERGED" & is.finite(table$AIC)
  if (!any(usable)) abort_met_structures(table$status[1L])
  best <- which(usable)[which.min(table$AIC[usable])]
  list(fit = fits[[best]], label = labels[best], structures = table)
}

# Which residual each environment has.
met_residuals <- function(stages) {
  data.frame(environment = names(stages), residual = vapply(stages, `[[`, "", "label"),
    AIC = vapply(stages, `[[`, 0, "AIC"), row.names = NULL)
}

# "ar1(row):ar1(col) in 3, iid in 1", NULL where nothing was asked.
residuals_text <- function(x) {
  if (is.null(x$call$residual)) return(NULL)
  counts <- table(factor(x$residual$residual, unique(x$residual$residual)))
  paste0(paste(names(counts), "in", counts, collapse = ", "),
    if (length(x$structures) > 0L) ", chosen by AIC (see $residual)")
}
