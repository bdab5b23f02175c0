# Files of other programs: fixed widths, or columns parted by blanks, tabs, commas or semicolons.

#' Read records or a pedigree from the files of other programs
#'
#' `read_pedigree()` reads the pedigree files of ASReml, BLUPF90, DMU and others, `read_records()`
#' their data files: with or without a header, in columns parted by commas, semicolons, tabs or
#' blanks, or of fixed width. Empty lines and lines that begin with `#` or `!` are left out.
#'
#' @param file The name of a file, or a connection.
#' @param columns Names of the columns, in the order of the file; of a pedigree with a header or
#'   more than three columns, which are animal, sire and dam: `c(id = "calf", sire = "bull", dam =
#'   "cow")`, or their numbers, `c(id = 1, sire = 3, dam = 2)`.
#' @param format Of a pedigree: `"plain"`, or `"blupf90"` for the renumbered pedigree of renumf90,
#'   whose tenth column has the names that its first three numbers stand for.
#' @param widths Widths of the columns of a file of fixed width.
#' @param sep What parts the columns; found in the file by default. `" "` is any number of blanks.
#' @param header `TRUE` where the first line has the names of the columns; found in the file by
#'   default: names are words, and animals of later lines.
#' @param skip So many lines to leave out at the beginning.
#' @param missing What stands for a missing value in records.
#' @param ... Of `read_pedigree()` further arguments of [pedigree()], such as `unknown` and
#'   `groups`; of `read_records()` nothing more.
#' @return `read_pedigree()`: a pedigree, as [pedigree()] gives it. `read_records()`: a data frame.
#' @examples
#' file <- tempfile()
#' writeLines(c("calf,bull,cow", "c1,b1,*", "c2,b1,k1"), file)
#' read_pedigree(file)
#' @export
read_pedigree <- function(file, columns = NULL, format = c("plain", "blupf90"), widths = NULL,
                          sep = NULL, header = NULL, skip = 0, ...) {
  check_given(file)
  format <- check_choice(format, c("plain", "blupf90"), "format")
  table <- file_table(file, widths, sep, header, skip)
  if (ncol(table) < 3L) abort_file("it has {ncol(table)} column{?s}, and a pedigree three.")
  records <- pedigree_table(table, columns)
  if (format == "blupf90") records <- renamed_pedigree(records, table)
  pedigree(records, ...)
}

#' @rdname read_pedigree
#' @export
read_records <- function(file, columns = NULL, widths = NULL, sep = NULL, header = NULL, skip = 0,
                         missing = c("NA", "", "*", "."), ...) {
  check_given(file, ...)
  table <- file_table(file, widths, sep, header, skip)
  if (!is.null(columns)) {
    if (!is.character(columns) || length(columns) != ncol(table)) {
      abort_argument("columns", columns, paste("a name for each of", ncol(table), "columns"))
    }
    names(table) <- columns
  }
  table[] <- lapply(table, function(x) {
    x[x %in% missing] <- NA
    utils::type.convert(x, as.is = TRUE)
  })
  table
}

# A data frame of text.
file_table <- function(file, widths, sep, header, skip) {
  skip <- check_count(skip, "skip", 0)
  if (!inherits(file, "connection")) check_names(file, "file", "the path of a file", FALSE)
  if (!is.null(sep)) check_names(sep, "sep", "one character", FALSE)
  if (is.character(file) && !file.exists(file)) abort_file("there is no such file.", file)
  lines <- readLines(file, warn = FALSE)
  if (skip > 0L) lines <- lines[-seq_len(skip)]
  lines <- sub("\r$", "", sub("^\ufeff", "", lines))
  lines <- lines[grepl("[^[:space:]]", lines) & !grepl("^[[:space:]]*[#!]", lines)]
  if (length(lines) == 0L) abort_file("it has no records.", file)
  fields <- if (is.null(widths)) parted_fields(lines, sep) else fixed_fields(lines, widths)
  counts <- lengths(fields)
  odd <- which(counts != counts[1L])
  if (length(odd) > 0L) {
    abort_file("record {odd[1L]} has {counts[odd[1L]]} column{?s}, and the first {counts[1L]}.",
      file, list(odd = odd, counts = counts))
  }
  cells <- do.call(rbind, fields)
  named <- if (is.null(header)) is_header(cells) else check_flag(header, "header")
  names <- if (named) cells[1L, ] else paste0("V", seq_len(ncol(cells)))
  if (named) cells <- cells[-1L, , drop = FALSE]
  if (nrow(cells) == 0L) abort_file("it has no records.", file)
  stats::setNames(as.data.frame(cells), make.unique(names))
}

parted_fields <- function(lines, sep) {
  if (is.null(sep)) {
    found <- c(",", ";", "\t")[vapply(c(",", ";", "\t"), function(x) {
      all(grepl(x, utils::head(lines, 20L), fixed = TRUE))
    }, NA)]
    sep <- if (length(found) > 0L) found[1L] else " "
  }
  if (!is.character(sep) || length(sep) != 1L) abort_argument("sep", sep, "one character")
  if (sep == " ") return(strsplit(trimws(lines), "[[:space:]]+"))
  # A last empty field counts.
  cells <- strsplit(paste0(lines, sep, "end"), sep, fixed = TRUE)
  lapply(cells, function(x) gsub("^\"|\"$", "", trimws(x[-length(x)])))
}

fixed_fields <- function(lines, widths) {
  if (!is.numeric(widths) || !all(is.finite(widths)) || any(widths < 1)) {
    abort_argument("widths", widths, "a width of at least 1 for each column")
  }
  last <- cumsum(widths)
  first <- last - widths + 1
  lapply(lines, function(line) trimws(substring(line, first, last)))
}

# Words that stand nowhere below, above columns that have numbers or parents.
is_header <- function(cells) {
  first <- tolower(cells[1L, ])
  known <- c("id", "animal", "calf", "name", "sire", "dam", "father", "mother", "bull", "cow",
    "male_parent", "female_parent", "ind", "individual", "ped", "identity")
  any(first %in% known) && !any(cells[1L, 1L] == cells[-1L, ])
}

# The columns that are animal, sire and dam.
pedigree_table <- function(table, columns) {
  roles <- c("id", "sire", "dam")
  columns <- columns %||% 1:3
  if (length(columns) != 3L || anyNA(columns)) {
    abort_argument("columns", columns, "three columns: animal, sire and dam")
  }
  if (!is.null(names(columns)) && setequal(names(columns), roles)) columns <- columns[roles]
  if (is.character(columns) && all(grepl("^V[0-9]+$", names(table)))) {
    # Names for the columns of a file without any.
    return(stats::setNames(table[1:3], roles))
  }
  known <- if (is.character(columns)) columns %in% names(table) else
    columns %in% seq_along(table)
  if (!all(known)) abort_pedigree_column("columns", columns[!known][1L], names(table))
  stats::setNames(table[unname(columns)], roles)
}

# renumf90: the tenth column has the names of the animals of the first.
renamed_pedigree <- function(records, table) {
  if (ncol(table) < 10L) abort_file("it has {ncol(table)} columns, and that of renumf90 ten.")
  names <- stats::setNames(table[[10L]], records$id)
  named <- function(x) ifelse(x %in% names(names), names[x], x)
  data.frame(id = unname(names), sire = named(records$sire), dam = named(records$dam))
}
