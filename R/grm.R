#' Genomic relationships
#'
#' `grm()` is the genomic relationship matrix of marker genotypes, `Hinverse()` the inverse of the
#' relationship matrix H of single-step evaluation, in which genotyped animals are related by
#' markers and all animals by the pedigree.
#'
#' `method = "VanRaden1"` is \eqn{ZZ'/\sum 2pq}{ZZ' / sum 2pq} with \eqn{Z = M - 2p};
#' `"VanRaden2"` divides each marker by its own 2pq; `"dominance"` codes the genotypes 0, 1, 2 as
#' \eqn{-2p^2, 2pq, -2q^2} and divides by \eqn{\sum (2pq)^2}{sum (2pq)^2} (Vitezica et al.). A
#' missing genotype counts as the mean of its marker, and how many there are is reported. Markers
#' that do not vary are left out.
#'
#' `"NOIA"` and `"NOIA.dominance"` have codes that are orthogonal at each marker among the
#' individuals of `M`, in equilibrium or not, as lines, crosses and backcrosses are not
#' (Alvarez-Castro & Carlborg 2007; Vitezica et al. 2017): of genotypes AA, Aa, aa with frequencies
#' \eqn{x, y, z}{x, y, z} the additive ones are the count of an allele less its mean, those of
#' dominance \eqn{-2yz/D, 4xz/D, -2xy/D}{-2yz/D, 4xz/D, -2xy/D} with \eqn{D = x + z - (x - z)^2}{D =
#' x + z - (x - z)^2}. Both matrices have a diagonal of mean 1. In Hardy-Weinberg equilibrium the
#' codes are those of `"VanRaden1"` and `"dominance"`.
#'
#' `Hinverse()` is \eqn{A^{-1}}{A^-1} with
#' \eqn{\tau G^{*-1} - \omega A_{22}^{-1}}{tau Gs^-1 - omega A22^-1} added for the genotyped
#' animals.
#' Gs is G after blending (`(1 - blend) G + blend A22`) and tuning (`a + b G`, so that the mean of
#' its diagonal and the mean of all its entries are those of A22; Chen et al.): see [blend()] and
#' [tune()].
#'
#' With `apy` the inverse of Gs is that of the algorithm for proven and young (Misztal et al.): what
#' the core does not tell of the other animals is taken as independent between them. The entries of
#' G between others than the core are so replaced by
#' \eqn{G_{nc} G_{cc}^{-1} G_{cn}}{Gnc Gcc^-1 Gcn}, their diagonal is kept. It is exact where the
#' core is all animals, and where the others differ from what the core tells independently of each
#' other; a message says what share of the variance of the others the core
#' tells. Gs^-1 has a diagonal block for the others, and needs the inverse of Gcc alone; the inverse
#' of A22 is as dense as without it.
#'
#' @param M Genotypes, a row for each animal and a column for each marker: 0, 1, 2 (or dosages
#'   between) copies of one allele; NA is allowed. Row names name the animals. Or [read_plink()].
#' @param method `"VanRaden1"`, `"VanRaden2"`, `"dominance"`, `"NOIA"` or `"NOIA.dominance"`.
#' @param frequency Frequencies of the counted allele, one for each marker or one for all, by
#'   default those in `M`.
#' @param threads Number of threads.
#' @param ploidy Copies of each chromosome: genotypes lie between 0 and `ploidy`, and take its
#'   place of the 2 in the formulas.
#' @param ped A pedigree by [pedigree()] with all animals of `G`.
#' @param G A genomic relationship matrix with row names.
#' @param blend Share of A22 in G, from 0 to below 1.
#' @param tune `TRUE` adjusts G to A22.
#' @param tau,omega Weights of the inverses of G and A22.
#' @param apy Names of the animals of the core of an approximate inverse of G, see below; `NULL`:
#'   its exact inverse.
#' @param ... Nothing more: what is not an argument is an error.
#' @return `grm()`: a symmetric matrix with the names of the animals. Attributes: `frequency`,
#'   `markers` (how many were used) and `missing` (how many genotypes). `Hinverse()`: a sparse
#'   symmetric matrix for `gr(precision = )`.
#' @seealso [snp()] for markers as a term of a model, with their effects; [gr()] with `pedigree` and
#'   `markers` for single-step evaluation that forms neither matrix.
#' @references VanRaden (2008) J. Dairy Sci. 91:4414. Vitezica, Varona & Legarra (2013) Genetics
#'   195:1223. Alvarez-Castro & Carlborg (2007) Genetics 176:1151. Vitezica, Legarra, Toro & Varona
#'   (2017) Genetics 206:1297. Legarra, Aguilar & Misztal (2009) J. Dairy Sci. 92:4656. Christensen
#'   & Lund (2010) Genet. Sel. Evol. 42:2. Chen et al. (2011) J. Anim. Sci. 89:2673. Misztal,
#'   Legarra & Aguilar (2014) J. Dairy Sci. 97:3943. Misztal (2016) Genetics 202:401.
#' @examples
#' G <- grm(lamb_markers)
#' round(G[1:4, 1:4], 2)
#' Hinv <- Hinverse(pedigree(flock), G, blend = 0.05)
#' @export
grm <- function(M, method = c("VanRaden1", "VanRaden2", "dominance", "NOIA", "NOIA.dominance"),
                frequency = NULL, threads = 2L, ploidy = 2, ...) {
  check_given(M, ...)
  threads <- check_count(threads, "threads")
  read <- read_markers(M, method, frequency, ploidy, grm_methods)
  made <- grm_of(read, threads)
  structure(made$G, frequency = stats::setNames(read$frequency, colnames(read$M)),
    markers = made$n_used, missing = read$missing)
}

# As terms of a model, and of all kinds.
marker_methods <- c("VanRaden1", "VanRaden2", "dominance")
grm_methods <- c(marker_methods, "NOIA", "NOIA.dominance")

# list(M, method, frequency, ploidy, missing), checked.
read_markers <- function(M, method, frequency, ploidy, methods = marker_methods) {
  method <- check_choice(method, methods, "method")
  ploidy <- check_positive(ploidy, "ploidy")
  if (grepl("dominance", method) && ploidy != 2) abort_argument("ploidy", ploidy, "2 for dominance")
  if (grepl("NOIA", method) && !is.null(frequency)) {
    abort_argument("frequency", "given", "left out: NOIA has the frequencies of these genotypes")
  }
  M <- check_markers(M)
  found <- marker_summary(M, ploidy)
  if (!all(found$in_range)) abort_genotype(M, which(!found$in_range)[1L], ploidy)
  p <- check_frequency(frequency, found, M)
  n_missing <- sum(found$missing)
  if (n_missing > 0) inform_imputed(n_missing, 100 * n_missing / prod(dim(M)))
  if (!any(p > 0 & p < 1)) {
    abort_grm("No marker of {.arg M} varies: there is nothing to relate the animals by.")
  }
  list(M = M, method = method, frequency = p, ploidy = ploidy, missing = n_missing)
}

# list(G, n_used) of markers that were read.
grm_of <- function(read, threads = 2L) {
  M <- read$M
  # The additive codes of NOIA are those of VanRaden, g - mean(g), on another scale.
  method <- if (read$method == "NOIA") "VanRaden1" else read$method
  made <- marker_relationship(M, seq_len(nrow(M)), seq_len(ncol(M)), read$frequency, method,
    read$ploidy, threads)
  G <- made$relationship
  if (read$method == "NOIA") G <- G / mean(diag(G))
  if (!all(is.finite(diag(G)))) {
    abort_grm("No marker of {.arg M} has three genotypes: they tell nothing of dominance.",
      "Use an additive {.arg method}.", "method", method)
  }
  dimnames(G) <- list(rownames(M), rownames(M))
  list(G = G, n_used = made$n_used)
}

check_frequency <- function(frequency, found, M) {
  without <- which(found$missing == nrow(M))
  unknown <- colnames(M)[without] %||% as.character(without)
  if (is.null(frequency)) {
    if (length(unknown) > 0L) {
      abort_grm("Marker{?s} {.val {unknown}} of {.arg M} {?has/have} no genotype at all.",
        "Drop {cli::qty(length(unknown))}{?it/them}.", "M", unknown)
    }
    return(found$frequency)
  }
  if (!is.numeric(frequency) || !length(frequency) %in% c(1L, ncol(M)) || anyNA(frequency) ||
        any(frequency < 0 | frequency > 1)) {
    abort_grm("{.arg frequency} must be between 0 and 1, one number or one for each marker.", NULL,
      "frequency", frequency)
  }
  rep_len(as.double(frequency), ncol(M))
}

#' @rdname grm
#' @export
Hinverse <- function(ped, G, blend = 0.05, tune = TRUE, tau = 1, omega = 1, apy = NULL, ...) {
  check_given(ped, G, ...)
  check_pedigree(ped)
  check_flag(tune, "tune")
  G <- check_genomic(G)
  rows <- find_animals(ped, rownames(G), "G")
  for (weight in c("blend", "tau", "omega")) check_weight(get(weight), weight)
  if (blend >= 1) abort_argument("blend", blend, "below 1")
  A22 <- Amatrix(ped, rownames(G))
  if (blend > 0) G <- (1 - blend) * G + blend * A22
  if (tune) G <- tuned(G, A22) %||% abort_grm(
    "{.arg G} cannot be tuned to the pedigree: its diagonal is not above its mean.",
    "Check the order of the animals, or use {.code tune = FALSE}.", "tune")
  inverse_g <- if (is.null(apy)) dense_inverse(G)$inverse else apy_inverse(G, apy)
  if (is.null(inverse_g)) {
    abort_grm("{.arg G} is singular, so single-step equations do not exist.",
      "Blend it with the pedigree: {.code blend = 0.05}.", "blend")
  }
  added <- tau * inverse_g - omega * dense_inverse(A22)$inverse
  n <- length(ped$id)
  lower <- lower.tri(added, diag = TRUE)
  row <- rows[row(added)[lower]]
  col <- rows[col(added)[lower]]
  block <- Matrix::sparseMatrix(i = pmax(row, col), j = pmin(row, col), x = added[lower],
    dims = c(n, n))
  H <- Ainverse(ped) + Matrix::forceSymmetric(block, "L")
  dimnames(H) <- list(ped$id, ped$id)
  as_inverse(H)
}

check_genomic <- function(G) {
  if (methods::is(G, "Matrix")) G <- as.matrix(G)
  if (!is.matrix(G) || !is.numeric(G) || nrow(G) != ncol(G) || is.null(rownames(G))) {
    abort_grm("{.arg G} must be a square numeric matrix with the animals as row names.", NULL, "G")
  }
  if (!all(is.finite(G)) || !isSymmetric(unname(G))) {
    abort_grm("{.arg G} must be finite and symmetric.", NULL, "G")
  }
  if (anyDuplicated(rownames(G))) abort_grm("{.arg G} names an animal twice.", NULL, "G")
  attributes(G) <- attributes(G)[c("dim", "dimnames")]
  G
}

check_weight <- function(value, argument) {
  if (!is.numeric(value) || length(value) != 1L || !is.finite(value) || value < 0) {
    abort_argument(argument, value, "one number of at least 0")
  }
}

# a + b G with the mean of the diagonal and the mean of all entries of A22; NULL where G has no
# diagonal above its mean.
tuned <- function(G, A22) {
  b <- (mean(diag(A22)) - mean(A22)) / (mean(diag(G)) - mean(G))
  if (!is.finite(b) || b <= 0) return(NULL)
  mean(A22) + b * (G - mean(G))
}

# With c the core and n the others, P = Gnc Gcc^-1 and M = diag(Gnn - P Gcn):
#
#     [Gcc^-1 0; 0 0] + [-P'; I] M^-1 [-P, I].
#
# NULL where Gcc is singular. (Misztal, Legarra & Aguilar 2014, J. Dairy Sci. 97:3943.)
apy_inverse <- function(G, core) {
  core <- check_core(core, rownames(G))
  others <- setdiff(seq_len(nrow(G)), core)
  own <- dense_inverse(G[core, core, drop = FALSE])$inverse
  if (is.null(own)) return(NULL)
  inverse <- matrix(0, nrow(G), nrow(G))
  inverse[core, core] <- own
  if (length(others) == 0L) return(inverse)
  P <- G[others, core, drop = FALSE] %*% own
  left <- diag(G)[others] - rowSums(P * G[others, core, drop = FALSE])
  if (any(left < 1e-10 * max(diag(G)))) return(NULL)
  inform_core(length(core), length(others), 1 - mean(left) / mean(diag(G)[others]))
  inverse[core, core] <- own + crossprod(P / sqrt(left))
  inverse[others, core] <- -P / left
  inverse[core, others] <- t(inverse[others, core, drop = FALSE])
  inverse[cbind(others, others)] <- 1 / left
  inverse
}

check_core <- function(core, animals) {
  if (!is.atomic(core) || length(core) == 0L) {
    abort_argument("apy", core, "names of animals of `G`")
  }
  core <- unique(if (is.factor(core)) levels(core)[core] else number_names(core))
  unknown <- setdiff(core, animals)
  if (length(unknown) > 0L) abort_unknown_animals(unknown, "apy")
  match(core, animals)
}
