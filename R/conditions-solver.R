# Conditions of large models, and of fits without a factor of the equations.

gigabytes <- function(bytes) paste(signif(bytes / 1e9, 3L), "GB")

abort_memory <- function(bytes, limit, may_iterate) {
  needed <- gigabytes(bytes)
  there <- gigabytes(limit)
  abort("memory",
    "The factor of the mixed model equations needs {needed} of memory, and {there} are there.",
    c(
      if (may_iterate) "Use {.code lmm_control(solver = \"pcg\")}, which makes no factor." else
        paste("With known variances, or by REML without {.arg tie} and {.arg bounds},",
          "{.code lmm_control(solver = \"pcg\")} makes no factor."),
      "Leave animals out that have neither records nor related ones with records: {.fn prune}.",
      "{.fn estimate_cost} says what a model needs; {.code lmm_control(memory = )} sets the limit."
    ), "control", bytes
  )
}

inform_gradients <- function(bytes, limit, flops) {
  needed <- gigabytes(bytes)
  there <- gigabytes(limit)
  why <- if (bytes > limit) "needs {needed} of memory, and {there} are there" else
    paste("takes", signif(flops, 2L), "operations")
  inform("solver",
    paste0(
      "Solved by conjugate gradients: the factor of the equations ", why, ". There are no ",
      "standard errors of effects and no likelihood; ",
      "{.code lmm_control(solver = \"factor\")} makes the factor."
    ), "control", "pcg"
  )
}

abort_rotated <- function() {
  abort("solver", "{.code solver = \"rotated\"}: no term of this model can be turned to a band.",
    paste("It takes a term with a dense {.arg cov} whose levels have records of one kind: see",
      "{.help lmm_control}. Use {.code solver = \"auto\"}."),
    "control", "rotated"
  )
}

abort_gradients_method <- function(method) {
  abort("solver", "{.code solver = \"pcg\"} is not for {.code method = \"{method}\"}.",
    "Use {.code method = \"REML\"} with all variances held, or {.code solver = \"factor\"}.",
    "control", method
  )
}

abort_gradients_free <- function(names) {
  abort("solver",
    paste("{.code solver = \"pcg\"} estimates variances by REML; with {.code method = \"ML\"} they",
      "must be held, and {.val {names}} {?is/are} not."),
    "Use {.code method = \"REML\"}, {.arg hold}, or {.code solver = \"factor\"}.", "control", names
  )
}

abort_gradients_constraints <- function() {
  abort("solver",
    "{.code solver = \"pcg\"} does not estimate variances under {.arg tie} or {.arg bounds}.",
    "Leave them out, hold the variances, or use {.code solver = \"factor\"}.", "control", "pcg"
  )
}

warn_rounds <- function(rounds, reached, tolerance) {
  left <- signif(reached, 2L)
  warn("convergence",
    paste("Conjugate gradients did not reach {.arg solver_tolerance} {tolerance} in {rounds}",
      "round{?s}: {left} is left of the right-hand side."),
    c("Do not use the estimates as they are.",
      "Try {.code lmm_control(solver_rounds = )}, or {.code solver = \"factor\"}."),
    "control", reached
  )
}

abort_needs_factor <- function() {
  abort("solver",
    paste("This answer needs a factor of the mixed model equations, and the fit was made without",
      "one ({.code solver = \"pcg\"})."),
    paste("Fit again by {.code update(fit, control = lmm_control(solver = \"factor\"))};",
      "{.fn estimate_cost} says what that takes. {.fn reliability} has prediction error variances",
      "by simulation."),
    "object", "pcg"
  )
}

abort_many_functions <- function(n, most) {
  abort("solver",
    paste("Without a factor ({.code solver = \"pcg\"}) a standard error takes a solution of the",
      "equations: at most {most} are made at once, and these are {n}."),
    c("Ask {.fn contest} or {.code confint(fit, parm = )} for those that you need.",
      "Or fit by {.code lmm_control(solver = \"factor\")}."),
    "object", n
  )
}

abort_simulated_errors <- function(what) {
  abort("solver", "Prediction error variances by simulation are not for {what}.",
    "Leave {.arg simulations} out, of a fit by {.code lmm_control(solver = \"factor\")}.",
    "simulations", what
  )
}

inform_operator <- function(n) {
  inform("solver",
    paste("Solved by conjugate gradients: the inverse relationships of {n} genotyped animals would",
      "be dense. There are no standard errors of effects and no likelihood;",
      "{.code lmm_control(solver = \"factor\")} forms it."),
    "control", "pcg"
  )
}

abort_genotypes_memory <- function(bytes, limit, formed) {
  needed <- gigabytes(bytes)
  there <- gigabytes(limit)
  what <- if (formed) "Relationships of genotyped animals as a matrix" else
    "Genotypes with what they are solved with"
  abort("memory", paste(what, "need {needed} of memory, and {there} are there."),
    c(
      if (formed) "Use {.code lmm_control(solver = \"pcg\")}, which forms no such matrix.",
      "Leave animals or markers out; {.code lmm_control(memory = )} sets the limit."
    ), "control", bytes
  )
}

abort_step_marker_errors <- function() {
  abort("term", "Effects of markers in single-step terms have no standard errors.",
    "Leave {.arg se} out; {.fn reliability} has those of breeding values.", "se", TRUE)
}
