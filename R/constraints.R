# Ties and bounds of variance parameters: from `tie` and `bounds` of lmmfit() to one list that the
# fit keeps and the engine takes,
#
#     list(lead, ratio, lower, upper)
#
# by parameter. lead[i] = k: parameter i is ratio[i] times parameter k; lead[i] = i: it follows none.
# Bounds are those of leads, infinite where there is none; those of the others follow. NULL: none.

new_constraints <- function(tie, bounds, parameters, residual) {
  ties <- parse_ties(tie, parameters, residual)
  bounds <- check_bounds(bounds, parameters)
  if (length(ties) == 0L && length(bounds) == 0L) return(NULL)
  n <- length(parameters$name)
  constraints <- list(lead = seq_len(n), ratio = rep.int(1, n), lower = rep.int(-Inf, n),
    upper = rep.int(Inf, n))
  for (one in ties) constraints <- add_tie(constraints, one, parameters)
  add_bounds(constraints, bounds, parameters)
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

# Reading `tie` ------------------------------------------------------------------------------------

# A list of named proportions, each over two parameters or more.
parse_ties <- function(tie, parameters, residual) {
  if (is.null(tie)) return(list())
  if (!is.list(tie)) tie <- list(tie)
  labels <- whole_structures(parameters, residual)
  unlist(lapply(unname(tie), function(one) {
    proportions <- tie_proportions(one, c(parameters$name, names(labels)))
    expand_tie(proportions, parameters, labels)
  }), recursive = FALSE)
}

# Named proportions from c("a", "b"), c(a = 1, b = 2), ~ a == b or ~ b == 2 * a.
tie_proportions <- function(one, known) {
  if (inherits(one, "formula")) one <- equation_proportions(one, known)
  if (is.character(one)) one <- stats::setNames(rep.int(1, length(one)), one)
  if (!is.numeric(one) || is.null(names(one)) || any(names(one) == "")) abort_tie(one)
  if (length(one) < 2L) abort_tie_short(names(one))
  if (anyDuplicated(names(one)) > 0L) abort_tie_twice(names(one)[anyDuplicated(names(one))])
  bad <- which(!(is.finite(one) & one > 0))
  if (length(bad) > 0L) abort_tie_factor(names(one)[bad[1L]], one[[bad[1L]]])
  unknown <- setdiff(names(one), known)
  if (length(unknown) > 0L) abort_parameter_name("tie", unknown, known)
  one
}

equation_proportions <- function(formula, known) {
  equation <- with_parameter_names(formula[[length(formula)]], known)
  if (length(formula) != 2L || !is_call_to(equation, "==")) abort_tie(formula)
  sides <- lapply(as.list(equation)[-1L], tie_side, formula, environment(formula))
  # f1 a = f2 b: a : b = 1 / f1 : 1 / f2
  stats::setNames(1 / vapply(sides, `[[`, 0, "factor"), vapply(sides, `[[`, "", "name"))
}

# `a`, `2 * a`, `a * 2` or `a / 2` as list(name, factor).
tie_side <- function(side, formula, env) {
  side <- strip_parentheses(side)
  if (is.symbol(side)) return(list(name = as.character(side), factor = 1))
  if (!is_call_to(side, c("*", "/")) || length(side) != 3L) abort_tie(formula)
  parts <- lapply(as.list(side)[-1L], strip_parentheses)
  named <- vapply(parts, is.symbol, NA)
  division <- is_call_to(side, "/")
  if (sum(named) != 1L || division && named[2L]) abort_tie(formula)
  factor <- eval(parts[[which(!named)]], env)
  if (!is.numeric(factor) || length(factor) != 1L) abort_tie(formula)
  list(name = as.character(parts[[which(named)]]), factor = if (division) 1 / factor else factor)
}

# The parameters of each term and each section of the residual, by its label.
whole_structures <- function(parameters, residual) {
  terms <- split(seq_along(parameters$name)[parameters$index > 0L],
    factor(parameters$term[parameters$index > 0L], unique(parameters$term[parameters$index > 0L])))
  sections <- residual$sections
  own <- lapply(seq_along(sections), function(k) {
    which(parameters$index == 0L & parameters$section == k)
  })
  names(own) <- vapply(sections, `[[`, "", "label")
  all <- c(terms, own)
  # A label that is a parameter, or that two share, means the parameter or neither.
  all[!names(all) %in% c(parameters$name, names(all)[duplicated(names(all))])]
}

# One tie for each parameter of whole structures; covariances by the factor, correlations equal.
expand_tie <- function(proportions, parameters, labels) {
  whole <- names(proportions) %in% names(labels)
  if (!any(whole)) {
    check_tie_kinds(names(proportions), parameters)
    return(list(proportions))
  }
  if (!all(whole)) abort_tie_mixed(names(proportions)[whole][1L], names(proportions)[!whole][1L])
  members <- labels[names(proportions)]
  kinds <- lapply(members, function(at) parameters$kind[at])
  for (k in seq_along(kinds)[-1L]) {
    if (!identical(kinds[[1L]], kinds[[k]])) abort_tie_structures(names(members)[c(1L, k)])
  }
  lapply(seq_along(kinds[[1L]]), function(i) {
    factor <- switch(kinds[[1L]][i], variance = , covariance = proportions,
      loading = sqrt(proportions), rep.int(1, length(proportions)))
    stats::setNames(factor, vapply(members, function(at) parameters$name[at[i]], ""))
  })
}

check_tie_kinds <- function(names, parameters) {
  kind <- parameters$kind[match(names, parameters$name)]
  if (any(kind == "loading")) abort_loading("tie", names[kind == "loading"][1L])
  scale <- replace(kind, kind == "covariance", "variance")
  other <- which(scale != scale[1L])
  if (length(other) > 0L) abort_tie_kinds(names[c(1L, other[1L])], kind[c(1L, other[1L])])
}

# Reading `bounds` ---------------------------------------------------------------------------------

# A list of c(lower, upper) by name.
check_bounds <- function(bounds, parameters) {
  if (is.null(bounds) || length(bounds) == 0L) return(list())
  if (!is.list(bounds) || is.null(names(bounds)) || any(names(bounds) == "")) {
    abort_bounds(bounds)
  }
  unknown <- setdiff(names(bounds), parameters$name)
  if (length(unknown) > 0L) abort_parameter_name("bounds", unknown, parameters$name)
  if (anyDuplicated(names(bounds)) > 0L) {
    abort_parameter_values("bounds", "names a parameter twice")
  }
  Map(check_bound, bounds, names(bounds),
    parameters$kind[match(names(bounds), parameters$name)])
}

check_bound <- function(bound, name, kind) {
  if (kind == "loading") abort_loading("bounds", name)
  if (is.numeric(bound) && length(bound) == 2L) {
    bound <- ifelse(is.na(bound), c(-Inf, Inf), bound)
  } else {
    abort_bound(name, bound)
  }
  if (!(bound[1L] < bound[2L])) abort_bound(name, bound)
  range <- switch(kind, variance = , range = , smoothness = c(0, Inf), correlation = c(-1, 1),
    c(-Inf, Inf))
  if (bound[2L] <= range[1L] || bound[1L] >= range[2L]) abort_bound_range(name, bound, range)
  as.double(bound)
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

# Number of variance parameters that the data had to choose: tied ones count once. `among`: which.
n_variance_free <- function(fit, among = rep(TRUE, length(fit$parameters$name))) {
  counted <- fit$parameters$status != "held" & among
  lead <- fit$constraints$lead %||% seq_along(counted)
  length(unique(lead[counted]))
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
    paste0(name[i], " in [", constraints$lower[i], ", ", constraints$upper[i], "]")
  }, "")
  c(if (length(follow) > 0L) ties, limits)
}
