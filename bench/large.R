# Large animal models without a factor: BLUP at known variances and REML by simulation, with time
# and peak memory of each in a process of its own (GNU time).
#   Rscript bench/large.R [--sizes=1e5,1e6] [--rows=blup,reml] [--output=FILE]
#   Rscript bench/large.R --cell=blup,1e6     one cell: a line of numbers
# Run it with nothing else on the machine, or on a core of its own (`chrt -f 50 taskset -c 1`).
# Data: eight generations, heritability 0.3, one record an animal, herds of 50 and four seasons as
# fixed factors.

root <- if (file.exists("bench/common.R")) "bench" else "."
source(file.path(root, "common.R"))
arguments <- commandArgs(trailingOnly = TRUE)

# Parents by number; the parents of a generation are a twentieth of the one before as sires and a
# quarter as dams.
parents_of <- function(n) {
  size <- n %/% 8L
  sire <- dam <- rep(NA_integer_, n)
  for (g in 1:7) {
    born <- if (g < 7L) g * size + seq_len(size) else (7L * size + 1L):n
    first <- (g - 1L) * size
    sire[born] <- first + sample.int(size %/% 20L, length(born), TRUE)
    dam[born] <- first + size %/% 20L + sample.int(size %/% 4L, length(born), TRUE)
  }
  list(sire = sire, dam = dam)
}

records_of <- function(n, parents) {
  u <- rnorm(n, sd = sqrt(0.3))
  size <- n %/% 8L
  for (g in 1:7) {
    born <- if (g < 7L) g * size + seq_len(size) else (7L * size + 1L):n
    u[born] <- sqrt(0.5) * u[born] + (u[parents$sire[born]] + u[parents$dam[born]]) / 2
  }
  herd <- sample.int(n %/% 50L, n, TRUE)
  season <- sample.int(4L, n, TRUE)
  data.frame(
    y = rnorm(n %/% 50L)[herd] + rnorm(4L)[season] + u + rnorm(n, sd = sqrt(0.7)),
    animal = seq_len(n), herd = factor(herd), season = factor(season)
  )
}

# Seconds of the pedigree (sorting and inbreeding), of the fit and of its engine, rounds and
# iterations.
run_cell <- function(row, n) {
  suppressPackageStartupMessages(library(henderson))
  set.seed(1)
  parents <- parents_of(n)
  d <- records_of(n, parents)
  seconds <- function(expression) system.time(expression)[["elapsed"]]
  of_pedigree <- seconds(
    ped <- pedigree(data.frame(id = seq_len(n), sire = parents$sire, dam = parents$dam)))
  hold <- if (row == "blup") c(animal = 0.3, residual = 0.7)
  of_fit <- seconds(fit <- lmmfit(y ~ herd + season + (1 | gr(animal, pedigree = ped)), d,
    hold = hold, control = lmm_control(solver = "pcg")))
  cat("cell", row, n, of_pedigree, of_fit, fit$seconds, fit$solver$rounds,
    fit$convergence$iterations, fit$solver$reached, fit$parameters$estimate, "\n")
}

# A cell in a process of its own, under GNU time.
measured_cell <- function(row, n) {
  report <- tempfile()
  out <- system2("/usr/bin/time", c("-v", "-o", report, file.path(R.home("bin"), "Rscript"),
    file.path(root, "large.R"), sprintf("--cell=%s,%d", row, as.integer(n))), stdout = TRUE)
  line <- strsplit(grep("^cell ", out, value = TRUE), " +")[[1L]]
  memory <- grep("Maximum resident", readLines(report), value = TRUE)
  data.frame(row = row, animals = n, pedigree = as.numeric(line[4L]), fit = as.numeric(line[5L]),
    engine = as.numeric(line[6L]), rounds = as.integer(line[7L]), iterations = as.integer(line[8L]),
    memory = as.numeric(sub(".*: ", "", memory)) / 1e6)
}

# The slope of log time by log size over the sizes of a row.
growth <- function(table, column) {
  if (nrow(table) < 2L) return(NA_real_)
  stats::coef(stats::lm(log(table[[column]]) ~ log(table$animals)))[[2L]]
}

write_table <- function(table, file) {
  rows <- sprintf("| %s | %s | %.1f | %.1f | %.1f | %d | %d | %.2f |", table$row,
    format(table$animals, big.mark = ",", scientific = FALSE), table$pedigree, table$fit,
    table$engine, table$rounds, table$iterations, table$memory)
  slopes <- vapply(split(table, table$row), function(own) {
    sprintf("- %s: time of the fit grows as n^%.2f, memory as n^%.2f", own$row[1L],
      growth(own, "fit"), growth(own, "memory"))
  }, "")
  writeLines(c(
    "# Large animal models without a factor", "",
    "Seconds and peak memory (GB, of the process with its data, `/usr/bin/time -v`); `pedigree` is",
    "sorting and inbreeding, `engine` the part of `fit` in C++. By `Rscript bench/large.R`.", "",
    "| row | animals | pedigree | fit | engine | rounds | iterations | memory |",
    "|---|---:|---:|---:|---:|---:|---:|---:|", rows, "", slopes
  ), file)
}

main <- function() {
  sizes <- as.numeric(strsplit(option(arguments, "sizes", "1e5,1e6"), ",")[[1L]])
  rows <- strsplit(option(arguments, "rows", "blup,reml"), ",")[[1L]]
  file <- option(arguments, "output", file.path(root, "results", "large.md"))
  cells <- expand.grid(n = sizes, row = rows, stringsAsFactors = FALSE)
  table <- NULL
  for (i in seq_len(nrow(cells))) {
    table <- rbind(table, measured_cell(cells$row[i], cells$n[i]))
    write_table(table, file)
  }
  print(table)
}

cell <- option(arguments, "cell", "")
if (nzchar(cell)) {
  cell <- strsplit(cell, ",")[[1L]]
  run_cell(cell[1L], as.integer(as.numeric(cell[2L])))
} else {
  main()
}
