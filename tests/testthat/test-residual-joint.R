# New records of subjects of the fit: V of all records, at the same values, is the source.

# Universal kriging by dense V: estimates and errors of the dropped rows.
predicted_by_v <- function(formula, residual, data, fit, rows) {
  values <- stats::setNames(fit$parameters$estimate, fit$parameters$name)
  all <- suppressMessages(lmmfit(formula, data, residual = residual, hold = values))
  made <- mme(all, form = "V")
  V <- made$V
  X <- made$X
  old <- setdiff(seq_len(nrow(data)), rows)
  y <- model.frame(all)[[1]][old]
  inverse <- solve(V[old, old])
  vcov <- solve(t(X[old, ]) %*% inverse %*% X[old, ])
  b <- vcov %*% t(X[old, ]) %*% inverse %*% y
  cov <- V[old, rows]
  k <- t(X[rows, ]) - t(X[old, ]) %*% inverse %*% cov
  variance <- V[rows, rows] - t(cov) %*% inverse %*% cov + t(k) %*% vcov %*% k
  list(fit = as.vector(X[rows, ] %*% b + t(cov) %*% inverse %*% (y - X[old, ] %*% b)),
    se = sqrt(diag(variance)))
}

test_that("a visit that a subject missed is predicted from its others", {
  growth <- transform(as.data.frame(nlme::Orthodont), visit = factor(age), w = rep(1:2, 54))
  rows <- c(4, 7, 30)
  models <- list(
    list(distance ~ age * Sex, ~ ar1(age | Subject)),
    list(distance ~ age * Sex, ~ exp(age | Subject)),
    list(distance ~ age * Sex, ~ us(visit | Subject)),
    list(distance ~ age * Sex, ~ ar1h(visit | Sex / Subject)),
    list(distance ~ age * Sex + (1 | Subject), ~ ar1(age | Subject)),
    list(distance ~ age + (1 | Subject), ~ diag(Sex))
  )
  for (model in models) {
    fit <- lmmfit(model[[1]], growth[-rows, ], residual = model[[2]])
    found <- predict(fit, growth[rows, ], residual = TRUE, se = TRUE)
    dense <- predicted_by_v(model[[1]], model[[2]], growth, fit, rows)
    expect_equal(unname(found$fit), dense$fit, tolerance = 1e-8, info = deparse(model[[2]]))
    expect_equal(unname(found$se.fit), unname(dense$se), tolerance = 1e-6,
      info = deparse(model[[2]]))
  }
})

test_that("next visits may lie beyond those of the data where the structure tells them", {
  growth <- as.data.frame(nlme::Orthodont)
  fit <- lmmfit(distance ~ age * Sex, growth, residual = ~ ar1(age | Subject))
  new <- data.frame(age = c(8, 16, 16), Sex = "Male", Subject = c("M01", "M01", "new"))
  found <- predict(fit, new, residual = TRUE, interval = "prediction")
  expect_equal(unname(found[1, ]), rep(growth$distance[1], 3), tolerance = 1e-6)
  rho <- varcomp(fit)$estimate[varcomp(fit)$parameter == "residual.rho"]
  last <- residuals(fit)[["4"]]
  expect_equal(unname(found[2, 1]), unname(predict(fit, new[2, ])) + rho * last,
    tolerance = 1e-8)
  # A new subject has no residual to start from.
  expect_equal(found[3, ], predict(fit, new, interval = "prediction")[3, ], tolerance = 1e-8)
  # Half a step has no correlation of its own, and a new level no place.
  expect_error(predict(fit, transform(new, age = 9), residual = TRUE),
    class = "henderson_error_new_level")
  growth$visit <- factor(growth$age)
  us <- lmmfit(distance ~ age * Sex, growth, residual = ~ us(visit | Subject))
  expect_error(predict(us, transform(new, visit = "16"), residual = TRUE), "16",
    class = "henderson_error_new_level")
  expect_error(predict(fit, residual = TRUE), class = "henderson_error_interval")
  expect_error(predict(fit, new, residual = TRUE, interval = "confidence"),
    class = "henderson_error_interval")
})

test_that("simulated new records have the covariance of their subjects", {
  growth <- as.data.frame(nlme::Orthodont)
  new <- data.frame(age = c(8, 10, 10), Sex = "Male", Subject = c("a", "a", "b"))
  n <- 4000
  fit <- lmmfit(distance ~ age * Sex, growth, residual = ~ ar1(age | Subject))
  drawn <- t(simulate(fit, n, seed = 1, newdata = new))
  sigma <- as.matrix(residual_matrix(fit))[1:2, 1:2]
  expect_equal(unname(stats::cov(drawn)[1:2, 1:2]), unname(sigma), tolerance = 0.08)
  expect_lt(abs(stats::cor(drawn[, 2], drawn[, 3])), 4 / sqrt(n))
  expect_equal(unname(colMeans(drawn)), unname(predict(fit, new)), tolerance = 0.01)

  slopes <- lmmfit(distance ~ age + (1 + age | Subject), growth)
  drawn <- t(simulate(slopes, n, seed = 2, newdata = new))
  z <- cbind(1, new$age[1:2])
  sigma <- z %*% VarCorr(slopes)$Subject %*% t(z) + diag(2) * sigma(slopes)^2
  expect_equal(unname(stats::cov(drawn)[1:2, 1:2]), sigma, tolerance = 0.08, ignore_attr = TRUE)
  kept <- simulate(slopes, 2, seed = 3, newdata = growth[1:4, ], re.form = NULL)
  expect_equal(simulate(slopes, 2, seed = 3, newdata = growth[1:4, ], conditional = "Subject"),
    kept)
  expect_error(simulate(slopes, newdata = transform(growth[1:2, ], age = NA_real_)),
    class = "henderson_error_missing_values")
})
