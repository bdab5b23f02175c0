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

# Nine subjects, six visits: half of all ways up end 5.6 lower than the others.
visits_of_few <- data.frame(
  y = c(1.035, 1.338, 7.139, -2.405, 4.915, 0.272, 0.248, 2.325, -3.421, 2.094, 0.2, -1.995, -1.61,
    -0.6, 1.247, -2.868, 0.462, -6.814, -0.287, 2.274, 3.233, 0.676, 0.035, 0.131, 1.387, 1.406,
    6.184, -1.69, -3.102, -0.83, -0.126, 0.558, 2.939, -1.169, -1.968, 1.668, -6.044, -1.071, 0.273,
    2.783, -10.56, 0.271, -3.153, 1.896, -2.96, -5.96, -8.02, 5.04, 0.164, -0.701, -0.733, 2.344,
    -1.099, -6.669),
  f = strsplit("zuvvuuwwvzzzwzuwuwwwwuvvzuvuzuuvvvwzvzzvvuuvvvvuvzzvww", "")[[1L]],
  visit = c(1, 3, 5, 1, 3, 3, 1, 2, 2, 6, 6, 2, 4, 2, 3, 1, 6, 5, 5, 1, 5, 6, 2, 5, 4, 4, 6, 5, 3,
    3, 1, 1, 4, 2, 1, 4, 4, 5, 3, 1, 6, 4, 3, 4, 6, 5, 6, 2, 2, 5, 2, 6, 3, 4),
  id = c(2, 4, 5, 9, 5, 8, 4, 7, 6, 3, 7, 1, 4, 8, 2, 1, 8, 6, 9, 8, 8, 2, 2, 7, 7, 2, 5, 4, 6, 3,
    7, 3, 5, 4, 6, 9, 1, 3, 7, 5, 6, 3, 1, 8, 4, 1, 1, 5, 9, 2, 3, 9, 9, 6)
)

test_that("residuals of few subjects end at the higher of two maxima", {
  d <- transform(visits_of_few, visit = factor(visit), id = factor(id),
    arm = factor(id %% 2))
  X <- model.matrix(~ f * arm, d)
  same <- outer(d$id, d$id, `==`)
  value <- function(x) {
    rho <- tanh(x[7:11])
    correlation <- diag(6L)
    for (i in 1:5) for (j in (i + 1L):6) {
      correlation[i, j] <- correlation[j, i] <- prod(rho[i:(j - 1L)])
    }
    sigma <- correlation * outer(exp(x[1:6]), exp(x[1:6]))
    U <- chol(sigma[d$visit, d$visit] * same)
    r <- qr.resid(qr(backsolve(U, X, transpose = TRUE)), backsolve(U, d$y, transpose = TRUE))
    54 * log(2 * pi) + 2 * sum(log(diag(U))) + sum(r^2)
  }
  set.seed(1)
  best <- replicate(12L, {
    nlminb(c(rnorm(6L, 1, 0.5), rnorm(5L, 0.5, 0.7)), value,
      control = list(iter.max = 500L, eval.max = 2000L))$objective
  })
  expect_gt(diff(range(best)), 5)
  for (change in list(identity, function(d) d[54:1, ], function(d) transform(d, y = 1e3 * y))) {
    fit <- lmmfit(y ~ f * arm, change(d), residual = ~ ante(visit | id), method = "ML")
    unit <- max(abs(model.response(model.frame(fit)))) / max(abs(d$y))
    expect_equal(fit$minus2loglik - 2 * 54 * log(unit), min(best), tolerance = 1e-8)
  }
})
