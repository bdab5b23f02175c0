# The end of log-linear variances log(s^2) + (x - c)'g where some of them go to zero: no slope says
# so, as it goes to infinity. The others, with D = [1, x - c] in their rows, stay as they are on the
# way v with D v = 0, and those that go to zero have D v < 0. There -2l has a limit, which may be
# its infimum, as that of a variance of zero among separate ones.

# Between the least variance that stays and the largest that goes; v is followed until they are
# that far apart at least.
vanishing_gap <- log(1e3)
vanished_gap <- log(1e8)
# -2l changes by no more than this with a further factor of walk_step.
vanishing_loss <- 1e-6
# What is left of D v where nothing moves.
still <- 1e-8

at_vanishing_variances <- function(est, model, spec, control) {
  if (inherits(est, "condition") || !is.null(control$constraints) || spec$method == "ANOVA") {
    return(est)
  }
  spec <- with_ridge(spec, est$ridge)
  for (own in log_linear_values(model)) {
    way <- way_to_zero(est$parameters$estimate, own, control$hold)
    if (is.null(way) || !falls_to_limit(est, way, spec)) next
    est <- at_limit_of_variances(est, way, spec, control)
    warn_vanishing_variances(model$parameters$name[way$moves], sum(way$vanishes))
  }
  est
}

# list(at, structure): the places of s^2 and of the slopes of each log-linear structure.
log_linear_values <- function(model) {
  parameters <- model$parameters
  slopes <- which(parameters$kind == "slope")
  groups <- split(slopes, list(parameters$index[slopes], parameters$section[slopes]), drop = TRUE)
  lapply(unname(groups), function(own) {
    index <- parameters$index[own[1L]]
    section <- parameters$section[own[1L]]
    structure <- if (index > 0L) model$spec$random[[index]]$structure else
      model$design$residual$sections[[section]]$structure
    variance <- parameters$kind == "variance" & parameters$index == index &
      parameters$section == section
    list(at = c(which(variance), own), structure = structure)
  })
}

# list(at, v, vanishes, moves, held): the places of the free values, s^2 as its logarithm; the way;
# which variances go; which values move, and which of them to hold so that the others have a
# maximum. NULL where no variances are far below the others, or no values take them further alone.
way_to_zero <- function(values, own, held) {
  free <- !held[own$at]
  at <- own$at[free]
  away <- sweep(own$structure$coordinates, 2L, own$structure$constants)
  D <- cbind(1, away)[, free, drop = FALSE]
  if (values[own$at[1L]] <= 0) return(NULL)
  theta <- c(log(values[own$at[1L]]), values[own$at[-1L]])[free]
  logs <- log(variances_in(own$structure, values[own$at]))
  sorted <- sort(logs)
  gap <- which.max(diff(sorted))
  if (!all(is.finite(logs)) || diff(sorted)[gap] < vanishing_gap) return(NULL)
  vanishes <- logs <= sorted[gap]
  unit <- apply(abs(D), 2L, max)
  unit[unit == 0] <- 1
  stays <- sweep(D[!vanishes, , drop = FALSE], 2L, unit, "/")
  null <- null_space(stays)
  if (ncol(null) == 0L) return(NULL)
  v <- drop(null %*% crossprod(null, theta * unit)) / unit
  falls <- drop(D[vanishes, , drop = FALSE] %*% v)
  if (any(falls > -still * max(abs(theta)))) return(NULL)
  moves <- at[abs(v) * unit > still * max(abs(v) * unit)]
  list(at = at, logarithm = at == own$at[1L], v = v / min(-falls), vanishes = vanishes,
    gap = diff(sorted)[gap], moves = moves, held = at[qr(t(null))$pivot[seq_len(ncol(null))]])
}

null_space <- function(A) {
  s <- svd(A, nu = 0L, nv = ncol(A))
  s$v[, c(s$d, numeric(ncol(A) - length(s$d))) <= still * s$d[1L], drop = FALSE]
}

# Values `length` further: the nearest of the variances falls by exp(length) at least.
along_way <- function(values, way, length) {
  step <- length * way$v
  values[way$at] <- ifelse(way$logarithm, values[way$at] * exp(step), values[way$at] + step)
  values
}

# With the variances that go far below the others -2l is what it is, and stays so beyond.
falls_to_limit <- function(est, way, spec) {
  values <- along_way(est$parameters$estimate, way, max(vanished_gap - way$gap, 0))
  at <- function(values) tryCatch(likelihood_at(spec, values), error = function(e) Inf)
  value <- at(values)
  isTRUE(value - est$minus2loglik < vanishing_loss) &&
    abs(value - est$minus2loglik) < walk_slope &&
    at(along_way(values, way, log(walk_step))) - value < vanishing_loss
}

# The values with variances that are as far apart as they have to be: on, or back where a search has
# gone farther, as the equations have more digits there.
far_enough <- function(est, way, spec) {
  values <- along_way(est$parameters$estimate, way, vanished_gap - way$gap)
  if (way$gap < vanished_gap) return(values)
  value <- tryCatch(likelihood_at(spec, values), error = function(e) Inf)
  if (value - est$minus2loglik < vanishing_loss) values else est$parameters$estimate
}

# The maximum with the slopes held there: the errors of all others are those of the limit.
at_limit_of_variances <- function(est, way, spec, control) {
  control$from_start_alone <- TRUE
  control$start <- far_enough(est, way, spec)
  control$hold[way$held] <- TRUE
  found <- tryCatch(by_likelihood(spec, control), error = function(e) NULL)
  loss <- if (is.null(found)) Inf else found$minus2loglik - est$minus2loglik
  if (loss < walk_slope) {
    est <- after(est, found)
    est$at_limit$held <- c(est$at_limit$held, way$held)
    est$at_limit$others <- c(est$at_limit$others, setdiff(way$moves, way$held))
  }
  # Along it functions of these values have none: a variance that stays has.
  values <- est$parameters$estimate
  direction <- numeric(length(values))
  direction[way$at] <- way$v * ifelse(way$logarithm, values[way$at], 1)
  est$unidentified <- cbind(est$unidentified, direction)
  est$parameters$status[way$moves] <- match("at boundary", parameter_status) - 1L
  est$parameters$se[way$moves] <- NA_real_
  est
}
