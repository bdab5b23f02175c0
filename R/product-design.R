# The columns of the coefficients of a product of structures, all combinations of the positions of
# its factors, in the fit and for new data.

# As coefficient_recipe(), with the recipe of the structure.
product_coefficients <- function(term, source) {
  all <- seq_len(nrow(source$frame))
  places <- lapply(term$factors, function(factor) {
    place <- factor_places(factor, all, source)
    if (is.null(place$position)) abort_residual_index(factor$name, factor$index)
    complete_places(factor, place, all)
  })
  sizes <- vapply(places, function(place) length(place$coefs), 0L)
  if (prod(sizes) > most_product_coefs) abort_product_size(term, sizes, most_product_coefs)
  names <- product_names(lapply(places, `[[`, "coefs"))
  position <- Reduce(function(first, k) (first - 1L) * sizes[k] + places[[k]]$position,
    seq_along(places)[-1L], places[[1L]]$position)
  recipes <- Map(factor_recipe, term$factors, places)
  labels <- vapply(term$factors, function(x) deparse_one(x$index), "")
  c(position_columns(position, names), list(structure = product_recipe(recipes, labels)))
}

product_names <- function(coefs) {
  Reduce(function(a, b) paste(rep(a, each = length(b)), b, sep = ":"), coefs)
}

# The columns of coefficients of which each record has one, or none (NA).
position_columns <- function(codes, names) {
  part <- list(codes = as.integer(codes), contrast = sparse_identity(length(names)))
  list(terms = list(list(parts = list(part))), names = names, assign = rep.int(1L, length(names)))
}

# The names of the positions of the records of new data: of a fit, as product_coefficients() makes
# them.
position_labels <- function(factor, source) {
  numbers <- lapply(factor$variables, function(variable) {
    x <- source$frame[[deparse_one(variable)]]
    if (is.matrix(x) && ncol(x) > 1L) NULL else as_numbers(drop(x))
  })
  kind <- structure_index(factor$name)
  is_number <- !any(vapply(numbers, is.null, NA))
  if (kind == "coordinates" || kind == "levels" && length(numbers) == 1L && is_number) {
    return(do.call(paste, c(lapply(numbers, format_position), sep = ":")))
  }
  found <- group_codes(list(variables = factor$variables), source)
  found$levels[found$codes]
}

new_product_coefficients <- function(parsed, fitted, source) {
  labels <- do.call(paste, c(lapply(parsed$factors, position_labels, source), sep = ":"))
  position_columns(match(labels, fitted$coef_names), fitted$coef_names)
}
