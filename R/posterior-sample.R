# From a model and its priors to draws of the posterior: which sampler, and what it reads.

# Coordinates up to which importance sampling is tried.
most_for_importance <- 12L
# Fixed effects up to which the covariance given each draw is kept, and their means.
most_with_covariance <- 30L
most_with_means <- 1000L

samplers <- c("importance", "hmc", "gibbs")

sample_posterior <- function(posterior, model, settings, control) {
  start <- posterior_start(posterior, model, control)
  readings <- posterior_readings(posterior, model, start$estimates)
  sampler <- settings$sampler %||% first_rung(posterior$prior)
  found <- if (posterior$prior$size == 0L) {
    sample_known(posterior, readings)
  } else {
    signed <- with_signed(posterior, posterior_mode(posterior, start$x))
    posterior <- signed$posterior
    draw_by(sampler, posterior, signed$mode, settings, readings)
  }
  found$prior <- posterior$prior
  found$kept <- readings$kept
  found$estimates <- start$estimates
  found
}

first_rung <- function(prior) if (prior$size <= most_for_importance) "importance" else "hmc"

draw_by <- function(sampler, posterior, mode, settings, readings) {
  if (sampler == "importance") {
    proposal <- split_proposal(posterior, mode$x, mode$hessian)
    found <- sample_importance(posterior, proposal, settings$draws, readings)
    if (found$khat > most_khat) found <- improved(found, posterior, settings$draws, readings)
    found$mode <- mode
    if (found$khat <= most_khat || !is.null(settings$sampler)) return(found)
  }
  if (sampler == "gibbs") return(sample_gibbs(posterior, mode, settings, readings))
  sample_hmc(posterior, mode, settings, readings)
}

# Once more around the mean of the first draws, with their covariance.
improved <- function(found, posterior, asked, readings) {
  weight <- found$weight
  centre <- drop(crossprod(found$x, weight))
  spread <- crossprod(sweep(found$x, 2L, centre) * sqrt(weight))
  if (kish_size(weight) < 5 * length(centre) || rcond(spread) < 1e-10) return(found)
  proposal <- split_proposal(posterior, centre, solve(spread))
  again <- sample_importance(posterior, proposal, asked, readings)
  if (again$khat < found$khat) again else found
}

# All variances are known: one point.
sample_known <- function(posterior, readings) {
  x <- matrix(0, 1L, 0L)
  found <- log_posterior(posterior, x, readings = readings)
  list(x = x, log_weight = 0, weight = 1, part = 1L, khat = -Inf, sampler = "known",
    collected = collect(new_collector(readings), found))
}

# What is read at each draw: the means of the fixed effects that are estimated, with their
# covariance where they are few, and sums of all effects.
posterior_readings <- function(posterior, model, estimates) {
  p <- posterior$moved$p
  kept <- seq_len(p)
  flat <- setdiff(kept, posterior$prior$beta$at)
  kept <- setdiff(kept, flat[is.na(estimates$fixed$estimate)])
  total <- posterior$moved$n_effects
  few <- length(kept) <= most_with_means
  K <- if (few) new_dgc(kept - 1L, seq.int(0L, length(kept)), rep(1, length(kept)),
    c(total, length(kept)))
  list(kept = kept, K = K, covariance = length(kept) <= most_with_covariance && length(kept) > 0L,
    terms = effect_places(p, model$spec$random),
    chunk = max(16L, min(4096L, as.integer(4e6 / max(total, 1L)))))
}
