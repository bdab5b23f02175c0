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

at_random_walk <- function(est, model, spec, control) {
  if (inherits(est, "condition") || !is.null(control$constraints) || spec$method == "ANOVA") {
    return(est)
  }
  unidentified <- match("not identified", parameter_status) - 1L
  # Beside correlations of one the residuals keep their ridge.
  has_ridge <- any(unlist(est$ridge) > 0)
  spec <- with_ridge(spec, est$ridge)
  for (pair in walking_pairs(model, control$hold)) {
    is_told <- est$parameters$status[pair$variance] == unidentified
    if (is_told || !ends_in_walk(est, pair, spec)) next
    if (!has_ridge) est <- at_limit_of_walk(est, pair, spec, control)
    warn_random_walk(model$parameters$term[pair$variance], pair$name,
      walk_increments(est$parameters$estimate, pair))
    est <- reported_walk(est, pair, spec, control)
  }
  est
}

# list(variance, number, name, by_steps, span): for each process with one variance its number and
# that of its correlation, and the way from the first position to the last; of a product that of
# each of its processes.
walking_pairs <- function(model, held) {
  parameters <- model$parameters
  of_residual <- lapply(model$design$residual$sections, `[[`, "structure")
  of_random <- lapply(model$spec$random, `[[`, "structure")
  groups <- split(seq_along(parameters$name), list(parameters$index, parameters$section),
    drop = TRUE)
  pairs <- lapply(unname(groups[lengths(groups) > 1L]), function(own) {
    index <- parameters$index[own[1L]]
    structure <- if (index > 0L) of_random[[index]] else of_residual[[parameters$section[own[1L]]]]
    factors <- if (is.list(structure)) structure$factors %||% list(structure)
    walkers <- Filter(function(factor) walks_by_steps(factor) || walks_by_range(factor), factors)
    is_variance <- parameters$kind[own] == "variance"
    if (any(held[own]) || sum(is_variance) != 1L || length(walkers) != sum(!is_variance)) {
      return(NULL)
    }
    Map(function(number, factor) {
      list(variance = own[is_variance], number = number, name = structure_name(factor),
        by_steps = walks_by_steps(factor), span = walk_span(factor))
    }, own[!is_variance], walkers)
  })
  unlist(pairs, recursive = FALSE)
}

walk_span <- function(structure) {
  if (walks_by_steps(structure)) return(structure$n_coef - 1)
  sides <- apply(structure$coordinates, 2L, function(x) diff(range(x)))
  sqrt(sum(sides^2))
}

# Values with v times `factor`, on the way.
along_walk <- function(values, pair, factor) {
  number <- values[pair$number]
  values[pair$variance] <- factor * values[pair$variance]
  values[pair$number] <- if (pair$by_steps) 1 - (1 - number) / factor else
    factor * number
  values
}

# What is left of a correlation of 1 over the whole span: about that.
left_of_walk <- function(values, pair) {
  number <- values[pair$number]
  pair$span * if (pair$by_steps) 1 - number else 1 / number
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
