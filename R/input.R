# What a front door is given, before it is a model.

check_front_door <- function(data, control) {
  if (!is.null(data) && !is.list(data) && !is.environment(data)) abort_data(data)
  if (!inherits(control, "lmm_control")) {
    abort_argument("control", control, "made by lmm_control()")
  }
}

check_contrasts <- function(contrasts) {
  if (is.null(contrasts)) return(NULL)
  if (!is.list(contrasts)) contrasts <- as.list(contrasts)
  if (is.null(names(contrasts)) || any(names(contrasts) == "")) {
    abort_argument("contrasts", contrasts, "a list named by factors")
  }
  contrasts
}

# The value of an argument that may use the columns of the data, as stats::lm() evaluates it.
evaluate_in <- function(expression, data, env, argument) {
  if (is.null(expression)) return(NULL)
  check_variables(looked_up(expression), data, env, argument)
  value <- eval(expression, data, env)
  if (argument == "weights" && !is.null(value) && (!is.numeric(value) || length(dim(value)) > 1L)) {
    abort_weights_type(value)
  }
  if (argument == "subset" && is.logical(value) && anyNA(value)) value <- value & !is.na(value)
  value
}
