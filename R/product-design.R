# The columns of the coefficients of a product of structures, all combinations of the positions of
# its factors, in the fit and for new data.

#' @export
term_coefficients.product_term <- function(term, source) {
  all <- seq_len(nrow(source$frame))
  places <- lapply(term$factors, function(factor) {
    place <- factor_places(factor, all, source)
    if (is.null(place$position)) abort_residual_index(factor$name, factor$index)
    complete_places(factor, place, all)
  })
  sizes <- place_sizes(places)
  if (prod(sizes) > most_product_coefs) abort_product_size(term, sizes, most_product_coefs)
  crossed <- crossed_places(places)
  recipes <- Map(factor_recipe, term$factors, places)
  labels <- vapply(term$factors, function(x) deparse_one(x$index), "")
  c(position_columns(crossed$position, crossed$coefs),
    list(structure = product_recipe(recipes, labels)))
}

#' @export
fitted_recipe.product_term <- function(parsed, fitted, source) {
  labels <- do.call(paste, c(lapply(parsed$factors, position_labels, source), sep = ":"))
  place <- match(labels, fitted$coef_names)
  check_positions(position_columns(place, fitted$coef_names), fitted)
}

#' @export
term_structure.product_term <- function(term, recipe, env) recipe$structure
