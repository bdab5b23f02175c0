# Runs the tests of the installed package; ends with one line of counts (of `test_that()` blocks).
# Arguments: which files (a pattern, all without) and what the line is called.
library(testthat)
options(testthat.progress.max_fails = Inf)
arguments <- commandArgs(trailingOnly = TRUE)
name <- if (length(arguments) > 1L) arguments[2L] else "r"

results <- as.data.frame(test_dir(
  "tests/testthat",
  filter = if (length(arguments) > 0L) arguments[1L],
  package = "henderson", load_package = "installed", stop_on_failure = FALSE,
  reporter = MultiReporter$new(list(CheckReporter$new(), ListReporter$new()))
))
failed <- results$failed > 0L | results$error
skipped <- results$skipped & !failed
cat(sprintf(
  "%s: %d passed, %d failed, %d skipped\n", name, sum(!failed & !skipped), sum(failed), sum(skipped)
))
quit(status = as.integer(any(failed)))
