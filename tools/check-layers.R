# Checks that the layers stay layers: who includes whom in src/, who calls whom in R/ (r-layers.R,
# ranks in r-ranks.R), and that src/Makevars lists every object. Run at the root of the repository:
#   Rscript tools/check-layers.R            reports what is wrong and fails
#   Rscript tools/check-layers.R --objects  prints the list of objects that Makevars should have
#   Rscript tools/check-layers.R --write    writes that list into src/Makevars

# A folder of src/core may include itself and folders of a lower rank, never a sibling.
folder_rank <- c(
  base = 0, linalg = 1, covariance = 2, pedigree = 2, model = 3, equations = 4, likelihood = 5,
  coordinates = 6, information = 7, reml = 8, anova = 8, simulation = 8,
  bayes = 9, answers = 10
)
# Small dense decompositions are for the covariance matrices of a term, OrderingMethods for AMD;
# large dense work goes through linalg/kernels.h, the only reason for intrinsics.
core_system_headers <- c(
  "Eigen/Core", "Eigen/SparseCore", "Eigen/Cholesky", "Eigen/Eigenvalues", "Eigen/LU", "Eigen/QR",
  "Eigen/SVD", "Eigen/OrderingMethods", "immintrin.h"
)
glue_shared_headers <- c(
  "glue_checks.h", "glue_vectors.h", "glue_descent.h", "glue_callbacks.h", "glue_convert.h",
  "glue_answers.h", "glue_markers.h", "glue_single_step.h"
)

includes_of <- function(file) {
  lines <- grep("^\\s*#\\s*include", readLines(file, warn = FALSE), value = TRUE)
  pattern <- "^\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"].*$"
  data.frame(system = sub(pattern, "\\1", lines) == "<", header = sub(pattern, "\\2", lines))
}

problems_in_core_file <- function(file) {
  folder <- strsplit(file, "/")[[1]][3]
  own_rank <- folder_rank[folder]
  if (is.na(own_rank)) return(sprintf("%s: folder `%s` has no place in the layers", file, folder))
  includes <- includes_of(file)
  check_one <- function(system, header) {
    if (system) {
      if (!grepl("[./]", header) || header %in% core_system_headers) return(NULL)
      return(sprintf("%s: <%s> is not allowed in core", file, header))
    }
    parts <- strsplit(header, "/")[[1]]
    if (parts[1] != "core" || length(parts) < 3) {
      return(sprintf("%s: \"%s\" is not a path that begins with core/", file, header))
    }
    rank <- folder_rank[parts[2]]
    if (parts[2] == folder || isTRUE(rank < own_rank)) return(NULL)
    sprintf("%s: core/%s must not include core/%s", file, folder, parts[2])
  }
  unlist(Map(check_one, includes$system, includes$header))
}

problems_in_glue_file <- function(file) {
  includes <- includes_of(file)
  other_glue <- grepl("^glue_", includes$header) &
    !includes$header %in% c(glue_shared_headers, sub("cpp$", "h", basename(file)))
  sprintf("%s: must not include \"%s\"", rep(file, sum(other_glue)), includes$header[other_glue])
}

lacks_licence <- function(file) {
  first <- readLines(file, n = 1L, warn = FALSE)
  if (!grepl("SPDX-License-Identifier: GPL-3", first)) paste0(file, ": first line is no SPDX line")
}

objects_needed <- function() {
  files <- list.files("src", pattern = "\\.cpp$", recursive = TRUE)
  sub("\\.cpp$", ".o", files)
}

# The lines of Makevars from the first list to OBJECTS: one list per folder of src/core, in the
# order of the layers, and one for the glue.
object_lines <- function(objects) {
  folder <- ifelse(grepl("^core/", objects), sub("^core/([^/]+)/.*$", "\\1", objects), "glue")
  lists <- intersect(c("glue", names(folder_rank)), folder)
  lines <- vapply(lists, function(name) {
    members <- sort(objects[folder == name], method = "radix")
    paste0(toupper(name), " = ", paste(members, collapse = " \\\n  "))
  }, "")
  c(lines, paste0("OBJECTS = ", paste0("$(", toupper(lists), ")", collapse = " ")))
}

objects_listed <- function(makevars) {
  text <- gsub("\\\\\n", " ", paste(makevars, collapse = "\n"))
  words <- unlist(strsplit(grep("^[A-Z]+ *=", strsplit(text, "\n")[[1]], value = TRUE), "[ =]+"))
  grep("\\.o$", words, value = TRUE)
}

problems_in_makevars <- function() {
  listed <- objects_listed(readLines("src/Makevars"))
  needed <- objects_needed()
  c(
    sprintf("src/Makevars: %s is not listed", setdiff(needed, listed)),
    sprintf("src/Makevars: %s has no source file", setdiff(listed, needed))
  )
}

write_makevars <- function() {
  lines <- readLines("src/Makevars")
  begin <- grep("^# Objects:", lines)
  end <- grep("^\\.PHONY:", lines)
  writeLines(
    c(lines[seq_len(begin)], object_lines(objects_needed()), "", lines[end:length(lines)]),
    "src/Makevars"
  )
}

problems_in_cpp <- function() {
  files <- setdiff(cpp_files(), "src/RcppExports.cpp")
  core <- grepl("^src/core/", files)
  c(
    unlist(lapply(files[core], problems_in_core_file)),
    unlist(lapply(files[!core], problems_in_glue_file)),
    unlist(lapply(files, lacks_licence)), problems_in_makevars()
  )
}

cpp_files <- function() {
  list.files("src", pattern = "\\.(cpp|h)$", recursive = TRUE, full.names = TRUE)
}

# Of the tree at `root`, whose R files have these ranks.
layer_problems <- function(root = ".", ranks = r_ranks, callers = engine_callers) {
  old <- setwd(root)
  on.exit(setwd(old))
  c(problems_in_cpp(), problems_in_r(".", ranks, callers), problems_of_structure_tests("."))
}

main <- function(argument) {
  if (identical(argument, "--objects")) return(writeLines(object_lines(objects_needed())))
  if (identical(argument, "--write")) return(write_makevars())
  problems <- layer_problems()
  writeLines(problems)
  cat("Layers:", length(problems), "problems in", length(cpp_files()), "C++ files and",
    length(r_files(".")), "R files\n")
  if (length(problems) > 0L) quit(status = 1L)
}

# Tests take the functions alone.
if (sys.nframe() == 0L) {
  source("tools/r-ranks.R")
  source("tools/r-layers.R")
  source("tools/r-structures.R")
  main(commandArgs(trailingOnly = TRUE))
}
