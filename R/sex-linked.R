# Relationships by the sex chromosome that both sexes have, from a pedigree with sexes.
#
# With x_i the sum of the allelic effects of animal i, each of variance 1/2: a homogametic animal
# has the one allele of its heterogametic parent and one of the two of the other parent, a
# heterogametic one has one of the two of its homogametic parent. So x = P x + m as by the rules of
# A, P with 1 for the first kind of parent and 1/2 for the second, and m independent:
#
#     Var(m) = 1/2 for each allele of unknown origin + (1 - F_homogametic parent) / 4,
#
# F of a homogametic animal is the relationship of its parents, as S_ii = 1 + F. (Fernando &
# Grossman 1990, Theor. Appl. Genet. 80:69.)

#' Relationships by the X chromosome
#'
#' `Smatrix()` is the relationship matrix S of additive effects on the sex chromosome that both
#' sexes have (X, or Z of birds and butterflies), `Sinverse()` its sparse inverse straight from the
#' pedigree.
#'
#' Alleles have half the variance of a homogametic founder: its S is 1, that of an animal with one
#' copy 1/2 (`dosage = "none"`), or 2 where that copy counts twice (`dosage = "compensated"`, as if
#' its effect were doubled). A homogametic animal has 1 + F, with F by this chromosome alone. Its
#' heterogametic parent gives it the whole chromosome, so that full sisters of a mammal are closer
#' than full brothers.
#'
#' @param ped A pedigree by [pedigree()] of sires and dams, without groups and lines.
#' @param sex The sex of each animal, in the order of the pedigree, or a vector with names: `"M"` or
#'   `"F"`, `"male"` or `"female"`, 1 (male) or 2. Those of parents are known and may be left out.
#' @param animals Names of animals, by default all.
#' @param dosage `"none"` or `"compensated"`, see below.
#' @param heterogametic Which sex has one copy: `"male"` (X) or `"female"` (Z).
#' @param ... Nothing more: what is not an argument is an error.
#' @return `Smatrix()`: a dense symmetric matrix named by animals, `Sinverse()`: a sparse one, for
#'   `gr(precision = )`.
#' @seealso [Ainverse()] for the autosomes: `(1 | gr(animal, pedigree = ped)) + (1 | gr(animal,
#'   precision = Sinverse(ped, sex)))` has both.
#' @references Fernando & Grossman (1990) Theor. Appl. Genet. 80:69. Wolak (2012) Methods Ecol.
#'   Evol. 3:792, for compensation of dosage.
#' @examples
#' ped <- pedigree(data.frame(id = 3:6, sire = c(1, 1, 1, 4), dam = c(2, 2, 2, 3)))
#' Smatrix(ped, c("3" = "F", "4" = "M", "5" = "F", "6" = "F"))
#' @export
Smatrix <- function(ped, sex, animals = NULL, dosage = c("none", "compensated"),
                    heterogametic = c("male", "female"), ...) {
  check_given(ped, sex, ...)
  linked <- sex_linkage(ped, sex, dosage, heterogametic)
  rows <- find_animals(ped, animals)
  if (length(rows) > 30000L) {
    abort_size("`Smatrix()`", length(rows), 30000L, "Choose `animals`, or use `Sinverse()`.",
      "animals")
  }
  S <- relationships_among(linked, rows)
  dimnames(S) <- list(ped$id[rows], ped$id[rows])
  S
}

#' @rdname Smatrix
#' @export
Sinverse <- function(ped, sex, dosage = c("none", "compensated"),
                     heterogametic = c("male", "female"), ...) {
  check_given(ped, sex, ...)
  linked <- sex_linkage(ped, sex, dosage, heterogametic)
  left <- Matrix::Diagonal(x = 1 / sqrt(linked$variance)) %*% linked$system %*%
    Matrix::Diagonal(x = 1 / linked$copies)
  inverse <- Matrix::crossprod(left)
  dimnames(inverse) <- list(ped$id, ped$id)
  as_inverse(methods::as(inverse, "CsparseMatrix"))
}

# list(system, variance, copies): I - P, the variances of m, and what each animal counts its
# chromosome by.
sex_linkage <- function(ped, sex, dosage, heterogametic) {
  check_pedigree(ped)
  dosage <- check_choice(dosage, c("none", "compensated"), "dosage")
  heterogametic <- check_choice(heterogametic, c("male", "female"), "heterogametic")
  if (ped$dam_weight != 0.5 || ped$n_groups > 0L || has_lines(ped)) {
    abort_pedigree(paste("Relationships by the sex chromosome need a pedigree of sires and dams",
      "without groups and lines."), NULL, "ped")
  }
  is_single <- sexes_of(ped, sex) == heterogametic
  parents <- list(single = ped$sire, double = ped$dam)
  if (heterogametic == "female") parents <- list(single = ped$dam, double = ped$sire)
  # What gives a heterogametic animal the other chromosome is no parent here.
  parents$single[is_single] <- 0L
  found <- linkage_variances(parents, is_single, ped$generation)
  found$copies <- if (dosage == "compensated") 1 + is_single else rep.int(1, length(is_single))
  found
}

linkage_system <- function(parents) {
  n <- length(parents$single)
  known <- lapply(parents, function(x) which(x > 0L))
  Matrix::sparseMatrix(i = c(seq_len(n), unlist(known, use.names = FALSE)),
    j = c(seq_len(n), parents$single[known$single], parents$double[known$double]),
    x = c(rep.int(1, n), rep.int(-1, length(known$single)), rep.int(-0.5, length(known$double))),
    dims = c(n, n), triangular = TRUE)
}

# Generation by generation, as F of an animal needs the relationship of its parents.
linkage_variances <- function(parents, is_single, generation) {
  linked <- list(system = linkage_system(parents), variance = numeric(length(is_single)))
  inbreeding <- numeric(length(is_single))
  for (g in sort(unique(generation))) {
    own <- which(generation == g)
    double <- parents$double[own]
    known <- double > 0L
    from_double <- rep.int(0.5, length(own))
    from_double[known] <- (1 - inbreeding[double[known]]) / 4
    from_single <- ifelse(is_single[own] | parents$single[own] > 0L, 0, 0.5)
    linked$variance[own] <- from_double + from_single
    both <- own[known & parents$single[own] > 0L]
    inbreeding[both] <- pair_relationships(linked, parents$single[both], parents$double[both])
  }
  linked
}

# S_ij of pairs, some columns of S at a time.
pair_relationships <- function(linked, i, j, most = 2e7) {
  linked$copies <- rep.int(1, length(linked$variance))
  columns <- unique(i)
  chunks <- split(columns, ceiling(seq_along(columns) * length(linked$variance) / most))
  found <- numeric(length(i))
  for (chunk in chunks) {
    S <- relationship_columns(linked, chunk)
    own <- which(i %in% chunk)
    found[own] <- S[cbind(j[own], match(i[own], chunk))]
  }
  found
}

# Columns of S = C T D T' C, T = (I - P)^-1.
relationship_columns <- function(linked, columns) {
  n <- length(linked$variance)
  unit <- Matrix::sparseMatrix(i = columns, j = seq_along(columns), x = 1,
    dims = c(n, length(columns)))
  paths <- as.matrix(Matrix::solve(Matrix::t(linked$system), linked$copies * unit))
  linked$copies * as.matrix(Matrix::solve(linked$system, linked$variance * paths))
}

relationships_among <- function(linked, rows) relationship_columns(linked, rows)[rows, ]

# "male" or "female" of each animal of the pedigree: as given, or as it is a sire or a dam.
sexes_of <- function(ped, sex) {
  given <- read_sexes(ped, sex)
  n <- length(ped$id)
  sire <- seq_len(n) %in% ped$sire
  dam <- seq_len(n) %in% ped$dam
  wrong <- which(sire & dam | sire & given %in% "female" | dam & given %in% "male")
  if (length(wrong) > 0L) abort_sex_of_parent(ped$id[wrong], sire[wrong[1L]], dam[wrong[1L]])
  given[sire] <- "male"
  given[dam] <- "female"
  if (anyNA(given)) abort_sex_unknown(ped$id[is.na(given)])
  given
}

read_sexes <- function(ped, sex) {
  if (!is.atomic(sex) || is.null(sex)) {
    abort_argument("sex", class(sex)[1L], "a vector with the sex of each animal")
  }
  if (is.null(names(sex)) && length(sex) != length(ped$id)) {
    abort_pedigree("{.arg sex} has {length(sex)} value{?s} for {length(ped$id)} animals.",
      "Give one for each animal, or name them by animals.", "sex")
  }
  codes <- c(m = "male", male = "male", "1" = "male", f = "female", female = "female",
    "2" = "female")
  text <- tolower(trimws(as.character(sex)))
  unknown <- !is.na(text) & !text %in% names(codes)
  if (any(unknown)) {
    abort_argument("sex", as.character(sex)[unknown][1L], "\"M\" or \"F\", 1 (male) or 2")
  }
  read <- unname(codes[text])
  if (is.null(names(sex))) return(read)
  full <- rep.int(NA_character_, length(ped$id))
  full[find_animals(ped, names(sex), "sex")] <- read
  full
}
