# The variance parameters of the residuals: their names, and the covariance matrices that their
# values make.

# For each section list(name, kind, row, col); a plain residual has one variance.
residual_parameters <- function(residual) {
  if (is_iid(residual)) {
    return(list(list(name = "residual", kind = "variance", row = 1L, col = 1L)))
  }
  lapply(residual$sections, function(section) {
    c(list(name = parameter_names(section$structure, section$label, section$coefs)),
      parameter_kinds(section$structure))
  })
}

# What crosses to the engine.
spec_residual <- function(residual) {
  if (is_iid(residual)) return(list(structure = "iid"))
  list(structure = "sections", sections = lapply(residual$sections, function(section) {
    section[c("label", "structure", "records", "subject", "position")]
  }))
}

# Of a table of parameters: which are of the residual, and which of them of section k.
is_residual_parameter <- function(parameters) parameters$index == 0L

is_section_parameter <- function(parameters, k) {
  is_residual_parameter(parameters) & parameters$section == k
}

# The values among those of all parameters.
residual_values <- function(parameters, values = parameters$estimate) {
  values[is_residual_parameter(parameters)]
}

section_values <- function(parameters, k, values = parameters$estimate) {
  values[is_section_parameter(parameters, k)]
}

section_covariance <- function(section, k, parameters, values = parameters$estimate) {
  covariance_matrix(section$structure, section_values(parameters, k, values), section$coefs)
}

# The diagonal of Sigma; of a product (a field may have thousands of cells) without the matrix.
section_variances <- function(section, k, parameters) {
  values <- section_values(parameters, k)
  if (!is_product_recipe(section$structure)) return(variances_in(section$structure, values))
  diagonals <- lapply(product_covariances(section$structure, values), diag)
  Reduce(function(a, b) rep(a, each = length(b)) * b, diagonals)
}
