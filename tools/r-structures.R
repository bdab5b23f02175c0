# Names of covariance structures stand in the table of R/covstruct.R and nowhere else: no other file
# compares something with one. What a structure is like is a trait in its row.

# Files that may: the table, and those of single structures. `iid` is no row of the table.
structure_files <- list(
  table = c(
    "covstruct.R", "covstruct-parameters.R", "covstruct-matrices.R", "covstruct-own.R"
  ),
  iid = c("residual.R", "residual-sections.R")
)

comparing_calls <- c("==", "!=", "%in%", "identical", "match", "switch", "is_call_to", "is.element")

# The names of the rows of the table; none where there is no table.
table_names <- function(root) {
  path <- file.path(root, "R", "covstruct.R")
  rows <- if (file.exists(path)) r_definitions(path)
  table <- Filter(function(row) row$name == "covariance_structures", rows)
  unlist(lapply(table, function(row) names(row$expression)[-1L]))
}

# The texts that the comparisons in an expression compare with; of switch() the names of its cases.
compared_texts <- function(x) {
  if (is.pairlist(x)) return(unlist(lapply(as.list(x), compared_texts)))
  if (!is.call(x)) return(character())
  name <- if (is.symbol(x[[1L]])) as.character(x[[1L]]) else ""
  own <- if (name %in% comparing_calls) {
    c(unlist(lapply(as.list(x)[-1L], plain_texts)), if (name == "switch") names(x))
  }
  c(own, unlist(lapply(as.list(x), compared_texts)))
}

# "a" and c("a", "b"), in parentheses or not.
plain_texts <- function(x) {
  if (is.character(x)) return(x)
  joins <- is.call(x) && is.symbol(x[[1L]]) && as.character(x[[1L]]) %in% c("c", "(")
  if (joins) unlist(lapply(as.list(x)[-1L], plain_texts))
}

# A data frame: `caller` of `file` compares something with `name`.
structure_tests <- function(root) {
  names <- table_names(root)
  rows <- lapply(r_files(root), function(file) {
    known <- c(
      if (!file %in% structure_files$table) names, if (!file %in% structure_files$iid) "iid"
    )
    found <- lapply(r_definitions(file.path(root, "R", file)), function(definition) {
      texts <- compared_texts(definition$expression)
      texts <- texts[texts %in% known]
      data.frame(file = rep(file, length(texts)), caller = rep(definition$name, length(texts)),
        name = as.character(texts))
    })
    do.call(rbind, found)
  })
  do.call(rbind, rows)
}

problems_of_structure_tests <- function(root) {
  found <- structure_tests(root)
  sprintf("R/%s: `%s` asks for the structure \"%s\" by name; make it a trait in R/covstruct.R",
    found$file, found$caller, found$name)
}
