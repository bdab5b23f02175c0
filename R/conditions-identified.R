# Conditions of parameters that the likelihood does not determine.

# names: of the parameters that go together, a vector for each group.
abort_unidentified <- function(names, remedies) {
  alone <- lengths(names) == 1L
  problem <- c(
    if (any(alone)) {
      "The data say nothing about {.val {unlist(names[alone])}}, whatever its value is."
    },
    if (any(!alone)) {
      told <- names[[which(!alone)[1L]]]
      "The data cannot tell these variance parameters apart: {.val {told}}."
    }
  )
  abort("not_identified", paste(problem, collapse = " "),
    c(remedies,
      "{.code lmm_control(identify = \"report\")} gives {.code NA} for what depends on them."),
    "formula", unlist(names), environment()
  )
}

# increments: the variance of a step of 1.
warn_random_walk <- function(term, structure, increments) {
  warn("random_walk",
    paste("The likelihood rises as the variance of {.code {structure}} ({.val {term}}) goes to",
      "infinity and its correlation to 1: a random walk, whose steps of 1 have a variance of",
      "{.val {signif(increments, 4)}}."),
    paste("The fixed effects take up where it begins; with fewer of them, or a value of the",
      "correlation by {.arg hold}, it has a variance."),
    "residual", term
  )
}

# Log-linear variances of which some go to zero, at how many positions.
warn_vanishing_variances <- function(names, n) {
  k <- length(names)
  warn("vanishing_variances",
    paste("The likelihood rises as {n} of the log-linear variances {cli::qty(n)}{?goes/go} to",
      "zero, and {.val {names}} to {cli::qty(k)}{?its/their} end{?s}: {?it has/they have} no",
      "finite estimate{?s}, and the numbers are where the search stopped."),
    "A variance for each group, {.code ~ diag(group)}, has its boundary at zero.", "residual",
    names)
}
