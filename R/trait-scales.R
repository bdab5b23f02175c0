# Traits may have any units, and one may be 10^6 times another. The engine takes one unit for its
# response, so each trait is divided by a power of two near its standard deviation (which is exact),
# and so are its rows of X and Z: b and u stay what they are. Sigma of the residuals and the
# likelihood are taken back here.

# NULL, or list(record, value): what the records were divided by, and the factor of each variance
# parameter that takes it back.
trait_scales <- function(model) {
  if (is.null(model$parts$traits)) return(NULL)
  parameters <- model$parameters
  trait <- model$frame$trait
  y <- frame_response(model$frame)
  sd <- tapply(y, trait, function(x) sqrt(mean((x - mean(x))^2)))
  if (anyNA(sd) || any(sd <= 0)) return(NULL)
  record <- as.vector(2^round(log2(sd)))[as.integer(trait)]
  value <- rep.int(1, length(parameters$name))
  sections <- model$design$residual$sections
  # With one residual variance for all traits their units are a part of the model.
  if (length(sections) == 0L) return(NULL)
  for (k in seq_along(sections)) {
    factor <- section_scales(sections[[k]], record)
    if (is.null(factor)) return(NULL)
    value[is_section_parameter(parameters, k)] <- factor
  }
  list(record = record, value = value)
}

# By value of a section, NULL where Sigma of scaled residuals has another structure.
section_scales <- function(section, record) {
  recipe <- section$structure
  if (takes_function(recipe)) return(NULL)
  first <- first_factor(recipe)
  position <- (section$position - 1L) %/% (recipe$n_coef %/% first$n_coef) + 1L
  scale <- record[section$records][match(seq_len(first$n_coef), position)]
  if (anyNA(scale) || any(scale[position] != record[section$records])) return(NULL)
  if (!is_heterogeneous(first) && any(scale != scale[1L])) return(NULL)
  found <- recipe_values(first)
  own <- rep.int(1, n_values(recipe))
  own[seq_along(found$kind)] <- ifelse(found$kind %in% c("variance", "covariance"),
    scale[found$row] * scale[found$col], ifelse(found$kind == "specific", scale[found$row]^2,
      ifelse(found$kind == "loading", scale[found$row], 1)))
  own
}

# Ties and bounds of parameters that are divided by `value`.
scaled_constraints <- function(constraints, value) {
  if (is.null(constraints)) return(NULL)
  constraints$ratio <- constraints$ratio * value[constraints$lead] / value
  constraints$lower <- constraints$lower / value
  constraints$upper <- constraints$upper / value
  constraints
}

# The spec and the control list in the units of `scales`, NULL for those of the data.
scaled_spec <- function(spec, scales) {
  if (is.null(scales)) return(spec)
  spec$response <- spec$response / scales$record
  column <- list(matrix(1 / scales$record))
  scaled <- function(terms) lapply(terms, function(term) list(parts = c(term$parts, column)))
  spec$fixed <- scaled(spec$fixed)
  spec$random <- lapply(spec$random, function(term) {
    term$incidence <- lapply(term$incidence, function(x) replace(x, "terms", list(scaled(x$terms))))
    term
  })
  spec
}

scaled_control <- function(control, scales) {
  # In units of traits of their own the information would be that of other parameters.
  control$information <- is.null(scales)
  if (is.null(scales)) return(control)
  control$start <- control$start / scales$value
  control$constraints <- scaled_constraints(control$constraints, scales$value)
  control
}

unscaled_estimates <- function(est, scales) {
  if (is.null(scales)) return(est)
  own <- est$parameters
  own$estimate <- own$estimate * scales$value
  own$se <- own$se * scales$value
  own$covariance <- own$covariance * outer(scales$value, scales$value)
  est$parameters <- own
  est$fitted <- est$fitted * scales$record
  est$fitted_fixed <- est$fitted_fixed * scales$record
  shift <- 2 * sum(log(scales$record))
  est$minus2loglik <- est$minus2loglik + shift
  est$convergence$history$minus2loglik <- est$convergence$history$minus2loglik + shift
  est
}
