test_that("Legendre polynomials by their closed forms, orthonormal on -1 ... 1", {
  x <- seq(3, 11, length.out = 9)
  t <- (x - 7) / 4
  P <- legendre(x, 3)
  closed <- cbind(1, t, (3 * t^2 - 1) / 2, (5 * t^3 - 3 * t) / 2)
  closed <- closed * rep(sqrt(c(1, 3, 5, 7) / 2), each = 9)
  expect_equal(P, closed, ignore_attr = TRUE)
  expect_identical(colnames(P), c("0", "1", "2", "3"))
  # Kirkpatrick, Lofsvold & Bulmer (1990): 0.7071, 1.2247 t, -0.7906 + 2.3717 t^2.
  expect_equal(unname(legendre(c(-1, 0, 1), 2)[3, ]), c(0.7071, 1.2247, 1.5811), tolerance = 1e-4)
  expect_equal(unname(legendre(c(-1, 0, 1), 2)[2, 3]), -0.7906, tolerance = 1e-4)
  grid <- (seq_len(2e4) - 0.5) / 1e4 - 1
  expect_equal(crossprod(unclass(legendre(grid, 3, c(-1, 1)))) / 1e4, diag(4),
    tolerance = 1e-6, ignore_attr = TRUE)
  expect_identical(ncol(legendre(x, 2, intercept = FALSE)), 2L)
  expect_equal(legendre(c(3, 3), 0), matrix(sqrt(0.5), 2, 1), ignore_attr = TRUE)
  expect_true(all(is.na(legendre(c(1, NA, 3), 2)[2, ])))
})

fit <- lmmfit(
  distance ~ age + (0 + legendre(age, 1) | Subject), nlme::Orthodont
)

test_that("a random regression in Legendre polynomials is the one in powers of age", {
  plain <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
  expect_equal(c(logLik(fit)), c(logLik(plain)), tolerance = 1e-8)
  expect_equal(fitted(fit), fitted(plain), tolerance = 1e-5)
  # New data keep the range of the fit.
  new <- data.frame(age = c(9, 20), Subject = c("M01", "F02"))
  expect_equal(predict(fit, new), predict(plain, new), tolerance = 1e-5)
  expect_equal(predict(fit, nlme::Orthodont[5, ]), fitted(fit)[5])
})

test_that("variances over age are those of the model in powers of age", {
  plain <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
  v <- variance_by_age(fit, data.frame(age = 8:14))
  sigma <- unclass(VarCorr(plain))[[1]]
  expected <- vapply(8:14, function(a) drop(c(1, a) %*% sigma[1:2, 1:2] %*% c(1, a)), 0)
  expect_equal(v$Subject, expected, tolerance = 1e-4)
  expect_equal(v$share.Subject, expected / (expected + sigma(plain)^2), tolerance = 1e-4)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_identical(plot(v), v)
  expect_identical(plot(v, "variance"), v)
})

test_that("the residual variance changes with the factor of its structure", {
  growth <- as.data.frame(nlme::Orthodont)
  growth$class <- factor(growth$age)
  points <- data.frame(age = c(14, 8, 10), class = factor(c(14, 8, 10)))
  fit_with <- function(residual) {
    lmmfit(distance ~ age + (0 + legendre(age, 1) | Subject), growth, residual = residual)
  }
  by_class <- fit_with(~ diag(class))
  v <- variance_by_age(by_class, points[c("age", "class")])
  # R of the fit, made by another way, has the variance of each record.
  R <- diag(as.matrix(residual_matrix(by_class)))
  expect_equal(v$residual, unname(R[match(c("14", "8", "10"), growth$class)]))
  expect_equal(v$Subject + v$residual, v$Subject / v$share.Subject)
  expect_error(variance_by_age(by_class, points["age"]), class = "henderson_error_unknown_column")
  points$class <- factor(c(14, 8, 11))
  expect_error(variance_by_age(by_class, points), class = "henderson_error_new_level")
  by_sex <- fit_with(~ diag(Sex))
  R <- diag(as.matrix(residual_matrix(by_sex)))
  points$Sex <- c("Male", "Female", "Male")
  expect_equal(variance_by_age(by_sex, points)$residual,
    unname(R[match(points$Sex, growth$Sex)]))
})

test_that("the residual variance of arms, numbered positions, and structures with one variance", {
  growth <- as.data.frame(nlme::Orthodont)
  growth$Subject <- factor(as.character(growth$Subject))
  at <- match(c("Female 8", "Male 14", "Male 8"), paste(growth$Sex, growth$age))
  points <- growth[at, c("age", "Sex")]
  structures <- list(
    ~ csh(age | Sex / Subject), ~ ar1h(age | Subject), ~ cs(age | Sex / Subject)
  )
  for (residual in structures) {
    fit <- suppressWarnings(lmmfit(distance ~ Sex * age + (0 + legendre(age, 0) | Subject), growth,
      residual = residual, control = lmm_control(max_iterations = 3L, identify = "report")))
    R <- diag(as.matrix(residual_matrix(fit)))
    expect_equal(variance_by_age(fit, points)$residual, unname(R[at]))
  }
  constant <- lmmfit(distance ~ age + (0 + legendre(age, 1) | Subject), growth,
    residual = ~ ar1(age | Subject))
  expect_length(unique(variance_by_age(constant, data.frame(age = 8:14))$residual), 1L)
})

test_that("arguments", {
  expect_error(legendre("a", 1), class = "henderson_error_argument")
  expect_error(legendre(1:3, -1), class = "henderson_error_argument")
  expect_error(legendre(c(2, 2), 1), class = "henderson_error_argument")
  expect_error(legendre(1:3, 0, intercept = FALSE), class = "henderson_error_argument")
  expect_error(variance_by_age(fit, data.frame(time = 1)), class = "henderson_error_unknown_column")
  least_squares <- lmmfit(distance ~ age, nlme::Orthodont)
  expect_error(variance_by_age(least_squares, data.frame(age = 1)),
    class = "henderson_error_no_random")
})
