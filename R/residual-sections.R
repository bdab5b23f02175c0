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

is_iid_section <- function(section) section$name == "iid"

# Without a subject all records are of one; where positions are independent all records are.
section_subjects <- function(block, records, source) {
  if (length(block$factors) == 1L && has_diagonal_alone(block$factors[[1L]]$name)) {
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
  kept <- kept_factors(block$factors, places, label)
  if (length(kept) == 0L) return(iid_section(label, records))
  block$factors <- block$factors[kept]
  places <- places[kept]
  recipes <- Map(factor_recipe, block$factors, places)
  crossed <- crossed_places(places)
  recipe <- if (length(recipes) == 1L) recipes[[1L]] else
    product_recipe(recipes, vapply(block$factors, function(x) deparse_one(x$index), ""))
  section <- list(
    label = label, structure = recipe, records = records,
    subject = match(subject$codes, unique(subject$codes)), position = as.integer(crossed$position),
    coefs = crossed$coefs, name = paste(vapply(block$factors, `[[`, "", "name"), collapse = ":"),
    grid = if (length(recipes) > 1L) {
      list(sizes = place_sizes(places), positions = lapply(places, `[[`, "position"))
    }
  )
  check_duplicates(section, subject, source, block)
  section
}

# A field of one row has no correlation of rows: that factor of the product is left out. A section
# whose one factor has one position has no correlation at all.
kept_factors <- function(factors, places, label) {
  sizes <- place_sizes(places)
  least <- vapply(factors, function(factor) least_coefficients(factor$name), 0L)
  gone <- sizes == 1L & least > 1L
  # Without sections there is nothing to compare with, and a slip is likelier.
  if (label == "residual" && length(factors) == 1L) gone[] <- FALSE
  short <- which(sizes < least & !gone)
  if (length(short) > 0L) {
    factor <- factors[[short[1L]]]
    abort_section_size(label, deparse_one(factor$index), sizes[short[1L]], factor$name,
      least[short[1L]])
  }
  for (factor in factors[gone]) {
    index <- deparse_one(factor$index)
    inform_dropped_factor(label, index, paste0(factor$name, "(", index, ")"))
  }
  which(!gone)
}

check_duplicates <- function(section, subject, source, block) {
  key <- (section$subject - 1) * length(section$coefs) + section$position
  again <- anyDuplicated(key)
  if (again == 0L) return(invisible())
  both <- which(key == key[again])[1:2]
  if (is.null(block$subject)) {
    index <- paste(vapply(block$factors, function(x) {
      paste0(x$name, "(", deparse_one(x$index), ")")
    }, ""), collapse = ":")
    abort_no_subject(index, section$coefs[section$position[again]],
      row.names(source$frame)[section$records[both]])
  }
  abort_duplicate_position(
    subject$levels[subject$codes[again]], section$coefs[section$position[again]],
    row.names(source$frame)[section$records[both]]
  )
}
