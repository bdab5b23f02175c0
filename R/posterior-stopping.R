# How many draws: so many, or as many as reach an effective size and a Monte Carlo error.

first_draws <- 1024L
most_draws <- 65536L
# Weights are trusted up to this k-hat, and where their effective size is this share of the draws.
most_khat <- 0.7
least_by_weights <- 0.05

# `draws` of lmmfit(), a number or a vector with the names below, as list(first, most, ess,
# mc_error).
asked_draws <- function(draws) {
  if (is.null(names(draws))) {
    n <- check_count(draws %||% 4000L, "draws", least = 100)
    return(list(first = n, most = n, ess = 0, mc_error = Inf))
  }
  draws <- as.list(draws)
  unknown <- setdiff(names(draws), c("ess", "mc_error", "most"))
  if (length(unknown) > 0L) abort_draws_target(unknown[1L])
  if (is.null(draws$ess) && is.null(draws$mc_error)) abort_draws_target("most")
  most <- check_count(draws$most %||% most_draws, "draws", least = 100)
  list(first = min(first_draws, most), most = most,
    ess = if (is.null(draws$ess)) 0 else check_positive(draws$ess, "draws"),
    mc_error = if (is.null(draws$mc_error)) Inf else check_positive(draws$mc_error, "draws"))
}

# Rounds of draws, each time twice as many: more(state, n) makes them n in all. A number that was
# asked for is one round.
in_rounds <- function(asked, more, enough) {
  n <- asked$first
  state <- NULL
  repeat {
    state <- more(state, n)
    if (n >= asked$most || enough(state)) return(state)
    n <- min(2L * n, asked$most)
  }
}

has_target <- function(asked) asked$ess > 0 || is.finite(asked$mc_error)

is_enough <- function(values, draws, asked) {
  reached <- reached_precision(values, draws)
  reached$ess >= asked$ess && reached$mc_error <= asked$mc_error
}

# The effective size, by the weights or the worst of chains in bulk and tails, and the largest Monte
# Carlo error of a mean in standard deviations.
reached_precision <- function(values, draws) {
  sd <- weighted_sd(values, draws$weight)
  moving <- sd > 0
  if (!any(moving)) return(list(ess = Inf, mc_error = 0))
  values <- values[, moving, drop = FALSE]
  ess <- if (is_chain(draws)) {
    min(
      of_chains(values, draws, posterior::ess_bulk), of_chains(values, draws, posterior::ess_tail)
    )
  } else {
    kish_size(draws$weight)
  }
  list(ess = ess, mc_error = max(mean_errors_of(values, draws) / sd[moving]))
}

warn_below_target <- function(draws, asked) {
  if (!has_target(asked) || draws$sampler == "known") return(invisible())
  reached <- reached_precision(draws$values, draws)
  if (reached$ess < asked$ess || reached$mc_error > asked$mc_error) {
    warn_draws_target(length(draws$weight), reached)
  }
}
