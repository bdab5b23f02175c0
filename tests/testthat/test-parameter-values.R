# Values that are held or start, and what processes can have.

refused <- function(values, structure, argument = "hold") {
  recipe <- new_recipe(structure, 5L)
  names <- recipe_values(recipe)$suffix
  full <- stats::setNames(rep(NA_real_, length(names)), names)
  full[names(values)] <- values
  inherits(tryCatch(check_coefficients(full, names, recipe, argument), error = identity),
    "henderson_error_parameter_values")
}

test_that("coefficients of stationary and invertible processes: roots outside the circle", {
  set.seed(5)
  for (structure in c("ar2", "ar3", "ma1", "ma2")) {
    order <- as.integer(substring(structure, 3L))
    sign <- if (startsWith(structure, "ar")) -1 else 1
    name <- if (sign < 0) "phi" else "theta"
    names <- if (order == 1L) name else paste0(name, seq_len(order))
    for (trial in 1:40) {
      values <- stats::setNames(stats::runif(order, -1.6, 1.6), names)
      outside <- min(Mod(polyroot(c(1, sign * values)))) < 1
      expect_identical(refused(values, structure), outside)
    }
  }
})

test_that("some of them: where no others could go with them", {
  # The triangle of order two: |second| < 1, |first| < 2 (Box & Jenkins).
  expect_true(refused(c(theta2 = 1.01), "ma2"))
  expect_false(refused(c(theta2 = -0.99), "ma2"))
  expect_true(refused(c(phi1 = 2.01), "ar2"))
  expect_false(refused(c(phi1 = -1.99), "ar2"))
  # |phi1| < 3 of order three, as of (1 - z)^3.
  expect_false(refused(c(phi1 = 2.9), "ar3"))
  expect_true(refused(c(phi1 = 3.1), "ar3"))
  expect_true(refused(c(phi = -2.5), "sar"))
})

test_that("they are refused by name, of terms, residuals, groups and products", {
  orth <- transform(as.data.frame(nlme::Orthodont), v = factor(age))
  expect_snapshot(error = TRUE, {
    lmmfit(distance ~ age, orth, residual = ~ ma1(v | Subject), hold = c(residual.theta = 2))
    lmmfit(distance ~ age + ma1(v | Subject), orth, start = c(Subject.theta = -3))
    lmmfit(distance ~ age, orth, residual = ~ ma2(v | Subject),
      hold = c(residual.theta1 = 0.5, residual.theta2 = -0.8))
    lmmfit(distance ~ age, orth, residual = ~ ma1(v | Sex / Subject),
      hold = c(residual.Female.theta = 1.2))
    lmmfit(distance ~ age, orth, residual = ~ ar1(v):ma1(Sex) | Subject,
      hold = c(residual.Sex.theta = 2))
  })
  # At the limit they are values like others.
  fit <- lmmfit(distance ~ age, orth, residual = ~ ma1(v | Subject), hold = c(residual.theta = 1))
  V <- toeplitz(c(1, 0.5, 0, 0)) * varcomp(fit)$estimate[1L]
  X <- cbind(1, orth$age)
  expect_equal(fit$minus2loglik,
    oracle_minus2loglik(list(V = kronecker(diag(27), V), X = X, y = orth$distance)),
    tolerance = 1e-8)
})
