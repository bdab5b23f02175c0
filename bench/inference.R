# Time of tests of fixed effects: beside one more iteration of the fit, and beside pbkrtest on a
# crossed design. A fit keeps the information where it costs about an iteration; then its time is
# part of the fit's.
#   Rscript bench/inference.R [animals [crossed]]    seconds and ratios

suppressPackageStartupMessages(library(henderson))

seconds <- function(call) system.time(call)[["elapsed"]]

report <- function(what, ...) {
  values <- c(...)
  cat(sprintf("%-46s %s\n", what, paste(names(values), signif(values, 3), sep = " = ",
    collapse = ", ")))
}

# `make` fits anew: what was computed for one fit stays with it.
tests_of <- function(label, make) {
  fits <- lapply(1:3, function(i) make())
  K <- diag(length(fixef(fits[[1L]])))
  fit <- min(vapply(fits, function(fit) fit$seconds, 0))
  report(label, fit = fit, iteration = fit / (fits[[1L]]$convergence$iterations + 1),
    parameters = sum(fits[[1L]]$parameters$status == "free"),
    average = seconds(contest(fits[[1L]], K, information = "average")),
    Satterthwaite = seconds(contest(fits[[2L]], K)),
    `Kenward-Roger` = seconds(contest(fits[[3L]], K, ddf = "Kenward-Roger")))
}

animal_model <- function(n) {
  source("bench/peers-pedigree.R", local = TRUE)
  set.seed(1)
  pedigree <- simulate_pedigree(n)
  ids <- as.character(seq_len(n))
  table <- henderson::pedigree(data.frame(
    id = ids, sire = as.character(pedigree$sire), dam = as.character(pedigree$dam)
  ))
  half <- numeric(n)
  mendelian <- mendelian_variance(pedigree)
  for (i in seq_len(n)) {
    parents <- c(pedigree$sire[i], pedigree$dam[i])
    half[i] <- sum(half[parents[!is.na(parents)]]) / 2 + stats::rnorm(1, sd = sqrt(mendelian[i]))
  }
  data <- data.frame(
    animal = factor(ids), herd = factor(sample.int(20, n, TRUE)), x = stats::rnorm(n)
  )
  data$y <- half + stats::rnorm(20)[data$herd] + stats::rnorm(n)
  function() lmmfit(y ~ herd + x + (1 | gr(animal, pedigree = table)), data)
}

crossed <- function(n) {
  set.seed(2)
  a <- round(n / 30)
  b <- round(n / 60)
  data <- data.frame(
    a = factor(sample.int(a, n, TRUE)), b = factor(sample.int(b, n, TRUE)), trt = gl(4, 1, n),
    x = stats::rnorm(n)
  )
  data$y <- stats::rnorm(a)[data$a] + stats::rnorm(b)[data$b] + stats::rnorm(n)
  data
}

beside_pbkrtest <- function(n) {
  data <- crossed(n)
  formula <- y ~ trt + x + (1 | a) + (1 | b)
  fit <- lmmfit(formula, data)
  peer <- lme4::lmer(formula, data)
  K <- cbind(0, diag(4))
  theirs <- seconds(expected <- pbkrtest::KRmodcomp(peer, K)$stats)
  ours <- seconds(found <- contest(fit, K, ddf = "Kenward-Roger")$joint)
  report(paste("crossed,", n, "records"), pbkrtest = theirs, henderson = ours,
    ratio = theirs / ours, `ddf theirs` = expected$ddf, `ddf ours` = found$ddf)
}

repeated_measures <- function(n_subjects, n_visits) {
  set.seed(3)
  data <- expand.grid(visit = factor(seq_len(n_visits)), id = factor(seq_len(n_subjects)))
  data$trt <- factor(as.integer(data$id) %% 2L)
  data$y <- stats::rnorm(n_subjects)[data$id] + stats::rnorm(nrow(data))
  data <- data[stats::runif(nrow(data)) > 0.1, ]
  function() lmmfit(y ~ trt * visit, data, residual = ~ us(visit | id))
}

random_slopes <- function(n_subjects, n_visits) {
  set.seed(4)
  data <- expand.grid(time = seq_len(n_visits) - 1, id = factor(seq_len(n_subjects)))
  data$trt <- factor(as.integer(data$id) %% 2L)
  data$y <- stats::rnorm(n_subjects)[data$id] + stats::rnorm(nrow(data)) +
    0.5 * stats::rnorm(n_subjects)[data$id] * data$time
  function() lmmfit(y ~ time * trt + (time | id), data)
}

main <- function(animals, records) {
  tests_of("sleepstudy", function() {
    lmmfit(Reaction ~ Days + (1 + Days | Subject), lme4::sleepstudy)
  })
  tests_of("random slopes, 10 000 x 5", random_slopes(10000L, 5L))
  tests_of("repeated measures, 2000 x 10, us", repeated_measures(2000L, 10L))
  large <- crossed(50000L)
  tests_of("crossed, 50 000 records", function() {
    lmmfit(y ~ trt + x + (1 | a) + (1 | b), large)
  })
  tests_of(paste("animal model,", animals, "animals"), animal_model(animals))
  beside_pbkrtest(records)
}

arguments <- as.integer(c(commandArgs(TRUE), c("10000", "3000")[length(commandArgs(TRUE)) + 1:2]))
main(arguments[1L], arguments[2L])
