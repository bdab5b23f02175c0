# Records that meet several levels of one group.

set.seed(1)
lines <- letters[1:7]
diallel <- expand.grid(p1 = lines, p2 = lines)[-(5:9), ]
gca <- stats::rnorm(7)
diallel$x <- stats::rnorm(nrow(diallel))
diallel$w1 <- stats::runif(nrow(diallel))
diallel$w2 <- 1 - diallel$w1
diallel$y <- gca[diallel$p1] + gca[diallel$p2] + stats::rnorm(nrow(diallel))

incidence <- function(f, levels) 1 * outer(as.character(f), levels, "==")

# REML by its definition through V, at the estimates; and the equations of mme() through V.
expect_dense_answer <- function(fit, Z, G) {
  X <- as.matrix(model.matrix(fit))
  y <- stats::model.response(model.frame(fit))
  V <- Z %*% G %*% t(Z) + diag(utils::tail(varcomp(fit)$estimate, 1L), length(y))
  inverse <- solve(V)
  XVX <- t(X) %*% inverse %*% X
  b <- solve(XVX, t(X) %*% inverse %*% y)
  e <- y - X %*% b
  minus2 <- (length(y) - ncol(X)) * log(2 * pi) + determinant(V)$modulus +
    determinant(XVX)$modulus + t(e) %*% inverse %*% e
  expect_equal(-2 * c(logLik(fit)), c(minus2), tolerance = 1e-9)
  u <- unlist(lapply(fit$random, function(term) as.vector(term$effects)))
  expect_equal(u, as.vector(G %*% t(Z) %*% inverse %*% e), tolerance = 1e-6)
  expect_equal(as.matrix(model.matrix(fit, type = "random")), Z, ignore_attr = TRUE)
  expect_equal(unname(mme(fit, form = "V")$blup), u, tolerance = 1e-6)
  expect_equal(unname(record_sd(fit, "marginal")), sqrt(diag(V)), tolerance = 1e-9)
}

test_that("mm() adds up the effects of its levels, selfs included", {
  fit <- lmmfit(y ~ x + (1 | mm(p1, p2)), diallel)
  expect_identical(varcomp(fit)$parameter, c("p1.p2", "residual"))
  Z <- incidence(diallel$p1, lines) + incidence(diallel$p2, lines)
  expect_dense_answer(fit, Z, varcomp(fit)$estimate[1] * diag(7))
  expect_equal(predict(fit, diallel), fitted(fit))
  new <- data.frame(x = 0, p1 = "a", p2 = "b")
  u <- ranef(fit)[[1]][["(Intercept)"]]
  expect_equal(unname(predict(fit, new)), fixef(fit)[[1]] + u[1] + u[2])
  expect_gt(predict(fit, new, se = TRUE)$se.fit, 0)
  new <- data.frame(x = 0, p1 = c("z", "z", "z"), p2 = c("b", "z", "y"))
  expect_error(predict(fit, new), "allow_new_levels", class = "henderson_error_new_level")
  found <- predict(fit, new, allow_new_levels = TRUE, se = TRUE)
  # A new parent has effect 0 and variance sigma2: once, twice (a self: 4 sigma2), two independent.
  sigma2 <- varcomp(fit)$estimate[1]
  expect_equal(unname(found$fit), fixef(fit)[[1]] + c(u[2], 0, 0))
  expect_equal(unname(found$se.fit[2:3]^2), vcov(fit)[1, 1] + c(4, 2) * sigma2)
  known <- c(1, 0, replace(numeric(7), 2, 1))
  expect_equal(unname(found$se.fit[1]^2), sigma2 +
    drop(known %*% solve(as.matrix(mme(fit)$coefficient), known)))
  draws <- as.matrix(simulate(fit, 4000, seed = 1))
  expect_equal(stats::cov(t(draws))[1, 2],
    (Z %*% t(Z))[1, 2] * varcomp(fit)$estimate[1], tolerance = 0.1)
})

test_that("weights of mm(), and a relationship of its levels", {
  K <- 0.5^abs(outer(1:7, 1:7, "-"))
  dimnames(K) <- list(lines, lines)
  fit <- lmmfit(y ~ x + (1 | mm(p1, p2, weights = cbind(w1, w2), cov = K)), diallel)
  Z <- diallel$w1 * incidence(diallel$p1, lines) + diallel$w2 * incidence(diallel$p2, lines)
  expect_dense_answer(fit, Z, varcomp(fit)$estimate[1] * K)
  expect_equal(predict(fit, diallel), fitted(fit))
  fit <- lmmfit(y ~ x + (1 | mm(p1, p2, weights = c(1, -1))), diallel, hold = c(p1.p2 = 2))
  Z <- incidence(diallel$p1, lines) - incidence(diallel$p2, lines)
  expect_dense_answer(fit, Z, 2 * diag(7))
})

test_that("roles have coefficients of their own with a covariance", {
  K <- 0.5^abs(outer(1:7, 1:7, "-"))
  dimnames(K) <- list(lines, lines)
  hold <- c(p1.direct = 2, p1.direct.maternal = -0.5, p1.maternal = 1)
  fit <- lmmfit(y ~ x + us(1 | gr(direct = p1, maternal = p2, cov = K)), diallel, hold = hold)
  expect_identical(varcomp(fit)$parameter, c(names(hold), "residual"))
  Z <- matrix(0, nrow(diallel), 14)
  Z[, seq(1, 13, 2)] <- incidence(diallel$p1, lines)
  Z[, seq(2, 14, 2)] <- incidence(diallel$p2, lines)
  expect_dense_answer(fit, Z, kronecker(K, matrix(c(2, -0.5, -0.5, 1), 2)))
  expect_equal(predict(fit, diallel), fitted(fit))
  expect_identical(names(ranef(fit)[[1]]), c("direct", "maternal"))
  slopes <- lmmfit(y ~ x + diag(1 + x | gr(direct = p1, maternal = p2)), diallel,
    hold = c(p1.direct.x = 1))
  expect_identical(slopes$random[[1]]$coef_names,
    c("direct.(Intercept)", "direct.x", "maternal.(Intercept)", "maternal.x"))
})

test_that("what cannot be used is refused", {
  wrong <- list(
    y ~ (1 | mm(p1)), y ~ (1 | mm(p1, p2, weight = 1)), y ~ (1 | mm(p1, p2, weights = c(1, 2, 3))),
    y ~ (1 | mm(p1, p2, weights = x)), y ~ (1 | gr(direct = p1)),
    y ~ (1 | gr(p1, maternal = p2)), y ~ (1 | mm(p1, p2, cov = no_such))
  )
  for (formula in wrong) {
    expect_error(lmmfit(formula, diallel), class = "henderson_error_relationship")
  }
  expect_error(lmmfit(y ~ (1 | x:mm(p1, p2)), diallel), class = "henderson_error_bar")
  expect_error(mm(p1, p2), class = "henderson_error_relationship")
})

test_that("new levels of roles have the covariance of their term", {
  fit <- lmmfit(y ~ x + (1 | gr(direct = p1, social = p2)), diallel,
    hold = c(p1.direct = 2, p1.social = 1, p1.direct.social = 0.5))
  new <- data.frame(x = 0, p1 = c("z", "z", "a"), p2 = c("z", "y", "z"))
  found <- predict(fit, new, allow_new_levels = TRUE, se = TRUE)
  expect_equal(unname(found$fit), fixef(fit)[[1]] + c(0, 0, ranef(fit)[[1]]["a", "direct"]))
  # The same animal in both roles: 2 + 1 + 2 * 0.5; different ones: 2 + 1.
  expect_equal(unname(found$se.fit[1:2]^2), vcov(fit)[1, 1] + c(4, 3))
})

test_that("a matrix of columns is the same in new data, and each column has its name", {
  set.seed(2)
  d <- data.frame(x = stats::rnorm(30))
  d$M <- matrix(stats::rnorm(30 * 8), 30, dimnames = list(NULL, paste0("snp", 1:8)))
  d$y <- d$x + drop(d$M %*% stats::rnorm(8)) + stats::rnorm(30)
  fit <- lmmfit(y ~ x + (1 | mm(M)), d)
  turned <- d[3:6, ]
  turned$M <- turned$M[, 8:1]
  expect_equal(predict(fit, turned), predict(fit)[3:6])
  fewer <- d[3:6, ]
  fewer$M <- fewer$M[, -8]
  for (new in c(FALSE, TRUE)) {
    expect_error(predict(fit, fewer, allow_new_levels = new), "lacks the column \"snp8\"",
      class = "henderson_error_new_level")
  }
  colnames(d$M)[2L] <- "snp1"
  expect_error(lmmfit(y ~ x + (1 | mm(M)), d), "different names",
    class = "henderson_error_relationship")
  d$M <- d$M[, 0L]
  expect_error(lmmfit(y ~ x + (1 | mm(M)), d), "must have columns",
    class = "henderson_error_relationship")
})

test_that("a missing level is a level less, and a matrix has zeros, related levels included", {
  K <- 0.5^abs(outer(1:7, 1:7, "-"))
  dimnames(K) <- list(lines, lines)
  uneven <- diallel
  uneven$p2[c(1, 9)] <- NA
  uneven$p1[9] <- NA
  expect_message(fit <- lmmfit(y ~ x + (1 | mm(p1, p2, cov = K)), uneven,
    hold = c(p1.p2 = 2)), "2 of 44 records have fewer than 2 levels, 1 of them none")
  present <- function(f) {
    Z <- incidence(f, lines)
    replace(Z, is.na(Z), 0)
  }
  Z <- present(uneven$p1) + present(uneven$p2)
  expect_dense_answer(fit, Z, 2 * K)
  expect_equal(predict(fit, uneven), fitted(fit))
  expect_identical(nobs(suppressMessages(lmmfit(y ~ x + (1 | mm(p1, p2)) + (1 | p2), uneven,
    hold = c(p1.p2 = 2, p2 = 1)))), 42L)
  # Parents 1 and 2 have no records: the pedigree has more levels than the matrix has columns.
  ped <- pedigree(data.frame(id = letters[1:7], sire = "1", dam = "2"))
  uneven$Z <- Z
  colnames(uneven$Z) <- lines
  fit <- lmmfit(y ~ x + (1 | mm(Z, pedigree = ped)), uneven, hold = c(Z = 2))
  same <- suppressMessages(lmmfit(y ~ x + (1 | mm(p1, p2, pedigree = ped)), uneven,
    hold = c(p1.p2 = 2)))
  expect_identical(nobs(fit), 44L)
  expect_equal(logLik(fit), logLik(same))
  expect_equal(predict(fit, uneven), fitted(same))
  # gr() takes the sum as its factor.
  expect_equal(logLik(suppressMessages(lmmfit(y ~ x + (1 | gr(mm(p1, p2), pedigree = ped)), uneven,
    hold = c(p1.p2 = 2)))), logLik(same))
})
