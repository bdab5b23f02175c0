# Markov chains. Each is a thing of its own, with a stream of random numbers: its draws are the same
# beside any others, in this session or on a worker of future::plan(). Those of a session step
# together, one call of the engine for a step of all.
#
# A chain is a list: `stream`, the state of its generator; `draws`, a row for each step of its last
# run; and what its sampler keeps.

# Inside with_stream().
new_chains <- function(n) {
  stream <- get(".Random.seed", envir = globalenv())
  lapply(seq_len(n), function(k) {
    stream <<- parallel::nextRNGStream(stream)
    list(stream = stream)
  })
}

# list(each, streams): each(draw) calls draw(k) with the generator of chain k, which moves on.
chain_generators <- function(chains) {
  streams <- lapply(chains, `[[`, "stream")
  each <- function(draw) {
    old <- get(".Random.seed", envir = globalenv())
    on.exit(assign(".Random.seed", old, envir = globalenv()))
    lapply(seq_along(streams), function(k) {
      assign(".Random.seed", streams[[k]], envir = globalenv())
      value <- draw(k)
      streams[[k]] <<- get(".Random.seed", envir = globalenv())
      value
    })
  }
  list(each = each, streams = function() streams)
}

rows_of_chains <- function(chains, field) do.call(rbind, lapply(chains, `[[`, field))

# Draws until they are enough, chain by chain: list(draws, length, chains), `length` that of each.
# run(chains, n, posterior) gives the chains n steps later; values(draws) those of the parameters.
sample_chains <- function(sampler, run, values, posterior, settings) {
  n <- settings$chains
  in_rounds(settings$draws, function(state, total) {
    state <- state %||% list(chains = new_chains(n), draws = vector("list", n), length = 0L)
    more <- ceiling(total / n) - state$length
    chains <- on_workers(state$chains, function(own, posterior) run(own, more, posterior),
      posterior)
    list(chains = chains, length = state$length + more,
      draws = Map(function(before, chain) rbind(before, chain$draws), state$draws, chains))
  }, function(state) {
    is_enough(values(do.call(rbind, state$draws)), chain_draws(sampler, n, state$length),
      settings$draws)
  })
}

# The chains of each worker together.
on_workers <- function(chains, run, posterior) {
  n <- min(chain_workers(posterior), length(chains))
  if (n == 1L) return(with_plain_products(run(chains, posterior)))
  if (!is.null(posterior$report)) {
    posterior$report(paste("Chains on", n, "workers of future::plan()"))
  }
  posterior$handle <- posterior$report <- NULL
  groups <- split(chains, rep_len(seq_len(n), length(chains)))
  found <- map_on_workers(groups, function(own) {
    posterior$handle <- posterior_open(posterior$spec,
      min(posterior$threads, future::availableCores()))
    with_stream(0L, with_plain_products(run(own, posterior)))
  })
  unsplit_chains(found, length(chains))
}

unsplit_chains <- function(groups, n) {
  chains <- vector("list", n)
  for (k in seq_along(groups)) chains[seq.int(k, n, by = length(groups))] <- groups[[k]]
  chains
}

# One where there is no plan, and where a prior or a structure is a function of the user: what it
# calls is not known to workers.
chain_workers <- function(posterior) {
  if (!requireNamespace("future.apply", quietly = TRUE)) return(1L)
  of_user <- rapply(posterior[c("prior", "spec")], is_of_session, classes = "function",
    how = "unlist")
  if (any(of_user)) 1L else as.integer(min(future::nbrOfWorkers(), .Machine$integer.max))
}

# Not of a package.
is_of_session <- function(f) {
  !is.primitive(f) && identical(topenv(environment(f)), globalenv())
}

# R's own matrix products: each row of a product is the same beside any other rows, which a BLAS
# does not promise.
with_plain_products <- function(code) {
  old <- options(matprod = "internal")
  on.exit(options(old))
  code
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
