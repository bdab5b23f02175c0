# The table of covariance structures, for random terms and for residuals. A structure is written as
# `name(index | group, arguments)` and becomes a recipe, which is what the engine takes: a list of
# name, n_coef, coordinates, order, constants, factors and labels,
# with n_coef coefficients (of a residual: positions), `coordinates` an n_coef x d matrix for
# structures of a distance, `order` the k of fa and rr or the bands of toep (0: all), `constants`
# known settings, `factors` the recipes of a product (first one slowest) and `labels` their names.
# A plain string stands for a recipe without further fields (us, diag).
#
# Who makes a model needs from this file:
#   structure_arguments(name, call, env)    checked arguments of a call, list(order, constants)
#   new_recipe(name, n_coef, arguments, coordinates)    a recipe, checked
#   product_recipe(recipes, labels)         the Kronecker product of recipes
#   parameter_names(recipe, label, coefs)   names of its values, in the engine's order
#   parameter_kinds(recipe)                 list(kind, row, col): kind of each value, and the entry
#                                           of Sigma that it is (NA for others than (co)variances)
#   covariance_matrix(recipe, values, coefs)    Sigma, n_coef x n_coef
#   structure_index(name)                   "columns": of a model formula, or levels of a factor;
#                                           "levels": levels of a factor only;
#                                           "coordinates": distinct values of numeric variables
#
# A new structure is a line here, its values in covstruct-parameters.R, its matrix in
# covstruct-matrices.R, and a file in the engine. Products of structures are here, as they look up
# the table themselves.

parameters_product <- function(recipe) {
  parts <- Map(function(factor, label, k) {
    own <- structure_entry(factor)$parameters(factor)
    if (k > 1L) own <- lapply(own, `[`, -1L)
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

structure_of <- function(label, parameters, sigma, index = "columns", arguments = character(),
                         least = 1L) {
  list(label = label, parameters = parameters, sigma = sigma, index = index,
    arguments = arguments, least = least)
}

covariance_structures <- list(
  us = structure_of("unstructured", parameters_us, covariance_us),
  diag = structure_of("diagonal", parameters_diag, covariance_diag),
  id = structure_of("one variance, independent", scaled_parameters(FALSE, character()),
    homogeneous(correlation_id)),
  cs = structure_of("compound symmetry", scaled_parameters(FALSE, "rho"),
    homogeneous(correlation_cs), least = 2L),
  csh = structure_of("heterogeneous compound symmetry", scaled_parameters(TRUE, "rho"),
    heterogeneous(correlation_cs), least = 2L),
  ar1 = structure_of("first-order autoregression", scaled_parameters(FALSE, "rho"),
    homogeneous(correlation_ar1), "levels", least = 2L),
  ar1h = structure_of("heterogeneous first-order autoregression", scaled_parameters(TRUE, "rho"),
    heterogeneous(correlation_ar1), "levels", least = 2L),
  toep = structure_of("Toeplitz", scaled_parameters(FALSE, lag_names),
    homogeneous(correlation_toep), "levels", "bands", 2L),
  toeph = structure_of("heterogeneous Toeplitz", scaled_parameters(TRUE, lag_names),
    heterogeneous(correlation_toep), "levels", "bands", 2L),
  ante = structure_of("first-order ante-dependence", scaled_parameters(TRUE, neighbour_names),
    heterogeneous(correlation_ante), "levels", least = 2L),
  arma11 = structure_of("autoregressive moving average",
    scaled_parameters(FALSE, c("rho", "gamma")), homogeneous(correlation_arma11), "levels",
    least = 3L),
  exp = structure_of("exponential in the distance", scaled_parameters(FALSE, "range", "range"),
    homogeneous(correlation_exp), "coordinates", least = 2L),
  gau = structure_of("Gaussian in the distance", scaled_parameters(FALSE, "range", "range"),
    homogeneous(correlation_gau), "coordinates", least = 2L),
  matern = structure_of("Matern in the distance",
    scaled_parameters(FALSE, matern_names, c("range", "smoothness")),
    homogeneous(correlation_matern), "coordinates", "nu", 2L),
  fa = structure_of("factor analytic", parameters_fa, covariance_fa, arguments = "k", least = 2L),
  rr = structure_of("reduced rank", parameters_rr, covariance_rr, arguments = "k", least = 2L),
  own = structure_of("a function of the user", parameters_own, covariance_own,
    arguments = own_argument_names),
  product = structure_of("Kronecker product", parameters_product, covariance_product)
)

# Structures that a user can write by name.
written_structures <- setdiff(names(covariance_structures), "product")

structure_name <- function(recipe) if (is.character(recipe)) recipe else recipe$name

structure_entry <- function(recipe) covariance_structures[[structure_name(recipe)]]

structure_index <- function(name) covariance_structures[[name]]$index

# A recipe from a name alone.
full_recipe <- function(recipe, n_coef) {
  if (is.character(recipe)) list(name = recipe, n_coef = as.integer(n_coef), order = 0L) else recipe
}

n_values <- function(recipe) length(structure_entry(recipe)$parameters(recipe)$kind)

n_parameters <- function(structure, t) n_values(full_recipe(structure, t))

# Recipes ------------------------------------------------------------------------------------------

# The arguments after the bar, as list(order, constants). `arguments` are expressions.
structure_arguments <- function(name, arguments, env, term = NULL) {
  known <- covariance_structures[[name]]$arguments
  given <- names(arguments) %||% rep.int("", length(arguments))
  given[given == ""] <- setdiff(known, given)[seq_len(sum(given == ""))]
  bad <- length(arguments) > length(known) || anyNA(given) || !all(given %in% known)
  if (bad) abort_structure_arguments(name, term, known)
  values <- lapply(arguments, eval, env)
  names(values) <- given
  if (name == "own") return(list(order = 0L, constants = double(), own = own_arguments(values)))
  order <- 0L
  if ("k" %in% known) order <- check_count(values$k %||% 1, "k")
  if (!is.null(values$bands)) order <- check_count(values$bands, "bands", least = 1)
  constants <- if (!is.null(values$nu)) check_positive(values$nu, "nu") else double()
  list(order = order, constants = constants)
}

new_recipe <- function(name, n_coef, arguments = list(order = 0L, constants = double()),
                       coordinates = NULL) {
  entry <- covariance_structures[[name]]
  if (n_coef < entry$least) abort_structure_size(name, n_coef, entry$least)
  order <- arguments$order
  if (name %in% c("fa", "rr") && order >= n_coef + (name == "rr")) {
    abort_structure_factors(name, order, n_coef)
  }
  if ("bands" %in% entry$arguments && order > n_coef) abort_structure_bands(name, order, n_coef)
  # An argument that changes nothing is left out, so that equal models have equal recipes.
  if ("bands" %in% entry$arguments && order == n_coef) order <- 0L
  recipe <- list(
    name = name, n_coef = as.integer(n_coef), coordinates = coordinates %||% matrix(0, 0L, 0L),
    order = as.integer(order), constants = as.double(arguments$constants)
  )
  if (name == "own") recipe$own <- own_recipe(arguments$own, recipe$n_coef)
  recipe
}

product_recipe <- function(recipes, labels) {
  for (recipe in recipes[-1L]) {
    # The variances stand in the first factor: the others need exactly one to leave out.
    if (!identical(structure_entry(recipe)$parameters(recipe)$suffix[1L], "variance")) {
      abort_structure_product(recipe$name)
    }
  }
  list(
    name = "product", n_coef = as.integer(prod(vapply(recipes, `[[`, 0L, "n_coef"))),
    coordinates = matrix(0, 0L, 0L), order = 0L, constants = double(), factors = recipes,
    labels = labels
  )
}

# Names and matrices -------------------------------------------------------------------------------

# Names that varcomp() prints: the label alone for a random intercept; label.coef for a variance and
# label.coef1.coef2 for a covariance, the coefficient of the lower index first; label.rho,
# label.range and so on for what belongs to no coefficient; label.coef.fa1 for a loading.
parameter_names <- function(structure, label, coefs) {
  if (identical(coefs, "(Intercept)") && is.character(structure)) return(label)
  coefs[coefs == "(Intercept)"] <- "Intercept"
  recipe <- full_recipe(structure, length(coefs))
  at <- structure_entry(recipe)$parameters(recipe)
  if (recipe$name == "product") coefs <- factor_coefs(recipe$factors[[1L]], coefs)
  paste(label, ifelse(is.na(at$suffix), entry_names(at, coefs, recipe$name), at$suffix), sep = ".")
}

entry_names <- function(at, coefs, name) {
  switch_name <- function(k) {
    switch(at$kind[k],
      covariance = paste(coefs[at$col[k]], coefs[at$row[k]], sep = "."),
      loading = paste0(coefs[at$row[k]], ".", name, at$col[k]),
      specific = paste0(coefs[at$row[k]], ".psi"),
      coefs[at$row[k]]
    )
  }
  vapply(seq_along(at$kind), function(k) if (is.na(at$suffix[k])) switch_name(k) else "", "")
}

# The names of the positions of the first factor of a product, from those of the whole.
factor_coefs <- function(factor, coefs) {
  factor$coefs %||% sub(":.*", "", coefs[seq.int(1L, length(coefs), length(coefs) / factor$n_coef)])
}

parameter_kinds <- function(structure, t = structure$n_coef) {
  recipe <- full_recipe(structure, t)
  found <- structure_entry(recipe)$parameters(recipe)
  # Where an entry of Sigma is not the value itself it has no place.
  entry <- found$kind %in% c("variance", "covariance") & recipe$name != "product"
  list(
    kind = ifelse(found$kind == "specific", "variance", found$kind),
    row = ifelse(entry, found$row, NA_integer_), col = ifelse(entry, found$col, NA_integer_)
  )
}

sigma_of <- function(recipe, values) structure_entry(recipe)$sigma(recipe, values)

# The covariance matrix Sigma (t x t) of the values of one term.
covariance_matrix <- function(structure, values, coefs) {
  sigma <- sigma_of(full_recipe(structure, length(coefs)), values)
  dimnames(sigma) <- list(coefs, coefs)
  sigma
}
