# Estimates by Bayes, in the shape of those of the other methods: posterior means with standard
# deviations, and the draws beside them.

by_posterior <- function(model, control, report = NULL) {
  settings <- model$bayes
  begin <- proc.time()[["elapsed"]]
  posterior <- open_posterior(model, settings$prior, control$threads)
  posterior$report <- report
  found <- with_stream(settings$seed, sample_posterior(posterior, model, settings, control))
  draws <- kept_draws(found, settings, model)
  est <- posterior_estimates(draws, found, posterior, model)
  est$seconds <- proc.time()[["elapsed"]] - begin
  draws$seconds <- est$seconds
  est$posterior <- draws
  if (settings$wants_chains && draws$sampler == "importance") inform_chains_unused()
  warn_poor_draws(draws)
  warn_below_target(draws, settings$draws)
  est
}

# What stays with the fit.
kept_draws <- function(found, settings, model) {
  collected <- found$collected
  field <- function(name) alive(collected_rows(collected, name), found$log_weight)
  values <- field("values")
  colnames(values) <- model$parameters$name
  known <- if (length(without_density(found$prior)) > 0L) NA else 1
  list(
    sampler = found$sampler, reason = found$reason, seed = settings$seed, prior = found$prior,
    x = found$x, values = values, weight = found$weight, log_weight = found$log_weight,
    part = found$part, log_density = known * drop(field("log_density")),
    log_prior = known * drop(field("log_prior")),
    kept = found$kept, beta = field("mean"), beta_covariance = field("covariance"),
    mode = found$mode, khat = found$khat, acceptance = found$acceptance,
    marginal = if (has_density(settings$prior, model)) marginal_from_weights(found),
    between = between_effects(collected), effects = kept_effects(collected, found$log_weight)
  )
}

# Where there is no density the engine had no answer: these draws count for nothing, and have the
# numbers of one that counts.
alive <- function(rows, log_weight) {
  dead <- !is.finite(log_weight)
  if (is.null(rows) || !any(dead)) return(rows)
  rows[dead, ] <- rows[rep(which.max(log_weight), sum(dead)), ]
  rows
}

kept_effects <- function(collected, log_weight) {
  if (length(collected$draws) == 0L) return(NULL)
  t(alive(t(do.call(cbind, collected$draws)), log_weight))
}

# Priors of mass one: neither improper nor cut off.
has_density <- function(prior, model) {
  priors <- unlist(lapply(prior$blocks, number_priors), recursive = FALSE)
  all(vapply(priors, is_proper, NA)) && !is_cut_off(prior) && is.null(prior_limits(model))
}

is_cut_off <- function(prior) {
  any(vapply(prior$blocks, function(block) isTRUE(block$is_cut), NA))
}

# log p(y) with its Monte Carlo error: the mean weight; with all variances held the likelihood.
marginal_from_weights <- function(found) {
  if (found$sampler == "known") {
    return(list(value = drop(collected_rows(found$collected, "log_density")), mcse = 0))
  }
  if (found$sampler != "importance") return(NULL)
  top <- max(found$log_weight)
  weight <- exp(found$log_weight - top)
  parts <- vapply(split(weight, found$part), mean, 0)
  list(value = top + log(mean(weight)),
    mcse = stats::sd(parts) / sqrt(length(parts)) / mean(weight))
}

# Var(u^) over the draws, by level: n_coef^2 x n_levels for each term.
between_effects <- function(collected) {
  mean <- collected$sum / collected$total
  Map(function(products, term) {
    own <- matrix(mean[term$rows], term$n_coef)
    index <- seq_len(term$n_coef)
    squares <- own[rep(index, each = term$n_coef), , drop = FALSE] *
      own[rep(index, term$n_coef), , drop = FALSE]
    products / collected$total - squares
  }, collected$products %||% list(), collected$readings$terms)
}

posterior_estimates <- function(draws, found, posterior, model) {
  effects <- found$collected$sum / found$collected$total
  p <- posterior$moved$p
  table <- draw_table(draws$values, draws)
  beta <- rep(NA_real_, p)
  beta[draws$kept] <- effects[draws$kept]
  fixed <- fixed_moments(draws, p, posterior)
  fitted <- fitted_from(model, effects, p)
  held <- model$parameters$name %in% names(model$asked$hold)
  lead <- model$asked$constraints$lead %||% seq_along(held)
  tied <- lead %in% lead[duplicated(lead)]
  covariance <- stats::cov.wt(draws$values, draws$weight, method = "ML")$cov
  list(
    parameters = list(estimate = table$estimate, se = ifelse(held, NA, table$se),
      covariance = unname(covariance), status = ifelse(held, 1L, ifelse(tied, 3L, 0L))),
    fixed = list(estimate = beta, se = fixed$se, covariance = fixed$covariance,
      rank = length(draws$kept)),
    random = lapply(found$collected$readings$terms, function(term) {
      matrix(effects[term$rows], term$n_coef)
    }),
    fitted = fitted$all, fitted_fixed = fitted$fixed,
    minus2loglik = posterior_points(posterior, rbind(table$estimate))$minus2loglik,
    rank = length(draws$kept), equations = found$estimates$equations,
    convergence = list(status = "converged", iterations = found$mode$iterations %||% 0L)
  )
}

# Var(beta) = the mean of Var(beta given the draw) + the variance of its means.
fixed_moments <- function(draws, p, posterior) {
  kept <- draws$kept
  se <- rep(NA_real_, p)
  if (is.null(draws$beta_covariance) || ncol(draws$beta_covariance) == 0L) {
    se[kept] <- many_fixed_errors(draws, kept, posterior)
    return(list(se = se, covariance = NULL))
  }
  between <- stats::cov.wt(draws$beta, draws$weight, method = "ML")$cov
  within <- matrix(weighted_mean(draws$beta_covariance, draws$weight), length(kept))
  covariance <- matrix(NA_real_, p, p)
  covariance[kept, kept] <- within + between
  se[kept] <- sqrt(diag(within + between))
  list(se = se, covariance = covariance)
}

many_fixed_errors <- function(draws, kept, posterior) {
  if (length(kept) == 0L) return(numeric())
  within <- posterior_errors(posterior, draws)$beta[kept]
  between <- if (is.null(draws$beta)) 0 else weighted_sd(draws$beta, draws$weight)^2
  sqrt(within + between)
}

# Means over some of the draws, taken by their weights: variances given the draws vary little.
draws_for_errors <- 200L

posterior_errors <- function(posterior, draws) {
  at <- resampled(draws$weight, min(draws_for_errors, length(draws$weight)))
  found <- engine_errors(posterior$handle, to_engine(posterior, draws$values[at, , drop = FALSE]),
    rep(1 / length(at), length(at)))
  moved <- posterior$prior$beta$at
  if (length(moved) == 0L) return(found)
  beta <- rep(NA_real_, posterior$moved$p)
  beta[setdiff(seq_along(beta), moved)] <- found$beta
  last <- found$terms[[length(found$terms)]]
  beta[moved] <- diag(as.matrix(last))
  list(beta = beta, terms = found$terms[-length(found$terms)])
}

# n numbers of draws by systematic resampling: each as often as its weight says, up to one. They
# are taken in an order of chance: every fourth point of a Sobol' sequence has equal first digits.
resampled <- function(weight, n) {
  order <- with_stream(1L, sample.int(length(weight)))
  total <- cumsum(weight[order])
  sort(order[findInterval((seq_len(n) - 0.5) / n * total[length(total)], total) + 1L])
}

fitted_from <- function(model, effects, p) {
  matrices <- engine_matrices(model$spec)
  beta <- effects[seq_len(p)]
  fixed <- as.vector(matrices$X %*% beta)
  all <- fixed
  first <- p
  for (Z in matrices$Z) {
    all <- all + as.vector(Z %*% effects[first + seq_len(ncol(Z))])
    first <- first + ncol(Z)
  }
  list(all = all, fixed = fixed)
}

warn_poor_draws <- function(draws) {
  if (is_chain(draws)) {
    unmixed <- unmixed_chains(draws)
    if (!is.null(unmixed)) warn_chains(unmixed$rhat, unmixed$ess)
  } else if (draws$khat > most_khat) {
    warn_khat(draws$khat)
  } else if (is_concentrated(draws$weight)) {
    warn_concentrated(length(draws$weight), round(kish_size(draws$weight)))
  }
}

# The largest R-hat and the smallest effective size where one of them is poor, else NULL.
unmixed_chains <- function(draws) {
  table <- draw_table(draws$values[, apply(draws$values, 2L, stats::sd) > 0, drop = FALSE], draws)
  poor <- any(table$rhat > 1.05, na.rm = TRUE) || any(table$ess < 100, na.rm = TRUE)
  if (poor) list(rhat = max(table$rhat, na.rm = TRUE), ess = min(table$ess, na.rm = TRUE))
}
