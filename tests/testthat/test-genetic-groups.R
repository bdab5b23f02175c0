# Groups of unknown parents in gr(pedigree = ). The oracle are Quaas & Pollak's equations in b, g
# and u* = Qg + a, dense, with A* from the definition of Q and a tabular A: the same model in other
# unknowns, so b, g, u*, their errors and the likelihood must agree.

grouped_data <- function(n = 60, seed = 5) {
  set.seed(seed)
  parents <- random_pedigree(n, unknown = 0.2)
  table <- pedigree_table(parents)
  group <- sample(c("g1", "g2", "g3"), 2 * n, TRUE)
  unknown <- is.na(table$sire)
  table$sire[unknown] <- group[seq_len(sum(unknown))]
  unknown <- is.na(table$dam)
  table$dam[unknown] <- rev(group)[seq_len(sum(unknown))]
  name <- paste0("a", seq_len(n))
  Q <- matrix(0, n, 3, dimnames = list(name, c("g1", "g2", "g3")))
  for (i in seq_len(n)) {
    for (parent in c(table$sire[i], table$dam[i])) {
      Q[i, ] <- Q[i, ] + if (parent %in% name) Q[parent, ] / 2 else (colnames(Q) == parent) / 2
    }
  }
  ped <- pedigree(table, groups = colnames(Q), both_sexes = "allow")
  A <- tabular_a(parents$sire, parents$dam)
  animals <- ped$id[-(1:3)]
  dimnames(A) <- list(name, name)
  records <- data.frame(
    animal = sample(name[-(1:10)], 4 * n, TRUE), x = rnorm(4 * n), block = gl(4, n)
  )
  records$dam <- sample(name[1:30], 4 * n, TRUE)
  a <- drop(t(chol(A)) %*% rnorm(n)) + drop(Q %*% c(2, 0, -1))
  records$y <- 3 + records$x + a[records$animal] + 0.5 * a[records$dam] + rnorm(4 * n)
  records$z <- 1 - records$x + 0.5 * a[records$animal] + rnorm(4 * n)
  list(ped = ped, records = records, A = A[animals, animals], Q = Q[animals, ], animals = animals)
}

# `incidence`: records x (level, coefficient within it) for the animals. Groups that are linear in
# the columns before them have no equation.
quaas_pollak <- function(y, X, incidence, Q, A, sigma, R, dropped_groups) {
  t <- nrow(sigma)
  inverse <- solve(A)
  star <- rbind(
    cbind(crossprod(Q, inverse %*% Q), -crossprod(Q, inverse)), cbind(-inverse %*% Q, inverse)
  )
  W <- cbind(X, matrix(0, length(y), ncol(Q) * t), incidence)
  C <- crossprod(W, solve(R, W))
  own <- ncol(X) + seq_len(ncol(C) - ncol(X))
  C[own, own] <- C[own, own] + kronecker(star, solve(sigma))
  kept <- setdiff(seq_len(ncol(C)), ncol(X) + dropped_groups)
  rhs <- crossprod(W, solve(R, y))
  solution <- numeric(ncol(C))
  covariance <- matrix(0, ncol(C), ncol(C))
  covariance[kept, kept] <- solve(C[kept, kept])
  solution[kept] <- covariance[kept, kept] %*% rhs[kept]
  log_det <- function(M) as.numeric(determinant(M)$modulus)
  rank <- ncol(X) + ncol(Q) * t - length(dropped_groups)
  list(
    fixed = solution[seq_len(ncol(X) + ncol(Q) * t)],
    u = matrix(solution[-seq_len(ncol(X) + ncol(Q) * t)], t),
    covariance = covariance, first = ncol(X) + ncol(Q) * t,
    minus2loglik = (length(y) - rank) * log(2 * pi) + log_det(R) + log_det(kronecker(A, sigma)) +
      log_det(C[kept, kept]) + sum(y * solve(R, y)) - sum(solution * rhs)
  )
}

expect_quaas_pollak <- function(fit, data, y, X, R, k = 1L) {
  term <- fit$random[[k]]
  t <- term$n_coef
  sigma <- as.matrix(term_covariance(term, k, fit$parameters))
  expect_identical(term$levels, data$animals)
  dropped <- which(is.na(fixef(fit)[-seq_len(ncol(X))]))
  # As each animal has shares that add up to 1, one group of each coefficient is dependent.
  expected <- quaas_pollak(y, X, as.matrix(model.matrix(fit, type = "random")), data$Q, data$A,
    sigma, R, dropped)
  beta <- fixef(fit)
  beta[is.na(beta)] <- 0
  expect_within(beta, expected$fixed, 1e-7, "fixed effects and groups")
  expect_within(-2 * c(logLik(fit)), expected$minus2loglik, 1e-6, "-2l")
  effects <- ranef(fit, se = TRUE)[[k]]
  expect_within(t(as.matrix(effects)), expected$u, 1e-7, "u*")
  pev <- attr(effects, "pev")
  for (i in seq_along(data$animals)) {
    at <- expected$first + (i - 1) * t + seq_len(t)
    expect_within(pev[, , i], expected$covariance[at, at], 1e-7, "PEV of u*")
  }
  expected
}

test_that("groups of unknown parents: Mrode & Pocrnic (2023), example 4.4", {
  table <- data.frame(
    id = 1:8, sire = c("s", "s", "s", 1, 3, 1, 4, 3), dam = c("d", "d", "d", "d", 2, 2, 5, 6)
  )
  # The book sets the group of sires to zero: the last of the dependent columns.
  ped <- pedigree(table, groups = c("d", "s"))
  calves <- data.frame(calf = 4:8, sex = factor(c("M", "F", "F", "M", "M"), c("M", "F")),
    gain = c(4.5, 2.9, 3.9, 3.5, 5))
  fit <- fit_ours(gain ~ 0 + sex + (1 | gr(calf, pedigree = ped)), calves,
    hold = c(calf = 20, residual = 40))
  expect_identical(names(fixef(fit)), c("sexM", "sexF", "calf.group.d", "calf.group.s"))
  expect_within(fixef(fit)[1:3], c(5.458, 4.313, -1.769), 5.1e-4, "sexes and group")
  expect_true(is.na(fixef(fit)[[4]]))
  expect_within(ranef(fit)$calf[as.character(1:8), ],
    c(-0.767, -0.923, -0.963, -1.268, -1.099, -0.728, -1.338, -0.768), 5.1e-4,
    "breeding values with groups")
})

test_that("the model is that of Quaas and Pollak's equations", {
  data <- grouped_data()
  ped <- data$ped
  records <- data$records
  fit <- fit_ours(y ~ x + (1 | gr(animal, pedigree = ped)), records)
  X <- cbind(1, records$x)
  n <- nrow(records)
  R <- diag(sigma(fit)^2, n)
  expected <- expect_quaas_pollak(fit, data, records$y, X, R)
  # Contrasts between animals do not depend on the group that was dropped.
  pairs <- list(c("a20", "a41"), c("a3", "a60"))
  found <- blup_contrasts(fit, pairs)
  for (i in 1:2) {
    k <- numeric(nrow(expected$covariance))
    k[expected$first + match(pairs[[i]], data$animals)] <- c(1, -1)
    expect_within(found$estimate[i], -diff(expected$u[match(pairs[[i]], data$animals)]), 1e-7,
      "contrast")
    expect_within(found$se[i]^2, drop(k %*% expected$covariance %*% k), 1e-8, "its variance")
  }
  other <- pedigree(as.data.frame(ped), groups = c("g3", "g1", "g2"), both_sexes = "allow")
  again <- fit_ours(y ~ x + (1 | gr(animal, pedigree = other)), records)
  expect_equal(logLik(again), logLik(fit), tolerance = 1e-8)
  expect_equal(blup_contrasts(again, pairs), found, tolerance = 1e-5)
})

test_that("direct and maternal effects have groups each", {
  data <- grouped_data(seed = 8)
  ped <- data$ped
  records <- data$records
  fit <- fit_ours(y ~ x + (1 | gr(direct = animal, maternal = dam, pedigree = ped)), records,
    hold = c(animal.direct = 1, animal.maternal = 0.5, animal.direct.maternal = -0.2))
  expect_identical(names(fixef(fit))[3:4], c("animal.group.g1.direct", "animal.group.g1.maternal"))
  expect_quaas_pollak(fit, data, records$y, cbind(1, records$x), diag(sigma(fit)^2, nrow(records)))
  expect_within(predict(fit, records), fitted(fit), 1e-9, "predictions of the records")
  same <- predict(fit, records, se = TRUE)
  expect_within(same$se.fit, predict(fit, se = TRUE)$se.fit, 1e-8, "standard errors")
})

test_that("two traits have groups each", {
  data <- grouped_data(seed = 9)
  ped <- data$ped
  records <- data$records
  records$z <- 1000 * records$z
  fit <- fit_ours(cbind(y, z) ~ x + (1 | gr(animal, pedigree = ped)), records,
    hold = c(animal.traity = 1, animal.traitz = 1e6, animal.traity.traitz = 400))
  n <- nrow(records)
  X <- cbind(kronecker(rep(1, n), diag(2)), kronecker(records$x, diag(2)))
  R <- kronecker(diag(n), as.matrix(residual_matrix(fit))[1:2, 1:2])
  scaled <- c(rbind(records$y, records$z))
  expected <- quaas_pollak(scaled, X, as.matrix(model.matrix(fit, type = "random")), data$Q,
    data$A, as.matrix(VarCorr(fit)[[1]]), R, which(is.na(fixef(fit)[-(1:4)])))
  expect_within(-2 * c(logLik(fit)), expected$minus2loglik, 1e-5, "-2l")
  expect_equal(unname(t(as.matrix(ranef(fit)[[1]]))), unname(expected$u), tolerance = 1e-6)
  rows <- reliability(fit)
  at <- expected$first + seq_len(2 * length(data$animals))
  by_trait <- t(matrix(diag(expected$covariance)[at], 2))
  expect_equal(rows$pev, as.vector(by_trait), tolerance = 1e-6)
})

test_that("mm() with a grouped pedigree, and two terms of one pedigree", {
  data <- grouped_data(seed = 10)
  ped <- data$ped
  records <- data$records
  fit <- fit_ours(y ~ x + (1 | mm(animal, dam, weights = c(1, 0.5), pedigree = ped)), records)
  expect_quaas_pollak(fit, data, records$y, cbind(1, records$x), diag(sigma(fit)^2, nrow(records)))
  fit <- fit_ours(y ~ x + (1 | gr(animal, pedigree = ped)) + (1 | gr(dam, pedigree = ped)) +
    (1 | animal), records)
  expect_identical(fit$fixed$labels, c("x", "animal.groups", "dam.groups"))
  expect_equal(fitted(fit), predict(fit, records))
})

test_that("predictions and animals added later", {
  data <- grouped_data()
  ped <- data$ped
  records <- data$records
  fit <- fit_ours(y ~ x + (1 | gr(animal, pedigree = ped)), records)
  expect_silent(found <- predict(fit, records, se = TRUE))
  expect_within(found$fit, fitted(fit), 1e-9, "predictions")
  expect_within(predict(fit, records, random = FALSE), fit$fitted_fixed, 1e-9, "fixed part")
  # A new animal of known parents and one of a known and an unknown parent: fitted with them.
  born <- rbind(as.data.frame(ped)[c("id", "sire", "dam")], c("n1", "a59", "a60"),
    c("n2", "g2", "n1"))
  larger <- pedigree(born, groups = c("g1", "g2", "g3"), both_sexes = "allow")
  values <- breeding_values(fit, pedigree = larger)
  whole <- fit_ours(y ~ x + (1 | gr(animal, pedigree = larger)), records,
    hold = stats::setNames(fit$parameters$estimate, fit$parameters$name))
  whole <- reliability(whole)
  at <- match(values$level, whole$level)
  for (column in c("estimate", "pev", "reliability")) {
    expect_within(values[[column]], whole[[column]][at], 1e-6, column)
  }
  expect_identical(values$new, values$level %in% c("n1", "n2"))
  expect_error(predict(fit, data.frame(x = 0, animal = "zz"), allow_new_levels = TRUE),
    class = "henderson_error_new_level")
  other <- pedigree(born, groups = c("g2", "g1", "g3"), both_sexes = "allow")
  expect_error(breeding_values(fit, pedigree = other), class = "henderson_error_pedigree")
})

test_that("tests, means and simulation know the groups", {
  data <- grouped_data()
  ped <- data$ped
  records <- data$records
  fit <- fit_ours(y ~ x + block + (1 | gr(animal, pedigree = ped)), records, ddf = "residual")
  # The same columns written by hand.
  by_hand <- cbind(records, as.matrix(genetic_groups(ped, records$animal)))
  plain <- pedigree(transform(as.data.frame(ped), sire = ifelse(sire %in% ped$groups, NA, sire),
    dam = ifelse(dam %in% ped$groups, NA, dam)), both_sexes = "allow")
  same <- fit_ours(y ~ x + block + g1 + g2 + g3 + (1 | gr(animal, pedigree = plain)), by_hand,
    ddf = "residual")
  expect_within(fixef(fit)[-8], fixef(same)[-8], 1e-5, "effects")
  for (type in 1:3) {
    expect_equal(anova(fit, type = type)[1:2, 3], anova(same, type = type)[1:2, 3],
      tolerance = 1e-5)
  }
  K <- matrix(c(1, 0, 0, 1, -1, -1), 2, dimnames = list(NULL, c("g1", "g2", "g3")))
  expect_equal(anova(fit)["animal.groups", "F value"], contest(same, K)$joint$F, tolerance = 1e-5)
  expect_equal(marginal_means(fit, ~block), marginal_means(same, ~block), tolerance = 1e-5,
    ignore_attr = TRUE)
  expect_identical(dim(simulate(fit, 3, seed = 1)), c(nrow(records), 3L))
  expect_identical(row.names(drop1(fit)), c("x", "block", "animal.groups"))
  own <- outlier_test(fit, term = "animal")
  expect_equal(own$statistic, outlier_test(same, term = "animal")$statistic, tolerance = 1e-4)
})

test_that("groups are names", {
  records <- data.frame(id = c("a", "b"), sire = c("g1", "a"), dam = c("g2", "g1"))
  for (groups in list(function(x) x, list("g1"), TRUE, quote(g1))) {
    expect_error(pedigree(records, groups = groups), "`groups` must be the names of groups")
  }
  expect_identical(pedigree(records, groups = factor(c("g1", "g2")))$id,
    pedigree(records, groups = c("g1", "g2"))$id)
})
