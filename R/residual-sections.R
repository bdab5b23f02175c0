# The sections of a structured residual: which records, subjects and positions have which structure.
#
# A section is list(label, structure, records, subject, position, coefs, name, grid): `structure` is
# a recipe of covstruct.R with a position for each of `coefs`, and record records[i] is of subject
# subject[i] at position[i]. Subjects of different sections are different.

# Gives list(structure = "iid") or list(structure = "sections", sections).
residual_design <- function(residual, source) {
  if (is_iid(residual)) return(list(structure = "iid"))
  all <- seq_len(nrow(source$frame))
  if (is.null(residual$by)) {
    sections <- block_sections(residual$blocks[[1L]], "residual", all, source)
    return(list(structure = "sections", sections = sections))
  }
  by <- group_codes(list(variables = list(residual$by)), source)
  check_block_levels(residual, by$levels)
  sections <- lapply(seq_along(by$levels), function(k) {
    block <- residual$blocks[[1L]]
    if (!is.null(names(residual$blocks))) block <- residual$blocks[[by$levels[k]]]
    block_sections(block, paste0("residual.", by$levels[k]), which(by$codes == k), source)
  })
  list(structure = "sections", sections = unlist(sections, recursive = FALSE))
}

check_block_levels <- function(residual, levels) {
  given <- names(residual$blocks)
  if (is.null(given)) return(invisible())
  by <- as.character(residual$by)
  absent <- setdiff(levels, given)
  if (length(absent) > 0L) abort_residual_levels(by, absent, missing = TRUE)
  unknown <- setdiff(given, levels)
  if (length(unknown) > 0L) abort_residual_levels(by, unknown, missing = FALSE)
}

# The sections of one block: one, or one for each level of its group.
block_sections <- function(block, label, records, source) {
  if (length(block$factors) == 0L) return(list(iid_section(label, records)))
  places <- lapply(block$factors, factor_places, records, source)
  subject <- section_subjects(block, records, source)
  if (is.null(block$group)) {
    return(list(new_section(block, places, label, records, subject, source)))
  }
  group <- group_codes(list(variables = block$group), source)
  codes <- group$codes[records]
  check_subject_groups(subject, codes, group$levels, block$group)
  lapply(sort(unique(codes)), function(g) {
    here <- which(codes == g)
    inside <- list(codes = subject$codes[here], levels = subject$levels)
    new_section(block, lapply(places, places_of, here), paste(label, group$levels[g], sep = "."),
      records[here], inside, source)
  })
}

# Records of a level that are independent with one variance, which has the name of the section.
iid_section <- function(label, records) {
  list(
    label = "residual", structure = new_recipe("diag", 1L), records = records,
    subject = seq_along(records), position = rep.int(1L, length(records)),
    coefs = sub("^residual[.]", "", label), name = "iid", grid = NULL
  )
}

# Without a subject all records are of one; those of diag are independent of each other anyway.
section_subjects <- function(block, records, source) {
  if (block$factors[[1L]]$name == "diag" && length(block$factors) == 1L) {
    return(list(codes = seq_along(records), levels = row.names(source$frame)[records]))
  }
  if (is.null(block$subject)) return(list(codes = rep.int(1L, length(records)), levels = "all"))
  found <- group_codes(list(variables = block$subject), source)
  list(codes = found$codes[records], levels = found$levels)
}

check_subject_groups <- function(subject, codes, levels, variables) {
  pairs <- unique(data.frame(subject = subject$codes, group = codes))
  twice <- pairs$subject[duplicated(pairs$subject)]
  if (length(twice) == 0L || length(subject$levels) == 1L) return(invisible())
  label <- paste(vapply(variables, deparse_one, ""), collapse = ":")
  abort_subject_groups(subject$levels[twice[1L]], levels[pairs$group[pairs$subject == twice[1L]]],
    label)
}

new_section <- function(block, places, label, records, subject, source) {
  places <- Map(complete_places, block$factors, places, list(subject$codes))
  recipes <- Map(factor_recipe, block$factors, places)
  sizes <- vapply(places, function(place) length(place$coefs), 0L)
  position <- Reduce(function(first, k) (first - 1L) * sizes[k] + places[[k]]$position,
    seq_along(places)[-1L], places[[1L]]$position)
  coefs <- Reduce(function(a, b) paste(rep(a, each = length(b)), b, sep = ":"),
    lapply(places, `[[`, "coefs"))
  recipe <- if (length(recipes) == 1L) recipes[[1L]] else
    product_recipe(recipes, vapply(block$factors, function(x) deparse_one(x$index), ""))
  section <- list(
    label = label, structure = recipe, records = records,
    subject = match(subject$codes, unique(subject$codes)), position = as.integer(position),
    coefs = coefs, name = paste(vapply(block$factors, `[[`, "", "name"), collapse = ":"),
    grid = if (length(recipes) > 1L) {
      list(sizes = sizes, positions = lapply(places, `[[`, "position"))
    }
  )
  check_duplicates(section, subject, source)
  section
}

factor_recipe <- function(factor, place) {
  recipe <- new_recipe(factor$name, length(place$coefs), factor$arguments, place$coordinates)
  recipe$coefs <- place$coefs
  recipe
}

check_duplicates <- function(section, subject, source) {
  key <- (section$subject - 1) * length(section$coefs) + section$position
  again <- anyDuplicated(key)
  if (again == 0L) return(invisible())
  both <- which(key == key[again])[1:2]
  abort_duplicate_position(
    subject$levels[subject$codes[again]], section$coefs[section$position[again]],
    row.names(source$frame)[section$records[both]]
  )
}

# Places of the index ------------------------------------------------------------------------------

# list(position, coefs, coordinates) of an index over the records; `all` says that the positions
# without records count.
factor_places <- function(factor, records, source) {
  if (length(factor$variables) == 0L) return(list(position = NULL))
  kind <- structure_index(factor$name)
  if (kind == "coordinates") return(coordinate_places(factor, records, source))
  if (length(factor$variables) == 1L && kind == "levels") {
    x <- source$frame[[deparse_one(factor$variables[[1L]])]]
    values <- if (is.matrix(x)) NULL else as_numbers(x)
    if (!is.null(values)) return(ordered_places(factor, values[records]))
  }
  found <- group_codes(list(variables = factor$variables), source)
  list(position = found$codes[records], coefs = found$levels, all = kind == "levels")
}

# Numbers, also those that a factor or a text has as labels; NULL for other labels.
as_numbers <- function(x) {
  if (is.numeric(x) && !is.factor(x)) return(as.double(x))
  if (!is.factor(x) && !is.character(x)) return(NULL)
  labels <- if (is.factor(x)) levels(x) else unique(x)
  numbers <- suppressWarnings(as.double(labels))
  if (anyNA(numbers)) return(NULL)
  if (is.factor(x)) numbers[as.integer(x)] else as.double(x)
}

# Numbers in a structure of an order are places on a line, in steps of their smallest difference.
# Where a position without records costs no parameter, gaps keep their lag.
ordered_places <- function(factor, values, most = 10000) {
  distinct <- sort(unique(values))
  steps <- diff(distinct)
  equal <- length(steps) == 0L || max(steps) - min(steps) <= 1e-8 * max(steps)
  lattice <- if (!equal) (distinct - distinct[1L]) / min(steps)
  is_lattice <- !equal && max(abs(lattice - round(lattice))) < 1e-6 && max(lattice) < most
  if (!equal && is_lattice && factor$name == "ar1") {
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
    coordinates = at, all = FALSE)
}

# The places of some of the records.
places_of <- function(place, here) {
  if (!is.null(place$position)) place$position <- place$position[here]
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
  used <- sort(unique(place$position))
  place$position <- match(place$position, used)
  place$coefs <- place$coefs[used]
  if (!is.null(place$coordinates)) place$coordinates <- place$coordinates[used, , drop = FALSE]
  place
}

# 1, 2, ... within each code, in the order of the records.
order_within <- function(codes) {
  order <- order(codes)
  position <- integer(length(codes))
  position[order] <- sequence(tabulate(match(codes, sort(unique(codes)))))
  position
}
