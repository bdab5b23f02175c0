# Selection indices, against BLUP and its errors through V, and against what selection does to
# simulated candidates.

two_traits <- function() {
  lmmfit(cbind(birth, weaning) ~ trait * sex + us(0 + trait | gr(animal, pedigree =
    pedigree(flock))), lambs, residual = ~ us(trait | unit))
}
fit <- two_traits()

# u_hat and Var(u_hat - u) of all levels through V, coefficient within level.
dense_blup <- function(fit) {
  V <- as.matrix(mme(fit, form = "V")$V)
  X <- as.matrix(model.matrix(fit))
  Z <- as.matrix(fit_matrices(fit)$Z[[1]])
  W <- solve(V)
  P <- W - W %*% X %*% solve(crossprod(X, W %*% X), crossprod(X, W))
  G <- term_g(1, fit)
  list(u = as.vector(G %*% t(Z) %*% P %*% fit$frame[[1]]),
    pev = G - G %*% t(Z) %*% P %*% Z %*% G, G = G)
}

test_that("index, error and reliability are those of BLUP through V", {
  found <- selection_index(fit, c(birth = -2, weaning = 1))$index
  dense <- dense_blup(fit)
  levels <- fit$random[[1]]$levels
  L <- kronecker(diag(length(levels)), c(-2, 1))
  at <- match(levels, found$level)
  expect_equal(found$index[at], as.vector(crossprod(L, dense$u)), tolerance = 1e-7)
  pev <- diag(crossprod(L, dense$pev %*% L))
  expect_equal(found$se[at], sqrt(pev), tolerance = 1e-7)
  expect_equal(found$reliability[at], 1 - pev / diag(crossprod(L, dense$G %*% L)),
    tolerance = 1e-6)
  expect_identical(found$rank, rank(-found$index, ties.method = "min"))
  expect_equal(found$percentile[1], 100)
  expect_equal(min(found$percentile), 100 / nrow(found))
})

test_that("one coefficient needs no weights, and is reliability()", {
  one <- lmmfit(weaning ~ sex + (1 | gr(animal, pedigree = pedigree(flock))), lambs)
  # Rounding leaves what is known of some parents below zero, without a warning.
  expect_no_warning(found <- selection_index(one)$index)
  expected <- reliability(one)
  at <- match(found$level, expected$level)
  expect_equal(found$index, expected$estimate[at])
  expect_equal(found$se, expected$se[at])
  expect_equal(found$accuracy, expected$accuracy[at])
})

# u_hat ~ N(0, C), and u - u_hat has mean zero given it.
test_that("the expected response is that of simulated candidates", {
  C <- index_parts(fit, 1L, seq_len(fit$random[[1]]$n_levels),
    term_covariance(fit$random[[1]], 1L, fit$parameters))$C
  expect_equal(C, {
    dense <- dense_blup(fit)
    blocks <- lapply(seq_len(nrow(dense$G) / 2), function(i) {
      (dense$G - dense$pev)[2 * i - 1:0, 2 * i - 1:0]
    })
    Reduce(`+`, blocks) / length(blocks)
  }, ignore_attr = TRUE, tolerance = 1e-6)
  set.seed(1)
  u <- matrix(rnorm(2e6), ncol = 2) %*% chol(C)
  for (b in list(c(-2, 1), c(1, 0))) {
    I <- drop(u %*% b)
    best <- u[I >= quantile(I, 0.8), ]
    found <- selection_index(fit, stats::setNames(b, c("birth", "weaning")), selected = 0.2)
    expect_lt(max(abs(found$coefficients$response - colMeans(best)) /
      (apply(best, 2, sd) / sqrt(nrow(best)))), 4)
  }
})

test_that("restricted indices change nothing that they hold, and nothing gains more", {
  found <- selection_index(fit, c(weaning = 1), restrict = "birth")
  expect_equal(found$coefficients$response[1], 0, tolerance = 1e-10)
  C <- index_parts(fit, 1L, seq_len(fit$random[[1]]$n_levels),
    term_covariance(fit$random[[1]], 1L, fit$parameters))$C
  # Of b = (x, 1) or (x, -1) with a change of birth of zero.
  x <- -C[1, 2] / C[1, 1]
  expect_equal(found$coefficients$index, c(x, 1), tolerance = 1e-8)
  free <- selection_index(fit, c(weaning = 1))
  gain <- optimize(function(x) {
    b <- c(x, 1)
    (C %*% b)[2] / sqrt(sum(b * (C %*% b)))
  }, c(-20, 20), maximum = TRUE)
  expect_equal(free$coefficients$response[2], gain$objective * dnorm(qnorm(0.1)) / 0.1,
    tolerance = 1e-8)
})

test_that("desired gains are had in their proportions", {
  found <- selection_index(fit, gains = c(weaning = 2, birth = 0.1))
  expect_equal(found$coefficients$response[2] / found$coefficients$response[1], 20,
    tolerance = 1e-8)
  expect_true(all(is.na(found$coefficients$weight)))
  held <- selection_index(fit, gains = c(weaning = 1))
  restricted <- selection_index(fit, c(weaning = 1), restrict = "birth")
  expect_equal(held$coefficients$response, restricted$coefficients$response, tolerance = 1e-8)
  expect_identical(held$index$level, restricted$index$level)
})

test_that("a point of a curve is an index of its coefficients", {
  curve <- lmmfit(Reaction ~ Days + (Days | Subject), lme4::sleepstudy)
  found <- selection_index(curve, at = data.frame(Days = 7))
  expect_equal(found$coefficients$weight, c(1, 7))
  dense <- dense_blup(curve)
  L <- kronecker(diag(18), c(1, 7))
  at <- match(curve$random[[1]]$levels, found$index$level)
  expect_equal(found$index$index[at], as.vector(crossprod(L, dense$u)), tolerance = 1e-7)
  expect_equal(found$index$se[at], sqrt(diag(crossprod(L, dense$pev %*% L))), tolerance = 1e-7)
})

test_that("candidates are some levels", {
  some <- fit$random[[1]]$levels[c(3, 30, 60, 90)]
  found <- selection_index(fit, c(weaning = 1), candidates = some)
  all <- selection_index(fit, c(weaning = 1))
  expect_setequal(found$index$level, some)
  expect_equal(found$index$index, all$index$index[match(found$index$level, all$index$level)])
  expect_identical(found$index$rank, 1:4)
})

test_that("what is wrong is said", {
  expect_error(selection_index(fit), "numbers named by coefficients: birth, weaning")
  expect_error(selection_index(fit, c(birth = 1, wool = 2)), "no coefficient \"wool\"")
  expect_error(selection_index(fit, gains = c(wool = 2)), "`gains`.*no coefficient \"wool\"")
  expect_error(selection_index(fit, c(birth = 0, weaning = 0)), "other than 0")
  expect_error(selection_index(fit, c(1, 2)), "numbers named by coefficients")
  expect_error(selection_index(fit, c(birth = 1), gains = c(birth = 1)), "cannot be given together")
  expect_error(selection_index(fit, gains = c(birth = 1), restrict = "weaning"),
    "cannot be given together")
  expect_error(selection_index(fit, c(birth = 1), restrict = "weight"), "no coefficient \"weight\"")
  expect_error(selection_index(fit, c(birth = 1), restrict = c("birth", "weaning")), "not all")
  expect_error(selection_index(fit, c(birth = 1), candidates = c("R01", "X9")),
    "\"X9\" is not among")
  expect_error(selection_index(fit, c(birth = 1), candidates = "R01"), "at least two levels")
  expect_error(selection_index(fit, c(birth = 1), selected = 10), "between 0 and 1")
  expect_error(selection_index(fit, at = 7), "a data frame with one row")
  curve <- lmmfit(Reaction ~ Days + (Days | Subject), lme4::sleepstudy)
  expect_error(selection_index(curve, at = data.frame(days = 7)),
    "`at` has no column \"Days\".*Did you mean \"days\"")
  expect_error(selection_index(fit, c(birth = 1), term = "herd"), "no random term \"herd\"")
})

test_that("an index prints", {
  local_reproducible_output(width = 100)
  expect_snapshot(print(selection_index(fit, c(birth = -2, weaning = 1)), 3))
  expect_snapshot(print(selection_index(fit, gains = c(weaning = 1)), 2))
})
