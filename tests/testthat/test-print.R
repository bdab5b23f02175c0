# Wording and layout. The numbers of these models are few and exact: variances are held.

oats <- function(...) lmmfit(yield ~ nitro + (1 | Block), nlme::Oats, ...)

test_that("fits print as one page", {
  held <- c(Block = 200, residual = 100)
  expect_snapshot(oats(hold = held))
  expect_snapshot(summary(oats(hold = held)))
  model <- distance ~ age + (1 + age | Subject)
  known <- c(
    Subject.Intercept = 5, Subject.Intercept.age = -0.3, Subject.age = 0.05, residual = 1.7
  )
  fit <- lmmfit(model, nlme::Orthodont, hold = known)
  expect_snapshot(summary(fit))
  expect_snapshot(VarCorr(fit))
  expect_output(print(ranef(fit)), "first 10 of 27 levels")
})

test_that("a linear model prints t tests", {
  data <- data.frame(y = c(3.4, 3.7, 3.2, 2.9, 2.5, 3.1, 2.6), a = c(-1, -1, -1, 0, 0, 1, 1),
    d = c(0, 0, 0, 1, 1, 0, 0))
  expect_snapshot(summary(lmmfit(y ~ a + d, data)))
  data$twin <- data$a
  expect_snapshot(lmmfit(y ~ a + twin + d, data))
})
