# Random terms with a structure: formula, names, identities, hold and start, peers.

trial <- function(seed = 1, t = 4, q = 30, reps = 2) {
  set.seed(seed)
  d <- expand.grid(rep = seq_len(reps), visit = factor(seq_len(t)), id = factor(seq_len(q)))
  d$time <- c(0, 0.7, 1.1, 3)[d$visit]
  d$x <- rnorm(nrow(d))
  sigma <- outer(1:t, 1:t) / 3 * 0.6^abs(outer(1:t, 1:t, "-"))
  u <- matrix(rnorm(q * t), q) %*% chol(sigma)
  d$y <- 1 + d$x + u[cbind(as.integer(d$id), as.integer(d$visit))] + rnorm(nrow(d), 0, 0.7)
  d[-sample(nrow(d), nrow(d) %/% 8), ]
}

test_that("structures are read from a formula", {
  d <- trial()
  names_of <- function(formula) lmmfit(formula, d)$parameters$name
  expect_identical(names_of(y ~ cs(visit | id)), c("id.variance", "id.rho", "residual"))
  expect_identical(names_of(y ~ ar1(0 + visit | id)), c("id.variance", "id.rho", "residual"))
  expect_identical(names_of(y ~ ar1(factor(time) | id)), c("id.variance", "id.rho", "residual"))
  expect_identical(names_of(y ~ toep(visit | id, bands = 3)),
    c("id.variance", "id.rho1", "id.rho2", "residual"))
  expect_identical(names_of(y ~ exp(time | id)), c("id.variance", "id.range", "residual"))
  expect_identical(names_of(y ~ matern(time | id, nu = 1.5)),
    c("id.variance", "id.range", "residual"))
  expect_identical(
    names_of(y ~ fa(visit | id)),
    c(paste0("id.", 1:4, ".psi"), paste0("id.", 1:4, ".fa1"), "residual")
  )
  of_order <- function(formula) lmmfit(formula, trial(3))$parameters$name
  expect_identical(of_order(y ~ ante(visit | id, 2)), c(paste0("id.", 1:4),
    paste0("id.rho", c("1", "2", "3", "1.3", "2.4")), "residual"))
  expect_identical(of_order(y ~ chol(visit | id)),
    c(paste0("id.", c("1", "1.2", "2", "2.3", "3", "3.4", "4")), "residual"))
  fit <- lmmfit(y ~ exp(time | id), d)
  expect_identical(fit$random[[1]]$coef_names, c("0", "0.7", "1.1", "3"))
  k <- 2
  expect_equal(lmmfit(y ~ rr(visit | id, k = k), d)$random[[1]]$structure$order, 2L)
})

test_that("new data are predicted at the positions of the fit", {
  d <- trial()
  for (formula in list(y ~ x + exp(time | id), y ~ x + ar1(visit | id))) {
    fit <- lmmfit(formula, d)
    some <- rev(c(3, 17, 60, 101))
    expect_equal(unname(predict(fit, d[some, ])), unname(fitted(fit)[some]))
  }
  fit <- lmmfit(y ~ x + exp(time | id), d)
  expect_error(predict(fit, transform(d[1:2, ], time = 2)), class = "henderson_error_new_level")
})

test_that("what a structure cannot take is an error that says so", {
  d <- trial()
  error_class <- function(formula) class(tryCatch(lmmfit(formula, d), error = identity))[1]
  for (formula in list(
    y ~ ar1(x + time | id), y ~ exp(visit | id), y ~ fa(visit | id, k = 4),
    y ~ toep(visit | id, bands = 9), y ~ cs(1 | id), y ~ ar1(visit | id, 2), y ~ ar4(visit | id),
    y ~ fa(visit | id, bands = 2), y ~ product(visit | id), y ~ ante(visit | id, k = 4),
    y ~ chol(visit | id, 4), y ~ chol(visit | id, order = 2)
  )) {
    expect_identical(error_class(formula), "henderson_error_structure", info = deparse1(formula))
  }
  expect_identical(error_class(y ~ fa(visit | id, k = 0.5)), "henderson_error_argument")
  expect_identical(error_class(y ~ matern(time | id, nu = -1)), "henderson_error_argument")
})

test_that("values that no banded matrix has are refused", {
  d <- trial()
  expect_error(lmmfit(y ~ chol(visit | id), d, hold = c(id.1 = 1, id.2 = 1, id.1.2 = 2)),
    class = "henderson_error_indefinite")
  expect_error(lmmfit(y ~ ante(visit | id, 2), d, hold = c(id.rho1.3 = 2)),
    class = "henderson_error_parameter_values")
})

test_that("limit cases are the structures that they should be", {
  d <- trial()
  value <- function(formula, ...) lmmfit(formula, d, ...)$minus2loglik
  id <- value(y ~ x + id(visit | id))
  expect_within(value(y ~ x + ar1(visit | id), hold = c(id.rho = 0)), id, 1e-7, "ar1 at rho = 0")
  expect_within(value(y ~ x + (1 | visit:id)), id, 1e-7, "id as a random intercept")
  expect_within(value(y ~ x + cs(visit | id), hold = c(id.rho = 1)), value(y ~ x + (1 | id)), 1e-7,
    "cs at rho = 1")
  expect_within(value(y ~ x + csh(visit | id), hold = c(id.rho = 0)),
    value(y ~ x + diag(visit | id)), 1e-6, "csh at rho = 0")
  expect_within(value(y ~ x + (1 | id) + (1 | visit:id)), value(y ~ x + cs(visit | id)), 1e-6,
    "cs as two variances")
  us <- value(y ~ x + us(visit | id))
  expect_within(value(y ~ x + fa(visit | id, k = 3)), us, 1e-4, "fa with t - 1 factors")
  expect_within(value(y ~ x + rr(visit | id, k = 4)), us, 1e-4, "rr with t factors")
  for (name in c("ante", "chol")) {
    highest <- stats::reformulate(c("x", sprintf("%s(visit | id, k = 3)", name)), "y")
    expect_within(value(highest), us, 1e-5, paste(name, "with k = t - 1"))
  }
  expect_within(value(y ~ x + chol(visit | id, k = 2)),
    value(y ~ x + us(visit | id), hold = c(id.1.4 = 0)), 1e-6, "chol as us with zeros")
  expect_within(value(y ~ x + ante(visit | id, k = 2), hold = c(id.rho1.3 = 0, id.rho2.4 = 0)),
    value(y ~ x + ante(visit | id)), 1e-6, "ante of order two with zeros")
  expect_within(value(y ~ x + toep(visit | id, bands = 2)),
    value(y ~ x + toep(visit | id), hold = c(id.rho2 = 0, id.rho3 = 0)), 1e-6, "bands")
  expect_within(value(y ~ x + matern(time | id, nu = 0.5)), value(y ~ x + exp(time | id)), 1e-6,
    "matern of smoothness 1/2")
  three <- droplevels(d[d$visit != "4", ])
  expect_within(lmmfit(y ~ x + ante(visit | id), three)$minus2loglik,
    lmmfit(y ~ x + us(visit | id), three,
      hold = NULL)$minus2loglik, 20, "ante is a submodel of us")
})

test_that("correlations are held and started by name", {
  d <- trial()
  free <- lmmfit(y ~ x + ar1(visit | id), d)
  rho <- free$parameters$estimate[2]
  held <- lmmfit(y ~ x + ar1(visit | id), d, hold = c(id.rho = rho))
  expect_within(held$minus2loglik, free$minus2loglik, 1e-7, "held at the estimate")
  expect_identical(held$parameters$status, c("free", "held", "free"))
  started <- lmmfit(y ~ x + ar1(visit | id), d, start = c(id.rho = -0.5, residual = 3))
  expect_within(started$parameters$estimate, free$parameters$estimate, 1e-4, "another start")
  toep <- lmmfit(y ~ x + toep(visit | id), d, hold = c(id.rho2 = 0.3))
  expect_equal(toep$parameters$estimate[3], 0.3)
  known <- c(id.variance = 1, id.rho = 0.5, residual = 1)
  all <- lmmfit(y ~ x + ar1(visit | id), d, hold = known)
  expect_equal(stats::setNames(all$parameters$estimate, all$parameters$name), known)
  expect_equal(c(VarCorr(free)[[1]]), c(free$parameters$estimate[1] *
    rho^abs(outer(1:4, 1:4, "-"))))
  for (bad in list(c(id.rho = 1.2), c(id.rho = -1.1), c(id.variance = -1))) {
    expect_error(lmmfit(y ~ x + ar1(visit | id), d, hold = bad), class = "henderson_error")
  }
  expect_error(lmmfit(y ~ x + exp(time | id), d, start = c(id.range = 0)),
    class = "henderson_error")
})

test_that("glmmTMB has the same optimum of structures that both have", {
  skip_if_not_installed("glmmTMB")
  d <- trial(2)
  d$pos <- glmmTMB::numFactor(d$time)
  peer <- function(formula, start = NULL) {
    fit <- suppressWarnings(glmmTMB::glmmTMB(formula, d, REML = TRUE, start = start,
      control = glmmTMB::glmmTMBControl(optCtrl = list(iter.max = 5000, eval.max = 5000))))
    -2 * as.numeric(stats::logLik(fit))
  }
  cases <- list(
    csh = list(y ~ x + csh(visit | id), y ~ x + cs(0 + visit | id)),
    ar1 = list(y ~ x + ar1(visit | id), y ~ x + ar1(0 + visit | id)),
    toeph = list(y ~ x + toeph(visit | id), y ~ x + toep(0 + visit | id)),
    exp = list(y ~ x + exp(time | id), y ~ x + exp(0 + pos | id)),
    gau = list(y ~ x + gau(time | id), y ~ x + gau(0 + pos | id)),
    rr = list(y ~ x + rr(visit | id, k = 2), y ~ x + rr(0 + visit | id, d = 2)),
    us = list(y ~ x + us(visit | id), y ~ x + us(0 + visit | id))
  )
  for (name in names(cases)) {
    fit <- lmmfit(cases[[name]][[1]], d)
    # From its own start glmmTMB 1.1.5 ends its search in toep 9.4 above the optimum ("false
    # convergence"), so there it starts from our estimates.
    start <- if (name == "toeph") {
      v <- fit$parameters$estimate
      list(theta = c(log(v[1:4]) / 2, v[5:7] / sqrt(1 - v[5:7]^2)), betad = log(v[8]))
    }
    expect_within(fit$minus2loglik, peer(cases[[name]][[2]], start), 1e-4, name)
  }
})

test_that("a factor analytic model of many environments needs no starting values", {
  set.seed(3)
  lines <- 40L
  env <- 8L
  root <- matrix(rnorm(lines * 60), lines)
  G <- tcrossprod(root) / 60 + diag(0.05, lines)
  dimnames(G) <- rep(list(sprintf("L%02d", seq_len(lines))), 2)
  loadings <- cbind(runif(env, 0.6, 1.4), rnorm(env, 0, 0.5))
  sigma <- tcrossprod(loadings) + diag(0.2, env)
  u <- t(chol(G)) %*% matrix(rnorm(lines * env), lines) %*% chol(sigma)
  d <- expand.grid(rep = 1:2, line = rownames(G), env = factor(letters[seq_len(env)]))
  d$y <- u[cbind(match(d$line, rownames(G)), as.integer(d$env))] + rnorm(nrow(d), 0, 0.6)
  fit <- lmmfit(y ~ env + fa(env | gr(line, cov = G), k = 2), d)
  expect_true(has_converged(fit))
  # No start is better.
  other <- lmmfit(y ~ env + fa(env | gr(line, cov = G), k = 2), d,
    start = stats::setNames(c(rep(0.3, 8), loadings[, 1], loadings[-1, 2]),
      fit$parameters$name[1:23]))
  expect_no_higher(fit$minus2loglik, other$minus2loglik, 1e-5, "default start")
  rotated <- loadings_of(fit, scores = TRUE)
  sigma <- term_covariance(fit$random[[1]], 1L, fit$parameters)
  expect_within(tcrossprod(rotated$loadings) + diag(rotated$specific), sigma, 1e-10, "rotation")
  expect_within(crossprod(rotated$loadings)[1, 2], 0, 1e-8, "principal axes")
  expect_true(rotated$overall[1] > rotated$overall[2])
  expect_identical(dim(rotated$scores), c(lines, 2L))
  # Level by level from the effects and Sigma (Smith & Cullis 2018): f = Gamma' Sigma^-1 u.
  effects <- as.matrix(ranef(fit)$line)
  by_hand <- t(vapply(rownames(effects), function(line) {
    u <- effects[line, ]
    f <- c(crossprod(rotated$loadings, solve(sigma, u)))
    common <- c(rotated$loadings %*% f)
    first <- rotated$loadings[, 1] * f[1]
    c(f[1] * mean(rotated$loadings[, 1]), sqrt(mean((common - first)^2)),
      sqrt(mean((u - first)^2)))
  }, numeric(3)))
  found <- rotated$performance
  expect_false(is.unsorted(-found$overall))
  expect_within(as.matrix(found[-1]), by_hand[found$level, ], 1e-9, "performance")
  expect_output(print(rotated), "principal axes")
})

test_that("a held coefficient of a process is kept, or refused in words", {
  value <- function(hold) {
    lmmfit(height ~ sex * visit, growth, residual = ~ ma2(visit | id), hold = hold)$minus2loglik
  }
  free <- lmmfit(height ~ sex * visit, growth, residual = ~ ma2(visit | id))
  theta <- free$parameters$estimate[2:3]
  expect_within(value(c(residual.theta2 = theta[2])), free$minus2loglik, 1e-7, "theta2 held")
  expect_within(value(c(residual.theta1 = theta[1], residual.theta2 = theta[2])),
    free$minus2loglik, 1e-7, "both held")
  expect_no_higher(free$minus2loglik, value(c(residual.theta1 = 0.2)), 1e-6, "theta1 held")
  # No invertible process has this theta1 with a theta2 of zero: the search begins elsewhere.
  expect_no_higher(free$minus2loglik, value(c(residual.theta1 = 1.26)), 1e-6, "theta1 beyond 1")
  expect_error(value(c(residual.theta1 = 2.5)), class = "henderson_error_parameter_values")
  expect_error(lmmfit(height ~ sex, growth, residual = ~ ma1(visit | id),
    hold = c(residual.theta = 1.2)), "between -1 and 1", class = "henderson_error_parameter_values")
})
