# The coefficients of a random term and its structure, from `structure(coefficients | group)`.

# Columns as column_recipe() gives them, for structures of a distance with their coordinates, for a
# product with its recipe.
term_coefficients <- function(term, source) UseMethod("term_coefficients")

#' @export
term_coefficients.lmm_term <- function(term, source) {
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
  levels <- source$order[[variable]]
  if (!is.null(levels)) {
    codes <- match(as.character(source$frame[[variable]]), levels)
    return(position_columns(codes, paste0(variable, levels)))
  }
  column_recipe(stats::terms(as_one_sided(call("+", 0, str2lang(variable)))), source)
}

level_variable <- function(term, source) {
  variable <- attr(stats::terms(as_one_sided(term$coefs)), "term.labels")
  x <- if (length(variable) == 1L) source$frame[[variable]]
  if (is.null(x) || is.matrix(x) || !(is_factor_like(x) || is_number_like(x))) {
    abort_structure_index(term$structure, deparse_one(term$coefs), "the levels of a factor")
  }
  variable
}

# A coefficient for each distinct position. `at` has the positions of a fit; records elsewhere get
# NA.
coordinate_recipe <- function(term, source, at = NULL) {
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
fitted_recipe <- function(parsed, fitted, source) UseMethod("fitted_recipe")

#' @export
fitted_recipe.lmm_term <- function(parsed, fitted, source) {
  switch(structure_index(parsed$structure),
    coordinates = check_positions(
      coordinate_recipe(parsed, source, fitted$structure$coordinates), fitted
    ),
    levels = fitted_levels(parsed, fitted, source),
    term_coefficients(parsed, source)
  )
}

# Numbers in order are positions, which are matched by their names.
fitted_levels <- function(parsed, fitted, source) {
  if (anyNA(suppressWarnings(as.double(fitted$coef_names)))) {
    variable <- level_variable(parsed, source)
    place <- match(paste0(variable, as.character(source$frame[[variable]])), fitted$coef_names)
    return(check_positions(position_columns(place, fitted$coef_names), fitted))
  }
  factor <- list(name = parsed$structure,
    variables = list(as.name(level_variable(parsed, source))))
  place <- match(position_labels(factor, source), fitted$coef_names)
  check_positions(position_columns(place, fitted$coef_names), fitted)
}

check_positions <- function(recipe, fitted) {
  new <- which(is.na(recipe$terms[[1L]]$parts[[1L]]$codes))
  if (length(new) > 0L) abort_new_position(fitted$label, length(new))
  recipe
}

coordinate_values <- function(term, variables, source) {
  if (length(variables) == 0L) {
    abort_structure_index(term$structure, deparse_one(term$coefs), "numeric coordinates")
  }
  values <- lapply(variables, function(name) {
    column <- source$frame[[name]]
    if (!is_number_like(column) || is.matrix(column) && ncol(column) > 1L) {
      abort_structure_index(term$structure, name, "numeric coordinates")
    }
    as_plain_number(column)
  })
  unname(do.call(cbind, values))
}

# What the engine takes as the structure of a term with these coefficients.
term_structure <- function(term, recipe, env) UseMethod("term_structure")

#' @export
term_structure.lmm_term <- function(term, recipe, env) {
  n_coef <- length(recipe$names)
  name <- term$structure
  if (n_coef == 1L && is_variance_of_one(name)) return(plain_structure)
  if (name_is_recipe(name)) return(name)
  addend <- call(name, call("|", term$coefs, as.name(term$group$label)))
  arguments <- structure_arguments(name, term$arguments, env, addend)
  at <- recipe$coordinates
  if (is_centred(name)) {
    colnames(at) <- recipe$labels
    records <- tabulate(recipe$terms[[1L]]$parts[[1L]]$codes, n_coef)
    arguments$constants <- colSums(at * records) / sum(records)
  }
  new_recipe(name, n_coef, arguments, at)
}

# Numbers as the index of a structure of an order (ar1(time | id)): the same places as in a
# residual, so gaps keep their lag. NULL where the levels of a factor are coefficients as they are.
ordered_coefficients <- function(term, variable, source) {
  x <- source$frame[[variable]]
  values <- if (is.matrix(x)) NULL else as_numbers(x)
  if (is.null(values)) return(NULL)
  if (is_factor_like(x) && !(keeps_lags(term$structure) && has_gaps(values))) return(NULL)
  factor <- list(name = term$structure, variables = list(as.name(variable)))
  place <- ordered_places(factor, values, most = most_product_coefs)
  position_columns(place$position, place$coefs)
}

# Whole steps apart, some of them without a record.
has_gaps <- function(values) {
  distinct <- sort(unique(values))
  if (length(distinct) < 3L) return(FALSE)
  lattice <- (distinct - distinct[1L]) / min(diff(distinct))
  max(lattice) > length(distinct) - 1 + 1e-6 && max(abs(lattice - round(lattice))) < 1e-6
}
