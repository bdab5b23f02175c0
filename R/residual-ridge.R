# Searches with a ridge on the residual (see residual-edge.R): their maxima, how -2l goes on to a
# ridge of zero, and whether it has a limit there.

# R^-1 has digits enough at it; its third power is what the extrapolation neglects.
residual_ridge <- 1e-6
# The last ones at which the likelihood has digits, and what it must fall by between them where
# there is no bound: log(10) for each direction.
last_ridges <- c(1e-11, 1e-12, 1e-13)
least_fall <- 1.5
# Where there is a bound farther on, the last of several falls are below this share of those before.
steady_fall <- 0.97
nearer_ridge <- 1e-10
# How far -2l may be from the parabola in the ridge, and that as a share of the way to zero, beyond
# which it is rounding.
parabola_miss <- 1e-3
parabola_share <- 0.02
# Searches on a ridge begin near their end; what goes on for longer has no end.
most_ridge_iterations <- 100L
# What the second search may lose to the first.
edge_loss <- 1e-6

# `edge`: with a ridge at every position; `found`: with one where Sigma is singular there, and in
# the limit of none.
search_on_ridge <- function(starts, sections, parameters, scale, spec, control) {
  everywhere <- lapply(sections, function(section) {
    rep.int(residual_ridge, section$structure$n_coef)
  })
  edge <- best_search(spec, control, starts, everywhere)
  if (is.null(edge)) return(NULL)
  if (is_unbounded(edge, parameters, spec, control, everywhere)) {
    abort_unbounded(edge, sections, parameters, spec)
  }
  edge <- brought_to_one(edge, parameters, spec, control, everywhere)
  gone <- lapply(seq_along(sections), function(k) {
    singular_positions(section_covariance(sections[[k]], k, parameters, edge$parameters$estimate),
      scale[[k]], positions_of_subjects(sections[[k]]))
  })
  ridge <- Map(`*`, everywhere, gone)
  last <- nearer_search(spec, control, edge, ridge)
  tenths <- tenths_of(sections)
  if (is_elsewhere(edge, last) && isTRUE(follow(edge, spec, control, everywhere, tenths)$goes_on)) {
    abort_unbounded(edge, sections, parameters, spec)
  }
  found <- with_limit(last, spec, ridge)
  if (!is.null(found) && !found$has_limit) {
    found <- followed_down(found, sections, parameters, spec, control)
  }
  list(edge = edge, found = nearer_limit(found, spec, control))
}

# Theta are the best ones with the ridge, and the limit is that of a parabola: where the ridge moves
# -2l by much, a smaller one tells more.
nearer_limit <- function(est, spec, control) {
  for (tenth in 1:3) {
    if (is.null(est$ridge) || abs(est$moved) < little_moved) return(est)
    ridge <- lapply(est$ridge, `*`, 0.1)
    nearer <- nearer_search(spec, control, est, ridge)
    nearer <- with_limit(nearer, spec, ridge)
    if (!isTRUE(nearer$has_limit)) return(est)
    if (est$convergence$status == "converged") nearer <- with_verdict(nearer, spec, control)
    nearer$limits_agree <- abs(nearer$minus2loglik - est$minus2loglik) < little_moved
    est <- nearer
  }
  est
}
little_moved <- 1e-4

# A search that ended far below what this ridge shows: with smaller ones from there.
check_below_edge <- function(first, start, edge, sections, parameters, spec, control) {
  if (is.null(edge) || !has_fallen(edge, first)) return(invisible())
  first$parameters$estimate <- start
  ridge <- lapply(sections, function(s) rep.int(ridge_below_edge, s$structure$n_coef))
  near <- nearer_search(spec, control, first, ridge)
  way <- if (!is.null(near)) follow(near, spec, control, ridge, tenths_below_edge)
  if (isTRUE(way$goes_on)) abort_unbounded(way, sections, parameters, spec)
}
ridge_below_edge <- 1e-8
tenths_below_edge <- 5L

# A ridge moves -2l by little beside a maximum.
has_fallen <- function(edge, last) {
  is.null(last) || edge$minus2loglik - last$minus2loglik > least_fall
}

# Without the ridge -2l is not far above what it is with one at its own maximum.
is_elsewhere <- function(edge, last) {
  has_fallen(edge, last) || last$minus2loglik - edge$minus2loglik > least_fall
}

# NULL where neither a limit nor the way to none is seen.
followed_down <- function(est, sections, parameters, spec, control) {
  est <- follow(est, spec, control, est$ridge)
  if (isTRUE(est$goes_on)) abort_unbounded(est, sections, parameters, spec)
  if (isTRUE(est$has_limit)) with_verdict(est, spec, control)
}

# A search that goes on with another ridge may not have ended where it was left.
with_verdict <- function(est, spec, control) {
  if (est$convergence$status == "converged") return(est)
  again <- best_search(spec, control, list(est$parameters$estimate), est$ridge)
  again <- with_limit(again, spec, est$ridge)
  is_better <- isTRUE(again$has_limit) && again$convergence$status == "converged" &&
    again$minus2loglik <= est$minus2loglik + edge_loss
  if (is_better) again else est
}

# Where the random terms are as small as the ridge, or values have to fit each other, -2l has no
# limit at given theta, and the best ones move with the ridge: to a point with a limit, or for ever.
follow <- function(est, spec, control, ridge, tenths = most_tenths) {
  falls <- numeric()
  sure <- NULL
  for (tenth in seq_len(tenths)) {
    ridge <- lapply(ridge, `*`, 0.1)
    nearer <- nearer_search(spec, control, est, ridge, most_ridge_iterations %/% 4L)
    if (is.null(nearer)) return(NULL)
    falls <- c(falls, est$minus2loglik - nearer$minus2loglik)
    est <- with_limit(nearer, spec, ridge)
    if (est$has_limit) break
    if (max(unlist(ridge)) > last_ridges[1L] / 2) sure <- list(est = est, falls = falls)
  }
  est$goes_on <- !est$has_limit && (all(falls > least_fall) && is_steady(falls) ||
    falls_by_tens(sure$est, sure$falls, spec))
  est
}

# Below the last ridge with digits enough a search may stall, or a range come to its limit, and less
# than the fall is seen. Until then it is log(10) for each direction, and it goes on at these theta:
# beyond a best value -2l would rise there. The more directions, the sooner digits end: several
# falls of the same whole number, and most of the next one, are as sure.
falls_by_tens <- function(est, falls, spec) {
  n <- length(falls)
  if (n < least_sure_falls || any(falls < least_fall)) return(FALSE)
  directions <- falls / log(10)
  last <- mean(directions[(n - 2L):n])
  steady <- sum(abs(directions - round(last)) < directions_miss)
  ends_steady <- abs(last - round(last)) < directions_miss
  if (!ends_steady && steady < least_steady_falls) return(FALSE)
  beyond <- -diff(along_ridge(est, spec, est$ridge, 10^-(0:3)))
  if (!all(is.finite(beyond))) return(FALSE)
  ends_steady && all(beyond > least_beyond) ||
    steady >= least_steady_falls && beyond[1L] > round(last) * log(10) / 2
}
least_sure_falls <- 5L
least_steady_falls <- 4L
directions_miss <- 0.03
least_beyond <- c(0.3, 0.3, -0.5)

# By two falls each, as rounding takes a part of a single one.
is_steady <- function(falls) {
  n <- length(falls)
  mean(falls[c(n - 1L, n)]) > steady_fall * mean(falls[max(1L, n - 3L):(n - 2L)])
}

most_tenths <- 7L

# Above a nugget there is room for fewer, and below it nothing falls on.
tenths_of <- function(sections) {
  with_nugget <- any(vapply(sections, function(section) has_nugget(section$structure), NA))
  if (with_nugget) 3L else most_tenths
}

# Which positions have a part in a combination without variance in the R of a subject; `sets` has
# the positions of subjects.
singular_positions <- function(sigma, scale, sets) {
  found <- rep.int(FALSE, nrow(sigma))
  for (at in sets) {
    own <- has_null_part(sigma[at, at, drop = FALSE] / sqrt(outer(scale[at], scale[at])))
    found[at] <- found[at] | own
  }
  found
}

has_null_part <- function(sigma) {
  own <- sqrt(pmax(diag(sigma), .Machine$double.xmin))
  e <- eigen(sigma / outer(own, own), symmetric = TRUE)
  null <- e$vectors[, e$values < null_eigenvalue, drop = FALSE]
  diag(sigma) < null_eigenvalue * residual_ridge | rowSums(null^2) > null_part
}
null_eigenvalue <- 1e-12
null_part <- 1e-12

# The positions of each subject, every set of them once.
positions_of_subjects <- function(section) {
  unique(lapply(unname(split(section$position, section$subject)), function(at) sort(unique(at))))
}

# From the end of another search, and only from there.
nearer_search <- function(spec, control, est, ridge, most = most_ridge_iterations) {
  control$from_start_alone <- TRUE
  best_search(spec, control, list(est$parameters$estimate), ridge, most)
}

# The best of searches; only the last of them begins elsewhere, too.
best_search <- function(spec, control, starts, ridge, most = most_ridge_iterations) {
  spec <- with_ridge(spec, ridge)
  control$max_iterations <- min(control$max_iterations, most)
  starts <- starts[lengths(starts) > 0L]
  found <- lapply(seq_along(starts), function(k) {
    if (k < length(starts)) control$from_start_alone <- TRUE
    control$start <- ifelse(control$hold, control$start, starts[[k]])
    tryCatch(by_likelihood(spec, control), error = function(e) NULL)
  })
  found <- found[lengths(found) > 0L]
  if (length(found) == 0L) return(NULL)
  found[[which.min(vapply(found, `[[`, 0, "minus2loglik"))]]
}

# The spec with a ridge for each section.
with_ridge <- function(spec, ridge) {
  for (k in seq_along(ridge)) spec$residual$sections[[k]]$ridge <- ridge[[k]]
  spec
}

# -2l at the estimates, with so many times the ridge; NA where V is singular.
along_ridge <- function(est, spec, ridge, times) {
  vapply(times, function(share) {
    tryCatch(
      likelihood_at(with_ridge(spec, lapply(ridge, `*`, share)), est$parameters$estimate),
      error = function(e) NA_real_)
  }, 0)
}

# Does it fall by log(10) times the number of directions with each tenth of the ridge, down to where
# no digits are left? At these theta, or, where they are too far from the last ones, nearer to them,
# or with the best theta at each ridge.
is_unbounded <- function(est, parameters, spec, control, ridge) {
  if (falls_on(est, spec, ridge, last_ridges)) return(TRUE)
  ones <- correlations_of_one(est, parameters)
  at_one <- est
  at_one$parameters$estimate[ones] <- sign(est$parameters$estimate[ones]) * (1 - least_gap)
  if (!falls_on(at_one, spec, ridge, residual_ridge / c(10, 100, 1000))) return(FALSE)
  nearer <- nearer_search(spec, control, est,
    lapply(ridge, `*`, nearer_ridge / residual_ridge))
  if (!is.null(nearer) && falls_on(nearer, spec, ridge, last_ridges)) return(TRUE)
  if (!any(ones)) return(FALSE)
  control$hold[ones] <- TRUE
  control$start[ones] <- at_one$parameters$estimate[ones]
  isTRUE(follow(at_one, spec, control, ridge)$goes_on)
}

is_end <- function(found, est) {
  !is.null(found) && found$convergence$status == "converged" &&
    found$minus2loglik <= est$minus2loglik + edge_loss
}

# Where -2l falls all the way to correlations of one, a search ends at them from so near.
brought_to_one <- function(est, parameters, spec, control, ridge) {
  near <- correlations_of_one(est, parameters) &
    est$parameters$status == match("free", parameter_status) - 1L
  if (!any(near)) return(est)
  at_one <- est
  at_one$parameters$estimate[near] <- sign(est$parameters$estimate[near]) * (1 - least_gap)
  nearer <- nearer_search(spec, control, at_one, ridge)
  if (is_end(nearer, est)) nearer else est
}

# Free numbers end some 1e-10 before a correlation of one: those that came so far are on their way.
correlations_of_one <- function(est, parameters) {
  parameters$kind == "correlation" & is_residual_parameter(parameters) &
    1 - abs(est$parameters$estimate) < nearly_one
}
nearly_one <- 1e-7
least_gap <- 1e-15

falls_on <- function(est, spec, ridge, sizes) {
  fall <- -diff(along_ridge(est, spec, ridge, sizes / residual_ridge))
  all(is.finite(fall)) && fall[2L] > least_fall && fall[2L] > fall[1L] / 2
}

# f(0) = 3 f(d) - 3 f(2 d) + f(3 d) but for the third power of d. Where V is not definite without
# the ridge it has no such limit: a tenth of the ridge is not where the parabola is.
with_limit <- function(est, spec, ridge) {
  if (is.null(est)) return(NULL)
  est$has_limit <- !any(unlist(ridge) > 0)
  if (est$has_limit) return(est)
  along <- c(est$minus2loglik, along_ridge(est, spec, ridge, c(2, 3, 0.1)))
  at_tenth <- sum(c(2.755, -2.61, 0.855) * along[1:3])
  at_zero <- sum(c(3, -3, 1) * along[1:3])
  allowed <- min(parabola_miss, parabola_share * abs(at_zero - along[1L]) + edge_loss)
  est$has_limit <- all(is.finite(along)) && abs(along[4L] - at_tenth) < allowed
  if (est$has_limit) est$minus2loglik <- at_zero
  est$ridge <- ridge
  est$moved <- at_zero - along[1L]
  est
}
