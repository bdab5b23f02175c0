# Fits of one dense relationship turned to a band, against the V form from the definitions and
# against the factor of the whole equations.

related_lines <- function(n = 60L, m = 200L) {
  set.seed(3)
  M <- matrix(stats::rbinom(n * m, 2, 0.3), n, dimnames = list(paste0("L", seq_len(n)), NULL))
  grm(M)
}

line_records <- function(G) {
  n <- nrow(G)
  root <- t(chol(G + diag(1e-6, n)))
  u <- matrix(root %*% stats::rnorm(n), n, dimnames = list(rownames(G), NULL))
  line <- rownames(G)[c(1:50, sample(50, 40, TRUE))]
  b <- factor(rep(1:4, length.out = 90))
  data.frame(line, b, x = stats::rnorm(90), z = stats::rnorm(90), w = stats::runif(90, 0.5, 2),
    y = u[line, 1] + stats::rnorm(90, sd = 0.7))
}

both_ways <- function(...) {
  lapply(list(factor = "factor", rotated = "rotated"), function(solver) {
    lmmfit(..., control = lmm_control(solver = solver, tolerance = 1e-14))
  })
}

expect_same_fit <- function(fits) {
  expect_true(fits$rotated$equations$rotated)
  expect_false(fits$factor$equations$rotated)
  value <- function(f) lapply(fits, f)
  same <- function(f, tolerance = 1e-7) {
    found <- value(f)
    expect_equal(found$rotated, found$factor, tolerance = tolerance)
  }
  expect_identical(varcomp(fits$rotated)$status, varcomp(fits$factor)$status)
  expect_lt(abs(diff(unlist(value(function(fit) as.numeric(logLik(fit)))))), 1e-8)
  variances <- function(fit) varcomp(fit)[c("estimate", "se")]
  for (answer in list(ranef, fixef, vcov, fitted, variances)) same(answer)
}

test_that("a band gives what the V form gives: a singular relationship, weights, a block", {
  G <- related_lines()
  d <- line_records(G)
  values <- c(line = 0.8, b = 0.3, residual = 0.5)
  fit <- lmmfit(y ~ x + (1 | gr(line, cov = G)) + (1 | b), d, weights = w, hold = values,
    control = lmm_control(solver = "rotated"))
  # u^ = G_u Z'V^-1 (y - X b^), b^ by generalised least squares, -2l by REML, for all lines.
  X <- stats::model.matrix(~ x, d)
  Z <- diag(nrow(G))[match(d$line, rownames(G)), ]
  B <- stats::model.matrix(~ 0 + b, d)
  V <- 0.8 * Z %*% G %*% t(Z) + 0.3 * tcrossprod(B) + diag(0.5 / d$w)
  b <- solve(t(X) %*% solve(V, X), t(X) %*% solve(V, d$y))
  Py <- solve(V, d$y - X %*% b)
  log_det <- function(A) as.numeric(determinant(A)$modulus)
  minus2l <- (nrow(X) - 2) * log(2 * pi) + log_det(V) + log_det(t(X) %*% solve(V, X)) +
    sum(d$y * Py)
  expect_equal(unname(fixef(fit)), as.vector(b), tolerance = 1e-10)
  expect_equal(-2 * as.numeric(logLik(fit)), minus2l, tolerance = 1e-11)
  expect_equal(ranef(fit)$line[rownames(G), 1L], as.vector(0.8 * G %*% t(Z) %*% Py),
    tolerance = 1e-9)
  expect_equal(ranef(fit)$b[, 1L], as.vector(0.3 * t(B) %*% Py), tolerance = 1e-9)
  expect_equal(unname(fitted(fit)), as.vector(d$y - 0.5 / d$w * Py), tolerance = 1e-10)
})

test_that("searches end where those of the whole equations end", {
  G <- related_lines()
  d <- line_records(G)
  definite <- blend(G, share = 0.05)
  expect_same_fit(both_ways(y ~ x + (1 | gr(line, cov = G)), d))
  expect_same_fit(both_ways(y ~ x + (1 | gr(line, cov = definite)), d, method = "ML"))
  expect_same_fit(both_ways(y ~ x + I(2 * x) + (1 | gr(line, cov = G)) + (1 | b), d, weights = d$w))
  expect_same_fit(both_ways(y ~ x + (0 + z | gr(line, cov = G)), d))
  # Fewer markers than lines.
  few <- related_lines(60L, 25L)
  expect_same_fit(both_ways(y ~ x + (1 | gr(line, cov = few)), d))
  # A variance that is best at zero.
  set.seed(2)
  d$noise <- stats::rnorm(90)
  none <- both_ways(noise ~ 1 + (1 | gr(line, cov = definite)), d)
  expect_same_fit(none)
  expect_identical(varcomp(none$rotated)$status[1L], "at boundary")
})

test_that("several traits and several fields on one relationship", {
  G <- related_lines()
  set.seed(5)
  definite <- blend(G, share = 0.05)
  u <- t(chol(definite)) %*% matrix(stats::rnorm(120), 60) %*% chol(matrix(c(1, 0.5, 0.5, 1), 2))
  rownames(u) <- rownames(G)
  # Some lines twice, some never.
  line <- rownames(G)[c(1:50, 1:20)]
  d <- data.frame(line, x = stats::rnorm(70), y1 = u[line, 1] + stats::rnorm(70),
    y2 = u[line, 2] + stats::rnorm(70))
  expect_same_fit(both_ways(
    cbind(y1, y2) ~ trait + trait:x + us(0 + trait | gr(line, cov = definite)), d,
    residual = ~ us(trait | unit)))
  expect_same_fit(both_ways(
    cbind(y1, y2) ~ trait + diag(0 + trait | gr(line, cov = G)), d, residual = ~ diag(trait)))
  fields <- expand.grid(line = rownames(G)[1:40], env = factor(1:3), stringsAsFactors = FALSE)
  fields$y <- u[fields$line, 1] + stats::rnorm(120, sd = 0.6)
  expect_same_fit(both_ways(y ~ env + cs(0 + env | gr(line, cov = definite)), fields))
})

test_that("where it cannot be, and where it does not pay", {
  G <- related_lines()
  d <- line_records(G)
  expect_error(
    lmmfit(y ~ x + (1 + z | gr(line, cov = G)), d, control = lmm_control(solver = "rotated")),
    "no term of this model can be turned to a band", class = "henderson_error_solver")
  expect_false(lmmfit(y ~ x + (1 | gr(line, cov = G)), d)$equations$rotated)
  # By count: five evaluations of n^3, or 4/3 n^3 once.
  K <- related_lines(900L, 1500L)
  many <- data.frame(line = rownames(K), y = stats::rnorm(900))
  cost <- estimate_cost(y ~ 1 + (1 | gr(line, cov = K)), many)
  expect_true(cost$is_rotated)
  expect_equal(cost$turn_flops, 4 / 3 * 900^3)
  expect_identical(row.names(cost$solver), c("factor", "rotated", "pcg"))
  expect_output(print(cost), "turned to a band")
  held <- estimate_cost(y ~ 1 + (1 | gr(line, cov = K)), many, hold = c(line = 1, residual = 1))
  expect_false(held$is_rotated)
})

# The whole equations are those of the V form (above, and test-accuracy-score.R).
test_that("tests after a search that was turned are those of the whole equations", {
  set.seed(6)
  G <- blend(related_lines(700L, 900L), share = 0.05)
  u <- t(chol(G)) %*% stats::rnorm(700)
  line <- rownames(G)[c(1:680, 1:60)]
  d <- data.frame(line, x = stats::rnorm(740), w = stats::runif(740, 0.5, 2))
  d$y <- u[match(line, rownames(G))] + stats::rnorm(740, sd = 0.7 / sqrt(d$w))
  fits <- both_ways(y ~ x + (1 | gr(line, cov = G)), d, weights = d$w)
  turned <- fits$rotated
  expect_false(is.null(turned$cache[["turned information"]]))
  same <- function(f) expect_equal(f(turned), f(fits$factor), tolerance = 1e-6)
  same(function(fit) coef(summary(fit)))
  same(function(fit) confint(fit, "variance"))
  same(function(fit) vpredict(fit, h2 ~ line / (line + residual)))
  expect_null(turned$cache$information)
  # Kenward and Roger's take the whole equations.
  same(function(fit) as.data.frame(anova(fit, ddf = "Kenward-Roger")))
  expect_false(is.null(turned$cache$information))
})

test_that("refits and many responses share the band", {
  set.seed(8)
  G <- related_lines(850L, 1000L)
  d <- data.frame(line = rep(rownames(G), length.out = 900L), x = stats::rnorm(900))
  root <- t(chol(G + diag(1e-6, nrow(G))))
  u <- stats::setNames(as.vector(root %*% stats::rnorm(nrow(G))), rownames(G))
  d$y <- u[d$line] + stats::rnorm(900)
  fits <- lapply(c(factor = "factor", auto = "auto"), function(solver) {
    lmmfit(y ~ x + (1 | gr(line, cov = G)), d,
      control = lmm_control(solver = solver, tolerance = 1e-12))
  })
  expect_true(fits$auto$equations$rotated)
  y <- simulate(fits$factor, 2L, seed = 4L)
  spec <- fit_spec(fits$auto)
  for (column in y) {
    spec$response <- column
    found <- refit_held(fits$auto, spec, numeric())
    expect_true(found$equations$rotated)
    expected <- refit_held(fits$factor, spec, numeric())
    expect_false(expected$equations$rotated)
    expect_lt(abs(found$minus2loglik - expected$minus2loglik), 1e-7)
    expect_equal(found$parameters$estimate, expected$parameters$estimate, tolerance = 1e-5)
    expect_equal(found$fixed$estimate, expected$fixed$estimate, tolerance = 1e-6)
  }
  expect_length(ls(shared_covariances), 1L)
  sharing_rotation(NULL)
  expect_length(ls(shared_covariances), 0L)
  many <- lmmfit_many(cbind(y1 = y[[1L]], y2 = y[[2L]]), ~ x + (1 | gr(line, cov = G)), d)
  for (name in c("y1", "y2")) {
    d$y <- y[[if (name == "y1") 1L else 2L]]
    one <- lmmfit(y ~ x + (1 | gr(line, cov = G)), d, control = lmm_control(solver = "factor"))
    expect_equal(many$fits$minus2loglik[many$fits$response == name], deviance(one),
      tolerance = 1e-9)
    expect_equal(many$variances$estimate[many$variances$response == name],
      varcomp(one)$estimate, tolerance = 1e-4)
  }
})
