# The end of a process at a random walk. As the variance v of `ar1` or `exp` goes to infinity and
# its correlation to 1, with v (1 - rho) or v / range as they are, what is left of it is a random
# walk from an unknown origin. Where the fixed effects take up the origin, the likelihood has a
# limit on that way, which may be its supremum: then the increments have a variance, and the
# process none.

# Where a correlation that is not near 1 is no sign of it.
near_walk <- 1e-2
walk_step <- 100
walk_loss <- 1e-6
# On the way the likelihood changes by no more than this with a step.
walk_slope <- 1e-2
# What is left of 1 - rho in place of nothing: the limit to all digits that are shown. Beyond it -2l
# loses them.
walk_end <- 1e-8

walking_structures <- c("ar1", "exp")

at_random_walk <- function(est, model, spec, control) {
  if (inherits(est, "condition") || !is.null(control$constraints) || spec$method == "ANOVA") {
    return(est)
  }
  for (pair in walking_pairs(model, control$hold)) {
    if (!ends_in_walk(est, pair, spec)) next
    est <- at_limit_of_walk(est, pair, spec, control)
    warn_random_walk(model$parameters$term[pair$variance], pair$structure,
      walk_increments(est$parameters$estimate, pair))
    est <- reported_walk(est, pair, spec, control)
  }
  est
}

# list(variance, number, structure, span): the numbers of two parameters, and the way from the first
# position to the last, for each process that has no others.
walking_pairs <- function(model, held) {
  parameters <- model$parameters
  of_residual <- lapply(model$design$residual$sections, `[[`, "structure")
  of_random <- lapply(model$spec$random, `[[`, "structure")
  groups <- split(seq_along(parameters$name), list(parameters$index, parameters$section),
    drop = TRUE)
  pairs <- lapply(unname(groups), function(own) {
    if (length(own) != 2L || any(held[own])) return(NULL)
    index <- parameters$index[own[1L]]
    structure <- if (index > 0L) of_random[[index]] else of_residual[[parameters$section[own[1L]]]]
    if (!structure$name %in% walking_structures) return(NULL)
    is_variance <- parameters$kind[own] == "variance"
    list(variance = own[is_variance], number = own[!is_variance], structure = structure$name,
      span = walk_span(structure))
  })
  Filter(function(pair) length(pair$variance) == 1L && length(pair$number) == 1L, pairs)
}

# Of `ar1` in steps.
walk_span <- function(structure) {
  if (structure$name == "ar1") return(structure$n_coef - 1)
  sides <- apply(structure$coordinates, 2L, function(x) diff(range(x)))
  sqrt(sum(sides^2))
}

# Values with v times `factor`, on the way.
along_walk <- function(values, pair, factor) {
  number <- values[pair$number]
  values[pair$variance] <- factor * values[pair$variance]
  values[pair$number] <- if (pair$structure == "ar1") 1 - (1 - number) / factor else
    factor * number
  values
}

# What is left of a correlation of 1 over the whole span: about that.
left_of_walk <- function(values, pair) {
  number <- values[pair$number]
  pair$span * if (pair$structure == "ar1") 1 - number else 1 / number
}

# The variance of the increments over a distance of 1.
walk_increments <- function(values, pair) {
  2 * values[pair$variance] * left_of_walk(values, pair) / pair$span
}

# Backwards -2l rises a little; forwards, while the correlation has digits, it does not.
ends_in_walk <- function(est, pair, spec) {
  values <- est$parameters$estimate
  left <- left_of_walk(values, pair)
  if (!all(is.finite(values)) || !is.finite(left) || left <= 0 || left > near_walk) return(FALSE)
  here <- along_walk(values, pair, min(left / walk_end, 1))
  at <- function(factor) {
    tryCatch(likelihood_at(spec, along_walk(here, pair, factor)), error = function(e) Inf)
  }
  value <- at(1)
  back <- at(1 / sqrt(walk_step)) - value
  is_flat <- isTRUE(abs(value - est$minus2loglik) < walk_slope && abs(back) < walk_slope)
  is_flat && back > -walk_loss && (left <= walk_end || at(walk_step) - value < walk_loss)
}

# Where 1 - rho keeps half of its digits: the maximum with a correlation that is held there.
at_limit_of_walk <- function(est, pair, spec, control) {
  values <- est$parameters$estimate
  control$from_start_alone <- TRUE
  control$start <- along_walk(values, pair, left_of_walk(values, pair) / walk_end)
  control$hold[pair$number] <- TRUE
  found <- tryCatch(by_likelihood(spec, control), error = function(e) NULL)
  loss <- if (is.null(found)) Inf else found$minus2loglik - est$minus2loglik
  if (loss > walk_slope) return(est)
  after(est, found)
}

# The variance is what the search came to, and so are the errors that change with it; effects have
# a limit.
reported_walk <- function(est, pair, spec, control) {
  est$parameters$status[pair$number] <- match("at boundary", parameter_status) - 1L
  est$parameters$status[pair$variance] <- match("not identified", parameter_status) - 1L
  both <- c(pair$variance, pair$number)
  est$parameters$se[both] <- NA_real_
  est$parameters$covariance[both, ] <- est$parameters$covariance[, both] <- NA_real_
  est$tests <- NULL
  settings <- control[c("max_iterations", "tolerance", "trace", "threads")]
  nearer <- along_walk(est$parameters$estimate, pair, 1 / walk_step)
  held <- search_control(settings, rep(TRUE, length(nearer)), nearer)
  other <- tryCatch(by_likelihood(spec, held), error = function(e) list())
  est$fixed <- errors_where_equal(est$fixed, other$fixed, tolerance = 1e-4)
  est
}
