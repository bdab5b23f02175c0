# What a user may write in `tie` and `bounds`, and what is refused.

orth <- transform(nlme::Orthodont, visit = factor(age))
fit_tied <- function(...) {
  lmmfit(distance ~ age + (1 | Subject), orth, residual = ~ ar1(visit | Sex / Subject), ...)
}

test_that("all notations of a tie are the same tie", {
  a <- fit_tied(tie = c("residual.Male.variance", "residual.Female.variance"))
  b <- fit_tied(tie = ~ residual.Male.variance == residual.Female.variance)
  c <- fit_tied(tie = list(c(residual.Female.variance = 2, residual.Male.variance = 2)))
  twice <- 2
  d <- fit_tied(tie = ~ (residual.Male.variance / twice) == 0.5 * residual.Female.variance)
  for (other in list(b, c, d)) expect_identical(other$minus2loglik, a$minus2loglik)
  chain <- lmmfit(distance ~ age, orth, residual = ~ diag(visit), tie = list(
    ~ residual.8 == residual.10, ~ residual.12 == residual.14, ~ residual.10 == residual.14,
    ~ residual.8 == residual.12))
  expect_identical(varcomp(chain)$status, rep("tied", 4))
  one <- sigma(lmmfit(distance ~ age, orth))^2
  expect_relative(varcomp(chain)$estimate, rep(one, 4), 1e-7, "chain")
})

test_that("names that are not plain are understood", {
  data <- transform(orth, `my sex` = Sex, check.names = FALSE)
  fit <- lmmfit(distance ~ age + (1 | Sex:Subject) + (1 | `my sex`), data,
    tie = ~ Sex:Subject == 10 * `my sex`)
  expect_relative(varcomp(fit)$estimate[1L], 10 * varcomp(fit)$estimate[2L], 1e-10, "ratio")
})

test_that("mistakes in a tie are named", {
  expect_error(fit_tied(tie = c("residual.Male.rho", "residual.female.rho")), "residual.female.rho",
    class = "henderson_error_parameter_name")
  expect_error(fit_tied(tie = c("residual.Male.variance", "residual.Male.rho")), "different units",
    class = "henderson_error_tie")
  expect_error(fit_tied(tie = c(residual.Male.rho = 1, residual.Female.rho = -1)), "above 0")
  expect_error(fit_tied(tie = c(residual.Male.rho = 1, residual.Female.rho = NA)), "above 0")
  expect_error(fit_tied(tie = "residual.Male.rho"), "tied to nothing")
  expect_error(fit_tied(tie = c("Subject", "Subject")), "twice")
  expect_error(fit_tied(tie = 3), "not understood")
  expect_error(fit_tied(tie = ~ residual.Male.rho + residual.Female.rho), "not understood")
  expect_error(fit_tied(tie = ~ residual.Male.rho == 2), "not understood")
  expect_error(fit_tied(tie = list(
    ~ residual.Male.rho == residual.Female.rho, ~ residual.Male.rho == 2 * residual.Female.rho
  )), "two different ratios")
  expect_error(fit_tied(tie = c("residual.Male", "Subject")), "whole structure")
  expect_error(lmmfit(distance ~ age, orth, method = "ANOVA", tie = c("a", "b")))
})

test_that("a tie that contradicts held or starting values is an error", {
  tie <- ~ residual.Male.rho == residual.Female.rho
  expect_error(fit_tied(tie = tie, hold = c(residual.Male.rho = 0.4, residual.Female.rho = 0.5)),
    "contradict", class = "henderson_error_tie")
  expect_error(fit_tied(tie = tie, start = c(residual.Male.rho = 0.4, residual.Female.rho = 0.5)),
    "contradict")
  agreed <- fit_tied(tie = tie, hold = c(residual.Male.rho = 0.4, residual.Female.rho = 0.4))
  expect_identical(varcomp(agreed)$status[c(3L, 5L)], c("held", "held"))
})

test_that("loadings are tied as whole structures only", {
  data <- data.frame(env = gl(3, 1, 120), line = gl(20, 3, 120), rep = gl(2, 60))
  set.seed(4)
  data$y <- rnorm(20)[data$line] * c(1, 0.6, 1.5)[data$env] + rnorm(120)
  expect_error(lmmfit(y ~ env + fa(env | line, k = 1), data,
    tie = c("line.env1.fa1", "line.env2.fa1")), "loading")
  expect_error(lmmfit(y ~ env + fa(env | line, k = 1), data,
    bounds = list(line.env1.fa1 = c(0, 1))), "loading")
  fit <- lmmfit(y ~ env + fa(env | line, k = 1), data,
    tie = c("line.env1.psi", "line.env2.psi", "line.env3.psi"))
  psi <- varcomp(fit)$estimate[1:3]
  expect_relative(psi, rep(psi[1L], 3L), 1e-10, "psi", 1e-12)
})

test_that("mistakes in bounds are named", {
  expect_error(fit_tied(bounds = c(Subject = 2)), "must be a list")
  expect_error(fit_tied(bounds = list(c(0, 1))), "must be a list")
  expect_error(fit_tied(bounds = list(subject = c(0, 1))), class = "henderson_error_parameter_name")
  expect_error(fit_tied(bounds = list(Subject = 1)), "lower and a larger upper bound")
  expect_error(fit_tied(bounds = list(Subject = c(2, 1))), "lower and a larger upper bound")
  expect_error(fit_tied(bounds = list(Subject = c(1, 1))), "lower and a larger upper bound")
  expect_error(fit_tied(bounds = list(Subject = c(-2, -1))), "nothing inside")
  expect_error(fit_tied(bounds = list(residual.Male.rho = c(1, 2))), "nothing inside")
  expect_error(fit_tied(tie = ~ residual.Male.rho == residual.Female.rho,
    bounds = list(residual.Male.rho = c(0, 0.3), residual.Female.rho = c(0.4, 0.6))), "are tied")
  bounds <- list(Subject = c(0, 1))
  expect_error(fit_tied(bounds = bounds, hold = c(Subject = 2)), "outside its bounds")
  expect_error(fit_tied(bounds = bounds, start = c(Subject = 2)), "outside its bounds")
})

test_that("parameters are tied by their other names too", {
  data <- data.frame(env = factor(c("A", "B", "C"))[gl(3, 1, 120)], line = gl(20, 3, 120))
  set.seed(4)
  data$y <- rnorm(20)[data$line] * c(1, 0.6, 1.5)[data$env] + rnorm(120)
  own <- lmmfit(y ~ env + diag(0 + env | line), data, tie = c("line.envA", "line.envC"))
  for (tie in list(c("line.A", "line.C"), c(line.A = 1, line.envC = 1), ~ line.A == line.C,
    list(~ line.envC == line.A))) {
    expect_equal(varcomp(lmmfit(y ~ env + diag(0 + env | line), data, tie = tie)), varcomp(own))
  }
  expect_error(lmmfit(y ~ env + diag(0 + env | line), data, tie = c("line.A", "line.D")),
    class = "henderson_error_parameter_name")
})

test_that("a variance that may be negative is refused, with what has the same likelihood", {
  set.seed(1)
  g <- gl(12, 4)
  alike <- rnorm(48)
  data <- data.frame(g, x = rnorm(48), v = gl(4, 1, 48),
    y = alike - 0.9 * ave(alike, g) + rnorm(12, 0, 0.05)[g])
  for (bound in list(c(-Inf, Inf), c(-1, Inf), c(-0.5, 2))) {
    error <- expect_error(lmmfit(y ~ x + (1 | g), data, bounds = list(g = bound)),
      class = "henderson_error_bounds")
    expect_match(gsub("\\s+", " ", conditionMessage(error)), "residual = ~ cs(1 | group)",
      fixed = TRUE)
    expect_error(lmmfit(y ~ x + diag(v | g), data[-1L, ], bounds = list(g.1 = bound)),
      class = "henderson_error_bounds")
    expect_error(lmmfit(y ~ x, data, residual = ~ diag(v), bounds = list(residual.1 = bound)),
      class = "henderson_error_bounds")
  }
  expect_no_error(lmmfit(y ~ x + (1 | g), data, bounds = list(g = c(0, Inf))))
  expect_no_error(lmmfit(y ~ x, data, residual = ~ cs(1 | g),
    bounds = list(residual.rho = c(-Inf, Inf))))

  # What the message says to write has the likelihood of a negative variance.
  X <- cbind(1, data$x)
  dense <- function(p) {
    V <- p[2L] * diag(48) + p[1L] * outer(g, g, `==`)
    root <- tryCatch(chol(V), error = function(e) NULL)
    if (is.null(root)) return(1e10)
    XtVX <- crossprod(backsolve(root, X, transpose = TRUE))
    r <- backsolve(root, data$y, transpose = TRUE)
    W <- backsolve(root, X, transpose = TRUE)
    46 * log(2 * pi) + 2 * sum(log(diag(root))) + determinant(XtVX)$modulus +
      sum(qr.resid(qr(W), r)^2)
  }
  best <- optim(c(-0.1, 1), dense, control = list(reltol = 1e-15, maxit = 5000L))
  fit <- lmmfit(y ~ x, data, residual = ~ cs(1 | g))
  expect_lt(best$par[1L], -0.05)
  expect_relative(deviance(fit), best$value, 1e-9, "-2l")
  value <- varcomp(fit)$estimate
  expect_relative(prod(value), best$par[1L], 1e-4, "variance component")
})
