# Runs the tests of the installed package; ends with one line of counts (of `test_that()` blocks).
library(testthat)
options(testthat.progress.max_fails = Inf)

results <- as.data.frame(test_dir(
  "tests/testthat",
  package = "henderson", load_package = "installed", stop_on_failure = FALSE,
  reporter = MultiReporter$new(list(CheckReporter$new(), ListReporter$new()))
))
failed <- results$failed > 0L | results$error
skipped <- results$skipped & !failed
cat(sprintf(
  "r: %d passed, %d failed, %d skipped\n", sum(!failed & !skipped), sum(failed), sum(skipped)
))
quit(status = as.integer(any(failed)))
