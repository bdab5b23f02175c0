# Singular relationships are used as they are, compared with V, which needs no inverse of K.

set.seed(1)
n <- 24L
lines <- sprintf("l%02d", seq_len(n))
markers <- matrix(stats::rbinom(n * 60, 2, 0.4), n, dimnames = list(lines, NULL))
clones <- markers
clones[c(5, 9), ] <- clones[c(1, 1), ]
few <- markers[, 1:10]
kinds <- list(
  centred = grm(markers), clones = tcrossprod(clones) / 60, fewer = grm(few)
)
data <- data.frame(line = rep(sample(lines), 3), x = stats::rnorm(3 * n))
data$y <- drop(markers[data$line, 1:10] %*% stats::rnorm(10)) / 2 + data$x + stats::rnorm(3 * n)

# -2l of REML, BLUP and prediction error covariance through V.
through_v <- function(Z, G, X, y, residual) {
  V <- Z %*% G %*% t(Z) + diag(residual, length(y))
  inverse <- solve(V)
  XVX <- t(X) %*% inverse %*% X
  P <- inverse - inverse %*% X %*% solve(XVX, t(X) %*% inverse)
  list(
    minus2 = (length(y) - ncol(X)) * log(2 * pi) + c(determinant(V)$modulus) +
      c(determinant(XVX)$modulus) + c(t(y) %*% P %*% y),
    blup = drop(G %*% t(Z) %*% P %*% y), pev = G - G %*% t(Z) %*% P %*% Z %*% G
  )
}
Z <- 1 * outer(data$line, lines, "==")
X <- cbind(1, data$x)

test_that("estimates, BLUP, PEV and reliability of every level", {
  ranks <- c(centred = 23L, clones = 22L, fewer = 10L)
  for (kind in names(kinds)) {
    K <- unclass(kinds[[kind]])[lines, lines]
    fit <- lmmfit(y ~ x + (1 | gr(line, cov = K)), data)
    expect_identical(nrow(fit$random[[1]]$relationship$precision), ranks[[kind]])
    v <- varcomp(fit)$estimate
    expected <- through_v(Z, v[1] * K, X, data$y, v[2])
    expect_equal(c(-2 * logLik(fit)), expected$minus2, tolerance = 1e-9)
    found <- reliability(fit)
    expect_identical(found$level, lines)
    expect_equal(found$estimate, unname(expected$blup), tolerance = 1e-7)
    expect_equal(found$pev, unname(diag(expected$pev)), tolerance = 1e-7)
    expect_equal(found$reliability, unname(1 - diag(expected$pev) / (v[1] * diag(K))),
      tolerance = 1e-7)
    # A maximum: the likelihood through V falls on both sides.
    for (factor in c(0.95, 1.05)) {
      beside <- through_v(Z, factor * v[1] * K, X, data$y, v[2])$minus2
      expect_gt(beside, expected$minus2)
    }
    contrast <- blup_contrasts(fit, list(lines[c(1, 5)], lines[c(24, 2)]))
    k <- rbind(lines == lines[1], lines == lines[24]) - rbind(lines == lines[5], lines == lines[2])
    expect_equal(contrast$se, sqrt(pmax(diag(k %*% expected$pev %*% t(k)), 0)), tolerance = 1e-6)
    expect_equal(unname(mme(fit, form = "V")$blup), found$estimate, tolerance = 1e-7)
    # The equations with rows multiplied by G: BLUP and PEV from the oracle above.
    equations <- mme(fit)
    block <- equations$blocks$line
    M <- as.matrix(equations$coefficient)
    expect_equal(unname(solve(M, equations$rhs)[block]), unname(expected$blup), tolerance = 1e-7)
    errors <- solve(M, as.matrix(equations$multiplier))[block, block]
    expect_equal(unname(errors), unname(expected$pev), tolerance = 1e-7)
    expect_equal(predict(fit, data), fitted(fit))
    expect_equal(unname(record_sd(fit, "marginal")), unname(sqrt(diag(Z %*% K %*% t(Z)) * v[1] +
      v[2])), tolerance = 1e-8)
  }
})

test_that("two coefficients over a singular relationship", {
  K <- unclass(kinds$clones)[lines, lines]
  hold <- c(line.Intercept = 2, line.Intercept.x = -0.4, line.x = 0.5, residual = 1)
  fit <- lmmfit(y ~ x + (1 + x | gr(line, cov = K)), data, hold = hold)
  Z2 <- matrix(0, nrow(Z), 2 * n)
  Z2[, seq(1, 2 * n, 2)] <- Z
  Z2[, seq(2, 2 * n, 2)] <- Z * data$x
  expected <- through_v(Z2, kronecker(K, matrix(c(2, -0.4, -0.4, 0.5), 2)), X, data$y, 1)
  found <- reliability(fit)
  order <- c(seq(1, 2 * n, 2), seq(2, 2 * n, 2))
  expect_equal(found$estimate, unname(expected$blup[order]), tolerance = 1e-7)
  expect_equal(found$pev, unname(diag(expected$pev)[order]), tolerance = 1e-7)
  both <- attr(ranef(fit, se = TRUE)[[1]], "pev")
  expect_equal(both[1, 2, ], expected$pev[cbind(seq(1, 2 * n, 2), seq(2, 2 * n, 2))],
    tolerance = 1e-7)
})

test_that("draws have the covariance of the levels", {
  K <- unclass(kinds$fewer)[lines, lines]
  fit <- lmmfit(y ~ x + (1 | gr(line, cov = K)), data, hold = c(line = 1))
  set.seed(2)
  draws <- draw_effects(fit, 1L, 20000)
  expect_equal(stats::cov(t(draws)), unname(K), tolerance = 0.03)
})

# The rows of G sum to zero; of 900 lines rounding of its entries adds up to 1e-9, and an inverse
# that takes it for a variance has no digits.
test_that("of many lines the rounding of G is no variance: -2l and PEV through V", {
  set.seed(3)
  M <- vapply(stats::runif(1800, 0.05, 0.5), function(p) stats::rbinom(900, 2, p),
    integer(900))
  rownames(M) <- paste0("l", 1:900)
  G <- grm(M)
  seen <- data.frame(line = rownames(M)[91:900])
  seen$y <- stats::rnorm(810) + drop(scale(M[seen$line, 1:20]) %*% stats::rnorm(20)) / 4
  fit <- lmmfit(y ~ 1 + (1 | gr(line, cov = G)), seen, hold = c(line = 0.5, residual = 0.9))
  expect_identical(nrow(fit$random[[1]]$relationship$precision), 899L)
  own <- unclass(G)[seen$line, seen$line]
  root <- chol(0.5 * own + diag(0.9, 810))
  half <- backsolve(root, cbind(1, seen$y), transpose = TRUE)
  squares <- crossprod(half)
  expect_equal(-2 * c(logLik(fit)), 809 * log(2 * pi) + 2 * sum(log(diag(root))) +
    log(squares[1, 1]) + squares[2, 2] - squares[1, 2]^2 / squares[1, 1], tolerance = 1e-11)
  # Of some lines with and without records: 0.5 K_ii - c'P c, c their covariances with the records.
  at <- paste0("l", c(1, 90, 91, 500, 900))
  covariance <- backsolve(root, 0.5 * unclass(G)[seen$line, at], transpose = TRUE)
  through_mean <- crossprod(half[, 1], covariance)^2 / squares[1, 1]
  found <- reliability(fit)
  expect_equal(found$pev[match(at, found$level)],
    unname(0.5 * diag(G)[at] - colSums(covariance^2) + through_mean[1, ]), tolerance = 1e-9)
})

# Of a block of rank one rounding leaves a pivot of 1e-17, of either sign.
test_that("a sparse matrix that is definite by rounding alone is singular", {
  set.seed(6)
  for (i in 1:20) {
    K <- Matrix::bdiag(tcrossprod(stats::runif(2, 0.1, 1)), diag(2))
    dimnames(K) <- list(letters[1:4], letters[1:4])
    expect_identical(nrow(covariance_spec(K, "K")$precision), 3L)
  }
  # Clones of animals of a pedigree, as a sparse matrix.
  family <- pedigree(data.frame(id = 1:200, sire = c(rep(0, 50), sample(25, 150, TRUE)),
    dam = c(rep(0, 50), sample(26:50, 150, TRUE))))
  twice <- c(1:200, 101:130)
  A <- as.matrix(Amatrix(family))[twice, twice]
  dimnames(A) <- list(1:230, 1:230)
  sparse <- Matrix::Matrix(A, sparse = TRUE)
  seen <- data.frame(animal = sample(230, 150))
  seen$y <- stats::rnorm(150)
  fit <- lmmfit(y ~ 1 + (1 | gr(animal, cov = sparse)), seen, hold = c(animal = 0.6, residual = 1))
  own <- unname(A[seen$animal, seen$animal])
  expected <- through_v(diag(150), 0.6 * own, matrix(1, 150), seen$y, 1)
  expect_equal(c(-2 * logLik(fit)), expected$minus2, tolerance = 1e-11)
  expect_equal(ranef(fit)$animal[as.character(seen$animal), 1L], expected$blup, tolerance = 1e-8)
})

test_that("an indefinite matrix is refused", {
  K <- unclass(kinds$clones)[lines, lines]
  K[1, 2] <- K[2, 1] <- 9
  expect_error(lmmfit(y ~ x + (1 | gr(line, cov = K)), data),
    class = "henderson_error_relationship")
})
