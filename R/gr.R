#' Levels that are related
#'
#' Inside a formula, `gr(factor, ...)` is a grouping factor whose levels are correlated, as animals
#' of a pedigree or lines with genomic relationships are. The random effects of the term have
#' covariance \eqn{\Sigma \otimes K}{Sigma x K} with \eqn{K} given by one of the arguments. Rows
#' and columns are matched to the levels in the data by name. Levels without records stay in the
#' model and are predicted.
#'
#' @param factor The grouping factor, a column of the data.
#' @param cov Covariance (relationship) matrix of the levels, with row names.
#' @param precision Inverse of the covariance matrix, with row names; best as a sparse matrix.
#' @param pedigree A pedigree by [pedigree()]. Each of its animals is predicted, with records or
#'   without, and so are metafounders. Groups of unknown parents have fixed effects, see Details.
#' @param ... Several effects of one set of levels, each with a name of its own, in place of
#'   `factor`: in `gr(direct = animal, maternal = dam, pedigree = ped)` a record has the direct
#'   effect of its animal and the maternal effect of its dam. The coefficients of the term are
#'   `direct` and `maternal`, their covariance is 2 x 2.
#' @details
#' A singular `cov` (markers that are fewer than lines, clones, a centred genomic relationship
#' matrix) is used as it is: the levels of a pivoted Cholesky factor of its rank have an inverse,
#' and the other levels are combinations of them. A record whose `dam` is missing is left out, as
#' any record with a missing value is: give an unknown dam a name of its own in the pedigree.
#'
#' In a pedigree with groups of unknown parents (`groups` in [pedigree()], without `gamma`) the
#' effect of an animal is \eqn{u^* = Qg + a}{u* = Q g + a}: \eqn{Q} has the shares of the groups in
#' it, see [genetic_groups()], and \eqn{a} the covariance of the pedigree. The effects of groups `g`
#' are fixed: `fixef()` has one for each group (and coefficient of the term), named
#' `animal.group.<group>`. Where the shares of each animal add up to 1 and the model has an
#' intercept, one group is dependent, and `NA`: put the group that others are compared with last.
#' `ranef()`, `reliability()`, `breeding_values()` and `blup_contrasts()` give \eqn{u^*}{u*}.
#' Estimates and likelihood are those of the equations of Quaas & Pollak (1981), whose matrix
#' [Ainverse()] gives.
#' @return Nothing: it has a meaning only in a formula.
#' @references Quaas & Pollak (1981) J. Dairy Sci. 64:1868. Quaas (1988) J. Dairy Sci. 71:1338.
#' @seealso [mm()] for several levels whose effects add up.
#' @examples
#' blocks <- levels(nlme::Oats$Block)
#' K <- 0.5^abs(outer(1:6, 1:6, "-"))
#' dimnames(K) <- list(blocks, blocks)
#' lmmfit(yield ~ nitro + (1 | gr(Block, cov = K)), nlme::Oats)
#'
#' # An animal model: calves, their sex and weight gain (Mrode, example 3.1)
#' ped <- pedigree(data.frame(id = 4:8, sire = c(1, 3, 1, 4, 3), dam = c(NA, 2, 2, 5, 6)))
#' calves <- data.frame(
#'   calf = 4:8, sex = c("M", "F", "F", "M", "M"), gain = c(4.5, 2.9, 3.9, 3.5, 5)
#' )
#' fit <- lmmfit(gain ~ sex + (1 | gr(calf, pedigree = ped)), calves,
#'   hold = c(calf = 20, residual = 40))
#' ranef(fit)
#' @export
gr <- function(factor, cov, precision, pedigree, ...) abort_gr_outside("gr")

relationship_kinds <- c("cov", "precision", "pedigree")

# From the right side of a bar to its variables: `a:b` gives two, gr(f, ...) one with a matrix.
parse_group <- function(group, addend) {
  group <- strip_parentheses(group)
  if (is_call_to(group, "gr")) return(parse_gr(group))
  if (is_call_to(group, "mm")) return(parse_mm(group))
  if (any(c("gr", "mm") %in% called_functions(group))) {
    abort_bar(addend, "{.fn gr} or {.fn mm} must be the whole group",
      "Write {.code (x | gr(factor, cov = K))}; make interactions a column first."
    )
  }
  variables <- split_interaction(group)
  list(
    label = paste(vapply(variables, deparse_one, ""), collapse = ":"),
    variables = variables, relationship = NULL
  )
}

parse_gr <- function(call) {
  matched <- tryCatch(match.call(gr, call), error = function(e) {
    abort_gr("{.code {deparse_one(call)}} is not understood.",
      "Write {.code gr(factor, cov = K)}, or {.code precision =} for an inverse.")
  })
  given <- as.list(matched)[-1L]
  kind <- names(given) %in% relationship_kinds
  relationship <- parse_relationship(given[kind], "gr")
  roles <- given[!kind]
  if (is.null(given$factor)) return(group_of_roles(roles, relationship))
  if (length(roles) > 1L) {
    abort_gr("{.code {deparse_one(call)}} has both a factor and {.code {names(roles)[2L]}}.",
      "Give one factor, or only named ones, as in {.code gr(direct = animal, maternal = dam)}.")
  }
  if (is.null(relationship)) abort_no_relationship()
  list(
    label = deparse_one(given$factor), variables = list(given$factor), relationship = relationship
  )
}

group_of_roles <- function(roles, relationship) {
  if (length(roles) == 0L) {
    abort_gr("no factor is given.", "Write {.code gr(factor, cov = K)}.")
  }
  if (is.null(names(roles)) || any(names(roles) == "") || anyDuplicated(names(roles)) ||
        length(roles) < 2L) {
    abort_gr("several effects of one set of levels need different names.",
      "Write {.code gr(direct = animal, maternal = dam, pedigree = ped)}.")
  }
  list(
    label = deparse_one(roles[[1L]]), variables = unname(roles), relationship = relationship,
    members = list(kind = "roles", names = names(roles))
  )
}

# list(kind, matrix) from the arguments that give a relationship; NULL without one.
parse_relationship <- function(given, fun) {
  if (length(given) == 0L) return(NULL)
  if (length(given) > 1L) abort_no_relationship(fun)
  list(kind = names(given), matrix = given[[1L]])
}

# Relationship of the levels -----------------------------------------------------------------------

# list(levels, spec): the level names in the order of the matrix, and what the engine takes.
evaluate_relationship <- function(relationship, data_levels, env) {
  if (!is.null(relationship$kept)) return(relationship$kept)
  kind <- relationship$kind
  name <- deparse_one(relationship$matrix)
  matrix <- tryCatch(eval(relationship$matrix, env), error = function(e) {
    abort_gr("{.arg {kind}} = {.code {name}} was not found.", "Make it first.", kind)
  })
  if (kind == "pedigree") return(pedigree_levels(matrix, name, data_levels))
  check_relationship(matrix, kind, name, data_levels)
  spec <- if (kind == "cov") covariance_spec(matrix, name) else
    list(type = "precision", precision = as_dgc(matrix))
  list(levels = plain_names(rownames(matrix) %||% colnames(matrix)), spec = spec)
}

pedigree_levels <- function(ped, name, data_levels) {
  if (!inherits(ped, "henderson_pedigree")) {
    abort_gr("{.arg pedigree} = {.code {name}} must be a pedigree, not {class(ped)[1L]}.",
      "Make it by {.fn pedigree}.", "pedigree")
  }
  check_known_levels(data_levels, ped$id[animal_rows(ped)], name, "pedigree")
  if (fixed_groups(ped)) return(grouped_relationship(ped))
  list(levels = ped$id, spec = pedigree_relationship(ped))
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
  check_relationship_values(matrix, kind, name)
  check_known_levels(data_levels, plain_names(levels), name, kind)
}

check_known_levels <- function(data_levels, levels, name, kind) {
  missing <- setdiff(data_levels, levels)
  if (length(missing) == 0L) return(invisible())
  abort_gr(
    paste(
      "{length(missing)} level{?s} of the data {?is/are} not in {.code {name}}:",
      "{.val {missing}}."
    ),
    "Add {cli::qty(length(missing))}{?its row/their rows}, or leave these records out.", kind)
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

# Singular matrices are used as they are; a sparse one is tried as a sparse one first.
covariance_spec <- function(matrix, name) {
  diagonal <- unname(Matrix::diag(matrix))
  inverse <- if (is.matrix(matrix)) dense_inverse(matrix)$inverse else tryCatch(
    Matrix::solve(Matrix::forceSymmetric(matrix)), error = function(e) NULL)
  if (is.null(inverse)) {
    spec <- singular_relationship(unname(as.matrix(matrix)))
    if (is.null(spec)) {
      abort_gr("{.code {name}} is not a covariance matrix: it has a negative eigenvalue.",
        "Correct it; it must be positive definite or semidefinite.", "cov")
    }
    return(spec)
  }
  precision <- if (is.matrix(inverse)) dense_symmetric(inverse) else as_dgc(inverse)
  list(type = "precision", precision = precision, diagonal = diagonal)
}
