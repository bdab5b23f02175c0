# The unit of the default priors of each parameter: of a variance the standard deviation of the
# least-squares residual divided by the root mean square of the covariate of its coefficient; of a
# range the mean distance; else 1.

prior_units <- function(model) {
  parameters <- model$parameters
  residuals <- least_squares_residuals(model$spec)
  units <- rep.int(1, length(parameters$name))
  variance <- !is.na(parameters$row)
  units[variance] <- sqrt(mean(residuals^2))
  by_trait <- !is.null(model$parts$traits)
  Z <- if (length(model$spec$random) > 0L) engine_matrices(model$spec)$Z
  for (k in seq_along(Z)) {
    own <- which(parameters$index == k & variance)
    scales <- coefficient_scales(Z[[k]], model$spec$random[[k]]$n_coef, residuals, by_trait)
    at <- coefs_of_rows(model, k)
    units[own] <- vapply(parameters$row[own], function(r) sqrt(mean(scales[at[[r]]]^2)), 0)
  }
  for (i in which(parameters$kind == "range")) units[i] <- distance_unit(model, i)
  if (by_trait) units <- residual_trait_units(units, model, residuals)
  units
}

# The coefficients of a term that each row of its covariance matrix is of, of a product of that of
# its first factor.
coefs_of_rows <- function(model, k) {
  recipe <- full_recipe(model$design$random[[k]]$structure, model$design$random[[k]]$n_coef)
  n_rows <- first_factor(recipe)$n_coef
  split(seq_len(recipe$n_coef), rep(seq_len(n_rows), each = recipe$n_coef %/% n_rows))
}

# y - X b by least squares.
least_squares_residuals <- function(spec) {
  spec$random <- list()
  spec$residual <- list(structure = "iid")
  control <- search_control(lmm_control(), FALSE, NA_real_)
  control$information <- FALSE
  spec$response - by_likelihood(spec, control)$fitted
}

# Of the records that have the coefficient.
coefficient_scales <- function(Z, n_coef, residuals, by_trait) {
  column <- rep(seq_len(Z@Dim[2L]), diff(Z@p))
  coef <- (column - 1L) %% n_coef + 1L
  vapply(seq_len(n_coef), function(c) {
    entry <- which(coef == c & Z@x != 0)
    if (length(entry) == 0L) return(sqrt(mean(residuals^2)))
    own <- if (by_trait) residuals[unique(Z@i[entry] + 1L)] else residuals
    sqrt(mean(own^2) / mean(Z@x[entry]^2))
  }, 0)
}

# The root mean square distance of the first coordinates of the structure.
distance_unit <- function(model, i) {
  parameters <- model$parameters
  recipe <- if (parameters$index[i] > 0L) model$design$random[[parameters$index[i]]]$structure else
    model$design$residual$sections[[parameters$section[i]]]$structure
  recipes <- Filter(function(r) !is.null(r$coordinates), c(list(recipe), recipe$factors))
  if (length(recipes) == 0L) return(1)
  at <- recipes[[1L]]$coordinates
  unit <- sqrt(2 * sum(apply(as.matrix(at), 2L, stats::var)))
  if (is.finite(unit) && unit > 0) unit else 1
}

# Of each trait its own.
residual_trait_units <- function(units, model, residuals) {
  sections <- model$design$residual$sections
  for (k in seq_along(sections)) {
    section <- sections[[k]]
    first <- first_factor(section$structure)
    position <- (section$position - 1L) %/% (section$structure$n_coef %/% first$n_coef) + 1L
    own <- which(is_section_parameter(model$parameters, k) & !is.na(model$parameters$row))
    for (i in own) {
      at <- section$records[position == model$parameters$row[i]]
      if (length(at) > 0L) units[i] <- sqrt(mean(residuals[at]^2))
    }
  }
  units
}
