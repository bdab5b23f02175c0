# Estimability against the row space of X.

deficient <- function() {
  set.seed(1)
  data <- data.frame(a = gl(3, 4), b = factor(c(1, 1, 2, 2, 3, 3, 4, 4, 3, 4, 3, 4)), x = rnorm(12))
  data$y <- rnorm(12)
  data$twice <- 2 * data$x
  data$g <- gl(6, 2)
  data
}

test_that("a function is estimable where its row is in the row space of X", {
  data <- deficient()
  for (formula in list(y ~ a + b + x + twice, y ~ a * b + x, y ~ twice + x + a * b + (1 | g))) {
    fit <- suppressWarnings(lmmfit(formula, data))
    X <- model.matrix(fit)
    set.seed(3)
    K <- rbind(
      X[1:4, ], diag(ncol(X)), matrix(rnorm(5 * nrow(X)), 5) %*% X, matrix(rnorm(3 * ncol(X)), 3)
    )
    space <- qr(t(X))
    expected <- apply(K, 1, function(k) max(abs(qr.resid(space, k))) < 1e-8 * max(abs(k)))
    expect_identical(unname(is_estimable(fit, K)), unname(expected))
  }
})

test_that("a test of what is not estimable is NA with the reason, others do not change", {
  data <- deficient()
  fit <- lmmfit(y ~ a + x + twice + (1 | g), data)
  full <- lmmfit(y ~ a + x + (1 | g), data)
  K <- rbind(x = c(0, 0, 0, 1, 2), bad = c(0, 0, 0, 1, 0), a2 = c(0, 1, 0, 0, 0))
  expect_identical(is_estimable(fit, K), c(x = TRUE, bad = FALSE, a2 = TRUE))
  found <- contest(fit, K)
  expect_true(all(is.na(found$table["bad", c("estimate", "se", "df", "p.value")])))
  expect_true(is.na(found$joint$F))
  expect_equal(found$table[c("x", "a2"), "p.value"],
    contest(full, rbind(c(0, 0, 0, 1), c(0, 1, 0, 0)))$table$p.value, tolerance = 1e-6)
  expect_output(print(found), "Not estimable: bad", fixed = TRUE)
})
