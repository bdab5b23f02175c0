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
#' @param ... Not used; of `plot()`, arguments of [graphics::plot()].
#' @return A data frame of class `profile.lmmfit` with `parameter`, `value` and `zeta`.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
#' plot(profile(fit, c("Subject", "age")))
#' plot(profile(fit, functions = r ~ Subject / (Subject + residual)))
#' @importFrom stats profile
#' @export
profile.lmmfit <- function(fitted, which = "all", level = 0.95, functions = NULL, ...) {
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
    has_zero = kind == "variance" && may_be_zero(fit, i) && bounds_of(fit, i)[1L] <= 0,
    from_zero = at_zero, bounds = bounds_of(fit, i),
    rise = function(value) {
      found <- tryCatch(refit_held(fit, spec, stats::setNames(value, name)),
        error = function(e) NULL)
      if (is.null(found)) NA_real_ else found$minus2loglik - fit$minus2loglik
    }
  )
}

residual_scale <- function(fit) mean(fit$parameters$estimate[fit$parameters$index == 0L])

# A variance without covariances, of a random term.
may_be_zero <- function(fit, i) {
  k <- fit$parameters$index[i]
  k > 0L && (fit$random[[k]]$n_coef == 1L || structure_name(fit$random[[k]]$structure) == "diag")
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

# Points from the estimate outwards, in steps of about 0.7 in zeta, to zeta = -z and z exactly.
profile_points <- function(target, z) {
  down <- if (!target$from_zero) profile_side(target, z, -1)
  up <- profile_side(target, z, 1)
  middle <- data.frame(value = target$estimate, zeta = 0)
  points <- rbind(down, middle, up)
  points <- points[order(points$value), ]
  row.names(points) <- NULL
  points
}

profile_side <- function(target, z, sign) {
  zeta_at <- function(value) sign * sqrt(max(target$rise(value), 0))
  if (sign < 0 && target$has_zero) {
    reaching <- reaching_zero(target, zeta_at, z)
    if (!is.null(reaching)) return(reaching)
  }
  scale <- if (target$from_zero) interval_scale("none") else target$scale
  found <- data.frame(value = double(), zeta = double())
  slope <- 1 / (target$se * scale$slope(target$estimate))
  x <- scale$to(target$estimate)
  last <- 0
  for (step in seq_len(40L)) {
    x_new <- x + sign * min(0.7, max(z - abs(last), 0.02) * 1.01) / slope
    value <- inside_bounds(scale$from(x_new), target$bounds)
    zeta <- zeta_at(value)
    if (!is.finite(zeta)) {
      end <- to_the_end(target, zeta_at, c(scale$from(x), last), value, sign * z)
      return(rbind(found, end))
    }
    found <- rbind(found, data.frame(value = value, zeta = zeta))
    if (value %in% target$bounds && abs(zeta) < z) break
    x_new <- scale$to(value)
    slope <- max(abs(zeta - last) / abs(x_new - x), slope / 4, 1e-300)
    before <- c(x, last)
    x <- x_new
    last <- zeta
    if (abs(zeta) >= z) {
      return(rbind(found, crossing(zeta_at, scale, before, c(x, zeta), sign * z)))
    }
  }
  found
}

# The points down to a variance of zero, where zeta stays above -z; else nothing.
reaching_zero <- function(target, zeta_at, z) {
  at_zero <- zeta_at(0)
  if (!is.finite(at_zero) || at_zero <= -z) return(NULL)
  values <- target$estimate * c(0.05, 0.3, 0.65)
  rbind(data.frame(value = 0, zeta = at_zero),
    data.frame(value = values, zeta = vapply(values, zeta_at, 0)))
}

inside_bounds <- function(value, bounds) {
  if (is.null(bounds)) return(value)
  min(max(value, bounds[1L]), bounds[2L])
}

# The point with zeta = z between two, by the secant rule kept inside.
crossing <- function(zeta_at, scale, low, high, z) {
  root <- stats::uniroot(function(x) zeta_at(scale$from(x)) - z, sort(c(low[1L], high[1L])),
    f.lower = if (low[1L] < high[1L]) low[2L] - z else high[2L] - z,
    f.upper = if (low[1L] < high[1L]) high[2L] - z else low[2L] - z,
    tol = 1e-5 * abs(high[1L] - low[1L])
  )
  data.frame(value = scale$from(root$root), zeta = z + root$f.root)
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
