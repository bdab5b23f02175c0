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
#' @param pedigree A pedigree. Not available yet.
#' @return Nothing: it has a meaning only in a formula.
#' @examples
#' blocks <- levels(nlme::Oats$Block)
#' K <- 0.5^abs(outer(1:6, 1:6, "-"))
#' dimnames(K) <- list(blocks, blocks)
#' lmmfit(yield ~ nitro + (1 | gr(Block, cov = K)), nlme::Oats)
#' @export
gr <- function(factor, cov, precision, pedigree) abort_gr_outside()

# From the right side of a bar to its variables: `a:b` gives two, gr(f, ...) one with a matrix.
parse_group <- function(group, addend) {
  group <- strip_parentheses(group)
  if (is_call_to(group, "gr")) return(parse_gr(group))
  if ("gr" %in% all.names(group)) {
    abort_bar(addend, "{.fn gr} must be the whole group",
      "Write {.code (x | gr(factor, cov = K))}; make interactions a column first."
    )
  }
  variables <- split_interaction(group)
  list(
    label = paste(vapply(variables, deparse_one, ""), collapse = ":"),
    variables = variables, relationship = NULL
  )
}

split_interaction <- function(group) {
  group <- strip_parentheses(group)
  if (!is_call_to(group, ":")) return(list(group))
  c(split_interaction(group[[2L]]), split_interaction(group[[3L]]))
}

parse_gr <- function(call) {
  matched <- tryCatch(match.call(gr, call), error = function(e) {
    abort_gr("{.code {deparse_one(call)}} is not understood.",
      "Write {.code gr(factor, cov = K)}, or {.code precision =} for an inverse.")
  })
  given <- as.list(matched)[-1L]
  kind <- setdiff(names(given), "factor")
  if (is.null(given$factor)) abort_gr("no factor is given.", "Write {.code gr(factor, cov = K)}.")
  if (length(kind) != 1L) {
    abort_gr("exactly one of {.arg cov}, {.arg precision} and {.arg pedigree} must be given.",
      "Write {.code gr(factor, cov = K)}, or {.code (1 | factor)} for unrelated levels.")
  }
  list(
    label = deparse_one(given$factor), variables = list(given$factor),
    relationship = list(kind = kind, matrix = given[[kind]])
  )
}

# Relationship of the levels -----------------------------------------------------------------------

# list(levels, spec): the level names in the order of the matrix, and what the engine takes.
evaluate_relationship <- function(relationship, data_levels, env) {
  if (!is.null(relationship$kept)) return(relationship$kept)
  kind <- relationship$kind
  if (kind == "pedigree") {
    abort_not_available("gr(pedigree = )",
      "Make the inverse relationship matrix and use {.code gr(precision = )}.", "pedigree")
  }
  name <- deparse_one(relationship$matrix)
  matrix <- tryCatch(eval(relationship$matrix, env), error = function(e) {
    abort_gr("{.arg {kind}} = {.code {name}} was not found.", "Make the matrix first.", kind)
  })
  check_relationship(matrix, kind, name, data_levels)
  levels <- rownames(matrix) %||% colnames(matrix)
  precision <- if (kind == "cov") invert_covariance(matrix, name) else matrix
  list(
    levels = levels,
    spec = list(type = "precision", precision = as_dgc(precision), log_det_cov = NA_real_)
  )
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
  missing <- setdiff(data_levels, levels)
  if (length(missing) > 0L) {
    abort_gr(
      paste(
        "{length(missing)} level{?s} of the data {?is/are} not in {.code {name}}:",
        "{.val {missing}}."
      ),
      "Add {cli::qty(length(missing))}{?its row/their rows}, or leave these records out.", kind)
  }
}

check_relationship_values <- function(matrix, kind, name) {
  values <- if (is.matrix(matrix)) matrix else if (methods::.hasSlot(matrix, "x")) matrix@x else 1
  if (!is.numeric(values) || !all(is.finite(values))) {
    abort_gr("{.code {name}} must be numeric and finite.", "Correct the values.", kind)
  }
  dimnames(matrix) <- list(NULL, NULL)
  if (!Matrix::isSymmetric(matrix, tol = 1e-8)) {
    abort_gr("{.code {name}} is not symmetric.", "Give a symmetric matrix.", kind)
  }
}

invert_covariance <- function(matrix, name) {
  tryCatch(
    if (is.matrix(matrix)) {
      chol2inv(chol(matrix))
    } else {
      Matrix::solve(Matrix::forceSymmetric(matrix))
    },
    error = function(e) {
      abort_gr("{.code {name}} is not positive definite.",
        "Correct it; a singular matrix can be blended with a little of the identity.", "cov")
    }
  )
}
