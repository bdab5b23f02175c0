# A trial at the size of a breeding programme: environments in which a part of all hybrids of inbred
# parents is seen in two plots, genomic relationships, factor analytic effects, a residual variance
# for each environment, in one fit. The size by default is that of Genomes to Fields.
#   Rscript bench/trial.R [--environments=217] [--hybrids=4300] [--seen=295] [--threads=2] [name]
# writes a line for each iteration to the standard error, prints a table of the fit and of how the
# simulated values came back, and with a name writes it to bench/results.

source(file.path(dirname(sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))),
  "common.R"))
suppressPackageStartupMessages(library(henderson))

# Hybrids of distinct pairs of inbred parents, in dosages of 1000 markers.
hybrids <- function(n) {
  n_parents <- ceiling(4 * sqrt(n))
  parents <- matrix(2 * stats::rbinom(n_parents * 1000, 1, 0.4), n_parents)
  pairs <- utils::combn(n_parents, 2)
  pairs <- pairs[, sample(ncol(pairs), n)]
  M <- (parents[pairs[1L, ], ] + parents[pairs[2L, ], ]) / 2
  rownames(M) <- paste0("h", seq_len(n))
  M
}

simulated_trial <- function(n_env, n, n_seen, k = 3L) {
  G <- blend(grm(hybrids(n)), share = 0.02)
  root <- t(chol(G))
  loadings <- cbind(stats::runif(n_env, 0.5, 1.2),
    matrix(stats::rnorm(n_env * (k - 1L), 0, 0.4), n_env))
  specific <- stats::runif(n_env, 0.1, 0.5)
  residual <- stats::runif(n_env, 0.5, 1.5)
  score <- root %*% matrix(stats::rnorm(n * k), n)
  plots <- lapply(seq_len(n_env), function(e) {
    line <- rep(sample(n, n_seen), 2L)
    own <- sqrt(specific[e]) * as.vector(root %*% stats::rnorm(n))
    y <- e / 10 + as.vector(score %*% loadings[e, ])[line] + own[line] +
      sqrt(residual[e]) * stats::rnorm(length(line))
    data.frame(env = e, hybrid = rownames(G)[line], y = y)
  })
  data <- do.call(rbind, plots)
  data$env <- factor(data$env)
  list(G = G, data = data, sigma = tcrossprod(loadings) + diag(specific), specific = specific,
    residual = residual)
}

# How far estimates are from the truth: root mean square of the difference as a share of the mean
# truth, and the correlation over all values.
recovered <- function(estimate, truth) {
  c(n = length(truth), truth = mean(truth), estimate = mean(estimate),
    error = sqrt(mean((estimate - truth)^2)), correlation = stats::cor(estimate, truth))
}

recovery_table <- function(fit, trial) {
  sigma <- as.matrix(VarCorr(fit)[[1L]])
  v <- varcomp(fit)
  upper <- upper.tri(sigma)
  rbind(
    `genetic variances` = recovered(diag(sigma), diag(trial$sigma)),
    `genetic covariances` = recovered(sigma[upper], trial$sigma[upper]),
    `genetic correlations` = recovered(stats::cov2cor(sigma)[upper],
      stats::cov2cor(trial$sigma)[upper]),
    `residual variances` = recovered(v$estimate[v$term == "residual"], trial$residual)
  )
}

page <- function(trial, fit, time, threads) {
  table <- recovery_table(fit, trial)
  big <- function(x) format(x, big.mark = ",")
  c(
    "# One fit of a trial at the size of a breeding programme", "", machine("henderson"), "",
    sprintf(paste("%s plots of %s hybrids in %d environments; G; fa(3); a residual variance for",
      "each environment; %s parameters; %d threads."), big(nrow(trial$data)),
      big(nrow(trial$G)), nlevels(trial$data$env), big(sum(varcomp(fit)$status != "held")),
      threads),
    "", "| minutes | processor minutes | iterations | status | -2 log-likelihood | memory, GB |",
    "|---:|---:|---:|---|---:|---:|",
    sprintf("| %.1f | %.1f | %d | %s | %.4f | %.1f |", time[["elapsed"]] / 60,
      (time[["user.self"]] + time[["sys.self"]]) / 60, fit$convergence$iterations,
      fit$convergence$status, -2 * as.numeric(stats::logLik(fit)), memory_mb("VmHWM") / 1024),
    "", "Estimates beside the values of the simulation:", "",
    "| | values | mean of truth | mean estimate | root mean square error | correlation |",
    "|---|---:|---:|---:|---:|---:|",
    sprintf("| %s | %d | %.3f | %.3f | %.3f | %.3f |", rownames(table),
      as.integer(table[, "n"]), table[, "truth"], table[, "estimate"], table[, "error"],
      table[, "correlation"])
  )
}

main <- function(arguments) {
  number <- function(name, default) as.integer(option(arguments, name, default))
  set.seed(1)
  trial <- simulated_trial(number("environments", "217"), number("hybrids", "4300"),
    number("seen", "295"))
  G <- trial$G
  threads <- number("threads", "2")
  time <- system.time(
    fit <- lmmfit(y ~ 0 + env + fa(0 + env | gr(hybrid, cov = G), k = 3), trial$data,
      residual = ~ diag(env), ddf = "none",
      control = lmm_control(trace = TRUE, threads = threads))
  )
  lines <- page(trial, fit, time, threads)
  writeLines(lines)
  name <- grep("^--", arguments, value = TRUE, invert = TRUE)
  if (length(name) == 1L) writeLines(lines, file.path("bench/results", paste0(name, ".md")))
}

main(commandArgs(trailingOnly = TRUE))
