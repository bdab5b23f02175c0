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
#' are the expectation. Errors of the frequencies would add to gamma; with `unbiased` their
#' covariance, \eqn{(Q' A^{-1} Q)^{-1}}{(Q'A^-1 Q)^-1} times the residual variance of the marker, is
#' taken away, as if genotypes varied alike within all groups. After crosses of groups they vary
#' more than A says, by the segregation variance of markers at which the groups differ (Lo et al.
#' 1993), and too much is taken away: gamma was 0.01 too low in simulations two generations after
#' crosses of two groups, up to 0.04 after six, and right where groups were not crossed. Genotyped
#' animals near the base tell most.
#'
#' @param ped A pedigree by [pedigree()] with groups (`gamma`, if it has one, is not looked at).
#' @param M Genotypes as of [grm()], whose rows are animals of the pedigree. A missing genotype
#'   counts as the mean of its marker.
#' @param unbiased Whether the covariance of the errors of frequencies is taken away.
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
  gamma <- tcrossprod(away) / ncol(away)
  if (unbiased) gamma <- gamma - base$error
  dimnames(gamma) <- list(ped$groups, ped$groups)
  structure(8 * gamma, frequency = base$frequency)
}

# list(frequency, error): groups x markers, and the mean covariance of their errors.
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
  covariance <- solve(coefficients)
  chunks <- split(seq_len(ncol(M)), (seq_len(ncol(M)) - 1L) %/% width)
  made <- lapply(chunks, function(columns) {
    m <- genotypes_of(M, seq_along(animals), columns)
    gone <- which(is.na(m), arr.ind = TRUE)
    m[gone] <- 2 * means[columns[gone[, 2L]]]
    b <- covariance %*% crossprod(weighted, m)
    left <- m - Q %*% b
    list(b = b, squares = colSums(left * (inverse$inverse %*% left)))
  })
  squares <- unlist(lapply(made, `[[`, "squares"))
  frequency <- do.call(cbind, lapply(made, `[[`, "b")) / 2
  dimnames(frequency) <- list(ped$groups, colnames(M))
  list(frequency = frequency,
    error = covariance * mean(squares) / (length(animals) - ncol(Q)) / 4)
}
