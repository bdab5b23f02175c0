# Residuals whose covariance matrix is best where it is singular: a variance of zero, a correlation
# of one, loadings without specific variances. Random terms may keep V definite there, so that the
# likelihood has a maximum at a point like any other. The equations need R^-1 all the same, and lose
# digits on the way.
#
# A search that ends near such a point, or that cannot go on, is made again with a ridge: a little
# added to the variance of each position, in the units of the engine. The structure itself may then
# be singular and has its boundaries there. What positions that are not on the edge got is taken
# away, and the likelihood is extrapolated to a ridge of zero: with a definite V it is linear in so
# little.

# Smallest eigenvalues of Sigma and of its correlations that are on their way to zero. Variances are
# shares of those of the response.
near_singular <- 1e-4
near_dependent <- 1e-6

# `first`: the estimates of the first search, or its error.
at_residual_edge <- function(first, sections, parameters, spec, control) {
  # Whatever the residuals are, where the engine has shown that the effects fit exactly.
  told <- inherits(first, "henderson_error_unbounded")
  if (told || !may_reach_edge(sections, parameters, spec, control)) return(found_or_stop(first))
  failed <- inherits(first, "condition")
  if (failed) first <- explained_start(first, sections)
  done <- !failed && first$convergence$status == "converged"
  scale <- position_scales(sections, spec)
  if (done && is_far_from_edge(first, sections, parameters, spec)) {
    return(beside_other_edges(first, least_of_sections(first, sections, parameters, scale),
      sections, parameters, scale, spec, control))
  }
  least <- if (failed) NULL else least_of_sections(first, sections, parameters, scale)
  if (done && all(least >= c(near_singular, near_dependent))) {
    return(beside_other_edges(first, least, sections, parameters, scale, spec, control))
  }
  searched_at_edge(first, least, sections, parameters, scale, spec, control)
}

# With few records, or where some positions are more precise than others, the likelihood may be
# higher at an edge than at a maximum far from it: a search with a ridge begins from other starts.
beside_other_edges <- function(first, least, sections, parameters, scale, spec, control) {
  if (!may_have_other_edges(least, sections, spec)) return(first)
  starts <- list(begun_at(first, parameters))
  last <- search_on_ridge(starts, sections, parameters, scale, spec, control)
  gain <- first$minus2loglik - (last$found$minus2loglik %||% Inf)
  is_better <- gain > edge_loss && last$found$convergence$status == "converged"
  if (!is_better) return(first)
  settled_at_edge(after(first, last$found), last$edge, sections, parameters, scale, spec)
}

may_have_other_edges <- function(least, sections, spec) {
  n <- length(spec$response)
  has_few <- vapply(sections, function(section) {
    !is_uncorrelated(section$structure) && section$structure$n_coef %in% 2:few_positions
  }, NA)
  any(has_few) && n <= few_for_edges && (n <= fewest_for_edges || any(least < nearer_edge))
}
# As in the engine, where it begins from other starts.
few_for_edges <- 300L
fewest_for_edges <- 50L
few_positions <- 12L
nearer_edge <- 1e-2

# `least`: of the first search, NULL where that is an error.
searched_at_edge <- function(first, least, sections, parameters, scale, spec, control) {
  failed <- is.null(least)
  done <- !failed && first$convergence$status == "converged"
  starts <- list(if (!failed) begun_at(first, parameters), if (!done) control$start)
  last <- search_on_ridge(starts, sections, parameters, scale, spec, control)
  if (is.null(last$edge)) return(found_or_stop(first))
  if (!failed) {
    check_below_edge(first, starts[[1L]], last$edge, sections, parameters, spec, control)
  }
  loss <- if (!failed) rounding_at(least[1L], length(spec$response))
  best <- better_of(first, last$found, loss, spec)
  best <- settled_at_edge(best, last$edge, sections, parameters, scale, spec)
  with_least(best, sections, parameters, scale)
}

# How near to singular the residuals are where a search did not converge: the reason, where they are
# so near that the equations have no more digits.
with_least <- function(est, sections, parameters, scale) {
  if (est$convergence$status == "converged") return(est)
  est$convergence$least <- min(least_of_sections(est, sections, parameters, scale))
  est
}

settled_at_edge <- function(best, edge, sections, parameters, scale, spec) {
  best <- vouched_for(best, edge, sections, parameters, scale)
  with_digits(best, least_of_sections(best, sections, parameters, scale)[1L], spec)
}

# Variances that ended near zero, not there, have no ridge, and -2l has lost digits: the limit of a
# ridge has them.
with_digits <- function(est, least, spec) {
  has_ridge <- any(unlist(est$ridge) > 0)
  if (has_ridge || rounding_at(least, length(spec$response)) < 2 * edge_loss) return(est)
  limit <- limit_of_ridge(est, spec)
  if (is.finite(limit)) est$minus2loglik <- limit
  est
}

# Where R is singular but for rounding, and -2l is far from that with a ridge, without a limit that
# is seen while the equations have digits, it has none: far below, as likely as not there is no best
# value; far above, this is none.
vouched_for <- function(est, edge, sections, parameters, scale) {
  has_limit <- !is.null(est$moved) &&
    (max(unlist(est$ridge)) > last_ridges[1L] / 2 || isTRUE(est$limits_agree))
  if (has_limit || !(has_fallen(edge, est) || has_fallen(est, edge))) return(est)
  if (min(least_of_sections(est, sections, parameters, scale)) < no_digits) {
    est$convergence$status <- "no_ascent"
  }
  est
}
no_digits <- 1e-13

# Loadings alone leave combinations of the positions of a subject without variance.
explained_start <- function(first, sections) {
  without <- vapply(sections, function(section) is_loadings_alone(section$structure), NA)
  at_start <- grepl("not positive definite at the starting", conditionMessage(first), fixed = TRUE)
  if (!any(without) || !at_start) return(first)
  tryCatch(abort_no_own_variance(), error = identity)
}

found_or_stop <- function(first) if (inherits(first, "condition")) stop(first) else first

# Positions of a subject beyond which R is not made whole.
most_positions <- 300L

# A ridge is added to variances, which then cannot have held values; numbers beside them can.
may_reach_edge <- function(sections, parameters, spec, control) {
  sizes <- control$hold & parameters$kind %in% c("variance", "covariance", "loading")
  spec$method %in% c("REML", "ML") && length(sections) > 0L &&
    !any(residual_values(parameters, sizes)) &&
    all(vapply(sections, function(s) s$structure$n_coef <= most_positions, NA))
}

# By the smallest eigenvalue of Sigma alone: the variance of y at a position is at most n - 1 times
# that of all y, and D^-1/2 Sigma D^-1/2 has no eigenvalue below that of Sigma over max D.
is_far_from_edge <- function(est, sections, parameters, spec) {
  most <- sum((spec$response - mean(spec$response))^2)
  all(vapply(seq_along(sections), function(k) {
    at <- which(tabulate(sections[[k]]$position) > 0L)
    sigma <- section_covariance(sections[[k]], k, parameters, est$parameters$estimate)
    sigma <- sigma[at, at, drop = FALSE]
    least_eigenvalue(sigma) >= max(near_singular * most, near_dependent * diag(sigma))
  }, NA))
}

# A variance of the response at each position, in units of which Sigma is small or not.
position_scales <- function(sections, spec) {
  overall <- stats::var(spec$response)
  lapply(sections, function(section) {
    own <- variances_by(spec$response[section$records], section$position,
      section$structure$n_coef)
    own[is.na(own)] <- overall
    pmax(own, constant_share * overall)
  })
}

# The variance of y at each of n positions, 0 of a single record, NA of none.
variances_by <- function(y, position, n) {
  count <- tabulate(position, n)
  seen <- count > 0L
  mean <- squares <- rep.int(NA_real_, n)
  mean[seen] <- rowsum(y, position) / count[seen]
  squares[seen] <- rowsum((y - mean[position])^2, position)
  squares / pmax(count - 1L, 1L)
}

# The smallest eigenvalues, of the R of all subjects, in units of its positions and of its
# correlations. Sigma as a whole, over all positions, may be singular where no R is: of a distance
# structure each subject may have positions of its own.
least_of_sections <- function(est, sections, parameters, scale) {
  least <- lapply(seq_along(sections), function(k) {
    whole <- section_covariance(sections[[k]], k, parameters, est$parameters$estimate)
    vapply(positions_of_subjects(sections[[k]]), function(at) {
      sigma <- whole[at, at, drop = FALSE]
      c(
        least_eigenvalue(sigma / sqrt(outer(scale[[k]][at], scale[[k]][at]))),
        if (all(diag(sigma) > 0)) least_eigenvalue(stats::cov2cor(sigma)) else 0
      )
    }, numeric(2L))
  })
  apply(do.call(cbind, least), 1L, min)
}

least_eigenvalue <- function(sigma) {
  min(eigen(sigma, symmetric = TRUE, only.values = TRUE)$values)
}

# Where a search begins again: before correlations of one, where the equations stand, and with
# variances a little larger, as rounding may have left covariances that no matrix has.
begun_at <- function(est, parameters) {
  theta <- est$parameters$estimate
  ones <- correlations_of_one(est, parameters) & 1 - abs(theta) < nearest_start
  theta <- ifelse(ones, sign(theta) * (1 - nearest_start), theta)
  entries <- is_residual_parameter(parameters) & parameters$kind %in% c("variance", "covariance")
  has_covariances <- any(parameters$kind[entries] == "covariance")
  lifted <- has_covariances & entries & parameters$kind == "variance"
  ifelse(lifted, theta * (1 + nearest_start), theta)
}
nearest_start <- 1e-9

# What rounding may have made of -2l at the first point: R^-1 is the inverse of so little.
rounding_at <- function(least, n) {
  edge_loss + 10 * n * .Machine$double.eps / max(least, .Machine$double.eps)
}
# A search does not converge where it makes more than this.
most_rounding <- 0.1

# A point that did not converge is left for any that did, and one whose -2l is rounding for one
# that is as good as what a ridge shows of it.
better_of <- function(first, last, loss, spec) {
  if (inherits(first, "condition")) return(if (is.null(last)) stop(first) else last)
  if (is.null(last)) return(first)
  done <- c(first$convergence$status, last$convergence$status) == "converged"
  if (!any(done)) loss <- edge_loss
  lost <- last$minus2loglik - first$minus2loglik
  if (lost > edge_loss && done[2L] && isTRUE(last$has_limit)) {
    lost <- last$minus2loglik - max(first$minus2loglik, limit_of_ridge(first, spec))
  }
  if (done[1L]) loss <- min(loss, most_rounding)
  if (lost <= loss && (done[2L] || !done[1L])) after(first, last) else first
}

# -2l at the estimates by the limit of a ridge at every position, -Inf where it has none. Where the
# ridge moves -2l by much, of a smaller one.
limit_of_ridge <- function(est, spec) {
  ridge <- lapply(spec$residual$sections, function(section) {
    rep.int(residual_ridge, section$structure$n_coef)
  })
  value <- -Inf
  for (tenth in 0:most_tenths_of_limit) {
    at <- lapply(ridge, `*`, 10^-tenth)
    est$minus2loglik <- along_ridge(est, spec, at, 1)
    limit <- with_limit(est, spec, at)
    if (!isTRUE(limit$has_limit)) break
    value <- limit$minus2loglik
    if (abs(limit$moved) < little_moved) break
  }
  value
}
most_tenths_of_limit <- 2L

# The second estimates, with the course of both searches.
after <- function(first, second) {
  course <- second$convergence
  course$iterations <- first$convergence$iterations + course$iterations
  course$evaluations <- first$convergence$evaluations + course$evaluations
  course$history <- rbind(first$convergence$history, course$history)
  second$convergence <- course
  second
}
