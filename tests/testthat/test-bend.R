# Relationship matrices that are rounded, that are indefinite, and what makes them definite.

rounded_data <- function() {
  set.seed(3)
  n <- 60
  M <- matrix(rbinom(n * 40, 2, 0.4), n, dimnames = list(paste0("L", 1:n), NULL))
  list(G = grm(M), data = data.frame(id = rownames(M),
    y = rnorm(n) + as.vector(scale(M[, 1:10] %*% rnorm(10)))))
}

single <- function(K) {
  K[] <- readBin(writeBin(as.vector(K), raw(), size = 4), "numeric", length(K), size = 4)
  K
}

test_that("a matrix that is singular but for rounding has the likelihood of the exact one", {
  given <- rounded_data()
  G <- given$G
  exact <- lmmfit(y ~ 1 + (1 | gr(id, cov = G)), given$data)
  for (rounded in list(single(G), round(G, 6), round(G, 8), signif(G, 7))) {
    expect_lt(min(eigen(rounded)$values), -1e-12)
    expect_message(fit <- lmmfit(y ~ 1 + (1 | gr(id, cov = rounded)), given$data),
      "taken as 0", class = "henderson_message_rounding")
    expect_equal(as.numeric(logLik(fit)), as.numeric(logLik(exact)), tolerance = 1e-5)
  }
})

test_that("a matrix that is indefinite is refused with its eigenvalue and the remedies", {
  given <- rounded_data()
  G <- given$G - 0.05 * diag(60)
  expect_error(lmmfit(y ~ 1 + (1 | gr(id, cov = G)), given$data),
    "-0.05.*bend\\(G\\).*blend\\(G, A\\)", class = "henderson_error_relationship")
  bent <- bend(G)
  expect_equal(min(eigen(bent)$values), 1e-4 * mean(diag(G)), tolerance = 1e-6)
  expect_identical(dimnames(bent), dimnames(G))
  expect_s3_class(lmmfit(y ~ 1 + (1 | gr(id, cov = bent)), given$data), "lmmfit")
  expect_equal(bend(diag(3)), diag(3))

  I <- diag(60)
  dimnames(I) <- rev(dimnames(G))
  expect_equal(blend(G, share = 0.2), 0.8 * G + 0.2 * mean(diag(G)) * diag(60), ignore_attr = TRUE)
  expect_equal(blend(G, I[60:1, 60:1], share = 0.1), 0.9 * G + 0.1 * diag(60), ignore_attr = TRUE)
  expect_error(blend(G, diag(60)), class = "henderson_error_argument")
  expect_error(bend(matrix(1:4, 2)), class = "henderson_error_argument")
  A <- crossprod(matrix(rnorm(3600), 60)) / 60 + 0.2
  dimnames(A) <- dimnames(I)
  tuned <- tune(G, A)
  expect_equal(c(mean(diag(tuned)), mean(tuned)), c(mean(diag(A)), mean(A)))
  slope <- (tuned[1, 2] - tuned[1, 3]) / (G[1, 2] - G[1, 3])
  expect_equal(tuned - slope * G, matrix(tuned[1, 1] - slope * G[1, 1], 60, 60), ignore_attr = TRUE)
  expect_error(tune(G, diag(60)), class = "henderson_error_argument")
  expect_error(tune(I[60:1, 60:1] * 0 + 1, A), "diagonal", class = "henderson_error_argument")
})

test_that("dominance relationships of inbred animals are refused, those of others given", {
  full <- data.frame(id = c("s0", "d0"), sire = NA, dam = NA)
  for (i in 1:3) {
    full <- rbind(full, data.frame(id = paste0(c("s", "d"), i), sire = paste0("s", i - 1),
      dam = paste0("d", i - 1)))
  }
  ped <- pedigree(full)
  expect_error(dominance_matrix(ped), "inbred", class = "henderson_error_pedigree")
  D <- dominance_matrix(ped, c("s0", "s1", "d1"))
  expect_equal(D["s1", "d1"], 0.25)
  selfed <- pedigree(data.frame(id = letters[1:3], sire = c(NA, "a", "b"), dam = c(NA, "a", "b")),
    both_sexes = "allow")
  expect_error(dominance_matrix(selfed, c("b", "c")), "inbred")
})

test_that("a sparse covariance is refused as one too, and one eigenvalue is one", {
  K <- diag(4) + 0.2
  K[1, 2] <- K[2, 1] <- 3
  dimnames(K) <- list(1:4, 1:4)
  d <- data.frame(g = gl(4, 3, labels = 1:4), y = c(2, 1, 4, 3, 6, 5, 8, 7, 9, 8, 11, 12))
  for (form in c("CsparseMatrix", "TsparseMatrix", "generalMatrix")) {
    wrong <- methods::as(methods::as(K, "CsparseMatrix"), form)
    error <- expect_error(lmmfit(y ~ 1 + (1 | gr(g, cov = wrong)), d), "negative eigenvalue",
      class = "henderson_error_relationship")
    expect_identical(error$argument, "cov")
  }
  # Singular ones are taken, and definite ones as they are.
  clones <- diag(4)
  clones[1, 2] <- clones[2, 1] <- 1
  dimnames(clones) <- list(1:4, 1:4)
  sparse <- methods::as(clones, "CsparseMatrix")
  expect_equal(lmmfit(y ~ 1 + (1 | gr(g, cov = sparse)), d)$minus2loglik,
    lmmfit(y ~ 1 + (1 | gr(g, cov = clones)), d)$minus2loglik, tolerance = 1e-8)
  L <- cbind(c(1, 0.25, 0.5, 0.1), c(0, 0.97, 0.3, 0.7))
  rounded <- round(tcrossprod(L), 4) - diag(c(0, 0, 2e-5, 0))
  rounded <- round(rounded, 5)
  dimnames(rounded) <- list(1:4, 1:4)
  said <- capture_messages(lmmfit(y ~ 1 + (1 | gr(g, cov = rounded)), d))
  expect_match(said, "eigenvalue of `rounded`, .*was taken|eigenvalues of .* were taken",
    all = FALSE)
})
