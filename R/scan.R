# Tests of every marker under a fitted model.

#' Scan markers for effects
#'
#' The score test of each marker under a whole fitted model, with any random terms, relationships
#' and residual structure: what the model becomes with one more fixed effect, the variance
#' parameters as they are (EMMAX, P3D). For a marker with genotypes \eqn{m} of the individuals
#' and \eqn{s = Z'Py}, \eqn{A = Z'PZ} over individuals, the effect is \eqn{m's / m'Am}, its standard
#' error \eqn{(m'Am)^{-1/2}}{1 / sqrt(m'Am)}; \eqn{s} and \eqn{A} are made once for all markers.
#'
#' `by` gives each marker several effects, of which `p.value` tests all: `~ 0 + env` one in each
#' environment, `~ env` its main effect and its interaction with environments, which
#' `p.interaction` then tests, `~ 0 + trait` one on each of several responses.
#'
#' `denominators = "exact"` costs, for q individuals, q^2 operations a marker. `"calibrated"` takes
#' \eqn{m'Am} as a multiple of \eqn{m'm} of the centred genotypes, the mean over some 500 markers
#' (GRAMMAR-Gamma), and computes it exactly for markers with p below 0.001; `print()` says the
#' multiple and how much it varies.
#'
#' `loco = TRUE` tests the markers of each chromosome under a fit of its own, in which the
#' relationship of `individual` is that of [grm()] from the markers of all other chromosomes and all
#' variances are estimated anew: a marker is then not tested against a term that has it, too.
#'
#' `refit = 10` estimates all variance parameters anew with each of the ten best markers as a
#' covariate, and gives their effects, errors and tests by [summary()] in
#' `attr(, "refitted")`; the models are those of the fit, or with `loco` of the chromosome.
#'
#' @param x A fit by [lmmfit()]. Anything else goes to [base::scan()].
#' @param markers Genotypes: a numeric matrix, individuals x markers, with the individuals as row
#'   names, or [read_plink()]. A missing genotype counts as the mean of its marker.
#' @param individual The name of the factor whose labels are row names of `markers`, by default the
#'   first grouping factor of the fit of which that holds; or a vector with the individual of each
#'   record of the fit. Without it, and without row names, rows are records of the fit.
#' @param by A one-sided formula in variables of the fit: a column for each effect of a marker.
#' @param map A data frame with `chromosome` and `position`, and `marker` or a row for each marker;
#'   by default that of PLINK files.
#' @param denominators `"exact"` or `"calibrated"`.
#' @param loco `TRUE` leaves the own chromosome out of the relationship.
#' @param refit How many of the best markers are fitted with all variances estimated.
#' @param ploidy Copies of a chromosome: genotypes lie between 0 and `ploidy`.
#' @param threads Number of threads.
#' @param ... Nothing more: what is not an argument is an error.
#' @return A data frame of class `marker_scan` with a row for each marker: `marker`, `chromosome`
#'   and `position` where known, `frequency` of the counted allele among the individuals with
#'   records, `missing` genotypes, `effect` and `se` (with `by`: `effect.<column>`), `statistic`
#'   (the ratio of them, with `by` a chi-square) and `p.value`. A marker that does not vary, or that
#'   the fixed effects hold already, has NA. `print()` shows the best, the genomic inflation factor
#'   and how many pass Bonferroni's and Benjamini and Hochberg's 5 %; see [plot.marker_scan()].
#' @references Kang et al. (2010) Variance component model to account for sample structure in
#'   genome-wide association studies. Nature Genetics 42, 348-354. Svishcheva et al. (2012) Rapid
#'   variance components-based method for whole-genome association analysis. Nature Genetics 44,
#'   1166-1170. Yang et al. (2014) Advantages and pitfalls in the application of mixed-model
#'   association methods. Nature Genetics 46, 100-106.
#' @examples
#' genotyped <- subset(lambs, animal %in% rownames(lamb_markers))
#' fit <- lmmfit(birth ~ sex + (1 | gr(animal, cov = grm(lamb_markers))), genotyped)
#' scan(fit, lamb_markers)
#' @export
scan <- function(x, ...) {
  # base::scan() is called without its first argument, too.
  if (missing(x)) return(base::scan(...))
  UseMethod("scan")
}

#' @rdname scan
#' @export
scan.default <- function(x, ...) base::scan(x, ...)

#' @rdname scan
#' @export
scan.lmmfit <- function(x, markers, individual = NULL, by = NULL, map = NULL,
                        denominators = c("exact", "calibrated"), loco = FALSE, refit = 0,
                        ploidy = 2, threads = 2L, ...) {
  check_unused(...)
  check_given(markers)
  check_fit(x, "x")
  denominators <- check_choice(denominators, c("exact", "calibrated"), "denominators")
  check_flag(loco, "loco")
  refit <- check_count(refit, "refit", 0)
  settings <- list(by = check_by(by), denominators = denominators,
    ploidy = check_positive(ploidy, "ploidy"), threads = check_count(threads, "threads"))
  markers <- check_markers(markers, "markers")
  place <- scanned_individuals(x, markers, individual)
  map <- marker_map(markers, map)
  if (loco) check_loco(x, place, map)
  parts <- if (!loco) list(seq_len(ncol(markers))) else unname(split(seq_len(ncol(markers)),
    factor(map$chromosome, unique(map$chromosome))))
  fits <- lapply(parts, function(columns) {
    if (loco) fit_without(x, markers, place, columns, settings) else x
  })
  found <- Map(function(fit, columns) scanned(fit, markers, columns, place, settings), fits, parts)
  at <- order(unlist(parts))
  table <- do.call(rbind, lapply(found, `[[`, "table"))[at, , drop = FALSE]
  table <- cbind(map, table)
  row.names(table) <- NULL
  new_scan(table, found, fits, rep(seq_along(parts), lengths(parts))[at], place, settings, loco) |>
    with_refits(markers, refit)
}
