# Hamiltonian Monte Carlo with the exact score, preconditioned by the curvature at the mode: in
# x = mode + S y the posterior is near a standard normal distribution (Neal 2011, Handbook of MCMC,
# ch. 5). Lengths of paths are random, so no path returns to where it began for ever.

hmc_warmup <- 200L
hmc_target <- 0.8
hmc_longest <- 2.5
hmc_most_steps <- 12L

sample_hmc <- function(posterior, mode, settings, readings) {
  S <- inverse_root(mode$hessian)
  x_of <- function(y) y %*% t(S) + rep(mode$x, each = nrow(y))
  run <- function(chains, n, posterior) {
    at <- function(y) {
      found <- log_posterior(posterior, x_of(y), gradient = TRUE)
      list(y = y, value = found$log_density, slope = clean_slope(found$gradient) %*% S)
    }
    if (is.null(chains[[1L]]$y)) chains <- hmc_warmed(chains, at, nrow(S), posterior)
    hmc_run(chains, at, n, adapt = FALSE, posterior)
  }
  found <- sample_chains("hmc", run, function(y) {
    values_at(posterior$prior, x_of(y), posterior$start)
  }, posterior, settings)
  read_chains(posterior, x_of(do.call(rbind, found$draws)), readings,
    c(chain_draws("hmc", settings$chains, found$length), list(mode = mode,
      acceptance = mean(vapply(found$chains, `[[`, 0, "acceptance")))))
}

clean_slope <- function(gradient) {
  gradient[!is.finite(gradient)] <- 0
  gradient
}

hmc_warmed <- function(chains, at, m, posterior) {
  generators <- chain_generators(chains)
  y <- do.call(rbind, generators$each(function(k) stats::rnorm(m)))
  begin <- with_state(chains, inner_state(at, y), rep(0.5, length(chains)), generators$streams())
  hmc_run(begin, at, hmc_warmup, adapt = TRUE, posterior)
}

# Where there is no density a chain begins nearer to the mode: it might never find a way from there.
inner_state <- function(at, y, most = 30L) {
  state <- at(y)
  for (k in seq_len(most)) {
    outside <- !is.finite(state$value)
    if (!any(outside)) break
    y[outside, ] <- y[outside, ] / 2
    state <- at(y)
  }
  state
}

# Chains with a row of the state each: y, the log density there and its slope.
with_state <- function(chains, state, step, streams) {
  Map(function(chain, k, step, stream) {
    chain[c("y", "value", "slope", "step", "stream")] <-
      list(state$y[k, ], state$value[k], state$slope[k, ], step, stream)
    chain
  }, chains, seq_along(chains), step, streams)
}

hmc_run <- function(chains, at, iterations, adapt, posterior) {
  state <- list(y = rows_of_chains(chains, "y"), value = drop(rows_of_chains(chains, "value")),
    slope = rows_of_chains(chains, "slope"))
  step <- drop(rows_of_chains(chains, "step"))
  generators <- chain_generators(chains)
  draws <- array(0, c(iterations, ncol(state$y), length(chains)))
  chance <- steps <- matrix(0, iterations, length(chains))
  for (i in seq_len(iterations)) {
    state <- hmc_step(state, at, step, generators)
    draws[i, , ] <- t(state$y)
    chance[i, ] <- state$chance
    # Robbins and Monro: towards the acceptance that is asked for.
    if (adapt) step <- step * exp((state$chance - hmc_target) * 2 / sqrt(i + 3))
    if (adapt) step <- pmin(pmax(step, 1e-3), 1.5)
    steps[i, ] <- step
    report_draws(posterior, i, iterations, if (adapt) "Warm-up step" else "Draw of each chain")
  }
  if (adapt) step <- late_step(steps)
  Map(function(chain, k) {
    chain$draws <- matrix(draws[, , k], iterations)
    chain$acceptance <- mean(chance[, k])
    chain
  }, with_state(chains, state, step, generators$streams()), seq_along(chains))
}

# One step of each chain: the state with its chance to be accepted.
hmc_step <- function(state, at, step, generators) {
  m <- ncol(state$y)
  # Of each chain the length of its path, the number that accepts, and the momentum.
  numbers <- generators$each(function(k) c(stats::runif(2L), stats::rnorm(m)))
  numbers <- do.call(rbind, numbers)
  length <- (0.3 + 0.7 * numbers[, 1L]) * hmc_longest
  moved <- hmc_path(state, at, step, pmax(1, pmin(hmc_most_steps, ceiling(length / step))),
    numbers[, -(1:2), drop = FALSE])
  state$chance <- ifelse(is.na(moved$gain), 0, pmin(1, exp(moved$gain)))
  take <- numbers[, 2L] < state$chance
  state$y[take, ] <- moved$state$y[take, ]
  state$value[take] <- moved$state$value[take]
  state$slope[take, ] <- moved$state$slope[take, ]
  state
}

# The geometric mean of the later half: a step of the last moment is a noisy one.
late_step <- function(steps) {
  exp(colMeans(log(steps[-seq_len(nrow(steps) %/% 2L), , drop = FALSE])))
}

# Leapfrog steps, of each chain its number, from `state` with this momentum; `gain` of the log
# density of both.
hmc_path <- function(state, at, step, steps, momentum) {
  begin <- state$value - rowSums(momentum^2) / 2
  now <- state
  for (i in seq_len(max(steps))) {
    on <- which(i <= steps)
    half <- momentum[on, , drop = FALSE] + step[on] / 2 * now$slope[on, , drop = FALSE]
    next_state <- at(now$y[on, , drop = FALSE] + step[on] * half)
    now$y[on, ] <- next_state$y
    now$value[on] <- next_state$value
    now$slope[on, ] <- next_state$slope
    momentum[on, ] <- half + step[on] / 2 * next_state$slope
  }
  list(state = now, gain = now$value - rowSums(momentum^2) / 2 - begin)
}
