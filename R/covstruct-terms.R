# The coefficients of a random term and its structure, from `structure(coefficients | group)`.

# Columns as column_recipe() gives them, and for structures of a distance their coordinates.
coefficient_recipe <- function(term, source) {
  if (is_product_term(term)) return(product_coefficients(term, source))
  switch(structure_index(term$structure),
    coordinates = coordinate_recipe(term, source),
    levels = level_recipe(term, source),
    column_recipe(coefficient_terms(term, source), source)
  )
}

# Inside a named structure a bare factor means its levels.
coefficient_terms <- function(term, source) {
  coefs <- term$coefs
  if (term$named && is_factor_like(source$frame[[deparse_one(coefs)]])) {
    coefs <- call("+", 0, coefs)
  }
  stats::terms(as_one_sided(coefs))
}

# A structure of an order, such as ar1, has the levels of one factor, or numbers in order.
level_recipe <- function(term, source) {
  variable <- level_variable(term, source)
  ordered <- ordered_coefficients(term, variable, source)
  if (!is.null(ordered)) return(ordered)
  column_recipe(stats::terms(as_one_sided(call("+", 0, str2lang(variable)))), source)
}

level_variable <- function(term, source) {
  variable <- attr(stats::terms(as_one_sided(term$coefs)), "term.labels")
  x <- if (length(variable) == 1L) source$frame[[variable]]
  if (is.null(x) || is.matrix(x) || !(is_factor_like(x) || is.numeric(x))) {
    abort_structure_index(term$structure, deparse_one(term$coefs), "the levels of a factor")
  }
  variable
}

# A coefficient for each distinct position. `at` has the positions of a fit; records elsewhere get
# NA.
coordinate_recipe <- function(term, source, at = term$coordinates) {
  terms <- stats::terms(as_one_sided(term$coefs))
  coordinates <- coordinate_values(term, attr(terms, "term.labels"), source)
  if (is.null(at)) at <- distinct_positions(coordinates)
  codes <- match(position_keys(coordinates), position_keys(at))
  names <- do.call(paste, c(lapply(seq_len(ncol(at)), function(j) format_position(at[, j])),
    sep = ":"))
  part <- list(codes = codes, contrast = sparse_identity(nrow(at)))
  list(terms = list(list(parts = list(part))), names = names, assign = rep.int(1L, nrow(at)),
    labels = attr(terms, "term.labels"), coordinates = at)
}

# The coefficients of a fitted term for the records of new data.
fitted_coefficients <- function(parsed, fitted, source) {
  if (has_places(parsed, fitted)) {
    recipe <- if (is_product_term(parsed)) new_product_coefficients(parsed, fitted, source) else
      new_ordered_coefficients(parsed, fitted, source)
    check_positions(recipe, fitted)
    return(recipe)
  }
  if (structure_index(parsed$structure) == "coordinates") {
    parsed$coordinates <- fitted$structure$coordinates
  }
  recipe <- coefficient_recipe(parsed, source)
  if (structure_index(parsed$structure) == "coordinates") {
    check_positions(recipe, fitted)
  }
  recipe
}

check_positions <- function(recipe, fitted) {
  new <- which(is.na(recipe$terms[[1L]]$parts[[1L]]$codes))
  if (length(new) > 0L) abort_new_position(fitted$label, length(new))
}

coordinate_values <- function(term, variables, source) {
  values <- lapply(variables, function(name) {
    column <- source$frame[[name]]
    if (!is.numeric(column) || is.matrix(column) && ncol(column) > 1L) {
      abort_structure_index(term$structure, name, "numeric coordinates")
    }
    as.double(column)
  })
  unname(do.call(cbind, values))
}

distinct_positions <- function(coordinates) {
  distinct <- coordinates[!duplicated(position_keys(coordinates)), , drop = FALSE]
  distinct[do.call(order, lapply(seq_len(ncol(distinct)), function(j) distinct[, j])), ,
    drop = FALSE]
}

# Exact: two positions are one where all their digits agree.
position_keys <- function(coordinates) {
  do.call(paste, lapply(seq_len(ncol(coordinates)), function(j) {
    sprintf("%a", coordinates[, j] + 0)
  }))
}

format_position <- function(x) vapply(x, format, "", digits = 15L)

# What the engine takes as the structure of a term with these coefficients.
term_structure <- function(term, recipe, env) {
  n_coef <- length(recipe$names)
  name <- term$structure
  if (name == "us" || n_coef == 1L && name %in% c("diag", "id")) {
    return(if (n_coef == 1L) "us" else name)
  }
  if (name == "diag") return(name)
  if (name == "product") return(recipe$structure)
  addend <- call(name, call("|", term$coefs, as.name(term$group$label)))
  arguments <- structure_arguments(name, term$arguments, env, addend)
  new_recipe(name, n_coef, arguments, recipe$coordinates)
}

# One level is enough where the coefficients are positions: a field is a level of its own.
needs_levels <- function(structure) {
  !structure_name(structure) %in% c("exp", "gau", "matern", "product")
}
