# Time of what is asked after a fit, beside the fit itself.
#   Rscript bench/after-fit.R [file]      a page in markdown, to `file` or the screen

suppressPackageStartupMessages(library(henderson))
source("bench/common.R")

# Processor time: the least of three calls of at most a second, else of the first. `make` is not
# timed.
seconds <- function(call, make = function() NULL) {
  best <- Inf
  for (i in 1:3) {
    made <- make()
    best <- min(best, sum(system.time(call(made))[c("user.self", "sys.self")]))
    if (best > 1) break
  }
  best
}

# Questions to a fit to `data`, each to a fit that has answered none.
questions <- list(
  `simulate()` = function(fit, data) simulate(fit, seed = 1),
  `residuals("normalized")` = function(fit, data) residuals(fit, type = "normalized"),
  `cooks.distance(, NULL)` = function(fit, data) cooks.distance(fit, NULL),
  `cooks.distance()` = function(fit, data) cooks.distance(fit),
  `cooks.distance(, 200)` = function(fit, data) {
    cooks.distance(fit, factor(ceiling(seq_len(nrow(data)) / 200)))
  },
  `predict(se)` = function(fit, data) predict(fit, se = TRUE),
  `predict(newdata, se)` = function(fit, data) predict(fit, data, se = TRUE),
  `anova()` = function(fit, data) anova(fit)
)

row_of <- function(label, data, make) {
  fit <- make(data)
  time <- seconds(function(...) make(data))
  asked <- vapply(questions, function(question) {
    question(fit, data)  # R compiles
    seconds(function(fit) question(fit, data), function() make(data))
  }, 0)
  c(Model = gsub("|", "\\|", label, fixed = TRUE), Records = format(fit$n, big.mark = ","),
    Fit = format_time(time), format_time(asked))
}

series <- function(n_times, n_subjects) {
  set.seed(1)
  data <- expand.grid(time = factor(seq_len(n_times)), id = factor(seq_len(n_subjects)))
  data$x <- stats::rnorm(nrow(data))
  data$y <- as.vector(replicate(n_subjects, stats::arima.sim(list(ar = 0.7), n_times)))
  data
}

many_records <- function(n = 60000L) {
  set.seed(2)
  data <- data.frame(
    g = factor(sample.int(300L, n, TRUE)), s = factor(sample.int(2000L, n, TRUE)),
    x = stats::rnorm(n), t = gl(4L, 1L, n)
  )
  data$y <- stats::rnorm(2000L)[data$s] + stats::rnorm(300L)[data$g] + stats::rnorm(n)
  data
}

main <- function() {
  large <- many_records()
  rows <- list(
    row_of("ar1, 2000 times", series(2000L, 1L), function(d) {
      lmmfit(y ~ x, d, residual = ~ ar1(time | id))
    }),
    row_of("ar1, 4 subjects of 500", series(500L, 4L), function(d) {
      lmmfit(y ~ x, d, residual = ~ ar1(time | id))
    }),
    row_of("ante, 200 subjects of 20", series(20L, 200L), function(d) {
      lmmfit(y ~ x, d, residual = ~ ante(time | id))
    }),
    row_of("us, 200 subjects of 15", series(15L, 200L), function(d) {
      lmmfit(y ~ x, d, residual = ~ us(time | id))
    }),
    row_of("ar1, 3000 subjects of 20, (1 | time)", series(20L, 3000L), function(d) {
      lmmfit(y ~ x + (1 | time), d, residual = ~ ar1(time | id))
    }),
    row_of("x + t + (1 | s)", large, function(d) lmmfit(y ~ x + t + (1 | s), d)),
    row_of("x + t + (x | s)", large, function(d) lmmfit(y ~ x + t + (x | s), d)),
    row_of("x + t + (1 | s) + (1 | g)", large, function(d) {
      lmmfit(y ~ x + t + (1 | s) + (1 | g), d)
    }),
    row_of("x + g + (1 | s), 300 levels fixed", large, function(d) {
      lmmfit(y ~ x + g + (1 | s), d)
    })
  )
  table <- do.call(rbind, rows)
  c("# After the fit", "",
    paste0("Commit ", commit(), "; ", machine("henderson"), "."), "",
    paste("Processor time of the fit and of each question to a fit that has answered none; the",
      "best of three. `cooks.distance(, NULL)`: of each record; `cooks.distance()`: of each level",
      "of the first random term; `cooks.distance(, 200)`: of neighbouring 200 records."),
    "", paste0("| ", paste(colnames(table), collapse = " | "), " |"),
    paste0("|", strrep("---|", ncol(table))),
    apply(table, 1L, function(row) paste0("| ", paste(row, collapse = " | "), " |")))
}

page <- main()
arguments <- commandArgs(TRUE)
if (length(arguments) == 1L) writeLines(page, arguments) else writeLines(page)
