# Hamiltonian Monte Carlo with the exact score, preconditioned by the curvature at the mode: in
# x = mode + S y the posterior is near a standard normal distribution (Neal 2011, Handbook of MCMC,
# ch. 5). All chains step together: one call of the engine for each step. Lengths of paths are
# random, so no path returns to where it began for ever.

hmc_warmup <- 200L
hmc_target <- 0.8
hmc_longest <- 2.5
hmc_most_steps <- 12L

sample_hmc <- function(posterior, mode, settings, readings) {
  chains <- settings$chains
  S <- inverse_root(mode$hessian)
  at <- function(y) {
    found <- log_posterior(posterior, sweep(y %*% t(S), 2L, mode$x, `+`), gradient = TRUE)
    list(y = y, value = found$log_density, slope = clean_slope(found$gradient) %*% S)
  }
  state <- at(matrix(stats::rnorm(chains * nrow(S)), chains))
  warm <- hmc_run(state, at, hmc_warmup, step = 0.5, adapt = TRUE, posterior)
  found <- in_rounds(settings$draws, function(state, n) {
    state <- state %||% list(state = warm$state, draws = NULL, length = 0L)
    more <- ceiling(n / chains) - state$length
    run <- hmc_run(state$state, at, more, step = warm$step, adapt = FALSE, posterior)
    draws <- array(c(state$draws, run$draws), c(dim(run$draws)[1:2], state$length + more))
    list(state = run$state, draws = draws, length = state$length + more,
      x = sweep(by_chain(draws) %*% t(S), 2L, mode$x, `+`), acceptance = run$acceptance)
  }, function(state) {
    values <- values_at(posterior$prior, state$x, posterior$start)
    is_enough(values, chain_draws("hmc", chains, state$length), settings$draws)
  })
  read_chains(posterior, found$x, readings,
    c(chain_draws("hmc", chains, found$length), list(mode = mode, acceptance = found$acceptance)))
}

clean_slope <- function(gradient) {
  gradient[!is.finite(gradient)] <- 0
  gradient
}

hmc_run <- function(state, at, iterations, step, adapt, posterior) {
  chains <- nrow(state$y)
  draws <- array(0, c(chains, ncol(state$y), iterations))
  accepted <- numeric(iterations)
  for (k in seq_len(iterations)) {
    length <- stats::runif(1L, 0.3, 1) * hmc_longest
    steps <- max(1L, min(hmc_most_steps, ceiling(length / step)))
    moved <- hmc_path(state, at, step, steps)
    chance <- pmin(1, exp(moved$gain))
    chance[is.na(chance)] <- 0
    take <- stats::runif(chains) < chance
    state$y[take, ] <- moved$state$y[take, ]
    state$value[take] <- moved$state$value[take]
    state$slope[take, ] <- moved$state$slope[take, ]
    draws[, , k] <- state$y
    accepted[k] <- mean(chance)
    # Robbins and Monro: towards the acceptance that is asked for.
    if (adapt) step <- step * exp((mean(chance) - hmc_target) * 2 / sqrt(k + 3))
    if (adapt) step <- min(max(step, 1e-3), 1.5)
    report_draws(posterior, k, iterations, if (adapt) "Warm-up step" else "Draw of each chain")
  }
  list(state = state, draws = draws, step = step, acceptance = mean(accepted))
}

# Leapfrog steps from `state` with a new momentum; `gain` of the log density of both.
hmc_path <- function(state, at, step, steps) {
  momentum <- matrix(stats::rnorm(length(state$y)), nrow(state$y))
  begin <- state$value - rowSums(momentum^2) / 2
  now <- state
  for (i in seq_len(steps)) {
    momentum <- momentum + step / 2 * now$slope
    now <- at(now$y + step * momentum)
    momentum <- momentum + step / 2 * now$slope
  }
  list(state = now, gain = now$value - rowSums(momentum^2) / 2 - begin)
}

# What is read at the draws of chains, in the shape of weighted draws.
read_chains <- function(posterior, x, readings, more) {
  collected <- new_collector(readings, posterior)
  for (chunk in chunks_of(nrow(x), readings$chunk)) {
    collected <- collect(collected,
      log_posterior(posterior, x[chunk, , drop = FALSE], readings = readings,
        normals = collected$normals))
  }
  c(list(x = x, collected = collected), more)
}
