# Gibbs sampling: effects given variances, drawn exactly from the factor, and variances given
# effects (posterior-conditional.R). (Wang, Rutledge & Gianola 1993, Genetics Selection Evolution
# 25:41.)

gibbs_warmup <- 200L

sample_gibbs <- function(posterior, mode, settings, readings) {
  obstacle <- gibbs_obstacle(posterior)
  if (!is.null(obstacle)) abort_gibbs(obstacle$name, obstacle$why)
  blocks <- lapply(posterior$prior$blocks, gibbs_block, posterior = posterior)
  problem <- gibbs_problem(posterior)
  run <- function(chains, n, posterior) {
    if (is.null(chains[[1L]]$values)) {
      begin <- gibbs_begun(chains, blocks, mode, posterior)
      chains <- gibbs_run(begin, blocks, problem, posterior, gibbs_warmup)
    }
    gibbs_run(chains, blocks, problem, posterior, n)
  }
  found <- sample_chains("gibbs", run, identity, posterior, settings)
  values <- do.call(rbind, found$draws)
  x <- t(apply(values, 1L, function(own) coordinates_of(posterior$prior, own, most = 1)))
  read_chains(posterior, matrix(x, nrow(values)), readings,
    c(chain_draws("gibbs", settings$chains, found$length), list(mode = mode)))
}

# Around the mode; `extra` is of each block what draw_block() takes more.
gibbs_begun <- function(chains, blocks, mode, posterior) {
  generators <- chain_generators(chains)
  spread <- inverse_root(mode$hessian)
  z <- do.call(rbind, generators$each(function(k) stats::rnorm(length(mode$x))))
  values <- values_at(posterior$prior, sweep(z %*% t(spread), 2L, mode$x, `+`), posterior$start)
  Map(function(chain, k, stream) {
    chain$values <- values[k, ]
    chain$extra <- lapply(blocks, function(block) rep.int(1, block$t %||% 1L))
    chain$stream <- stream
    chain
  }, chains, seq_along(chains), generators$streams())
}

gibbs_run <- function(chains, blocks, problem, posterior, iterations) {
  generators <- chain_generators(chains)
  draws <- array(0, c(iterations, length(chains[[1L]]$values), length(chains)))
  for (i in seq_len(iterations)) {
    z <- do.call(cbind, generators$each(function(k) stats::rnorm(problem$size)))
    values <- to_engine(posterior, rows_of_chains(chains, "values"))
    effects <- engine_draws(posterior$handle, values, z)
    chains <- generators$each(function(k) gibbs_step(chains[[k]], blocks, problem, effects[, k]))
    draws[i, , ] <- vapply(chains, `[[`, chains[[1L]]$values, "values")
    report_draws(posterior, i, iterations, "Step of each chain")
  }
  Map(function(chain, k, stream) {
    chain$draws <- matrix(draws[, , k], iterations)
    chain$stream <- stream
    chain
  }, chains, seq_along(chains), generators$streams())
}

# All variances of a chain given its effects.
gibbs_step <- function(chain, blocks, problem, effects) {
  errors <- errors_of(problem, effects)
  for (b in seq_along(blocks)) {
    at <- blocks[[b]]$at
    drawn <- draw_block(blocks[[b]], errors, effects, chain$values[at], chain$extra[[b]])
    chain$values[at] <- drawn$values
    chain$extra[[b]] <- drawn$extra
  }
  chain
}

gibbs_problem <- function(posterior) {
  matrices <- engine_matrices(posterior$spec)
  list(size = engine_draw_size(posterior$handle), W = do.call(cbind, c(matrices["X"], matrices$Z)),
    y = posterior$spec$response, weights = posterior$spec$weights)
}

# y - W b in the units of the residual parameters.
errors_of <- function(problem, effects) {
  errors <- problem$y - as.vector(problem$W %*% effects)
  if (length(problem$weights) > 0L) errors * sqrt(problem$weights) else errors
}
