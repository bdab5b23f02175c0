# Single-step evaluation without a factor: all animals of a pedigree, a tenth of them with packed
# genotypes in a PLINK file, at known variances; time and peak memory of each fit in a process of
# its own (GNU time).
#   Rscript bench/single-step.R [--sizes=1e4,1e5] [--blend=0.05,0.2] [--output=FILE]
#   Rscript bench/single-step.R --make=1e5,PLACE        the data of a size, in files of a folder
#   Rscript bench/single-step.R --cell=0.05,1e5,PLACE   one cell: a line of numbers
# A size of n animals has n / 10 genotyped ones (the sires of the last three generations and others
# of the last two) and n / 2 markers, at most 50 000. Genes of unlinked markers are dropped through
# the pedigree 31 markers at a time, as the bits of integers, and written as they come.

root <- if (file.exists("bench/common.R")) "bench" else "."
source(file.path(root, "common.R"))
source(file.path(root, "large-models.R"))
arguments <- commandArgs(trailingOnly = TRUE)

bits <- 31L
markers_of <- function(n) min(n %/% 2L, 50000L)

# The genotyped animals: all sires of animals of the last three generations, then those born last.
genotyped_of <- function(n, parents) {
  late <- (5L * (n %/% 8L) + 1L):n
  sires <- unique(parents$sire[late])
  others <- setdiff(n:(6L * (n %/% 8L) + 1L), sires)
  young <- sample(others, n %/% 10L - length(sires))
  sort(c(sires, young))
}

with_ancestors <- function(rows, parents) {
  needed <- logical(length(parents$sire))
  needed[rows] <- TRUE
  for (i in rev(seq_along(needed))) {
    if (needed[i] && !is.na(parents$sire[i])) needed[c(parents$sire[i], parents$dam[i])] <- TRUE
  }
  which(needed)
}

random_words <- function(n) sample.int(.Machine$integer.max, n, TRUE)

# Words of 31 alleles whose bits are 1 with a frequency of one to four eighths.
founder_words <- function(n, eighths) {
  a <- random_words(n)
  b <- random_words(n)
  switch(eighths, bitwAnd(bitwAnd(a, b), random_words(n)), bitwAnd(a, b),
    bitwAnd(a, bitwOr(b, random_words(n))), a)
}

# list(a, b): the words of both parents' gametes. `born`: rows by generation; `sire`, `dam` within
# them.
dropped_words <- function(born, sire, dam, eighths) {
  a <- b <- integer(length(sire))
  a[born[[1L]]] <- founder_words(length(born[[1L]]), eighths)
  b[born[[1L]]] <- founder_words(length(born[[1L]]), eighths)
  gamete <- function(parent) {
    from <- random_words(length(parent))
    bitwOr(bitwAnd(a[parent], from), bitwAnd(b[parent], bitwNot(from)))
  }
  for (rows in born[-1L]) {
    own_a <- gamete(sire[rows])
    b[rows] <- gamete(dam[rows])
    a[rows] <- own_a
  }
  list(a = a, b = b)
}

# The bytes of a .bed file of one marker, from counts of its first allele.
bed_bytes <- function(counts) {
  codes <- c(3L, 2L, 0L)[counts + 1L]
  length(codes) <- 4L * ceiling(length(codes) / 4)
  codes[is.na(codes)] <- 0L
  four <- matrix(codes, 4L)
  as.raw(four[1L, ] + 4L * four[2L, ] + 16L * four[3L, ] + 64L * four[4L, ])
}

write_genotypes <- function(n, parents, genotyped, prefix, n_qtl_words = 20L) {
  rows <- with_ancestors(genotyped, parents)
  sire <- match(parents$sire[rows], rows)
  dam <- match(parents$dam[rows], rows)
  born <- split(seq_along(rows), pmin((rows - 1L) %/% (n %/% 8L), 7L))
  own <- match(genotyped, rows)
  m <- markers_of(n)
  value <- numeric(length(rows))
  bed <- file(paste0(prefix, ".bed"), "wb")
  on.exit(close(bed))
  writeBin(as.raw(c(0x6c, 0x1b, 0x01)), bed)
  for (word in seq_len(ceiling(m / bits))) {
    words <- dropped_words(born, sire, dam, sample.int(4L, 1L))
    for (bit in seq_len(min(bits, m - (word - 1L) * bits)) - 1L) {
      count <- function(rows) {
        bitwAnd(bitwShiftR(words$a[rows], bit), 1L) + bitwAnd(bitwShiftR(words$b[rows], bit), 1L)
      }
      if (word <= n_qtl_words) value <- value + rnorm(1L) * count(seq_along(rows))
      writeBin(bed_bytes(count(own)), bed)
    }
  }
  writeLines(sprintf("1 m%d 0 %d A G", seq_len(m), seq_len(m)), paste0(prefix, ".bim"))
  writeLines(sprintf("f %d 0 0 0 -9", genotyped), paste0(prefix, ".fam"))
  list(rows = rows, value = value)
}

make_genotyped_data <- function(n, place) {
  set.seed(1)
  parents <- parents_of(n)
  genotyped <- genotyped_of(n, parents)
  told <- write_genotypes(n, parents, genotyped, file.path(place, "genotypes"))
  saveRDS(data.frame(id = seq_len(n), sire = parents$sire, dam = parents$dam),
    file.path(place, "pedigree.rds"), compress = FALSE)
  records <- records_of(model_of("blup"), n, parents)
  records$y[told$rows] <- records$y[told$rows] + sqrt(0.3) * as.vector(scale(told$value))
  saveRDS(records, file.path(place, "records.rds"), compress = FALSE)
}

# Seconds of the pedigree, of the fit with reading the genotypes, and of its engine; rounds.
run_cell <- function(blend, n, place) {
  suppressPackageStartupMessages(library(henderson))
  seconds <- function(expression) system.time(expression)[["elapsed"]]
  d <- readRDS(file.path(place, "records.rds"))
  of_pedigree <- seconds(ped <- pedigree(readRDS(file.path(place, "pedigree.rds"))))
  genotypes <- read_plink(file.path(place, "genotypes"))
  formula <- y ~ herd + season + (1 | gr(animal, pedigree = ped, markers = genotypes,
    blend = blend))
  of_fit <- seconds(fit <- lmmfit(formula, d, hold = c(animal = 0.45, residual = 0.7),
    control = lmm_control(solver = "pcg")))
  cat("cell", blend, n, of_pedigree, of_fit, fit$seconds, fit$solver$rounds, fit$solver$reached,
    dim(genotypes), "\n")
}

measured_cell <- function(blend, n, place) {
  report <- tempfile()
  out <- system2("/usr/bin/time", c("-v", "-o", report, file.path(R.home("bin"), "Rscript"),
    file.path(root, "single-step.R"), sprintf("--cell=%s,%d,%s", blend, as.integer(n), place)),
    stdout = TRUE)
  line <- as.numeric(strsplit(grep("^cell ", out, value = TRUE), " +")[[1L]][-1L])
  memory <- grep("Maximum resident", readLines(report), value = TRUE)
  data.frame(animals = n, genotyped = line[8L], markers = line[9L], blend = blend,
    pedigree = line[3L], fit = line[4L], engine = line[5L], rounds = line[6L],
    memory = as.numeric(sub(".*: ", "", memory)) / 1e6)
}

report_lines <- function(cells) {
  whole <- function(x) format(x, big.mark = ",", scientific = FALSE, trim = TRUE)
  c(
    "# Single-step evaluation with packed genotypes, without a factor", "",
    paste("A tenth of the animals has genotypes, in a PLINK file; one record an animal; variances",
      "known; `Rscript bench/single-step.R`. Seconds of the fit are with reading the file; two",
      "threads."), "",
    "| animals | genotyped | markers | blend | pedigree s | fit s | engine s | rounds | peak GB |",
    "|---|---|---|---|---|---|---|---|---|",
    sprintf("| %s | %s | %s | %s | %.1f | %.1f | %.1f | %d | %.2f |", whole(cells$animals),
      whole(cells$genotyped), whole(cells$markers), cells$blend, cells$pedigree, cells$fit,
      cells$engine, as.integer(cells$rounds), cells$memory)
  )
}

main <- function() {
  cell <- strsplit(option(arguments, "cell", ""), ",")[[1L]]
  if (length(cell) == 3L) return(run_cell(as.numeric(cell[1L]), as.numeric(cell[2L]), cell[3L]))
  make <- strsplit(option(arguments, "make", ""), ",")[[1L]]
  if (length(make) == 2L) return(make_genotyped_data(as.integer(as.numeric(make[1L])), make[2L]))
  numbers <- function(text) as.numeric(strsplit(text, ",")[[1L]])
  sizes <- as.integer(numbers(option(arguments, "sizes", "1e4,1e5")))
  blends <- numbers(option(arguments, "blend", "0.05,0.1,0.2"))
  place <- tempfile("single-step")
  dir.create(place)
  on.exit(unlink(place, recursive = TRUE))
  cells <- do.call(rbind, lapply(sizes, function(n) {
    make_genotyped_data(n, place)
    do.call(rbind, lapply(blends, measured_cell, n, place))
  }))
  writeLines(report_lines(cells),
    option(arguments, "output", file.path(root, "results", "single-step.md")))
}

main()
