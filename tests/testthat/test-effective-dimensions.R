test_that("effective dimensions are tr(P V_k), also of related levels", {
  set.seed(7)
  n <- 60L
  ped <- pedigree(data.frame(id = 1:30, sire = c(rep(NA, 10), sample(1:5, 20, TRUE)),
    dam = c(rep(NA, 10), sample(6:10, 20, TRUE))))
  data <- data.frame(id = factor(rep(1:30, 2L)), x = rnorm(n), herd = gl(6L, 10L))
  data$y <- rnorm(30L)[data$id] + rnorm(6L)[data$herd] + data$x * rnorm(6L)[data$herd] + rnorm(n)
  fit <- lmmfit(y ~ 1 + (1 + x | herd) + (1 | gr(id, pedigree = ped)), data,
    hold = c(herd.Intercept = 1, herd.Intercept.x = 0.3, herd.x = 0.8, id = 1.2, residual = 0.9))
  Z <- model.matrix(~ 0 + herd, data)
  S <- matrix(c(1, 0.3, 0.3, 0.8), 2L)
  herd <- S[1, 1] * tcrossprod(Z) + S[2, 2] * tcrossprod(Z * data$x) +
    S[1, 2] * (Z %*% t(Z * data$x) + (Z * data$x) %*% t(Z))
  A <- as.matrix(Amatrix(ped))[as.character(data$id), as.character(data$id)]
  V <- herd + 1.2 * A + 0.9 * diag(n)
  X <- matrix(1, n)
  inverse <- solve(V)
  P <- inverse - inverse %*% X %*% solve(t(X) %*% inverse %*% X, t(X) %*% inverse)
  found <- effective_dimensions(fit)
  expect_equal(found$term, c("fixed", "herd", "id", "residual"))
  expect_equal(found$effective, c(1, sum(P * herd), sum(P * 1.2 * A), 0.9 * sum(diag(P))),
    tolerance = 1e-7)
})

test_that("a variance of 0 has none, and least squares has the rank", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont, hold = c(Subject = 0))
  expect_equal(effective_dimensions(fit)$effective, c(2, 0, 106))
  expect_equal(effective_dimensions(lmmfit(dist ~ speed, cars))$effective, c(2, 48))
})
