# From coordinates in which a posterior is near normal to the values of the variance parameters, and
# the density of the priors there. A block of one number: x = log of the standard deviation, log of
# a range, or log((r - lower) / (upper - r)) of a correlation r. Of a region or a matrix:
# posterior-region.R, posterior-matrix.R, posterior-loadings.R. Draws of signed coordinates are
# folded to x > 0. x is a matrix with a row for each point. It may be complex: derivatives come from
# a complex step, exact to rounding.

# Values of all parameters, points x parameters: held and tied ones too.
values_at <- function(prior, x, start) {
  values <- matrix(start$value, nrow(x), length(start$value), byrow = TRUE)
  if (is.complex(x)) storage.mode(values) <- "complex"
  for (block in prior$blocks) values[, block$at] <- block_values(block, block_part(block, x))
  for (i in which(start$lead != seq_along(start$lead))) {
    values[, i] <- start$ratio[i] * values[, start$lead[i]]
  }
  values
}

block_part <- function(block, x) x[, block$first - 1L + seq_len(block$size), drop = FALSE]

block_values <- function(block, x) {
  switch(block$type, sd = deviations_of(block, x)^2, positive = exp(x),
    interval = block$lower + (block$upper - block$lower) / (1 + exp(-x)),
    region = block$region$values(tanh(x)), matrix = matrix_values(block, x),
    loadings = loadings_values(block, x))
}

# Coordinates of given values, correlations times `most`, so that those at a boundary move inside.
# With most = 1 the inverse of values_at() for one point.
coordinates_of <- function(prior, values, most = 0.95) {
  unlist(lapply(prior$blocks, function(block) {
    own <- values[block$at]
    switch(block$type, sd = deviation_coordinates(block, sqrt(own)), positive = log(own),
      interval = interval_coordinate(block, own), region = region_coordinates(block, own),
      matrix = matrix_coordinates(block, own, most), loadings = loadings_coordinates(block, own))
  }))
}

interval_coordinate <- function(block, value) {
  share <- (value - block$lower) / (block$upper - block$lower)
  stats::qlogis(min(max(share, 0.02), 0.98))
}

# The density of the priors -----------------------------------------------------------------------

# By the coordinates: value by point, and gradient, points x coordinates, or NULL: that of a matrix
# costs a value for each coordinate.
log_prior <- function(prior, x, gradient = TRUE) {
  found <- list(value = numeric(nrow(x)), gradient = if (gradient) matrix(0, nrow(x), ncol(x)))
  shared <- unlist(lapply(prior$shares, `[[`, "coordinates"))
  add <- function(own, at) {
    found$value <<- found$value + own$value
    if (gradient) found$gradient[, at] <<- found$gradient[, at] + (own$gradient %||% own$slope)
  }
  for (block in prior$blocks) {
    at <- block$first - 1L + seq_len(block$size)
    own <- x[, at, drop = FALSE]
    if (block$type == "region") {
      add(region_density(block, own, gradient), at)
      next
    }
    if (block$type == "loadings") {
      add(loadings_density(block, own), at)
      next
    }
    if (block$type == "matrix") {
      if (!is.null(block$whole)) {
        add(wishart_density(block, own, gradient), at)
        next
      }
      if (!is.null(block$frame)) {
        add(framed_density(block, own, gradient), at)
        next
      }
      add(correlation_density(block, own[, -seq_len(block$t), drop = FALSE]), at[-seq_len(block$t)])
    }
    priors <- number_priors(block)
    for (k in which(!at[seq_along(priors)] %in% shared)) {
      add(number_density(block, priors[[k]], own[, k], k), at[k])
    }
  }
  for (share in prior$shares) {
    add(shares_density(share$prior, x[, share$coordinates, drop = FALSE]), share$coordinates)
  }
  found
}

number_density <- function(block, prior, x, k) {
  if (block$type == "interval") return(interval_density(prior, x, block$lower, block$upper))
  if (isTRUE(block$signed[k])) return(signed_density(prior, x, block$unit[k]))
  log_sd_density(prior, x)
}

# d values / d coordinates applied to a gradient by the values: points x parameters to points x
# coordinates.
pulled_back <- function(prior, x, gradient, start) {
  for (i in which(start$lead != seq_along(start$lead))) {
    k <- start$lead[i]
    gradient[, k] <- gradient[, k] + start$ratio[i] * gradient[, i]
  }
  found <- matrix(0, nrow(x), ncol(x))
  for (block in prior$blocks) {
    slopes <- complex_slopes(block_part(block, x), function(x) block_values(block, x))
    at <- block$first - 1L + seq_len(block$size)
    for (k in seq_along(block$at)) {
      found[, at] <- found[, at] + gradient[, block$at[k]] * slopes[, , k]
    }
  }
  found
}
