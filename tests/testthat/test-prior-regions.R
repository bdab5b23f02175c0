# Priors over the regions of correlations, and of expanded covariance matrices: volumes that are
# known, quadrature, and simulation from the definition.

data("sleepstudy", package = "lme4", envir = environment())
four <- subset(sleepstudy, Days %in% 1:4)

block_of <- function(structure, prior = NULL, data = four, env = parent.frame()) {
  formula <- stats::as.formula(paste("~", structure), env)
  parts <- parse_formula(Reaction ~ Days, data, residual = formula)
  model <- build_model(parts, new_frame(parts, data), "Bayes")
  found <- model_prior(prior, model)
  list(prior = found, model = model,
    block = Filter(function(b) b$type %in% c("region", "interval"), found$blocks)[[1L]])
}

# d values / d z.
jacobian_at <- function(region, z) {
  vapply(seq_along(z), function(j) {
    moved <- rbind(z + 0i)
    moved[j] <- moved[j] + 1e-20i
    drop(Im(region$values(tanh(moved)))) / 1e-20
  }, z)
}

test_that("the default is uniform over regions of known volume", {
  volumes <- c(ar2 = 4, ma2 = 4, ar3 = 16 / 3, arma11 = 2, toep = 128 / 45, ar3h = 16 / 3)
  set.seed(1)
  for (name in names(volumes)) {
    block <- block_of(paste0(name, "(Days | Subject)"))$block
    for (k in 1:5) {
      z <- stats::rnorm(block$size)
      by_value <- region_density(block, rbind(z))$value -
        log(abs(det(jacobian_at(block$region, z))))
      expect_within(by_value, -log(volumes[[name]]), 1e-10, name)
    }
  }
})

test_that("general correlations are LKJ distributed", {
  set.seed(2)
  for (eta in c(1, 2.5)) {
    block <- block_of("corg(Days | Subject)", lmm_prior(residual.cor = lkj(eta)))$block
    for (k in 1:5) {
      z <- stats::rnorm(6L, 0, 0.5)
      R <- diag(4)
      R[upper.tri(R)] <- block$region$values(rbind(tanh(z)))
      R[lower.tri(R)] <- t(R)[lower.tri(R)]
      # Joe (2006), J Multivariate Analysis 97:2177, eq. 20: the normaliser by beta functions.
      b <- eta + (4 - 1 - c(1, 2, 3)) / 2
      constant <- sum(3:1 * ((2 * b - 1) * log(2) + lbeta(b, b)))
      by_value <- region_density(block, rbind(z))$value -
        log(abs(det(jacobian_at(block$region, z))))
      expect_within(by_value, (eta - 1) * log(det(R)) - constant, 1e-9, "density")
    }
  }
})

test_that("regions have the matrices of the structures, and are mapped back", {
  set.seed(3)
  for (name in c("ar2", "ma2", "ar3", "ar3h", "arma11", "toep", "toeph", "corg")) {
    own <- block_of(paste0(name, "(Days | Subject)"))
    recipe <- own$model$design$residual$sections[[1L]]$structure
    variances <- sum(own$model$parameters$kind == "variance")
    for (k in 1:10) {
      p <- stats::runif(own$block$size, -0.95, 0.95)
      values <- drop(own$block$region$values(rbind(p)))
      sigma <- sigma_of(recipe, c(rep(1, variances), values))
      expect_gt(min(eigen(sigma, only.values = TRUE)$values), 0)
      expect_within(own$block$region$partial(values), p, 1e-8, name)
    }
  }
})

test_that("single correlations go to the ends of their structure", {
  ends <- function(structure) {
    unlist(block_of(structure)$block[c("lower", "upper")], use.names = FALSE)
  }
  expect_equal(ends("cs(Days | Subject)"), c(-1 / 3, 1))
  expect_equal(ends("sar(Days | Subject)"), c(-2, 2))
  expect_equal(ends("sar2(Days | Subject)"), c(-1, 1))
  expect_equal(ends("ma1(Days | Subject)"), c(-1, 1))
  expect_equal(ends("toep(Days | Subject, bands = 3)"), c(-1, 1))
})

test_that("gradients over regions are those by differences, with named priors too", {
  priors <- list(NULL, lmm_prior(residual.phi1 = beta_prior(2, 3, -2, 2)),
    lmm_prior(residual.phi2 = function(x) -abs(x)^3))
  for (prior in priors) {
    expect_gradient(block_of("ar2(Days | Subject)", prior)$prior)
  }
  for (name in c("ar3", "ma2", "toep", "corg", "arma11", "cs", "ar1")) {
    expect_gradient(block_of(paste0(name, "(Days | Subject)"))$prior)
  }
  expect_gradient(block_of("corg(Days | Subject)", lmm_prior(residual.cor = lkj(3)))$prior)
})

test_that("a prior of a whole term is that of its standard deviations", {
  own <- block_of("ar1(Days | Subject)", lmm_prior(residual = half_normal(3)))
  expect_identical(own$prior$blocks[[1L]]$prior$family, "half_normal")
  expect_identical(own$block$prior$family, "beta")
})

test_that("products have the regions of their factors", {
  data <- expand.grid(row = factor(1:5), col = factor(1:6))
  data$y <- sin(seq_len(30))
  parts <- parse_formula(y ~ 1, data, residual = ~ ar2(row):ma2(col))
  prior <- model_prior(NULL, build_model(parts, new_frame(parts, data), "Bayes"))
  types <- vapply(prior$blocks, `[[`, "", "type")
  expect_identical(types, c("sd", "region", "region"))
  expect_identical(lapply(prior$blocks, `[[`, "at"), list(1L, 2:3, 4:5))
})

test_that("parameters of a user's function are uniform between its ends, which must be finite", {
  damped <- function(p) p[1] * p[2]^abs(outer(1:4, 1:4, "-"))
  own <- function(upper) {
    start <- "own(factor(Days) | Subject, f = damped, start = c(v = 5, r = 0.5), lower = 0"
    sprintf("%s, upper = c(%s, 1))", start, upper)
  }
  prior <- block_of(own("5000"), env = environment())$prior
  expect_equal(vapply(prior$blocks, `[[`, 0, "upper"), c(5000, 1))
  expect_error(block_of(own("Inf"), env = environment()), "finite `lower` and `upper`",
    class = "henderson_error_not_available")
})

test_that("what lies outside a region is refused or cut", {
  fails <- function(structure, prior, pattern) {
    expect_error(block_of(structure, prior), pattern, class = "henderson_error_prior")
  }
  fails("ar2(Days | Subject)", lmm_prior(residual.phi1 = uniform(-3, 3)), "between -2 and 2")
  fails("cs(Days | Subject)", lmm_prior(residual.rho = uniform(-1, -0.5)), "-0.333")
  fails("corg(Days | Subject)", lmm_prior(residual.cor = half_t(3)), "lkj")
  fails("ar2(Days | Subject)", lmm_prior(residual.phi1 = half_t(3)), "correlation")
  cut <- block_of("cs(Days | Subject)", lmm_prior(residual.rho = uniform(-1, 1)))$block
  expect_equal(c(cut$lower, cut$upper), c(-1 / 3, 1))
  expect_true(cut$is_cut)
})

# Expanded inverse Wishart ------------------------------------------------------------------------

slopes_block <- function(whole) {
  list(type = "matrix", t = 2L, row = c(1, 2, 2), col = c(1, 1, 2), size = 3L, whole = whole)
}

test_that("of one variance the expanded prior is half-t", {
  block <- list(t = 1L, whole = list(V = matrix(2), nu = 3, alpha.V = 5))
  x <- cbind(c(-1, 0.3, 2))
  expect_equal(log_expanded_wishart(block, x), log_sd_density(half_t(3, 0, sqrt(10)), x[, 1])$value)
})

test_that("the expanded prior has the probabilities of draws from its definition", {
  V <- diag(c(1.5, 0.6))
  own <- inverse_wishart(V, 3, alpha.V = c(2, 1))
  set.seed(4)
  n <- 4e5
  W <- stats::rWishart(n, 3, solve(3 * V))
  det <- W[1, 1, ] * W[2, 2, ] - W[1, 2, ]^2
  alpha <- matrix(stats::rnorm(2 * n), n) * rep(sqrt(c(2, 1)), each = n)
  s <- sqrt(cbind(W[2, 2, ], W[1, 1, ]) / det) * abs(alpha)
  r <- -W[1, 2, ] / sqrt(W[1, 1, ] * W[2, 2, ]) * sign(alpha[, 1] * alpha[, 2])
  # Trapezoids in the coordinates, where the density falls on all sides.
  grid <- expand.grid(a = seq(-14, 12, 0.2), b = seq(-14, 12, 0.2), z = seq(-9, 9, 0.2))
  density <- exp(wishart_density(slopes_block(own), as.matrix(grid))$value) * 0.2^3
  expect_within(sum(density), 1, 1e-4, "mass")
  events <- list(function(s1, s2, r) exp(-s1), function(s1, s2, r) exp(-s1 * s2) * r^2,
    function(s1, s2, r) 1 / (1 + s2) * exp(r))
  for (event in events) {
    drawn <- event(s[, 1], s[, 2], r)
    by_density <- sum(density * event(exp(grid$a), exp(grid$b), tanh(grid$z)))
    expect_lt(abs(mean(drawn) - by_density) / (stats::sd(drawn) / sqrt(n)), 3)
  }
})

test_that("steps of an expansion without a density keep the distribution of its definition", {
  V <- matrix(c(1.5, 0.7, 0.7, 0.6), 2)
  A <- matrix(c(2, -0.5, -0.5, 1), 2)
  set.seed(4)
  n <- 1e5
  S <- apply(stats::rWishart(n, 4, solve(4 * V)), 3L, solve)
  for (mean in list(c(0, 0), c(1.5, -0.5))) {
    whole <- inverse_wishart(V, 4, alpha.mu = mean, alpha.V = A)
    expect_false(is_closed_form(whole))
    alpha <- mean + t(chol(A)) %*% matrix(stats::rnorm(2 * n), 2)
    direct <- rbind(S[1, ] * alpha[1, ]^2, S[2, ] * alpha[1, ] * alpha[2, ], S[4, ] * alpha[2, ]^2)
    a <- c(1, 1)
    chain <- replicate(12000L, {
      root <- wishart_root(4 * V * outer(a, a), 4)
      a <<- draw_expansion(whole, solve(root), a)
      tcrossprod(root)[c(1, 2, 4)]
    })
    events <- function(v) {
      r <- v[2, ] / sqrt(v[1, ] * v[3, ])
      cbind(exp(-sqrt(v[1, ])), exp(-sqrt(v[1, ] * v[3, ])) * r, 1 / (1 + v[3, ]) * exp(r), r)
    }
    drawn <- events(chain)
    known <- events(direct)
    # Errors of the chain by batches.
    batches <- rowsum(drawn, rep(1:40, each = 300)) / 300
    error <- sqrt(apply(batches, 2L, stats::var) / 40 + apply(known, 2L, stats::var) / n)
    expect_lt(max(abs(colMeans(drawn) - colMeans(known)) / error), 3.5)
  }
})

test_that("signed coordinates of an expanded matrix have the same density", {
  block <- slopes_block(inverse_wishart(diag(2), 3, alpha.V = 2))
  signed <- c(block, list(signed = c(TRUE, FALSE), unit = c(1.7, 1)))
  x <- rbind(c(0.4, -0.2, 0.3), c(1.2, 0.1, -0.5))
  log_s <- x
  log_s[, 1] <- log(1.7 * x[, 1])
  # d log s / d x = 1 / x.
  expect_equal(wishart_density(signed, x)$value, wishart_density(block, log_s)$value - log(x[, 1]))
})

test_that("LKJ over banded correlation matrices has its known volumes", {
  data <- data.frame(y = rnorm(60), visit = factor(rep(1:4, 15)), id = gl(15, 4))
  prior_of <- function(eta) {
    parts <- parse_formula(y ~ 1, data, residual = ~ chol(visit | id))
    model_prior(lmm_prior(residual = half_normal(1), residual.cor = lkj(eta)),
      build_model(parts, new_frame(parts, data), "Bayes"))
  }
  # Of |R|^(eta - 1), |R| = 1 - a^2 - b^2 - c^2 + a^2 c^2 = (1 - a^2)(1 - c^2) - b^2, with
  # w = (1 - a^2)(1 - c^2): over b in +-sqrt(w), w^(eta - 1/2) B(1/2, eta), then two beta integrals.
  volume <- function(eta) beta(0.5, eta) * beta(0.5, eta + 0.5)^2
  expect_within(volume(1), pi^2 / 2, 1e-12, "of all these matrices")
  set.seed(4)
  for (eta in c(1, 2.5)) {
    prior <- prior_of(eta)
    block <- prior$blocks[[1L]]
    expect_identical(block$size, 7L)
    for (k in 1:5) {
      x <- rnorm(7, 0, 0.7)
      values_of <- function(x) block_values(block, rbind(x))
      sigma <- symmetric_of(drop(values_of(x)), block, 4)
      expect_identical(sigma[cbind(c(1, 1, 2), c(3, 4, 4))], c(0, 0, 0))
      expect_within(coordinates_of(prior, drop(values_of(x)), most = 1), x, 1e-9, "back")
      sd <- sqrt(diag(sigma))
      R <- cov2cor(sigma)
      # d values = 2^4 prod s_i^(number of entries with i) d(s, R), ds = s dx.
      jacobian <- abs(det(matrix(complex_slopes(rbind(x), values_of), 7)))
      entries <- c(2, 3, 3, 2)
      by_matrix <- sum(dnorm(sd, log = TRUE) + log(2)) + (eta - 1) * log(det(R)) -
        log(volume(eta)) - 4 * log(2) - sum(entries * log(sd))
      found <- log_prior(prior, rbind(x))$value - log(jacobian)
      expect_within(found, by_matrix, 1e-9, "density")
    }
    expect_gradient(prior)
  }
})
