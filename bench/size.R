# Size of nominal 5 % tests of fixed effects by simulation, and how far their standard errors fall
# short: asymptotic, Satterthwaite, Kenward-Roger.
#   Rscript bench/size.R 2000      runs so many data sets of each design and prints the table

suppressPackageStartupMessages(library(henderson))

# Each design: data with all but y, how to draw y under the hypothesis, the formula, K.
split_plot <- function() {
  data <- expand.grid(B = gl(2, 1), A = gl(3, 1), block = gl(4, 1))
  data <- data[-c(2, 9, 15), ]
  list(
    data = data,
    draw = function(d) {
      rnorm(4)[d$block] + rnorm(12)[as.integer(d$block) + 4L * (as.integer(d$A) - 1L)] +
        rnorm(nrow(d))
    },
    fit = function(d) lmmfit(y ~ A + B + (1 | block) + (1 | block:A), d),
    K = rbind(c(0, 1, 0, 0), c(0, 0, 1, 0))
  )
}

six_groups <- function() {
  size <- c(2, 3, 4, 6, 9, 12)
  data <- data.frame(g = factor(rep(1:6, size)), trt = factor(rep(c(0, 1, 0, 1, 0, 1), size)))
  list(
    data = data, draw = function(d) rnorm(6)[d$g] + rnorm(nrow(d)),
    fit = function(d) lmmfit(y ~ trt + (1 | g), d), K = rbind(c(0, 1))
  )
}

repeated_measures <- function() {
  data <- expand.grid(visit = gl(4, 1), id = gl(12, 1))
  data$trt <- factor(as.integer(data$id) %% 2L)
  data <- data[-c(7, 16, 24, 35, 36), ]
  root <- chol(outer(1:4, 1:4, function(i, j) 0.7^abs(i - j) * sqrt(i * j)))
  list(
    data = data,
    draw = function(d) (matrix(rnorm(48), 12) %*% root)[cbind(as.integer(d$id), d$visit)],
    fit = function(d) lmmfit(y ~ trt * visit, d, residual = ~ us(visit | id)),
    K = cbind(matrix(0, 3, 5), diag(3))
  )
}

one_run <- function(design) {
  d <- design$data
  d$y <- design$draw(d)
  fit <- suppressWarnings(design$fit(d))
  tests <- lapply(c(none = "none", satterthwaite = "Satterthwaite", kr = "Kenward-Roger"),
    function(ddf) suppressWarnings(contest(fit, design$K, ddf = ddf)))
  c(
    vapply(tests, function(test) test$joint$p.value, 0),
    estimate = tests$none$table$estimate[1L], se = tests$none$table$se[1L],
    adjusted = tests$kr$table$se[1L]
  )
}

size_of <- function(design, runs) {
  found <- t(vapply(seq_len(runs), function(i) {
    tryCatch(one_run(design), error = function(e) rep(NA_real_, 6L))
  }, numeric(6L)))
  found <- found[stats::complete.cases(found), , drop = FALSE]
  spread <- stats::sd(found[, 4L])
  c(
    100 * colMeans(found[, 1:3] < 0.05), sd = spread,
    se = sqrt(mean(found[, 5L]^2)) / spread, adjusted = sqrt(mean(found[, 6L]^2)) / spread,
    runs = nrow(found)
  )
}

main <- function(runs) {
  set.seed(20260101)
  designs <- list(
    `split plot, 4 blocks` = split_plot(), `6 unequal groups` = six_groups(),
    `12 subjects x 4 visits, us` = repeated_measures()
  )
  table <- t(vapply(designs, size_of, numeric(7L), runs))
  colnames(table) <- c("asymptotic", "Satterthwaite", "Kenward-Roger", "SD", "SE/SD", "adjusted/SD",
    "runs")
  print(round(table, 3))
}

if (!interactive() && sys.nframe() == 0L) main(as.integer(c(commandArgs(TRUE), "1000")[1L]))
