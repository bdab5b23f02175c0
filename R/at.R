#' An effect of some levels alone
#'
#' Inside a formula, `at(env, "A"):block` has effects of `block` in the records of level `A` of
#' `env` alone, and `at(trait, "y2"):age` a slope for one response. What stands beside `at()` may be
#' missing where it does not apply.
#'
#' @param factor A factor.
#' @param levels The levels at which the effect applies, by name or by number; by default each.
#' @param ... Nothing more: what is not an argument is an error.
#' @return A matrix with a column of 0 and 1 for each level.
#' @examples
#' oats <- transform(nlme::Oats, rep = ifelse(Variety == "Victory", NA, nitro))
#' lmmfit(yield ~ Variety + at(Variety, c("Golden Rain", "Marvellous")):rep + (1 | Block), oats)
#' @export
at <- function(factor, levels = NULL, ...) {
  check_given(factor, ...)
  if (!is.atomic(factor) || length(dim(factor)) > 1L) {
    abort_argument("factor", class(factor)[1L], "a factor")
  }
  factor <- if (is.factor(factor)) factor else base::factor(factor)
  # In new data the levels are those of the fit.
  known <- attr(levels, "known") %||% base::levels(factor)
  if (length(known) == 0L) abort_argument("factor", factor, "a factor with a level or more")
  if (is.null(levels)) levels <- known
  if (!is.atomic(levels) || anyNA(levels)) {
    abort_argument("levels", levels, "levels of the factor, or their numbers")
  }
  if (is.numeric(levels) && all(levels %in% seq_along(known)) &&
        !all(as.character(levels) %in% known)) {
    levels <- known[levels]
  }
  levels <- as.character(levels)
  unknown <- setdiff(levels, known)
  if (length(unknown) > 0L) abort_at_levels(unknown, known)
  mask <- outer(as.character(factor), levels, `==`) + 0
  colnames(mask) <- levels
  structure(mask, levels = known, class = "lmm_mask")
}

is_mask <- function(x) inherits(x, "lmm_mask")

#' @export
`[.lmm_mask` <- function(x, i, j, ..., drop = TRUE) {
  indices <- nargs() - 1L - as.integer(!missing(drop))
  if (indices < 2L) return(unclass(x)[i])
  if (missing(i) || !missing(j)) return(unclass(x)[i, j, drop = drop])
  structure(unclass(x)[i, , drop = FALSE], levels = attr(x, "levels"), class = "lmm_mask")
}

#' @export
makepredictcall.lmm_mask <- function(var, call) {
  call <- match.call(at, call)
  call$levels <- structure(colnames(var), known = attr(var, "levels"))
  call
}
