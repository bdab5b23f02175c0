# own: a user's function against the built-in structure that it computes, and what is refused.

orth <- transform(nlme::Orthodont, visit = factor(age))
lag <- abs(outer(1:4, 1:4, "-"))

plain_ar1 <- function(par) par[["v"]] * par[["r"]]^lag
exact_ar1 <- function(par) {
  v <- par[["v"]]
  r <- par[["r"]]
  list(v * r^lag, list(r^lag, v * ifelse(lag > 0, lag * r^(lag - 1), 0)))
}
plain_cs <- function(par) par[["v"]] * (par[["r"]] + (1 - par[["r"]]) * diag(4))
plain_exp <- function(par) par[["v"]] * exp(-2 * lag / par[["range"]])

start <- c(v = 2, r = 0.3)
lower <- c(v = 0, r = -1)
upper <- c(v = Inf, r = 1)

test_that("own is the structure that it computes, as a residual", {
  residuals <- list(
    list(~ own(visit | Subject, f = plain_ar1, start = start, lower = lower, upper = upper),
      ~ ar1(visit | Subject)),
    list(~ own(visit | Subject, f = exact_ar1, start = start, lower = lower, upper = upper),
      ~ ar1(visit | Subject)),
    list(~ own(visit | Subject, plain_cs, start, c(0, -1 / 3), c(Inf, 1)), ~ cs(visit | Subject)),
    list(~ own(visit | Subject, plain_exp, c(v = 1, range = 3), 0), ~ exp(age | Subject)),
    list(~ own(visit | Sex / Subject, plain_cs, start, c(0, -1 / 3), c(Inf, 1)),
      ~ cs(visit | Sex / Subject))
  )
  for (pair in residuals) {
    for (method in c("REML", "ML")) {
      own <- lmmfit(distance ~ age * Sex, orth, residual = pair[[1L]], method = method)
      built_in <- lmmfit(distance ~ age * Sex, orth, residual = pair[[2L]], method = method)
      what <- paste(deparse(pair[[2L]]), method)
      expect_identical(own$convergence$status, "converged")
      expect_within(own$minus2loglik, built_in$minus2loglik, 1e-6, what)
      expect_relative(varcomp(own)$estimate, varcomp(built_in)$estimate, 1e-4, what)
      expect_relative(varcomp(own)$se, varcomp(built_in)$se, 1e-4, what)
      expect_relative(own$fixed$se, built_in$fixed$se, 1e-6, what)
    }
  }
})

test_that("own is the structure that it computes, as a random term, in any unit", {
  for (unit in c(1, 1000)) {
    oats <- transform(nlme::Oats, yield = yield * unit)
    cs3 <- function(par) par[["v"]] * (par[["r"]] + (1 - par[["r"]]) * diag(3))
    own <- lmmfit(yield ~ nitro + own(Variety | Block, cs3, start = c(v = 200 * unit^2, r = 0.5),
      lower = c(0, -0.5), upper = c(Inf, 1)), oats)
    built_in <- lmmfit(yield ~ nitro + cs(Variety | Block), oats)
    expect_within(own$minus2loglik, built_in$minus2loglik, 1e-6, "-2l")
    expect_relative(varcomp(own)$estimate, varcomp(built_in)$estimate, 1e-4, "values")
    expect_within(fitted(own), fitted(built_in), 1e-3 * unit, "BLUPs")
  }
})

test_that("everything after the fit works with own", {
  residual <- ~ own(visit | Subject, exact_ar1, start = start, lower = lower, upper = upper)
  fit <- lmmfit(distance ~ age * Sex, orth, residual = residual)
  built_in <- lmmfit(distance ~ age * Sex, orth, residual = ~ ar1(visit | Subject))
  expect_identical(varcomp(fit)$parameter, c("residual.v", "residual.r"))
  copy <- tempfile()
  saveRDS(fit, copy)
  again <- readRDS(copy)
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    expect_relative(as.matrix(anova(again, ddf = ddf)), as.matrix(anova(built_in, ddf = ddf)), 1e-3,
      ddf)
  }
  expect_relative(confint(again, "residual.r", method = "profile"),
    confint(built_in, "residual.rho", method = "profile"), 1e-3, "profile")
  expect_identical(dim(simulate(again, 2, seed = 1)), c(108L, 2L))
  expect_relative(predict(again), predict(built_in), 1e-5, "predict")
  held <- lmmfit(distance ~ age * Sex, orth, residual = residual, hold = c(residual.r = 0.5))
  expect_within(held$minus2loglik,
    lmmfit(distance ~ age * Sex, orth, residual = ~ ar1(visit | Subject),
      hold = c(residual.rho = 0.5))$minus2loglik, 1e-6, "held")
  bounded <- lmmfit(distance ~ age * Sex, orth, residual = residual,
    bounds = list(residual.r = c(0, 0.5)))
  expect_within(bounded$minus2loglik, held$minus2loglik, 1e-6, "bounded")
})

test_that("a matrix that is not valid on the way is a refused step", {
  bold <- function(par) {
    if (par[["r"]] > 0.9) stop("too far")
    sigma <- par[["v"]] * (par[["r"]] + (1 - par[["r"]]) * diag(4))
    if (par[["r"]] > 0.8) sigma[1, 2] <- NA
    sigma
  }
  fit <- lmmfit(distance ~ age * Sex, orth, residual = ~ own(visit | Subject, bold, start = start))
  built_in <- lmmfit(distance ~ age * Sex, orth, residual = ~ cs(visit | Subject))
  expect_within(fit$minus2loglik, built_in$minus2loglik, 1e-6, "without a range")
})

test_that("mistakes in own are named", {
  fit <- function(f) {
    lmmfit(distance ~ age, orth, residual = ~ own(visit | Subject, f = f, start = start))
  }
  expect_error(fit(3), "must be a function", class = "henderson_error_own")
  expect_error(fit(function(par) stop("no luck")), "no luck", class = "henderson_error_own")
  expect_error(fit(function(par) diag(3)), "4 rows and columns")
  expect_error(fit(function(par) matrix(1:16, 4)), "not symmetric")
  expect_error(fit(function(par) -diag(4)), "not positive definite")
  expect_error(fit(function(par) diag(4) * NA), "not finite")
  expect_error(fit(function(par) list(plain_ar1(par), list(diag(4), diag(4)))), "derivative")
  expect_error(fit(function(par) list(plain_ar1(par), list(diag(4)))), "matrix for each parameter")
  limited <- function(lower) {
    lmmfit(distance ~ age, orth, residual = ~ own(visit | Subject, plain_ar1, start, lower))
  }
  expect_error(limited(c(v = 3)), "not inside")
  expect_error(limited(c(w = 0)), "lacks")
})
