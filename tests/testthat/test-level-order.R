# Labels with numbers are in the order of their numbers in every structure of an order.

set.seed(5)
field <- expand.grid(row = 1:12, col = 1:6)
field$y <- sin(field$row / 3) + rnorm(72, 0, 0.3)
field$r <- paste0("R", field$row)
field$f <- factor(field$r)
loglik <- function(fit) as.numeric(logLik(fit))

test_that("text and factors with the levels of factor()", {
  own <- loglik(lmmfit(y ~ 1, field, residual = ~ ar1(row):ar1(col)))
  for (residual in c(~ ar1(r):ar1(col), ~ ar1(f):ar1(col))) {
    expect_message(fit <- lmmfit(y ~ 1, field, residual = residual), "\"R1\", \"R2\", \"R3\"",
      class = "henderson_message_natural_order")
    expect_equal(loglik(fit), own, tolerance = 1e-8)
    expect_silent(residuals(fit, type = "normalized"))
  }
})

test_that("random terms and their new data", {
  own <- lmmfit(y ~ 1 + (ar1(row):ar1(col)), field)
  fit <- suppressMessages(lmmfit(y ~ 1 + (ar1(r):ar1(col)), field))
  expect_equal(loglik(fit), loglik(own), tolerance = 1e-8)
  fit <- suppressMessages(lmmfit(y ~ 1 + ar1(r | col), field))
  own <- lmmfit(y ~ 1 + ar1(row | col), field)
  expect_equal(loglik(fit), loglik(own), tolerance = 1e-8)
  expect_silent(new <- predict(fit, field[c(70, 2), ]))
  expect_equal(new, predict(fit)[c(70, 2)])
})

test_that("an order that the user has given is left alone", {
  field$f <- factor(field$r, levels = paste0("R", 12:1))
  expect_silent(fit <- lmmfit(y ~ 1, field, residual = ~ toep(f | col, bands = 2)))
  field$f <- factor(field$r, levels = paste0("R", c(1, 3, 2, 4:12)))
  expect_silent(other <- lmmfit(y ~ 1, field, residual = ~ ar1(f):ar1(col)))
  own <- lmmfit(y ~ 1, field, residual = ~ ar1(row):ar1(col))
  expect_gt(abs(loglik(other) - loglik(own)), 1e-3)
  field$f <- factor(field$r, ordered = TRUE)
  expect_silent(lmmfit(y ~ 1, field, residual = ~ ar1(f):ar1(col)))
})

test_that("text without numbers is in alphabetical order, and that is said", {
  dose <- data.frame(dose = rep(c("low", "mid", "high"), 12), id = rep(1:12, each = 3))
  dose$y <- rnorm(36)
  expect_message(lmmfit(y ~ dose, dose, residual = ~ ar1(dose | id)),
    "alphabetical order, \"high\", \"low\", and \"mid\"", class = "henderson_message_alphabetical")
  expect_silent(lmmfit(y ~ dose, dose, residual = ~ us(dose | id)))
})

test_that("numbers of positions are written as format() writes each", {
  x <- c(0, -3, 99999, 1e5, 123456, 0.1, 1 / 3, 1e-10, NA, Inf, 2.5)
  expect_identical(format_position(x), vapply(x, format, "", digits = 15L))
})
