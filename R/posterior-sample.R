# From a model and its priors to draws of the posterior: which sampler, and what it reads.

# Coordinates up to which importance sampling is tried, and Hamiltonian chains are.
most_for_importance <- 12L
most_for_hmc <- 60L
# Fixed effects up to which the covariance given each draw is kept, and their means.
most_with_covariance <- 30L
most_with_means <- 1000L

samplers <- c("importance", "hmc", "gibbs")

sample_posterior <- function(posterior, model, settings, control) {
  start <- posterior_start(posterior, model, control)
  posterior <- start$posterior
  readings <- posterior_readings(posterior, model, start$estimates)
  if (settings$keep_effects) readings$seed <- settings$seed
  rung <- if (is.null(settings$sampler)) first_rung(posterior) else list(settings$sampler)
  check_density(posterior, rung[[1L]])
  found <- if (posterior$prior$size == 0L) {
    sample_known(posterior, readings)
  } else {
    draw_by(rung, posterior, posterior_mode(posterior, start$x), settings, readings)
  }
  found$kept <- readings$kept
  found$estimates <- start$estimates
  found
}

# list(sampler, why it and not one before it).
first_rung <- function(posterior) {
  unknown <- without_density(posterior$prior)
  if (length(unknown) > 0L) {
    return(list("gibbs", paste("the prior of", unknown[1L], "has no density in closed form")))
  }
  size <- posterior$prior$size
  if (size <= most_for_importance) return(list("importance"))
  if (size <= most_for_hmc) return(list("hmc", reason_of_size(most_for_importance)))
  many <- reason_of_size(most_for_hmc)
  obstacle <- gibbs_obstacle(posterior)
  if (is.null(obstacle)) return(list("gibbs", many))
  list("hmc", paste0(many, ", and Gibbs sampling has no conditional distribution of ",
    obstacle$name, ": ", obstacle$why))
}

# The labels of matrices whose prior has no density in closed form.
without_density <- function(prior) {
  closed <- vapply(prior$blocks, function(block) is_closed_form(block$whole), NA)
  vapply(prior$blocks[!closed], `[[`, "", "label")
}

check_density <- function(posterior, sampler) {
  unknown <- without_density(posterior$prior)
  if (length(unknown) == 0L) return(invisible())
  if (sampler != "gibbs") abort_prior_density(unknown[1L], sampler)
  obstacle <- gibbs_obstacle(posterior)
  if (!is.null(obstacle)) abort_prior_gibbs_only(unknown[1L], obstacle$name, obstacle$why)
}

reason_of_size <- function(most) paste("there are more than", most, "parameters")

reason_of_weights <- function(found) {
  if (found$khat > most_khat) {
    return(paste("importance sampling had a k-hat of",
      formatC(found$khat, format = "f", digits = 2L)))
  }
  paste("importance sampling gave", length(found$weight), "draws that count as",
    round(kish_size(found$weight)))
}

draw_by <- function(rung, posterior, mode, settings, readings) {
  if (rung[[1L]] == "importance") {
    found <- draw_weighted(with_signed(posterior, mode, most_folded), settings, readings)
    if (!is_poor(found) || !is.null(settings$sampler)) return(found)
    rung <- list("hmc", reason_of_weights(found))
  }
  sample <- if (rung[[1L]] == "gibbs") sample_gibbs else sample_hmc
  # Chains cross zero and fold nothing.
  signed <- with_signed(posterior, mode, Inf)
  found <- sample(signed$posterior, signed$mode, settings, readings)
  found$prior <- signed$posterior$prior
  found$reason <- if (length(rung) > 1L) rung[[2L]]
  found
}

draw_weighted <- function(signed, settings, readings) {
  posterior <- signed$posterior
  mode <- signed$mode
  proposal <- split_proposal(posterior, mode$x, mode$hessian, mode$log_density)
  found <- sample_importance(posterior, proposal, settings$draws, readings)
  if (is_poor(found)) found <- improved(found, posterior, settings$draws, readings)
  found$mode <- mode
  found$prior <- posterior$prior
  found
}

# Once more around the mean of the first draws, with their covariance.
improved <- function(found, posterior, asked, readings) {
  weight <- found$weight
  centre <- drop(crossprod(found$x, weight))
  spread <- crossprod(sweep(found$x, 2L, centre) * sqrt(weight))
  if (kish_size(weight) < 5 * length(centre) || rcond(spread) < 1e-10) return(found)
  proposal <- split_proposal(posterior, centre, solve(spread))
  again <- sample_importance(posterior, proposal, asked, readings)
  better <- if (is_poor(again) == is_poor(found)) again$khat < found$khat else is_poor(found)
  if (better) again else found
}

# All variances are known: one point.
sample_known <- function(posterior, readings) {
  x <- matrix(0, 1L, 0L)
  collected <- new_collector(readings, posterior)
  found <- log_posterior(posterior, x, readings = readings, normals = collected$normals)
  list(x = x, log_weight = 0, weight = 1, part = 1L, khat = -Inf, sampler = "known",
    prior = posterior$prior,
    collected = collect(collected, found))
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
