# One model for many responses, and power by simulation, beside one call of a fit for each.
#   Rscript bench/many.R [--responses=20000] [--samples=300] [--peer=200] [name]
# prints a table, and with a name writes it to bench/results. --peer: so many of the responses by
# lmerTest, with its tests, in the same run.

source(file.path(dirname(sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))),
  "common.R"))
suppressPackageStartupMessages(library(henderson))

# Donors with three tissues each, as in studies of gene expression.
samples <- function(n) {
  donor <- gl(n / 3, 3)
  data.frame(donor = donor, tissue = gl(3, 1, n), age = rnorm(n / 3)[donor],
    disease = factor(sample(c("no", "yes"), n / 3, TRUE))[donor])
}

cpu <- function(expression) {
  time <- system.time(expression)
  c(seconds = time[["elapsed"]], cpu = time[["user.self"]] + time[["sys.self"]])
}

main <- function(arguments) {
  n <- as.numeric(option(arguments, "samples", "300"))
  m <- as.numeric(option(arguments, "responses", "20000"))
  peer <- as.numeric(option(arguments, "peer", "200"))
  set.seed(1)
  design <- samples(n)
  Y <- matrix(rnorm(n * m), n) + matrix(rnorm(n / 3 * m), n / 3)[design$donor, ]
  colnames(Y) <- paste0("y", seq_len(m))
  model <- ~ disease + tissue + age + (1 | donor)
  rows <- list(`lmmfit_many()` = c(n = m, cpu(many <- lmmfit_many(Y, model, design))))
  one <- seq_len(min(peer, m))
  rows[["lmmfit() and summary() for each"]] <- c(n = length(one),
    cpu(own <- lapply(one, function(j) {
      coef(summary(lmmfit(y ~ disease + tissue + age + (1 | donor), cbind(design, y = Y[, j]))))
    })))
  if (requireNamespace("lmerTest", quietly = TRUE)) {
    rows[["lmerTest::lmer() and summary() for each"]] <- c(n = length(one),
      cpu(other <- lapply(one, function(j) {
        coef(summary(suppressMessages(lmerTest::lmer(y ~ disease + tissue + age + (1 | donor),
          cbind(design, y = Y[, j])))))
      })))
  }
  first <- as.vector(t(matrix(many$effects$p.value, 5L)[, one]))
  apart <- function(tables) {
    max(abs(first - as.vector(do.call(rbind, lapply(tables, `[`, , 5L)))))
  }
  pilot <- lmmfit(Reaction ~ Days + (Days | Subject), lme4::sleepstudy)
  rows[["power_curve() of sleepstudy"]] <- c(n = 1000,
    cpu(power_curve(pilot, "Days", effect = c(Days = 4), nsim = 1000, seed = 1)))
  lines <- c(
    paste("#", n, "samples a response, five fixed effects with Satterthwaite tests"), "",
    machine("henderson"), "", "| | fits | seconds | CPU seconds | ms of CPU a fit |",
    "|:--|--:|--:|--:|--:|",
    vapply(names(rows), function(name) {
      row <- rows[[name]]
      sprintf("| %s | %d | %.1f | %.1f | %.2f |", name, as.integer(row[["n"]]), row[["seconds"]],
        row[["cpu"]], 1000 * row[["cpu"]] / row[["n"]])
    }, ""), "",
    sprintf("Largest difference of a p-value: %.1e from single fits, %s from lmerTest.",
      apart(own),
      if (exists("other", inherits = FALSE)) sprintf("%.1e", apart(other)) else "not installed")
  )
  writeLines(lines)
  name <- setdiff(arguments, grep("^--", arguments, value = TRUE))
  if (length(name) > 0L) writeLines(lines, file.path("bench", "results", paste0(name[1L], ".md")))
}

main(commandArgs(trailingOnly = TRUE))
