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
#' @param ... Nothing more; of `plot()`, arguments of [graphics::plot()].
#' @return A data frame of class `profile.lmmfit` with `parameter`, `value` and `zeta`.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
#' plot(profile(fit, c("Subject", "age")))
#' plot(profile(fit, functions = r ~ Subject / (Subject + residual)))
#' @importFrom stats profile
#' @export
profile.lmmfit <- function(fitted, which = "all", level = 0.95, functions = NULL, ...) {
  check_unused(...)
  level <- check_level(level)
  if (inherits(functions, "formula")) functions <- list(functions)
  parm <- interval_parameters(fitted, if (!missing(which)) which, "profile", functions)
  fixed <- if (length(parm$fixed) > 0L) fixed_profiler(fitted)
  z <- stats::qnorm(1 - (1 - level) / 2)
  rows <- lapply(c(parm$fixed, parm$variance), function(name) {
    target <- if (name %in% parm$fixed) fixed(name) else variance_target(fitted, name)
    points <- profile_points(target, z)
    cbind(parameter = rep(name, nrow(points)), points)
  })
  made <- profiles_of_functions(fitted, functions, z)
  structure(do.call(rbind, c(rows, made)), class = c("profile.lmmfit", "data.frame"))
}

# What is profiled: the estimate, its standard error, the scale, the lower bound, and
# criterion(value) - criterion(estimate).
variance_target <- function(fit, name) {
  i <- match(name, fit$parameters$name)
  status <- fit$parameters$status[i]
  if (status %in% c("held", "at bound")) abort_profile(name, status)
  spec <- fit_spec(fit)
  kind <- fit$parameters$kind[i]
  se <- fit$parameters$se[i]
  at_zero <- fit$parameters$status[i] == "at boundary"
  if (at_zero && kind != "variance") abort_profile(name, fit$parameters$status[i])
  list(
    estimate = fit$parameters$estimate[i],
    se = if (is.finite(se)) se else 0.1 * residual_scale(fit), scale = interval_scale(kind),
    has_zero = kind == "variance" && stands_alone(fit, i) && bounds_of(fit, i)[1L] <= 0,
    from_zero = at_zero, bounds = bounds_of(fit, i),
    rise = function(value) {
      found <- tryCatch(refit_held(fit, spec, stats::setNames(value, name)),
        error = function(e) NULL)
      if (is.null(found)) NA_real_ else found$minus2loglik - fit$minus2loglik
    }
  )
}

residual_scale <- function(fit) mean(residual_values(fit$parameters))

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
    abort_size("A profile of fixed effects", fit$n * length(kept), limit,
      "Use Wald intervals, or `method = \"boot\"`.")
  }
  spec <- fit_spec(fit)
  spec$method <- "ML"
  X <- as.matrix(fit_matrices(fit, spec)$X[, kept, drop = FALSE])
  ml <- refit_held(fit, spec, numeric())
  function(name) {
    j <- match(name, fit$fixed$names[kept])
    if (is.na(j)) abort_profile(name, "dropped")
    smaller <- spec
    others <- X[, -j, drop = FALSE]
    smaller$fixed <- if (ncol(others) > 0L) list(list(parts = list(others))) else list()
    list(
      estimate = ml$fixed$estimate[kept[j]], se = ml$fixed$se[kept[j]],
      scale = interval_scale("none"), has_zero = FALSE, from_zero = FALSE,
      rise = function(value) {
        smaller$response <- spec$response - value * X[, j]
        found <- tryCatch(refit_held(fit, smaller, numeric()), error = function(e) NULL)
        if (is.null(found)) NA_real_ else found$minus2loglik - ml$minus2loglik
      }
    )
  }
}

#' @rdname profile.lmmfit
#' @param x The value of `profile()`.
#' @method plot profile.lmmfit
#' @export
plot.profile.lmmfit <- function(x, ...) {
  parts <- split_profiles(x)
  old <- graphics::par(mfrow = rev(grDevices::n2mfrow(length(parts))), mar = c(4, 4, 1.5, 1))
  on.exit(graphics::par(old))
  for (name in names(parts)) {
    one <- parts[[name]]
    one <- one[order(one$value), ]
    graphics::plot(one$value, one$zeta, xlab = name, ylab = expression(zeta), pch = 20, ...)
    if (nrow(one) > 2L && !anyDuplicated(one$value)) {
      curve <- stats::spline(one$value, one$zeta, 200L, method = "natural")
      graphics::lines(curve)
    }
    graphics::abline(h = c(-1.96, 0, 1.96), lty = 3, col = "grey50")
  }
  invisible(x)
}

split_profiles <- function(profiles) {
  split(as.data.frame(profiles), factor(profiles$parameter, unique(profiles$parameter)))
}
