# The points of a profile, from the estimate outwards: data frames with value, zeta, and whether the
# curve ends there because its parameter can go no further.
#
# What is profiled is a target, a list:
#   estimate, se, scale   where it starts, with steps of which size on which scale
#   limits                list(lower, upper): list(value, at, by_factors), the end of the range, the
#                         values that stand for it in a fit, and whether points towards it go by
#                         factors; NULL: none is known
#   ends                  values at which the range may end besides
#   has_end               the range may end at other values
#   bounds                of the user
#   rise(value)           criterion(value) - criterion(estimate), Inf where there is no such model,
#                         NA where its maximum was not found

profile_points <- function(target, z) {
  zeta_at <- function(sign) function(value) sign * sqrt(max(target$rise(value), 0))
  down <- profile_side(target, zeta_at(-1), -z)
  up <- profile_side(target, zeta_at(1), z)
  is_end <- is.null(down) || is.null(up)
  points <- rbind(down, points_of(target$estimate, 0, is_end), up)
  points <- points[order(points$value), ]
  row.names(points) <- NULL
  points
}

points_of <- function(value, zeta, end = FALSE) {
  data.frame(value = value, zeta = zeta, end = rep_len(end, length(value)))
}

no_points <- points_of(double(), double())

# The points of one side, to zeta = z exactly or to where the curve ends; NULL where it ends at the
# estimate.
profile_side <- function(target, zeta_at, z) {
  limit <- target$limits[[if (z < 0) "lower" else "upper"]]
  if (!is.null(limit)) {
    if (is_near(target$estimate, limit$value)) return(NULL)
    reaching <- reaching_limit(target, limit, zeta_at, z)
    if (!is.null(reaching)) return(reaching)
  }
  steps_outwards(target, zeta_at, z)
}

# In steps of about 0.7 in zeta.
steps_outwards <- function(target, zeta_at, z) {
  scale <- if (is.finite(target$scale$to(target$estimate))) target$scale else interval_scale("none")
  found <- no_points
  slope <- max(1 / (target$se * scale$slope(target$estimate)), scale$least)
  last <- list(value = target$estimate, zeta = 0)
  for (step in seq_len(40L)) {
    room <- min(0.7, max(abs(z) - abs(last$zeta), 0.02) * 1.01)
    value <- scale$from(scale$to(last$value) + sign(z) * room / slope)
    here <- list(value = inside_bounds(value, target$bounds))
    here$zeta <- zeta_at(here$value)
    if (is.na(here$zeta)) return(found)
    if (is.infinite(here$zeta)) {
      return(rbind(if (step > 1L) found, to_the_end(target, zeta_at, last, here$value, z)))
    }
    if (abs(here$zeta) >= abs(z)) return(rbind(found, crossing(zeta_at, scale, last, here, z)))
    found <- rbind(found, points_of(here$value, here$zeta))
    distance <- abs(scale$to(here$value) - scale$to(last$value))
    slope <- max(abs(here$zeta - last$zeta) / distance, slope / 4, 1e-300)
    last <- here
  }
  found
}

is_near <- function(estimate, end) {
  is.finite(end) && abs(end - estimate) <= 1e-8 * abs(end)
}

# The points to the end of the range, where zeta stays inside z; else nothing. Of several values
# that may stand for the end the first counts that has a likelihood.
reaching_limit <- function(target, limit, zeta_at, z) {
  for (at in limit$at) {
    at_limit <- zeta_at(at)
    if (is.finite(at_limit)) break
  }
  if (!is.finite(at_limit) || abs(at_limit) >= abs(z)) return(NULL)
  shares <- c(0.95, 0.7, 0.35)
  values <- target$estimate + (limit$value - target$estimate) * shares
  if (isTRUE(limit$by_factors)) {
    values <- exp(seq(log(at), log(target$estimate), length.out = 9L))[2:8]
  }
  found <- points_of(values, vapply(values, zeta_at, 0))
  rbind(points_of(limit$value, at_limit, end = TRUE), found[is.finite(found$zeta), ])
}

inside_bounds <- function(value, bounds) {
  if (is.null(bounds)) return(value)
  min(max(value, bounds[1L]), bounds[2L])
}

# The point with zeta = z between two, and those that the secant rule met inside.
crossing <- function(zeta_at, scale, low, high, z) {
  if (!all(is.finite(scale$to(c(low$value, high$value))))) scale <- interval_scale("none")
  met <- no_points
  gap <- function(x) {
    zeta <- zeta_at(scale$from(x))
    if (is.finite(zeta) && abs(zeta) < 0.98 * abs(z)) {
      met <<- rbind(met, points_of(scale$from(x), zeta))
    }
    if (is.finite(zeta)) zeta - z else sign(z)
  }
  ends <- if (low$value < high$value) list(low, high) else list(high, low)
  x <- scale$to(c(ends[[1L]]$value, ends[[2L]]$value))
  root <- stats::uniroot(gap, x, f.lower = ends[[1L]]$zeta - z, f.upper = ends[[2L]]$zeta - z,
    tol = 1e-5 * diff(x))
  value <- scale$from(root$root)
  rbind(met[met$value != value, ], points_of(value, z + root$f.root))
}

# From a point of the profile to where it ends before `beyond`: points by halves, then the end, one
# of those that the target knows or, if it may end elsewhere, the last point. NULL where that is the
# first point. No end where the profile stops for another reason.
to_the_end <- function(target, zeta_at, from, beyond, z) {
  found <- no_points
  last <- from
  step <- abs(beyond - from$value)
  for (k in seq_len(14L)) {
    middle <- (last$value + beyond) / 2
    zeta <- zeta_at(middle)
    if (!is.finite(zeta)) {
      beyond <- middle
      next
    }
    here <- list(value = middle, zeta = zeta)
    if (abs(zeta) >= abs(z)) {
      return(rbind(found, crossing(zeta_at, interval_scale("none"), last, here, z)))
    }
    last <- here
    found <- rbind(found, points_of(middle, zeta))
  }
  if (abs(beyond - last$value) > 1e-3 * step) return(found)
  # An estimate at the end may be beyond it by rounding.
  slack <- 1e-12 * max(abs(last$value), abs(beyond))
  is_between <- target$ends >= min(last$value, beyond) - slack &
    target$ends <= max(last$value, beyond) + slack
  between <- target$ends[is_between]
  if (length(between) == 0L) {
    if (!isTRUE(target$has_end)) return(found)
    if (nrow(found) == 0L) return(NULL)
    found$end[nrow(found)] <- TRUE
    return(found)
  }
  if (is_near(from$value, between[1L])) return(NULL)
  zeta <- zeta_at(between[1L])
  rbind(found, points_of(between[1L], if (is.finite(zeta)) zeta else last$zeta, end = TRUE))
}
