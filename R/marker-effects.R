#' Effects of markers
#'
#' The effects of the markers of a term by [snp()] or `gr(line, markers = )`, from its breeding
#' values: \eqn{\hat a = Z'G^{-}\hat u / c}{a = Z'G^- u / c}, which are the solutions of SNP-BLUP.
#'
#' With \eqn{G = ZZ'/c} and \eqn{\mathrm{Var}(u) = G\sigma^2}{Var(u) = G sigma2} an effect has the
#' variance \eqn{\sigma^2/c}{sigma2/c}, and its prediction error variance is what the data leave of
#' it. The breeding value of a genotype is the sum over markers of coded genotype times effect.
#'
#' @param object A fit by [lmmfit()].
#' @param term Label of the term; by default the first with markers.
#' @param se `TRUE` adds standard errors and prediction error variances.
#' @param ... Nothing more: what is not an argument is an error.
#' @return A data frame with a row for each marker that varies and each coefficient of the term:
#'   `marker`, `coefficient`, `frequency` of the counted allele, `estimate`: the effect of a copy of
#'   it, centred as in [grm()] (with `method = "dominance"` that of being heterozygous), and with
#'   `se` also `se` and `pev`.
#' @references Stranden & Garrick (2009) J. Dairy Sci. 92:2971. Gualdron Duarte et al. (2014) BMC
#'   Bioinformatics 15:246, for the errors.
#' @seealso [snp()], [reliability()] for breeding values.
#' @examples
#' genotyped <- subset(lambs, animal %in% rownames(lamb_markers))
#' fit <- lmmfit(birth ~ sex + snp(lamb_markers | animal), genotyped)
#' head(marker_effects(fit, se = TRUE))
#' @export
marker_effects <- function(object, term = NULL, se = FALSE, ...) {
  check_given(object, ...)
  check_fit(object)
  check_flag(se, "se")
  k <- marker_term(object, term)
  fitted <- object$random[[k]]
  if (is_of_single_step(fitted)) return(single_step_effects(object, fitted, se))
  markers <- fitted$relationship$markers
  basis <- marker_basis(fitted$relationship)
  Z <- coded_markers(markers, basis$rows)
  tables <- lapply(seq_len(fitted$n_coef), function(coef) {
    u <- fitted$effects[coef, basis$rows]
    value <- as.vector(crossprod(Z, basis$precision %*% u)) / markers$divisor
    pev <- if (se) marker_errors(object, k, coef, Z, basis)
    marker_rows(markers, fitted$coef_names[coef], value, pev)
  })
  as_long_table(do.call(rbind, tables))
}

# Of gr(pedigree = , markers = ) -------------------------------------------------------------------

is_of_single_step <- function(term) {
  is_single_step(term$relationship) || !is.null(term$relationship$single_step)
}

single_step_effects <- function(fit, term, se) {
  if (se) abort_step_marker_errors()
  relationship <- term$relationship
  markers <- relationship$markers
  scale <- (relationship$single_step %||% relationship)$scale
  tables <- lapply(seq_len(term$n_coef), function(coef) {
    standardised <- if (is.null(term$marker_effects)) effects_of_formed(term, coef) else
      term$marker_effects[coef, seq_along(markers$used)]
    marker_rows(markers, term$coef_names[coef], standardised * scale * marker_units(markers))
  })
  as_long_table(do.call(rbind, tables))
}

# With u_2 = Z a + s_2, a ~ N(0, I): a is Z' tau Gs^-1 u_2, and tau Gs^-1 is what H^-1 has beside
# A^-1 - omega A22^-1.
effects_of_formed <- function(term, coef) {
  step <- term$relationship$single_step
  ped <- step$source
  u <- term$effects[coef, ]
  of_h <- as.vector(level_precision(term$relationship) %*% u - Ainverse(ped) %*% u)[step$genotyped]
  of_a <- solve(Amatrix(ped, ped$id[step$genotyped]), u[step$genotyped])
  markers <- term$relationship$markers
  Z <- coded_markers(markers) * rep(marker_units(markers) * step$scale, each = length(of_h))
  as.vector(crossprod(Z, of_h + step$settings$omega * of_a))
}

marker_term <- function(fit, term) {
  has_markers <- vapply(fit$random, function(x) !is.null(x$relationship$markers), NA)
  if (!any(has_markers)) abort_no_markers()
  k <- if (is.null(term)) which(has_markers)[1L] else find_term(fit, term)
  if (!has_markers[k]) abort_no_markers(term)
  k
}

marker_rows <- function(markers, coefficient, value, pev = NULL) {
  unit <- marker_units(markers)
  names <- colnames(markers$M) %||% as.character(seq_len(ncol(markers$M)))
  rows <- data.frame(marker = names[markers$used], coefficient = coefficient,
    frequency = markers$frequency[markers$used], estimate = value / unit)
  if (!is.null(pev)) {
    rows$pev <- pmax(pev, 0) / unit^2
    rows$se <- sqrt(rows$pev)
  }
  rows
}

# sigma2 / c - z'(sigma2 Q - Q E Q)z / c^2, with Q the precision of the basis and E the prediction
# error covariance of its levels.
marker_errors <- function(fit, k, coef, Z, basis) {
  term <- fit$random[[k]]
  c <- term$relationship$markers$divisor
  sigma2 <- as.matrix(term_covariance(term, k, fit$parameters))[coef, coef]
  at <- effect_rows_of(fit, k)[(basis$rows - 1L) * term$n_coef + coef]
  size <- length(fit$fixed$names) + sum(vapply(fit$random, function(x) length(x$effects), 0L))
  unit <- Matrix::sparseMatrix(i = at, j = seq_along(at), x = 1, dims = c(size, length(at)))
  errors <- effect_covariance(fit, as_dgc(unit))
  Q <- basis$precision
  told <- sigma2 * Q - Q %*% as.matrix(errors) %*% Q
  sigma2 / c - colSums(Z * (told %*% Z)) / c^2
}
