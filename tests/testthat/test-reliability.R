# Reliabilities, contrasts and predictions of animals that come after the fit, against the dense
# system.

set.seed(1)
parents <- random_pedigree(70, selfing = 0.1)
table <- pedigree_table(parents)
ped <- pedigree(table[1:60, ], both_sexes = "allow")
A <- tabular_a(parents$sire, parents$dam)
dimnames(A) <- list(table$id, table$id)
records <- data.frame(animal = table$id[c(11:60, 11:60)], x = stats::rnorm(100))
records$y <- drop(chol(A) %*% stats::rnorm(70))[c(11:60, 11:60)] + records$x + stats::rnorm(100)
fit <- lmmfit(y ~ x + (1 | gr(animal, pedigree = ped)) + (1 | animal), records,
  hold = c(animal = 1, animal.iid = 0.3, residual = 1))

# Var(u_hat - u) of the 70 animals and their BLUP, through V with the whole A.
Z <- 1 * outer(records$animal, table$id, "==")
V <- Z %*% A %*% t(Z) + 0.3 * Z %*% t(Z) + diag(100)
X <- cbind(1, records$x)
P <- solve(V) - solve(V) %*% X %*% solve(t(X) %*% solve(V) %*% X, t(X) %*% solve(V))
blup <- as.vector(A %*% t(Z) %*% P %*% records$y)
self <- unname(diag(A))
pev <- unname(A - A %*% t(Z) %*% P %*% Z %*% A)

test_that("reliability, accuracy and PEV of all animals", {
  found <- reliability(fit, "animal")
  at <- match(found$level, table$id)
  expect_equal(found$estimate, blup[at], tolerance = 1e-8)
  expect_equal(found$pev, diag(pev)[at], tolerance = 1e-8)
  expect_equal(found$reliability, 1 - (diag(pev) / self)[at], tolerance = 1e-8)
  expect_identical(found$accuracy, sqrt(found$reliability))
  expect_identical(nrow(reliability(fit, "animal.iid")), 50L)
  cov <- lmmfit(y ~ x + (1 | gr(animal, cov = A)) + (1 | animal), records,
    hold = c(animal = 1, animal.iid = 0.3, residual = 1))
  Q <- Ainverse(ped)
  precision <- lmmfit(y ~ x + (1 | gr(animal, precision = Q)) + (1 | animal), records,
    hold = c(animal = 1, animal.iid = 0.3, residual = 1))
  for (other in list(reliability(cov), reliability(precision))) {
    expect_equal(other$reliability[match(found$level, other$level)], found$reliability,
      tolerance = 1e-8)
  }
})

test_that("contrasts of BLUPs have their error variance", {
  pairs <- list(c("a20", "a21"), c("a60", "a5"))
  found <- blup_contrasts(fit, pairs)
  k <- rbind(table$id == "a20", table$id == "a60") - rbind(table$id == "a21", table$id == "a5")
  expect_equal(found$estimate, drop(k %*% blup), tolerance = 1e-8)
  expect_equal(found$se, sqrt(diag(k %*% pev %*% t(k))), tolerance = 1e-8)
  expect_identical(found$contrast, c("a20 - a21", "a60 - a5"))
  K <- k[, table$id %in% ped$id]
  colnames(K) <- intersect(table$id, ped$id)
  expect_equal(blup_contrasts(fit, K)$se, found$se)
  expect_equal(blup_contrasts(fit, K[1, ])$se, found$se[1])
})

test_that("animals added after the fit", {
  whole <- pedigree(table, both_sexes = "allow")
  found <- breeding_values(fit, pedigree = whole)
  at <- match(found$level, table$id)
  expect_setequal(found$level[found$new], table$id[61:70])
  expect_equal(found$estimate, blup[at], tolerance = 1e-8)
  expect_equal(found$pev, diag(pev)[at], tolerance = 1e-8)
  expect_equal(found$inbreeding, self[at] - 1, tolerance = 1e-12)
  expect_identical(nrow(breeding_values(fit, pedigree = ped)), 60L)
  changed <- table
  changed$sire[30] <- "a1"
  changed$dam[30] <- "a2"
  for (bad in list(pedigree(changed, both_sexes = "allow"), prune(ped, "a20"))) {
    expect_error(breeding_values(fit, pedigree = bad), class = "henderson_error_pedigree")
  }
})

test_that("new animals with two coefficients", {
  two <- lmmfit(y ~ x + us(1 + x | gr(animal, pedigree = ped)), records, hold = c(
    animal.Intercept = 1, animal.Intercept.x = 0.2, animal.x = 0.5, residual = 1))
  whole <- pedigree(table, both_sexes = "allow")
  found <- breeding_values(two, pedigree = whole)
  Z2 <- matrix(0, 100, 140)
  Z2[, seq(1, 139, 2)] <- Z
  Z2[, seq(2, 140, 2)] <- Z * records$x
  G <- kronecker(A, matrix(c(1, 0.2, 0.2, 0.5), 2))
  V <- Z2 %*% G %*% t(Z2) + diag(100)
  P <- solve(V) - solve(V) %*% X %*% solve(t(X) %*% solve(V) %*% X, t(X) %*% solve(V))
  error <- G - G %*% t(Z2) %*% P %*% Z2 %*% G
  u <- drop(G %*% t(Z2) %*% P %*% records$y)
  at <- 2 * match(found$level, table$id) - (found$coefficient == "(Intercept)")
  expect_equal(found$estimate, u[at], tolerance = 1e-7)
  expect_equal(found$pev, diag(error)[at], tolerance = 1e-7)
})

test_that("arguments", {
  expect_error(reliability(fit, "no"), class = "henderson_error_term")
  expect_error(reliability(lmmfit(y ~ x, records)), class = "henderson_error_no_random")
  expect_error(reliability(1), class = "henderson_error_argument")
  expect_error(blup_contrasts(fit, list(c("a20", "zz"))), class = "henderson_error_term")
  expect_error(blup_contrasts(fit, 1:3), class = "henderson_error_argument")
  expect_error(blup_contrasts(fit, list("a20")), class = "henderson_error_argument")
  expect_error(breeding_values(fit, "animal.iid", ped), class = "henderson_error_pedigree")
})

test_that("gr(pedigree = ) refuses what it cannot use", {
  for (matrix in list(diag(3), 1:3, "ped")) {
    expect_error(lmmfit(y ~ (1 | gr(animal, pedigree = matrix)), records),
      class = "henderson_error_relationship")
  }
  small <- prune(ped, "a11")
  expect_error(lmmfit(y ~ (1 | gr(animal, pedigree = small)), records), "a60",
    class = "henderson_error_relationship")
  meta <- pedigree(data.frame(id = table$id, sire = "g", dam = "g"), groups = "g", gamma = 0.5)
  fit <- lmmfit(y ~ (1 | gr(animal, pedigree = meta)), records)
  expect_identical(rownames(ranef(fit)[[1]])[1], "g")
})

test_that("simulated pedigrees: the mean of h2 and the variance of prediction errors", {
  skip_unless_slow()
  set.seed(7)
  # 30 founders, 4 generations of 90 from 6 sires and 30 dams: inbred.
  sire <- dam <- integer(390)
  for (g in 1:4) {
    now <- 30 + (g - 1) * 90 + 1:90
    from <- if (g == 1) 1:30 else now - 90
    sire[now] <- sample(from[1:6], 90, TRUE)
    dam[now] <- sample(from[-(1:6)], 90, TRUE)
  }
  ped <- pedigree(pedigree_table(list(sire = sire, dam = dam)))
  expect_gt(mean(inbreeding(ped)), 0.02)
  root <- t(chol(Amatrix(ped)))
  h2 <- numeric(200)
  error <- expected <- numeric(200)
  for (r in seq_along(h2)) {
    u <- drop(root %*% stats::rnorm(390)) * sqrt(0.3)
    d <- data.frame(animal = ped$id, y = u + stats::rnorm(390, sd = sqrt(0.7)))
    est <- varcomp(lmmfit(y ~ (1 | gr(animal, pedigree = ped)), d))$estimate
    h2[r] <- est[1] / sum(est)
    known <- reliability(lmmfit(y ~ (1 | gr(animal, pedigree = ped)), d,
      hold = c(animal = 0.3, residual = 0.7)))
    error[r] <- mean((known$estimate - u)^2)
    expected[r] <- mean(known$pev)
  }
  expect_lt(abs(mean(h2) - 0.3), 2 * stats::sd(h2) / sqrt(200))
  expect_lt(abs(mean(error) / mean(expected) - 1), 0.05)
})
