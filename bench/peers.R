# Times whole fits by henderson and by other R packages that can fit the same model, each in a fresh
# R process, and writes a table and a plot. See README.md beside this file.
#   Rscript bench/peers.R                                     all rows, all programs
#   Rscript bench/peers.R --rows=sleepstudy,animal-1000 --programs=henderson,lme4
#   options: --limit=600 (seconds a fit)  --own-limit=600 (for henderson)
#            --memory=16 (GiB a process)
#            --output=FILE (without .md)
#            --resume (keeps the cells in FILE.rds, fits the others)
# --rows and --programs take names, or beginnings of names where no name is meant exactly.

root <- if (file.exists("bench/peers.R")) "bench" else "."
for (script in c("common", "peers-pedigree", "peers-rows", "peers-programs", "peers-cells",
                 "peers-report")) {
  source(file.path(root, paste0(script, ".R")))
}

chosen <- function(names, wanted) {
  if (wanted == "") return(names)
  meant <- lapply(strsplit(wanted, ",")[[1L]], function(text) {
    if (text %in% names) text else names[startsWith(names, text)]
  })
  intersect(names, unlist(meant))
}

# A run that is cut while it writes leaves the cells of before.
save_cells <- function(cells, file) {
  part <- paste0(file, ".part")
  saveRDS(cells, part)
  invisible(file.rename(part, file))
}

run_table <- function(arguments) {
  rows <- chosen(names(bench_rows), option(arguments, "rows", ""))
  programs <- chosen(names(bench_programs), option(arguments, "programs", ""))
  limits <- list(
    time = as.numeric(option(arguments, "limit", "600")),
    own_time = as.numeric(option(arguments, "own-limit", "600")),
    memory = as.numeric(option(arguments, "memory", "16"))
  )
  output <- option(arguments, "output", file.path(root, "results", paste0("peers-", Sys.Date())))
  file <- paste0(output, ".rds")
  cells <- if ("--resume" %in% arguments && file.exists(file)) readRDS(file) else list()
  keep <- function(cells) {
    save_cells(cells, file)
    write_report(cells, paste0(output, ".md"), limits, "whole fits beside other packages")
    plot_animals(cells, paste0(output, ".png"))
  }
  for (row in rows) cells <- fit_row(row, programs, limits, cells, keep)
  if (length(cells) > 0L) keep(cells)
  message("Written: ", output, ".md")
}

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) == 4L && arguments[1L] == "--cell") {
  run_cell(arguments[2L], arguments[3L], arguments[4L])
} else {
  run_table(arguments)
}
