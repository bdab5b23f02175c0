# Marker genotypes: a numeric matrix, animals x markers, or files of PLINK by read_plink(); and what
# the engine makes of them.

check_markers <- function(M, argument = "M") {
  if (inherits(M, "plink_markers")) return(M)
  if (is.data.frame(M)) M <- as.matrix(M)
  if (!is.matrix(M) || !is.numeric(M)) {
    abort_grm("{.arg {argument}} must be a numeric matrix: animals by markers, values 0, 1 and 2.",
      "Convert it with {.fn as.matrix}, without the column of names.", argument)
  }
  if (nrow(M) < 2L || ncol(M) == 0L) {
    abort_grm("{.arg {argument}} has {nrow(M)} row{?s} and {ncol(M)} column{?s}.",
      "Give a row for each animal and a column for each marker.", argument)
  }
  if (anyDuplicated(rownames(M))) {
    again <- unique(rownames(M)[duplicated(rownames(M))])
    abort_grm("{.arg {argument}} has {.val {again}} more than once.",
      "Keep one row for each animal.", argument, again)
  }
  M
}

# `column`: the first with a genotype that is not one.
abort_genotype <- function(M, column, ploidy) {
  genotypes <- genotypes_of(M, seq_len(nrow(M)), column)
  row <- which(genotypes < 0 | genotypes > ploidy)[1L]
  value <- genotypes[row]
  at <- paste0("row ", rownames(M)[row] %||% row, ", column ", colnames(M)[column] %||% column)
  abort_grm("Genotypes {.arg M} must lie between 0 and {ploidy}; {at} has {value}.",
    "Count the copies of one allele, code missing ones as NA, and give {.arg ploidy}.", "M", value)
}

# As the engine takes them.
marker_source <- function(M) if (inherits(M, "plink_markers")) unclass(M) else M

# frequency, missing, in_range of each marker.
marker_summary <- function(M, ploidy) in_words(marker_summary_cpp(marker_source(M), ploidy))

# The genotypes of some animals and markers, NA where missing.
genotypes_of <- function(M, animals, columns) {
  in_words(genotypes_cpp(marker_source(M), animals, columns))
}

# list(relationship, n_used).
marker_relationship <- function(M, animals, columns, frequency, method, ploidy, threads) {
  in_words(grm_cpp(marker_source(M), animals, columns, frequency, method, ploidy, threads))
}

# list(sum, squares) of some markers, of genotypes less `centre`, 0 where one is missing.
marker_moments <- function(M, columns, centre) {
  in_words(marker_moments_cpp(marker_source(M), columns, centre))
}

# m's and m'Am of markers with the mean in place of a missing genotype, centred; `A` a list of
# matrices, or empty. list(frequency, missing, in_range, score, information, squares).
marker_scores <- function(M, animals, columns, s, A, ploidy, threads) {
  in_words(scan_markers_cpp(marker_source(M), animals, as.integer(columns), s, A, ploidy, threads))
}
