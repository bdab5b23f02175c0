#' Profile likelihood
#'
#' For each parameter the likelihood maximised over all others, as
#' \eqn{\zeta = \pm\sqrt{-2\ell(value) + 2\ell_{max}}}{zeta = +-sqrt(-2l(value) + 2l_max)}: a
#' straight line where Wald intervals are right.
#'
#' @param fitted A fit by [lmmfit()].
#' @param which Names of fixed effects and variance parameters; by default all.
#' @param functions A formula or a list of formulas as for [vpredict()]; then `which` is empty by
#'   default. The likelihood is maximised where the function has a given value, by Newton steps on
#'   that surface, with everything else at its own maximum, at a boundary or not.
#' @param level The profile reaches to the limits of an interval of this level, which are among its
#'   points.
#' @param progress,directory See [confint()][confint.lmmfit].
#' @param ... Nothing more; of `plot()`, arguments of [graphics::plot()].
#' @return A data frame of class `profile.lmmfit` with `parameter`, `value`, `zeta`, `end` (the
#'   curve ends there, at a boundary) and `effect` (fixed, variance or function). The attribute
#'   `reasons` says of what has no profile why: held parameters, dropped columns. The picture marks
#'   ends by crosses.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
#' plot(profile(fit, c("Subject", "age")))
#' plot(profile(fit, functions = r ~ Subject / (Subject + residual)))
#' @importFrom stats profile
#' @export
profile.lmmfit <- function(fitted, which = "all", level = 0.95, functions = NULL,
                           progress = someone_waits(), directory = NULL, ...) {
  check_unused(...)
  check_flag(progress, "progress")
  directory <- check_directory(directory)
  level <- check_level(level)
  if (inherits(functions, "formula")) functions <- list(functions)
  parm <- interval_parameters(fitted, if (!missing(which)) which, "profile", functions)
  found <- profiles_of(fitted, parm, normal_quantile(level), parsed_functions(fitted, functions),
    progress, directory)
  if (nrow(found$points) == 0L && length(found$without) > 0L) stop(found$without[[1L]])
  structure(found$points, reasons = vapply(found$without, reason_of, ""), level = level,
    class = c("profile.lmmfit", "data.frame"))
}

# list(points, without): the points of all that have a profile, and by name the conditions that say
# why others have none.
profiles_of <- function(fit, parm, z, parsed = NULL, progress = FALSE, directory = NULL) {
  names <- list(fixed = fit$fixed$names[parm$fixed],
    variance = fit$parameters$name[parm$variance], `function` = parsed$names)
  makers <- list(
    fixed = if (length(parm$fixed) > 0L) fixed_profiler(fit),
    variance = variance_profiler(fit),
    `function` = if (!is.null(parsed)) function_profiler(fit, parsed)
  )
  numbers <- list(fixed = parm$fixed, variance = parm$variance,
    `function` = seq_along(parsed$names))
  tasks <- unlist(lapply(names(names), function(effect) {
    Map(function(name, i) list(effect = effect, name = name, i = i), names[[effect]],
      numbers[[effect]])
  }), recursive = FALSE)
  one <- function(task) profile_of(task$effect, task$name, makers[[task$effect]], task$i, z)
  key <- if (!is.null(directory)) list("profile", search_code(fit), function_texts(parsed), z)
  found <- sharing_rotation(map_over(tasks, one, progress, directory, key, "Profiles"))
  failed <- vapply(found, inherits, NA, "condition")
  points <- c(list(cbind(parameter = character(), no_points, effect = character())),
    unname(found[!failed]))
  list(points = do.call(rbind, points), without = found[failed])
}

profile_of <- function(effect, name, target_of, i, z) {
  tryCatch({
    points <- profile_points(target_of(i), z)
    if (nrow(points) == 1L) abort_profile_search(name)
    n <- nrow(points)
    cbind(parameter = rep(name, n), points, effect = rep(effect, n))
  }, henderson_error_profile = identity, henderson_error_size = identity)
}

variance_profiler <- function(fit) {
  spec <- fit_spec(fit)
  function(i) variance_target(fit, spec, i)
}

# See profile-points.R.
variance_target <- function(fit, spec, i) {
  name <- fit$parameters$name[i]
  if (fit$parameters$status[i] == "held") abort_profile(name, "held")
  if (fit$method == "ANOVA") abort_profile(name, "estimated without a likelihood")
  se <- fit$parameters$se[i]
  kind <- fit$parameters$kind[i]
  list(
    estimate = fit$parameters$estimate[i], se = if (is.finite(se)) se else first_step(fit, i),
    scale = interval_scale(if (kind == "range") "variance" else kind),
    limits = range_limits(fit, i),
    ends = if (kind == "correlation") equicorrelated_end(fit, i),
    has_end = kind %in% c("correlation", "smoothness"), bounds = bounds_of(fit, i),
    rise = held_rise(fit, spec, i)
  )
}

# With the parameter held; where that search does not end, on the surface where it has its value.
held_rise <- function(fit, spec, i) {
  name <- fit$parameters$name[i]
  by_surface <- if (!has_bounds(fit$constraints)) surface_rise(fit, as.name(name), name)
  function(value) {
    found <- tryCatch(refit_held(fit, spec, stats::setNames(value, name)),
      error = function(e) NULL)
    if (is.null(found)) return(Inf)
    if (found$convergence$status == "converged") return(found$minus2loglik - fit$minus2loglik)
    if (is.null(by_surface)) NA_real_ else by_surface(value, otherwise = NA_real_)
  }
}

# Where no standard error says how far to go.
first_step <- function(fit, i) {
  kind <- fit$parameters$kind[i]
  if (kind == "correlation") return(0.1)
  if (kind %in% c("range", "smoothness")) return(fit$parameters$estimate[i])
  0.1 * residual_scale(fit)
}

# The ends of what a parameter can be, inside the bounds of the user. A variance that has
# covariances, and a range, are not held at 0 or infinity themselves, but near them.
range_limits <- function(fit, i) {
  at <- function(value, stand = value, by_factors = FALSE) {
    list(value = value, at = stand, by_factors = by_factors)
  }
  limits <- switch(fit$parameters$kind[i],
    variance = list(
      lower = at(0, if (stands_alone(fit, i)) 0 else 1e-16 * fit$parameters$estimate[i])
    ),
    correlation = list(lower = at(-1), upper = at(1)),
    range = {
      span <- distance_span(fit, i)
      far <- max(span[2L], 1e-4 * fit$parameters$estimate[i])
      list(lower = at(0, 1e-3 * span[1L], TRUE), upper = at(Inf, c(1e8, 1e5) * far, TRUE))
    },
    list()
  )
  bounds <- bounds_of(fit, i)
  if (is.finite(bounds[1L]) && !isTRUE(limits$lower$value >= bounds[1L])) {
    limits$lower <- at(bounds[1L])
  }
  if (is.finite(bounds[2L]) && !isTRUE(limits$upper$value <= bounds[2L])) {
    limits$upper <- at(bounds[2L])
  }
  limits
}

# The structures of a term, or of the sections of the residual, that a parameter belongs to.
structures_of <- function(fit, i) {
  if (!is_residual_parameter(fit$parameters)[i]) {
    return(list(fit$random[[fit$parameters$index[i]]]$structure))
  }
  lapply(fit_residual(fit)$sections, `[[`, "structure")
}

# Coordinates differ by at least the first number, and by no more than the second.
distance_span <- function(fit, i) {
  recipes <- structures_of(fit, i)
  recipes <- c(recipes, unlist(lapply(recipes, `[[`, "factors"), recursive = FALSE))
  gaps <- unlist(lapply(recipes, function(recipe) {
    apply(recipe$coordinates, 2L, function(x) diff(sort(unique(x))))
  }))
  c(min(gaps), sum(gaps))
}

# Where a matrix with this correlation everywhere is singular.
equicorrelated_end <- function(fit, i) {
  sizes <- vapply(structures_of(fit, i), `[[`, 0L, "n_coef")
  -1 / (max(sizes) - 1)
}

# A variance without covariances, of a random term.
stands_alone <- function(fit, i) {
  if (is_residual_parameter(fit$parameters)[i]) return(FALSE)
  term <- fit$random[[fit$parameters$index[i]]]
  term$n_coef == 1L || is_uncorrelated(term$structure)
}

# beta_j = value: the response without value x_j, and X without x_j, by maximum likelihood.
fixed_profiler <- function(fit, limit = 1e7) {
  kept <- base::which(!is.na(fit$fixed$estimate))
  if (fit$n * length(kept) > limit) {
    return(function(j) {
      abort_size("A profile of fixed effects", fit$n * length(kept), limit,
        "Use Wald intervals, or `method = \"boot\"`.")
    })
  }
  spec <- fit_spec(fit)
  spec$method <- "ML"
  X <- as.matrix(fit_matrices(fit, spec)$X[, kept, drop = FALSE])
  ml <- refit_held(fit, spec, numeric())
  function(i) {
    j <- match(i, kept)
    if (is.na(j)) abort_profile(fit$fixed$names[i], "dropped")
    smaller <- spec
    others <- X[, -j, drop = FALSE]
    smaller$fixed <- if (ncol(others) > 0L) list(list(parts = list(others))) else list()
    list(
      estimate = ml$fixed$estimate[i], se = ml$fixed$se[i], scale = interval_scale("none"),
      rise = function(value) {
        smaller$response <- spec$response - value * X[, j]
        found <- tryCatch(refit_held(fit, smaller, numeric()), error = function(e) NULL)
        if (is.null(found)) NA_real_ else found$minus2loglik - ml$minus2loglik
      }
    )
  }
}

# By parameter: a fixed effect may have the name of a variance.
split_profiles <- function(profiles) {
  key <- paste(profiles$effect, profiles$parameter)
  unname(split(as.data.frame(profiles), factor(key, unique(key))))
}
