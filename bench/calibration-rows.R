# The models of bench/calibration.R. A row: formula, residual, prior, and make(), which draws
# list(truth, the variances and covariances in the order of varcomp(); beta; data). `rows` have
# priors of standard deviations and correlations, `conjugate_rows` the same models under priors with
# conditional distributions, for Gibbs sampling.

half <- function(n = 1) abs(rnorm(n))
half_t5 <- function(n = 1) abs(rt(n, 5))
half1 <- half_normal(1)
beta2 <- normal(0, 2)
lower <- function(S) S[upper.tri(S, diag = TRUE)]

# V is divided by nu, as in MCMCglmm.
draw_wishart <- function(V, nu) solve(stats::rWishart(1, nu, solve(V) / nu)[, , 1])

# LKJ(2) by rejection, its density proportional to the determinant.
draw_lkj2 <- function(t) {
  repeat {
    R <- diag(t)
    R[lower.tri(R)] <- runif(t * (t - 1) / 2, -1, 1)
    R[upper.tri(R)] <- t(R)[upper.tri(R)]
    if (min(eigen(R)$values) > 0 && runif(1) < det(R)) return(R)
  }
}

# Data of each model, from its variances --------------------------------------------------------

slopes_data <- function(S, v) {
  data <- data.frame(g = gl(12, 5), x = rep(seq(-1, 1, 0.5), 12))
  b <- rnorm(2, 0, 2)
  u <- matrix(rnorm(24), 12) %*% chol(S)
  data$y <- b[1] + b[2] * data$x + u[data$g, 1] + u[data$g, 2] * data$x + rnorm(60, 0, sqrt(v))
  list(truth = c(lower(S), v), beta = b, data = data)
}

crossed_data <- function(s) {
  data <- expand.grid(g = factor(1:8), h = factor(1:6))
  b <- rnorm(1, 0, 2)
  data$y <- b + rnorm(8, 0, s[1])[data$g] + rnorm(6, 0, s[2])[data$h] + rnorm(48, 0, s[3])
  list(truth = s^2, beta = b, data = data)
}

one_way_data <- function(s) {
  data <- data.frame(g = gl(4, 3))
  b <- rnorm(1, 0, 2)
  data$y <- b + rnorm(4, 0, s[1])[data$g] + rnorm(12, 0, s[2])
  list(truth = s^2, beta = b, data = data)
}

repeated_data <- function(S) {
  data <- data.frame(id = gl(20, 3), visit = factor(rep(1:3, 20)))
  b <- rnorm(1, 0, 2)
  data$y <- b + as.vector(t(matrix(rnorm(60), 20) %*% chol(S)))
  # Some leave the study, one visit is missed.
  list(truth = lower(S), beta = b, data = data[-c(6, 9, 11, 12, 17), ])
}

# Effects of three visits, Gamma f + specific ones; `loadings` is Gamma, of which the truth has the
# lower-trapezoidal form with a diagonal above zero.
factor_data <- function(loadings, psi, v) {
  data <- expand.grid(visit = factor(1:3), rep = 1:2, id = factor(1:20))
  b <- rnorm(1, 0, 2)
  u <- matrix(rnorm(20 * ncol(loadings)), 20) %*% t(loadings) +
    matrix(rnorm(60), 20) * rep(sqrt(c(psi, numeric(3))[1:3]), each = 20)
  data$y <- b + u[cbind(data$id, data$visit)] + rnorm(120, 0, sqrt(v))
  R <- qr.R(qr(t(loadings)))
  L <- t(R * sign(diag(R)))
  list(truth = c(psi, L[row(L) >= col(L)], v), beta = b, data = data)
}

set.seed(1)
ped <- pedigree(data.frame(id = 1:60, sire = c(rep(NA, 20), sample(1:10, 40, TRUE)),
  dam = c(rep(NA, 20), sample(11:20, 40, TRUE))))
pedigree_root <- t(chol(as.matrix(Amatrix(ped))))

animal_data <- function(v) {
  b <- rnorm(1, 0, 2)
  a <- drop(sqrt(v[1]) * pedigree_root %*% rnorm(60))
  data <- data.frame(animal = factor(rep(1:60, 2)))
  data$y <- b + a[data$animal] + rnorm(120, 0, sqrt(v[2]))
  list(truth = v, beta = b, data = data)
}

# A scale matrix of which one direction has a millionth of the others: draws are nearly singular.
nearly_singular <- tcrossprod(cbind(c(1, 0.6, -0.4), c(0, 0.8, 0.9))) + 1e-6 * diag(3)

# The models --------------------------------------------------------------------------------------

slopes_formula <- y ~ x + (1 + x | g)
crossed_formula <- y ~ 1 + (1 | g) + (1 | h)
animal_formula <- y ~ 1 + (1 | gr(animal, pedigree = ped))
by_visit <- ~ us(visit | id)

rows <- list(
  slopes = list(formula = slopes_formula,
    prior = lmm_prior(g = half1, g.cor = lkj(2), residual = half1, beta = beta2),
    make = function() slopes_data(draw_lkj2(2) * tcrossprod(half(2)), half()^2)
  ),
  pedigree = list(formula = animal_formula,
    prior = lmm_prior(shares(animal = 1, residual = 1, total = half1), beta = beta2),
    make = function() {
      h2 <- runif(1)
      animal_data(half()^2 * c(h2, 1 - h2))
    }
  ),
  near_zero = list(formula = crossed_formula,
    prior = lmm_prior(g = half1, h = half_normal(0.05), residual = half1, beta = beta2),
    make = function() crossed_data(half(3) * c(1, 0.05, 1))
  ),
  repeated = list(formula = y ~ 1, residual = by_visit,
    prior = lmm_prior(residual = half1, residual.cor = lkj(2), beta = beta2),
    make = function() repeated_data(draw_lkj2(3) * tcrossprod(half(3)))
  ),
  boundary = list(formula = y ~ 1 + (1 | g),
    prior = lmm_prior(g = half1, residual = half1, beta = beta2),
    make = function() one_way_data(half(2))
  )
)

rows$factors <- list(formula = y ~ 1 + fa(visit | id),
  prior = lmm_prior(id = half1, id.loadings = normal(0, 1), residual = half1, beta = beta2),
  make = function() factor_data(cbind(rnorm(3)), half(3)^2, half()^2)
)
rows$reduced <- list(formula = y ~ 1 + rr(visit | id, 2),
  prior = lmm_prior(id.loadings = normal(0, 1), residual = half1, beta = beta2),
  make = function() factor_data(matrix(rnorm(6), 3), NULL, half()^2)
)
rows$singular <- list(formula = y ~ 1, residual = by_visit,
  prior = lmm_prior(residual = inverse_wishart(nearly_singular, 6), beta = beta2),
  make = function() repeated_data(draw_wishart(nearly_singular, 6))
)

conjugate_rows <- list(
  slopes = list(formula = slopes_formula,
    prior = lmm_prior(g = inverse_wishart(diag(2), 6), residual = inverse_gamma(3, 2),
      beta = beta2),
    make = function() slopes_data(draw_wishart(diag(2), 6), 1 / rgamma(1, 3, 2))
  ),
  expanded = list(formula = slopes_formula,
    prior = lmm_prior(g = inverse_wishart(diag(2), 4, alpha.V = diag(2)),
      residual = inverse_gamma(3, 2), beta = beta2),
    make = function() {
      slopes_data(draw_wishart(diag(2), 4) * tcrossprod(rnorm(2)), 1 / rgamma(1, 3, 2))
    }
  ),
  pedigree = list(formula = animal_formula,
    prior = lmm_prior(animal = inverse_wishart(1, 4), residual = inverse_wishart(1, 4),
      beta = beta2),
    make = function() animal_data(4 / rchisq(2, 4))
  ),
  near_zero = list(formula = crossed_formula,
    prior = lmm_prior(g = half_t(5, 0, 1), h = half_t(5, 0, 0.05), residual = half_t(5, 0, 1),
      beta = beta2),
    make = function() crossed_data(half_t5(3) * c(1, 0.05, 1))
  ),
  repeated = list(formula = y ~ 1, residual = by_visit,
    prior = lmm_prior(residual = inverse_wishart(diag(3), 6), beta = beta2),
    make = function() repeated_data(draw_wishart(diag(3), 6))
  ),
  boundary = list(formula = y ~ 1 + (1 | g),
    prior = lmm_prior(g = half_t(5, 0, 1), residual = half_t(5, 0, 1), beta = beta2),
    make = function() one_way_data(half_t5(2))
  )
)
# An expanded matrix whose prior has no density in closed form.
V_correlated <- matrix(c(1, 0.5, 0.5, 1), 2)
conjugate_rows$correlated <- list(formula = slopes_formula,
  prior = lmm_prior(g = inverse_wishart(V_correlated, 4, alpha.mu = c(0.5, 0), alpha.V = diag(2)),
    residual = inverse_gamma(3, 2), beta = beta2),
  make = function() {
    alpha <- rnorm(2, c(0.5, 0))
    slopes_data(draw_wishart(V_correlated, 4) * tcrossprod(alpha), 1 / rgamma(1, 3, 2))
  }
)
