# Large animal models without a factor: BLUP at known variances and REML by simulation, with time
# and peak memory of each in a process of its own (GNU time). Rows: blup, repeated, maternal, traits
# and curves (bench/large-models.R), and reml, reml-repeated, ...
#   Rscript bench/large.R [--sizes=1e5,1e6] [--rows=blup,reml] [--output=FILE]
#   Rscript bench/large.R --make=blup,1e6,PLACE   the data of a row, in two files of a folder
#   Rscript bench/large.R --cell=blup,1e6,PLACE   one cell: a line of numbers
# Run it with nothing else on the machine, or on a core of its own (`chrt -f 50 taskset -c 1`).

root <- if (file.exists("bench/common.R")) "bench" else "."
source(file.path(root, "common.R"))
source(file.path(root, "large-models.R"))
arguments <- commandArgs(trailingOnly = TRUE)

# Seconds of reading, of the pedigree (sorting and inbreeding), of the fit and of its engine, rounds
# and iterations.
run_cell <- function(row, n, place) {
  suppressPackageStartupMessages(library(henderson))
  seconds <- function(expression) system.time(expression)[["elapsed"]]
  of_reading <- seconds(d <- readRDS(file.path(place, "records.rds"))) +
    seconds(parents <- readRDS(file.path(place, "pedigree.rds")))
  of_pedigree <- seconds(ped <- pedigree(parents))
  rm(parents)
  model <- model_of(row)
  by_reml <- startsWith(row, "reml")
  environment(model$formula) <- environment()
  of_fit <- seconds(fit <- lmmfit(model$formula, d, hold = if (!by_reml) model$held,
    control = lmm_control(solver = "pcg")))
  rounds <- if (by_reml) fit$solver$search_rounds else fit$solver$rounds
  cat("cell", row, n, of_reading, of_pedigree, of_fit, fit$seconds, rounds,
    fit$convergence$iterations, nrow(d), fit$solver$reached, fit$parameters$estimate, "\n")
}

# A cell in a process of its own, under GNU time.
measured_cell <- function(row, n, place) {
  report <- tempfile()
  out <- system2("/usr/bin/time", c("-v", "-o", report, file.path(R.home("bin"), "Rscript"),
    file.path(root, "large.R"), sprintf("--cell=%s,%d,%s", row, as.integer(n), place)),
    stdout = TRUE)
  line <- strsplit(grep("^cell ", out, value = TRUE), " +")[[1L]]
  memory <- grep("Maximum resident", readLines(report), value = TRUE)
  numbers <- as.numeric(line[4:10])
  data.frame(row = row, animals = n, records = numbers[7L], reading = numbers[1L],
    pedigree = numbers[2L], fit = numbers[3L], engine = numbers[4L], rounds = numbers[5L],
    iterations = numbers[6L], memory = as.numeric(sub(".*: ", "", memory)) / 1e6)
}

# The slope of log time by log size over the sizes of a row.
growth <- function(table, column) {
  stats::coef(stats::lm(log(table[[column]]) ~ log(table$animals)))[[2L]]
}

write_table <- function(table, file) {
  number <- function(x) format(x, big.mark = ",", scientific = FALSE)
  rows <- sprintf("| %s | %s | %s | %.1f | %.1f | %.1f | %.1f | %.0f | %.0f | %.2f |",
    table$row, number(table$animals), number(table$records), table$reading, table$pedigree,
    table$fit, table$engine, table$rounds, table$iterations, table$memory)
  slopes <- vapply(split(table, table$row), function(own) {
    if (nrow(own) < 2L) return(NA_character_)
    sprintf("- %s: time of the fit grows as n^%.2f, memory as n^%.2f", own$row[1L],
      growth(own, "fit"), growth(own, "memory"))
  }, "")
  writeLines(c(
    "# Large animal models without a factor", "",
    "Seconds and peak memory (GB, of the process with its data, `/usr/bin/time -v`); `pedigree` is",
    "sorting and inbreeding, `engine` the part of `fit` in C++, `rounds` all those of a search. By",
    "`Rscript bench/large.R`.", "",
    paste("| row | animals | records | reading | pedigree | fit | engine | rounds | iterations |",
      "memory |"),
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|", rows, "", slopes[!is.na(slopes)]
  ), file)
}

# Of the rows that have several sizes.
draw_growth <- function(table, file) {
  grown <- table[table$row %in% table$row[duplicated(table$row)], ]
  if (nrow(grown) == 0L) return(invisible())
  growth_picture(data.frame(size = grown$animals, seconds = grown$fit, kind = grown$row), "animals",
    file)
}

main <- function() {
  sizes <- as.numeric(strsplit(option(arguments, "sizes", "1e5,1e6"), ",")[[1L]])
  rows <- strsplit(option(arguments, "rows", "blup,reml"), ",")[[1L]]
  file <- option(arguments, "output", file.path(root, "results", "large.md"))
  place <- tempfile("large")
  dir.create(place)
  table <- NULL
  for (n in sizes) {
    for (row in rows) {
      make <- sprintf("--make=%s,%d,%s", row, as.integer(n), place)
      system2(file.path(R.home("bin"), "Rscript"), c(file.path(root, "large.R"), make))
      table <- rbind(table, measured_cell(row, n, place))
      write_table(table[order(table$row, table$animals), ], file)
    }
  }
  unlink(place, recursive = TRUE)
  draw_growth(table, sub("[.]md$", ".png", file))
  print(table)
}

cell <- strsplit(option(arguments, "cell", ""), ",")[[1L]]
make <- strsplit(option(arguments, "make", ""), ",")[[1L]]
if (length(cell) > 0L) {
  run_cell(cell[1L], as.integer(as.numeric(cell[2L])), cell[3L])
} else if (length(make) > 0L) {
  make_data(make[1L], as.integer(as.numeric(make[2L])), make[3L])
} else {
  main()
}
