# Columns of a pedigree as it comes: names of animals, and what stands for none.

# With "0" every zero, as files of fixed width have "000".
without_codes <- function(x, unknown) {
  gone <- tolower(x) %in% tolower(unknown)
  if ("0" %in% unknown) gone <- gone | grepl("^0+([.]0*)?$", x)
  x[gone] <- NA_character_
  x
}

# The same of integers.
without_numbers <- function(x, unknown) {
  gone <- which(x %in% whole_codes(unknown))
  if (length(gone) > 0L) x[gone] <- NA
  x
}

pedigree_column <- function(data, name, argument) animal_names(raw_column(data, name, argument))

raw_column <- function(data, name, argument) {
  if (!is.character(name) || length(name) != 1L || is.na(name)) {
    abort_argument(argument, name, "the name of one column of `data`")
  }
  if (!name %in% names(data)) abort_pedigree_column(argument, name, names(data))
  x <- data[[name]]
  if (is.list(x) || is.matrix(x) || is.logical(x) && !all(is.na(x))) {
    abort_pedigree("{.arg {argument}}: column {.val {name}} must hold names or numbers.",
      NULL, argument, name)
  }
  x
}

# Names as text, without blanks around them.
animal_names <- function(x) {
  if (inherits(x, "integer64")) x <- plain_column(x, "id")
  if (is.numeric(x) && !is.factor(x)) return(number_names(x))
  x <- if (is.factor(x)) levels(x)[x] else as.character(x)
  blank <- which(startsWith(x, " ") | endsWith(x, " ") | grepl("[\t\u00a0]", x))
  if (length(blank) == 0L) return(x)
  trimmed <- gsub("^[[:space:]\u00a0]+|[[:space:]\u00a0]+$", "", x[blank])
  named <- nzchar(trimmed)
  if (any(named)) inform_trimmed(x[blank][named])
  x[blank] <- trimmed
  x
}

same_names <- function(x, y) is.na(x) & is.na(y) | !is.na(x) & !is.na(y) & x == y
