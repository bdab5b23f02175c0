# The table of covariance structures, for random terms and for residuals. A structure is written as
# `name(index | group, arguments)` and becomes a recipe, which is what the engine takes: a list of
# name, n_coef, coordinates, order, constants, factors and labels,
# with n_coef coefficients (of a residual: positions), `coordinates` an n_coef x d matrix for
# structures of a distance, `order` the k of fa, rr, ante and chol or the bands of toep (0: all),
# `constants` known settings, `factors` the recipes of a product (first one slowest) and `labels`
# their names. A plain string stands for a recipe without further fields (us, diag).
#
# No other file asks for a structure by its name: what a structure is like stands in its row, and is
# asked by the functions after the table, of a recipe or of a name. tools/r-structures.R checks it.
# The fields of a row:
#
#   label       in words
#   parameters  function(recipe): its values in the engine's order, list(suffix, kind, row, col)
#   sigma       function(recipe, values): Sigma, n_coef x n_coef
#   variances   function(recipe, values): the diagonal of a Sigma that has nothing else
#   index       "columns": of a model formula, or levels of a factor;
#               "levels": levels of a factor only;
#               "coordinates": distinct values of numeric variables
#   arguments   what may follow the group
#   least       the least number of coefficients
#   most_order  function(n_coef): the largest `order`
#   region      function(recipe, n): where its n correlations or coefficients may be, see
#               covstruct-regions.R
#   traits      those that it has:
#
#   is_heterogeneous    a variance for each coefficient: with coefficients in other units Sigma is
#                       of the same structure
#   is_uncorrelated     the coefficients are independent, each with a variance of its own
#   is_unstructured     each entry of Sigma is a value
#   values_are_entries  each value is an entry of Sigma, and what is no value is 0: Sigma is linear
#                       in them, and some of the coefficients have the same structure, with fewer
#   name_is_recipe      the name says all, and stands for the recipe
#   may_be_zero         the variance of a coefficient may be 0 and the other values anything
#   contains_intercept  c 11' + Sigma has the structure too: the same effect for all coefficients
#                       cannot be told from it
#   is_exchangeable     the order of the coefficients does not matter
#   keeps_lags          a position without records costs no value, so that gaps keep their lag
#   is_field            one level tells the values: the coefficients are positions of a field
#   has_nugget          1e-10 on the diagonal of the correlations, as they are smooth
#   walks_by_steps      a random walk where its correlation goes to 1, and its variance to infinity
#   walks_by_range      the same, where its range goes to infinity
#   is_loadings_alone   no variances beside the loadings
#   is_centred          its coordinates are measured from their mean over the records
#   takes_function      its arguments are a function of the user, which stays with the fit whatever
#                       its name means later, and which knows one unit of the coefficients only
#
# A new structure is a row here, its values in covstruct-parameters.R, its matrix in
# covstruct-matrices.R, and a file in the engine. Products of structures are here, as they look up
# the table themselves.

parameters_product <- function(recipe) {
  parts <- Map(function(factor, label, k) {
    own <- recipe_values(factor)
    if (k > 1L) own <- lapply(own, `[`, -1L)
    pair <- is.na(own$suffix) & own$kind == "correlation"
    own$suffix[pair] <- sprintf("rho%d.%d", own$col[pair], own$row[pair])
    named <- !is.na(own$suffix) & own$kind != "variance"
    own$suffix[named] <- paste(label, own$suffix[named], sep = ".")
    own
  }, recipe$factors, recipe$labels, seq_along(recipe$factors))
  list(suffix = unlist(lapply(parts, `[[`, "suffix")), kind = unlist(lapply(parts, `[[`, "kind")),
    row = unlist(lapply(parts, `[[`, "row")), col = unlist(lapply(parts, `[[`, "col")))
}

# The factors of a product: the first with the variances, the others correlations.
product_covariances <- function(recipe, values) {
  lapply(seq_along(recipe$factors), function(k) {
    factor <- recipe$factors[[k]]
    n <- n_values(factor) - (k > 1L)
    own <- values[seq_len(n)]
    values <<- values[-seq_len(n)]
    sigma_of(factor, if (k > 1L) c(1, own) else own)
  })
}

covariance_product <- function(recipe, values) {
  Reduce(kronecker, product_covariances(recipe, values))
}

all_but_one <- function(n_coef) n_coef - 1L

structure_of <- function(label, parameters, sigma, index = "columns", arguments = character(),
                         least = 1L, most_order = function(n_coef) 0L, region = intervals,
                         traits = character(), variances = NULL) {
  list(label = label, parameters = parameters, sigma = sigma, index = index,
    arguments = arguments, least = least, most_order = most_order, region = region, traits = traits,
    variances = variances)
}

# Independent coefficients: Sigma has a diagonal alone.
independent <- function(label, parameters, variances, ...) {
  structure_of(label, parameters, function(recipe, values) {
    diag(variances(recipe, values), recipe$n_coef)
  }, ..., variances = variances)
}

# One variance, or one for each coefficient, and the correlations of `correlation`, whose parameters
# have names ending in `suffix` and the kinds `kind`.
correlated <- function(label, correlation, suffix, kind = "correlation", own_variances = FALSE,
                       least = 2L, traits = character(), ...) {
  scale <- if (own_variances) heterogeneous else homogeneous
  structure_of(label, scaled_parameters(own_variances, suffix, kind), scale(correlation), ...,
    least = least, traits = c(if (own_variances) "is_heterogeneous", traits))
}

# Autoregressions and moving averages of an order; with fewer positions not all of their
# coefficients can be told.
process <- function(label, type, order, own_variances = FALSE) {
  name <- c(ar = "phi", ma = "theta")[[type]]
  region <- switch(type, ar = process_region(1, "stationary processes"),
    ma = process_region(-1, "invertible processes"))
  correlated(label, process_correlation(type), paste0(name, if (order > 1L) seq_len(order)),
    "coefficient", own_variances, index = "levels", least = order + 1L, region = region,
    traits = if (!own_variances) c("keeps_lags", "is_field"))
}

covariance_structures <- list(
  us = structure_of("unstructured", parameters_us, covariance_us, traits = c("is_heterogeneous",
    "is_unstructured", "values_are_entries", "name_is_recipe", "contains_intercept")),
  diag = independent("diagonal", parameters_diag, variances_diag, traits = c("is_heterogeneous",
    "is_uncorrelated", "values_are_entries", "name_is_recipe", "may_be_zero")),
  id = correlated("one variance, independent", correlation_id, character(), least = 1L,
    traits = c("is_exchangeable", "is_field")),
  cs = correlated("compound symmetry", correlation_cs, "rho", region = symmetry_region,
    traits = c("is_exchangeable", "contains_intercept")),
  csh = correlated("heterogeneous compound symmetry", correlation_cs, "rho", own_variances = TRUE,
    region = symmetry_region),
  ar1 = correlated("first-order autoregression", correlation_ar1, "rho", index = "levels",
    traits = c("keeps_lags", "is_field", "walks_by_steps")),
  ar1h = correlated("heterogeneous first-order autoregression", correlation_ar1, "rho",
    own_variances = TRUE, index = "levels"),
  toep = correlated("Toeplitz", correlation_toep, lag_names, index = "levels",
    arguments = "bands", most_order = identity, region = toeplitz_region,
    traits = "contains_intercept"),
  toeph = correlated("heterogeneous Toeplitz", correlation_toep, lag_names, own_variances = TRUE,
    index = "levels", arguments = "bands", most_order = identity, region = toeplitz_region),
  ante = correlated("ante-dependence", correlation_ante, antedependence_names,
    own_variances = TRUE, index = "levels", arguments = "k", most_order = all_but_one),
  arma11 = correlated("autoregressive moving average", correlation_arma11, c("rho", "gamma"),
    index = "levels", least = 3L, region = arma_region, traits = "is_field"),
  ar2 = process("second-order autoregression", "ar", 2L),
  ar2h = process("heterogeneous second-order autoregression", "ar", 2L, own_variances = TRUE),
  ar3 = process("third-order autoregression", "ar", 3L),
  ar3h = process("heterogeneous third-order autoregression", "ar", 3L, own_variances = TRUE),
  ma1 = process("first-order moving average", "ma", 1L),
  ma1h = process("heterogeneous first-order moving average", "ma", 1L, own_variances = TRUE),
  ma2 = process("second-order moving average", "ma", 2L),
  ma2h = process("heterogeneous second-order moving average", "ma", 2L, own_variances = TRUE),
  sar = correlated("symmetric autoregression", correlation_sar, "phi", "coefficient",
    index = "levels", region = double_root_region, traits = c("keeps_lags", "is_field")),
  sar2 = correlated("second-order symmetric autoregression", correlation_sar2,
    c("gamma1", "gamma2"), index = "levels", least = 4L, traits = c("keeps_lags", "is_field")),
  corg = structure_of("general correlation", parameters_corg, homogeneous(correlation_corg),
    least = 2L, region = matrix_region),
  exp = correlated("exponential in the distance", correlation_exp, "range", "range",
    index = "coordinates", traits = c("is_field", "walks_by_range")),
  iexp = correlated("exponential in the distance along the sides", correlation_iexp, "range",
    "range", index = "coordinates", traits = "is_field"),
  gau = correlated("Gaussian in the distance", correlation_gau, "range", "range",
    index = "coordinates", traits = c("is_field", "has_nugget")),
  matern = correlated("Matern in the distance", correlation_matern, matern_names,
    c("range", "smoothness"), index = "coordinates", arguments = "nu",
    traits = c("is_field", "has_nugget")),
  fa = structure_of("factor analytic", parameters_fa, covariance_fa, arguments = "k", least = 2L,
    most_order = all_but_one, traits = c("is_heterogeneous", "may_be_zero")),
  rr = structure_of("reduced rank", parameters_rr, covariance_rr, arguments = "k", least = 2L,
    most_order = identity, traits = c("is_heterogeneous", "is_loadings_alone")),
  chol = structure_of("banded Cholesky", parameters_chol, covariance_chol, index = "levels",
    arguments = "k", least = 2L, most_order = all_but_one, traits = "is_heterogeneous"),
  loglin = independent("variances log-linear in covariates", parameters_loglin, variances_loglin,
    index = "coordinates", least = 2L, traits = "is_centred"),
  own = structure_of("a function of the user", parameters_own, covariance_own,
    arguments = own_argument_names, region = own_ranges, traits = "takes_function"),
  product = structure_of("Kronecker product", parameters_product, covariance_product,
    traits = "is_field")
)

product_structure <- "product"

# Structures that a user can write by name.
written_structures <- setdiff(names(covariance_structures), product_structure)

# Of a bar without a name, and of a single coefficient.
plain_structure <- "us"

# Reading the table --------------------------------------------------------------------------------

structure_name <- function(recipe) if (is.character(recipe)) recipe else recipe$name

structure_entry <- function(recipe) covariance_structures[[structure_name(recipe)]]

structure_index <- function(structure) structure_entry(structure)$index

structure_trait <- function(trait) function(structure) trait %in% structure_entry(structure)$traits

is_heterogeneous <- structure_trait("is_heterogeneous")
is_uncorrelated <- structure_trait("is_uncorrelated")
is_unstructured <- structure_trait("is_unstructured")
values_are_entries <- structure_trait("values_are_entries")
name_is_recipe <- structure_trait("name_is_recipe")
may_be_zero <- structure_trait("may_be_zero")
is_exchangeable <- structure_trait("is_exchangeable")
keeps_lags <- structure_trait("keeps_lags")
is_field <- structure_trait("is_field")
has_nugget <- structure_trait("has_nugget")
walks_by_steps <- structure_trait("walks_by_steps")
walks_by_range <- structure_trait("walks_by_range")
is_loadings_alone <- structure_trait("is_loadings_alone")
takes_function <- structure_trait("takes_function")
is_centred <- structure_trait("is_centred")

has_diagonal_alone <- function(structure) !is.null(structure_entry(structure)$variances)

structure_arguments_of <- function(structure) structure_entry(structure)$arguments

least_coefficients <- function(structure) structure_entry(structure)$least

# With fewer bands than coefficients some correlations are zero.
contains_intercept <- function(recipe) {
  "contains_intercept" %in% structure_entry(recipe)$traits && recipe$order == 0L
}

# Of a single coefficient it is one variance.
is_variance_of_one <- function(structure) {
  entry <- structure_entry(structure)
  entry$least == 1L && length(entry$arguments) == 0L
}

is_product_recipe <- function(recipe) is.list(recipe) && !is.null(recipe$factors)

has_loadings <- function(structure, n_coef) {
  "loading" %in% recipe_values(full_recipe(structure, n_coef))$kind
}

has_covariances <- function(structure, n_coef) {
  "covariance" %in% recipe_values(full_recipe(structure, n_coef))$kind
}

# The factor of a product that has its variances; another recipe itself.
first_factor <- function(recipe) if (is_product_recipe(recipe)) recipe$factors[[1L]] else recipe

# A recipe from a name alone.
full_recipe <- function(recipe, n_coef) {
  if (is.character(recipe)) list(name = recipe, n_coef = as.integer(n_coef), order = 0L) else recipe
}

recipe_values <- function(recipe) structure_entry(recipe)$parameters(recipe)

n_values <- function(recipe) length(recipe_values(recipe)$kind)

n_parameters <- function(structure, t) n_values(full_recipe(structure, t))

sigma_of <- function(recipe, values) structure_entry(recipe)$sigma(recipe, values)

# diag(Sigma); of thousands of independent positions without the matrix.
variances_in <- function(recipe, values) {
  entry <- structure_entry(recipe)
  if (is.null(entry$variances)) diag(entry$sigma(recipe, values)) else
    entry$variances(recipe, values)
}

# The regions of the values of a recipe that are correlations or coefficients: `at` says which.
correlation_regions <- function(recipe) {
  if (!is_product_recipe(recipe)) return(own_regions(recipe))
  first <- 0L
  unlist(lapply(seq_along(recipe$factors), function(k) {
    factor <- recipe$factors[[k]]
    shift <- first - (k > 1L)
    first <<- shift + n_values(factor)
    lapply(own_regions(factor), function(region) replace(region, "at", list(region$at + shift)))
  }), recursive = FALSE)
}

own_regions <- function(recipe) {
  at <- which(recipe_values(recipe)$kind %in% c("correlation", "coefficient", "own"))
  if (length(at) == 0L) return(list())
  regions <- structure_entry(recipe)$region(recipe, length(at))
  sizes <- vapply(regions, `[[`, 0L, "size")
  own <- split(at, rep(seq_along(sizes), sizes))
  Map(function(region, at) c(region, list(at = at)), regions, unname(own))
}
