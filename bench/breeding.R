# Relationships by markers, GBLUP with a singular and a definite G, and ten traits in reduced rank.
#   Rscript bench/breeding.R [--part=grm|gblup|traits] [--lines=3000] [--markers=50000] [name]
# prints a table, and with a name writes it to bench/results.

source(file.path(dirname(sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))),
  "common.R"))
suppressPackageStartupMessages(library(henderson))

clock <- function(expression) {
  time <- system.time(expression)
  c(seconds = time[["elapsed"]], cpu = time[["user.self"]] + time[["sys.self"]])
}

random_markers <- function(n, m) {
  set.seed(1)
  M <- vapply(stats::runif(m, 0.05, 0.5), function(p) stats::rbinom(n, 2, p), integer(n))
  rownames(M) <- paste0("L", seq_len(n))
  M
}

grm_rows <- function(n, m) {
  M <- random_markers(n, m)
  rows <- list(`VanRaden 1, no gaps` = clock(grm(M)),
    `VanRaden 2` = clock(grm(M, "VanRaden2")))
  M[sample(length(M), length(M) / 100)] <- NA
  rows[["VanRaden 1, 1 % missing"]] <- clock(suppressMessages(grm(M)))
  rows
}

# One record of each line but a tenth, which have none.
gblup_rows <- function(n) {
  G <- grm(random_markers(n, 2 * n))
  d <- data.frame(line = rownames(G), y = as.vector(scale(G[, 1:200] %*% rnorm(200))) + rnorm(n))
  d <- d[-seq_len(n / 10), ]
  kinds <- list(singular = G, definite = blend(G, share = 0.01))
  rows <- lapply(kinds, function(K) {
    own <- list(fit = clock(fit <- lmmfit(y ~ 1 + (1 | gr(line, cov = K)), d)))
    values <- stats::setNames(varcomp(fit)$estimate, varcomp(fit)$parameter)
    own$held <- clock(held <- lmmfit(y ~ 1 + (1 | gr(line, cov = K)), d, hold = values))
    own$reliabilities <- clock(reliability(held))
    own
  })
  unlist(rows, recursive = FALSE)
}

# Ten traits of two factors, animals of 100 sires and 1000 dams.
trait_rows <- function(n, n_traits = 10L) {
  set.seed(2)
  family <- data.frame(id = seq_len(n), sire = 0, dam = 0)
  young <- seq.int(1101, n)
  family$sire[young] <- sample(100, length(young), TRUE)
  family$dam[young] <- 100 + sample(1000, length(young), TRUE)
  loadings <- cbind(stats::runif(n_traits, 0.5, 1), stats::rnorm(n_traits, 0, 0.5))
  u <- matrix(stats::rnorm(2 * n), n)
  u[young, ] <- (u[family$sire[young], ] + u[family$dam[young], ]) / 2 + sqrt(0.5) * u[young, ]
  d <- data.frame(id = seq_len(n), u %*% t(loadings) + stats::rnorm(n * n_traits))
  names(d)[-1L] <- paste0("y", seq_len(n_traits))
  ped <- pedigree(family)
  formula <- stats::as.formula(paste("cbind(", toString(names(d)[-1L]),
    ") ~ trait + rr(0 + trait | gr(id, pedigree = ped), k = 2)"))
  list(`10 traits, rr(2)` = clock(lmmfit(formula, d, residual = ~ diag(trait))))
}

main <- function(arguments) {
  part <- option(arguments, "part", "grm")
  n <- as.numeric(option(arguments, "lines", "3000"))
  m <- as.numeric(option(arguments, "markers", "50000"))
  reset_peak()
  rows <- switch(part, grm = grm_rows(n, m), gblup = gblup_rows(n), traits = trait_rows(n))
  times <- do.call(rbind, rows)
  lines <- c(
    paste("#", part, format(n, big.mark = ",")), "", machine("henderson"), "",
    "| step | seconds | processor |", "|---|---|---|",
    sprintf("| %s | %s | %s |", names(rows), format_time(times[, "seconds"]),
      format_time(times[, "cpu"])),
    "", sprintf("Largest memory %.0f MB.", memory_mb("VmHWM"))
  )
  writeLines(lines)
  name <- grep("^--", arguments, value = TRUE, invert = TRUE)
  if (length(name) == 1L) writeLines(lines, file.path("bench/results", paste0(name, ".md")))
}

main(commandArgs(trailingOnly = TRUE))
