# Grouping factors as integer codes. Nothing here goes through the labels of all records.

# list(codes, levels) of one column: factor, character, logical, or numbers. Levels of integers are
# there as `numbers` too.
level_codes <- function(x) {
  if (is.factor(x)) return(list(codes = as.integer(x), levels = levels(x)))
  if (is.logical(x)) return(drop_empty(x + 1L, c("FALSE", "TRUE")))
  if (is.integer(x) && !is.object(x)) return(integer_codes(x))
  if (inherits(x, "POSIXct")) return(time_codes(x))
  if (is.object(x) && !inherits(x, "AsIs")) return(level_codes(as.factor(x)))
  values <- sort(unique(as.vector(x)))
  list(codes = match(x, values), levels = number_names(values))
}

# With all their digits, whatever the other times are.
time_codes <- function(x) {
  values <- sort(unique(as_plain_number(x)))
  labels <- format(.POSIXct(values, attr(x, "tzone")), "%Y-%m-%d %H:%M:%OS")
  if (anyDuplicated(labels)) labels <- as.character(values)
  list(codes = match(as_plain_number(x), values), levels = labels)
}

# Whole numbers without an exponent, as integers have them: 100000, not 1e+05.
number_names <- function(x) {
  if (!is.double(x) || is.object(x)) return(as.character(x))
  if (all(abs(x) < .Machine$integer.max & x == round(x), na.rm = TRUE)) {
    return(as.character(as.integer(x)))
  }
  if (!all(x == round(x) & abs(x) < 1e15, na.rm = TRUE)) return(as.character(x))
  text <- sprintf("%.0f", x)
  text[is.na(x)] <- NA_character_
  text
}

# Names that R has made from such numbers.
plain_names <- function(names) {
  short <- grep("^[1-9](\\.[0-9]+)?e\\+[0-9]+$", names)
  names[short] <- number_names(as.numeric(names[short]))
  names
}

# Integers in a range that is not much longer than the data are counted, not sorted.
integer_codes <- function(x) {
  ends <- suppressWarnings(range(x, na.rm = TRUE))
  if (!is.finite(ends[1L]) || as.double(ends[2L]) - ends[1L] > 4 * length(x) + 1000) {
    values <- sort(unique(x))
    return(list(codes = match(x, values), levels = as.character(values), numbers = values))
  }
  drop_empty(x - (ends[1L] - 1L), seq.int(ends[1L], ends[2L]))
}

drop_empty <- function(codes, labels) {
  used <- tabulate(codes, length(labels)) > 0L
  if (!all(used)) {
    codes <- cumsum(used)[codes]
    labels <- labels[used]
  }
  found <- list(codes = codes, levels = as.character(labels))
  if (is.integer(labels)) found$numbers <- labels
  found
}

# Levels that have the colon which joins the levels of an interaction stand in quotes: "a:b" and "c"
# are not "a" and "b:c".
with_quoted_levels <- function(part) {
  joined <- grep("[:\"]", part$levels)
  part$levels[joined] <- paste0("\"", gsub("\"", "\"\"", part$levels[joined], fixed = TRUE), "\"")
  part
}

# The combinations of two groups that occur, in lexicographic order: a codes slowest.
cross_codes <- function(a, b) {
  n_b <- length(b$levels)
  cells <- as.double(length(a$levels)) * n_b
  if (cells < .Machine$integer.max) {
    code <- (a$codes - 1L) * n_b + b$codes
  } else {
    code <- (a$codes - 1) * n_b + b$codes
  }
  if (cells <= 4 * length(code) + 1000) {
    used <- which(tabulate(code, cells) > 0L)
    position <- integer(cells)
    position[used] <- seq_along(used)
    codes <- position[code]
  } else {
    used <- sort.int(unique(code), method = "radix")
    codes <- match(code, used)
  }
  labels <- paste(a$levels[(used - 1) %/% n_b + 1], b$levels[(used - 1) %% n_b + 1], sep = ":")
  list(codes = codes, levels = labels)
}

# Levels of new data: the position of each in the levels of the fit. `found` is list(codes, levels),
# codes of one factor or a list of several. Those that the fit lacks are an error, or come after the
# others.
match_groups <- function(found, levels, label, allow_new) {
  position <- match(found$levels, levels)
  used <- tabulate(unlist(found$codes), length(found$levels)) > 0L
  unknown <- which(is.na(position) & used)
  if (length(unknown) > 0L && !allow_new) abort_new_level(label, found$levels[unknown])
  position[unknown] <- length(levels) + seq_along(unknown)
  position
}

is_factor_like <- function(x) is.factor(x) || is.character(x) || is.logical(x)

# A logical has both its levels, as in model.matrix().
column_codes <- function(x) {
  if (is.logical(x)) list(codes = x + 1L, levels = c("FALSE", "TRUE")) else level_codes(x)
}
