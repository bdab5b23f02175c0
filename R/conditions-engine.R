# What the engine refuses, as `argument: what is wrong`: the class and what to do.

engine_refusals <- list(
  "data: there are not more records than fixed effects" = list(class = "saturated",
    remedy = "Take terms out of the fixed part, or give more records: none is left for variances."),
  "response: the fixed effects fit it exactly" = list(class = "exact_fit",
    remedy = paste("Take fixed effects out that have a level for each record, or a variable the",
      "response was made of.")),
  "response: the random effects fit it exactly" = list(class = "exact_fit",
    remedy = paste("Take out terms with a level for each record, or hold the residual variance:",
      "{.code hold = c(residual = )}.")),
  "response: fixed and random effects fit it exactly" = list(class = c("unbounded", "exact_fit"),
    remedy = paste("Take terms out of the model, or use {.code method = \"REML\"}, which accounts",
      "for the fixed effects.")),
  "response: the effects fit it exactly" = list(class = "exact_fit",
    remedy = paste("Take terms out of the model, or hold the residual variance:",
      "{.code hold = c(residual = )}.")),
  "hold: no positive definite covariance matrix has the held values" = list(
    class = "parameter_values",
    remedy = paste("Hold the other parameters of this structure too: from zero the search for them",
      "cannot begin beside these values.")),
  "variance parameters: the coefficients are not those of" = list(class = "parameter_values",
    remedy = paste("{.arg hold} and {.arg start} take values of a stationary, or invertible,",
      "process: a single coefficient lies between -1 and 1.")),
  "variance parameters: " = list(class = "parameter_values",
    remedy = paste("No covariance matrix has the values of {.arg start} or {.arg hold} together",
      "with the others of that structure: give those, too.")),
  "start: the mixed model equations are not positive definite at the starting values" = list(
    class = c("start_values", "engine"),
    remedy = paste("Give variances that are near that of the response, or none: the search finds",
      "its own start.")),
  "formula: the fixed effects are too nearly dependent" = list(class = "dependent",
    remedy = "Centre covariates that are far from zero, or leave one of those out that are alike.")
)

# `least`: the smallest eigenvalue, where it was taken.
abort_precision <- function(label, least = NULL) {
  found <- if (!is.null(least)) ", with {.val {signif(least, 3)}} as its smallest eigenvalue"
  abort("indefinite",
    paste0("{.arg precision} of {.code {label}} is not positive definite", found, "."),
    c("It must be the inverse of a covariance matrix of the levels.",
      paste("Give the covariance itself by {.code gr(, cov = )}, which may be singular, or invert",
        "it after {.fn bend}.")),
    "precision", least)
}

# What the engine says, as conditions of this package.
in_words <- function(expression) {
  tryCatch(expression, error = function(e) {
    if (inherits(e, "henderson_error")) stop(e)
    abort_engine(conditionMessage(e))
  })
}

abort_engine <- function(text) {
  argument <- if (grepl(": ", text)) sub(": .*", "", text) else NA_character_
  known <- engine_refusals[startsWith(text, names(engine_refusals))]
  class <- if (length(known) > 0L) known[[1L]]$class else "engine"
  remedy <- if (length(known) > 0L) known[[1L]]$remedy
  if (!is.null(remedy)) text <- sub("; give `start` too", "", text, fixed = TRUE)
  abort(class, "{text}.", remedy, argument, text)
}
