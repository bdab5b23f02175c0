# Draws of method = "Bayes" per second of processor time, beside MCMCglmm, in one run:
#   Rscript bench/bayes.R [--rows=sleepstudy,us3] [--output=bench/results/bayes.md]
# Both have one thread and one prior each of its own kind (half-t here; MCMCglmm with its parameter
# expansion, which is half-Cauchy). What counts are independent draws of the worst variance
# parameter: (posterior sd / Monte Carlo error of the mean)^2, the error over the sequences of an
# importance sampler, by coda::effectiveSize() of a chain. An error over eight sequences is itself
# uncertain, so its square is the mean over fits with several seeds; the time is the least of them.

source("bench/common.R")
library(henderson)

arguments <- commandArgs(trailingOnly = TRUE)
wanted <- strsplit(option(arguments, "rows", "sleepstudy,us3,animal-1000,animal-10000,InstEval"),
  ",")[[1]]
output <- option(arguments, "output", "")

us3_data <- function() {
  set.seed(1)
  n <- 2000
  L <- matrix(c(1, 0.3, 0.2, 0, 0.8, -0.3, 0, 0, 0.6), 3)
  u <- matrix(rnorm(3 * n), n) %*% t(L)
  data <- data.frame(id = gl(n, 10), x = rep(seq(-1, 1, length.out = 10), n))
  data$z <- rnorm(nrow(data))
  data$y <- 1 + data$x + rowSums(u[data$id, ] * cbind(1, data$x, data$z)) + rnorm(nrow(data))
  data
}

animal_data <- function(n) {
  set.seed(2)
  generations <- 8
  size <- n %/% generations
  parents <- function(g) (g - 2) * size + seq_len(size)
  sire <- dam <- rep(NA_integer_, n)
  for (g in 2:generations) {
    own <- (g - 1) * size + seq_len(size)
    sire[own] <- sample(parents(g)[seq_len(max(1, size %/% 20))], size, TRUE)
    dam[own] <- sample(parents(g)[size %/% 2 + seq_len(max(1, size %/% 4))], size, TRUE)
  }
  ped <- pedigree(data.frame(id = seq_len(n), sire = sire, dam = dam))
  a <- numeric(n)
  for (i in seq_len(n)) {
    founder <- is.na(sire[i])
    a[i] <- if (founder) rnorm(1) else (a[sire[i]] + a[dam[i]]) / 2 + rnorm(1, 0, sqrt(0.5))
  }
  data <- data.frame(animal = factor(rep(seq_len(n), 2)))
  data$y <- 10 + a[data$animal] + rnorm(2 * n, 0, 1.5)
  list(data = data, ped = ped)
}

row_sleepstudy <- function() {
  data("sleepstudy", package = "lme4", envir = environment())
  list(formula = Reaction ~ Days + (Days | Subject), data = sleepstudy, draws = 4000,
    peer = function(MCMC) {
      prior <- list(R = list(V = 1, nu = 0.002),
        G = list(G1 = list(V = diag(2), nu = 2, alpha.mu = rep(0, 2), alpha.V = diag(2) * 1e4)))
      MCMC(Reaction ~ Days, random = ~ us(1 + Days):Subject, data = sleepstudy, prior = prior)
    })
}

row_us3 <- function() {
  data <- us3_data()
  list(formula = y ~ x + (1 + x + z | id), data = data, draws = 1000,
    peer = function(MCMC) {
      prior <- list(R = list(V = 1, nu = 0.002),
        G = list(G1 = list(V = diag(3), nu = 3, alpha.mu = rep(0, 3), alpha.V = diag(3) * 100)))
      MCMC(y ~ x, random = ~ us(1 + x + z):id, data = data, prior = prior, nitt = 1300,
        burnin = 300, thin = 1)
    })
}

row_animal <- function(n, peer = TRUE) {
  made <- animal_data(n)
  ped <- made$ped
  list(formula = y ~ 1 + (1 | gr(animal, pedigree = ped)), data = made$data, draws = 1000,
    peer = if (peer) function(MCMC) {
      prior <- list(R = list(V = 1, nu = 0.002),
        G = list(G1 = list(V = 1, nu = 1, alpha.mu = 0, alpha.V = 100)))
      Ainv <- methods::as(methods::as(Ainverse(ped), "generalMatrix"), "CsparseMatrix")
      MCMC(y ~ 1, random = ~animal, ginverse = list(animal = Ainv), data = made$data,
        prior = prior, nitt = 2300, burnin = 300, thin = 1)
    })
}

row_InstEval <- function() {
  data("InstEval", package = "lme4", envir = environment())
  list(formula = y ~ service + (1 | s) + (1 | d), data = InstEval, draws = 500, seeds = 3L,
    peer = function(MCMC) {
      expanded <- list(V = 1, nu = 1, alpha.mu = 0, alpha.V = 100)
      prior <- list(R = list(V = 1, nu = 0.002), G = list(G1 = expanded, G2 = expanded))
      MCMC(y ~ service, random = ~ s + d, data = InstEval, prior = prior, nitt = 600, burnin = 100,
        thin = 1)
    })
}

makers <- list(sleepstudy = row_sleepstudy, us3 = row_us3,
  `animal-1000` = function() row_animal(1000), `animal-10000` = function() row_animal(10000),
  InstEval = row_InstEval)

cpu <- function(code) {
  begin <- proc.time()
  value <- force(code)
  list(value = value, seconds = sum((proc.time() - begin)[1:2]))
}

# All points at which the engine was asked, and the iterations of the search by REML where it began.
factorisations <- function(row) {
  counted <- new.env()
  counted$n <- 0L
  suppressMessages(trace("engine_points", where = asNamespace("henderson"), print = FALSE,
    tracer = bquote(assign("n", get("n", .(counted)) + ncol(values), .(counted)))))
  on.exit(suppressMessages(untrace("engine_points", where = asNamespace("henderson"))))
  one <- lmm_control(threads = 1)
  lmmfit(row$formula, row$data, method = "Bayes", draws = row$draws, seed = 1, control = one)
  counted$n + lmmfit(row$formula, row$data, control = one)$convergence$iterations
}

ours <- function(row) {
  environment(row$formula) <- environment(row$formula) %||% globalenv()
  found <- lapply(seq_len(row$seeds %||% 8L), function(seed) {
    cpu(lmmfit(row$formula, row$data, method = "Bayes", draws = row$draws, seed = seed,
      control = lmm_control(threads = 1)))
  })
  of_fits <- function(read) Reduce(`+`, lapply(found, function(one) read(one$value)))
  independent <- min(of_fits(function(fit) varcomp(fit)$se^2) /
    of_fits(function(fit) varcomp(fit)$mcse^2))
  seconds <- min(vapply(found, `[[`, 0, "seconds"))
  weight <- found[[1L]]$value$posterior$weight
  data.frame(draws = length(weight), factorisations = factorisations(row),
    first = found[[1L]]$seconds, seconds = seconds,
    by_weights = sum(weight)^2 / sum(weight^2), khat = found[[1L]]$value$posterior$khat,
    independent = independent, per_second = independent / seconds)
}

peer <- function(row) {
  if (is.null(row$peer) || !requireNamespace("MCMCglmm", quietly = TRUE)) return(NA_real_)
  MCMC <- function(...) MCMCglmm::MCMCglmm(..., verbose = FALSE, pr = FALSE)
  set.seed(1)
  found <- cpu(row$peer(MCMC))
  min(coda::effectiveSize(found$value$VCV)) / found$seconds
}

`%||%` <- function(x, y) if (is.null(x)) y else x

rows <- lapply(wanted, function(name) {
  row <- makers[[name]]()
  own <- ours(row)
  other <- tryCatch(peer(row), error = function(e) {
    message(conditionMessage(e))
    NA_real_
  })
  cbind(row = name, own, MCMCglmm = other, ratio = own$per_second / other)
})
table <- do.call(rbind, rows)
text <- c("# Independent draws of the worst variance parameter", "",
  machine(c("henderson", "MCMCglmm", "coda")), "",
  paste("| model | draws | factorisations | CPU s, first | CPU s | by weights / factorisation |",
    "k-hat | independent / factorisation | independent / s | MCMCglmm / s | ratio |"),
  "|---|---|---|---|---|---|---|---|---|---|---|",
  sprintf("| %s | %d | %d | %.2f | %.2f | %.2f | %.2f | %.1f | %.0f | %s | %s |", table$row,
    table$draws, table$factorisations, table$first, table$seconds,
    table$by_weights / table$factorisations, table$khat, table$independent / table$factorisations,
    table$per_second,
    ifelse(is.na(table$MCMCglmm), "-", sprintf("%.1f", table$MCMCglmm)),
    ifelse(is.na(table$ratio), "-", sprintf("%.0f", table$ratio))))
if (nzchar(output)) writeLines(text, output) else writeLines(text)
