# A source of columns: a frame, the contrasts, and what has already been made from them, so that a
# variable used twice is one object. It lives only while a design is made.
column_source <- function(frame, contrasts = NULL) {
  source <- new.env(parent = emptyenv())
  source$frame <- frame
  source$contrasts <- contrasts
  source$made <- list()
  source$used_contrasts <- list()
  source
}

cached <- function(source, key, make) {
  found <- source$made[[key]]
  if (is.null(found)) {
    found <- make()
    source$made[[key]] <- found
  }
  found
}

# The codes of a parsed group.
group_codes <- function(group, source) {
  if (length(group$variables) == 0L) {
    return(list(codes = rep.int(1L, nrow(source$frame)), levels = "all"))
  }
  parts <- lapply(group$variables, function(variable) {
    name <- deparse_one(variable)
    column <- source$frame[[name]]
    if (is.null(column) || is.matrix(column)) abort_group(name)
    cached(source, paste("codes", name), function() level_codes(column))
  })
  Reduce(cross_codes, parts)
}
