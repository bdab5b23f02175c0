# Scans of markers: lines with four plots each, genotypes in a PLINK file that is made here.
#   Rscript bench/scan.R [--lines=2500] [--markers=100000] [--peer=10000] [name]
# prints a table, and with a name writes it to bench/results. --peer: so many of the markers by
# rrBLUP::GWAS (P3D) where it is installed, in the same run.

source(file.path(dirname(sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))),
  "common.R"))
suppressPackageStartupMessages(library(henderson))

# A .bed file of random genotypes, frequency 1/2, without a missing one.
write_markers <- function(prefix, n, m) {
  code <- c(0L, 2L, 2L, 3L)
  bytes <- as.matrix(expand.grid(code, code, code, code)) %*% c(1, 4, 16, 64)
  file <- file(paste0(prefix, ".bed"), "wb")
  on.exit(close(file))
  writeBin(as.raw(c(0x6c, 0x1b, 0x01)), file)
  for (first in seq(1, m, 1000)) {
    width <- min(1000, m - first + 1)
    writeBin(as.raw(sample(bytes, ceiling(n / 4) * width, replace = TRUE)), file)
  }
  writeLines(sprintf("%d s%d 0 %d A G", rep_len(1:20, m), seq_len(m), seq_len(m)),
    paste0(prefix, ".bim"))
  writeLines(sprintf("f L%d 0 0 0 -9", seq_len(n)), paste0(prefix, ".fam"))
}

clock <- function(expression) {
  time <- system.time(expression)
  c(seconds = time[["elapsed"]], cpu = time[["user.self"]] + time[["sys.self"]])
}

scan_rows <- function(n, m) {
  set.seed(1)
  prefix <- tempfile()
  write_markers(prefix, n, m)
  markers <- read_plink(prefix)
  rows <- list()
  rows[["grm()"]] <- clock(G <- grm(markers))
  d <- data.frame(line = rep(rownames(markers), each = 4), block = factor(rep(1:4, n)))
  genetic <- as.vector(t(chol(G + diag(1e-6, n))) %*% rnorm(n))
  d$y <- rep(genetic, each = 4) + rnorm(4 * n)
  rows[["fit"]] <- clock(fit <- lmmfit(y ~ block + (1 | gr(line, cov = G)), d))
  rows[["scan, exact"]] <- clock(exact <- scan(fit, markers))
  rows[["scan, calibrated"]] <- clock(near <- scan(fit, markers, denominators = "calibrated"))
  list(rows = rows, difference = max(abs(near$se / exact$se - 1), na.rm = TRUE), d = d,
    markers = markers, G = G, exact = exact)
}

# P3D of rrBLUP on means of lines: the statistics are of another scale, so only the time counts.
peer_row <- function(found, m) {
  if (m == 0 || !requireNamespace("rrBLUP", quietly = TRUE)) return(NULL)
  M <- t(as.matrix(found$markers)[, seq_len(m)]) - 1
  geno <- data.frame(marker = rownames(M), chrom = 1, pos = seq_len(m), M, check.names = FALSE)
  pheno <- stats::aggregate(y ~ line, found$d, mean)
  clock(rrBLUP::GWAS(pheno, geno, K = found$G, P3D = TRUE, plot = FALSE))
}

main <- function(arguments) {
  n <- as.numeric(option(arguments, "lines", "2500"))
  m <- as.numeric(option(arguments, "markers", "100000"))
  peer <- as.numeric(option(arguments, "peer", "10000"))
  reset_peak()
  found <- scan_rows(n, m)
  peak <- memory_mb("VmHWM")
  other <- peer_row(found, peer)
  label <- c(names(found$rows), if (!is.null(other)) paste("rrBLUP::GWAS,", peer, "markers"))
  times <- do.call(rbind, c(found$rows, list(other)))
  scanned <- ifelse(startsWith(label, "scan"), m, ifelse(startsWith(label, "rrBLUP"), peer, NA))
  lines <- c(
    paste("#", format(n, big.mark = ","), "lines with four plots,",
      format(m, big.mark = ",", scientific = FALSE), "markers"),
    "", machine("henderson"), "", "| step | seconds | processor | a marker |", "|---|---|---|---|",
    sprintf("| %s | %s | %s | %s |", label, format_time(times[, "seconds"]),
      format_time(times[, "cpu"]),
      ifelse(is.na(scanned), "", sprintf("%.1f us", 1e6 * times[, "cpu"] / scanned))),
    "", sprintf("Largest memory %.0f MB. Calibrated standard errors differ by at most %.2g.", peak,
      found$difference)
  )
  writeLines(lines)
  name <- grep("^--", arguments, value = TRUE, invert = TRUE)
  if (length(name) == 1L) writeLines(lines, file.path("bench/results", paste0(name, ".md")))
}

main(commandArgs(trailingOnly = TRUE))
