#' Markers as a term of a model
#'
#' In a formula, `snp(M)` is a random term of a matrix of genotypes in which the effects of all
#' markers have one variance (SNP-BLUP, ridge regression). It is fitted as the equivalent model of
#' breeding values with a genomic relationship matrix (GBLUP): its variance and its effects are
#' those of `gr(line, cov = grm(M))`, and [marker_effects()] has the effects of the markers.
#'
#' In `snp(M)` the matrix has a row for each record, as a column of the data or beside them; records
#' with the same genotypes have one level. In `snp(M | line)`, which is
#' `(1 | gr(line, markers = M))`, it has a row for each level of `line`, by row names, and lines
#' without records are predicted. On the right of a bar it takes coefficients and structures:
#' `diag(env | snp(M))`. `gr(line, markers = snp(M, method = "dominance"))` has other settings.
#'
#' Whichever is fewer, markers or genotypes, is what the equations have: either way is the same
#' model. Coding and scale are those of [grm()]; a missing genotype counts as the mean of its
#' marker. Records to predict may have new genotypes: their breeding values are those of the
#' markers, and their standard errors count what the markers of the data do not tell.
#'
#' @param M Genotypes, as in [grm()].
#' @param method,frequency,ploidy As in [grm()].
#' @return A list of class `snp_markers` for `gr(markers = )`: `M`, `method`, `frequency`,
#'   `ploidy`, `missing`, `used` (markers that vary) and `divisor` (that of \eqn{ZZ'}{ZZ'}: the
#'   variance of a marker is that of the term divided by it).
#' @references VanRaden (2008) J. Dairy Sci. 91:4414. Stranden & Garrick (2009) J. Dairy Sci.
#'   92:2971, for the equivalence.
#' @seealso [marker_effects()], [grm()].
#' @examples
#' genotyped <- subset(lambs, animal %in% rownames(lamb_markers))
#' fit <- lmmfit(birth ~ sex + snp(lamb_markers | animal), genotyped)
#' varcomp(fit)
#' head(ranef(fit)$animal)
#' marker_effects(fit)
#' @export
snp <- function(M, method = c("VanRaden1", "VanRaden2", "dominance"), frequency = NULL,
                ploidy = 2, ...) {
  check_given(M, ...)
  if (inherits(M, "snp_markers")) return(M)
  read <- read_markers(M, method, frequency, ploidy)
  p <- read$frequency
  used <- which(p > 0 & p < 1)
  variance <- ploidy * p[used] * (1 - p[used])
  divisor <- switch(read$method, VanRaden1 = sum(variance), VanRaden2 = length(used),
    dominance = sum(variance^2))
  structure(c(read, list(used = used, divisor = divisor)), class = "snp_markers")
}

#' @rdname snp
#' @param x Genotypes by `snp()`.
#' @param ... Nothing more: what is not an argument is an error.
#' @method print snp_markers
#' @export
print.snp_markers <- function(x, ...) {
  check_unused(...)
  cat("Genotypes of ", nrow(x$M), " individuals, ", length(x$used), " of ", ncol(x$M),
    " markers vary (", x$method, ")\n", sep = "")
  invisible(x)
}

# Z of the markers that vary as grm() codes them, of some rows, or of new genotypes M.
coded_markers <- function(markers, rows = seq_len(nrow(markers$M)), M = NULL) {
  Z <- if (is.null(M)) genotypes_of(markers$M, rows, markers$used) else
    M[, markers$used, drop = FALSE]
  storage.mode(Z) <- "double"
  p <- rep(markers$frequency[markers$used], each = nrow(Z))
  Z <- if (markers$method == "dominance") -2 * p^2 + Z * (2 * p - (Z - 1)) else
    Z - markers$ploidy * p
  Z <- Z / rep(marker_units(markers), each = nrow(Z))
  Z[is.na(Z)] <- 0
  dimnames(Z) <- NULL
  Z
}

# What the markers are divided by, so that their effects are those of a copy of the allele times it.
marker_units <- function(markers) {
  p <- markers$frequency[markers$used]
  if (markers$method == "VanRaden2") sqrt(markers$ploidy * p * (1 - p)) else rep.int(1, length(p))
}
