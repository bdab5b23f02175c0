# A model ready for an estimator: its parts in the data, the table of its variance parameters, the
# spec that crosses to the engine, and `asked`, list(hold, start, constraints) of the parameters.

build_model <- function(parts, frame, method, contrasts = NULL, asked = list()) {
  design <- model_design(parts, frame, contrasts)
  parameters <- parameter_table(design$random, design$residual)
  asked <- with_own_requests(asked, parameters, design$random)
  asked <- check_requests(asked, parameters, design, method)
  if (method %in% c("REML", "ML")) asked <- within_processes(asked, parameters, design)
  spec <- new_model_spec(design, frame, parts, method)
  validate_model(new_model(parts, frame, design, parameters, spec, asked))
}

# In the names that varcomp() prints.
with_own_requests <- function(asked, parameters, random) {
  for (what in c("hold", "start")) {
    asked[[what]] <- named_values(asked[[what]], parameters, random, what)
  }
  if (!is.null(asked$tie)) {
    asked$tie <- ties_in_own_names(asked$tie, other_names(parameters, random))
  }
  if (is.list(asked$bounds) && !is.null(names(asked$bounds))) {
    others <- other_names(parameters, random)
    names(asked$bounds) <- with_own_names(names(asked$bounds), others)
  }
  asked
}

new_model <- function(parts, frame, design, parameters, spec, asked) {
  structure(
    list(
      parts = parts, frame = frame, design = design, parameters = parameters, spec = spec,
      asked = asked
    ),
    class = "lmm_model"
  )
}

# What can be told before a search. What data do not tell, priors may: prior-proper.R.
validate_model <- function(model) {
  check_linear_parts(model$parts, model$frame, model$spec)
  if (model$spec$method != "Bayes") check_enough_data(model)
  check_residual(model$design, model$parameters, model$asked$hold, model$asked$start)
  check_random_slopes(model$design$random, model$parameters, names(model$asked$hold))
  model
}

check_enough_data <- function(model) {
  asked <- model$asked
  check_one_level(model$design$random, model$parameters, names(asked$hold))
  validate_model_spec(model$spec, model$parameters, asked$hold, asked$constraints$lead)
}
