# Means, standard deviations, quantiles and Monte Carlo errors of weighted draws. `draws` is
# list(weight, part, sampler): `part` is the sequence of an importance sampler, or the chain.

kish_size <- function(weight) sum(weight)^2 / sum(weight^2)

weighted_mean <- function(values, weight) drop(crossprod(weight, values))

weighted_sd <- function(values, weight) {
  centred <- sweep(values, 2L, weighted_mean(values, weight))
  sqrt(pmax(drop(crossprod(weight, centred^2)), 0))
}

# Of one vector, linear between the middles of the steps of the distribution function.
weighted_quantiles <- function(x, weight, probs) {
  order <- order(x)
  own <- weight[order]
  at <- cumsum(own) - own / 2
  kept <- own > 0
  if (sum(kept) < 2L) return(rep(x[which.max(weight)], length(probs)))
  stats::approx(at[kept], x[order][kept], probs, rule = 2, ties = "ordered")$y
}

# The errors of means, by column: over the sequences of an importance sampler, by the
# autocorrelation of chains (Vehtari et al. 2021).
mean_errors_of <- function(values, draws) {
  if (length(draws$weight) == 1L) return(numeric(ncol(values)))
  if (is_chain(draws)) {
    return(of_chains(values, draws, posterior::mcse_mean))
  }
  parts <- split(seq_along(draws$weight), draws$part)
  means <- vapply(parts, function(own) {
    weight <- draws$weight[own]
    drop(crossprod(weight, values[own, , drop = FALSE])) / sum(weight)
  }, numeric(ncol(values)))
  means <- matrix(means, ncol(values))
  apply(means, 1L, stats::sd) / sqrt(length(parts))
}

is_chain <- function(draws) draws$sampler %in% c("hmc", "gibbs")

chain_matrix <- function(x, draws) matrix(x, ncol = max(draws$part))

# A diagnostic by column. That an effective size was capped is no warning: the sizes of
# anticorrelated chains are above the number of draws.
of_chains <- function(values, draws, diagnostic) {
  apply(values, 2L, function(x) suppressWarnings(diagnostic(chain_matrix(x, draws))))
}

chain_draws <- function(sampler, chains, length) {
  n <- chains * length
  list(sampler = sampler, part = rep(seq_len(chains), each = length), weight = rep(1 / n, n),
    log_weight = numeric(n))
}

# A row for each column of `values`.
draw_table <- function(values, draws, level = 0.95) {
  probs <- c((1 - level) / 2, 0.5, (1 + level) / 2)
  quantiles <- apply(values, 2L, weighted_quantiles, weight = draws$weight, probs = probs)
  quantiles <- matrix(quantiles, 3L)
  sd <- weighted_sd(values, draws$weight)
  mcse <- mean_errors_of(values, draws)
  table <- data.frame(estimate = weighted_mean(values, draws$weight), se = sd,
    lower = quantiles[1L, ], median = quantiles[2L, ], upper = quantiles[3L, ], mcse = mcse,
    ess = ifelse(mcse > 0, (sd / mcse)^2, NA))
  if (is_chain(draws)) {
    table$rhat <- of_chains(values, draws, posterior::rhat)
    table$ess <- of_chains(values, draws, posterior::ess_bulk)
    table$ess_tail <- of_chains(values, draws, posterior::ess_tail)
  }
  table
}

# Mixtures of normals -----------------------------------------------------------------------------

# A quantity that is normal given each draw: mean and variance by draw, draws x quantities. The
# distribution of the mixture is exact but for that of the draws (Rao and Blackwell).
mixture_table <- function(mean, variance, draws, level = 0.95) {
  weight <- draws$weight
  if (ncol(mean) == 0L) {
    none <- numeric()
    return(data.frame(estimate = none, se = none, lower = none, median = none, upper = none,
      mcse = none))
  }
  centre <- weighted_mean(mean, weight)
  within <- weighted_mean(variance, weight)
  between <- weighted_sd(mean, weight)^2
  probs <- c((1 - level) / 2, 0.5, (1 + level) / 2)
  quantiles <- vapply(seq_along(centre), function(k) {
    mixture_quantiles(mean[, k], sqrt(variance[, k]), weight, probs)
  }, numeric(3L))
  data.frame(estimate = centre, se = sqrt(within + between), lower = quantiles[1L, ],
    median = quantiles[2L, ], upper = quantiles[3L, ], mcse = mean_errors_of(mean, draws))
}

# Bisection, for all probabilities at once.
mixture_quantiles <- function(mean, sd, weight, probs, steps = 60L) {
  used <- weight > 0
  mean <- mean[used]
  sd <- sd[used]
  weight <- weight[used]
  if (all(sd == 0)) return(weighted_quantiles(mean, weight, probs))
  lower <- rep(min(mean - 9 * sd), length(probs))
  upper <- rep(max(mean + 9 * sd), length(probs))
  for (k in seq_len(steps)) {
    middle <- (lower + upper) / 2
    below <- vapply(middle, function(q) sum(weight * stats::pnorm(q, mean, sd)), 0) < probs
    lower <- ifelse(below, middle, lower)
    upper <- ifelse(below, upper, middle)
    if (max(upper - lower) < 1e-10 * (1e-300 + max(abs(middle), max(sd)))) break
  }
  (lower + upper) / 2
}

# P(quantity > value).
mixture_above <- function(mean, variance, weight, value) {
  sum(weight * stats::pnorm(value, mean, sqrt(variance), lower.tail = FALSE))
}
