# The relationship of the levels of a random term: from the arguments of gr() to what the engine
# takes.

# list(levels, spec), NULL where levels are independent. `found` is what group_members() gives.
related_levels <- function(group, found, source, env) UseMethod("related_levels")

#' @export
related_levels.lmm_group <- function(group, found, source, env) {
  if (is.null(group$relationship)) return(NULL)
  evaluate_relationship(group$relationship, found, env)
}

# list(levels, spec): the level names in the order of the matrix, and what the engine takes.
evaluate_relationship <- function(relationship, found, env) {
  if (!is.null(relationship$kept)) return(relationship$kept)
  data_levels <- found$levels
  kind <- relationship$kind
  name <- deparse_one(relationship$matrix)
  matrix <- tryCatch(eval(relationship$matrix, env), error = function(e) {
    argument <- if (kind == "single_step") "pedigree" else kind
    abort_relationship_value(e, relationship$matrix, argument, env)
  })
  if (kind == "pedigree") return(pedigree_levels(matrix, name, found))
  if (kind == "single_step") {
    return(with_markers(pedigree_levels(matrix, name, found), relationship, matrix, env))
  }
  if (kind == "markers") return(marker_levels(matrix, name, data_levels))
  check_relationship(matrix, kind, name, data_levels)
  spec <- if (kind == "cov") covariance_spec(matrix, name) else
    list(type = "precision", precision = as_dgc(matrix))
  list(levels = plain_names(rownames(matrix) %||% colnames(matrix)), spec = spec)
}

# Where the levels of the data (`found`) stand in those of a relationship, NA where they do not: as
# numbers where both have them.
match_levels <- function(found, known) {
  numbers <- known$spec$pedigree$number %||% known$spec$descent$number
  if (is.null(numbers) || is.null(found$numbers)) return(match(found$levels, known$levels))
  place <- match_names(found$numbers, numbers)
  place[place == 0L] <- NA
  place
}

pedigree_levels <- function(ped, name, found) {
  if (is.data.frame(ped)) {
    inform_read_as(paste("pedigree =", name), paste0("pedigree = pedigree(", name, ")"))
    ped <- pedigree(ped)
  }
  if (!inherits(ped, "henderson_pedigree")) {
    abort_gr("{.arg pedigree} = {.code {name}} must be a pedigree, not {class(ped)[1L]}.",
      "Make it by {.fn pedigree}.", "pedigree")
  }
  known <- if (fixed_groups(ped)) grouped_relationship(ped) else
    list(levels = ped$id, spec = pedigree_relationship(ped))
  place <- match_levels(found, known)
  is_group <- if (!fixed_groups(ped)) place <= ped$n_groups else FALSE
  refuse_unknown_levels(found$levels[is.na(place) | is_group], name, "pedigree")
  known
}

# Levels by the row names of a matrix of markers.
marker_levels <- function(markers, name, data_levels) {
  markers <- snp(markers)
  levels <- rownames(markers$M)
  if (is.null(levels)) {
    abort_gr("{.arg markers} = {.code {name}} has no row names.",
      "Set them with {.fn rownames}: rows are matched to the data by name.", "markers")
  }
  check_known_levels(data_levels, plain_names(levels), name, "markers")
  list(levels = plain_names(levels), spec = genotype_relationship(markers))
}

check_relationship <- function(matrix, kind, name, data_levels) {
  if (!is.matrix(matrix) && !methods::is(matrix, "Matrix") || length(dim(matrix)) != 2L) {
    abort_gr("{.arg {kind}} = {.code {name}} must be a matrix.", "Give a symmetric matrix.", kind)
  }
  levels <- rownames(matrix) %||% colnames(matrix)
  if (is.null(levels) || nrow(matrix) != ncol(matrix)) {
    abort_gr("{.arg {kind}} = {.code {name}} must be square, with the levels as row names.",
      "Set them with {.fn rownames}: rows are matched to the data by name.", kind)
  }
  names_agree <- is.null(colnames(matrix)) || identical(levels, colnames(matrix))
  if (anyDuplicated(levels) || !names_agree) {
    abort_gr("the row and column names of {.code {name}} must be the same, each once.", NULL, kind)
  }
  if (kind == "cov" && isTRUE(attr(matrix, "INVERSE"))) abort_inverse(name)
  check_relationship_values(matrix, kind, name)
  check_relationship_diagonal(matrix, kind, name, levels)
  check_known_levels(data_levels, plain_names(levels), name, kind)
}

# The largest variance of a level, as the diagonal tells it: the searches begin where variances of
# a term are like those of the response, and rounding of K is told from its largest value.
largest_relationship <- 1e6

# Levels may have no variance, but not all; each has a precision. Negative variances beside positive
# ones may be rounding: the eigenvalues tell.
check_relationship_diagonal <- function(matrix, kind, name, levels) {
  diagonal <- Matrix::diag(matrix)
  if (kind == "cov" && all(diagonal == 0)) {
    abort_gr("{.arg cov} = {.code {name}} is zero: its levels have no variance.",
      "Give the covariance of the levels, with variances on the diagonal.", kind)
  }
  if (kind == "cov" && all(diagonal <= 0)) {
    wrong <- plain_names(levels)[diagonal < 0]
    abort_gr("{.arg cov} = {.code {name}} has negative variances, at {.val {wrong}}.",
      "Give the covariance of the levels: no value on its diagonal is below 0.", kind)
  }
  wrong <- plain_names(levels)[kind == "precision" & diagonal <= 0]
  if (length(wrong) > 0L) {
    abort_gr("{.arg precision} = {.code {name}} has no positive diagonal at {.val {wrong}}.",
      "It must be the inverse of a covariance matrix; {.code cov = } may be singular.", kind)
  }
  at <- if (kind == "cov") which.max(diagonal) else which.min(diagonal)
  if (abs(log(diagonal[at])) > log(largest_relationship)) {
    abort_relationship_scale(kind, name, plain_names(levels)[at], diagonal[at],
      largest_relationship)
  }
}

# The checks of a trial are often not among the genotyped lines.
check_known_levels <- function(data_levels, levels, name, kind) {
  refuse_unknown_levels(setdiff(data_levels, levels), name, kind)
}

refuse_unknown_levels <- function(missing, name, kind) {
  if (length(missing) == 0L) return(invisible())
  abort_gr(
    paste(
      "{length(missing)} level{?s} of the data {?is/are} not in {.code {name}}:",
      "{.val {missing}}."
    ),
    paste(
      "Add {cli::qty(length(missing))}{?its row/their rows}, or leave these records out. Or, for",
      "checks of a trial: give them {.code NA} there, {.code na_random = \"zero\"}, and a fixed",
      "factor of their own, {.code ~ check}, in which all other lines are one level."
    ), kind)
}

check_relationship_values <- function(matrix, kind, name) {
  values <- if (is.matrix(matrix)) matrix else if (methods::.hasSlot(matrix, "x")) matrix@x else 1
  known <- is.numeric(values)
  if (known && is.matrix(matrix)) {
    found <- symmetry_of(matrix)
    known <- found$finite
    symmetric <- found$symmetric
  } else if (known) {
    known <- all(is.finite(values))
    dimnames(matrix) <- list(NULL, NULL)
    symmetric <- known && Matrix::isSymmetric(matrix, tol = 1e-8)
  }
  if (!known) abort_gr("{.code {name}} must be numeric and finite.", "Correct the values.", kind)
  if (!symmetric) abort_gr("{.code {name}} is not symmetric.", "Give a symmetric matrix.", kind)
}
