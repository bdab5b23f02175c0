# Importance sampling with randomised quasi-Monte Carlo points.
#
# Proposal: a split t distribution along the eigenvectors of the curvature at the mode, the scale of
# each side matched to the drop of the log density there (as INLA does: Martins, Simpson, Lindgren &
# Rue 2013, Computational Statistics & Data Analysis 67:68), mixed with the same at 2.5 times the
# scale and heavy tails (a defensive mixture: Hesterberg 1995, Technometrics 37:185), which bounds
# the weights. The points are several scrambled Sobol' sequences; errors are judged over them.

proposal_df <- c(8, 3)
proposal_share <- c(0.85, 0.15)
proposal_width <- c(1, 2.5)
proposal_distance <- 1.5
proposal_sides <- c(0.5, 4)

split_proposal <- function(posterior, centre, hessian, log_density = NULL) {
  eigen <- eigen(hessian, symmetric = TRUE)
  S <- eigen$vectors %*% diag(1 / sqrt(pmax(eigen$values, 1e-3)), length(centre))
  m <- length(centre)
  steps <- proposal_distance * cbind(S, -S)
  top <- log_density %||% log_posterior(posterior, rbind(centre))$log_density
  drop <- pmin(pmax(top - log_posterior(posterior, t(centre + steps))$log_density, 1e-3), 50)
  sides <- pmin(pmax(proposal_distance / sqrt(2 * drop), proposal_sides[1L]), proposal_sides[2L])
  list(centre = centre, S = S, turns = turning_sets(posterior$prior),
    up = sides[seq_len(m)], down = sides[m + seq_len(m)],
    log_det = as.numeric(determinant(S)$modulus))
}

# Points of the proposal from uniform numbers, points x (m + 1): the last tells the part of the
# mixture.
propose <- function(proposal, u) {
  m <- length(proposal$centre)
  part <- 1L + (u[, m + 1L] < proposal_share[2L])
  z <- matrix(0, nrow(u), m)
  for (k in seq_len(m)) {
    share <- proposal$down[k] / (proposal$down[k] + proposal$up[k])
    below <- u[, k] < share
    tail <- ifelse(below, u[, k] / share, (1 - u[, k]) / (1 - share)) / 2
    scale <- ifelse(below, -proposal$down[k], proposal$up[k]) * proposal_width[part]
    z[, k] <- scale * stats::qt(tail, proposal_df[part], lower.tail = FALSE)
  }
  x <- sweep(z %*% t(proposal$S), 2L, proposal$centre, `+`)
  if (length(proposal$turns) == 0L) {
    return(list(x = x, log_density = mixture_density(proposal, z)))
  }
  for (own in proposal$turns) {
    below <- x[, own[1L]] < 0
    x[below, own] <- -x[below, own]
  }
  list(x = x, log_density = folded_density(proposal, x))
}

# The sum over the points that fold to x: all signs of the sets that turn.
folded_density <- function(proposal, x) {
  signs <- as.matrix(expand.grid(rep(list(c(1, -1)), length(proposal$turns))))
  to_z <- t(solve(proposal$S))
  values <- lapply(seq_len(nrow(signs)), function(k) {
    at <- x
    for (own in proposal$turns[signs[k, ] < 0]) at[, own] <- -at[, own]
    mixture_density(proposal, sweep(at, 2L, proposal$centre) %*% to_z)
  })
  top <- do.call(pmax, values)
  top + log(Reduce(`+`, lapply(values, function(value) exp(value - top))))
}

mixture_density <- function(proposal, z) {
  parts <- lapply(1:2, function(part) {
    total <- log(proposal_share[part]) - proposal$log_det
    for (k in seq_len(ncol(z))) {
      down <- proposal$down[k] * proposal_width[part]
      up <- proposal$up[k] * proposal_width[part]
      scaled <- z[, k] / ifelse(z[, k] < 0, down, up)
      total <- total + log(2) - log(down + up) + stats::dt(scaled, proposal_df[part], log = TRUE)
    }
    total
  })
  top <- pmax(parts[[1L]], parts[[2L]])
  top + log(exp(parts[[1L]] - top) + exp(parts[[2L]] - top))
}

# Uniform numbers: randomly shifted Sobol' sequences side by side, one for each seed, so that more
# points are those of fewer and new ones. Of all n those from `first` on.
uniform_points <- function(first, n, m, seeds) {
  part <- rep_len(seq_along(seeds), n)
  u <- matrix(0, n, m)
  for (k in seq_along(seeds)) {
    own <- which(part == k)
    u[own, ] <- with_stream(seeds[k],
      qrng::sobol(length(own), m, randomize = "digital.shift"))
  }
  new <- seq.int(first, n)
  list(u = pmin(pmax(u[new, , drop = FALSE], 1e-12), 1 - 1e-12), part = part[new])
}

# Weighted draws: what log_posterior() gives of each point, with `log_weight`, `weight` and `part`,
# the sequence of each.
sample_importance <- function(posterior, proposal, asked, readings) {
  seeds <- sample.int(.Machine$integer.max, max(2L, min(8L, asked$first %/% 32L)))
  in_rounds(asked, function(state, n) {
    with_points(state, posterior, proposal, readings, n, seeds)
  }, function(state) {
    # More draws of a proposal that does not fit are no help.
    is_poor(state) || is_enough(collected_rows(state$collected, "values"), state, asked)
  })
}

with_points <- function(state, posterior, proposal, readings, n, seeds) {
  first <- length(state$log_weight) + 1L
  uniform <- uniform_points(first, n, length(proposal$centre) + 1L, seeds)
  proposed <- propose(proposal, uniform$u)
  log_weight <- numeric(n - first + 1L)
  collected <- state$collected %||% new_collector(readings, posterior)
  for (chunk in chunks_of(length(log_weight), readings$chunk)) {
    found <- log_posterior(posterior, proposed$x[chunk, , drop = FALSE], readings = readings,
      log_proposal = proposed$log_density[chunk], normals = collected$normals)
    log_weight[chunk] <- found$log_density - proposed$log_density[chunk]
    collected <- collect(collected, found)
    report_draws(posterior, first - 1L + max(chunk), n)
  }
  log_weight <- c(state$log_weight, log_weight)
  weight <- exp(log_weight - max(log_weight))
  list(x = rbind(state$x, proposed$x), log_weight = log_weight, weight = weight / sum(weight),
    part = c(state$part, uniform$part), khat = pareto_khat(log_weight), collected = collected,
    sampler = "importance")
}

# What comes in by chunks: rows are kept, of effects the weighted sums only, and their draws on
# request, where the readings have a seed.
new_collector <- function(readings, posterior) {
  list(readings = readings, rows = list(), draws = list(), top = -Inf, total = 0, sum = 0,
    products = NULL,
    normals = if (!is.null(readings$seed)) effect_normals(posterior, readings$seed))
}

collect <- function(into, found) {
  kept <- c("values", "log_density", "log_prior", "mean", "covariance")
  into$rows <- c(into$rows, list(found[kept]))
  if (!is.null(into$normals)) into$draws <- c(into$draws, list(found$draws))
  own <- found$sums
  top <- max(into$top, own$top)
  if (!is.finite(top)) return(into)
  old <- exp(into$top - top)
  new <- exp(own$top - top)
  into$sum <- old * into$sum + new * own$sum
  into$products <- if (is.null(into$products)) lapply(own$products, `*`, new) else
    Map(function(a, b) old * a + new * b, into$products, own$products)
  into$total <- old * into$total + new * own$total
  into$top <- top
  into
}

collected_rows <- function(collected, field) {
  do.call(rbind, lapply(collected$rows, function(row) {
    if (is.matrix(row[[field]])) row[[field]] else cbind(row[[field]])
  }))
}

chunks_of <- function(n, size) {
  first <- seq.int(1L, n, by = size)
  Map(seq.int, first, pmin(first + size - 1L, n))
}

# Diagnostics -------------------------------------------------------------------------------------

# Weights that are not to be trusted: their tail is too heavy, or few draws have nearly all of the
# weight.
is_poor <- function(draws) {
  draws$khat > most_khat || is_concentrated(draws$weight)
}

is_concentrated <- function(weight) kish_size(weight) < least_by_weights * length(weight)

# The shape of the generalised Pareto distribution of the largest weights: above 0.7 their mean is
# not to be trusted (Vehtari, Simpson, Gelman, Yao & Gabry 2024, JMLR 25:72).
pareto_khat <- function(log_weight) {
  own <- log_weight[is.finite(log_weight)]
  if (length(own) < 25L) return(Inf)
  if (max(own) - min(own) < 1e-8) return(-Inf)
  unname(suppressWarnings(loo::psis(own - max(own), r_eff = 1))$diagnostics$pareto_k)
}
