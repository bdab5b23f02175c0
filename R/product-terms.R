# Kronecker products as random terms: `(ar1(row):ar1(col) | field)`, `(us(trait):ar1(time) | id)`,
# and `ar1(row):ar1(col)` for a single field, in the notation of residuals. A parsed term has the
# structure "product" and `factors`, as parse_residual_factor() gives them; `coefs` is the sum of
# their variables, for the model frame. The coefficients are all combinations of the positions of
# the factors, the first factor slowest.

# So many coefficients of one level may be a random term: their covariance is dense.
most_product_coefs <- 400L

is_structure_call <- function(x) is_call_to(x, written_structures)

is_product <- function(x) {
  is_call_to(strip_parentheses(x), ":") &&
    any(vapply(split_interaction(x), is_structure_call, NA))
}

# `a(x):b(y)` without a bar is `(a(x):b(y) | 1)`.
wrap_products <- function(rhs) {
  if (is_call_to(rhs, c("+", "-"))) {
    rhs[-1L] <- lapply(as.list(rhs)[-1L], wrap_products)
    return(rhs)
  }
  bare <- strip_parentheses(rhs)
  if (is_product(bare)) call("(", call("|", bare, 1)) else rhs
}

# The term of a bar whose left side is a product.
product_term <- function(addend, env) {
  bar <- addend[[2L]]
  expressions <- split_interaction(bar[[2L]])
  known <- vapply(expressions, is_structure_call, NA)
  if (!all(known)) abort_product_factor(addend, expressions[[which(!known)[1L]]])
  if (is_call_to(bar, "||")) abort_bar(addend, "`||` has no meaning in a product", "Use one bar.")
  residual <- structure(call("~", bar), class = "formula", .Environment = env)
  factors <- lapply(expressions, parse_residual_factor, residual, env)
  variables <- unlist(lapply(factors, `[[`, "variables"), FALSE)
  group <- if (is.numeric(strip_parentheses(bar[[3L]]))) {
    whole_group(factors)
  } else {
    parse_group(bar[[3L]], addend)
  }
  coefs <- Reduce(function(a, b) call("+", a, b), variables)
  list(structure = "product", named = TRUE, coefs = coefs, group = group, arguments = list(),
    factors = factors)
}

# One level that all records have.
whole_group <- function(factors) {
  label <- paste(vapply(factors, function(x) deparse_one(x$index), ""), collapse = ":")
  list(label = label, variables = list(), relationship = NULL)
}

is_product_term <- function(term) identical(term$structure, "product")

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

# Positions in order ------------------------------------------------------------------------------

# Numbers as the index of a structure of an order (ar1(time | id)): the same places as in a
# residual, so gaps keep their lag. NULL where the levels of a factor are coefficients as they are.
ordered_coefficients <- function(term, variable, source) {
  x <- source$frame[[variable]]
  values <- if (is.matrix(x)) NULL else as_numbers(x)
  if (is.null(values)) return(NULL)
  if (is_factor_like(x) && !(term$structure == "ar1" && has_gaps(values))) return(NULL)
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

# Whether the coefficients of a fitted term are positions that are matched by their names.
has_places <- function(parsed, fitted) {
  is_product_term(parsed) || structure_index(parsed$structure) == "levels" &&
    !anyNA(suppressWarnings(as.double(fitted$coef_names)))
}

new_ordered_coefficients <- function(parsed, fitted, source) {
  factor <- list(name = parsed$structure,
    variables = list(as.name(level_variable(parsed, source))))
  position_columns(match(position_labels(factor, source), fitted$coef_names), fitted$coef_names)
}
