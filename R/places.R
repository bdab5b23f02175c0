# The places of records along the index of a structure: positions, their names and their order.

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

format_position <- function(x) {
  # format() of one number at a time is slow, and writes these as they are.
  whole <- is.finite(x) & x == round(x) & abs(x) < 1e5
  text <- character(length(x))
  text[whole] <- sprintf("%d", as.integer(x[whole]))
  text[!whole] <- vapply(x[!whole], format, "", digits = 15L)
  text
}

# list(position, coefs, coordinates, count) of an index over the records; `all` says that the
# positions without records count, and count how many records the rows of pooled ones have.
factor_places <- function(factor, records, source) {
  if (length(factor$variables) == 0L) return(list(position = NULL))
  kind <- structure_index(factor$name)
  if (kind == "coordinates") return(coordinate_places(factor, records, source))
  if (length(factor$variables) == 1L && kind == "levels") {
    x <- source$frame[[deparse_one(factor$variables[[1L]])]]
    values <- if (is.matrix(x)) NULL else as_numbers(x)
    if (!is.null(values)) return(ordered_places(factor, values[records]))
  }
  found <- index_codes(factor$variables, source)
  list(position = found$codes[records], coefs = found$levels, all = kind == "levels")
}

# Numbers in a structure of an order are places on a line, in steps of their smallest difference.
# Where a position without records costs no parameter, gaps keep their lag.
ordered_places <- function(factor, values, most = 10000) {
  distinct <- sort(unique(values))
  steps <- diff(distinct)
  equal <- length(steps) == 0L || max(steps) - min(steps) <= 1e-8 * max(steps)
  lattice <- if (!equal) (distinct - distinct[1L]) / min(steps)
  is_lattice <- !equal && max(abs(lattice - round(lattice))) < 1e-6 && max(lattice) < most
  if (!equal && is_lattice && keeps_lags(factor$name)) {
    distinct <- distinct[1L] + min(steps) * seq.int(0, round(max(lattice)))
    position <- as.integer(round((values - distinct[1L]) / min(steps))) + 1L
    return(list(position = position, coefs = format_position(distinct), all = TRUE))
  }
  if (!equal) warn_unequal_spacing(factor$name, deparse_one(factor$variables[[1L]]))
  list(position = match(values, distinct), coefs = format_position(distinct), all = TRUE)
}

coordinate_places <- function(factor, records, source) {
  values <- lapply(factor$variables, function(variable) {
    name <- deparse_one(variable)
    x <- source$frame[[name]]
    values <- if (is.matrix(x) && ncol(x) > 1L) NULL else as_numbers(drop(x))
    if (is.null(values)) abort_structure_index(factor$name, name, "numeric coordinates")
    values[records]
  })
  values <- unname(do.call(cbind, values))
  at <- distinct_positions(values)
  coefs <- do.call(paste, c(lapply(seq_len(ncol(at)), function(j) format_position(at[, j])),
    sep = ":"))
  list(position = match(position_keys(values), position_keys(at)), coefs = coefs,
    coordinates = at, count = pooled_records(source$frame)$count[records], all = FALSE)
}

# The places of some of the records.
places_of <- function(place, here) {
  for (field in c("position", "count")) place[[field]] <- place[[field]][here]
  place
}

# For an index of 1: the records of a subject one after the other. Otherwise the positions that
# have records, or all of an order.
complete_places <- function(factor, place, subject) {
  if (is.null(place$position)) {
    position <- order_within(subject)
    return(list(position = position, coefs = as.character(seq_len(max(position)))))
  }
  if (place$all) return(place)
  used <- which(tabulate(place$position, length(place$coefs)) > 0L)
  if (length(used) == length(place$coefs)) return(place)
  place$position <- match(place$position, used)
  place$coefs <- place$coefs[used]
  if (!is.null(place$coordinates)) place$coordinates <- place$coordinates[used, , drop = FALSE]
  place
}

# The combinations of the places of several indices, the first one slowest.
crossed_places <- function(places) {
  sizes <- place_sizes(places)
  position <- Reduce(function(first, k) (first - 1L) * sizes[k] + places[[k]]$position,
    seq_along(places)[-1L], places[[1L]]$position)
  coefs <- Reduce(function(a, b) paste(rep(a, each = length(b)), b, sep = ":"),
    lapply(places, `[[`, "coefs"))
  list(position = position, coefs = coefs)
}

place_sizes <- function(places) vapply(places, function(place) length(place$coefs), 0L)

# 1, 2, ... within each code, in the order of the records.
order_within <- function(codes) {
  order <- order(codes)
  position <- integer(length(codes))
  position[order] <- sequence(tabulate(match(codes, sort(unique(codes)))))
  position
}

factor_recipe <- function(factor, place) {
  at <- place$coordinates
  arguments <- factor$arguments
  if (is_centred(factor$name)) {
    colnames(at) <- vapply(factor$variables, deparse_one, "")
    records <- position_counts(place)
    arguments$constants <- colSums(at * records) / sum(records)
  }
  recipe <- new_recipe(factor$name, length(place$coefs), arguments, at)
  recipe$coefs <- place$coefs
  recipe
}

position_counts <- function(place) {
  count <- place$count %||% rep.int(1, length(place$position))
  of_position <- rowsum(count, place$position)
  replace(numeric(length(place$coefs)), as.integer(rownames(of_position)), of_position)
}

# The columns of coefficients of which each record has one, or none (NA).
position_columns <- function(codes, names) {
  part <- list(codes = as.integer(codes), contrast = sparse_identity(length(names)))
  list(terms = list(list(parts = list(part))), names = names, assign = rep.int(1L, length(names)))
}

# The names of the positions of the records of new data, as those of a fit are made.
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
  found <- index_codes(factor$variables, source)
  found$levels[found$codes]
}
