# Draws need packages that a fit by REML does not.
skip_without_bayes <- function() {
  for (package in c("qrng", "loo", "posterior")) skip_if_not_installed(package)
}

# Of a log prior by its coordinates, against differences.
expect_gradient <- function(prior, n = 4L) {
  set.seed(3)
  x <- matrix(stats::rnorm(n * prior$size, 0, 0.7), n)
  found <- log_prior(prior, x)$gradient
  step <- 1e-5
  for (j in seq_len(prior$size)) {
    above <- below <- x
    above[, j] <- x[, j] + step
    below[, j] <- x[, j] - step
    slope <- (log_prior(prior, above)$value - log_prior(prior, below)$value) / (2 * step)
    expect_within(found[, j], slope, 1e-7 * (1 + max(abs(slope))), paste("coordinate", j))
  }
}
