# Size of nominal 5 % tests of fixed effects by simulation, and how far their standard errors fall
# short: asymptotic, Satterthwaite, Kenward-Roger.
#   Rscript bench/size.R 2000 [name]   runs so many data sets of each design, prints the table, and
#                                      with a name writes it with its figure to bench/results

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

runs_of <- function(design, runs) {
  found <- t(vapply(seq_len(runs), function(i) {
    tryCatch(one_run(design), error = function(e) rep(NA_real_, 6L))
  }, numeric(6L)))
  found[stats::complete.cases(found), , drop = FALSE]
}

size_of <- function(found) {
  spread <- stats::sd(found[, 4L])
  c(
    100 * colMeans(found[, 1:3] < 0.05), sd = spread,
    se = sqrt(mean(found[, 5L]^2)) / spread, adjusted = sqrt(mean(found[, 6L]^2)) / spread,
    runs = nrow(found)
  )
}

methods <- c("asymptotic", "Satterthwaite", "Kenward-Roger")
colours <- c("firebrick", "darkorange", "steelblue")

# How often each test rejects at nominal levels up to 20 %.
draw_sizes <- function(found) {
  level <- seq(0, 0.2, 0.002)
  old <- graphics::par(mfrow = c(1L, length(found)), mar = c(4, 4, 2.5, 1))
  on.exit(graphics::par(old))
  for (name in names(found)) {
    share <- apply(found[[name]][, 1:3], 2L, function(p) {
      vapply(level, function(a) mean(p <= a), 0)
    })
    graphics::matplot(100 * level, 100 * share, type = "l", lty = 1, lwd = 2, col = colours,
      ylim = c(0, 50), xlab = "nominal level, %", ylab = "rejected, %", main = name)
    graphics::abline(0, 1, lty = 3)
    graphics::abline(v = 5, lty = 3, col = "grey50")
    graphics::points(rep(5, 3), 100 * colMeans(found[[name]][, 1:3] < 0.05), pch = 19,
      col = colours)
    if (name == names(found)[1L]) {
      graphics::legend("topleft", methods, lwd = 2, col = colours, bty = "n")
    }
  }
}

write_results <- function(table, found, name) {
  grDevices::png(file.path("bench/results", paste0(name, ".png")), 1500, 560, res = 130)
  draw_sizes(found)
  grDevices::dev.off()
  rows <- apply(cbind(row.names(table), format(round(table[, 1:3], 1), nsmall = 1L),
    format(round(table[, 4:6], 3)), table[, 7L]), 1L, paste, collapse = " | ")
  writeLines(c(
    "# Size of tests of fixed effects", "",
    "Per cent of data sets without an effect in which a test rejects at a nominal 5 %, and the",
    "root mean square of the standard errors over the standard deviation of the estimates,",
    "plain and adjusted by Kenward and Roger. By `Rscript bench/size.R`.", "",
    paste0("| design | ", paste(colnames(table), collapse = " | "), " |"),
    paste0("|---|", strrep("---:|", ncol(table))), paste0("| ", rows, " |"), "",
    paste0("![Rejected at nominal levels, three designs](", name, ".png)")
  ), file.path("bench/results", paste0(name, ".md")))
}

main <- function(runs, name = NULL) {
  set.seed(20260101)
  designs <- list(
    `split plot, 4 blocks` = split_plot(), `6 unequal groups` = six_groups(),
    `12 subjects x 4 visits, us` = repeated_measures()
  )
  found <- lapply(designs, runs_of, runs)
  table <- t(vapply(found, size_of, numeric(7L)))
  colnames(table) <- c(methods, "SD", "SE/SD", "adjusted/SD", "runs")
  print(round(table, 3))
  if (!is.null(name)) write_results(table, found, name)
}

if (!interactive() && sys.nframe() == 0L) {
  arguments <- commandArgs(TRUE)
  main(as.integer(c(arguments, "1000")[1L]), if (length(arguments) > 1L) arguments[2L])
}
