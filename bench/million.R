# An animal model of a million animals with one record each: BLUP with held variances, and REML.
#   Rscript bench/million.R [--rows=held,REML] [--threads=2] [--limit=3600] [--memory=24]
#                           [--output=FILE]
# Run it with nothing else on the machine. See README.md beside this file.

root <- if (file.exists("bench/peers.R")) "bench" else "."
for (script in c("common", "peers-pedigree", "peers-rows", "peers-programs", "peers-cells",
                 "peers-report")) {
  source(file.path(root, paste0(script, ".R")))
}

arguments <- commandArgs(trailingOnly = TRUE)
limits <- list(
  own_time = as.numeric(option(arguments, "limit", "3600")),
  memory = as.numeric(option(arguments, "memory", "24"))
)
output <- option(arguments, "output", file.path(root, "results", paste0("million-", Sys.Date())))
rows <- c(held = "animal-1000000-held", REML = "animal-1000000")
rows <- rows[strsplit(option(arguments, "rows", "held,REML"), ",")[[1L]]]
threads <- option(arguments, "threads", "2")
program <- sprintf("henderson, %s thread%s", threads, if (threads == "1") "" else "s")
cells <- list()
for (row in rows) {
  cells <- fit_row(row, program, limits, cells)
  write_report(cells, paste0(output, ".md"), limits, "a million animals")
}
message("Written: ", output, ".md")
