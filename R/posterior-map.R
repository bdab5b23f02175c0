# From coordinates in which a posterior is near normal to the values of the variance parameters, and
# the density of the priors there. A block of one number: x = log of the standard deviation, log of
# a range, or log((r - lower) / (upper - r)) of a correlation r. A matrix of order t: the logarithms
# of its standard deviations, then z of each partial correlation p = tanh(z), row by row: the factor
# of the correlation matrix has
#
#   L_ij = p_ij sqrt(prod_{k<j} (1 - p_ik^2)),   L_ii = sqrt(prod_{k<i} (1 - p_ik^2))
#
# (Lewandowski, Kurowicka & Joe 2009, J Multivariate Analysis 100:1989). A standard deviation that
# may be near zero is s = |x| times a unit instead (`signed`): likelihood and prior are smooth and
# even there, while log s has no end. Draws are folded to x > 0. x is a matrix with a row
# for each point. It may be complex: derivatives come from a complex step, exact to rounding.

# Values of all parameters, points x parameters: held and tied ones too.
values_at <- function(prior, x, start) {
  values <- matrix(start$value, nrow(x), length(start$value), byrow = TRUE)
  if (is.complex(x)) storage.mode(values) <- "complex"
  for (block in prior$blocks) values[, block$at] <- block_values(block, block_part(block, x))
  follow <- which(start$lead != seq_along(start$lead))
  leads <- values[, start$lead[follow], drop = FALSE]
  values[, follow] <- sweep(leads, 2L, start$ratio[follow], `*`)
  values
}

block_part <- function(block, x) x[, block$first - 1L + seq_len(block$size), drop = FALSE]

block_values <- function(block, x) {
  switch(block$type, sd = deviations_of(block, x)^2, positive = exp(x),
    interval = block$lower + (block$upper - block$lower) / (1 + exp(-x)),
    matrix = matrix_values(block, x))
}

# Standard deviations, with a sign where they are signed, of their coordinates.
deviations_of <- function(block, x) {
  s <- exp(x)
  for (k in signed_of(block)) s[, k] <- block$unit[k] * x[, k]
  s
}

signed_of <- function(block) which(block$signed %||% FALSE)

deviation_coordinates <- function(block, sd) {
  x <- log(sd)
  own <- signed_of(block)
  x[own] <- sd[own] / block$unit[own]
  x
}

matrix_values <- function(block, x) {
  sd <- deviations_of(block, x[, seq_len(block$t), drop = FALSE])
  L <- correlation_factor(block$t, x[, -seq_len(block$t), drop = FALSE])
  found <- vapply(seq_along(block$at), function(k) {
    i <- block$row[k]
    j <- block$col[k]
    common <- seq_len(min(i, j))
    products <- lapply(common, function(c) L[[i]][, c] * L[[j]][, c])
    sd[, i] * sd[, j] * Reduce(`+`, products)
  }, x[, 1L])
  matrix(found, nrow(x))
}

# A list of the rows of L, each points x (1, ..., i).
correlation_factor <- function(t, z) {
  first <- 0L
  lapply(seq_len(t), function(i) {
    rest <- rep(if (is.complex(z)) 1 + 0i else 1, nrow(z))
    row <- matrix(rest, nrow(z), i)
    for (j in seq_len(i - 1L)) {
      p <- tanh(z[, first + j])
      row[, j] <- p * sqrt(rest)
      rest <- rest * (1 - p^2)
    }
    row[, i] <- sqrt(rest)
    first <<- first + i - 1L
    row
  })
}

# Coordinates of given values, correlations times `most`, so that those at a boundary move inside.
# With most = 1 the inverse of values_at() for one point.
coordinates_of <- function(prior, values, most = 0.95) {
  unlist(lapply(prior$blocks, function(block) {
    own <- values[block$at]
    switch(block$type, sd = deviation_coordinates(block, sqrt(own)), positive = log(own),
      interval = interval_coordinate(block, own), matrix = matrix_coordinates(block, own, most))
  }))
}

interval_coordinate <- function(block, value) {
  share <- (value - block$lower) / (block$upper - block$lower)
  stats::qlogis(min(max(share, 0.02), 0.98))
}

matrix_coordinates <- function(block, values, most) {
  sigma <- matrix(0, block$t, block$t)
  sigma[cbind(block$row, block$col)] <- sigma[cbind(block$col, block$row)] <- values
  sd <- sqrt(diag(sigma))
  correlation <- most * sigma / outer(sd, sd) + (1 - most) * diag(block$t)
  L <- t(chol(correlation))
  z <- lapply(seq_len(block$t)[-1L], function(i) {
    rest <- sqrt(cumprod(c(1, 1 - partial_of(L[i, ], i)^2)))[seq_len(i - 1L)]
    atanh(L[i, seq_len(i - 1L)] / rest)
  })
  c(deviation_coordinates(block, sd), unlist(z))
}

# The partial correlations of row i of L.
partial_of <- function(row, i) {
  rest <- 1
  p <- numeric(i - 1L)
  for (j in seq_len(i - 1L)) {
    p[j] <- row[j] / sqrt(rest)
    rest <- rest * (1 - p[j]^2)
  }
  p
}

# The density of the priors -----------------------------------------------------------------------

# By the coordinates: value by point, and gradient, points x coordinates.
log_prior <- function(prior, x) {
  found <- list(value = numeric(nrow(x)), gradient = matrix(0, nrow(x), ncol(x)))
  shared <- unlist(lapply(prior$shares, `[[`, "coordinates"))
  add <- function(own, at) {
    found$value <<- found$value + own$value
    found$gradient[, at] <<- found$gradient[, at] + (own$gradient %||% own$slope)
  }
  for (block in prior$blocks) {
    at <- block$first - 1L + seq_len(block$size)
    own <- x[, at, drop = FALSE]
    if (block$type == "matrix") {
      if (!is.null(block$whole)) {
        add(wishart_density(block, own), at)
        next
      }
      add(correlation_density(block, own[, -seq_len(block$t), drop = FALSE]), at[-seq_len(block$t)])
    }
    single <- if (block$type == "matrix") seq_len(block$t) else 1L
    priors <- if (block$type == "matrix") block$prior else list(block$prior)
    for (k in single[!at[single] %in% shared]) {
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

# log(1 - tanh(z)^2) without cancellation.
log_sech2 <- function(z) 2 * (log(2) - abs(z) - log1p(exp(-2 * abs(z))))

# The column of each partial correlation.
partial_columns <- function(t) sequence(seq_len(t - 1L))

# LKJ: the partial correlations are independent, (1 - p_ik^2)^(b - 1) with b = eta + (t - 1 - k)/2.
correlation_density <- function(block, z) {
  if (block$cor$family == "beta") {
    p <- tanh(z[, 1L])
    own <- prior_densities$beta
    return(list(value = own$density(block$cor, p) + log_sech2(z[, 1L]),
      gradient = own$slope(block$cor, p) * (1 - p^2) - 2 * p))
  }
  b <- block$cor$eta + (block$t - 1 - partial_columns(block$t)) / 2
  constant <- sum((2 * b - 1) * log(2) + lbeta(b, b))
  list(value = drop(log_sech2(z) %*% b) - constant,
    gradient = -2 * tanh(z) * rep(b, each = nrow(z)))
}

# Inverse Wishart with scale matrix nu V. Its Jacobian: dSigma = 2^t prod s^t d(s, R), ds = s dx,
# and that of R by the partial correlations.
wishart_density <- function(block, x) {
  m <- ncol(x)
  gradient <- vapply(seq_len(m), function(j) {
    moved <- x + 0i
    moved[, j] <- moved[, j] + 1e-20i
    Im(log_wishart(block, moved)) / 1e-20
  }, numeric(nrow(x)))
  list(value = Re(log_wishart(block, x + 0i)), gradient = matrix(gradient, nrow(x)))
}

log_wishart <- function(block, x) {
  t <- block$t
  nu <- block$whole$nu
  scale <- nu * block$whole$V
  sum_log_sd <- rowSums(x[, seq_len(t), drop = FALSE])
  z <- x[, -seq_len(t), drop = FALSE]
  log_sech2 <- log(1 - tanh(z)^2)
  log_det <- 2 * sum_log_sd + rowSums(log_sech2)
  constant <- nu / 2 * as.numeric(determinant(scale)$modulus) - nu * t / 2 * log(2) -
    t * (t - 1) / 4 * log(pi) - sum(lgamma((nu + 1 - seq_len(t)) / 2))
  jacobian <- t * log(2) + (t + 1) * sum_log_sd +
    drop(log_sech2 %*% ((t - 1 - partial_columns(t)) / 2 + 1))
  constant - (nu + t + 1) / 2 * log_det - trace_inverse(block, x, t(chol(scale))) / 2 + jacobian
}

# tr(A A' Sigma^-1) = |L^-1 D^-1 A|^2, D the standard deviations.
trace_inverse <- function(block, x, A) {
  L <- correlation_factor(block$t, x[, -seq_len(block$t), drop = FALSE])
  sd <- exp(x[, seq_len(block$t), drop = FALSE])
  total <- 0
  for (a in seq_len(ncol(A))) {
    w <- list()
    for (i in seq_len(block$t)) {
      left <- A[i, a] / sd[, i]
      for (k in seq_len(i - 1L)) left <- left - L[[i]][, k] * w[[k]]
      w[[i]] <- left / L[[i]][, i]
      total <- total + w[[i]]^2
    }
  }
  total
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
    own <- block_part(block, x) + 0i
    for (j in seq_len(block$size)) {
      moved <- own
      moved[, j] <- moved[, j] + 1e-20i
      slope <- Im(block_values(block, moved)) / 1e-20
      found[, block$first + j - 1L] <- rowSums(gradient[, block$at, drop = FALSE] * slope)
    }
  }
  found
}
