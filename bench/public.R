# Models of the size that others have published times for: one genomic relationship matrix, social
# effects, and several traits on one matrix.
#   Rscript bench/public.R --part=grm [--lines=8000] [--threads=2] [name]
#   Rscript bench/public.R --part=social [--records=16000]
#   Rscript bench/public.R --part=traits [--lines=16000] [--traits=3]
# Each call fits one model and prints the page; with a name its row is kept in
# bench/results/<name>.rds, and the page of all rows there is written beside it.

source(file.path(dirname(sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))),
  "common.R"))
suppressPackageStartupMessages(library(henderson))

# Seconds that others published for ASReml-R 4.2 on 4 cores.
published <- c(grm = 496, social = 5422, traits = 550)

# Relationships of n unrelated lines by 10 000 markers, and breeding values of variance 1 from
# 1000 of them; blocks of markers keep the memory at that of the matrix.
lines_of <- function(n, n_traits = 1L) {
  M <- matrix(0L, n, 10000L, dimnames = list(paste0("L", seq_len(n)), NULL))
  for (j in seq_len(ncol(M))) M[, j] <- stats::rbinom(n, 2L, stats::runif(1L, 0.05, 0.5))
  G <- blend(grm(M), share = 0.01)
  u <- M[, sample(ncol(M), 1000L)] %*% matrix(stats::rnorm(1000 * n_traits), ncol = n_traits)
  list(G = G, u = scale(u))
}

# One record of each line.
grm_model <- function(n, n_traits) {
  lines <- lines_of(n)
  G <- lines$G
  data <- data.frame(line = rownames(G), y = lines$u[, 1L] + stats::rnorm(n))
  list(data = data, size = sprintf("%d lines, one record each", n),
    fit = function(control) {
      lmmfit(y ~ 1 + (1 | gr(line, cov = G)), data, control = control)
    })
}

# Pens of four young of 100 sires and 1000 dams, each with a record that the other three share in;
# animals are related by the pedigree.
social_model <- function(n, n_traits) {
  parents <- cbind(sample(100L, n, TRUE), 100L + sample(1000L, n, TRUE))
  ped <- pedigree(data.frame(id = seq_len(1100L + n), sire = c(rep(0, 1100L), parents[, 1L]),
    dam = c(rep(0, 1100L), parents[, 2L])))
  root <- chol(matrix(c(1, -0.1, -0.1, 0.15), 2L))
  u <- matrix(stats::rnorm(2 * (1100L + n)), ncol = 2L) %*% root
  young <- 1100L + seq_len(n)
  u[young, ] <- (u[parents[, 1L], ] + u[parents[, 2L], ]) / 2 + sqrt(0.5) * u[young, ]
  pens <- matrix(sample(young), ncol = 4L)
  data <- do.call(rbind, lapply(1:4, function(k) {
    data.frame(an = pens[, k], m1 = pens[, k %% 4L + 1L], m2 = pens[, (k + 1L) %% 4L + 1L],
      m3 = pens[, (k + 2L) %% 4L + 1L], pen = factor(seq_len(nrow(pens))))
  }))
  pen <- sqrt(0.3) * stats::rnorm(nrow(pens))
  data$y <- u[data$an, 1L] + u[data$m1, 2L] + u[data$m2, 2L] + u[data$m3, 2L] + pen[data$pen] +
    sqrt(1.2) * stats::rnorm(nrow(data))
  list(data = data, size = sprintf("%d records, pens of 4, pedigree", n),
    fit = function(control) {
      lmmfit(y ~ 1 + (1 | gr(direct = an, social = mm(m1, m2, m3), pedigree = ped)) + (1 | pen),
        data, control = control)
    })
}

# A record of every trait of each line.
traits_model <- function(n, n_traits) {
  lines <- lines_of(n, n_traits)
  G <- lines$G
  names <- paste0("y", seq_len(n_traits))
  data <- data.frame(line = rownames(G), lines$u + stats::rnorm(n * n_traits))
  names(data)[-1L] <- names
  formula <- stats::as.formula(sprintf("cbind(%s) ~ trait + us(0 + trait | gr(line, cov = G))",
    toString(names)))
  environment(formula) <- environment()
  list(data = data, size = sprintf("%d traits of %d lines", n_traits, n),
    fit = function(control) {
      lmmfit(formula, data, residual = ~ us(trait | unit), control = control)
    })
}

parts <- list(grm = grm_model, social = social_model, traits = traits_model)

row_of <- function(part, model, threads) {
  reset_peak()
  time <- system.time(fit <- model$fit(lmm_control(threads = threads)))
  data.frame(part = part, size = model$size, threads = threads, seconds = time[["elapsed"]],
    processor = time[["user.self"]] + time[["sys.self"]], memory = memory_mb("VmHWM") / 1024,
    iterations = fit$convergence$iterations, status = fit$convergence$status,
    published = published[[part]])
}

page <- function(rows) {
  c(
    "# Models that others have published times for", "", machine("henderson"), "",
    "| model | threads | seconds | processor seconds | memory, GB | iterations | status |",
    "|---|---:|---:|---:|---:|---:|---|",
    sprintf("| %s: %s | %d | %.1f | %.1f | %.1f | %d | %s |", rows$part, rows$size, rows$threads,
      rows$seconds, rows$processor, rows$memory, as.integer(rows$iterations), rows$status),
    "",
    "For ASReml-R 4.2 on 4 cores others published 496 s (8000 lines, one record each), 5422 s",
    "(social effects, 16 000 records) and 550 s (3 to 6 traits of 16 000 lines). Machines and data",
    "differ: theirs are not public, these are drawn by `bench/public.R`; the sizes alone are the",
    "same. Social effects here go by a pedigree. Memory is the largest resident size of the",
    "process during the fit, the relationship matrix and the data included."
  )
}

main <- function(arguments) {
  part <- option(arguments, "part", "grm")
  size <- option(arguments, if (part == "social") "records" else "lines",
    if (part == "grm") "8000" else "16000")
  set.seed(1)
  model <- parts[[part]](as.integer(size), as.integer(option(arguments, "traits", "3")))
  rows <- row_of(part, model, as.integer(option(arguments, "threads", "2")))
  name <- grep("^--", arguments, value = TRUE, invert = TRUE)
  if (length(name) == 1L) {
    kept <- file.path("bench/results", paste0(name, ".rds"))
    if (file.exists(kept)) {
      earlier <- readRDS(kept)
      rows <- rbind(earlier[earlier$size != rows$size, ], rows)
    }
    saveRDS(rows, kept)
    writeLines(page(rows), file.path("bench/results", paste0(name, ".md")))
  }
  writeLines(page(rows))
}

main(commandArgs(trailingOnly = TRUE))
