# Epistatic relationships: products of the matrices that a tabular method and genotype codes give.

without_inbreeding <- data.frame(id = 1:14, sire = c(NA, NA, NA, NA, 1, 1, 1, 3, 3, 3, 5, 5, 6, 7),
  dam = c(NA, NA, NA, NA, 2, 2, 2, 4, 4, 4, 8, 8, 9, 10))

# Cockerham (1954): the probabilities that both alleles are identical, from the parents' A.
dominance_of <- function(sire, dam, A) {
  n <- nrow(A)
  a <- function(i, j) if (i > 0 && j > 0) A[i, j] else 0
  D <- diag(n)
  for (i in seq_len(n)) {
    for (j in seq_len(i - 1L)) {
      D[i, j] <- D[j, i] <- (a(sire[i], sire[j]) * a(dam[i], dam[j]) +
        a(sire[i], dam[j]) * a(dam[i], sire[j])) / 4
    }
  }
  D
}

test_that("of pedigrees they are products without a scale, as nadiv's makeAA() and makeDomEpi()", {
  ped <- pedigree(without_inbreeding)
  known <- lapply(without_inbreeding, function(x) ifelse(is.na(x), 0L, x))
  A <- tabular_a(known$sire, known$dam)
  D <- dominance_of(known$sire, known$dam, A)
  names <- as.character(1:14)
  found <- function(kind) unname(epistasis_matrix(ped, kind, names))
  expect_equal(found("AA"), A^2)
  expect_equal(found("AD"), A * D)
  expect_equal(found("DD"), D^2)
  expect_equal(found("AAD"), A^2 * D)
  # Full sibs: 1/4, 1/8, 1/16 of the variances (Falconer & Mackay 1996, table 9.3).
  expect_equal(c(found("AA")[5, 6], found("AD")[5, 6], found("DD")[5, 6]), c(1 / 4, 1 / 8, 1 / 16))
  set.seed(2)
  inbred <- random_pedigree(40)
  table <- pedigree_table(inbred)
  expect_equal(unname(epistasis_matrix(pedigree(table), animals = table$id)),
    tabular_a(inbred$sire, inbred$dam)^2)
  expect_error(epistasis_matrix(pedigree(table), "AD"), "inbred",
    class = "henderson_error_pedigree")
})

test_that("of markers they have a mean variance of one, whatever the scale of the factors", {
  set.seed(4)
  M <- matrix(rbinom(30 * 50, 2, 0.3), 30, dimnames = list(paste0("i", 1:30), NULL))
  p <- colMeans(M) / 2
  Z <- unname(sweep(M, 2, 2 * p))
  q <- 1 - p
  H <- sapply(1:50, function(j) c(-2 * p[j]^2, 2 * p[j] * q[j], -2 * q[j]^2)[M[, j] + 1])
  H <- unname(H)
  A <- tcrossprod(Z)
  D <- tcrossprod(H)
  scaled <- function(K) K / mean(diag(K))
  # Vitezica et al. (2017), their equations for A x A, A x D and D x D.
  expect_equal(unname(epistasis_matrix(M, "AA")), scaled(A^2))
  expect_equal(unname(epistasis_matrix(M, "AD")), scaled(A * D))
  expect_equal(unname(epistasis_matrix(M, "DD")), scaled(D^2))
  expect_equal(unname(epistasis_matrix(M, "AAA")), scaled(A^3))
  expect_equal(epistasis_matrix(list(grm(M), grm(M, "dominance")), scale = TRUE),
    epistasis_matrix(M, "AD"))
  raw <- epistasis_matrix(M, "AA", scale = FALSE)
  expect_equal(unname(raw), unname(matrix(grm(M)^2, 30)))
  # Pairs of markers one by one: AA is the relationship by the products of codes of all pairs, the
  # pair of a marker with itself included.
  pairs <- do.call(cbind, lapply(1:50, function(j) Z * Z[, j]))
  expect_equal(unname(epistasis_matrix(M, "AA")), scaled(tcrossprod(pairs)))
})

test_that("matrices of one's own, in any order, and what is no product", {
  set.seed(6)
  K <- crossprod(matrix(rnorm(25), 5))
  dimnames(K) <- list(letters[1:5], letters[1:5])
  turned <- diag(1:5)
  dimnames(turned) <- rep(list(rev(letters[1:5])), 2)
  expect_equal(epistasis_matrix(list(K, turned)), K * diag(5:1))
  refused <- function(...) {
    expect_error(epistasis_matrix(...), class = "henderson_error_argument")
  }
  refused(K, "A")
  refused(K, "AB")
  refused(list(K))
  refused(list(K, K[1:4, 1:4]))
  refused(list(K, unname(K)))
  refused(list(K, K), kind = "AA")
  refused(lamb_markers, animals = "a")
  ped <- pedigree(without_inbreeding)
  refused(ped, scale = NA)
})

test_that("codes out of equilibrium: products of grm()'s; refused without genotypes", {
  set.seed(4)
  M <- matrix(sample(0:2, 20 * 30, TRUE, c(0.6, 0.1, 0.3)), 20, dimnames = list(1:20, NULL))
  product <- unclass(grm(M, "NOIA")) * unclass(grm(M, "NOIA.dominance"))
  expect_equal(epistasis_matrix(M, "AD", coding = "NOIA"), product / mean(diag(product)),
    ignore_attr = TRUE)
  expect_equal(mean(diag(epistasis_matrix(M, "DD", coding = "NOIA"))), 1)
  expect_error(epistasis_matrix(list(grm(M), grm(M)), coding = "NOIA"), "coding",
    class = "henderson_error_argument")
})
