# A fit by Bayes: the same questions as to other fits, answered from the draws.

is_bayes <- function(fit) inherits(fit, "lmmfit_bayes")

# Where answers for which there is no posterior are taken: said beside them. NULL of other fits.
at_means_note <- function(fit) {
  if (is_bayes(fit)) "At the posterior means of the variance parameters"
}

# The posterior of a fit with the engine at hand, for one question.
reopened <- function(fit) {
  model <- fit_model(fit)
  values <- fit_values(fit)
  model$asked <- list(hold = values$hold, constraints = fit$constraints)
  open_posterior(model, fit$posterior$prior, fit$control$threads)
}

# Mean and variance of K'(beta, u) given each draw, draws x functions.
function_moments <- function(fit, K) {
  posterior <- reopened(fit)
  draws <- fit$posterior
  found <- engine_functions(posterior$handle, to_engine(posterior, draws$values),
    functions_to_engine(posterior, K))
  mean <- t(found$mean)
  if (!is.null(posterior$moved$mean)) {
    mean <- sweep(mean, 2L, as.vector(posterior$moved$mean %*% K), `+`)
  }
  list(mean = mean, variance = t(found$variance))
}

# Cov(K'(beta, u)): the mean of that given the draws + the covariance of the means.
posterior_covariance <- function(fit, K, diagonal) {
  weight <- fit$posterior$weight
  if (diagonal) {
    moments <- function_moments(fit, K)
    return(weighted_mean(moments$variance, weight) + weighted_sd(moments$mean, weight)^2)
  }
  posterior <- reopened(fit)
  found <- lapply(chunks_of(length(weight), max(1L, as.integer(1e6 / ncol(K)^2))), function(chunk) {
    at <- posterior_points(posterior, fit$posterior$values[chunk, , drop = FALSE], K = K,
      covariance = TRUE)
    list(mean = at$mean, within = drop(crossprod(weight[chunk], at$covariance)))
  })
  mean <- do.call(rbind, lapply(found, `[[`, "mean"))
  centred <- sweep(mean, 2L, weighted_mean(mean, weight)) * sqrt(weight)
  matrix(Reduce(`+`, lapply(found, `[[`, "within")), ncol(K)) + crossprod(centred)
}

# The same of the fixed effects alone, K functions x effects that are estimated; without the engine
# where the draws have their moments.
fixed_function_moments <- function(fit, K) {
  draws <- fit$posterior
  K <- as.matrix(K)
  p <- length(draws$kept)
  if (p == 0L) return(list(mean = draws$beta, variance = draws$beta))
  if (is.null(draws$beta_covariance) || ncol(draws$beta_covariance) == 0L) {
    total <- length(fit$fixed$names) + sum(vapply(fit$random, function(t) length(t$effects), 0L))
    whole <- matrix(0, total, nrow(K))
    whole[draws$kept, ] <- t(K)
    return(function_moments(fit, as_dgc(whole)))
  }
  pairs <- vapply(seq_len(nrow(K)), function(r) as.vector(outer(K[r, ], K[r, ])), numeric(p^2))
  list(mean = draws$beta %*% t(K), variance = pmax(draws$beta_covariance %*% matrix(pairs, p^2), 0))
}

# Var(u) of each term: the mean of the errors given the draws + the variance of their means.
posterior_errors_of <- function(fit) {
  kept_answer(fit, "posterior_errors", function() {
    posterior <- reopened(fit)
    within <- with_stream(fit$posterior$seed, posterior_errors(posterior, fit$posterior))$terms
    Map(function(within, between, term) {
      t <- term$n_coef
      array(within + matrix(between, t), c(t, t, term$n_levels))
    }, within, fit$posterior$between, fit$random)
  })
}

# Draws of all effects, effects x draws.
all_effect_draws <- function(fit) {
  draws <- fit$posterior
  draws$effects %||% effect_draws(fit, seq_along(draws$weight), draws$seed)
}

# Of the draws numbered `at`.
effect_draws <- function(fit, at, seed) {
  posterior <- reopened(fit)
  values <- to_engine(posterior, fit$posterior$values[at, , drop = FALSE])
  normals <- effect_normals(posterior, seed)
  most <- max(1L, as.integer(4e6 / engine_draw_size(posterior$handle)))
  found <- lapply(chunks_of(length(at), most), function(chunk) {
    from_engine(posterior,
      engine_draws(posterior$handle, values[, chunk, drop = FALSE], normals(length(chunk))))
  })
  do.call(cbind, found)
}

# Draws of the fixed effects that are estimated, a row for each draw.
fixed_draws <- function(fit) {
  draws <- fit$posterior
  p <- length(draws$kept)
  if (p == 0L) return(matrix(0, length(draws$weight), 0L))
  if (is.null(draws$beta_covariance) || ncol(draws$beta_covariance) == 0L) {
    return(t(all_effect_draws(fit)[draws$kept, , drop = FALSE]))
  }
  z <- with_stream(draws$seed, matrix(stats::rnorm(length(draws$beta)), ncol = p))
  for (i in seq_len(nrow(z))) {
    z[i, ] <- z[i, ] %*% chol_of(matrix(draws$beta_covariance[i, ], p))
  }
  draws$beta + z
}

chol_of <- function(A) {
  eigen <- eigen(A, symmetric = TRUE)
  t(eigen$vectors %*% diag(sqrt(pmax(eigen$values, 0)), nrow(A)))
}
