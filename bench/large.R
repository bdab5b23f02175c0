# Large animal models without a factor: BLUP at known variances and REML by simulation, with time
# and peak memory of each in a process of its own (GNU time).
#   Rscript bench/large.R [--sizes=1e5,1e6] [--rows=blup,reml] [--output=FILE]
#   Rscript bench/large.R --make=1e6,PLACE        the data of a size, in two files of a folder
#   Rscript bench/large.R --cell=blup,1e6,PLACE   one cell: a line of numbers
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

make_data <- function(n, place) {
  set.seed(1)
  parents <- parents_of(n)
  saveRDS(data.frame(id = seq_len(n), sire = parents$sire, dam = parents$dam),
    file.path(place, "pedigree.rds"), compress = FALSE)
  saveRDS(records_of(n, parents), file.path(place, "records.rds"), compress = FALSE)
}

# Seconds of reading, of the pedigree (sorting and inbreeding), of the fit and of its engine, rounds
# and iterations.
run_cell <- function(row, n, place) {
  suppressPackageStartupMessages(library(henderson))
  seconds <- function(expression) system.time(expression)[["elapsed"]]
  of_reading <- seconds(d <- readRDS(file.path(place, "records.rds"))) +
    seconds(parents <- readRDS(file.path(place, "pedigree.rds")))
  of_pedigree <- seconds(ped <- pedigree(parents))
  rm(parents)
  hold <- if (row == "blup") c(animal = 0.3, residual = 0.7)
  of_fit <- seconds(fit <- lmmfit(y ~ herd + season + (1 | gr(animal, pedigree = ped)), d,
    hold = hold, control = lmm_control(solver = "pcg")))
  rounds <- if (row == "blup") fit$solver$rounds else fit$solver$search_rounds
  cat("cell", row, n, of_reading, of_pedigree, of_fit, fit$seconds, rounds,
    fit$convergence$iterations, fit$solver$reached, fit$parameters$estimate, "\n")
}

# A cell in a process of its own, under GNU time.
measured_cell <- function(row, n, place) {
  report <- tempfile()
  out <- system2("/usr/bin/time", c("-v", "-o", report, file.path(R.home("bin"), "Rscript"),
    file.path(root, "large.R"), sprintf("--cell=%s,%d,%s", row, as.integer(n), place)),
    stdout = TRUE)
  line <- strsplit(grep("^cell ", out, value = TRUE), " +")[[1L]]
  memory <- grep("Maximum resident", readLines(report), value = TRUE)
  numbers <- as.numeric(line[4:9])
  data.frame(row = row, animals = n, reading = numbers[1L], pedigree = numbers[2L],
    fit = numbers[3L], engine = numbers[4L], rounds = numbers[5L], iterations = numbers[6L],
    memory = as.numeric(sub(".*: ", "", memory)) / 1e6)
}

# The slope of log time by log size over the sizes of a row.
growth <- function(table, column) {
  if (nrow(table) < 2L) return(NA_real_)
  stats::coef(stats::lm(log(table[[column]]) ~ log(table$animals)))[[2L]]
}

write_table <- function(table, file) {
  rows <- sprintf("| %s | %s | %.1f | %.1f | %.1f | %.1f | %.0f | %.0f | %.2f |", table$row,
    format(table$animals, big.mark = ",", scientific = FALSE), table$reading, table$pedigree,
    table$fit, table$engine, table$rounds, table$iterations, table$memory)
  slopes <- vapply(split(table, table$row), function(own) {
    sprintf("- %s: time of the fit grows as n^%.2f, memory as n^%.2f", own$row[1L],
      growth(own, "fit"), growth(own, "memory"))
  }, "")
  writeLines(c(
    "# Large animal models without a factor", "",
    "Seconds and peak memory (GB, of the process with its data, `/usr/bin/time -v`); `pedigree` is",
    "sorting and inbreeding, `engine` the part of `fit` in C++, `rounds` all those of a search. By",
    "`Rscript bench/large.R`.", "",
    "| row | animals | reading | pedigree | fit | engine | rounds | iterations | memory |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|", rows, "", slopes
  ), file)
}

main <- function() {
  sizes <- as.numeric(strsplit(option(arguments, "sizes", "1e5,1e6"), ",")[[1L]])
  rows <- strsplit(option(arguments, "rows", "blup,reml"), ",")[[1L]]
  file <- option(arguments, "output", file.path(root, "results", "large.md"))
  place <- tempfile("large")
  dir.create(place)
  table <- NULL
  for (n in sizes) {
    make <- c(file.path(root, "large.R"), sprintf("--make=%d,%s", as.integer(n), place))
    system2(file.path(R.home("bin"), "Rscript"), make)
    for (row in rows) {
      table <- rbind(table, measured_cell(row, n, place))
      write_table(table[order(table$row, table$animals), ], file)
    }
  }
  unlink(place, recursive = TRUE)
  print(table)
}

cell <- strsplit(option(arguments, "cell", ""), ",")[[1L]]
make <- strsplit(option(arguments, "make", ""), ",")[[1L]]
if (length(cell) > 0L) {
  run_cell(cell[1L], as.integer(as.numeric(cell[2L])), cell[3L])
} else if (length(make) > 0L) {
  make_data(as.integer(as.numeric(make[1L])), make[2L])
} else {
  main()
}
