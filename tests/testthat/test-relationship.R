dense <- function(S) as.matrix(S)

test_that("Mrode's and Wray's pedigrees: A, its inverse and inbreeding", {
  folder <- cases_dir()
  if (is.null(folder)) skip("no ../shared/cases beside the source tree (or set HENDERSON_CASES)")
  skip_if_not_installed("jsonlite")
  folder <- file.path(folder, "pedigree-inbreeding-ainverse")
  models <- jsonlite::read_json(file.path(folder, "case.json"))$models
  names(models) <- vapply(models, `[[`, "", "name")
  # The shuffled file has the pedigree of mrode2, offspring first and founders not listed.
  files <- c(mrode2 = "ped.csv", mrode2 = "ped_shuffled.csv", wray90 = "ped_wray90.csv")
  as_table <- function(rows) {
    M <- t(vapply(rows, unlist, double(length(rows))))
    dimnames(M) <- list(colnames(M), colnames(M))
    M
  }
  for (k in seq_along(files)) {
    expected <- models[[names(files)[k]]]$expected
    ped <- pedigree(utils::read.csv(file.path(folder, files[k])))
    expect_case(inbreeding(ped), expected$F, files[k], "inbreeding")
    inverse <- as_table(expected$Ainv)
    found <- dense(Ainverse(ped))[colnames(inverse), colnames(inverse)]
    expect_within(found, inverse, 1e-9, paste(files[k], "A-inverse"))
    if (!is.null(expected[["A"]])) {
      A <- as_table(expected[["A"]])
      expect_within(Amatrix(ped, colnames(A)), A, 1e-10, paste(files[k], "A"))
    }
    if (!is.null(expected$logdet_A)) {
      expect_case(ainverse_lower(ped)$log_det, expected$logdet_A, files[k], "log|A|")
    }
  }
})

test_that("random pedigrees with loops and selfing agree with the tabular method", {
  set.seed(1)
  for (selfing in c(0, 0, 0.2, 0.5)) {
    parents <- random_pedigree(150, selfing = selfing, unknown = 0.15)
    A <- tabular_a(parents$sire, parents$dam)
    table <- pedigree_table(parents)
    dimnames(A) <- list(table$id, table$id)
    ped <- pedigree(table[sample(150), ], both_sexes = "allow")
    expect_within(inbreeding(ped, table$id), diag(A) - 1, 1e-13, "inbreeding")
    expect_within(Amatrix(ped, table$id), A, 1e-13, "A")
    expect_within(dense(Ainverse(ped))[table$id, table$id], solve(A), 1e-9, "A-inverse")
    expect_within(ainverse_lower(ped)$log_det, determinant(A)$modulus, 1e-9, "log|A|")
    x <- stats::rnorm(150)
    names(x) <- table$id
    expect_within(a_multiply(ped, x)[table$id], A %*% x, 1e-12, "A x")
    some <- sample(table$id, 20)
    expect_within(Amatrix(ped, some), A[some, some], 1e-13, "A of some animals")
  }
})

test_that("sires and maternal grandsires", {
  set.seed(3)
  parents <- random_pedigree(100, both = TRUE)
  A <- tabular_a(parents$sire, parents$dam, dam_weight = 0.25)
  ped <- pedigree(pedigree_table(parents), maternal = "grandsire")
  expect_within(Amatrix(ped), A, 1e-13, "A")
  expect_within(dense(Ainverse(ped)), solve(A), 1e-10, "A-inverse")
  # A sire model: half sibs share a quarter.
  sires <- pedigree(data.frame(id = c("x", "y"), sire = "s", dam = NA))
  expect_equal(Amatrix(sires, c("x", "y"))[1, 2], 0.25)
})

test_that("metafounders: A from the covariance of the groups", {
  set.seed(4)
  gamma <- matrix(c(0.6, 0.2, 0.2, 0.4), 2, dimnames = list(c("g1", "g2"), c("g1", "g2")))
  parents <- random_pedigree(80, selfing = 0.1)
  # Shifted by two rows; unknown parents are of one of the groups, a few remain unknown.
  group <- function(x) ifelse(x > 0L, x + 2L, sample(c(1L, 2L, 0L), length(x), TRUE, c(5, 5, 1)))
  sire <- c(0L, 0L, group(parents$sire))
  dam <- c(0L, 0L, group(parents$dam))
  A <- tabular_a(sire, dam, gamma)
  name <- c("g1", "g2", paste0("a", 1:80))
  table <- data.frame(id = name, sire = c(NA, name)[sire + 1], dam = c(NA, name)[dam + 1])[-(1:2), ]
  ped <- pedigree(table[sample(80), ], groups = c("g1", "g2"), gamma = gamma, both_sexes = "allow")
  animals <- name[-(1:2)]
  expect_within(inbreeding(ped, animals), diag(A)[-(1:2)] - 1, 1e-13, "inbreeding")
  expect_within(Amatrix(ped, animals), A[-(1:2), -(1:2)], 1e-13, "A")
  expect_within(dense(Ainverse(ped))[name, name], solve(A), 1e-9, "A-inverse")
  # Legarra et al. (2015): a founder of one metafounder has 1 + gamma / 2 on the diagonal, and two
  # of them are related by gamma.
  two <- pedigree(data.frame(id = 1:2, sire = "m", dam = "m"), groups = "m", gamma = 0.3)
  expect_equal(unname(Amatrix(two)), matrix(c(1.15, 0.3, 0.3, 1.15), 2))
})

test_that("groups of unknown parents: Quaas and Pollak's matrix is that of the model with Qg", {
  set.seed(5)
  parents <- random_pedigree(60, unknown = 0.2)
  name <- paste0("a", 1:60)
  group <- sample(c("g1", "g2", "g3"), 120, TRUE)
  table <- pedigree_table(parents)
  table$sire[is.na(table$sire)] <- group[seq_len(sum(is.na(table$sire)))]
  table$dam[is.na(table$dam)] <- rev(group)[seq_len(sum(is.na(table$dam)))]
  ped <- pedigree(table[sample(60), ], groups = c("g1", "g2", "g3"), both_sexes = "allow")
  inverse <- solve(tabular_a(parents$sire, parents$dam))
  dimnames(inverse) <- list(name, name)
  # Q by its definition: the expected share of each group, T Qb (Quaas 1988).
  Q <- matrix(0, 60, 3, dimnames = list(name, c("g1", "g2", "g3")))
  for (i in 1:60) {
    for (parent in c(table$sire[i], table$dam[i])) {
      Q[i, ] <- Q[i, ] + if (parent %in% name) Q[parent, ] / 2 else (colnames(Q) == parent) / 2
    }
  }
  expect_within(genetic_groups(ped, name), Q, 1e-14, "Q")
  expected <- rbind(
    cbind(crossprod(Q, inverse %*% Q), -crossprod(Q, inverse)), cbind(-inverse %*% Q, inverse)
  )
  found <- dense(Ainverse(ped))[c(colnames(Q), name), c(colnames(Q), name)]
  expect_within(found, expected, 1e-9, "A*")
  expect_identical(inbreeding(ped, name), {
    plain <- table
    plain$sire[plain$sire %in% colnames(Q)] <- NA
    plain$dam[plain$dam %in% colnames(Q)] <- NA
    inbreeding(pedigree(plain, both_sexes = "allow"), name)
  })
  random <- dense(Ainverse(ped, group_variance = 4))
  expect_equal(random - dense(Ainverse(ped)), diag(rep(c(0.25, 0), c(3, 60))),
    ignore_attr = TRUE)
})

test_that("dominance: full sibs share a quarter, half sibs nothing, double first cousins 1/16", {
  ped <- pedigree(data.frame(
    id = c("a1", "a2", "b1", "b2", "half", "c1", "c2"),
    sire = c("p", "p", "r", "r", "p", "a1", "a2"), dam = c("q", "q", "s", "s", "t", "b1", "b2")
  ))
  D <- dominance_matrix(ped)
  expect_equal(D["a1", "a2"], 0.25)
  expect_equal(D["a1", "half"], 0)
  expect_equal(D["c1", "c2"], 1 / 16)
  expect_true(all(diag(D) == 1))
})

test_that("arguments", {
  ped <- pedigree(data.frame(id = 3:4, sire = 1, dam = 2))
  expect_error(Amatrix(1), class = "henderson_error_argument")
  expect_error(Amatrix(ped, "zz"), class = "henderson_error_pedigree")
  expect_error(a_multiply(ped, 1:3), class = "henderson_error_pedigree")
  expect_error(a_multiply(ped, c(zz = 1)), class = "henderson_error_pedigree")
  expect_error(genetic_groups(ped), class = "henderson_error_pedigree")
  expect_error(Ainverse(ped, group_variance = -1), class = "henderson_error_argument")
})

# One animal has one variance and no relatives: V is that of a random effect of known variance.
test_that("a relationship of one level is one level, however it is given", {
  set.seed(1)
  d <- data.frame(y = stats::rnorm(12), f = gl(2, 1, 12), id = "a")
  K <- matrix(0.5, 1, 1, dimnames = list("a", "a"))
  Kinv <- 1 / K
  ped <- pedigree(data.frame(id = "a", sire = NA, dam = NA))
  terms <- c("(1 | gr(id, cov = K))", "diag(f | gr(id, cov = K))", "us(f | gr(id, cov = K))",
    "(1 | gr(id, precision = Kinv))", "(1 | gr(id, pedigree = ped))")
  for (term in terms) {
    model <- stats::as.formula(paste("y ~ 0 + f +", term))
    expect_error(lmmfit(model, d), class = "henderson_error_one_level")
  }
  by_cov <- lmmfit(y ~ (1 | gr(id, cov = K)), d, hold = c(id = 2, residual = 1))
  by_precision <- lmmfit(y ~ (1 | gr(id, precision = Kinv)), d, hold = c(id = 2, residual = 1))
  V <- diag(12) + 2 * 0.5
  sigma <- solve(V)
  P <- sigma - tcrossprod(rowSums(sigma)) / sum(sigma)
  reml <- 11 * log(2 * pi) + log(det(V)) + log(sum(sigma)) + sum(d$y * (P %*% d$y))
  expect_equal(by_cov$minus2loglik, reml, tolerance = 1e-10)
  expect_equal(by_precision$minus2loglik, reml, tolerance = 1e-10)
})
