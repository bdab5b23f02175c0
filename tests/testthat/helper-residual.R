# Structured residuals from their definitions: Sigma of a recipe, and R record by record. Nothing
# here uses the package.

hand_sigma <- function(recipe, values) {
  t <- recipe$n_coef
  lag <- abs(outer(seq_len(t), seq_len(t), "-"))
  rho <- values[-1L]
  switch(recipe$name,
    us = {
      sigma <- matrix(0, t, t)
      # Row by row of the lower triangle is column by column of the upper one.
      sigma[upper.tri(sigma, diag = TRUE)] <- values
      sigma[lower.tri(sigma)] <- t(sigma)[lower.tri(sigma)]
      sigma
    },
    diag = diag(values, t),
    id = diag(values, t),
    cs = values[1L] * ifelse(lag == 0, 1, rho),
    ar1 = values[1L] * rho^lag,
    toep = values[1L] * matrix(c(1, rho)[lag + 1L], t),
    exp = values[1L] * exp(-as.matrix(stats::dist(recipe$coordinates)) / rho),
    product = {
      # The variances stand in the first factor.
      own <- seq_len(hand_count(recipe$factors[[1L]]))
      kronecker(
        hand_sigma(recipe$factors[[1L]], values[own]),
        hand_sigma(recipe$factors[[2L]], c(1, values[-own]))
      )
    }
  )
}

hand_count <- function(recipe) {
  t <- recipe$n_coef
  switch(recipe$name, us = t * (t + 1) / 2, diag = t, id = 1, toep = t,
    product = hand_count(recipe$factors[[1L]]) + hand_count(recipe$factors[[2L]]) - 1, 2)
}

# R of a spec at the values of its residual parameters.
hand_r <- function(spec, values) {
  n <- length(spec$response)
  R <- matrix(0, n, n)
  for (section in spec$residual$sections) {
    count <- hand_count(section$structure)
    sigma <- hand_sigma(section$structure, values[seq_len(count)])
    values <- values[-seq_len(count)]
    for (a in seq_along(section$records)) {
      for (b in which(section$subject == section$subject[a])) {
        R[section$records[a], section$records[b]] <-
          sigma[section$position[a], section$position[b]]
      }
    }
  }
  weights <- if (length(spec$weights) > 0) spec$weights else rep(1, n)
  R / sqrt(outer(weights, weights))
}

# -2 log-likelihood through V, with structured residuals; `values` as the engine has them.
hand_minus2loglik <- function(spec, values) {
  used <- length(unlist(lapply(spec$random, function(term) {
    seq_len(if (term$structure == "diag") term$n_coef else term$n_coef * (term$n_coef + 1) / 2)
  })))
  # The residual of small_covariances() is not used: R replaces it.
  model <- oracle_model(spec, small_covariances(spec, values), 1)
  model$V <- model$Z %*% model$G %*% t(model$Z) + hand_r(spec, values[-seq_len(used)])
  if (used == 0L) model$V <- hand_r(spec, values)
  oracle_minus2loglik(model, REML = spec$method == "REML")
}

# The spec of a call as it crosses to the engine.
spec_for <- function(formula, data, residual, method = "REML", weights = NULL) {
  parts <- parse_formula(formula, data, residual)
  frame <- model_frame(parts, data, weights = weights)
  new_model_spec(model_design(parts, frame), frame, parts, method)
}
