# lintr over the R code of the repository, with .lintr; fails on any lint.
files <- list.files(
  c("R", "tests", "tools", "bench", "inst/examples", "data-raw"),
  pattern = "\\.[Rr]$", recursive = TRUE, full.names = TRUE
)
files <- setdiff(files, "R/RcppExports.R")
lints <- do.call(c, lapply(files, lintr::lint))
for (lint in lints) {
  place <- sprintf("%s:%d:%d", basename(lint$filename), lint$line_number, lint$column_number)
  cat(place, lint$message, sprintf("[%s]\n", lint$linter))
}
cat("lintr:", length(lints), "lints in", length(files), "files\n")
quit(status = as.integer(length(lints) > 0L))
