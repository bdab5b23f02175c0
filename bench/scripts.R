# Scripts as the users of other programs type them, each with what came of it.
#
#   Rscript bench/scripts.R [file]      writes the table, by default bench/results/scripts-<date>.md
library(henderson)
source("tests/testthat/helper-scripts.R")

outcome <- function(script) {
  found <- run_script(script)
  # The first lines say what is wrong, the others what to write.
  remedy <- trimws(strsplit(found$message, "\n?\u2139|\n?i ")[[1L]])
  text <- if (found$outcome == "runs") sprintf("%.0e", abs(found$difference)) else
    gsub("\\s+", " ", paste(remedy[-1L], collapse = " "))
  if (!nzchar(text)) text <- gsub("\\s+", " ", found$message)
  beside <- deparse(if (is.call(script$same)) script$same[[1L]] else quote(none))
  list(outcome = found$outcome, row = sprintf("| %s | %s | %s | %s | %s |", script$program,
    script$title, found$outcome, if (found$outcome == "runs") beside else "",
    gsub("|", "\\|", text, fixed = TRUE)))
}

arguments <- commandArgs(trailingOnly = TRUE)
file <- c(arguments, sprintf("bench/results/scripts-%s.md", Sys.Date()))[1L]
scripts <- read_scripts("tests/testthat/scripts")
found <- lapply(scripts, outcome)
program <- vapply(scripts, `[[`, "", "program")
counts <- table(program, vapply(found, `[[`, "", "outcome"))
writeLines(c(
  "# Scripts of other programs", "",
  "The scripts are in `tests/testthat/scripts`, typed as users of the program type them, with",
  paste("`lmmfit()` as the name of the call. A script that runs has the -2 log-likelihood of the",
    "same model"),
  "(`beside`: `lmmfit` is our own grammar, the others are the peers), and the last column has the",
  "difference; a script that is refused has there what the message says to write.", "",
  paste("|", paste(c("program", colnames(counts)), collapse = " | "), "|"),
  paste("|", paste(rep("---", ncol(counts) + 1L), collapse = " | "), "|"),
  sprintf("| %s | %s |", rownames(counts), apply(counts, 1L, paste, collapse = " | ")), "",
  "| program | script | outcome | beside | difference, or what to write |",
  "| --- | --- | --- | --- | --- |", vapply(found, `[[`, "", "row")
), file)
