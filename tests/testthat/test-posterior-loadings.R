# Priors of loadings: the Wishart distribution, simulation from the definition, quadrature with the
# matrix V, and the samplers against each other.

skip_without_bayes()

loadings_block <- function(t, k, unit = 1, sd = 1) {
  at <- loading_entries(t, k)
  n <- length(at$row)
  list(type = "loadings", first = 1L, size = n, row = at$row, col = at$col,
    unit = rep_len(unit, t)[at$row], sd = rep_len(sd, t)[at$row])
}

test_that("with as many factors as coefficients Gamma Gamma' has a Wishart distribution", {
  set.seed(1)
  for (t in 1:4) {
    s2 <- 1.7
    block <- loadings_block(t, t, unit = 0.6, sd = sqrt(s2))
    for (k in 1:3) {
      S <- crossprod(matrix(rnorm(t * (t + 2)), t + 2, t)) / t
      L <- t(chol(S))
      x <- rbind(L[cbind(block$row, block$col)] / block$unit)
      # Anderson (2003), An Introduction to Multivariate Statistical Analysis, eq. 7.2.15, and
      # theorem A.4.2: dS = 2^t prod l_ii^(t - i + 1) dL.
      wishart <- -t * t / 2 * log(2) - t / 2 * t * log(s2) - t * (t - 1) / 4 * log(pi) -
        sum(lgamma((t + 1 - seq_len(t)) / 2)) - log(det(S)) / 2 - sum(diag(S)) / (2 * s2)
      jacobian <- t * log(2) + sum((t - seq_len(t) + 1) * log(diag(L)))
      expect_within(loadings_density(block, x)$value, wishart + jacobian + sum(log(block$unit)),
        1e-10, "density")
    }
  }
})

test_that("rotated normal loadings have this density", {
  set.seed(2)
  sd <- c(1, 2, 0.5, 1.5)
  block <- loadings_block(4, 2, sd = sd)
  L <- vapply(1:4000, function(k) {
    R <- qr.R(qr(t(matrix(rnorm(8), 4) * sd)))
    L <- t(R * sign(diag(R)))
    L[cbind(block$row, block$col)]
  }, numeric(block$size))
  for (i in seq_len(block$size)) {
    is_diagonal <- block$row[i] == block$col[i]
    below <- if (is_diagonal) pchisq((L[i, ] / block$sd[i])^2, 2 - block$col[i] + 1) else
      pnorm(L[i, ], 0, block$sd[i])
    expect_gt(ks.test(below, "punif")$p.value, 0.001)
  }
  cells <- abs(cor(t(L)))
  expect_lt(max(cells[upper.tri(cells)]), 4 / sqrt(4000))
})

test_that("slopes are those of differences, and values have a diagonal above zero", {
  block <- loadings_block(4, 2, unit = c(1, 3, 2, 1), sd = 2)
  expect_gradient(structure(list(blocks = list(block), size = block$size), class = "model_prior"))
  set.seed(3)
  x <- matrix(rnorm(5 * block$size), 5)
  values <- loadings_values(block, x)
  expect_true(all(values[, block$row == block$col] > 0))
  for (i in 1:5) {
    of <- function(v) {
      L <- matrix(0, 4, 2)
      L[cbind(block$row, block$col)] <- v
      tcrossprod(L)
    }
    expect_equal(of(values[i, ]), of(x[i, ] * block$unit))
  }
  expect_equal(drop(loadings_values(block, rbind(loadings_coordinates(block, values[1L, ])))),
    values[1L, ])
})

# Two visits of ten subjects, with effects (l1, l2) f.
two_visits <- function() {
  set.seed(4)
  data <- expand.grid(visit = factor(1:2), rep = 1:2, id = factor(1:10))
  data$y <- 1 + c(0.9, 0.5)[data$visit] * rnorm(10)[data$id] + rnorm(40, 0, 0.7)
  data
}

test_that("a posterior of loadings is that of quadrature with the matrix V", {
  data <- two_visits()
  prior <- lmm_prior(id.loadings = normal(0, 1.5), residual = half_t(3, 0, 1))
  fit <- function(...) {
    lmmfit(y ~ 1 + rr(visit | id), data, method = "Bayes", prior = prior, seed = 2, draws = 4000,
      ...)
  }
  # l1 is half-normal, l2 normal: one factor has no rotation but its sign.
  grid <- expand.grid(l1 = seq(0.02, 3, length.out = 30), l2 = seq(-3, 3, length.out = 61),
    s = seq(0.35, 1.5, length.out = 24))
  logp <- vapply(seq_len(nrow(grid)), function(k) {
    l <- c(grid$l1[k], grid$l2[k])
    # The four records of a subject have the same V.
    V <- tcrossprod(l[c(1, 2, 1, 2)]) + diag(grid$s[k]^2, 4)
    R <- chol(V)
    half <- backsolve(R, matrix(c(rep(1, 4), data$y), 4), transpose = TRUE)
    xx <- 10 * sum(half[, 1]^2)
    xy <- sum(crossprod(half[, -1], half[, 1]))
    -10 * sum(log(diag(R))) - log(xx) / 2 - (sum(half[, -1]^2) - xy^2 / xx) / 2
  }, 0) + dnorm(grid$l1, 0, 1.5, log = TRUE) + dnorm(grid$l2, 0, 1.5, log = TRUE) +
    dt(grid$s, 3, log = TRUE)
  w <- exp(logp - max(logp))
  w <- w / sum(w)
  values <- cbind(grid$l1, grid$l2, grid$s^2)
  exact <- drop(crossprod(w, values))
  exact_sd <- sqrt(drop(crossprod(w, values^2)) - exact^2)
  for (sampler in c("importance", "hmc")) {
    table <- varcomp(fit(sampler = sampler))
    expect_lt(max(abs(table$estimate - exact) / sqrt(table$mcse^2 + (0.01 * exact_sd)^2)), 3)
    expect_relative(table$se, exact_sd, 0.05, sampler)
  }
})

test_that("factors with specific variances have one posterior by two samplers", {
  set.seed(6)
  data <- expand.grid(env = factor(1:4), rep = 1:2, id = factor(1:25))
  f <- matrix(rnorm(25), 25) %*% t(c(1, 0.8, 1.2, 0.5)) + 0.4 * matrix(rnorm(100), 25)
  data$y <- f[cbind(data$id, data$env)] + rnorm(200)
  fit <- function(...) {
    lmmfit(y ~ env + fa(env | id), data, method = "Bayes", draws = 2000, seed = 3, ...)
  }
  one <- fit()
  two <- fit(sampler = "hmc")
  a <- varcomp(one)
  b <- varcomp(two)
  expect_lt(max(abs(a$estimate - b$estimate) / sqrt(a$mcse^2 + b$mcse^2)), 3)
  expect_output(print(summary(one)), "id.loadings: normal(0, ", fixed = TRUE)
  # The same in another unit.
  data$y <- 1000 * data$y
  in_unit <- varcomp(fit())$estimate / rep(c(1e6, 1e3, 1e6), c(4, 4, 1))
  expect_lt(max(abs(in_unit - a$estimate) / a$mcse), 3 * sqrt(2))
})

test_that("a prior of loadings is one for all of a term, normal around zero", {
  data <- two_visits()
  fails <- function(pattern, class, ..., hold = NULL) {
    expect_error(lmmfit(y ~ 1 + rr(visit | id), data, method = "Bayes", hold = hold,
      prior = lmm_prior(...)), pattern, class = class)
  }
  fails("id.loadings", "henderson_error_prior_name", id.1.rr1 = normal(0, 1))
  fails("mean of each is zero", "henderson_error_prior", id.loadings = normal(1, 1))
  fails("normal", "henderson_error_prior", id.loadings = half_t(3))
  fails("or none", "henderson_error_not_available", hold = c(id.1.rr1 = 1))
})
