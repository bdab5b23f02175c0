# Gibbs sampling: effects given variances, drawn exactly from the factor, and variances given
# effects. (Wang, Rutledge & Gianola 1993, Genetics Selection Evolution 25:41.)
#
# A variance with an inverse gamma prior, and a covariance matrix with an inverse Wishart prior,
# have conditionals of the same family. A half-t standard deviation is an inverse gamma mixture: v
# given a is inverse gamma (df / 2, df / a), a is inverse gamma (1/2, 1 / scale^2) (Huang & Wand
# 2013, Bayesian Analysis 8:439). Needs: independent residuals with one variance.

gibbs_warmup <- 200L

sample_gibbs <- function(posterior, mode, settings, readings) {
  blocks <- lapply(posterior$prior$blocks, gibbs_block, posterior = posterior)
  check_gibbs(posterior, blocks)
  n <- settings$chains
  spread <- inverse_root(mode$hessian) %*% matrix(stats::rnorm(length(mode$x) * n), ncol = n)
  problem <- gibbs_problem(posterior)
  warm <- gibbs_run(list(
    values = values_at(posterior$prior, t(mode$x + spread), posterior$start),
    extra = lapply(blocks, function(block) rep(1, n))
  ), blocks, problem, posterior, gibbs_warmup)
  found <- in_rounds(settings$draws, function(state, total) {
    state <- state %||% list(state = warm$state, draws = NULL, length = 0L)
    more <- ceiling(total / n) - state$length
    run <- gibbs_run(state$state, blocks, problem, posterior, more)
    list(state = run$state, length = state$length + more,
      draws = array(c(state$draws, run$draws), c(dim(run$draws)[1:2], state$length + more)))
  }, function(state) {
    is_enough(by_chain(state$draws), chain_draws("gibbs", n, state$length), settings$draws)
  })
  values <- by_chain(found$draws)
  x <- t(apply(values, 1L, function(own) coordinates_of(posterior$prior, own, most = 1)))
  read_chains(posterior, matrix(x, nrow(values)), readings,
    c(chain_draws("gibbs", n, found$length), list(mode = mode)))
}

# All chains together; draws: chains x values x iterations.
gibbs_run <- function(state, blocks, problem, posterior, iterations) {
  n <- nrow(state$values)
  draws <- array(0, c(dim(state$values), iterations))
  for (k in seq_len(iterations)) {
    z <- matrix(stats::rnorm(problem$size * n), problem$size)
    effects <- engine_draws(posterior$handle, to_engine(posterior, state$values), z)
    for (b in seq_along(blocks)) {
      drawn <- draw_block(blocks[[b]], problem, effects, state$extra[[b]])
      state$values[, blocks[[b]]$at] <- drawn$values
      state$extra[[b]] <- drawn$extra
    }
    draws[, , k] <- state$values
    report_draws(posterior, k, iterations, "Step of each chain")
  }
  list(state = state, draws = draws)
}

# What the conditional of a block takes: where its effects stand, and its prior.
gibbs_block <- function(block, posterior) {
  parameters <- posterior$parameters
  term <- parameters$index[block$at[1L]]
  if (term == 0L) return(c(block, list(residual = TRUE)))
  own <- posterior$spec$random[[term]]
  n_fixed <- posterior$moved$p - length(posterior$moved$values)
  place <- effect_places(n_fixed, posterior$spec$random)[[term]]
  coef <- parameters$row[block$at[1L]]
  if (!is.null(own$relationship$combination)) {
    abort_gibbs(own$label, "its levels are combinations of others")
  }
  c(block, list(residual = FALSE, rows = place$rows, n_coef = own$n_coef, coef = coef,
    levels = own$n_levels, precision = gibbs_precision(own)))
}

# K^-1 of the levels; NULL for independent ones.
gibbs_precision <- function(term) {
  if (term$relationship$type == "identity") return(NULL)
  Matrix::forceSymmetric(level_precision(term$relationship))
}

gibbs_problem <- function(posterior) {
  matrices <- engine_matrices(posterior$spec)
  list(size = engine_draw_size(posterior$handle), W = do.call(cbind, c(matrices["X"], matrices$Z)),
    y = posterior$spec$response, weights = posterior$spec$weights)
}

# Draws of the values of a block, chains x values, given the effects, effects x chains.
draw_block <- function(block, problem, effects, extra) {
  if (block$residual) {
    errors <- problem$y - as.matrix(problem$W %*% effects)
    if (length(problem$weights) > 0L) errors <- errors * sqrt(problem$weights)
    return(draw_variance(block$prior, colSums(errors^2), nrow(errors), extra))
  }
  if (block$type == "sd") {
    rows <- block$rows[seq.int(block$coef, length(block$rows), block$n_coef)]
    own <- effects[rows, , drop = FALSE]
    squares <- colSums(own * precision_times(block$precision, own))
    return(draw_variance(block$prior, squares, block$levels, extra))
  }
  values <- vapply(seq_len(ncol(effects)), function(k) {
    u <- matrix(effects[block$rows, k], block$n_coef)
    squares <- u %*% precision_times(block$precision, t(u))
    scale <- block$whole$nu * block$whole$V + (squares + t(squares)) / 2
    df <- block$whole$nu + block$levels
    sigma <- solve(matrix(stats::rWishart(1L, df, solve(scale)), block$t))
    sigma[cbind(block$row, block$col)]
  }, numeric(length(block$at)))
  list(values = t(matrix(values, length(block$at))), extra = extra)
}

precision_times <- function(precision, u) if (is.null(precision)) u else as.matrix(precision %*% u)

# `extra` is the mixing variable of a half-t prior.
draw_variance <- function(prior, squares, n, extra) {
  chains <- length(squares)
  if (prior$family == "half_t") {
    shape <- (prior$df + n) / 2
    v <- 1 / stats::rgamma(chains, shape, prior$df / extra + squares / 2)
    extra <- 1 / stats::rgamma(chains, (prior$df + 1) / 2, prior$df / v + 1 / prior$scale^2)
  } else {
    v <- 1 / stats::rgamma(chains, prior$shape + n / 2, prior$scale + squares / 2)
  }
  list(values = cbind(v), extra = extra)
}

check_gibbs <- function(posterior, blocks) {
  names <- posterior$parameters$name
  if (length(posterior$prior$shares) > 0L) {
    abort_gibbs("shares", "variances whose prior is one of shares depend on each other")
  }
  for (block in blocks) {
    name <- names[block$at[1L]]
    if (block$residual && sum(posterior$parameters$index == 0L) != 1L) {
      abort_gibbs(name, "the residuals have a structure")
    }
    if (!is.null(block$whole)) next
    if (block$type == "matrix") abort_gibbs(block$label, "it needs `inverse_wishart()`")
    if (block$type != "sd") abort_gibbs(name, "it is no variance")
    conjugate <- block$prior$family == "inverse_gamma" ||
      block$prior$family == "half_t" && block$prior$location == 0
    if (!conjugate) {
      abort_gibbs(name, paste("it needs `inverse_gamma()`, `half_t()` or `half_cauchy()`, not",
        prior_text(block$prior)))
    }
  }
  follow <- posterior$start$lead != seq_along(posterior$start$lead)
  if (any(follow) || !is.null(posterior$limits)) {
    abort_gibbs(names[which(follow)[1L] %||% 1L], "of ties and bounds")
  }
}
