set.seed(1)
M <- matrix(stats::rbinom(12 * 700, 2, rep(stats::runif(700, 0.05, 0.95), each = 12)), 12,
  dimnames = list(letters[1:12], NULL))
M[, 5] <- 0  # does not vary

test_that("VanRaden 1 and 2 and dominance by their definitions", {
  p <- colMeans(M) / 2
  Z <- sweep(M, 2, 2 * p)
  v <- 2 * p * (1 - p)
  G <- grm(M)
  expect_equal(as.vector(G), as.vector(tcrossprod(Z) / sum(v)), tolerance = 1e-13)
  expect_identical(rownames(G), letters[1:12])
  expect_identical(attr(G, "markers"), sum(v > 0))
  used <- v > 0
  Z2 <- sweep(Z[, used], 2, sqrt(v[used]), "/")
  expect_equal(as.vector(grm(M, "VanRaden2")), as.vector(tcrossprod(Z2) / sum(used)),
    tolerance = 1e-13)
  code <- function(m, p) c(-2 * p^2, 2 * p * (1 - p), -2 * (1 - p)^2)[m + 1]
  W <- vapply(seq_along(p), function(j) code(M[, j], p[j]), double(12))
  expect_equal(as.vector(grm(M, "dominance")), as.vector(tcrossprod(W) / sum(v^2)),
    tolerance = 1e-12)
  half <- sweep(M, 2, 1)
  expect_equal(as.vector(grm(M, frequency = 0.5)), as.vector(tcrossprod(half) / (700 / 2)),
    tolerance = 1e-13)
  expect_identical(grm(M, threads = 1L), grm(M, threads = 2L))
  storage.mode(M) <- "integer"
  expect_identical(as.vector(grm(M)), as.vector(G))
})

test_that("missing genotypes count as the mean and are reported", {
  holes <- M
  holes[cbind(1:12, 11:22)] <- NA
  filled <- holes
  for (j in 11:22) filled[is.na(filled[, j]), j] <- mean(holes[, j], na.rm = TRUE)
  expect_message(G <- grm(holes), "12 missing")
  expect_equal(as.vector(G), as.vector(suppressMessages(grm(filled))), tolerance = 1e-13)
  expect_identical(attr(G, "missing"), 12)
  storage.mode(holes) <- "integer"
  expect_identical(as.vector(suppressMessages(grm(holes))), as.vector(G))
})

test_that("counts, dosages and gaps in one matrix", {
  mixed <- M
  mixed[cbind(1:12, 31:42)] <- 0.7
  mixed[cbind(12:1, 51:62)] <- NA
  for (p in list(colMeans(mixed, na.rm = TRUE) / 2, rep(0.3, ncol(M)))) {
    Z <- sweep(mixed, 2, 2 * p)
    Z[is.na(Z)] <- 0
    Z[, p == 0] <- 0
    G <- suppressMessages(grm(mixed, frequency = p))
    expect_equal(as.vector(G), as.vector(tcrossprod(Z) / sum(2 * p * (1 - p))), tolerance = 1e-13)
  }
})

test_that("the inverse of H by its definition", {
  ped <- pedigree(data.frame(id = 3:12, sire = c(1, 1, 1, 3, 3, 5, 5, 7, 8, 8),
    dam = c(2, 2, 2, 4, 4, 4, 6, 6, 9, 9)), both_sexes = "allow")
  some <- c("9", "11", "5", "12")
  G <- grm(M[1:4, ])
  dimnames(G) <- list(some, some)
  A <- Amatrix(ped)
  A22 <- A[some, some]
  expected <- solve(A)
  blended <- 0.9 * G + 0.1 * A22
  expected[some, some] <- expected[some, some] + 0.8 * solve(blended) - 0.7 * solve(A22)
  H <- Hinverse(ped, G, blend = 0.1, tune = FALSE, tau = 0.8, omega = 0.7)
  expect_equal(as.matrix(H), expected, tolerance = 1e-10)
  # With weights of 1 the matrix is the inverse of H = A + A12 A22^-1 (G - A22) A22^-1 A21.
  H <- solve(as.matrix(Hinverse(ped, G, blend = 0.1, tune = FALSE)))
  B <- A[, some] %*% solve(A22)
  expect_equal(unname(H), unname(A + B %*% (blended - A22) %*% t(B)), tolerance = 1e-10)
  tuned <- tuned(G, A22)
  expect_equal(c(mean(diag(tuned)), mean(tuned)), c(mean(diag(A22)), mean(A22)))
})

test_that("APY: the inverse of a G whose others are independent given the core", {
  set.seed(7)
  parents <- random_pedigree(40)
  ped <- pedigree(pedigree_table(parents))
  some <- paste0("a", 11:40)
  markers <- matrix(rbinom(30 * 12, 2, 0.4), 30, dimnames = list(some, NULL))
  G <- grm(markers) + diag(0.01, 30)
  core <- some[c(3, 7, 8, 15, 16, 20, 25, 26)]
  others <- setdiff(some, core)
  # G with what the core predicts between others, and their own variances: its inverse is APY's.
  predicted <- G[others, core] %*% solve(G[core, core]) %*% G[core, others]
  kept <- G
  kept[others, others] <- predicted + diag(diag(G[others, others] - predicted))
  expect_message(H <- Hinverse(ped, G, blend = 0, tune = FALSE, apy = core),
    "22 animals are taken as independent", class = "henderson_message_core")
  expect_equal(as.matrix(H), as.matrix(Hinverse(ped, kept, blend = 0, tune = FALSE)),
    tolerance = 1e-9)
  # Blended and tuned first, with weights.
  A22 <- Amatrix(ped, some)
  H <- suppressMessages(Hinverse(ped, G, tau = 0.9, omega = 0.8, apy = core))
  raw <- suppressMessages(Hinverse(ped, tune(blend(G, A22), A22), blend = 0, tune = FALSE,
    tau = 0.9, omega = 0.8, apy = core))
  expect_equal(as.matrix(H), as.matrix(raw), tolerance = 1e-9)
  # Exact with all animals as the core, or a G of the rank of the core and independent errors.
  expect_silent(all <- Hinverse(ped, G, apy = some))
  expect_equal(all, Hinverse(ped, G), tolerance = 1e-10)
  low <- tcrossprod(matrix(rnorm(30 * 8), 30))
  dimnames(low) <- list(some, some)
  low[cbind(others, others)] <- diag(low)[others] + 0.1
  expect_equal(as.matrix(suppressMessages(Hinverse(ped, low, blend = 0, tune = FALSE,
    apy = core))), as.matrix(Hinverse(ped, low, blend = 0, tune = FALSE)), tolerance = 1e-7)
  expect_error(Hinverse(ped, G, apy = c("a11", "zz")), "zz", class = "henderson_error_pedigree")
  expect_error(Hinverse(ped, G, apy = character()), class = "henderson_error_argument")
  # What the core tells wholly has no variance of its own.
  expect_error(suppressMessages(Hinverse(ped, grm(markers), blend = 0, tune = FALSE,
    apy = some[1:20])), "singular", class = "henderson_error_grm")
})

test_that("arguments", {
  wrong <- M
  wrong[2, 3] <- 7
  expect_error(grm(wrong), class = "henderson_error_grm")
  expect_error(grm("M"), class = "henderson_error_grm")
  expect_error(grm(M[1, , drop = FALSE]), class = "henderson_error_grm")
  expect_error(grm(M * 0), class = "henderson_error_grm")
  expect_error(grm(M, frequency = 2), class = "henderson_error_grm")
  expect_error(grm(M, "Yang"), class = "henderson_error_argument")
  ped <- pedigree(data.frame(id = 3:4, sire = 1, dam = 2))
  G <- diag(2)
  expect_error(Hinverse(ped, G), class = "henderson_error_grm")
  dimnames(G) <- list(c("3", "x"), c("3", "x"))
  expect_error(Hinverse(ped, G), class = "henderson_error_pedigree")
  singular <- matrix(1, 2, 2, dimnames = list(3:4, 3:4))
  expect_error(Hinverse(ped, singular, blend = 0, tune = FALSE), class = "henderson_error_grm")
  expect_snapshot(error = TRUE, {
    grm(wrong)
    Hinverse(ped, singular, blend = 0, tune = FALSE)
  })
})

test_that("an inverse of H that has lost its mark is no covariance", {
  ped <- pedigree(flock)
  genotyped <- rownames(lamb_markers)
  A <- Amatrix(ped)
  marked <- Hinverse(ped, blend(grm(lamb_markers), A[genotyped, genotyped]))
  plain <- as.matrix(marked)
  expect_null(attr(plain, "INVERSE"))
  fit <- function(text) {
    formula <- stats::as.formula(text, parent.frame())
    lmmfit(formula, lambs, hold = c(animal = 0.2, residual = 0.2))$minus2loglik
  }
  right <- fit("birth ~ sex + (1 | gr(animal, precision = marked))")
  expect_equal(fit("birth ~ sex + (1 | gr(animal, precision = plain))"), right)
  for (sparse in list(plain, Matrix::Matrix(plain, sparse = TRUE))) {
    plain <- sparse
    expect_error(fit("birth ~ sex + (1 | gr(animal, cov = plain))"), "precision = plain",
      class = "henderson_error_relationship")
  }
  # H itself, and a matrix with -1 and 1/2 in it that is no inverse of relationships.
  H <- solve(as.matrix(marked))
  expect_equal(fit("birth ~ sex + (1 | gr(animal, cov = H))"), right, tolerance = 1e-7)
  steps <- 2 * diag(3) - (abs(outer(1:3, 1:3, "-")) == 1)
  expect_false(is_of_pedigree(solve(steps), steps))
})

# Codes of Alvarez-Castro & Carlborg (2007), in the table of Vitezica et al. (2017), typed in.
noia_codes <- function(g) {
  f <- tabulate(g + 1L, 3L) / length(g)
  D <- f[1L] + f[3L] - (f[1L] - f[3L])^2
  own <- c(-2 * f[2L] * f[3L], 4 * f[1L] * f[3L], -2 * f[1L] * f[2L]) / D
  cbind(additive = g - mean(g), dominance = own[g + 1L])
}

# Genotypes of lines, crosses and backcrosses: far from equilibrium.
mixed_genotypes <- function(n, m) {
  M <- vapply(seq_len(m), function(j) {
    sample(0:2, n, TRUE, stats::rexp(3) + 0.2)
  }, integer(n))
  dimnames(M) <- list(paste0("i", seq_len(n)), NULL)
  M
}

test_that("NOIA: relationships are those of the published codes, of mean diagonal 1", {
  set.seed(8)
  M <- mixed_genotypes(60, 40)
  codes <- lapply(seq_len(40), function(j) noia_codes(M[, j]))
  for (kind in c("additive", "dominance")) {
    H <- vapply(codes, function(x) x[, kind], numeric(60))
    G <- grm(M, if (kind == "additive") "NOIA" else "NOIA.dominance")
    expect_equal(unclass(G), tcrossprod(H) * 60 / sum(H^2), ignore_attr = TRUE, tolerance = 1e-12)
  }
  expect_equal(sum(diag(grm(M, "NOIA"))), 60)
})

test_that("NOIA: at each marker effects are orthogonal and add up to the genetic variance", {
  set.seed(9)
  M <- mixed_genotypes(80, 12)
  for (j in 1:12) {
    g <- M[, j]
    one <- M[, j, drop = FALSE]
    # One marker: its relationships are outer products of its codes, which eigen() gives back.
    roots <- vapply(c("NOIA", "NOIA.dominance"), function(method) {
      found <- eigen(unclass(grm(one, method))[, ], symmetric = TRUE)
      expect_equal(found$values[2L], 0, tolerance = 1e-9)
      found$vectors[, 1L]
    }, numeric(80))
    expect_equal(crossprod(cbind(1 / sqrt(80), roots)), diag(3), ignore_attr = TRUE,
      tolerance = 1e-9)
    # Any values of the three genotypes are the mean and the two effects; the additive one is that
    # of least squares on the count.
    value <- stats::rnorm(3)[g + 1L]
    share <- crossprod(roots, value)^2 / 80
    expect_equal(sum(share), mean((value - mean(value))^2))
    expect_equal(share[[1L]], stats::cov(value, g)^2 / stats::var(g) * 79 / 80)
  }
})

test_that("NOIA: in equilibrium the matrices are those of VanRaden and Vitezica", {
  M <- cbind(rep(0:2, c(36, 48, 16)), rep(rep(0:2, c(9, 42, 49)), 1)[sample(100)])
  rownames(M) <- seq_len(100)
  scaled <- function(G) unclass(G)[, ] / mean(diag(G))
  expect_equal(scaled(grm(M, "NOIA")), scaled(grm(M)), tolerance = 1e-12)
  expect_equal(scaled(grm(M, "NOIA.dominance")), scaled(grm(M, "dominance")), tolerance = 1e-12)
})

test_that("NOIA: dosages, gaps, and what has no dominance", {
  set.seed(10)
  M <- mixed_genotypes(30, 20)
  gaps <- M
  gaps[sample(length(M), 40)] <- NA
  # A missing genotype has codes of 0, and counts for no frequency.
  H <- apply(gaps, 2L, function(g) {
    known <- !is.na(g)
    code <- numeric(30)
    code[known] <- noia_codes(g[known])[, 2L]
    code
  })
  expect_equal(unclass(suppressMessages(grm(gaps, "NOIA.dominance"))),
    tcrossprod(H) * 30 / sum(H^2), ignore_attr = TRUE, tolerance = 1e-12)
  expect_error(grm(2 * (M > 0), "NOIA.dominance"), "three genotypes",
    class = "henderson_error_grm")
  expect_error(grm(1 + (M > 0), "NOIA.dominance"), "three genotypes",
    class = "henderson_error_grm")
  expect_error(grm(M, "NOIA", frequency = 0.5), "frequenc", class = "henderson_error_argument")
  expect_error(grm(M, "NOIA.dominance", ploidy = 4), class = "henderson_error_argument")
  expect_error(snp(M, "NOIA"), class = "henderson_error_argument")
})

test_that("markers without a genotype are named as the columns are", {
  M <- matrix(c(0, 1, 2, NA, NA, NA), 3, dimnames = list(1:3, c("m1", "m2")))
  expect_error(grm(M), "\"m2\"", class = "henderson_error_grm")
  expect_error(grm(unname(M)), "\"2\"", class = "henderson_error_grm")
})

test_that("dosages outside the ploidy, at every door: which animal and marker", {
  M <- matrix(stats::rbinom(200, 2, 0.4), 20, dimnames = list(paste0("L", 1:20), paste0("m", 1:10)))
  over <- replace(M, cbind(2, 3), 3)
  under <- replace(M, cbind(5, 9), -1)
  d <- data.frame(line = rownames(M), y = stats::rnorm(20))
  ped <- pedigree(data.frame(id = rownames(M), sire = 0, dam = 0))
  doors <- list(function(M) grm(M), function(M) snp(M), function(M) epistasis_matrix(M),
    function(M) lmmfit(y ~ 1 + snp(M | line), d),
    function(M) lmmfit(y ~ 1 + (1 | gr(line, markers = M)), d),
    function(M) lmmfit(y ~ 1 + (1 | gr(line, pedigree = ped, markers = M)), d))
  for (door in doors) {
    expect_error(door(over), "between 0 and 2; row L2, column m3 has 3",
      class = "henderson_error_grm")
    expect_error(door(under), "row L5, column m9 has -1", class = "henderson_error_grm")
  }
  expect_error(grm(over, ploidy = 1), "between 0 and 1")
  expect_no_error(grm(over, ploidy = 4))
  expect_error(grm(unname(over)), "row 2, column 3 has 3")
})

test_that("individuals of the data without markers are named, others are predicted", {
  M <- matrix(stats::rbinom(300, 2, 0.4), 30, dimnames = list(paste0("L", 1:30), NULL))
  d <- data.frame(line = paste0("L", c(1:20, 1:20)), y = stats::rnorm(40))
  few <- M[3:30, ]
  G <- grm(few)
  for (formula in list(y ~ 1 + snp(few | line), y ~ 1 + (1 | gr(line, markers = few)),
    y ~ 1 + (1 | gr(line, cov = G)))) {
    expect_error(lmmfit(formula, d), "2 levels of the data are not in .*: \"L1\" and \"L2\"",
      class = "henderson_error_relationship")
  }
  all <- lmmfit(y ~ 1 + (1 | gr(line, markers = M)), d, hold = c(line = 1, residual = 1))
  # What relatives tell of the lines without records: K_.T (K_TT + R)^-1 of what is left of y.
  K <- grm(M)
  V <- K[d$line, d$line] + diag(40)
  Py <- solve(V, d$y - fixef(all))
  expect_equal(ranef(all)$line[rownames(K), 1L], as.vector(K[, d$line] %*% Py), tolerance = 1e-8,
    ignore_attr = TRUE)
  ped <- pedigree(data.frame(id = rownames(M)[-30], sire = 0, dam = 0))
  expect_error(lmmfit(y ~ 1 + (1 | gr(line, pedigree = ped, markers = M)), d),
    "1 animal is not in the pedigree: \"L30\"", class = "henderson_error_pedigree")
  expect_error(Hinverse(ped, K), "1 animal is not in the pedigree: \"L30\"")
})
