# What other packages test of their own users' view, each run on our own data.
#
#   Rscript bench/promises.R [file]    writes the table, by default
#                                      bench/results/promises-<date>.md
library(henderson)
for (file in c("helper-scripts.R", "helper-promises.R")) source(file.path("tests/testthat", file))

promises <- read_promises("tests/testthat/promises")
scope <- promise_scope()
found <- lapply(promises, judge_promise, scope)
peer <- vapply(promises, `[[`, "", "peer")
kind <- vapply(found, `[[`, "", "kind")
counts <- table(peer, kind)
in_table <- function(x) gsub("|", "\\|", gsub("\\s+", " ", x), fixed = TRUE)
rows <- Map(function(promise, found) {
  why <- if (found$kind == "missing") found$note else promise$different
  words <- c(same = "same", different = "different on purpose", missing = "missing")[[found$kind]]
  sprintf("| %s | %s | %s | %s |", promise$peer, in_table(promise$what), words,
    in_table(if (is.null(why)) "" else why))
}, promises, found)
arguments <- commandArgs(trailingOnly = TRUE)
file <- c(arguments, sprintf("bench/results/promises-%s.md", Sys.Date()))[1L]
writeLines(c(
  "# Promises of other packages", "",
  "What lme4, lmerTest, nlme and mmrm test for Gaussian models, as a user sees it, in our words",
  "and on our data: `tests/testthat/promises`, which `tests/testthat/test-promises.R` runs.",
  "`same` gives what the peer gives; `different on purpose` says why, and was run too.", "",
  paste("|", paste(c("package", colnames(counts)), collapse = " | "), "|"),
  paste("|", paste(rep("---", ncol(counts) + 1L), collapse = " | "), "|"),
  sprintf("| %s | %s |", rownames(counts), apply(counts, 1L, paste, collapse = " | ")), "",
  "| package | behaviour | here | why |", "| --- | --- | --- | --- |", unlist(rows)
), file)
