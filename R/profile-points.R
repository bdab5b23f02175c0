# The points of a profile, from the estimate outwards.

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

# From a point (value, zeta) of the profile to where it ends before `beyond`, at one of the ends of
# the function: points by halves, then the end itself, whose zeta is that of the last point. Nothing
# more where the profile stops for another reason.
to_the_end <- function(target, zeta_at, last, beyond, z) {
  found <- data.frame(value = double(), zeta = double())
  if (is.null(target$ends)) return(found)
  step <- abs(beyond - last[1L])
  ends <- target$ends
  for (k in seq_len(14L)) {
    between <- ends[ends >= min(last[1L], beyond) & ends <= max(last[1L], beyond)]
    if (length(between) == 0L) return(found)
    middle <- (last[1L] + beyond) / 2
    zeta <- zeta_at(middle)
    if (!is.finite(zeta)) {
      beyond <- middle
      next
    }
    if (abs(zeta) >= abs(z)) {
      return(rbind(found, data.frame(value = middle, zeta = zeta),
        crossing(zeta_at, target$scale, last, c(middle, zeta), z)))
    }
    last <- c(middle, zeta)
    found <- rbind(found, data.frame(value = middle, zeta = zeta))
  }
  if (abs(beyond - last[1L]) > 1e-3 * step) return(found)
  rbind(found, data.frame(value = between[1L], zeta = last[2L]))
}
