#' Epistatic relationships
#'
#' The covariance of interactions between loci is the product, entry by entry, of the matrices of
#' their factors: A # A for additive by additive, A # D for additive by dominance, D # D for
#' dominance by dominance, and so on for three and more.
#'
#' Of a pedigree the factors are [Amatrix()] and [dominance_matrix()], and the variance is that of a
#' base population without inbreeding (Cockerham 1954). Of genotypes they are [grm()] by VanRaden's
#' first method and `"dominance"`, and each product is divided by the mean of its diagonal, so that
#' the variance is the one in these individuals (Vitezica et al. 2017): without that the products of
#' matrices whose diagonals differ from 1 have variances that do not compare. With `coding = "NOIA"`
#' the factors are those of [grm()] of that name, for populations that are not in equilibrium.
#'
#' @param x A pedigree by [pedigree()]; genotypes (a matrix as of [grm()], or [read_plink()]); or a
#'   list of two or more relationship matrices with the same names, whose product is taken.
#' @param kind The factors as letters, `A` and `D`: `"AA"`, `"AD"`, `"DD"`, `"AAA"`, ... Not with a
#'   list.
#' @param animals Names of animals of a pedigree, by default all.
#' @param scale Whether the product is divided by the mean of its diagonal: by default of genotypes
#'   alone.
#' @param coding Of genotypes: `"HWE"`, codes that are orthogonal in Hardy-Weinberg equilibrium, or
#'   `"NOIA"`, at the genotype frequencies of `x`.
#' @param ... Nothing more: what is not an argument is an error.
#' @return A symmetric matrix with the names of the individuals, for `gr(cov = )`.
#' @references Cockerham (1954) Genetics 39:859. Henderson (1985) J. Anim. Sci. 60:111. Vitezica,
#'   Legarra, Toro & Varona (2017) Genetics 206:1297.
#' @examples
#' ped <- pedigree(data.frame(id = 3:6, sire = c(1, 1, NA, 5), dam = c(2, 2, NA, 2)))
#' epistasis_matrix(ped, "AA")
#' AD <- epistasis_matrix(lamb_markers, "AD")
#' round(AD[1:4, 1:4], 2)
#' @export
epistasis_matrix <- function(x, kind = "AA", animals = NULL, scale = NULL,
                             coding = c("HWE", "NOIA"), ...) {
  check_given(x, ...)
  has_coding <- !missing(coding)
  coding <- check_choice(coding, c("HWE", "NOIA"), "coding")
  is_list <- is.list(x) && !inherits(x, "henderson_pedigree") && !inherits(x, "plink_markers") &&
    !is.data.frame(x)
  factors <- if (is_list) listed_factors(x, !missing(kind), animals) else
    made_factors(x, kind, animals, coding)
  by_markers <- !is_list && !inherits(x, "henderson_pedigree")
  if (has_coding && !by_markers) {
    abort_argument("coding", coding, "left out where `x` is not genotypes")
  }
  scale <- if (is.null(scale)) by_markers else check_flag(scale, "scale")
  product <- Reduce(`*`, factors)
  if (scale) product <- product / mean(diag(product))
  product
}

made_factors <- function(x, kind, animals, coding) {
  letters <- check_interaction(kind)
  is_pedigree <- inherits(x, "henderson_pedigree")
  if (!is_pedigree && !is.null(animals)) {
    abort_argument("animals", animals, "left out where `x` is no pedigree: choose rows of `x`")
  }
  made <- lapply(stats::setNames(nm = unique(letters)), function(letter) {
    if (is_pedigree) {
      return(if (letter == "A") Amatrix(x, animals) else dominance_matrix(x, animals))
    }
    made <- grm(x, epistasis_codes[[coding]][[letter]])
    attributes(made) <- attributes(made)[c("dim", "dimnames")]
    made
  })
  unname(made[letters])
}

epistasis_codes <- list(
  HWE = c(A = "VanRaden1", D = "dominance"), NOIA = c(A = "NOIA", D = "NOIA.dominance")
)

check_interaction <- function(kind) {
  letters <- if (is.character(kind) && length(kind) == 1L && !is.na(kind)) strsplit(kind, "")[[1L]]
  if (length(letters) < 2L || !all(letters %in% c("A", "D"))) {
    abort_argument("kind", kind, "two or more of the letters A and D, as in \"AD\"")
  }
  letters
}

listed_factors <- function(x, has_kind, animals) {
  if (has_kind) abort_argument("kind", "given", "left out where `x` is a list")
  if (!is.null(animals)) abort_argument("animals", animals, "left out where `x` is a list")
  if (length(x) < 2L) abort_argument("x", length(x), "a list of two or more matrices")
  factors <- lapply(x, check_symmetric_matrix, "x")
  names <- rownames(factors[[1L]])
  lapply(factors, function(K) {
    same <- if (is.null(names)) is.null(rownames(K)) && nrow(K) == nrow(factors[[1L]]) else
      setequal(rownames(K), names) && nrow(K) == length(names)
    if (!same) abort_argument("x", "other names", "matrices with the same names")
    K <- if (is.null(names)) K else K[names, names, drop = FALSE]
    attributes(K) <- attributes(factors[[1L]])[c("dim", "dimnames")]
    K
  })
}
