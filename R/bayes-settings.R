# The arguments of lmmfit() that are of method = "Bayes".

# Draws of a chain from which its error can be told.
least_of_chain <- 20L

bayes_arguments <- c("prior", "draws", "seed", "sampler", "chains")

# NULL for other methods, where none of them may be given.
bayes_settings <- function(given, method, model) {
  if (method != "Bayes") {
    used <- names(Filter(Negate(is.null), given))
    if (length(used) > 0L) abort_bayes_argument(used[1L], method)
    return(NULL)
  }
  check_bayes_packages()
  sampler <- if (!is.null(given$sampler)) check_choice(given$sampler, samplers, "sampler")
  if (!is.null(given$chains) && identical(sampler, "importance")) abort_chains_unused(sampler)
  draws <- asked_draws(given$draws)
  chains <- check_count(given$chains %||% 4L, "chains", least = 2)
  most <- draws$first %/% least_of_chain
  if (chains > most) {
    abort_argument("chains", chains, paste("at most", most, "of", draws$first, "draws"))
  }
  list(
    prior = model_prior(given$prior, model), sampler = sampler, draws = draws, chains = chains,
    wants_chains = !is.null(given$chains),
    keep_effects = isTRUE(given$keep_effects), seed = check_seed(given$seed)
  )
}

# They are not loaded before they are called: chains alone need `posterior`, which takes half a
# second.
check_bayes_packages <- function() {
  needed <- c("qrng", "loo", "posterior")
  missing <- needed[lengths(lapply(needed, find.package, quiet = TRUE)) == 0L]
  if (length(missing) > 0L) abort_bayes_package(missing)
}

# Without one it comes from the generator of the session, and is kept with the fit.
check_seed <- function(seed) {
  if (is.null(seed)) return(sample.int(.Machine$integer.max, 1L))
  valid <- is.numeric(seed) && length(seed) == 1L && is.finite(seed) && seed == round(seed) &&
    abs(seed) <= .Machine$integer.max
  if (!valid) abort_argument("seed", seed, "one whole number")
  as.integer(seed)
}
