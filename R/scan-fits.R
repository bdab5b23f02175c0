# The models of a scan beside the fit: without the own chromosome, and with a marker as a covariate.

# The fit with the relationship of the individuals from the markers outside `columns`.
fit_without <- function(fit, markers, place, columns, settings) {
  parts <- with_kept_relationships(fit$parts, fit)
  others <- setdiff(seq_len(ncol(markers)), columns)
  for (k in loco_terms(fit, place$name)) {
    levels <- fit$random[[k]]$levels
    gone <- setdiff(levels, rownames(markers))
    if (length(gone) > 0L) abort_not_genotyped(place$name, gone)
    G <- genomic_relationship(markers, match(levels, rownames(markers)), others, settings)
    parts$random[[k]]$group$relationship$kept <-
      list(levels = levels, spec = covariance_spec(G, "the relationship without the chromosome"))
  }
  rebuilt(fit, parts)
}

# grm() of some markers, by VanRaden's first method.
genomic_relationship <- function(markers, animals, columns, settings) {
  s <- matrix(0, length(animals), 1L)
  frequency <- marker_scores(markers, animals, columns, s, list(), settings$ploidy,
    settings$threads)$frequency
  G <- marker_relationship(markers, animals, columns, frequency, "VanRaden1", settings$ploidy,
    settings$threads)$relationship
  dimnames(G) <- rep(list(rownames(markers)[animals]), 2L)
  G
}

# The best markers, each as a covariate of the model that it was tested under.
with_refits <- function(scan, markers, n) {
  own <- attr(scan, "scan")
  best <- utils::head(order(scan$p.value), min(n, sum(!is.na(scan$p.value))))
  tables <- lapply(best, function(j) {
    cbind(scan[j, intersect(c("marker", "chromosome", "position"), names(scan)), drop = FALSE],
      refitted(own$fits[[own$part[j]]], markers, j, own), row.names = NULL)
  })
  if (length(tables) > 0L) attr(scan, "refitted") <- do.call(rbind, tables)
  own$fits <- NULL
  attr(scan, "scan") <- own
  scan
}

refitted <- function(fit, markers, column, own) {
  genotype <- genotypes_of(markers, own$place$rows, column)[, 1L]
  genotype <- genotype - mean(genotype, na.rm = TRUE)
  genotype[is.na(genotype)] <- 0
  frame <- fit$frame
  frame$.marker <- genotype[own$place$code] * marker_columns(fit, own$settings$by)
  parts <- with_kept_relationships(fit$parts, fit)
  parts$fixed <- stats::update.formula(parts$fixed, . ~ . + .marker)
  again <- rebuilt(fit, parts, frame)
  at <- which(again$fixed$assign == match(".marker", again$fixed$labels))
  table <- as.data.frame(stats::coef(summary(again))[at, , drop = FALSE])
  if (length(at) == 1L) table else cbind(effect = colnames(frame$.marker), table)
}
