# method = "Bayes" beside rstanarm on sleepstudy, under one prior:
#   Rscript bench/bayes-stan.R [--chains=2] [--iterations=2000] [--output=bench/results/stan.md]
# rstanarm's prior is decov(1, 1, 1, 1): LKJ(1), and of the standard deviations over sigma the mean
# square tau^2 with tau exponential and shares uniform; our draws are weighted from half-t priors to
# it. Priors of the fixed effects are flat, and wide. Means must agree within 3 Monte Carlo errors;
# independent draws per second of processor time are of the worst parameter, as in bench/bayes.R.

source("bench/common.R")
# stan_lmer() calls stan_glmer() by name, so the package is attached; ours masks its priors.
suppressMessages(library(rstanarm))
suppressMessages(library(henderson))

arguments <- commandArgs(trailingOnly = TRUE)
chains <- as.integer(option(arguments, "chains", "2"))
iterations <- as.integer(option(arguments, "iterations", "2000"))
output <- option(arguments, "output", "")
data("sleepstudy", package = "lme4")
formula <- Reaction ~ Days + (Days | Subject)

cpu <- function(code) {
  begin <- proc.time()
  value <- force(code)
  list(value = value, seconds = sum((proc.time() - begin)[c(1, 2, 4, 5)]))
}

theirs <- cpu(suppressWarnings(rstanarm::stan_lmer(formula, sleepstudy, chains = chains,
  prior = rstanarm::normal(0, 100), prior_intercept = rstanarm::normal(250, 500),
  prior_aux = rstanarm::cauchy(0, 50), prior_covariance = rstanarm::decov(1, 1, 1, 1),
  iter = iterations, refresh = 0, seed = 1, cores = 1)))
draws <- as.data.frame(theirs$value)
quantities <- function(s1, s2, r, s) {
  cbind(`SD of Subject.Intercept` = s1, `SD of Subject.Days` = s2, correlation = r,
    `SD of residual` = s)
}
S <- draws[grepl("^Sigma", names(draws))]
stan <- quantities(sqrt(S[[1]]), sqrt(S[[3]]), S[[2]] / sqrt(S[[1]] * S[[3]]), draws$sigma)
stan_ess <- apply(stan, 2, function(x) posterior::ess_bulk(matrix(x, ncol = chains)))

own <- function(draws) {
  lmmfit(formula, sleepstudy, method = "Bayes", draws = draws, seed = 1,
    prior = lmm_prior(Subject = half_t(3, 0, 40), Subject.cor = lkj(1),
      residual = half_cauchy(50)), control = lmm_control(threads = 1))
}
invisible(own(4000))
ours <- cpu(own(4000))
fit <- own(65536)
values <- fit$posterior$values
mine <- quantities(sqrt(values[, 1]), sqrt(values[, 3]), values[, 2] / sqrt(values[, 1] *
  values[, 3]), sqrt(values[, 4]))
log_decov <- function(q) {
  squares <- (q[, 1]^2 + q[, 2]^2) / q[, 4]^2
  tau <- sqrt(squares / 2)
  -tau - log(4 * tau) - log(squares) + log(4 * q[, 1] * q[, 2]) - 4 * log(q[, 4])
}
half_t_density <- function(s) log(2) + stats::dt(s / 40, 3, log = TRUE) - log(40)
weight <- fit$posterior$weight * exp(log_decov(mine) - half_t_density(mine[, 1]) -
  half_t_density(mine[, 2]))
weight <- weight / sum(weight)
mean_of <- function(x) colSums(weight * x)
sd_of <- function(x) sqrt(colSums(weight * sweep(x, 2, mean_of(x))^2))

gap <- (colMeans(stan) - mean_of(mine)) / (apply(stan, 2, sd) / sqrt(stan_ess))
sd_gap <- (apply(stan, 2, sd) / sd_of(mine) - 1) * sqrt(2 * stan_ess)
speed <- c(min(varcomp(ours$value)$ess) / ours$seconds, min(stan_ess) / theirs$seconds)
text <- c("# sleepstudy beside rstanarm, one prior", "",
  machine(c("henderson", "rstanarm")), "",
  "| | mean | rstanarm | apart, MC errors | SD | rstanarm | apart, MC errors |",
  "|---|---|---|---|---|---|---|",
  sprintf("| %s | %.4g | %.4g | %.1f | %.4g | %.4g | %.1f |", colnames(mine), mean_of(mine),
    colMeans(stan), gap, sd_of(mine), apply(stan, 2, sd), sd_gap), "",
  sprintf(paste("Independent draws of the worst parameter per second of processor time: %.0f;",
    "rstanarm %.1f (%d draws after %d of warm-up in %.1f s); ratio %.0f."), speed[1], speed[2],
  nrow(stan), chains * iterations %/% 2L, theirs$seconds, speed[1] / speed[2]))
if (nzchar(output)) writeLines(text, output) else writeLines(text)
