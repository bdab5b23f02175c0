# Genotypes in files of PLINK: the numbers stay in the file, which the engine reads where it needs
# them.

#' Marker genotypes in PLINK files
#'
#' `read_plink()` opens the files `.bed`, `.bim` and `.fam` of one prefix. The genotypes stay where
#' they are, at two bits each: [grm()] and [scan()] read them marker by marker, and
#' `gr(animal, pedigree = ped, markers = )` keeps them packed.
#'
#' A genotype counts copies of the first allele of the `.bim` file (`a1`, in PLINK the rarer one).
#' Animals are known by the second column of the `.fam` file; where it is not unique by
#' `family:individual`.
#'
#' @param prefix The path of the files without their ending, or with `.bed`.
#' @param x Genotypes by `read_plink()`.
#' @param ... Nothing more: what is not an argument is an error.
#' @return An object of class `plink_markers` with `dim()` and `dimnames()` of the animals x
#'   markers; `$map` is a data frame with `marker`, `chromosome`, `position`, `a1` and `a2`,
#'   `$animals` one with the six columns of the `.fam` file. `as.matrix()` reads all genotypes into
#'   memory, NA where missing.
#' @references Purcell et al. (2007) PLINK: a tool set for whole-genome association and
#'   population-based linkage analyses. American Journal of Human Genetics 81, 559-575.
#' @examples
#' # Three animals and two markers.
#' prefix <- tempfile()
#' writeBin(as.raw(c(0x6c, 0x1b, 0x01, 0x38, 0x0e)), paste0(prefix, ".bed"))
#' writeLines(c("1 m1 0 100 A G", "1 m2 0 200 C T"), paste0(prefix, ".bim"))
#' writeLines(paste("f", c("a", "b", "c"), "0 0 0 -9"), paste0(prefix, ".fam"))
#' markers <- read_plink(prefix)
#' as.matrix(markers)
#' @export
read_plink <- function(prefix, ...) {
  check_given(prefix, ...)
  check_names(prefix, "prefix", "the path of PLINK files without their ending", FALSE)
  prefix <- sub("\\.bed$", "", prefix)
  files <- paste0(prefix, c(".bed", ".bim", ".fam"))
  gone <- files[!file.exists(files)]
  if (length(gone) > 0L) abort_plink(gone[1L], "there is no such file")
  map <- plink_table(files[2L], c("chromosome", "marker", "centimorgan", "position", "a1", "a2"))
  animals <- plink_table(files[3L], c("family", "id", "father", "mother", "sex", "phenotype"))
  map$position <- as.numeric(map$position)
  markers <- structure(
    list(path = normalizePath(files[1L]), n = nrow(animals), n_markers = nrow(map),
      animals = animals, map = map[c("marker", "chromosome", "position", "a1", "a2")]),
    class = "plink_markers"
  )
  whole <- length(bed_head) + ceiling(markers$n / 4) * markers$n_markers
  head <- readBin(files[1L], "raw", length(bed_head))
  if (!identical(head, bed_head)) abort_plink(files[1L], "it has no genotypes marker by marker")
  if (file.size(files[1L]) != whole) {
    abort_plink(files[1L], paste("it has", file.size(files[1L]), "bytes, not the", whole, "of",
      markers$n, "animals and", markers$n_markers, "markers"))
  }
  markers
}

# What a .bed file of genotypes marker by marker begins with.
bed_head <- as.raw(c(0x6c, 0x1b, 0x01))

plink_table <- function(file, columns) {
  lines <- readLines(file, warn = FALSE)
  fields <- strsplit(trimws(lines[nzchar(trimws(lines))]), "[[:space:]]+")
  if (length(fields) == 0L) abort_plink(file, "it has no records")
  odd <- which(lengths(fields) != length(columns))[1L]
  if (!is.na(odd)) {
    abort_plink(file, paste("line", odd, "has", length(fields[[odd]]), "columns, not 6"))
  }
  table <- as.data.frame(do.call(rbind, fields))
  names(table) <- columns
  table
}

#' @rdname read_plink
#' @export
dim.plink_markers <- function(x) c(x$n, x$n_markers)

#' @rdname read_plink
#' @export
dimnames.plink_markers <- function(x) {
  id <- x$animals$id
  if (anyDuplicated(id)) id <- paste(x$animals$family, id, sep = ":")
  list(id, x$map$marker)
}

#' @rdname read_plink
#' @method as.matrix plink_markers
#' @export
as.matrix.plink_markers <- function(x, ...) {
  check_unused(...)
  genotypes <- genotypes_of(x, seq_len(nrow(x)), seq_len(ncol(x)))
  dimnames(genotypes) <- dimnames(x)
  genotypes
}

#' @rdname read_plink
#' @method print plink_markers
#' @export
print.plink_markers <- function(x, ...) {
  check_unused(...)
  cat(format(x$n, big.mark = ","), " animals x ", format(x$n_markers, big.mark = ","),
    " markers on ", length(unique(x$map$chromosome)), " chromosomes, in ", basename(x$path), "\n",
    sep = "")
  invisible(x)
}
