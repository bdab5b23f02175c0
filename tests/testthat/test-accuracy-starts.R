# The optimum does not depend on where the search began: 20 random starts per model and the default.

n_starts <- 20L

# Random covariances between 1e-4 and 1e2 times the variance of the response, on the scale of each
# coefficient's covariate.
random_start <- function(fit) {
  spec <- fit_spec(fit)
  total <- stats::var(spec$response)
  scale <- coefficient_scale(spec)
  values <- unlist(lapply(seq_along(spec$random), function(k) {
    term <- spec$random[[k]]
    n_coef <- term$n_coef
    sd <- sqrt(total * 10^stats::runif(n_coef, -4, 2)) / scale[[k]]
    if (term$structure == "diag") return(sd^2)
    correlation <- stats::cov2cor(crossprod(matrix(
      stats::rnorm(n_coef * (n_coef + 2)), n_coef + 2
    )))
    sigma <- correlation * tcrossprod(sd)
    sigma[upper.tri(sigma, diag = TRUE)]
  }))
  stats::setNames(c(values, total * 10^stats::runif(1, -3, 1)), fit$parameters$name)
}

# Root mean square of the columns of each coefficient.
coefficient_scale <- function(spec) {
  n <- length(spec$response)
  lapply(spec$random, function(term) {
    columns <- expand_recipe(term$incidence[[1L]]$terms, n)
    sqrt(colMeans(columns^2))
  })
}

for (name in c(
  "sleepstudy line", "sleepstudy uncorrelated", "Orthodont line", "Oats split plot",
  "Machines nested", "Machines by worker", "Pastes", "Penicillin", "cake", "Dyestuff", "Dyestuff2"
)) {
  test_that(sprintf("%d random starts reach the same optimum: %s", n_starts, name), {
    skip_on_cran()
    skip_if_not_installed("lme4")
    model <- peer_models()[[name]]
    for (method in c("REML", "ML")) {
      default <- fit_ours(model$formula, model$data, method)
      set.seed(1)
      for (i in seq_len(n_starts)) {
        start <- random_start(default)
        again <- fit_ours(model$formula, model$data, method, start = start)
        what <- sprintf("%s, %s, start %d", name, method, i)
        expect_within(again$minus2loglik, default$minus2loglik, 1e-5, paste(what, "-2l"))
        expect_relative(
          our_variances(again), our_variances(default), 1e-3, paste(what, "variances"),
          scale = 1e-2 * max(abs(our_variances(default)))
        )
      }
    }
  })
}
