#' Ties and bounds of variance parameters
#'
#' [lmmfit()] takes what is known of the variance parameters, by the names that [varcomp()] prints:
#' `hold` fixes values, `tie` makes parameters equal or proportional, `bounds` keeps them in an
#' interval.
#'
#' # Ties
#'
#' `tie` is one of these, or a list of them:
#'
#' * `c("residual.A", "residual.B", "residual.C")`: equal parameters.
#' * `c(residual.A = 1, residual.B = 2)`: proportional ones, here B twice A.
#' * `~ residual.A == residual.B`, `~ residual.B == 2 * residual.A`: the same as equations.
#' * `c("residual.A", "residual.B")` where these are the labels of whole structures, as in
#'   `residual = ~ us(visit | arm / id)`: all their parameters. Given factors are those of the
#'   covariance matrix, so correlations are equal.
#'
#' Variances and covariances can be tied to each other in any terms and residuals, correlations to
#' correlations, ranges to ranges: what has the same unit. Factors are above 0. Loadings of `fa` and
#' `rr` can only be tied as whole structures, because their signs and rotation are free. A tie to a
#' held parameter holds all of them.
#'
#' # Bounds
#'
#' `bounds = list(residual.rho = c(0, 0.9), Subject = c(1, Inf))` has the lower and the upper bound
#' of each parameter, in its unit; `-Inf`, `Inf` or `NA` is none. The likelihood is maximised
#' inside: a parameter that ends at its bound would raise it by leaving (the conditions of Karush,
#' Kuhn and Tucker hold). Variances stay above 0: a bound that asks for negative ones is an error
#' that says how to write a negative correlation within groups. Starting values are moved inside.
#' Bounds of tied parameters apply together.
#'
#' # Processes
#'
#' Where all numbers of `ar2`, `ar3`, `ma2` or `arma11` but one are held, that one stays where the
#' process is stationary or invertible: the print has its interval as a bound. Held numbers that
#' leave none are an error, and so are estimates outside, to which bounds or ties of several numbers
#' may lead.
#'
#' # What follows from them
#'
#' * `varcomp()` has the status `tied` with the standard error of the common parameter, and
#'   `at bound` without one: like a held parameter it counts as known in the standard errors of the
#'   others and in degrees of freedom.
#' * Tied parameters count once in [logLik()][logLik.lmmfit], AIC and BIC, and in the degrees of
#'   freedom of `anova()`. A parameter at a bound is still counted.
#' * Profiles and bootstraps keep ties and bounds; an interval may end at a bound.
#'
#' Entries of `us`, and correlations of `toep`, `toeph` and `arma11`, that are tied one by one are
#' searched for as they are, and only positive definite matrices are tried. An optimum whose matrix
#' is singular is then not reached, and reported as not converged. Bounds, and whole structures that
#' are tied, have no such limit.
#'
#' @return Nothing: these are arguments of [lmmfit()].
#' @references Nocedal & Wright (2006), Numerical Optimization, 2nd ed., ch. 12 and 16.
#' @examples
#' orth <- transform(nlme::Orthodont, visit = factor(age))
#'
#' # One autocorrelation, a variance for each sex
#' fit <- lmmfit(distance ~ age * Sex, orth, residual = ~ ar1(visit | Sex / Subject),
#'   tie = ~ residual.Male.rho == residual.Female.rho)
#' varcomp(fit)
#'
#' # Covariance matrices of the sexes that are proportional
#' lmmfit(distance ~ age * Sex, orth, residual = ~ us(visit | Sex / Subject),
#'   tie = c(residual.Male = 2, residual.Female = 1))
#'
#' # A bounded correlation
#' lmmfit(distance ~ age * Sex, orth, residual = ~ ar1(visit | Subject),
#'   bounds = list(residual.rho = c(0, 0.5)))
#' @name constraints
NULL

# Ties and bounds of variance parameters: from `tie` and `bounds` of lmmfit() to one list that the
# fit keeps and the engine takes: lead, ratio, lower and upper of each parameter. Where lead[i] is k
# the parameter i is ratio[i] times parameter k; a parameter that follows none leads itself. Bounds
# are those of leads, infinite where there is none; those of the others follow. NULL: none.

new_constraints <- function(tie, bounds, parameters, residual) {
  ties <- parse_ties(tie, parameters, residual)
  bounds <- check_bounds(bounds, parameters)
  if (length(ties) == 0L && length(bounds) == 0L) return(NULL)
  constraints <- no_constraints(length(parameters$name))
  for (one in ties) constraints <- add_tie(constraints, one, parameters)
  add_bounds(constraints, bounds, parameters)
}

no_constraints <- function(n) {
  list(lead = seq_len(n), ratio = rep.int(1, n), lower = rep.int(-Inf, n), upper = rep.int(Inf, n))
}

# list(hold, start, constraints): what is asked of the variance parameters, checked together.
check_requests <- function(asked, parameters, design, method) {
  constraints <- new_constraints(asked$tie, asked$bounds, parameters, design$residual)
  if (!is.null(constraints) && method == "ANOVA") abort_anova_constraints()
  hold <- check_hold(asked$hold, parameters, design$random)
  hold <- check_hold(tied_values(hold, constraints, parameters, "hold"), parameters, design$random)
  start <- check_start(asked$start, parameters, design$random)
  start <- tied_values(start, constraints, parameters, "start")
  list(hold = hold, start = start, constraints = constraints)
}

# A tie is named proportions.
add_tie <- function(constraints, tie, parameters) {
  at <- match(names(tie), parameters$name)
  for (k in seq_along(at)[-1L]) {
    constraints <- join(constraints, at[1L], at[k], tie[[k]] / tie[[1L]], parameters)
  }
  constraints
}

# Parameter j is `ratio` times parameter i, with all that follow either of them.
join <- function(constraints, i, j, ratio, parameters) {
  a <- constraints$lead[i]
  b <- constraints$lead[j]
  # lead b = (ratio of i / ratio of j) ratio x lead a
  of_leads <- constraints$ratio[i] * ratio / constraints$ratio[j]
  if (a == b) {
    if (abs(of_leads - 1) > 1e-8) abort_tie_cycle(parameters$name[c(i, j)])
    return(constraints)
  }
  # The one residual variance leads; else the one that stands first.
  swap <- b < a || parameters$name[b] == "residual"
  if (swap) {
    of_leads <- 1 / of_leads
    leads <- c(b, a)
  } else {
    leads <- c(a, b)
  }
  moved <- constraints$lead == leads[2L]
  constraints$lead[moved] <- leads[1L]
  constraints$ratio[moved] <- constraints$ratio[moved] * of_leads
  constraints
}

add_bounds <- function(constraints, bounds, parameters) {
  for (name in names(bounds)) {
    i <- match(name, parameters$name)
    k <- constraints$lead[i]
    own <- bounds[[name]] / constraints$ratio[i]
    constraints$lower[k] <- max(constraints$lower[k], own[1L])
    constraints$upper[k] <- min(constraints$upper[k], own[2L])
    if (!(constraints$lower[k] < constraints$upper[k])) {
      abort_bounds_tied(parameters$name[constraints$lead == k], parameters$name[k],
        c(constraints$lower[k], constraints$upper[k]))
    }
  }
  constraints
}

# With hold and start ------------------------------------------------------------------------------

# Held or starting values, with those that follow from them by ties. Named values, as `hold`.
tied_values <- function(values, constraints, parameters, argument) {
  if (is.null(constraints) || length(values) == 0L) return(values)
  at <- match(names(values), parameters$name)
  by_lead <- values / constraints$ratio[at]
  lead <- constraints$lead[at]
  for (k in unique(lead)) {
    own <- by_lead[lead == k]
    if (max(own) - min(own) > 1e-8 * max(abs(own))) {
      abort_tie_values(argument, names(own), values[names(own)])
    }
    inside <- own[1L] >= constraints$lower[k] && own[1L] <= constraints$upper[k]
    if (!inside) abort_value_bounds(argument, names(own)[1L], values[[names(own)[1L]]])
  }
  follow <- which(constraints$lead %in% lead)
  found <- by_lead[match(constraints$lead[follow], lead)] * constraints$ratio[follow]
  found <- stats::setNames(found, parameters$name[follow])
  found[names(values)] <- values
  found
}

# The control list of the engine with the constraints that are left: a tie to a held value is held.
# Needs hold and start in control, by parameter.
with_constraints <- function(control, constraints) {
  if (is.null(constraints)) return(control)
  lead <- constraints$lead
  held <- unique(lead[control$hold])
  follow <- lead %in% held
  value <- (control$start / constraints$ratio)[control$hold][match(lead, lead[control$hold])]
  control$start[follow] <- (value * constraints$ratio)[follow]
  control$hold[follow] <- TRUE
  # Starting values follow too, so that they agree.
  first <- control$start[lead]
  tied <- !follow & lead != seq_along(lead)
  control$start[tied] <- (first * constraints$ratio)[tied]
  lead[follow] <- which(follow)
  constraints$lead <- lead
  constraints$ratio[follow] <- 1
  constraints$lower[follow] <- -Inf
  constraints$upper[follow] <- Inf
  none <- all(lead == seq_along(lead)) && !any(is.finite(c(constraints$lower, constraints$upper)))
  control$constraints <- if (!none) constraints
  control
}

# Those of the parameters `kept` (positions; NA for a new one, which has none).
kept_constraints <- function(constraints, kept) {
  if (is.null(constraints)) return(NULL)
  new <- list(lead = seq_along(kept), ratio = rep.int(1, length(kept)),
    lower = rep.int(-Inf, length(kept)), upper = rep.int(Inf, length(kept)))
  for (k in unique(constraints$lead[stats::na.omit(kept)])) {
    own <- which(!is.na(kept) & constraints$lead[kept] == k)
    first <- constraints$ratio[kept[own[1L]]]
    new$lead[own] <- own[1L]
    new$ratio[own] <- constraints$ratio[kept[own]] / first
    new$lower[own[1L]] <- constraints$lower[k] * first
    new$upper[own[1L]] <- constraints$upper[k] * first
  }
  new
}

# Of a fit -----------------------------------------------------------------------------------------

# The bounds of parameter i.
bounds_of <- function(fit, i) {
  constraints <- fit$constraints
  if (is.null(constraints)) return(c(-Inf, Inf))
  k <- constraints$lead[i]
  constraints$ratio[i] * c(constraints$lower[k], constraints$upper[k])
}

# Parameters of which the estimates have an error of their own or share that of another.
is_estimated <- function(fit) fit$parameters$status %in% c("free", "tied")

# Beside them values at a limit, whose errors are those with the others there known.
has_covariance <- function(fit) {
  replace(is_estimated(fit), fit$at_limit$others, TRUE)
}

# Number of variance parameters that the data had to choose: tied ones count once. `among`: which.
n_variance_free <- function(fit, among = rep(TRUE, length(fit$parameters$name))) {
  counted <- fit$parameters$status != "held" & among
  lead <- fit$constraints$lead %||% seq_along(counted)
  n <- length(unique(lead[counted]))
  if (is.null(fit$redundant)) return(n)
  n - sum(colSums(abs(fit$redundant[among, , drop = FALSE])) > 0)
}

# Whether a tie or a bound names one of these parameters.
is_constrained <- function(fit, which) {
  constraints <- fit$constraints
  if (is.null(constraints)) return(FALSE)
  shared <- duplicated(constraints$lead) | duplicated(constraints$lead, fromLast = TRUE)
  any((shared | is.finite(constraints$lower) | is.finite(constraints$upper))[which])
}

# One line for each tie and bound, for printing.
constraint_text <- function(fit) {
  constraints <- fit$constraints
  if (is.null(constraints)) return(character())
  name <- fit$parameters$name
  follow <- which(constraints$lead != seq_along(name))
  ratio <- format_numbers(constraints$ratio[follow])
  ties <- paste0(name[follow], " = ", ifelse(constraints$ratio[follow] == 1, "",
    paste0(trimws(ratio), " x ")), name[constraints$lead[follow]])
  bounded <- which(is.finite(constraints$lower) | is.finite(constraints$upper))
  limits <- vapply(bounded, function(i) {
    ends <- format_each(c(constraints$lower[i], constraints$upper[i]))
    paste0(name[i], " in [", ends[1L], ", ", ends[2L], "]")
  }, "")
  c(if (length(follow) > 0L) ties, limits)
}

format_each <- function(x) vapply(x, format, "", digits = 4L)
