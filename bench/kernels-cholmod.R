# CHOLMOD, through Matrix, on the matrices that bench/kernels.cpp wrote:
#   sh bench/kernels.sh 1 all <directory> && Rscript bench/kernels-cholmod.R <directory>
# CPU seconds (user) of a second factorisation with the analysis at hand, best of three.
# One thread: set OPENBLAS_NUM_THREADS=1.
suppressMessages(library(Matrix))

read_lower <- function(file) {
  con <- file(file, "rb")
  on.exit(close(con))
  size <- readBin(con, "double", 2)
  start <- readBin(con, "integer", size[1] + 1)
  row <- readBin(con, "integer", size[2])
  value <- readBin(con, "double", size[2])
  new("dsCMatrix", i = row, p = start, x = value, Dim = as.integer(c(size[1], size[1])), uplo = "L")
}

cpu <- function(work) min(vapply(1:3, function(k) system.time(work())[["user.self"]], 0))

a <- matrix(0.5, 1500, 1500)
cat(sprintf("dgemm: %.1f GFlop/s\n", 2e-9 * 1500^3 / cpu(function() a %*% a)))
for (path in list.files(commandArgs(trailingOnly = TRUE)[1], "\\.bin$", full.names = TRUE)) {
  equations <- read_lower(path)
  factor <- Cholesky(equations, super = TRUE, LDL = FALSE)
  cat(sprintf(
    "%-10s %8d columns %7.2f Mentry %8.4f s\n", sub("\\.bin$", "", basename(path)),
    nrow(equations), length(factor@x) / 1e6, cpu(function() update(factor, equations))
  ))
}
