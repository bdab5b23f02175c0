# Where genotypes meet a fit: the individuals of its records, the effects that a marker has, and the
# place of the markers in the genome.

# The rows of `markers` of the individuals that have records, and the individual of each record.
scanned_individuals <- function(fit, markers, individual) {
  known <- rownames(markers)
  if (is.null(individual) && is.null(known)) {
    if (nrow(markers) != fit$n) abort_scan_rows(nrow(markers), fit$n)
    return(list(name = NULL, rows = seq_len(fit$n), code = seq_len(fit$n)))
  }
  if (is.null(known)) {
    abort_argument("markers", markers, "a matrix with the individuals as row names")
  }
  name <- if (length(individual) != fit$n) individual %||% genotyped_factor(fit, known)
  labels <- if (is.null(name)) as.character(individual) else record_labels(fit, name)
  met <- unique(labels)
  gone <- setdiff(met, known)
  if (length(gone) > 0L) abort_not_genotyped(name, gone)
  list(name = name, rows = match(met, known), code = match(labels, met))
}

record_labels <- function(fit, name) {
  check_names(name, "individual", "the name of a factor of the fit", FALSE)
  column <- fit$frame[[name]]
  if (is.null(column)) {
    known <- setdiff(names(fit$frame)[-1L], "(weights)")
    abort("argument", "{.arg individual}: the fit has no factor {.val {name}}.",
      c(did_you_mean(nearest_names(name, known)),
        "It has {.val {known}}; or give a vector with the individual of each record."),
      "individual", name)
  }
  as.character(column)
}

# The first grouping factor whose labels are all genotyped.
genotyped_factor <- function(fit, known) {
  variables <- lapply(fit$parts$random, function(term) term$group$variables)
  names <- unique(vapply(unlist(variables, FALSE), deparse_one, ""))
  fits <- vapply(names, function(name) {
    column <- fit$frame[[name]]
    !is.null(column) && !is.matrix(column) && all(as.character(column) %in% known)
  }, NA)
  if (!any(fits)) abort_no_genotyped(names)
  names[fits][1L]
}

check_by <- function(by) {
  if (is.null(by) || inherits(by, "formula") && length(by) == 2L) return(by)
  abort_argument("by", by, "a formula such as ~ 0 + env")
}

# The columns d_k of a marker's effects over the records.
marker_columns <- function(fit, by) {
  if (is.null(by)) return(matrix(1, fit$n, 1L, dimnames = list(NULL, "effect")))
  unknown <- setdiff(all.vars(by), names(fit$frame))
  if (length(unknown) > 0L) {
    known <- names(fit$frame)[-1L]
    abort("argument", "{.arg by}: the fit has no variable {.val {unknown[1L]}}.",
      c(did_you_mean(nearest_names(unknown[1L], known)), "It has {.val {known}}."), "by", unknown)
  }
  frame <- fit$frame
  attr(frame, "terms") <- NULL
  D <- stats::model.matrix(by, frame, contrasts.arg = fit$contrasts[names(fit$contrasts) %in%
    all.vars(by)])
  if (qr(D)$rank < ncol(D)) abort_argument("by", by, "a formula whose columns are independent")
  D
}

# marker, chromosome, position of each column of `markers`.
marker_map <- function(markers, map) {
  names <- colnames(markers) %||% paste0("M", seq_len(ncol(markers)))
  if (is.null(map) && inherits(markers, "plink_markers")) map <- markers$map
  if (is.null(map)) return(data.frame(marker = names))
  if (!is.data.frame(map)) abort_argument("map", map, "a data frame")
  lacking <- setdiff(c("chromosome", "position"), names(map))
  if (length(lacking) > 0L) {
    abort("argument", "{.arg map} has no column {.val {lacking}}.",
      "It needs {.val {c('chromosome', 'position')}}, and {.val marker} to be matched by name.",
      "map", lacking)
  }
  rows <- if (is.null(map$marker)) seq_len(nrow(map)) else match(names, map$marker)
  if (length(rows) != length(names) || anyNA(rows)) {
    abort_map(if (is.null(map$marker)) nrow(map) else names[is.na(rows)], length(names))
  }
  data.frame(marker = names, map[rows, c("chromosome", "position")], row.names = NULL)
}

check_loco <- function(fit, place, map) {
  if (is.null(map$chromosome)) {
    abort("argument", "{.code loco = TRUE} needs the chromosomes of the markers.",
      "Give {.arg map}, a data frame with {.code chromosome} and {.code position}.", "map")
  }
  if (length(unique(map$chromosome)) < 2L) {
    abort("argument", "All markers are on one chromosome: {.code loco = TRUE} leaves none.", NULL,
      "loco")
  }
  if (length(loco_terms(fit, place$name)) == 0L) {
    abort("argument",
      "{.code loco = TRUE} needs a random term with a relationship, and this fit has none of them.",
      "Fit {.code (1 | gr(id, cov = grm(M)))}.", "loco")
  }
}

# The random terms of related individuals.
loco_terms <- function(fit, name) {
  Filter(function(k) {
    variables <- vapply(fit$parts$random[[k]]$group$variables, deparse_one, "")
    fit$random[[k]]$related && identical(variables, name)
  }, seq_along(fit$random))
}
