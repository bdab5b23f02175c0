# The layers of R/, checked by parsing it: which function calls which, and in which file each is.
# A function that is passed by name counts as called; one that is reached by dispatch does not, as
# the caller names the generic only.

# list(name, expression) of each top-level expression; no name where it is no assignment.
r_definitions <- function(path) {
  lapply(as.list(parse(path, keep.source = FALSE)), function(expression) {
    assigns <- is.call(expression) && identical(expression[[1L]], quote(`<-`)) &&
      is.symbol(expression[[2L]])
    if (assigns) list(name = as.character(expression[[2L]]), expression = expression[[3L]]) else
      list(name = "", expression = expression)
  })
}

# The names that an expression takes from outside of itself.
names_used <- function(expression) {
  is_function <- is.call(expression) && identical(expression[[1L]], quote(`function`))
  made <- if (is_function) eval(expression, baseenv()) else
    as.function(list(expression), envir = baseenv())
  c(codetools::findGlobals(made), names_given_as_text(expression))
}

# do.call("f", ...) and the like.
names_given_as_text <- function(x) {
  if (!is.call(x)) return(character())
  takes_name <- is.symbol(x[[1L]]) &&
    as.character(x[[1L]]) %in% c("do.call", "match.fun", "lapply", "vapply", "Map", "Reduce", "get")
  own <- if (takes_name) Filter(is.character, as.list(x)[-1L])
  c(unlist(own), unlist(lapply(as.list(x)[-1L], names_given_as_text)))
}

r_files <- function(root) {
  setdiff(list.files(file.path(root, "R"), pattern = "\\.R$"), "RcppExports.R")
}

# A data frame: `caller` of `file` uses `callee` of the file `home`; `home` is NA for names that no
# file defines, such as functions of the engine.
r_calls <- function(root, files = r_files(root)) {
  definitions <- lapply(file.path(root, "R", files), r_definitions)
  names <- lapply(definitions, function(of_file) vapply(of_file, `[[`, "", "name"))
  home <- rep(files, lengths(names))
  rows <- Map(function(definition, file) {
    used <- unique(names_used(definition$expression))
    data.frame(file = rep(file, length(used)), caller = rep(definition$name, length(used)),
      callee = used)
  }, unlist(definitions, recursive = FALSE), home)
  calls <- do.call(rbind, unname(rows))
  calls$home <- home[match(calls$callee, unlist(names), incomparables = "")]
  calls
}

# A name has one definition: the later file would replace the other's in silence.
problems_of_twice <- function(root, files = r_files(root)) {
  names <- lapply(file.path(root, "R", files), function(path) {
    vapply(r_definitions(path), `[[`, "", "name")
  })
  home <- rep(files, lengths(names))
  names <- unlist(names)
  twice <- unique(names[duplicated(names) & nzchar(names)])
  vapply(twice, function(name) {
    sprintf("R/%s: `%s` is defined more than once; keep one",
      paste(unique(home[names == name]), collapse = ", R/"), name)
  }, "", USE.NAMES = FALSE)
}

# Ranks --------------------------------------------------------------------------------------------

# The number of the rank of each file; NA where it has none.
rank_of_files <- function(files, ranks) {
  place <- lapply(ranks, function(patterns) {
    found <- lapply(patterns, function(x) grepl(utils::glob2rx(x), files))
    Reduce(`|`, found, logical(length(files)))
  })
  matrix <- matrix(unlist(place), length(files))
  ifelse(rowSums(matrix) == 1L, max.col(matrix, "first"), NA)
}

problems_of_ranks <- function(files, ranks) {
  unknown <- files[is.na(rank_of_files(files, ranks))]
  patterns <- unlist(ranks)
  used <- vapply(patterns, function(x) any(grepl(utils::glob2rx(x), files)), NA)
  c(
    sprintf("R/%s: has no rank, or two; list it once in tools/r-ranks.R", unknown),
    sprintf("tools/r-ranks.R: `%s` is no file of R/; take it out", patterns[!used])
  )
}

problems_of_upward_calls <- function(calls, ranks) {
  from <- rank_of_files(calls$file, ranks)
  to <- rank_of_files(calls$home, ranks)
  up <- which(to > from)
  sprintf(
    paste(
      "R/%s: `%s` uses `%s` of R/%s, which is above it (%s, %s); move what both need to rank %s or",
      "lower"
    ),
    calls$file[up], calls$caller[up], calls$callee[up], calls$home[up], names(ranks)[from[up]],
    names(ranks)[to[up]], names(ranks)[from[up]]
  )
}

# Circles ------------------------------------------------------------------------------------------

# Files that reach each other by calls: a list of groups of two or more.
circles <- function(calls) {
  edges <- unique(calls[calls$file != calls$home, c("file", "home")])
  files <- unique(unlist(edges))
  reach <- matrix(FALSE, length(files), length(files), dimnames = list(files, files))
  reach[as.matrix(edges)] <- TRUE
  # Warshall: paths through each file in turn.
  for (k in files) reach <- reach | outer(reach[, k], reach[k, ], `&`)
  mutual <- reach & t(reach)
  groups <- lapply(files[diag(mutual)], function(file) sort(files[mutual[file, ]]))
  unique(groups)
}

problems_of_circles <- function(calls) {
  vapply(circles(calls), function(group) {
    inside <- calls[calls$file %in% group & calls$home %in% group & calls$file != calls$home, ]
    inside <- inside[!duplicated(inside[c("file", "home")]), ]
    shown <- sprintf("%s: `%s` uses `%s` of %s", inside$file, inside$caller, inside$callee,
      inside$home)
    paste0("R/", paste(group, collapse = ", R/"), ": call each other; move what both need into one",
      " file below them\n", paste0("    ", shown, collapse = "\n"))
  }, "")
}

# Engine -------------------------------------------------------------------------------------------

problems_of_engine_calls <- function(calls, callers) {
  engine <- calls[is.na(calls$home) & grepl("^[a-z_0-9]+_cpp$", calls$callee), ]
  outside <- engine[!engine$file %in% callers, ]
  c(
    sprintf("R/%s: `%s` calls the engine (%s); ask a file that may, or list it in tools/r-ranks.R",
      outside$file, outside$caller, outside$callee),
    sprintf("tools/r-ranks.R: R/%s does not call the engine; take it out of engine_callers",
      setdiff(callers, engine$file))
  )
}

problems_in_r <- function(root, ranks = r_ranks, callers = engine_callers) {
  files <- r_files(root)
  calls <- r_calls(root, files)
  own <- calls[!is.na(calls$home), ]
  c(
    problems_of_ranks(files, ranks), problems_of_upward_calls(own, ranks), problems_of_circles(own),
    problems_of_engine_calls(calls, callers), problems_of_twice(root, files)
  )
}
