# Simulation-based calibration of method = "Bayes" (Talts, Betancourt, Simpson, Vehtari & Gelman
# 2018, arXiv 1804.06788): parameters from the prior, data from them, and the posterior probability
# below the truth, which must be uniform.
#   Rscript bench/calibration.R [--n=1000] [--first=1] [--rows=slopes,boundary]
#     [--sampler=importance|hmc|gibbs|chosen] [--draws=512]
#     [--output=bench/results/calibration] [--ranks=folder]
# `chosen` is the sampler that a fit takes when none is asked for.
# `first` is the number of the first of the n data sets: other numbers are other data. Ranks that
# the folder has are not computed again.
# Of weighted draws it is the sum of the weights below the truth. Draws of chains are thinned until
# they are as many as their effective size, and give the rank of the truth among them.
# For each parameter: the largest distance of the distribution function from that of the uniform,
# the p-value of Kolmogorov and Smirnov, and a picture with its simultaneous 95 % band.

source("bench/common.R")
suppressMessages(library(henderson))
source("bench/calibration-rows.R")

arguments <- commandArgs(trailingOnly = TRUE)
n <- as.integer(option(arguments, "n", "1000"))
first <- as.integer(option(arguments, "first", "1"))
sampler <- option(arguments, "sampler", "importance")
is_chain <- sampler %in% c("hmc", "gibbs")
draws <- as.integer(option(arguments, "draws", if (is_chain) "640" else "512"))
models <- if (sampler == "gibbs") conjugate_rows else rows
wanted <- strsplit(option(arguments, "rows", paste(names(models), collapse = ",")), ",")[[1]]
output <- option(arguments, "output", "")
folder <- option(arguments, "ranks", "")

`%||%` <- function(x, y) if (is.null(x)) y else x

# The numbers of draws that are nearly independent: all chains thinned alike. Where an effective
# size does not exist, as of chains that stood still, it is that of one draw a chain.
independent <- function(fit) {
  part <- fit$posterior$part
  table <- varcomp(fit)
  size <- c(table$ess, table$ess_tail)
  size[is.na(size)] <- max(part)
  step <- ceiling(length(part) / max(min(size), max(part)))
  unlist(lapply(split(seq_along(part), part), function(own) own[seq.int(1L, length(own), step)]))
}

below <- function(fit, truth) {
  values <- fit$posterior$values
  if (fit$posterior$sampler == "importance") {
    return(vapply(seq_along(truth), function(j) {
      sum(fit$posterior$weight[values[, j] < truth[j]])
    }, 0))
  }
  kept <- independent(fit)
  rank <- colSums(sweep(values[kept, , drop = FALSE], 2L, truth, "<"))
  (rank + runif(length(truth))) / (length(kept) + 1L)
}

ranks_of <- function(row, k) {
  made <- row$make()
  fit <- suppressWarnings(lmmfit(row$formula, made$data, residual = row$residual %||% ~iid,
    method = "Bayes", prior = row$prior, draws = draws, seed = k,
    sampler = if (sampler != "chosen") sampler))
  above <- contest(fit, diag(length(made$beta)), rhs = made$beta)$table$above
  stats::setNames(c(below(fit, made$truth), 1 - above),
    c(varcomp(fit)$parameter, names(fixef(fit))))
}

# Distances of the distribution functions of the ranks from the diagonal, in the band of Kolmogorov
# and Smirnov.
draw_bands <- function(ranks, name) {
  band <- 1.36 / sqrt(ncol(ranks))
  graphics::plot(c(0, 1), c(-1, 1) * 1.6 * band, type = "n", main = name, xlab = "", ylab = "")
  graphics::abline(h = c(-band, 0, band), col = "grey60", lty = c(2, 1, 2))
  colours <- grDevices::hcl.colors(nrow(ranks), "Dark 2")
  for (k in seq_len(nrow(ranks))) {
    at <- sort(ranks[k, ])
    graphics::lines(at, seq_along(at) / length(at) - at, type = "s", col = colours[k], lwd = 1.5)
  }
  graphics::legend("topright", rownames(ranks), col = colours, lwd = 1.5, bty = "n", cex = 0.7)
}

draw_all <- function(found, file) {
  columns <- min(3L, length(found))
  n_rows <- ceiling(length(found) / columns)
  grDevices::png(file, 330 * columns, 230 * n_rows + 30)
  on.exit(grDevices::dev.off())
  graphics::par(mfrow = c(n_rows, columns), mar = c(2, 2.5, 2, 0.5), oma = c(1.5, 1.5, 0, 0),
    mgp = c(1.5, 0.5, 0))
  for (name in names(found)) draw_bands(found[[name]], name)
  graphics::mtext("posterior probability below the truth", 1, outer = TRUE, cex = 0.8)
  graphics::mtext("distribution function less the diagonal", 2, outer = TRUE, cex = 0.8)
}

# Each data set has its own seed, and the folder gets them in pieces: what was interrupted goes on
# where it was.
piece <- 50L

ranks_between <- function(name, k) {
  file <- file.path(folder, sprintf("%s-%s-%d-%d.rds", sampler, name, draws, max(k)))
  if (nzchar(folder) && file.exists(file)) return(readRDS(file))
  ranks <- lapply(k, function(k) {
    set.seed(100000L * match(name, names(models)) + k)
    ranks_of(models[[name]], k)
  })
  ranks <- do.call(cbind, ranks)
  if (nzchar(folder)) saveRDS(ranks, file)
  ranks
}

found <- lapply(stats::setNames(nm = wanted), function(name) {
  do.call(cbind, lapply(split(seq_len(n), (seq_len(n) - 1L) %/% piece), function(k) {
    ranks_between(name, first - 1L + k)
  }))
})
if (nzchar(output)) draw_all(found, paste0(output, ".png"))

table <- do.call(rbind, lapply(wanted, function(name) {
  test <- apply(found[[name]], 1L, function(r) suppressWarnings(ks.test(r, "punif")))
  data.frame(row = name, parameter = names(test), distance = vapply(test, `[[`, 0, "statistic"),
    p = vapply(test, `[[`, 0, "p.value"))
}))
text <- c(sprintf("# Calibration: %d data sets each, sampler %s", n, sampler), "",
  "| model | parameter | largest distance | p (Kolmogorov-Smirnov) |", "|---|---|---|---|",
  sprintf("| %s | %s | %.3f | %.3f |", table$row, table$parameter, table$distance, table$p))
if (nzchar(output)) writeLines(text, paste0(output, ".md")) else writeLines(text)
