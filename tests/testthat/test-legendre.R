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
