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
  keep <- ceiling(settings$draws / chains)
  S <- inverse_root(mode$hessian)
  at <- function(y) {
    found <- log_posterior(posterior, sweep(y %*% t(S), 2L, mode$x, `+`), gradient = TRUE)
    list(y = y, value = found$log_density, slope = clean_slope(found$gradient) %*% S)
  }
  state <- at(matrix(stats::rnorm(chains * nrow(S)), chains))
  warm <- hmc_run(state, at, hmc_warmup, step = 0.5, adapt = TRUE, posterior)
  run <- hmc_run(warm$state, at, keep, step = warm$step, adapt = FALSE, posterior)
  # Draw by draw of each chain, chain by chain.
  y <- matrix(aperm(run$draws, c(3L, 1L, 2L)), keep * chains)
  read_chains(posterior, sweep(y %*% t(S), 2L, mode$x, `+`), rep(seq_len(chains), each = keep),
    readings, list(sampler = "hmc", mode = mode, acceptance = run$acceptance))
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
read_chains <- function(posterior, x, part, readings, more) {
  n <- nrow(x)
  collected <- new_collector(readings)
  for (chunk in chunks_of(n, readings$chunk)) {
    collected <- collect(collected,
      log_posterior(posterior, x[chunk, , drop = FALSE], readings = readings))
  }
  c(list(x = x, log_weight = numeric(n), weight = rep(1 / n, n), part = part,
    collected = collected), more)
}
