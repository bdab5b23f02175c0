# Intervals from profiles.

# Rows that have no profile, or one that does not reach so far, are NA with the reason.
profile_intervals <- function(fit, parm, level, parsed = NULL, progress = FALSE,
                              directory = NULL) {
  z <- normal_quantile(level)
  found <- profiles_of(fit, parm, z, parsed, progress, directory)
  rows <- c(sprintf("fixed %s", fit$fixed$names[parm$fixed]),
    sprintf("variance %s", fit$parameters$name[parm$variance]),
    sprintf("function %s", parsed$names))
  curves <- split_profiles(found$points)
  at <- match(rows, vapply(curves, function(one) paste(one$effect, one$parameter)[1L], ""))
  limits <- t(vapply(at, function(k) {
    if (is.na(k)) return(c(NA_real_, NA_real_))
    c(limit_at(curves[[k]], -z), limit_at(curves[[k]], z))
  }, numeric(2L)))
  dimnames(limits) <- list(sub("^[a-z]+ ", "", rows), limit_names(level))
  short <- unfinished(limits[!is.na(at), , drop = FALSE])
  with_reasons(limits, c(vapply(found$without, reason_of, ""), short))
}

# The value at which zeta is z: the profile has a point there, or ends before it.
limit_at <- function(one, z) {
  near <- which.min(abs(one$zeta - z))
  if (abs(one$zeta[near] - z) < 1e-3) return(one$value[near])
  last <- if (z < 0) 1L else nrow(one)
  if (one$end[last]) one$value[last] else NA_real_
}

with_reasons <- function(limits, reasons) {
  if (length(reasons) == 0L) return(limits)
  structure(limits, reasons = reasons, class = c("lmmfit_intervals", class(limits)))
}

unfinished <- function(limits) {
  without <- rownames(limits)[rowSums(is.na(limits)) > 0]
  stats::setNames(
    sprintf("the profile of \"%s\" does not reach the limit: searches beyond it fail", without),
    without
  )
}

# Of functions that have no standard error: NA where they have no profile either.
function_intervals <- function(fit, parsed, level) {
  none <- list(fixed = integer(), variance = integer())
  tryCatch(unclass(profile_intervals(fit, none, level, parsed)), henderson_error = function(e) NA)
}

#' @rdname profile.lmmfit
#' @param parm Names of parameters of the profile, by default all.
#' @method confint profile.lmmfit
#' @importFrom stats confint
#' @export
confint.profile.lmmfit <- function(object, parm, level = attr(object, "level"), ...) {
  check_unused(...)
  level <- check_level(level)
  if (level > attr(object, "level") + 1e-12) {
    abort_argument("level", level, paste("at most", attr(object, "level"), "as of the profile"))
  }
  curves <- split_profiles(object)
  names <- vapply(curves, function(one) one$parameter[1L], "")
  if (!missing(parm)) {
    unknown <- setdiff(parm, names)
    if (length(unknown) > 0L) abort_coefficient(unknown, names)
    curves <- curves[names %in% parm]
    names <- names[names %in% parm]
  }
  z <- normal_quantile(level)
  limits <- t(vapply(curves, function(one) c(value_at(one, -z), value_at(one, z)), double(2L)))
  dimnames(limits) <- list(names, limit_names(level))
  limits
}

# The value at which zeta is z, between points of the profile too.
value_at <- function(one, z) {
  told <- limit_at(one, z)
  inside <- is.finite(one$value) & is.finite(one$zeta)
  if (!is.na(told) || sum(inside) < 3L) return(told)
  stats::spline(one$zeta[inside], one$value[inside], xout = z, method = "natural")$y
}
