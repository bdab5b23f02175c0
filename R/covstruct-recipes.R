# Recipes of covariance structures, checked, and what is read from them: names and kinds of the
# values, and Sigma. The structures and their traits are in covstruct.R.
#
#   structure_arguments(name, call, env)    checked arguments of a call, list(order, constants)
#   new_recipe(name, n_coef, arguments, coordinates)    a recipe, checked
#   product_recipe(recipes, labels)         the Kronecker product of recipes
#   parameter_names(recipe, label, coefs)   names of its values, in the engine's order
#   parameter_kinds(recipe)                 list(kind, row, col): kind of each value, and the entry
#                                           of Sigma that it is (NA for others than (co)variances)
#   covariance_matrix(recipe, values, coefs)    Sigma, n_coef x n_coef

# The arguments after the bar, as list(order, constants). `arguments` are expressions.
structure_arguments <- function(name, arguments, env, term = NULL) {
  known <- covariance_structures[[name]]$arguments
  given <- names(arguments) %||% rep.int("", length(arguments))
  given[given == ""] <- setdiff(known, given)[seq_len(sum(given == ""))]
  bad <- length(arguments) > length(known) || anyNA(given) || !all(given %in% known)
  coordinates <- structure_index(name) == "coordinates" && any(vapply(arguments, is.symbol, NA))
  if (bad && coordinates) abort_structure_coordinates(name, term)
  if (bad) abort_structure_arguments(name, term, known)
  values <- lapply(arguments, eval, env)
  names(values) <- given
  if (takes_function(name)) {
    return(list(order = 0L, constants = double(), own = own_arguments(values)))
  }
  order <- 0L
  if ("k" %in% known) order <- check_count(values$k %||% 1, "k")
  if (!is.null(values$bands)) order <- check_count(values$bands, "bands", least = 1)
  constants <- if (!is.null(values$nu)) check_smoothness(values$nu) else double()
  list(order = order, constants = constants)
}

# Rougher fields cannot be told from independent values, smoother ones are gau in all but name.
smoothness_limits <- c(0.01, 25)

check_smoothness <- function(nu) {
  nu <- check_positive(nu, "nu")
  if (nu < smoothness_limits[1L] || nu > smoothness_limits[2L]) {
    abort_smoothness(nu, smoothness_limits)
  }
  nu
}

new_recipe <- function(name, n_coef, arguments = list(order = 0L, constants = double()),
                       coordinates = NULL) {
  entry <- covariance_structures[[name]]
  if (n_coef < entry$least) abort_structure_size(name, n_coef, entry$least)
  order <- arguments$order
  most <- entry$most_order(n_coef)
  if (order > most) {
    if ("k" %in% entry$arguments) abort_structure_order(name, order, n_coef, most)
    abort_structure_bands(name, order, n_coef)
  }
  # An argument that changes nothing is left out, so that equal models have equal recipes.
  if ("bands" %in% entry$arguments && order == n_coef) order <- 0L
  recipe <- list(
    name = name, n_coef = as.integer(n_coef), coordinates = coordinates %||% matrix(0, 0L, 0L),
    order = as.integer(order), constants = as.double(arguments$constants)
  )
  if (takes_function(name)) recipe$own <- own_recipe(arguments$own, recipe$n_coef)
  recipe
}

product_recipe <- function(recipes, labels) {
  for (recipe in recipes[-1L]) {
    # The variances stand in the first factor: the others need exactly one to leave out.
    if (!identical(recipe_values(recipe)$suffix[1L], "variance")) {
      abort_structure_product(recipe$name)
    }
  }
  list(
    name = product_structure, n_coef = as.integer(prod(vapply(recipes, `[[`, 0L, "n_coef"))),
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
  at <- recipe_values(recipe)
  if (is_product_recipe(recipe)) coefs <- factor_coefs(first_factor(recipe), coefs)
  paste(label, ifelse(is.na(at$suffix), entry_names(at, coefs, recipe$name), at$suffix), sep = ".")
}

entry_names <- function(at, coefs, name) {
  switch_name <- function(k) {
    switch(at$kind[k],
      covariance = paste(coefs[at$col[k]], coefs[at$row[k]], sep = "."),
      correlation = paste("rho", coefs[at$col[k]], coefs[at$row[k]], sep = "."),
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
  found <- recipe_values(recipe)
  # Where an entry of Sigma is not the value itself it has no place.
  entry <- found$kind %in% c("variance", "covariance") & !is_product_recipe(recipe)
  found$kind[found$kind == "specific"] <- "variance"
  found$row[!entry] <- found$col[!entry] <- NA_integer_
  found[c("kind", "row", "col")]
}

# The covariance matrix Sigma (t x t) of the values of one term.
covariance_matrix <- function(structure, values, coefs) {
  sigma <- sigma_of(full_recipe(structure, length(coefs)), values)
  dimnames(sigma) <- list(coefs, coefs)
  sigma
}
