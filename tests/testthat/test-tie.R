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
