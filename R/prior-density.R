# Densities of priors of one number, with their derivatives. All are on the scale of a standard
# deviation, or of the parameter where that is no variance, but for those of a variance itself.
#
# A row: `on`, what it is a density of; `density`, function(prior, x, log of the density);
# `slope`, its derivative by x. x is a vector.

half_t_density <- function(p, x) {
  stats::dt((x - p$location) / p$scale, p$df, log = TRUE) - log(p$scale) -
    stats::pt(-p$location / p$scale, p$df, lower.tail = FALSE, log.p = TRUE)
}

half_t_slope <- function(p, x) {
  z <- (x - p$location) / p$scale
  -(p$df + 1) * z / (p$scale * (p$df + z^2))
}

# Of shape and scale 0 without the constant: 1/v.
inverse_gamma_density <- function(p, v) {
  constant <- if (is_proper(p)) p$shape * log(p$scale) - lgamma(p$shape) else 0
  constant - (p$shape + 1) * log(v) - p$scale / v
}

beta_density <- function(p, x) {
  width <- p$upper - p$lower
  stats::dbeta((x - p$lower) / width, p$a, p$b, log = TRUE) - log(width)
}

prior_densities <- list(
  half_t = list(on = "sd", density = half_t_density, slope = half_t_slope),
  half_normal = list(on = "sd",
    density = function(p, x) log(2) + stats::dnorm(x, 0, p$scale, log = TRUE),
    slope = function(p, x) -x / p$scale^2
  ),
  exponential = list(on = "sd",
    density = function(p, x) -log(p$scale) - x / p$scale,
    slope = function(p, x) rep.int(-1 / p$scale, length(x))
  ),
  log_normal = list(on = "sd",
    density = function(p, x) stats::dlnorm(x, p$meanlog, p$sdlog, log = TRUE),
    slope = function(p, x) -(1 + (log(x) - p$meanlog) / p$sdlog^2) / x
  ),
  flat = list(on = "sd", density = function(p, x) numeric(length(x)),
    slope = function(p, x) numeric(length(x))
  ),
  inverse_gamma = list(on = "variance", density = inverse_gamma_density,
    slope = function(p, v) -(p$shape + 1) / v + p$scale / v^2
  ),
  beta = list(on = "sd", density = beta_density,
    slope = function(p, x) (p$a - 1) / (x - p$lower) - (p$b - 1) / (p$upper - x)
  ),
  user = list(on = "sd", density = function(p, x) vapply(x, user_density, 0, p$log_density),
    slope = function(p, x) {
      step <- 1e-6 * pmax(abs(x), 1e-4)
      (vapply(x + step, user_density, 0, p$log_density) -
        vapply(x - step, user_density, 0, p$log_density)) / (2 * step)
    }
  )
)

user_density <- function(x, log_density) {
  value <- log_density(x)
  valid <- is.numeric(value) && length(value) == 1L && !is.na(value) && value < Inf
  if (!valid) abort_prior_function(x, value)
  as.double(value)
}

# "sd" or "variance"; of what is no density of one number "other".
prior_scale <- function(family) prior_densities[[family]]$on %||% "other"

is_proper <- function(prior) {
  switch(prior$family, flat = FALSE, inverse_gamma = prior$shape > 0 && prior$scale > 0, TRUE)
}

# log density and derivative by x = log s, of a standard deviation s = exp(x), Jacobian included.
log_sd_density <- function(prior, x) {
  own <- prior_densities[[prior$family]]
  power <- if (own$on == "variance") 2 else 1
  value <- exp(power * x)
  list(value = own$density(prior, value) + log(power) + power * x,
    slope = own$slope(prior, value) * power * value + power)
}

# The same by x, s = unit |x|, over x > 0.
signed_density <- function(prior, x, unit) {
  own <- prior_densities[[prior$family]]
  s <- unit * abs(x)
  list(value = own$density(prior, s) + log(unit), slope = own$slope(prior, s) * unit * sign(x))
}

# Of x = log r where r > 0 is no standard deviation: the same with power 1. Of a parameter between
# two ends, x = log((r - lower) / (upper - r)).
interval_density <- function(prior, x, lower, upper) {
  own <- prior_densities[[prior$family]]
  share <- stats::plogis(x)
  value <- lower + (upper - lower) * share
  slope <- (upper - lower) * share * (1 - share)
  list(value = own$density(prior, value) + log(slope),
    slope = own$slope(prior, value) * slope + 1 - 2 * share)
}

# Of the shares: the log density by the logarithms x of the standard deviations of its variances,
# n x k, and its gradient. T^2 = sum of v, w = v / T^2; p(v) = p(T) / (2T) Dir(w) T^-2(k-1), and
# dv = 2v dx.
shares_density <- function(prior, x) {
  alpha <- prior$alpha
  k <- length(alpha)
  top <- apply(x, 1L, max)
  log_total <- top + log(rowSums(exp(2 * (x - top)))) / 2
  log_share <- 2 * (x - log_total)
  total <- log_sd_density(prior$total, log_total)
  value <- total$value + lgamma(sum(alpha)) - sum(lgamma(alpha)) + drop(log_share %*% alpha) +
    (k - 1) * log(2)
  share <- exp(log_share)
  gradient <- share * (total$slope - 2 * sum(alpha)) + rep(2 * alpha, each = nrow(x))
  list(value = value, gradient = gradient)
}
