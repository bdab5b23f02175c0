# Products and numeric orders as random terms.

small_field <- function() {
  set.seed(1)
  d <- expand.grid(row = 1:8, col = 1:7)
  d$gen <- factor(sample(14, nrow(d), TRUE))
  d$plot <- factor(seq_len(nrow(d)))
  d$y <- rnorm(nrow(d)) + 0.2 * d$row
  d
}

test_that("a field as a random term is the field as a residual with a nugget", {
  d <- small_field()
  random <- lmmfit(y ~ row + ar1(row):ar1(col), d)
  residual <- lmmfit(y ~ row + (1 | plot), d, residual = ~ ar1(row):ar1(col))
  expect_within(random$minus2loglik, residual$minus2loglik, 1e-6, "-2l")
  expect_identical(random$parameters$name,
    c("row:col.variance", "row:col.row.rho", "row:col.col.rho", "residual"))
  expect_within(random$parameters$estimate, residual$parameters$estimate[c(2:4, 1)], 1e-3,
    "estimates")
  some <- c(9, 3, 20)
  expect_equal(unname(predict(random, d[some, ])), unname(fitted(random)[some]))
  expect_error(predict(random, transform(d[1, ], row = 99)), class = "henderson_error_new_level")
  expect_identical(dim(VarCorr(random)[["row:col"]]), c(56L, 56L))
})

test_that("us x ar1 has the covariance of its matrices", {
  set.seed(3)
  d <- expand.grid(time = 1:3, trait = factor(c("a", "b")), id = factor(1:12))
  d <- d[-c(4, 20, 33), ]
  d$y <- rnorm(nrow(d)) + rnorm(12)[d$id]
  values <- c(1.2, 0.4, 0.9, 0.5, 0.7)
  form <- y ~ trait + (us(trait):ar1(time) | id)
  names <- c("id.a", "id.a.b", "id.b", "id.time.rho", "residual")
  fit <- lmmfit(form, d, hold = stats::setNames(values, names))
  sigma <- kronecker(matrix(values[c(1, 2, 2, 3)], 2), 0.5^abs(outer(1:3, 1:3, "-")))
  at <- (as.integer(d$trait) - 1) * 3 + d$time
  V <- sigma[at, at] * outer(d$id, d$id, "==") + diag(0.7, nrow(d))
  X <- model.matrix(~trait, d)
  Vi <- solve(V)
  XVX <- t(X) %*% Vi %*% X
  r <- d$y - X %*% solve(XVX, t(X) %*% Vi %*% d$y)
  log_det <- function(A) as.numeric(determinant(A)$modulus)
  expect_within(fit$minus2loglik,
    (nrow(d) - 2) * log(2 * pi) + log_det(V) + log_det(XVX) + sum(r * (Vi %*% r)), 1e-8, "-2l")
})

test_that("numeric times keep their lags, as in a residual", {
  set.seed(5)
  d <- expand.grid(time = c(1, 2, 4, 7), id = factor(1:25), rep = 1:2)
  u <- matrix(rnorm(25 * 4), 25) %*% chol(0.7^abs(outer(c(1, 2, 4, 7), c(1, 2, 4, 7), "-")))
  d$y <- u[cbind(as.integer(d$id), match(d$time, c(1, 2, 4, 7)))] + rnorm(nrow(d), 0, 0.4)
  ar1 <- lmmfit(y ~ 1 + ar1(time | id), d)
  # rho^lag is exp(-lag / range).
  exponential <- lmmfit(y ~ 1 + exp(time | id), d)
  expect_within(ar1$minus2loglik, exponential$minus2loglik, 1e-6, "as exp")
  expect_within(ar1$parameters$estimate[2L], exp(-1 / exponential$parameters$estimate[2L]), 1e-4,
    "rho")
  expect_identical(ar1$random[[1L]]$coef_names, as.character(1:7))
  some <- c(2, 50, 199)
  expect_equal(unname(predict(ar1, d[some, ])), unname(fitted(ar1)[some]))
})

test_that("what a product cannot be is an error that says so", {
  d <- small_field()
  error_class <- function(formula, data = d) {
    class(tryCatch(lmmfit(formula, data), error = identity))[1L]
  }
  expect_identical(error_class(y ~ 1 + (ar1(row):gen | plot)), "henderson_error_structure")
  expect_identical(error_class(y ~ 1 + (ar1(row):us(col) | gen)), "henderson_error_structure")
  large <- expand.grid(row = 1:25, col = 1:20)
  large$y <- rnorm(500)
  expect_identical(error_class(y ~ 1 + ar1(row):ar1(col), large), "henderson_error_structure")
})
