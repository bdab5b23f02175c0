# Relationship matrices are matched to the data by name.

data <- data.frame(y = c(1, 3, 2, 5, 4, 7), line = rep(c("b", "a", "c"), 2))
K <- matrix(c(2, 1, 0, 0.5, 1, 2, 0, 0, 0, 0, 1, 0, 0.5, 0, 0, 1), 4)
dimnames(K) <- list(c("c", "unseen", "a", "b"), c("c", "unseen", "a", "b"))
random_of <- function(formula) model_design(parse_formula(formula, data), data)$random[[1]]

test_that("levels are those of the matrix, and records find theirs by name", {
  term <- random_of(y ~ (1 | gr(line, cov = K)))
  expect_identical(term$levels, rownames(K))
  expect_identical(term$incidence[[1]]$levels, match(data$line, rownames(K)))
  expect_equal(as.matrix(term$relationship$precision), solve(unname(K)), tolerance = 1e-12)
})

test_that("precision, dense or sparse, and a sparse covariance", {
  Q <- solve(K)
  dimnames(Q) <- dimnames(K)
  S <- Matrix::Matrix(K, sparse = TRUE)
  SQ <- Matrix::Matrix(Q, sparse = TRUE)
  formulas <- list(
    y ~ (1 | gr(line, precision = Q)), y ~ (1 | gr(line, cov = S)),
    y ~ (1 | gr(line, precision = SQ))
  )
  for (term in lapply(formulas, random_of)) {
    expect_s4_class(term$relationship$precision, "dgCMatrix")
    expect_equal(as.matrix(term$relationship$precision), unname(Q), tolerance = 1e-12)
  }
})

test_that("large whole numbers are the same level as integer, double and text", {
  data <- data.frame(y = c(1, 3, 2, 5, 4, 7), line = rep(c(1e5, 2e5, 123456), 2))
  K <- diag(c(2, 1, 3))
  dimnames(K) <- list(data$line[1:3], data$line[1:3])
  ped <- pedigree(data.frame(id = c(100000L, 200000L, 123456L), sire = NA, dam = NA))
  values <- list(data$line, as.integer(data$line), factor(as.integer(data$line)))
  for (line in values) {
    data$line <- line
    for (formula in list(y ~ (1 | gr(line, cov = K)), y ~ (1 | gr(line, pedigree = ped)))) {
      term <- model_design(parse_formula(formula, data), data)$random[[1]]
      expect_identical(term$levels, c("100000", "200000", "123456"))
      expect_identical(term$incidence[[1]]$levels, rep(1:3, 2))
    }
  }
})

test_that("matrices that cannot be used are refused", {
  unnamed <- unname(K)
  rectangular <- K[1:3, ]
  skew <- K
  skew[1, 2] <- 5
  missing <- K[-1, -1]
  gap <- K
  gap[2, 2] <- NA
  indefinite <- K
  indefinite[1, 2] <- indefinite[2, 1] <- 9
  twice <- K
  dimnames(twice) <- list(c("a", "a", "b", "c"), c("a", "a", "b", "c"))
  for (bad in list(unnamed, rectangular, skew, missing, gap, indefinite, twice, "K")) {
    expect_error(random_of(y ~ (1 | gr(line, cov = bad))), class = "henderson_error_relationship")
  }
  wrong <- list(
    y ~ (1 | gr(line, cov = no_such)), y ~ (1 | gr(line)),
    y ~ (1 | gr(line, cov = K, precision = K)),
    y ~ (1 | gr(line, covariance = K))
  )
  for (formula in wrong) {
    expect_error(random_of(formula), class = "henderson_error_relationship")
  }
  expect_error(random_of(y ~ (1 | gr(line, cov = K):y)), class = "henderson_error_bar")
  expect_error(gr(line, cov = K), class = "henderson_error_relationship")
  expect_error(random_of(y ~ (1 | gr(line, pedigree = K))), class = "henderson_error_relationship")
  expect_snapshot(error = TRUE, {
    random_of(y ~ (1 | gr(line, cov = missing)))
    random_of(y ~ (1 | gr(line, cov = unnamed)))
    random_of(y ~ (1 | gr(line)))
  })
})

test_that("a dense relationship of several hundred levels agrees with the dense form through V", {
  set.seed(1)
  n <- 320
  markers <- matrix(rnorm(n * 50), n)
  relationship <- tcrossprod(markers) / 50 + diag(n)
  dimnames(relationship) <- list(seq_len(n), seq_len(n))
  data <- data.frame(line = factor(seq_len(n)))
  data$y <- drop(crossprod(chol(relationship), rnorm(n))) + rnorm(n)
  fit <- lmmfit(y ~ 1 + (1 | gr(line, cov = relationship)), data)
  # -2 log-likelihood of REML from its definition, at and beside the estimates.
  minus2loglik <- function(values) {
    v <- values[1] * relationship + values[2] * diag(n)
    solved <- solve(v, cbind(1, data$y))
    information <- sum(solved[, 1])
    quadratic <- sum(data$y * solved[, 2]) - sum(solved[, 2])^2 / information
    (n - 1) * log(2 * pi) + c(determinant(v)$modulus) + log(information) + quadratic
  }
  estimate <- varcomp(fit)$estimate
  expect_equal(c(-2 * logLik(fit)), minus2loglik(estimate), tolerance = 1e-10)
  for (factor in c(0.97, 1.03)) {
    expect_gt(minus2loglik(estimate * c(factor, 1)), minus2loglik(estimate))
    expect_gt(minus2loglik(estimate * c(1, factor)), minus2loglik(estimate))
  }
})

test_that("matrices that are not symmetric, not finite or not numeric are refused", {
  data <- nlme::Oats
  K <- diag(6)
  dimnames(K) <- list(levels(data$Block), levels(data$Block))
  fit <- function(K) lmmfit(yield ~ nitro + (1 | gr(Block, cov = K)), data)
  lopsided <- K
  lopsided[1, 2] <- 0.3
  expect_error(fit(lopsided), "not symmetric")
  expect_error(fit(Matrix::Matrix(lopsided, sparse = TRUE)), "not symmetric")
  infinite <- K
  infinite[1, 2] <- infinite[2, 1] <- Inf
  expect_error(fit(infinite), "numeric and finite")
  expect_error(fit(array(as.character(K), dim(K), dimnames(K))), "numeric and finite")
  expect_silent(fit(array(as.integer(K), dim(K), dimnames(K))))
})

# An augmented trial: 20 lines once, 2 checks in each of 4 blocks, which G does not have.
test_that("checks that a relationship lacks: the error names both ways, and both are right", {
  set.seed(5)
  M <- matrix(stats::rbinom(20 * 50, 2, 0.4), 20, dimnames = list(paste0("l", 1:20), NULL))
  G <- grm(M) + diag(0.05, 20)
  trial <- data.frame(line = c(paste0("l", 1:20), rep(c("c1", "c2"), 4)),
    block = factor(c(rep(1:4, each = 5), rep(1:4, each = 2))))
  trial$y <- stats::rnorm(28, 10) + as.integer(trial$block) / 2
  held <- c(line = 0.7, block = 0.2, residual = 0.9)
  expect_error(lmmfit(y ~ 1 + (1 | gr(line, cov = G)) + (1 | block), trial),
    "\"c1\" and \"c2\".*Add their rows.*na_random = \"zero\".*~ check",
    class = "henderson_error_relationship")
  is_check <- trial$line %in% c("c1", "c2")
  trial$check <- ifelse(is_check, trial$line, "line")
  trial$entry <- ifelse(is_check, NA, trial$line)
  through_v <- function(Z, K, X) {
    V <- 0.7 * Z %*% K %*% t(Z) + 0.2 * outer(trial$block, trial$block, "==") + diag(0.9, 28)
    inverse <- solve(V)
    b <- solve(t(X) %*% inverse %*% X, t(X) %*% inverse %*% trial$y)
    list(b = c(b), u = c(0.7 * K %*% t(Z) %*% inverse %*% (trial$y - X %*% b)))
  }
  fixed <- lmmfit(y ~ 0 + check + (1 | gr(entry, cov = G)) + (1 | block), trial,
    na_random = "zero", hold = stats::setNames(held, c("entry", "block", "residual")))
  lines <- rownames(G)
  expected <- through_v(1 * outer(trial$line, lines, "=="), G,
    1 * outer(trial$check, c("c1", "c2", "line"), "=="))
  expect_identical(nobs(fixed), 28L)
  expect_equal(unname(fixef(fixed)), expected$b, tolerance = 1e-9)
  expect_equal(ranef(fixed)$entry[lines, 1L], expected$u, tolerance = 1e-8)
  all <- c(lines, "c1", "c2")
  K <- diag(mean(diag(G)), 22)
  K[1:20, 1:20] <- G
  dimnames(K) <- list(all, all)
  random <- lmmfit(y ~ 1 + (1 | gr(line, cov = K)) + (1 | block), trial, hold = held)
  expected <- through_v(1 * outer(trial$line, all, "=="), K, matrix(1, 28))
  expect_equal(ranef(random)$line[all, 1L], expected$u, tolerance = 1e-8)
})

test_that("why a matrix has no value is said: what is not there, or the error in making it", {
  d <- data.frame(line = c("a", "b", "c"), y = c(1, 3, 2))
  bad <- matrix(c(0, 1, 2, 1, 3, 0), 3, dimnames = list(d$line, NULL))
  refused <- function(formula, text, class = "henderson_error_relationship") {
    environment(formula) <- environment()
    expect_error(lmmfit(formula, d), text, class = class)
  }
  refused(y ~ 1 + (1 | gr(line, cov = none)), "`none` was not found")
  refused(y ~ 1 + (1 | gr(line, cov = none + solve(never))), "`none` and `never` were not found")
  refused(y ~ 1 + (1 | gr(line, cov = nothing(bad))), "could not find function")
  refused(y ~ 1 + (1 | gr(line, cov = grm(bad))), "row b, column 2 has 3", "henderson_error_grm")
  refused(y ~ 1 + snp(bad | line), "row b, column 2 has 3", "henderson_error_grm")
})
