# The posterior of the variance parameters of a model as a function of its coordinates
# (posterior-map.R), with the engine at hand. It lives for one call.
#
# Fixed effects with a normal prior are random effects with a known variance: they move from X to a
# term of one level, behind the other terms, and their means to the response.

open_posterior <- function(model, prior, threads) {
  moved <- move_fixed(model$spec, prior$beta)
  list(
    prior = prior, spec = moved$spec, moved = moved,
    handle = posterior_open(moved$spec, threads), threads = threads,
    no_functions = no_functions(moved$n_effects), parameters = model$parameters,
    start = held_values_of(model), limits = prior_limits(model),
    n_random = sum(model$parameters$index > 0L)
  )
}

# To the one who waits.
report_draws <- function(posterior, k, n, what = "Draw") {
  if (!is.null(posterior$report)) posterior$report(paste0(what, " ", k, " of ", n))
}

# Values that are held, and which follow which.
held_values_of <- function(model) {
  n <- length(model$parameters$name)
  value <- numeric(n)
  value[match(names(model$asked$hold), model$parameters$name)] <- model$asked$hold
  constraints <- model$asked$constraints
  lead <- constraints$lead %||% seq_len(n)
  held <- model$parameters$name %in% names(model$asked$hold)
  lead[held] <- which(held)
  list(value = value, lead = lead, ratio = constraints$ratio %||% rep.int(1, n))
}

prior_limits <- function(model) {
  constraints <- model$asked$constraints
  if (is.null(constraints)) return(NULL)
  at <- which(is.finite(constraints$lower) | is.finite(constraints$upper))
  if (length(at) > 0L) list(at = at, lower = constraints$lower[at], upper = constraints$upper[at])
}

# Fixed effects with a prior ----------------------------------------------------------------------

move_fixed <- function(spec, beta) {
  matrices <- engine_matrices(spec)
  p <- ncol(matrices$X)
  n_random <- sum(vapply(matrices$Z, ncol, 0L))
  moved <- list(spec = spec, values = numeric(), p = p, n_effects = p + n_random,
    order = seq_len(p + n_random))
  if (length(beta$at) == 0L) return(moved)
  X <- as.matrix(matrices$X)
  own <- X[, beta$at, drop = FALSE]
  spec$response <- spec$response - drop(own %*% beta$mean)
  kept <- setdiff(seq_len(p), beta$at)
  spec$fixed <- if (length(kept) > 0L) list(list(parts = list(X[, kept, drop = FALSE])))
  spec$fixed <- spec$fixed %||% list()
  levels <- rep.int(1L, nrow(X))
  spec$random <- c(spec$random, list(list(
    label = "fixed effects with a prior", structure = "diag", n_coef = ncol(own), n_levels = 1L,
    incidence = list(list(levels = levels, terms = list(list(parts = list(own))), first_coef = 1L)),
    relationship = list(type = "identity")
  )))
  # The user's order of effects in that of the engine.
  order <- integer(p + n_random)
  order[kept] <- seq_along(kept)
  order[p + seq_len(n_random)] <- length(kept) + seq_len(n_random)
  order[beta$at] <- length(kept) + n_random + seq_along(beta$at)
  mean <- numeric(p + n_random)
  mean[beta$at] <- beta$mean
  list(spec = spec, values = beta$sd^2, p = p, n_effects = p + n_random, order = order, mean = mean)
}

# Values of the user, points x parameters, as the engine takes them: a column for each point.
to_engine <- function(posterior, values) {
  values <- t(values)
  own <- posterior$moved$values
  if (length(own) == 0L) return(values)
  first <- seq_len(nrow(values)) <= posterior$n_random
  rbind(values[first, , drop = FALSE], matrix(own, length(own), ncol(values)),
    values[!first, , drop = FALSE])
}

# Effects of the engine as the user numbers them, a column for each point; K the other way.
from_engine <- function(posterior, effects) {
  effects <- effects[posterior$moved$order, , drop = FALSE]
  if (is.null(posterior$moved$mean)) effects else effects + posterior$moved$mean
}

functions_to_engine <- function(posterior, K) {
  as_dgc(K[order(posterior$moved$order), , drop = FALSE])
}

# At points ---------------------------------------------------------------------------------------

# x: a row for each point. The log posterior density by x, its gradient on request, and what the
# readings of draws take (posterior-sample.R): `log_proposal` is that of weighted draws, NULL for
# draws of a chain, which count alike. `normals` makes the numbers of draws of all effects.
log_posterior <- function(posterior, x, gradient = FALSE, readings = NULL, log_proposal = NULL,
                          normals = NULL) {
  values <- values_at(posterior$prior, x, posterior$start)
  prior <- log_prior(posterior$prior, x, gradient)
  inside <- within_limits(posterior, values)
  log_weights <- if (!is.null(readings)) {
    own <- if (is.null(log_proposal)) numeric(nrow(x)) else prior$value - log_proposal
    ifelse(inside & !is.na(own), own, -Inf)
  }
  found <- posterior_points(posterior, values, gradient, readings$K,
    isTRUE(readings$covariance), log_weights, !is.null(log_proposal),
    if (!is.null(normals)) normals(nrow(x)))
  value <- prior$value - found$minus2loglik / 2
  value[is.na(value) | !inside] <- -Inf
  found$log_density <- value
  found$log_prior <- prior$value
  found$values <- values
  if (gradient) {
    own <- pulled_back(posterior$prior, x, -found$gradient / 2, posterior$start)
    found$gradient <- prior$gradient + own
  }
  found
}

# The engine at these values, points x parameters; what comes back has a row for each point.
posterior_points <- function(posterior, values, gradient = FALSE, K = NULL, covariance = FALSE,
                             log_weights = NULL, weigh_by_likelihood = FALSE, z = NULL) {
  K <- if (is.null(K)) posterior$no_functions else functions_to_engine(posterior, K)
  found <- engine_points(posterior$handle, to_engine(posterior, values),
    list(gradient = gradient, covariance = covariance, K = K, log_weights = log_weights,
      weigh_by_likelihood = weigh_by_likelihood, z = z))
  if (gradient) found$gradient <- t(user_rows(posterior, found$gradient))
  found$mean <- t(found$mean)
  if (!is.null(posterior$moved$mean) && ncol(K) > 0L) {
    shift <- as.vector(posterior$moved$mean[order(posterior$moved$order)] %*% K)
    found$mean <- sweep(found$mean, 2L, shift, `+`)
  }
  found$covariance <- t(found$covariance)
  if (!is.null(z)) found$draws <- from_engine(posterior, found$draws)
  if (!is.null(found$sums)) found$sums <- sums_from_engine(posterior, found$sums)
  found
}

# The term of fixed effects that moved is the last one.
sums_from_engine <- function(posterior, sums) {
  moved <- posterior$moved
  sums$sum <- sums$sum[moved$order] + (moved$mean %||% 0) * sums$total
  if (length(moved$values) > 0L) sums$products <- sums$products[-length(sums$products)]
  sums
}

user_rows <- function(posterior, gradient) {
  extra <- length(posterior$moved$values)
  if (extra == 0L) return(gradient)
  gradient[-(posterior$n_random + seq_len(extra)), , drop = FALSE]
}

within_limits <- function(posterior, values) {
  inside <- rep.int(TRUE, nrow(values))
  limits <- posterior$limits
  for (k in seq_along(limits$at)) {
    own <- values[, limits$at[k]]
    inside <- inside & own >= limits$lower[k] & own <= limits$upper[k]
  }
  inside
}

no_functions <- function(n_rows) new_dgc(integer(), 0L, double(), c(n_rows, 0L))

# Where the effects of each term stand among all.
effect_places <- function(p, random) {
  first <- p
  lapply(random, function(term) {
    size <- term$n_coef * term$n_levels
    first <<- first + size
    list(rows = first - size + seq_len(size), n_coef = term$n_coef, n_levels = term$n_levels)
  })
}
