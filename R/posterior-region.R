# Correlations or coefficients that have a region together, by z of each p = tanh(z)
# (covstruct-regions.R), and the density of their priors there.

region_coordinates <- function(block, values) {
  p <- block$region$partial(values)
  atanh(pmin(pmax(ifelse(is.finite(p), p, 0), -0.95), 0.95))
}

# Uniform over the region, or LKJ, times the priors that were named.
region_density <- function(block, z, gradient = TRUE) {
  region <- block$region
  more <- if (is.null(block$cor)) 0 else block$cor$eta - 1
  a <- region$a + more
  b <- region$b + more
  log_above <- stats::plogis(2 * z, log.p = TRUE)
  log_below <- stats::plogis(-2 * z, log.p = TRUE)
  found <- list(value = drop(log_above %*% a + log_below %*% b) + length(a) * log(2) -
    sum(lbeta(a, b)), gradient = 2 * (exp(log_below) * rep(a, each = nrow(z)) -
    exp(log_above) * rep(b, each = nrow(z))))
  for (k in which(lengths(block$prior) > 0L)) {
    found <- with_value_density(found, block, z, k, gradient)
  }
  found
}

with_value_density <- function(found, block, z, k, gradient) {
  prior <- block$prior[[k]]
  own <- prior_densities[[prior$family]]
  value <- block$region$values(tanh(z))[, k]
  found$value <- found$value + own$density(prior, value)
  if (!gradient) return(found)
  slopes <- complex_slopes(z, function(z) block$region$values(tanh(z)))
  found$gradient <- found$gradient + own$slope(prior, value) * slopes[, , k]
  found
}
