# Inbred founders, selfing, doubled haploids, clones, against relationships by the tabular method
# (Emik & Terrill 1949) with every generation of selfing written out as a row of its own.

tabular <- function(sire, dam, founder_inbreeding = numeric(length(sire))) {
  n <- length(sire)
  A <- diag(1 + founder_inbreeding)
  for (i in seq_len(n)) {
    parents <- c(sire[i], dam[i])
    parents <- parents[parents > 0]
    for (j in seq_len(i - 1L)) A[i, j] <- A[j, i] <- sum(A[parents, j]) / 2
    if (length(parents) == 2L) A[i, i] <- 1 + A[parents[1L], parents[2L]] / 2
  }
  A
}

wheat <- data.frame(id = c("P1", "P2", "F1", "DH1"), sire = c(NA, NA, "P1", "F1"),
  dam = c(NA, NA, "P2", "F1"))

test_that("an inbred line and a doubled haploid have 2 on the diagonal", {
  ped <- pedigree(wheat, inbreeding = c(P1 = 1, P2 = 1), selfing = c(DH1 = "DH"))
  expected <- matrix(c(2, 0, 1, 1, 0, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2), 4)
  expect_equal(unname(Amatrix(ped)), expected)
  expect_equal(unname(inbreeding(ped)), c(1, 1, 0, 1))
  # Without anything said it is a progeny by selfing of two founders' cross.
  expect_equal(diag(Amatrix(pedigree(wheat, both_sexes = "allow"))),
    c(P1 = 1, P2 = 1, F1 = 1, DH1 = 1.5))
  # The plant that it was made of as one parent, or the parents of that plant.
  alone <- transform(wheat, dam = replace(dam, 4, NA))
  expect_equal(Amatrix(pedigree(alone, inbreeding = c(P1 = 1, P2 = 1), selfing = c(DH1 = "dh"))),
    Amatrix(ped))
  cross <- transform(wheat, sire = replace(sire, 4, "P1"), dam = replace(dam, 4, "P2"))
  expect_equal(Amatrix(pedigree(cross, inbreeding = c(P1 = 1, P2 = 1), selfing = c(DH1 = Inf))),
    Amatrix(ped))
  expect_output(print(ped), "Of them 3 fully inbred")
  expect_output(print(summary(ped)), "Lines +3 fully inbred")
  expect_identical(as.data.frame(ped)$line, c("fully inbred", "fully inbred", NA, "fully inbred"))
  expect_identical(pedigree(ped), ped)
  expect_no_warning(pedigree(ped))
})

test_that("selfing halves what is not inbred: F = 1 - (1 - F0) / 2^k", {
  founders <- data.frame(id = "a", sire = NA, dam = NA, fgen = 0:9)
  founders$id <- paste0("a", 0:9)
  expect_equal(unname(inbreeding(pedigree(founders, selfing = "fgen"))), 1 - 2^-(0:9))
  # Half sibs crossed: F0 = 1/8.
  records <- data.frame(id = c("h1", "h2", paste0("x", 0:4)), sire = c("s", "s", rep("h1", 5)),
    dam = c("d1", "d2", rep("h2", 5)), fgen = c(0, 0, 0:4))
  ped <- suppressMessages(pedigree(records, selfing = "fgen"))
  expect_equal(unname(inbreeding(ped, paste0("x", 0:4))), 1 - (1 - 1 / 8) / 2^(0:4))
  # Given F, as in ASReml's fgen below 1, and as a column of its own.
  given <- data.frame(id = c("a", "b", "c"), sire = c(NA, NA, "a"), dam = c(NA, NA, "b"),
    fgen = c(0.9, 0.25, 2), F = c(0.9, 0.25, NA))
  expect_equal(unname(inbreeding(pedigree(given, selfing = "fgen"))), c(0.9, 0.25, 0.75))
  expect_equal(unname(inbreeding(pedigree(given, inbreeding = "F"))), c(0.9, 0.25, 0))
  expect_equal(Amatrix(pedigree(given, inbreeding = "F"))["c", ], c(a = 0.95, b = 0.625, c = 1))
})

# A pedigree of 60 with lines among crosses, and the same with hidden generations written out.
set.seed(7)
n <- 60
sire <- c(rep(0, 6), vapply(7:n, function(i) sample(i - 1, 1), 0))
dam <- c(rep(0, 6), vapply(7:n, function(i) sample(c(0, seq_len(i - 1)), 1), 0))
generations <- c(rep(0, 6), sample(c(0, 0, 1, 2, 3), n - 6, TRUE))
founder_f <- c(0, 0.5, 0, 0.25, 0, 0, rep(0, n - 6))
written_out <- function() {
  full <- list(sire = numeric(), dam = numeric(), f = numeric())
  last <- integer(n)
  parent <- function(p) if (p == 0) 0 else last[p]
  for (i in seq_len(n)) {
    full$sire <- c(full$sire, parent(sire[i]))
    full$dam <- c(full$dam, parent(dam[i]))
    full$f <- c(full$f, founder_f[i])
    for (g in seq_len(generations[i])) {
      full$sire <- c(full$sire, length(full$sire))
      full$dam <- c(full$dam, length(full$dam))
      full$f <- c(full$f, 0)
    }
    last[i] <- length(full$sire)
  }
  tabular(full$sire, full$dam, full$f)[last, last]
}
expected <- written_out()
records <- data.frame(id = 1:n, sire, dam, k = generations,
  F = ifelse(founder_f > 0, founder_f, NA))

test_that("A, its inverse and products are those with every generation written out", {
  ped <- pedigree(records[sample(n), ], selfing = "k", inbreeding = "F")
  names <- as.character(1:n)
  A <- Amatrix(ped, names)
  expect_equal(unname(A), expected, tolerance = 1e-14)
  expect_equal(unname(inbreeding(ped, names)), diag(expected) - 1, tolerance = 1e-14)
  inverse <- Ainverse(ped)[names, names]
  expect_equal(unname(as.matrix(inverse %*% expected)), diag(n), tolerance = 1e-9)
  x <- stats::setNames(rnorm(n), names)
  expect_equal(a_multiply(ped, x)[names], stats::setNames(drop(expected %*% x), names))
  part <- prune(ped, c("20", "33"))
  expect_equal(unname(Amatrix(part, c("20", "33"))), expected[c(20, 33), c(20, 33)])
  expect_identical(pedigree(ped), ped)
  again <- transform(as.data.frame(ped), sire = ifelse(is.na(sire), 0, sire))
  expect_equal(Amatrix(pedigree(again, inbreeding = "inbreeding"), names), A)
})

# REML by its definition through V, BLUP and PEV, for records of `levels` with relationships K.
expect_dense <- function(fit, levels, K, sigma2, residual, X = matrix(1, length(levels))) {
  y <- fit$frame[[1L]]
  Z <- outer(as.character(levels), rownames(K), "==") + 0
  V <- sigma2 * Z %*% K %*% t(Z) + residual * diag(length(y))
  inverse <- solve(V)
  XVX <- t(X) %*% inverse %*% X
  P <- inverse - inverse %*% X %*% solve(XVX) %*% t(X) %*% inverse
  minus2 <- (length(y) - ncol(X)) * log(2 * pi) + determinant(V)$modulus +
    determinant(XVX)$modulus + t(y) %*% P %*% y
  expect_equal(-2 * c(logLik(fit)), c(minus2), tolerance = 1e-10)
  u <- ranef(fit, se = TRUE)[[1L]]
  a <- drop(sigma2 * K %*% t(Z) %*% P %*% y)
  expect_equal(u[rownames(K), 1L], unname(a), tolerance = 1e-8)
  pev <- diag(sigma2 * K - sigma2^2 * K %*% t(Z) %*% P %*% Z %*% K)
  expect_equal(attr(u, "se")[rownames(K), 1L]^2, unname(pev), tolerance = 1e-8)
}

test_that("relatives in the model, those among them that their parents determine", {
  ped <- pedigree(records, selfing = "k", inbreeding = "F")
  data <- data.frame(g = rep(20:n, 2), y = rnorm(2 * (n - 19)))
  K <- expected
  dimnames(K) <- list(1:n, 1:n)
  fit <- lmmfit(y ~ 1 + (1 | gr(g, pedigree = ped)), data, hold = c(g = 1.5, residual = 1))
  expect_dense(fit, data$g, K, 1.5, 1)
  expect_equal(reliability(fit)$reliability,
    1 - reliability(fit)$pev / (1.5 * diag(expected)[match(reliability(fit)$level, 1:n)]))

  lines <- rbind(transform(wheat, fgen = c(NA, NA, NA, "DH"), original = NA),
    data.frame(id = c("D2", "L3", "cl", "top"), sire = c("P1", "F1", NA, "cl"),
      dam = c("P2", "F1", NA, "P1"), fgen = c("DH", 2, NA, 1), original = c(NA, NA, "L3", NA)))
  ped <- pedigree(lines, selfing = "fgen", inbreeding = c(P1 = 1, P2 = 1), clone = "original")
  A <- Amatrix(ped)
  expect_equal(A["cl", ], A["L3", ])
  expect_equal(A["L3", "L3"], 1 + 7 / 8)
  expect_equal(A["top", "top"], 1 + 1 - (1 - A["cl", "P1"] / 2) / 2)
  expect_error(Ainverse(ped), "\"F1\" and \"cl\"", class = "henderson_error_pedigree")
  data <- data.frame(g = rep(lines$id, 3), y = rnorm(24))
  fit <- lmmfit(y ~ 1 + (1 | gr(g, pedigree = ped)), data, hold = c(g = 1.5, residual = 1))
  expect_dense(fit, data$g, A, 1.5, 1)
  free <- lmmfit(y ~ 1 + (1 | gr(g, pedigree = ped)), data)
  expect_equal(logLik(free), logLik(lmmfit(y ~ 1 + (1 | gr(g, cov = A)), data)), tolerance = 1e-8)
  draws <- as.matrix(simulate(fit, 20000, seed = 2))
  V <- 1.5 * A[data$g, data$g] + diag(24)
  error <- sqrt((V^2 + outer(diag(V), diag(V))) / 20000)
  expect_lt(max(abs(stats::cov(t(draws)) - V) / error), 5)
  # New lines of the pedigree after the fit: as if they had been in it.
  more <- rbind(lines, data.frame(id = c("N1", "N2"), sire = c("DH1", "N1"), dam = c("L3", "N1"),
    fgen = c(NA, "DH"), original = NA))
  more <- pedigree(more, selfing = "fgen", inbreeding = c(P1 = 1, P2 = 1), clone = "original")
  full <- lmmfit(y ~ 1 + (1 | gr(g, pedigree = more)), data, hold = c(g = 1.5, residual = 1))
  added <- breeding_values(fit, pedigree = more)
  there <- breeding_values(full)
  at <- match(there$level, added$level)
  expect_equal(added$estimate[at], there$estimate, tolerance = 1e-8)
  expect_equal(added$pev[at], there$pev, tolerance = 1e-8)
  expect_error(breeding_values(fit, pedigree = pedigree(lines, clone = "original",
    inbreeding = c(P1 = 1, P2 = 0.5), selfing = "fgen")), "another inbreeding",
  class = "henderson_error_pedigree")
})

test_that("metafounders, and groups of unknown parents, beside determined rows", {
  lines <- data.frame(id = c("P1", "P2", "F1", "D1", "D2"), sire = c("g", "h", "P1", "F1", "F1"),
    dam = c("g", "h", "P2", "F1", "F1"))
  gamma <- matrix(c(0.4, 0.1, 0.1, 0.6), 2, dimnames = list(c("g", "h"), c("g", "h")))
  read <- function(...) {
    pedigree(lines, groups = c("g", "h"), inbreeding = c(P1 = 1, P2 = 1),
      selfing = c(D1 = "DH", D2 = "DH"), ...)
  }
  meta <- read(gamma = gamma)
  names <- c("g", "h", lines$id)
  # By the tabular method: parents of a line have its relationships, and F = 1.
  K <- matrix(0, 7, 7, dimnames = list(names, names))
  K[1:2, 1:2] <- gamma
  for (i in 3:7) {
    parents <- match(unlist(lines[i - 2, c("sire", "dam")]), names)
    K[i, seq_len(i - 1)] <- K[seq_len(i - 1), i] <- colMeans(K[parents, seq_len(i - 1)])
    K[i, i] <- if (lines$id[i - 2] == "F1") 1 + K[parents[1], parents[2]] / 2 else 2
  }
  # The metafounders' shares of F1: its own parts are those that the lines have.
  data <- data.frame(g = rep(lines$id, 3), y = rnorm(15))
  fit <- lmmfit(y ~ 1 + (1 | gr(g, pedigree = meta)), data, hold = c(g = 1.5, residual = 1))
  expect_dense(fit, data$g, K, 1.5, 1)

  ped <- read()
  fit <- lmmfit(y ~ 0 + (1 | gr(g, pedigree = ped)), data, hold = c(g = 1.5, residual = 1))
  A <- Amatrix(pedigree(transform(lines, sire = c(NA, NA, sire[3:5]), dam = c(NA, NA, dam[3:5])),
    inbreeding = c(P1 = 1, P2 = 1), selfing = c(D1 = "DH", D2 = "DH")))
  Q <- rbind(c(1, 0), c(0, 1), c(0.5, 0.5), c(0.5, 0.5), c(0.5, 0.5))
  Z <- outer(data$g, rownames(A), "==") + 0
  V <- 1.5 * Z %*% A %*% t(Z) + diag(15)
  X <- Z %*% Q
  b <- solve(t(X) %*% solve(V, X), t(X) %*% solve(V, data$y))
  expect_equal(unname(fixef(fit)), drop(b), tolerance = 1e-9)
  u <- unname(drop(Q %*% b + 1.5 * A %*% t(Z) %*% solve(V, data$y - X %*% b)))
  expect_equal(ranef(fit)[[1L]][rownames(A), 1L], u, tolerance = 1e-8)
})

test_that("dominance of clones is that of their original", {
  family <- data.frame(id = c("a", "b", "c"), sire = c("s", "s", NA), dam = c("d", "d", NA))
  ped <- suppressMessages(pedigree(family, clone = c(c = "a")))
  D <- dominance_matrix(ped, c("a", "b", "c"))
  expect_equal(unname(D), matrix(c(1, 0.25, 1, 0.25, 1, 0.25, 1, 0.25, 1), 3))
  expect_equal(unname(dominance_matrix(ped, "b")), matrix(1))
})

test_that("what cannot be is refused", {
  refused <- function(text, ..., data = wheat, class = "pedigree") {
    expect_error(suppressMessages(pedigree(data, ...)), text,
      class = paste0("henderson_error_", class))
  }
  refused("\"DH1\" has \"1.5\"", selfing = c(DH1 = 1.5))
  refused("\"DH1\" has \"-1\"", selfing = c(DH1 = -1))
  refused("\"DH1\" has \"inbred\"", selfing = c(DH1 = "inbred"))
  refused("\"P1\" has \"2\"", inbreeding = c(P1 = 2))
  refused("not in the pedigree", inbreeding = c(P9 = 1))
  refused("no column", selfing = "fgen")
  refused("values named by animals", inbreeding = c(1, 1), class = "argument")
  refused("more than one of", inbreeding = c(P1 = 1), selfing = c(P1 = 3))
  refused("two values", data = rbind(transform(wheat, F = 1), transform(wheat, F = 0.5)),
    inbreeding = "F")
  refused("other parents", clone = c(F1 = "P1"))
  refused("own ancestor", clone = c(P1 = "P1"))
  refused("less than", inbreeding = c(P1 = 1, B = 0),
    data = rbind(wheat, data.frame(id = "B", sire = "P1", dam = "F1")))
  refused("grandsire", inbreeding = c(P1 = 1), maternal = "grandsire")
  refused("not of groups", clone = c(P2 = "P1"), class = "argument", groups = "P1",
    data = wheat[-1, ])
})
