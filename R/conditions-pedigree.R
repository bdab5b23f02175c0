# Conditions about pedigrees and genomic relationships.

abort_pedigree <- function(problem, remedy = NULL, argument = "data", value = NULL) {
  abort("pedigree", problem, remedy, argument, value, parent.frame())
}

abort_pedigree_column <- function(argument, name, known) {
  abort_pedigree("{.arg {argument}}: there is no column {.val {name}} in {.arg data}.",
    "Its columns are {.val {known}}; give a name, as in {.code {argument} = \"father\"}.",
    argument, name
  )
}

abort_cycle <- function(animals) {
  chain <- paste(c(animals, animals[1L]), collapse = " <- ")
  abort("pedigree", "{.val {animals[1L]}} is its own ancestor: {chain} (a parent follows each).",
    "Correct one of these records.", "data", animals
  )
}

abort_duplicate_animal <- function(animals) {
  abort("pedigree",
    paste(
      "{length(animals)} animal{?s} {?has/have} two records with different parents:",
      "{.val {animals}}."
    ),
    "Keep one record for each animal.", "id", animals
  )
}

both_sexes_text <- paste(
  "{length(animals)} animal{?s} {?is/are} sire of some and dam of others: {.val {animals}}."
)

abort_both_sexes <- function(animals) {
  abort("pedigree", both_sexes_text, "Correct the records, or use {.code both_sexes = \"allow\"}.",
    "both_sexes", animals
  )
}

warn_both_sexes <- function(animals) {
  warn("pedigree", both_sexes_text,
    "If that is meant (plants, selfing), use {.code both_sexes = \"allow\"}.", "both_sexes", animals
  )
}

abort_unknown_animals <- function(animals, argument) {
  abort("pedigree",
    paste(
      "{.arg {argument}}: {length(animals)} animal{?s} {?is/are} not in the pedigree:",
      "{.val {animals}}."
    ),
    "Check the spelling, or add {cli::qty(length(animals))}{?it/them} to the pedigree.", argument,
    animals
  )
}

# Lines --------------------------------------------------------------------------------------------

abort_selfing <- function(animals, values) {
  abort("pedigree",
    "{.arg selfing}: {.val {animals}} {cli::qty(length(animals))}{?has/have} {.val {values}}.",
    paste("Give generations of selfing (0, 1, 2, ...), {.val DH} for a doubled haploid, or a",
      "number between 0 and 1: an inbreeding coefficient."), "selfing", values
  )
}

abort_inbreeding <- function(animals, values) {
  abort("pedigree",
    "{.arg inbreeding}: {.val {animals}} {cli::qty(length(animals))}{?has/have} {.val {values}}.",
    "An inbreeding coefficient is between 0 and 1; {.val {NA}} is that by the parents.",
    "inbreeding", values
  )
}

abort_low_inbreeding <- function(animals) {
  abort("pedigree",
    paste("{.arg inbreeding}: that of {.val {animals}} is less than",
      "{cli::qty(length(animals))}{?its/their} relationship with the parents allows."),
    "Leave it out, and it is computed from the parents.", "inbreeding", animals
  )
}

abort_two_kinds <- function(animals) {
  abort("pedigree",
    paste("{.val {animals}} {cli::qty(length(animals))}{?has/have} more than one of",
      "{.arg selfing}, {.arg inbreeding} and {.arg clone}."),
    "Give one of them.", "data", animals
  )
}

abort_line_twice <- function(argument, animals) {
  abort("pedigree",
    "{.arg {argument}}: {.val {animals}} {cli::qty(length(animals))}{?has/have} two values.",
    "Keep one record for each animal.", argument, animals
  )
}

abort_clone_parents <- function(animals) {
  abort("pedigree",
    paste("{.arg clone}: {.val {animals}} {cli::qty(length(animals))}{?has/have} other parents",
      "than {?its/their} original."),
    "Leave the parents of a clone out.", "clone", animals
  )
}

abort_lines_of_grandsires <- function() {
  abort("pedigree", "Lines need sires and dams, not {.code maternal = \"grandsire\"}.",
    "Leave {.arg selfing}, {.arg inbreeding} and {.arg clone} out.", "maternal")
}

abort_singular_pedigree <- function(animals) {
  abort("pedigree",
    paste("A has no inverse: {.val {animals}} {cli::qty(length(animals))}{?is/are} determined by",
      "{?its/their} parents (a clone, or the cross of fully inbred lines)."),
    "Use {.code gr(pedigree = )}, which takes such a pedigree, or {.fn Amatrix}.", "ped", animals
  )
}

abort_group_without_animals <- function(groups) {
  abort("groups", "{.arg M} has no animal with genes of {.val {groups}}.",
    paste("Join {cli::qty(length(groups))}{?this group/these groups} with others, or genotype",
      "descendants."), "M", groups)
}

abort_confounded_groups <- function(groups) {
  abort("groups", paste("{.arg M}: the shares of the groups {.val {groups}} in its animals depend",
    "on each other, so that their frequencies cannot be told apart."),
  "Join groups, or genotype more animals.", "M", groups)
}

abort_sex_of_parent <- function(animals, is_sire, is_dam) {
  what <- if (is_sire && is_dam) "both a sire and a dam" else
    if (is_sire) "a sire and female" else "a dam and male"
  abort("pedigree", paste("{.arg sex}: {.val {animals[1L]}} is", what, "in the pedigree."),
    "Correct the pedigree or {.arg sex}.", "sex", animals)
}

abort_sex_unknown <- function(animals) {
  abort("pedigree",
    paste("{.arg sex}: that of {.val {animals}} {cli::qty(length(animals))}{?is/are} not known,",
      "and {?it is/they are} no {?parent/parents}."), "Give {.val M} or {.val F}.", "sex", animals)
}

abort_unknown_animals_of_fit <- function(animals) {
  abort("pedigree",
    "{.arg pedigree} lacks {length(animals)} animal{?s} of the fit: {.val {animals}}.",
    "Add the new animals to the pedigree of the fit.", "pedigree", animals
  )
}

abort_other_groups <- function(groups) {
  abort("pedigree", "{.arg pedigree} must have the groups of the fit: {.val {groups}}.",
    "Give them by {.arg groups} in {.fn pedigree}, in the same order.", "pedigree", groups
  )
}

abort_unknown_levels <- function(argument, levels, label) {
  abort("term",
    paste("{.arg {argument}}: {.code {label}} has no",
      "level{cli::qty(length(levels))}{?s} {.val {levels}}."),
    "Check the spelling.", argument, levels
  )
}

abort_groups <- function(problem, remedy = NULL, argument = "groups", value = NULL) {
  abort("pedigree", problem, remedy, argument, value, parent.frame())
}

abort_grm <- function(problem, remedy = NULL, argument = "M", value = NULL) {
  abort("grm", problem, remedy, argument, value, parent.frame())
}

abort_snp <- function(call) {
  shown <- deparse_one(call)
  abort("grm", "{.code {shown}} is not understood.",
    paste("Write {.code snp(M)} of a matrix with a row for each record, or {.code snp(M | line)}",
      "of one with a row for each line."), "formula", shown)
}

abort_snp_place <- function(rhs) {
  abort("bar", "{.fn snp} stands within another term of {.code {deparse_one(rhs)}}.",
    paste("Add it as a term of its own, {.code + snp(M)}; {.code (0 + x | snp(M))} is a covariate",
      "times markers."), "formula")
}

abort_no_markers <- function(term = NULL) {
  what <- if (is.null(term)) "no term of this fit has" else "the term {.val {term}} has not"
  abort("term", paste("{.fn marker_effects}:", what, "markers."),
    "Fit it with {.code snp(M)}, or {.code gr(line, markers = M)}.", "term", term)
}

inform_imputed <- function(n, share) {
  cli::cli_inform(
    "{n} missing genotype{?s} ({format(share, digits = 2)} %) set to the mean of the marker."
  )
}

inform_core <- function(n_core, n_others, share) {
  cli::cli_inform(
    c("The inverse of {.arg G} is approximate: {n_others} animal{?s} {?is/are} taken as independent
      of each other given the core of {n_core}.",
    i = "The core tells {format(100 * share, digits = 3)} % of their variance."),
    class = "henderson_message_core"
  )
}

abort_variance_by_age <- function(need) {
  abort("argument", "{.fn variance_by_age} needs a fit with {need}.", NULL, "object")
}

abort_new_residual <- function(labels) {
  labels <- unique(labels)
  abort("new_level",
    paste(
      "{.arg newdata} has {length(labels)} place{?s} of the residual structure that the fit",
      "has no variance for: {.val {labels}}."
    ),
    "Use the levels that the data of the fit have.", "newdata", labels
  )
}

# Files --------------------------------------------------------------------------------------------

abort_file <- function(problem, file = NULL, known = list(), .envir = parent.frame()) {
  name <- if (is.character(file)) file else "the file"
  known <- list2env(c(known, list(name = name)), parent = .envir)
  abort("file", paste0("{.file {name}}: ", problem),
    "Give {.arg sep}, {.arg widths}, {.arg header} or {.arg skip} as the file needs them.", "file",
    file, known)
}

abort_plink <- function(file, problem) {
  abort("file", "{.file {basename(file)}}: {problem}.",
    "Give the prefix of the three files that {.code plink --make-bed} writes.", "prefix", file)
}

inform_unknown_parents <- function(codes, counts) {
  which <- paste0("\"", codes, "\" (", counts, ")")
  inform("unknown_parents", "Taken as unknown parents: {which}.", "unknown", codes)
}

inform_trimmed <- function(names) {
  n <- length(names)
  inform("trimmed", paste("Blanks around {n} name{?s} do not count, as in {.val {names[1L]}}."),
    "data", names)
}

inform_founders <- function(animals) {
  n <- length(animals)
  inform("founders",
    paste("{n} parent{?s} without a record of {?its/their} own {?was/were} added as",
      "{?a founder/founders}: {.val {animals[1L]}}{cli::qty(n)}{?/ and others}."), "data", animals)
}

# Scans of markers ---------------------------------------------------------------------------------

abort_scan_rows <- function(rows, records) {
  abort("markers", "{.arg markers} has {rows} rows without names, and the fit {records} records.",
    "Give the individuals as row names, and their factor as {.arg individual}.", "markers", rows)
}

abort_not_genotyped <- function(name, labels) {
  n <- length(labels)
  what <- name %||% "individual"
  abort("markers",
    paste("{n} level{?s} of {.code {what}} {cli::qty(n)}{?is/are} not in {.arg markers}:",
      "{.val {labels}}."),
    "Leave their records out by {.arg subset} when you fit, or impute their genotypes.", "markers",
    labels)
}

abort_no_genotyped <- function(names) {
  abort("markers",
    "No grouping factor of the fit has all its labels among the row names of {.arg markers}.",
    c("Name the factor of the individuals: {.code individual = \"id\"}.",
      if (length(names) > 0L) "The grouping factors are {.val {names}}."), "individual", names)
}

abort_map <- function(found, needed) {
  if (is.numeric(found)) {
    abort("markers", "{.arg map} has {found} row{?s} for {needed} marker{?s}.",
      "Give a row for each, or a column {.code marker} with their names.", "map", found)
  }
  abort("markers", "{length(found)} marker{?s} {?is/are} not in {.arg map}: {.val {found}}.", NULL,
    "map", found)
}

abort_dosage <- function(column, names, ploidy) {
  which <- names[column] %||% column
  abort("markers",
    "Marker {.val {which}} of {.arg markers} has genotypes that are not between 0 and {ploidy}.",
    "Count the copies of one allele, code missing ones as NA, and give {.arg ploidy}.", "markers",
    which)
}

abort_calibrated <- function() {
  abort("argument", "{.code denominators = \"calibrated\"} is for one effect a marker.",
    "With {.arg by} they are exact.", "denominators")
}

abort_by_marginal <- function(columns) {
  abort("argument", "{.arg by}: {.code {columns}} {?is/are} not in the fixed part of the fit.",
    "Fit the model with {cli::qty(length(columns))}{?it/them} first, as any interaction needs.",
    "by", columns)
}

# Selection ----------------------------------------------------------------------------------------

abort_candidates <- function(unknown, label) {
  if (length(unknown) == 0L) {
    abort("argument", "{.arg candidates} must be at least two levels of {.code {label}}.", NULL,
      "candidates")
  }
  abort("argument",
    "{.arg candidates}: {.val {unknown}} {?is/are} not among the levels of {.code {label}}.", NULL,
    "candidates", unknown)
}

abort_index_weights <- function(given) {
  abort("argument", "{.arg {given}} cannot be given together.",
    "Give economic weights or desired gains; {.arg restrict} goes with weights.", given[1L], given)
}

abort_index_name <- function(argument, name, known) {
  abort("argument", "{.arg {argument}}: the term has no coefficient {.val {name}}.",
    c(did_you_mean(nearest_names(name, known)), "It has {.val {known}}."), argument, name)
}

abort_index_singular <- function(argument) {
  abort("argument",
    "{.arg {argument}}: the predictions of these coefficients tell too little of each other apart.",
    "A coefficient without variance, or a correlation of one, can be neither held nor asked for.",
    argument)
}
