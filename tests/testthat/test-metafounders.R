# Relationships of metafounders from markers (Garcia-Baccino et al. 2017).

# Genotypes dropped through a pedigree from founders of two populations with these frequencies.
dropped_genotypes <- function(sire, dam, population, frequency) {
  n <- length(sire)
  m <- ncol(frequency)
  M <- matrix(0, n, m)
  gamete <- function(parent, population) {
    if (parent == 0L) return(rbinom(m, 1, frequency[population, ]))
    # One of the two alleles: of a heterozygote either.
    ifelse(M[parent, ] == 1, rbinom(m, 1, 0.5), M[parent, ] / 2)
  }
  for (i in seq_len(n)) {
    M[i, ] <- gamete(sire[i], population[i]) + gamete(dam[i], population[i])
  }
  M
}

crossed_populations <- function(seed, n = 150, m = 400) {
  set.seed(seed)
  parents <- random_pedigree(n, founders = 30L, unknown = 0)
  population <- rep(1:2, length.out = n)
  # Frequencies around 1/2 with a covariance: 8 times that is gamma.
  shared <- rnorm(m, 0, 0.15)
  frequency <- rbind(shared + rnorm(m, 0, 0.1), shared + rnorm(m, 0, 0.1)) + 0.5
  frequency[] <- pmin(pmax(frequency, 0.01), 0.99)
  M <- dropped_genotypes(parents$sire, parents$dam, population, frequency)
  table <- pedigree_table(parents)
  groups <- c("north", "south")
  founder <- is.na(table$sire)
  table$sire[founder] <- table$dam[founder] <- groups[population[founder]]
  rownames(M) <- table$id
  list(table = table, groups = groups, M = M,
    gamma = 8 * tcrossprod(frequency - 0.5) / m)
}

test_that("the frequencies are those of generalized least squares, written out", {
  given <- crossed_populations(1, n = 60, m = 30)
  ped <- pedigree(given$table, groups = given$groups)
  genotyped <- given$table$id[41:60]
  M <- given$M[genotyped, ]
  founders <- pedigree(transform(given$table, sire = ifelse(sire %in% given$groups, NA, sire),
    dam = ifelse(dam %in% given$groups, NA, dam)))
  A <- Amatrix(founders, genotyped)
  Q <- genetic_groups(ped, genotyped)
  covariance <- solve(t(Q) %*% solve(A) %*% Q)
  b <- covariance %*% t(Q) %*% solve(A) %*% M
  found <- metafounder_gamma(ped, M, unbiased = FALSE)
  expect_equal(unname(attr(found, "frequency")), unname(b) / 2)
  gamma <- 8 * tcrossprod(b / 2 - 0.5) / 30
  expect_equal(unname(found[, ]), unname(gamma))
  # Without their errors: what relationships with that gamma lead to is what was found.
  unbiased <- metafounder_gamma(ped, M)[, ]
  H <- covariance %*% t(Q) %*% solve(A)
  with_gamma <- pedigree(given$table, groups = given$groups, gamma = unbiased)
  expect_equal(unname(H %*% Amatrix(with_gamma, genotyped) %*% t(H)), unname(gamma))
  # Which allele is counted does not matter.
  turned <- M
  turned[, 1:15] <- 2 - M[, 1:15]
  expect_equal(metafounder_gamma(ped, turned)[, ], metafounder_gamma(ped, M)[, ])
})

test_that("gamma of the populations that genotypes came from is found without bias", {
  gone <- vapply(1:40, function(seed) {
    given <- crossed_populations(seed)
    ped <- pedigree(given$table, groups = given$groups)
    # Without the founders.
    M <- given$M[given$table$id[31:150], ]
    away <- function(unbiased) {
      (metafounder_gamma(ped, M, unbiased) - given$gamma)[c(1, 2, 4)]
    }
    c(away(TRUE), away(FALSE))
  }, numeric(6))
  error <- rowMeans(gone) / (apply(gone, 1L, stats::sd) / sqrt(40))
  expect_lt(max(abs(error[1:3])), 3.5)
  # With the errors of the frequencies left in, gamma is too large.
  expect_gt(min(error[c(4, 6)]), 5)
})

# Groups that differ at many markers: after crosses genotypes vary by segregation, which
# relationships without gamma do not know of.
test_that("so it is of animals three to six generations after crosses", {
  distant <- function(seed, n = 40L, m = 300L) {
    set.seed(seed)
    generation <- rep(0:6, each = n)
    parents <- function(kind) {
      own <- seq_along(generation) %% 2L == (kind == "dam")
      vapply(seq_along(generation), function(i) {
        if (generation[i] == 0L) return(0L)
        sample(which(generation == generation[i] - 1L & own), 1L)
      }, 0L)
    }
    sire <- parents("sire")
    dam <- parents("dam")
    population <- rep(1:2, each = 2L, length.out = length(generation))
    shared <- stats::rnorm(m, 0, 0.05)
    frequency <- rbind(shared + stats::rnorm(m, 0, 0.2), shared + stats::rnorm(m, 0, 0.2)) + 0.5
    frequency[] <- pmin(pmax(frequency, 0.01), 0.99)
    M <- dropped_genotypes(sire, dam, population, frequency)
    id <- paste0("a", seq_along(generation))
    rownames(M) <- id
    base <- c("north", "south")[population]
    name <- function(parent) ifelse(parent == 0L, base, c(NA, id)[parent + 1L])
    ped <- pedigree(data.frame(id, sire = name(sire), dam = name(dam)),
      groups = c("north", "south"))
    gamma <- 8 * tcrossprod(frequency - 0.5) / m
    (metafounder_gamma(ped, M[generation >= 3L, ]) - gamma)[c(1, 2, 4)]
  }
  gone <- vapply(201:320, distant, numeric(3))
  expect_lt(max(abs(rowMeans(gone) / (apply(gone, 1L, stats::sd) / sqrt(120)))), 3)
})

test_that("relationships of the pedigree with that gamma are those by markers about 1/2", {
  given <- crossed_populations(3, m = 4000)
  ped <- pedigree(given$table, groups = given$groups)
  gamma <- metafounder_gamma(ped, given$M)
  with_gamma <- pedigree(given$table, groups = given$groups, gamma = gamma)
  A <- Amatrix(with_gamma, given$table$id)
  # Legarra et al. (2015): G = (M - 1)(M - 1)' / (m / 2) has the expectation A.
  G <- grm(given$M, frequency = 0.5)
  expect_lt(abs(mean(G) - mean(A)), 0.01)
  expect_lt(abs(mean(diag(G)) - mean(diag(A))), 0.02)
  expect_equal(unname(coef(lm(G[lower.tri(G)] ~ A[lower.tri(A)]))[2]), 1, tolerance = 0.05)
})

test_that("what gamma cannot be estimated from is named", {
  given <- crossed_populations(1, n = 60, m = 30)
  ped <- pedigree(given$table, groups = given$groups)
  north <- which(genetic_groups(ped, given$table$id)[, "south"] == 0)
  expect_error(metafounder_gamma(ped, given$M[north, ]), "south", class = "henderson_error_groups")
  expect_error(metafounder_gamma(ped, unname(given$M)), class = "henderson_error_grm")
  expect_error(metafounder_gamma(pedigree(flock), lamb_markers), class = "henderson_error_pedigree")
  other <- given$M
  rownames(other)[1] <- "stranger"
  expect_error(metafounder_gamma(ped, other), "stranger", class = "henderson_error_pedigree")
  expect_error(metafounder_gamma(ped, 3 - given$M), "3", class = "henderson_error_grm")
  # Two groups that always come together.
  crossed <- pedigree(data.frame(id = c("a", "b"), sire = "north", dam = "south"),
    groups = given$groups)
  both <- given$M[1:2, ]
  rownames(both) <- c("a", "b")
  expect_error(metafounder_gamma(crossed, both), "apart", class = "henderson_error_groups")
})
