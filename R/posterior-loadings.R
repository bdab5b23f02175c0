# Loadings of factors by their coordinates, and the density of their prior there.
#
# Gamma Gamma' stays the same where Gamma (t x k) is rotated, so a prior that favours no rotation is
# one of Gamma Q for all orthogonal Q: the rows are normal, N(0, s_i^2 I). The structure has the
# lower-trapezoidal L of Gamma = LQ with a diagonal above zero instead. Its entries are independent:
# below the diagonal l_ij is N(0, s_i^2), and l_jj / s_j has a chi distribution with k - j + 1
# degrees of freedom (Bartlett's decomposition: d Gamma = prod l_jj^(k - j) dL dQ).
#
# The coordinates are l_ij over a unit, of any sign: the posterior is the same where the signs of a
# column are turned, and smooth. Values have a diagonal above zero.

loadings_values <- function(block, x) {
  for (own in factor_columns(block)) {
    turned <- Re(x[, own[1L]]) < 0
    x[turned, own] <- -x[turned, own]
  }
  x * rep(block$unit, each = nrow(x))
}

# The positions in a block of the loadings of each factor, that of the diagonal first.
factor_columns <- function(block) {
  lapply(unname(split(seq_along(block$col), block$col)), function(own) {
    own[order(block$row[own] != block$col[own])]
  })
}

# A diagonal of zero moves inside.
loadings_coordinates <- function(block, values) {
  x <- values / block$unit
  diagonal <- block$row == block$col
  x[diagonal] <- pmax(x[diagonal], 0.1)
  x
}

# Over columns with a diagonal above zero: all others are these with their signs turned.
loadings_density <- function(block, x) {
  scale <- block$unit / block$sd
  z <- x * rep(scale, each = nrow(x))
  df <- ifelse(block$row == block$col, max(block$col) - block$col + 1, NA)
  value <- sum(log(scale))
  slope <- -z
  for (k in seq_along(df)) {
    value <- value + if (is.na(df[k])) stats::dnorm(z[, k], log = TRUE) else
      log_chi_density(abs(z[, k]), df[k])
    if (!is.na(df[k]) && df[k] > 1) slope[, k] <- slope[, k] + (df[k] - 1) / z[, k]
  }
  list(value = value, gradient = slope * rep(scale, each = nrow(x)))
}

log_chi_density <- function(r, df) {
  power <- if (df > 1) (df - 1) * log(r) else 0
  power - r^2 / 2 + (1 - df / 2) * log(2) - lgamma(df / 2)
}
