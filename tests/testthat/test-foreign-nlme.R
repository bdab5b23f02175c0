# What is written for nlme gives the likelihood of nlme.

orth <- transform(as.data.frame(nlme::Orthodont), visit = factor(age), t = (age - 6) / 2)
orth$w <- 1 + orth$t / 3
loglik <- function(fit) as.numeric(logLik(fit))
expect_peer <- function(fit, peer) expect_equal(loglik(fit), loglik(peer), tolerance = 1e-7)

test_that("random =", {
  read <- function(...) suppressMessages(lmmfit(..., data = orth))
  lme <- function(...) nlme::lme(..., data = orth)
  expect_peer(read(fixed = distance ~ age, random = ~ age | Subject),
    lme(distance ~ age, random = ~ age | Subject))
  expect_peer(read(distance ~ age, random = list(Subject = nlme::pdDiag(~age))),
    lme(distance ~ age, random = list(Subject = nlme::pdDiag(~age))))
  expect_peer(read(distance ~ age, random = ~ 1 | Sex / Subject),
    lme(distance ~ age, random = ~ 1 | Sex / Subject))
  expect_peer(read(distance ~ age, random = list(Sex = ~1, Subject = ~1)),
    lme(distance ~ age, random = list(Sex = ~1, Subject = ~1)))
})

test_that("correlation = and weights =", {
  corAR1 <- nlme::corAR1
  gls <- function(...) nlme::gls(distance ~ age, orth, ...)
  read <- function(...) suppressMessages(lmmfit(distance ~ age, orth, ...))
  expect_peer(read(correlation = corAR1(form = ~ t | Subject)),
    gls(correlation = corAR1(form = ~ t | Subject)))
  expect_peer(read(correlation = nlme::corCompSymm(form = ~ 1 | Subject)),
    gls(correlation = nlme::corCompSymm(form = ~ 1 | Subject)))
  expect_peer(
    read(correlation = corAR1(0.3, form = ~ t | Subject), weights = varIdent(form = ~ 1 | t)),
    gls(correlation = corAR1(form = ~ t | Subject), weights = nlme::varIdent(form = ~ 1 | t)))
  expect_peer(
    read(correlation = corSymm(form = ~ t | Subject), weights = varIdent(form = ~ 1 | t)),
    gls(correlation = nlme::corSymm(form = ~ t | Subject),
      weights = nlme::varIdent(form = ~ 1 | t)))
  expect_peer(read(correlation = corExp(form = ~ age | Subject)),
    gls(correlation = nlme::corExp(form = ~ age | Subject)))
  expect_peer(read(weights = varIdent(form = ~ 1 | Sex)),
    gls(weights = nlme::varIdent(form = ~ 1 | Sex)))
  expect_peer(read(weights = varExp(form = ~ age)), gls(weights = nlme::varExp(form = ~ age)))
  expect_peer(read(weights = nlme::varPower(form = ~ w)), gls(weights = nlme::varPower(form = ~ w)))
  expect_peer(read(weights = ~w), gls(weights = ~w))
  expect_peer(read(weights = varFixed(~w)), gls(weights = nlme::varFixed(~w)))
})

test_that("one line says how it was read", {
  expect_message(lmmfit(distance ~ age, orth, correlation = corAR1(form = ~ t | Subject)),
    "~ar1(t | Subject)`", fixed = TRUE)
  expect_message(lmmfit(distance ~ age, orth, random = ~ 1 | Subject), "is read as `(1 | Subject)`",
    fixed = TRUE)
})

test_that("what cannot be had says what to write", {
  refused <- function(text, ...) {
    expect_error(lmmfit(distance ~ age, orth, ...), text, fixed = TRUE,
      class = "henderson_error_foreign")
  }
  refused("form = ~ time | id", correlation = corAR1())
  refused("does not say which record", correlation = corAR1(form = ~ 1 | Subject))
  refused("varIdent(form = ~ 1 | t)", correlation = corSymm(form = ~ t | Subject))
  refused("its orders", correlation = corARMA(form = ~ t | Subject, p = 2, q = 1))
  refused("a nugget", correlation = corExp(form = ~ t | Subject, nugget = TRUE))
  refused("not understood", correlation = corSpher(form = ~ t | Subject))
  refused("`residual` is given too", correlation = corAR1(form = ~ t | Subject), residual = ~iid)
  refused("us(t | arm / id)", correlation = corAR1(form = ~ t | Subject),
    weights = varIdent(form = ~ 1 | Sex))
  refused("this variance function", weights = varPower())
  refused("this variance function", weights = varExp(form = ~ fitted(.)))
  refused("this variance function", weights = varExp(form = ~ age | Sex))
  refused("this variance function", weights = varPower(0.5, form = ~ w, fixed = 0.5))
  refused("`residual` is given too", weights = varExp(form = ~ age), residual = ~iid)
  refused("named by the grouping factors", random = list(~1))
  refused("is not understood", random = list(Subject = pdBlocked(~1)))
})
