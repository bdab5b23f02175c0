# Names that are whole numbers stay numbers: ten million of them as text take a gigabyte, and a
# minute to be matched. As text they are made by as.character() of integers, which R does when one
# of them is looked at.

# A column without names of its own kind: integers, or doubles that are.
is_whole_column <- function(x) {
  if (is.object(x) || !is.null(dim(x))) return(FALSE)
  if (is.integer(x) || is.logical(x) && all(is.na(x))) return(TRUE)
  is.double(x) && all(abs(x) < .Machine$integer.max & x == round(x), na.rm = TRUE)
}

# Those of some codes that are whole numbers as they are written.
whole_codes <- function(codes) {
  numbers <- suppressWarnings(as.integer(codes))
  numbers[!is.na(numbers) & as.character(numbers) == codes]
}

# match() with 0 where there is none: of integers in a dense range by a table of places.
match_names <- function(x, table) {
  if (!is.integer(x) || !is.integer(table) || length(table) == 0L) {
    return(match(x, table, nomatch = 0L))
  }
  ends <- range(table)
  if (as.double(ends[2L]) - ends[1L] > 4 * length(table) + 1000) {
    return(match(x, table, nomatch = 0L))
  }
  last <- ends[2L] - ends[1L] + 2L
  place <- integer(last)
  place[table - (ends[1L] - 1L)] <- seq_along(table)
  outside <- is.na(x) | x < ends[1L] | x > ends[2L]
  at <- x - (ends[1L] - 1L)
  at[outside] <- last
  place[at]
}

has_repeats <- function(x) {
  if (is.numeric(x) && !is.unsorted(x, strictly = TRUE)) return(FALSE)
  anyDuplicated(x) > 0L
}
