# Direct and social effects of the same animals, with their covariance (Muir 2005; Bijma, Muir & Van
# Arendonk 2007), against V made densely from incidences and relationships that the package has no
# part in: the tabular method of Emik & Terrill (1949).

tabular <- function(sire, dam) {
  n <- length(sire)
  A <- diag(n)
  for (i in seq_len(n)) {
    parents <- c(sire[i], dam[i])
    parents <- parents[parents > 0]
    for (j in seq_len(i - 1L)) A[i, j] <- A[j, i] <- sum(A[parents, j]) / 2
    if (length(parents) == 2L) A[i, i] <- 1 + A[parents[1L], parents[2L]] / 2
  }
  A
}

set.seed(41)
family <- data.frame(id = 1:48, sire = c(rep(0, 12), rep(1:6, 6)),
  dam = c(rep(0, 12), rep(7:12, 6)[sample(36)]))
A <- tabular(family$sire, family$dam)
ped <- pedigree(family)
pens <- data.frame(an = 13:48, pen = factor(rep(1:12, each = 3)), dam = family$dam[13:48])
pens[c("m1", "m2")] <- t(sapply(1:36, function(i) {
  pens$an[pens$pen == pens$pen[i] & pens$an != pens$an[i]]
}))
pens$w1 <- runif(36)
pens$w2 <- runif(36)
pens$y <- rnorm(36, 10, 2)
# A pen of two, and one animal alone.
uneven <- pens
uneven$m2[c(1, 2)] <- NA
uneven[6, c("m1", "m2")] <- NA

met <- function(x, weight = 1) {
  Z <- outer(x, 1:48, "==") * weight
  Z[is.na(Z)] <- 0
  Z
}

# -2l by REML and BLUP of independent definitions: Z has the columns of each role, G0 their
# covariance, `more` the rest of V without the residual.
expect_dense <- function(fit, Z, G0, K, more, residual) {
  y <- fit$frame[[1L]]
  n <- length(y)
  wide <- do.call(cbind, Z)
  G <- kronecker(G0, K)
  V <- wide %*% G %*% t(wide) + more + residual * diag(n)
  inverse <- solve(V)
  b <- sum(inverse %*% y) / sum(inverse)
  e <- y - b
  minus2 <- (n - 1) * log(2 * pi) + determinant(V)$modulus + log(sum(inverse)) +
    sum(e * (inverse %*% e))
  expect_equal(-2 * c(logLik(fit)), c(minus2), tolerance = 1e-10)
  expect_equal(unname(fixef(fit)), b, tolerance = 1e-9)
  u <- matrix(G %*% t(wide) %*% inverse %*% e, nrow(K))
  found <- as.matrix(ranef(fit)$an)[as.character(1:48), ]
  expect_equal(unname(found), u, tolerance = 1e-8)
  # PEV of the direct effect: C^uu = G - G Z'PZ G.
  P <- inverse - inverse %*% matrix(1, n, n) %*% inverse / sum(inverse)
  pev <- diag(G - G %*% t(wide) %*% P %*% wide %*% G)
  own <- attr(ranef(fit, se = TRUE)$an, "se")[as.character(1:48), ]
  expect_equal(unlist(own, use.names = FALSE)^2, pev, tolerance = 1e-8)
}

values <- c(an.direct = 1.2, an.direct.social = -0.2, an.social = 0.3, pen = 0.2, residual = 1.5)
G0 <- matrix(c(1.2, -0.2, -0.2, 0.3), 2)
same_pen <- 0.2 * outer(pens$pen, pens$pen, "==")

test_that("direct and social effects through a pedigree, a covariance and a precision", {
  rownames(A) <- colnames(A) <- 1:48
  precision <- solve(A)
  Z <- list(met(pens$an), met(pens$m1) + met(pens$m2))
  for (formula in c(
    y ~ 1 + (1 | gr(direct = an, social = mm(m1, m2), pedigree = ped)) + (1 | pen),
    y ~ 1 + (1 | gr(direct = an, social = mm(m1, m2), cov = A)) + (1 | pen),
    y ~ 1 + (1 | gr(direct = an, social = mm(m1, m2), precision = precision)) + (1 | pen))) {
    environment(formula) <- environment()
    fit <- lmmfit(formula, pens, hold = values)
    expect_identical(varcomp(fit)$parameter, names(values))
    expect_dense(fit, Z, G0, unname(A), same_pen, 1.5)
  }
})

test_that("weights, unequal numbers and unknown mates", {
  fit <- lmmfit(y ~ 1 + (1 | gr(direct = an, social = mm(m1, m2, weights = cbind(w1, w2)),
    pedigree = ped)) + (1 | pen), pens, hold = values)
  expect_dense(fit, list(met(pens$an), met(pens$m1, pens$w1) + met(pens$m2, pens$w2)), G0, A,
    same_pen, 1.5)
  expect_message(fit <- lmmfit(y ~ 1 + (1 | gr(direct = an, social = mm(m1, m2),
    pedigree = ped)) + (1 | pen), uneven, hold = values),
  "`mm(m1, m2)`: 3 of 36 records have fewer than 2 levels, 1 of them none", fixed = TRUE,
  class = "henderson_message_absent")
  expect_identical(nobs(fit), 36L)
  Z <- list(met(uneven$an), met(uneven$m1) + met(uneven$m2))
  expect_dense(fit, Z, G0, A, same_pen, 1.5)
  expect_equal(predict(fit, uneven), fitted(fit))
  # The same with a code of an unknown animal, and a weight by group size that is missing there.
  coded <- transform(uneven, m1 = ifelse(is.na(m1), 0, m1), m2 = ifelse(is.na(m2), 0, m2))
  again <- suppressMessages(lmmfit(y ~ 1 + (1 | gr(direct = an, social = mm(m1, m2),
    pedigree = ped)) + (1 | pen), coded, hold = values))
  expect_equal(logLik(again), logLik(fit))
  expect_equal(predict(again, coded), fitted(fit))
  uneven$size <- 1 / rowSums(!is.na(uneven[c("m1", "m2")]))
  uneven$first <- ifelse(is.na(uneven$m1), NA, uneven$size)
  uneven$second <- ifelse(is.na(uneven$m2), NA, uneven$size)
  fit <- suppressMessages(lmmfit(y ~ 1 + (1 | gr(direct = an,
    social = mm(m1, m2, weights = cbind(first, second)), pedigree = ped)) + (1 | pen), uneven,
    hold = values))
  size <- ifelse(is.finite(uneven$size), uneven$size, 0)
  expect_dense(fit, list(met(uneven$an), met(uneven$m1, size) + met(uneven$m2, size)), G0, A,
    same_pen, 1.5)
  expect_equal(predict(fit, uneven), fitted(fit))
})

test_that("three roles, and mates as a matrix of incidence", {
  held <- c(an.direct = 1, an.direct.maternal = 0.1, an.maternal = 0.5, an.direct.social = -0.2,
    an.maternal.social = 0.05, an.social = 0.3, residual = 1)
  fit <- lmmfit(y ~ 1 + (1 | gr(direct = an, maternal = dam, social = mm(m1, m2),
    pedigree = ped)), pens, hold = held)
  expect_setequal(varcomp(fit)$parameter, names(held))
  expect_identical(names(ranef(fit)$an), c("direct", "maternal", "social"))
  G0 <- matrix(c(1, 0.1, -0.2, 0.1, 0.5, 0.05, -0.2, 0.05, 0.3), 3)
  expect_dense(fit, list(met(pens$an), met(pens$dam), met(pens$m1) + met(pens$m2)), G0, A, 0, 1)
  mates <- (met(pens$m1) + met(pens$m2))[, 13:48]
  colnames(mates) <- 13:48
  pens$mates <- mates
  fit <- lmmfit(y ~ 1 + (1 | gr(direct = an, social = mm(mates), pedigree = ped)) + (1 | pen),
    pens, hold = values)
  expect_dense(fit, list(met(pens$an), met(pens$m1) + met(pens$m2)),
    matrix(c(1.2, -0.2, -0.2, 0.3), 2), A, same_pen, 1.5)
  expect_equal(predict(fit, pens), fitted(fit))
  lost <- pens
  lost$mates <- mates[, -1]
  expect_error(predict(fit, lost), "lacks the column", class = "henderson_error_new_level")
})

test_that("the estimates are the maximum of the dense likelihood", {
  fit <- lmmfit(y ~ 1 + (1 | gr(direct = an, social = mm(m1, m2), pedigree = ped)), pens)
  wide <- cbind(met(pens$an), met(pens$m1) + met(pens$m2))
  minus2 <- function(p) {
    L <- matrix(c(p[1], p[2], 0, p[3]), 2)
    V <- wide %*% kronecker(L %*% t(L), A) %*% t(wide) + exp(p[4]) * diag(36)
    inverse <- solve(V)
    b <- sum(inverse %*% pens$y) / sum(inverse)
    35 * log(2 * pi) + c(determinant(V)$modulus) + log(sum(inverse)) +
      sum((pens$y - b) * (inverse %*% (pens$y - b)))
  }
  best <- min(vapply(list(c(1, 0, 0.5, 1), c(0.5, 0.3, 0.2, 1), c(0.5, -0.3, 0.2, 1)), function(p) {
    stats::optim(stats::optim(p, minus2, method = "BFGS")$par, minus2,
      control = list(maxit = 2000, reltol = 1e-13))$value
  }, 0))
  expect_lt(-2 * c(logLik(fit)), best + 1e-6)
  estimate <- stats::setNames(varcomp(fit)$estimate, varcomp(fit)$parameter)
  G0 <- matrix(estimate[c(1, 2, 2, 3)], 2)
  V <- wide %*% kronecker(G0, A) %*% t(wide) + estimate[["residual"]] * diag(36)
  expect_equal(unname(record_sd(fit, "marginal")), sqrt(diag(V)), tolerance = 1e-9)
})

test_that("means of an animal and of a mate, new animals, and simulated records", {
  fit <- suppressMessages(lmmfit(y ~ 1 + (1 | gr(direct = an, social = mm(m1, m2),
    pedigree = ped)) + (1 | pen), uneven, hold = values))
  u <- ranef(fit)$an
  direct <- predict(fit, classify = ~ an)
  expect_equal(direct$estimate, fixef(fit)[[1L]] + u[as.character(direct$an), "direct"],
    tolerance = 1e-9)
  social <- predict(fit, classify = ~ m1)
  expect_equal(social$estimate, fixef(fit)[[1L]] + u[as.character(social$m1), "social"],
    tolerance = 1e-9)
  Z <- cbind(met(uneven$an), met(uneven$m1) + met(uneven$m2))
  V <- Z %*% kronecker(G0, A) %*% t(Z) + same_pen + 1.5 * diag(36)
  draws <- as.matrix(simulate(fit, 20000, seed = 1))
  # Standard error of a covariance of draws: sqrt((v_ij^2 + v_ii v_jj) / 20000).
  error <- sqrt((V^2 + outer(diag(V), diag(V))) / 20000)
  expect_lt(max(abs(stats::cov(t(draws)) - V) / error), 5)
  total <- reliability(fit)
  expect_setequal(unique(total$coefficient), c("direct", "social"))
})

test_that("ASReml's str() with and() is the same model", {
  own <- lmmfit(y ~ 1 + (1 | gr(direct = an, social = mm(m1, m2), pedigree = ped)) + (1 | pen),
    pens)
  ainv <- Ainverse(ped)
  for (random in c(
    ~ str(~ vm(an, ainv) + vm(m1, ainv) + and(vm(m2, ainv)), ~ us(2):vm(an, ainv)) + pen,
    ~ str(~ vm(an, ainv) + vm(m1, ainv) + and(m2), ~ us(2):vm(an, ainv)) + pen,
    ~ str(~ an + m1 + and(m2), ~ us(2):vm(an, ped)) + pen)) {
    environment(random) <- environment()
    fit <- suppressMessages(lmmfit(fixed = y ~ 1, random = random, data = pens))
    expect_equal(logLik(fit), logLik(own), tolerance = 1e-8)
  }
  # And back.
  expect_match(in_asreml(own), paste("str(~ vm(an, ped) + vm(m1, ped) + and(vm(m2, ped)),",
    "~ us(2):vm(an, ped)) + pen"), fixed = TRUE)
  again <- suppressMessages(eval(str2lang(unclass(in_asreml(own)))))
  expect_equal(logLik(again), logLik(own), tolerance = 1e-8)
  sum <- lmmfit(y ~ 1 + (1 | mm(m1, m2, weights = c(1, -1), pedigree = ped)), pens)
  expect_match(in_asreml(sum), "vm(m1, ped) + and(vm(m2, ped), -1)", fixed = TRUE)
  expect_equal(logLik(suppressMessages(eval(str2lang(unclass(in_asreml(sum)))))), logLik(sum),
    tolerance = 1e-8)
  expect_error(in_asreml(lmmfit(y ~ 1 + (1 | mm(m1, m2, weights = cbind(w1, w2))), pens)),
    class = "henderson_error_asreml")
  # Any number of mates, with weights.
  three <- transform(pens, m3 = c(16:48, 13:15))
  own <- lmmfit(y ~ 1 + (1 | gr(direct = an, social = mm(m1, m2, m3, weights = c(1, 0.5, 2)),
    pedigree = ped)), three, hold = values[-4])
  fit <- suppressMessages(lmmfit(fixed = y ~ 1, data = three, hold = c(an.an = 1.2,
    an.an.m1.m2.m3 = -0.2, an.m1.m2.m3 = 0.3, residual = 1.5), random = ~ str(~ vm(an, ainv) +
      vm(m1, ainv) + and(vm(m2, ainv), 0.5) + and(vm(m3, ainv), 2), ~ us(2):vm(an, ainv))))
  expect_equal(logLik(fit), logLik(own), tolerance = 1e-10)
  other <- Ainverse(ped)
  expect_error(suppressMessages(lmmfit(fixed = y ~ 1, data = pens,
    random = ~ str(~ vm(an, ainv) + vm(m1, ainv) + and(vm(m2, other)), ~ us(2):vm(an, ainv)))),
  "not that of the term before", class = "henderson_error_foreign")
})

test_that("what cannot be used is refused, and what else needs a mate's column drops the record", {
  refused <- function(formula, text) {
    expect_error(suppressMessages(lmmfit(formula, pens)), text,
      class = "henderson_error_relationship")
  }
  refused(y ~ (1 | gr(direct = an, social = mm(m1, m2, pedigree = ped))), "of its own")
  refused(y ~ (1 | gr(direct = an, social = gr(m1), pedigree = ped)), "within another")
  refused(y ~ (1 | gr(direct = an, social = mm(m1), pedigree = ped)), "numeric matrix")
  refused(y ~ (1 | gr(direct = an, social = mm(m1, m2, weights = 1:3), pedigree = ped)), "weights")
  strange <- transform(pens, m2 = replace(m2, 4, 99))
  expect_error(lmmfit(y ~ (1 | gr(direct = an, social = mm(m1, m2), pedigree = ped)), strange),
    "99", class = "henderson_error_relationship")
  lone <- transform(pens, w2 = replace(w2, 4, NA))
  expect_message(fit <- lmmfit(y ~ (1 | gr(direct = an,
    social = mm(m1, m2, weights = cbind(w1, w2)), pedigree = ped)), lone, hold = values[-4]),
  "1 of 36 records is left out")
  expect_message(fit <- lmmfit(y ~ (1 | gr(direct = an, social = mm(m1, m2), pedigree = ped)) +
    (1 | m2), uneven, hold = c(values[-4], m2 = 1)), "3 of 36 records are left out")
  expect_identical(nobs(fit), 33L)
})

test_that("an animal among its own mates, or its own dam, is said", {
  formula <- y ~ 1 + (1 | gr(direct = an, social = mm(m1, m2, weights = cbind(w1, w2)),
    pedigree = ped))
  own <- pens
  own$m2[c(4, 9)] <- own$an[c(4, 9)]
  expect_warning(lmmfit(formula, own), "2 levels with one record are .*: \"16\" and \"21\"",
    class = "henderson_warning_own_member")
  own$w2[c(4, 9)] <- 0
  expect_no_warning(lmmfit(formula, own))
  own$dam[7] <- own$an[7]
  expect_warning(lmmfit(y ~ 1 + (1 | gr(direct = an, maternal = dam, pedigree = ped)), own),
    "\"19\"", class = "henderson_warning_own_member")
  # A line of several plots may have itself beside it.
  plots <- data.frame(line = rep(13:48, 2), left = c(48, 13:47, 13:48), y = rnorm(72))
  expect_no_warning(lmmfit(y ~ 1 + (1 | gr(direct = line, social = mm(left, left),
    pedigree = ped)), plots, hold = c(line.direct.social = 0)))
})
