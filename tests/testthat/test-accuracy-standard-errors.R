# Standard errors of variance components against the observed information of a likelihood that
# shares no code with the engine: -2 log REML through V, dense, differentiated twice.

# -2l as a function of the variances; V = sum of variance x matrix.
dense_reml <- function(y, X, matrices) {
  force(y)
  function(variance) {
    half <- chol(Reduce(`+`, Map(`*`, variance, matrices)))
    white <- backsolve(half, cbind(X, y), transpose = TRUE)
    p <- ncol(X)
    fixed <- qr(white[, seq_len(p), drop = FALSE])
    2 * sum(log(diag(half))) + 2 * sum(log(abs(diag(qr.R(fixed))))) +
      sum(qr.resid(fixed, white[, p + 1L])^2)
  }
}

# Central second differences, extrapolated to step 0 (Richardson): error of order step^4.
second_differences <- function(f, at, step = 0.02 * at) {
  centre <- f(at)
  entry <- function(i, j, h) {
    moved <- function(a, b) {
      x <- at
      x[i] <- x[i] + a * h[i]
      x[j] <- x[j] + b * h[j]
      f(x)
    }
    if (i == j) return((moved(1, 0) - 2 * centre + moved(-1, 0)) / h[i]^2)
    (moved(1, 1) - moved(1, -1) - moved(-1, 1) + moved(-1, -1)) / (4 * h[i] * h[j])
  }
  n <- length(at)
  H <- matrix(0, n, n)
  for (i in seq_len(n)) for (j in seq_len(i)) {
    H[i, j] <- H[j, i] <- (4 * entry(i, j, step / 2) - entry(i, j, step)) / 3
  }
  H
}

expect_observed_errors <- function(fit, y, X, matrices, what) {
  f <- dense_reml(y, X, matrices)
  expected <- sqrt(diag(solve(second_differences(f, varcomp(fit)$estimate) / 2)))
  found <- varcomp(fit, information = "observed")$se
  expect_within(found, expected, 1e-4 * expected, paste(what, "observed SE, dense likelihood"))
  expected
}

test_that("blue tits (BTdata): observed SE of the dense likelihood, average SE of gremlin", {
  skip_on_cran()
  skip_if_not_installed("MCMCglmm")
  peer <- "MCMCglmm"
  utils::data("BTdata", "BTped", package = peer, envir = environment())
  ped <- pedigree(BTped, id = "animal")
  fit <- fit_ours(tarsus ~ sex + hatchdate + (1 | gr(animal, pedigree = ped)) + (1 | fosternest),
    BTdata)
  nest <- stats::model.matrix(~ 0 + fosternest, BTdata)
  observed <- expect_observed_errors(fit, BTdata$tarsus,
    stats::model.matrix(~ sex + hatchdate, BTdata),
    list(Amatrix(ped, as.character(BTdata$animal)), tcrossprod(nest), diag(nrow(BTdata))), "BTdata")
  # gremlin 1.1.0, summary()$varcompSummary, which has the average information.
  average <- varcomp(fit)$se
  expect_within(average, c(0.09431618, 0.02888111, 0.05767764), 1e-4 * average,
    "BTdata average SE, gremlin")
  # How far the default is from the observed information: 1.3 % here.
  expect_lt(max(abs(average / observed - 1)), 0.015)
})

test_that("gryphon birth weight: observed SE of the dense likelihood", {
  skip_on_cran()
  case <- read_case("gryphon-univariate")
  data <- case$data[!is.na(case$data$bwt), ]
  columns <- c("animal", "mother", "byear", "sex")
  data[columns] <- lapply(data[columns], factor)
  ped <- pedigree(case$pedigree, both_sexes = "allow")
  A <- Amatrix(ped, as.character(data$animal))
  fit <- fit_ours(bwt ~ 1 + (1 | gr(animal, pedigree = ped)), data)
  expect_observed_errors(fit, data$bwt, matrix(1, nrow(data)), list(A, diag(nrow(data))),
    "gryphon m1")
  # ASReml prints the SE of the average information: so do we.
  expect_case(stats::setNames(varcomp(fit)$se, c("animal", "residual")),
    case$models$m1$expected$varcomp_se, case$source, "average SE")
})
