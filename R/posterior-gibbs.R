# Gibbs sampling: effects given variances, drawn exactly from the factor, and variances given
# effects (posterior-conditional.R). (Wang, Rutledge & Gianola 1993, Genetics Selection Evolution
# 25:41.)

gibbs_warmup <- 200L

sample_gibbs <- function(posterior, mode, settings, readings) {
  obstacle <- gibbs_obstacle(posterior)
  if (!is.null(obstacle)) abort_gibbs(obstacle$name, obstacle$why)
  blocks <- lapply(posterior$prior$blocks, gibbs_block, posterior = posterior)
  n <- settings$chains
  spread <- inverse_root(mode$hessian) %*% matrix(stats::rnorm(length(mode$x) * n), ncol = n)
  problem <- gibbs_problem(posterior)
  warm <- gibbs_run(list(
    values = values_at(posterior$prior, t(mode$x + spread), posterior$start),
    extra = lapply(blocks, function(block) matrix(1, n, block$t %||% 1L))
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
    errors <- errors_of(problem, effects)
    for (b in seq_along(blocks)) {
      at <- blocks[[b]]$at
      drawn <- draw_block(blocks[[b]], errors, effects, state$values[, at, drop = FALSE],
        state$extra[[b]])
      state$values[, at] <- drawn$values
      state$extra[[b]] <- drawn$extra
    }
    draws[, , k] <- state$values
    report_draws(posterior, k, iterations, "Step of each chain")
  }
  list(state = state, draws = draws)
}

gibbs_problem <- function(posterior) {
  matrices <- engine_matrices(posterior$spec)
  list(size = engine_draw_size(posterior$handle), W = do.call(cbind, c(matrices["X"], matrices$Z)),
    y = posterior$spec$response, weights = posterior$spec$weights)
}

# y - W b in the units of the residual parameters, records x chains.
errors_of <- function(problem, effects) {
  errors <- problem$y - as.matrix(problem$W %*% effects)
  if (length(problem$weights) > 0L) errors * sqrt(problem$weights) else errors
}
