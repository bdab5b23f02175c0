# Residuals in ASReml's grammar, and the same in our own.

set.seed(4)
field <- expand.grid(env = factor(c("A", "B", "C")), row = 1:6, col = 1:5)
field$yield <- rnorm(90) + c(0, 2, 4)[field$env]
field$plant <- interaction(field$env, field$col)
loglik <- function(fit) as.numeric(logLik(fit))
asreml <- function(...) suppressMessages(lmmfit(yield ~ env, data = field, ...))
same <- function(theirs, ours) {
  expect_equal(loglik(asreml(residual = theirs)), loglik(asreml(residual = ours)), tolerance = 1e-8)
}

test_that("models by levels of a factor, some of their own", {
  own <- list(env = list(A = ~iid, B = ~ ar1(row):ar1(col), C = ~ ar1(row):ar1(col)))
  same(~ dsum(~ id(units) + ar1(row):ar1(col) | env, levels = list("A", c("B", "C"))), own)
  same(~ dsum(~ units + ar1v(row):ar1(col) | env, levels = list(1, 2:3)), own)
  sets <- list("A", c("B", "C"))
  same(~ dsum(~ id(units) + ar1(row):ar1(col) | env, levels = sets), own)
  same(~ dsum(~ ar1(row):ar1(col) | env, levels = c("A", "B", "C")),
    list(env = ~ ar1(row):ar1(col)))
  same(~ dsum(~ id(col):ar1(row) | env), list(env = ~ ar1(row | col)))
})

test_that("the levels of at(), as in earlier versions", {
  same(~ at(env):units, ~ diag(env))
  same(~ at(env), ~ diag(env))
  same(~ at(env):ar1(row):ar1(col), list(env = ~ ar1(row):ar1(col)))
  same(~ at(env, "A"):units + at(env, c("B", "C")):ar1(row):ar1(col),
    list(env = list(A = ~iid, B = ~ ar1(row):ar1(col), C = ~ ar1(row):ar1(col))))
  same(~ at(env, 1):units + at(env, 2:3):ar1(row):ar1(col),
    list(env = list(A = ~iid, B = ~ ar1(row):ar1(col), C = ~ ar1(row):ar1(col))))
  expect_equal(loglik(asreml(rcov = ~ at(env):units)), loglik(asreml(residual = ~ diag(env))))
})

test_that("levels without a model, with two, and what is no set of levels are refused", {
  refused <- function(residual, text) {
    expect_error(asreml(residual = residual), text, class = "henderson_error")
  }
  refused(~ dsum(~ ar1(row):ar1(col) | env, levels = list(c("A", "B"))), "\"C\" of `env`")
  refused(~ dsum(~ id(units) + ar1(row):ar1(col) | env), "which levels of `env`")
  refused(~ dsum(~ id(units) + ar1(row):ar1(col) | env, levels = list(1, 1:3)), "not a set")
  refused(~ dsum(~ id(units) + ar1(row):ar1(col) | env, levels = list(1, 2:9)), "3 levels")
  refused(~ dsum(~ units | env, levels = nowhere), "`nowhere` was not found")
  refused(~ dsum(~ units | env, outer = col), "not read")
  refused(~ dsum(~units), "not read")
  refused(~ at(env, "A"):units + at(env):ar1(row), "of all levels")
  refused(~ at(env):units + at(col):units, "one factor")
  refused(~ spl(row):units, "`spl\\(row\\)` is not had")
})

test_that("subjects without a function, coordinates as arguments, other names", {
  same(~ plant:us(row), ~ us(row | plant))
  same(~ ar1(row):plant, ~ ar1(row | plant))
  same(~ id(plant):corgh(row), ~ us(row | plant))
  same(~ id(env):exp(row, col), ~ exp(row + col | env))
  same(~ id(env):gau(row, col), ~ gau(row + col | env))
  same(~ id(env):arma(row):ar1(col), ~ arma11(row):ar1(col) | env)
  same(~ arh(row | plant), ~ ar1h(row | plant))
  same(~ sp_pow(row | plant), ~ exp(row | plant))
  same(~ id(env):iexpv(row, col), ~ iexp(row + col | env))
})

test_that("formulas that are made or passed on are read as typed ones", {
  set.seed(1)
  field <- expand.grid(x = 1:6, y0 = 1:5)
  field$y <- stats::rnorm(30) + field$x
  inner <- function(...) suppressMessages(lmmfit(y ~ x, field, ...))
  outer <- function(how) suppressMessages(lmmfit(y ~ x, field, residual = how))
  read <- list(
    "~ ieuc(x, y0)" = ~ exp(x + y0), "~ igau(x, y0)" = ~ gau(x + y0),
    "~ mtrn(x, y0)" = ~ matern(x + y0, nu = 0.5), "~ agau(x, y0)" = ~ gau(x):gau(y0),
    "~ iexp(x, y0)" = ~ iexp(x + y0)
  )
  for (text in names(read)) {
    own <- lmmfit(y ~ x, field, residual = read[[text]])$minus2loglik
    made <- stats::as.formula(text)
    expect_equal(inner(residual = made)$minus2loglik, own)
    expect_equal(outer(made)$minus2loglik, own)
    typed <- suppressMessages(lmmfit(y ~ x, field, residual = stats::as.formula(text)))
    expect_equal(typed$minus2loglik, own)
  }
})

test_that("a column may have the name of a function of ASReml", {
  set.seed(1)
  d <- expand.grid(g = factor(1:20), v = factor(1:4))
  d$y <- stats::rnorm(20)[d$g] + stats::rnorm(80)
  fit <- lmmfit(y ~ (1 | g), d, residual = ~ diag(v))
  for (name in c("at", "units", "dsum", "idv", "ar1v", "corh")) {
    d[[name]] <- d$v
    residual <- stats::as.formula(paste0("~ diag(", name, ")"))
    expect_no_message(other <- lmmfit(y ~ (1 | g), d, residual = residual))
    expect_equal(logLik(other), logLik(fit))
  }
  expect_message(lmmfit(y ~ (1 | g), d, residual = ~ units), "read as")
})
