# method = "Bayes" beside brms, under one prior: half-t standard deviations, LKJ(2), flat fixed
# effects.
#   Rscript bench/bayes-brms.R [--chains=2] [--iterations=4000] [--rows=sleepstudy,animal]
#     [--boost=folder] [--output=bench/results/brms.md]
# sleepstudy, and an animal model. Means and standard deviations must agree within 3 Monte Carlo
# errors of both. `boost` is where the headers of Boost are if not in the package BH.

source("bench/common.R")
suppressMessages(library(henderson))
# Attached last: brms calls its own gr() by name.
suppressMessages(library(brms))

arguments <- commandArgs(trailingOnly = TRUE)
chains <- as.integer(option(arguments, "chains", "2"))
iterations <- as.integer(option(arguments, "iterations", "4000"))
wanted <- strsplit(option(arguments, "rows", "sleepstudy,animal"), ",")[[1]]
output <- option(arguments, "output", "")
boost <- option(arguments, "boost", "")
if (nzchar(boost)) invisible(rstan::rstan_options(boost_lib = boost))

cpu <- function(code) {
  begin <- proc.time()
  value <- force(code)
  list(value = value, seconds = sum((proc.time() - begin)[c(1, 2, 4, 5)]))
}

half <- function(class, scale) {
  brms::set_prior(sprintf("student_t(3, 0, %g)", scale), class = class)
}

# Of the compiled model: compilation is told apart.
by_brms <- function(formula, data, prior, data2 = NULL) {
  fit <- function(...) suppressWarnings(suppressMessages(brms::brm(..., refresh = 0, seed = 1)))
  made <- cpu(fit(formula, data, prior = prior, data2 = data2, chains = 0))
  run <- cpu(fit(fit = made$value, chains = chains, iter = iterations, cores = 1))
  list(draws = as.data.frame(run$value), seconds = run$seconds, compiled = made$seconds)
}

correlated <- function(v) cbind(sqrt(v[, 1]), sqrt(v[, 3]), v[, 2] / sqrt(v[, 1] * v[, 3]))

sleepstudy_row <- function() {
  data("sleepstudy", package = "lme4", envir = environment())
  formula <- Reaction ~ Days + (Days | Subject)
  theirs <- by_brms(brms::bf(formula), sleepstudy, c(half("sd", 50), half("sigma", 50),
    brms::set_prior("lkj(2)", class = "cor"), brms::set_prior("", class = "Intercept")))
  draws <- theirs$draws
  fit <- lmmfit(formula, sleepstudy, method = "Bayes", draws = 16384, seed = 1,
    prior = lmm_prior(Subject = half_t(3, 0, 50), residual = half_t(3, 0, 50)))
  v <- fit$posterior$values
  list(theirs = theirs, fit = fit,
    stan = as.matrix(draws[c("sd_Subject__Intercept", "sd_Subject__Days",
      "cor_Subject__Intercept__Days", "sigma", "b_Days")]),
    mine = cbind(correlated(v), sqrt(v[, 4]), fixed_draws_of(fit)[, 2]))
}

fixed_draws_of <- function(fit) {
  draws <- posterior::as_draws_matrix(posterior::as_draws(fit))
  unclass(draws)[, names(nlme::fixef(fit)), drop = FALSE]
}

# Two records each of 60 animals of a pedigree.
animal_row <- function() {
  set.seed(1)
  ped <- pedigree(data.frame(id = 1:60, sire = c(rep(NA, 20), sample(1:10, 40, TRUE)),
    dam = c(rep(NA, 20), sample(11:20, 40, TRUE))))
  A <- as.matrix(Amatrix(ped))
  data <- data.frame(animal = factor(rep(1:60, 2)), x = rnorm(120))
  data$y <- 1 + data$x / 2 + drop(t(chol(A)) %*% rnorm(60))[data$animal] + rnorm(120)
  theirs <- by_brms(brms::bf(y ~ x + (1 | gr(animal, cov = A))), data,
    c(half("sd", 3), half("sigma", 3), brms::set_prior("", class = "Intercept")), list(A = A))
  fit <- lmmfit(y ~ x + (1 | gr(animal, pedigree = ped)), data, method = "Bayes", draws = 16384,
    seed = 1, prior = lmm_prior(animal = half_t(3, 0, 3), residual = half_t(3, 0, 3)))
  list(theirs = theirs, fit = fit,
    stan = as.matrix(theirs$draws[c("sd_animal__Intercept", "sigma", "b_x")]),
    mine = cbind(sqrt(fit$posterior$values), fixed_draws_of(fit)[, 2]))
}

in_chains <- function(x) matrix(x, ncol = chains)

lines_of <- function(name, row) {
  weight <- row$fit$posterior$weight
  part <- row$fit$posterior$part
  mean <- colSums(weight * row$mine)
  sd <- sqrt(colSums(weight * sweep(row$mine, 2, mean)^2))
  own_error <- apply(row$mine, 2, function(x) {
    of_part <- function(k) sum(weight[k] * x[k]) / sum(weight[k])
    means <- vapply(split(seq_along(x), part), of_part, 0)
    stats::sd(means) / sqrt(length(means))
  })
  error <- apply(row$stan, 2, function(x) posterior::mcse_mean(in_chains(x)))
  sd_error <- apply(row$stan, 2, function(x) posterior::mcse_sd(in_chains(x)))
  ess <- min(apply(row$stan, 2, function(x) posterior::ess_bulk(in_chains(x))))
  c(paste("##", name), "",
    "| | mean | brms | apart, MC errors | SD | brms | apart, MC errors |",
    "|---|---|---|---|---|---|---|",
    sprintf("| %s | %.4g | %.4g | %.1f | %.4g | %.4g | %.1f |", colnames(row$stan), mean,
      colMeans(row$stan), (colMeans(row$stan) - mean) / sqrt(error^2 + own_error^2), sd,
      apply(row$stan, 2, stats::sd), (apply(row$stan, 2, stats::sd) - sd) / sd_error), "",
    sprintf("brms: %.0f s of CPU to compile, %.1f to sample; worst effective size %.0f.",
      row$theirs$compiled, row$theirs$seconds, ess), "")
}

rows <- list(sleepstudy = sleepstudy_row, animal = animal_row)
text <- c("# Beside brms, one prior", "", machine(c("henderson", "brms", "rstan")), "",
  unlist(lapply(wanted, function(name) lines_of(name, rows[[name]]()))))
if (nzchar(output)) writeLines(text, output) else writeLines(text)
