# Where the parameters of the correlations of a structure may be, which priors need: the table of
# covstruct.R has a row's regions as function(recipe, n), n the number of these parameters. A region
# is list(size, values, partial, a, b, box, text):
#
#   values   function(p): the parameters, points x size, of numbers p in (-1, 1), points x size.
#            They may be complex (posterior-map.R)
#   partial  function(values): p of one point
#   a, b     log of the Jacobian of values() = const + sum (a - 1) log(1 + p) + (b - 1) log(1 - p):
#            under independent beta distributions of p the parameters are uniform over the region
#   box      they are between -box and box
#   text     the region in words
#   is_matrix  they are the entries of a correlation matrix, p its partial correlations
#   is_process  they are those of a process: outside the region a few positions may still have a
#            definite matrix
#
# A region of one parameter has `lower` and `upper` instead of all but `size`.

interval_region <- function(lower = -1, upper = 1) list(size = 1L, lower = lower, upper = upper)

intervals <- function(recipe, n) rep(list(interval_region()), n)

symmetry_region <- function(recipe, n) list(interval_region(-1 / (recipe$n_coef - 1), 1))

double_root_region <- function(recipe, n) list(interval_region(-2, 2))

# What is no covariance matrix inside them has no likelihood.
own_ranges <- function(recipe, n) {
  Map(function(lower, upper) c(interval_region(lower, upper), is_part = TRUE),
    unname(recipe$own$lower), unname(recipe$own$upper))
}

# The autoregression of order k from that of order k - 1 and the partial autocorrelation p: phi_i -
# p phi_(k-i), then p. (Durbin-Levinson; Barndorff-Nielsen & Schou 1973, J Multivar Anal 3:408.)
longer_prediction <- function(phi, p) {
  k <- length(phi)
  c(lapply(seq_len(k), function(i) phi[[i]] - p * phi[[k + 1L - i]]), list(p))
}

predictions_of <- function(p) {
  phi <- list()
  for (k in seq_len(ncol(p))) phi <- longer_prediction(phi, p[, k])
  matrix(unlist(phi), nrow(p))
}

# The partial autocorrelations of an autoregression, from the last one.
partial_of_prediction <- function(phi) {
  p <- numeric(length(phi))
  for (k in rev(seq_along(phi))) {
    p[k] <- phi[k]
    phi <- phi[seq_len(k - 1L)]
    phi <- (phi + p[k] * rev(phi)) / (1 - p[k]^2)
  }
  p
}

# The step to order k has Jacobian (1 - p)^ceiling((k-1)/2) (1 + p)^floor((k-1)/2): uniform over the
# triangle of ar2, and so on (Jones 1987, Applied Statistics 36:134).
process_region <- function(sign, text) {
  function(recipe, n) {
    if (n == 1L) return(intervals(recipe, n))
    before <- seq_len(n) - 1L
    list(list(size = n, values = function(p) sign * predictions_of(p),
      partial = function(values) partial_of_prediction(sign * values),
      a = 1 + before %/% 2, b = 1 + (before + 1) %/% 2, box = n, text = text,
      is_process = TRUE))
  }
}

# rho_k = sum phi_i rho_(k-i) + p_k prod_(j<k) (1 - p_j^2).
autocorrelations_of <- function(p) {
  phi <- list()
  rho <- list()
  left <- 1
  for (k in seq_len(ncol(p))) {
    predicted <- lapply(seq_along(phi), function(i) phi[[i]] * rho[[k - i]])
    rho[[k]] <- Reduce(`+`, predicted, p[, k] * left)
    phi <- longer_prediction(phi, p[, k])
    left <- left * (1 - p[, k]^2)
  }
  matrix(unlist(rho), nrow(p))
}

partial_of_autocorrelations <- function(rho) {
  phi <- list()
  p <- numeric(length(rho))
  left <- 1
  for (k in seq_along(rho)) {
    predicted <- sum(unlist(phi) * rev(rho[seq_len(k - 1L)]))
    p[k] <- (rho[k] - predicted) / left
    phi <- longer_prediction(phi, p[k])
    left <- left * (1 - p[k]^2)
  }
  p
}

# With bands their region has no such form: what is no covariance matrix has no likelihood.
toeplitz_region <- function(recipe, n) {
  if (n == 1L) return(intervals(recipe, n))
  if (n < recipe$n_coef - 1L) return(lapply(intervals(recipe, n), c, is_part = TRUE))
  shape <- 1 + n - seq_len(n)
  list(list(size = n, values = autocorrelations_of, partial = partial_of_autocorrelations,
    a = shape, b = shape, box = 1, text = "correlation matrices"))
}

# (rho - 1) / 2 < gamma < (rho + 1) / 2.
arma_region <- function(recipe, n) {
  list(list(size = 2L, values = function(p) cbind(p[, 1L], (p[, 1L] + p[, 2L]) / 2),
    partial = function(values) c(values[1L], 2 * values[2L] - values[1L]), a = c(1, 1),
    b = c(1, 1), box = 1, text = "stationary processes", is_process = TRUE))
}

# The least and the largest value of each parameter: of processes at corners, as each is linear in
# each partial correlation.
region_limits <- function(region) {
  if (!is.null(region$lower)) return(matrix(c(region$lower, region$upper)))
  corners <- as.matrix(expand.grid(rep(list(c(-1, 1)), region$size)))
  apply(region$values(corners), 2L, range)
}

# The entries below the diagonal row by row; the shapes are those of LKJ(1).
matrix_region <- function(recipe, n) {
  t <- recipe$n_coef
  if (n == 1L) return(intervals(recipe, n))
  shape <- 1 + partial_shapes(t)
  list(list(size = n, values = function(p) {
    L <- correlation_factor(t, p)
    products <- lapply(seq_len(t)[-1L], function(i) {
      vapply(seq_len(i - 1L), function(j) {
        rowSums(L[[i]][, seq_len(j), drop = FALSE] * L[[j]])
      }, p[, 1L])
    })
    matrix(unlist(products), nrow(p))
  }, partial = function(values) {
    R <- diag(t) / 2
    R[upper.tri(R)] <- values
    partial_correlations(R + t(R))
  }, a = shape, b = shape, box = 1, text = "correlation matrices", is_matrix = TRUE))
}

# A list of the rows of L, each points x (1, ..., i), of partial correlations p, points x pairs:
#
#   L_ij = p_ij sqrt(prod_{k<j} (1 - p_ik^2)),   L_ii = sqrt(prod_{k<i} (1 - p_ik^2))
#
# (Lewandowski, Kurowicka & Joe 2009, J Multivariate Analysis 100:1989). Entries of R more than
# `band` below the diagonal are zero, and so are those of L: a row has so many p less.
correlation_factor <- function(t, p, band = t - 1L) {
  first <- 0L
  lapply(seq_len(t), function(i) {
    rest <- rep(if (is.complex(p)) 1 + 0i else 1, nrow(p))
    row <- matrix(0 * rest, nrow(p), i)
    for (j in columns_within(i, band)) {
      first <<- first + 1L
      own <- p[, first]
      row[, j] <- own * sqrt(rest)
      rest <- rest * (1 - own^2)
    }
    row[, i] <- sqrt(rest)
    row
  })
}

# From R = LL', row by row. Not finite from where R is singular.
partial_correlations <- function(R, band = nrow(R) - 1L) {
  L <- diag(nrow(R))
  unlist(lapply(seq_len(nrow(R))[-1L], function(i) {
    rest <- 1
    p <- numeric()
    for (j in columns_within(i, band)) {
      before <- seq_len(j - 1L)
      L[i, j] <<- (R[i, j] - sum(L[i, before] * L[j, before])) / L[j, j]
      own <- L[i, j] / sqrt(rest)
      rest <- max(rest * (1 - own^2), 0)
      p <- c(p, own)
    }
    L[i, i] <<- sqrt(rest)
    p
  }))
}

# The columns of row i below the diagonal that a band has.
columns_within <- function(i, band) {
  size <- min(i - 1L, band)
  seq.int(i - size, length.out = size)
}

# The entries of R by p have the Jacobian prod (1 - p_ij^2)^shape: that of a row of L by its p has
# (i - 1 - j) / 2, and each row of R by that of L the L_jj of the rows that it meets.
partial_shapes <- function(t, band = t - 1L) {
  unlist(lapply(seq_len(t)[-1L], function(i) {
    (i - 1 - columns_within(i, band) + min(band, t - i)) / 2
  }))
}
