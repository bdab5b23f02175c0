#' Relationships of metafounders from markers
#'
#' Estimates `gamma` of [pedigree()], the covariance matrix of metafounders, from the genotypes of
#' some animals and the pedigree of all: 8 times the covariance over markers of the frequencies of
#' an allele in the base populations.
#'
#' The frequencies in the groups of unknown parents are those of generalized least squares, \eqn{(Q'
#' A^{-1} Q)^{-1} Q' A^{-1} m / 2}{(Q'A^-1 Q)^-1 Q'A^-1 m / 2} of the genotypes m of a marker, with
#' the shares Q of the groups in the animals ([genetic_groups()]) and their relationships A apart
#' from groups. Covariances are about 1/2, so that it does not matter which allele is counted: gamma
#' goes with `grm(M, frequency = 0.5)`, of which the relationships of a pedigree with metafounders
#' are the expectation. Errors of the frequencies would add to gamma: what is expected of it, with
#' them, is \eqn{H A^{\Gamma} H'}{H A^Gamma H'} for \eqn{H = (Q' A^{-1} Q)^{-1} Q'
#' A^{-1}}{H = (Q'A^-1 Q)^-1 Q'A^-1} and the relationships of the genotyped animals with
#' metafounders,
#' which are linear in gamma. With `unbiased` gamma is the matrix for which that is what was found:
#' the errors of groups of other heterozygosity, and the segregation after crosses of groups at
#' markers at which they differ (Lo et al. 1993), are in it. Genotyped animals near the base tell
#' most.
#'
#' @param ped A pedigree by [pedigree()] with groups (`gamma`, if it has one, is not looked at).
#' @param M Genotypes as of [grm()], whose rows are animals of the pedigree. A missing genotype
#'   counts as the mean of its marker.
#' @param unbiased Whether what errors of the frequencies add is taken away.
#' @param ... Nothing more: what is not an argument is an error.
#' @return A matrix with the groups as names, for `pedigree(groups = , gamma = )`; attribute
#'   `frequency`: groups x markers.
#' @references Garcia-Baccino et al. (2017) Genet. Sel. Evol. 49:34. Legarra et al. (2015) Genetics
#'   200:455. Lo, Fernando & Grossman (1993) Theor. Appl. Genet. 87:423.
#' @examples
#' data <- transform(flock, sire = ifelse(is.na(sire), "base", as.character(sire)),
#'   dam = ifelse(is.na(dam), "base", as.character(dam)))
#' ped <- pedigree(data, groups = "base")
#' gamma <- metafounder_gamma(ped, lamb_markers)
#' with_gamma <- pedigree(data, groups = "base", gamma = gamma)
#' @export
metafounder_gamma <- function(ped, M, unbiased = TRUE, ...) {
  check_given(ped, M, ...)
  check_pedigree(ped)
  check_flag(unbiased, "unbiased")
  if (ped$n_groups == 0L) {
    abort_groups("The pedigree has no groups.", "Give {.arg groups} in {.fn pedigree}.", "ped")
  }
  M <- check_markers(M)
  if (is.null(rownames(M))) abort_grm("{.arg M} must have the animals as row names.", NULL, "M")
  found <- marker_summary(M, 2)
  if (!all(found$in_range)) abort_genotype(M, which(!found$in_range)[1L], 2)
  base <- base_frequencies(ped, M, check_frequency(NULL, found, M))
  away <- base$frequency - 0.5
  gamma <- 8 * tcrossprod(away) / ncol(away)
  if (unbiased) gamma <- expected_gamma(ped, base$shares, gamma)
  dimnames(gamma) <- list(ped$groups, ped$groups)
  structure(gamma, frequency = base$frequency)
}

# The gamma for which H A^gamma H' is `found`: A^gamma is linear in it, so that what this gives at
# the identity and a step along each entry tells the rest. H: animals as columns.
expected_gamma <- function(ped, H, found, step = 0.5) {
  n <- ped$n_groups
  expected <- function(gamma) {
    of_gamma <- new_pedigree(ped, ped$groups, gamma, ped$dam_weight, ped$own, ped$share)
    H %*% a_multiply(of_gamma, t(H))[colnames(H), , drop = FALSE]
  }
  lower <- lower.tri(diag(n), diag = TRUE)
  at <- which(lower, arr.ind = TRUE)
  here <- expected(diag(n))
  slopes <- apply(at, 1L, function(entry) {
    change <- matrix(0, n, n)
    change[rbind(entry, rev(entry))] <- step
    (expected(diag(n) + change) - here)[lower] / step
  })
  gamma <- diag(n)
  gamma[lower] <- gamma[lower] + solve(slopes, (found - here)[lower])
  gamma[upper.tri(gamma)] <- t(gamma)[upper.tri(gamma)]
  gamma
}

# list(frequency, shares): groups x markers, and H, groups x animals, with frequency = H m / 2.
base_frequencies <- function(ped, M, means, width = 1000L) {
  animals <- rownames(M)
  Q <- genetic_groups(ped, animals)
  present <- colSums(Q) > 0
  if (!all(present)) abort_group_without_animals(ped$groups[!present])
  inverse <- dense_inverse(Amatrix(without_groups(ped), animals))
  if (is.null(inverse)) abort_grm("The relationships of the animals of {.arg M} are singular.",
    "Leave out animals that repeat another one, as clones do.", "M")
  weighted <- inverse$inverse %*% Q
  coefficients <- crossprod(Q, weighted)
  if (rcond(coefficients) < 1e-10) abort_confounded_groups(ped$groups)
  shares <- solve(coefficients, t(weighted))
  colnames(shares) <- animals
  chunks <- split(seq_len(ncol(M)), (seq_len(ncol(M)) - 1L) %/% width)
  made <- lapply(chunks, function(columns) {
    m <- genotypes_of(M, seq_along(animals), columns)
    gone <- which(is.na(m), arr.ind = TRUE)
    m[gone] <- 2 * means[columns[gone[, 2L]]]
    shares %*% m
  })
  frequency <- do.call(cbind, made) / 2
  dimnames(frequency) <- list(ped$groups, colnames(M))
  list(frequency = frequency, shares = shares)
}
