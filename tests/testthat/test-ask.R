# Questions to the engine after a fit. The model in which ML has a factor of C_vv apart: more than
# 50 fixed effects, a random term and a structured residual.
set.seed(1)
many <- expand.grid(visit = 1:4, id = factor(1:120))
many$herd <- factor(sample(12, nrow(many), TRUE))
many$block <- factor(sample(80, nrow(many), TRUE))
many$y <- rnorm(nrow(many)) + rnorm(120)[many$id] + rnorm(12)[many$herd]

# Half the Hessian of -2l in the variance parameters, by differences of fits that hold them.
hessian_of <- function(fit) {
  v <- varcomp(fit)
  at <- stats::setNames(v$estimate, v$parameter)
  step <- 2e-3 * pmax(abs(at), 0.1)
  value <- function(p) deviance(update(fit, hold = p))
  n <- length(at)
  hessian <- matrix(0, n, n)
  for (i in seq_len(n)) {
    for (j in seq_len(n)) {
      moved <- function(a, b) {
        p <- at
        p[i] <- p[i] + a * step[i]
        p[j] <- p[j] + b * step[j]
        value(p)
      }
      hessian[i, j] <- (moved(1, 1) - moved(1, -1) - moved(-1, 1) + moved(-1, -1)) /
        (8 * step[i] * step[j])
    }
  }
  hessian
}

test_that("ML with many fixed effects, a structured residual and a random term", {
  fit <- lmmfit(y ~ block + (1 | herd), many, residual = ~ ar1(visit | id), method = "ML")
  expect_identical(fit$convergence$status, "converged")
  expect_equal(nrow(coef(summary(fit))), 80L)
  # The same likelihood from the dense V.
  v <- varcomp(fit)$estimate
  V <- v[1] * tcrossprod(stats::model.matrix(~ 0 + herd, many)) +
    v[2] * (v[3]^abs(outer(many$visit, many$visit, "-"))) * outer(many$id, many$id, "==")
  e <- many$y - as.vector(stats::model.matrix(~ block, many) %*% fixef(fit))
  dense <- nrow(many) * log(2 * pi) + as.numeric(determinant(V)$modulus) + sum(e * solve(V, e))
  expect_equal(deviance(fit), dense, tolerance = 1e-10)
  se <- sqrt(diag(solve(hessian_of(fit))))
  expect_equal(varcomp(fit, information = "observed")$se, se, tolerance = 1e-3)
})

test_that("and without the random term", {
  fit <- lmmfit(y ~ block, many, residual = ~ ar1(visit | id), method = "ML")
  se <- sqrt(diag(solve(hessian_of(fit))))
  expect_equal(varcomp(fit, information = "observed")$se, se, tolerance = 1e-3)
})

test_that("answers of the inverse stay with the fit, and go with changed estimates", {
  fit <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
  expect_false(is_kept(fit, "leverages"))
  errors <- ranef(fit, se = TRUE)
  expect_true(is_kept(fit, "leverages"))
  again <- unserialize(serialize(fit, NULL))
  expect_identical(hatvalues(again), hatvalues(fit))
  expect_identical(ranef(again, se = TRUE), errors)
  fit$parameters$estimate[4] <- 2 * fit$parameters$estimate[4]
  expect_false(is_kept(fit, "leverages"))
})

test_that("prediction errors that take solves come only to who asks for them, and stay", {
  set.seed(2)
  G <- grm(matrix(rbinom(40 * 100, 2, 0.4), 40, dimnames = list(paste0("L", 1:40), NULL)))
  data <- data.frame(id = rep(rownames(G), 3), y = rnorm(120))
  fit <- lmmfit(y ~ 1 + (1 | gr(id, cov = G)), data, hold = c(id = 1, residual = 1))
  expect_true(has_combined_levels(fit))
  hatvalues(fit)
  expect_true(is_kept(fit, "leverages"))
  expect_false(is_kept(fit, "prediction_errors"))
  se <- attr(ranef(fit, se = TRUE)[[1L]], "se")[["(Intercept)"]]
  expect_true(is_kept(fit, "prediction_errors"))
  # Var(u_hat - u) = G - C'PC with C = Cov(y, u).
  Z <- stats::model.matrix(~ 0 + factor(id, rownames(G)), data)
  inverse <- solve(Z %*% G %*% t(Z) + diag(120))
  P <- inverse - tcrossprod(rowSums(inverse)) / sum(inverse)
  expect_equal(se, unname(sqrt(diag(G - G %*% t(Z) %*% P %*% Z %*% G))), tolerance = 1e-7)
})

test_that("a topic that the engine does not have is an error", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  expect_error(ask_one(fit, "weather"), "no topic `weather`")
})

test_that("kernels are chosen by the environment, and do not change a verdict", {
  script <- tempfile(fileext = ".R")
  writeLines(c(
    "library(henderson, warn.conflicts = FALSE)", "set.seed(3)",
    "d <- expand.grid(visit = factor(1:4), id = factor(1:60))",
    "d$y <- 1000 * as.vector(t(chol(0.6^abs(outer(1:4, 1:4, '-')))) %*% matrix(rnorm(240), 4))",
    "for (rows in list(1:240, sample(240))) {",
    "  fit <- lmmfit(y ~ visit + ar1(visit | id), d[rows, ])",
    "  cat(fit$convergence$status, varcomp(fit)$status, sprintf('%.3f', deviance(fit)), '\\n')", "}"
  ), script)
  run <- function(kernels) {
    system2(file.path(R.home("bin"), "Rscript"), script, stdout = TRUE, stderr = TRUE,
      env = c(paste0("HENDERSON_KERNELS=", kernels),
        paste0("R_LIBS=", paste(.libPaths(), collapse = .Platform$path.sep))))
  }
  reference <- run("portable")
  expect_length(unique(reference), 1L)
  expect_match(reference, "^converged free free at boundary")
  for (kernels in c("avx2", "avx512")) {
    found <- suppressWarnings(run(kernels))
    if (any(grepl("is not among those that this processor has", found))) next
    expect_identical(found, reference)
  }
  expect_match(paste(suppressWarnings(run("none")), collapse = " "), "portable")
})
