# Designs in which two kinds of lacking identification meet, or one stands beside terms that are
# identified; and designs next to them that tell all their parameters. Which is which follows from
# the columns: a term that another one contains, or that the fixed effects or the residual contain.

mixtures <- function(seed) {
  make <- function(plots) {
    set.seed(seed)
    d <- expand.grid(line = factor(1:10), env = factor(paste0("e", 1:4)), plot = seq_len(plots))
    d$t <- as.integer(d$env)
    d$centred <- d$t - 2.5
    d$twice <- 2 * d$t
    d$x <- stats::rnorm(nrow(d))
    d$same <- factor(paste0("z", d$line))
    d$half <- factor(as.integer(d$line) %/% 4)
    d$nine <- factor(pmin(as.integer(d$line), 9L))
    d$cell <- interaction(d$line, d$env)
    d$group <- factor(as.integer(d$line) %% 3)
    d$z1 <- stats::rnorm(3)[d$group]
    d$z2 <- stats::rnorm(3)[d$group]
    d$trt <- factor(sample(c("a", "b"), nrow(d), TRUE))
    d$y <- stats::rnorm(10)[d$line] + stats::rnorm(nrow(d))
    d
  }
  K <- diag(10)
  dimnames(K) <- list(1:10, 1:10)
  list(d = make(1), d2 = make(2), K = K)
}

mixed_unidentified <- expression(
  lmmfit(y ~ env + (1 | line), d, residual = ~ us(env | line)),
  lmmfit(y ~ env + (1 | line), d, residual = ~ cs(env | line)),
  lmmfit(y ~ env + (1 | line), d, residual = ~ toep(env | line)),
  lmmfit(y ~ env + (t | line), d, residual = ~ us(env | line)),
  lmmfit(y ~ env + (1 | line) + (1 | same) + diag(env | line), d),
  lmmfit(y ~ env + (1 | line) + (1 | same), d2),
  lmmfit(y ~ env + (1 | cell) + (1 | line:env), d2),
  lmmfit(y ~ env + us(env | line) + (1 | same), d2),
  lmmfit(y ~ env + us(env | line) + (1 | line:env), d2),
  lmmfit(y ~ env + diag(env | line) + (1 | line:env), d2),
  lmmfit(y ~ env + cs(env | line) + (1 | line), d2),
  lmmfit(y ~ env + fa(env | line, k = 1) + diag(env | line), d2),
  lmmfit(y ~ t + (t + twice | line), d),
  lmmfit(y ~ t + (t + centred | line), d),
  lmmfit(y ~ t + (t | line) + (centred | same), d),
  lmmfit(y ~ line + env + (1 | line) + (1 | env), d),
  lmmfit(y ~ line + (1 | line) + (1 | same), d),
  lmmfit(y ~ line * t + (t | line), d),
  lmmfit(y ~ env + (1 | gr(line, cov = K)) + (1 | same), d),
  lmmfit(y ~ env + (1 | gr(line, cov = K)) + us(env | line), d2),
  lmmfit(y ~ env + (1 | line) + (1 | line:half) + (1 | half), d),
  lmmfit(cbind(y, x) ~ 1 + (1 | line) + (1 | same), d),
  lmmfit(y ~ env + ar1(env | line) + us(env | line), d2),
  lmmfit(y ~ z1 + z2 + (1 | group) + (1 | line), d)
)

next_to_them <- expression(
  lmmfit(y ~ env, d, residual = ~ cs(env | line)),
  lmmfit(y ~ env + (1 | half), d, residual = ~ us(env | line)),
  lmmfit(y ~ env + (1 | line), d, residual = ~ ar1(env | line)),
  lmmfit(y ~ env + (1 | line), d, residual = ~ diag(env)),
  lmmfit(y ~ env + us(env | line), d2, residual = ~ diag(env)),
  lmmfit(y ~ env + fa(env | line, k = 1), d2, residual = ~ diag(env)),
  lmmfit(y ~ t + (t | line) + (1 | env), d2),
  lmmfit(y ~ t + (t || line), d),
  lmmfit(y ~ env + (1 | nine) + (1 | line), d),
  lmmfit(y ~ z1 + (1 | group) + (1 | line), d),
  lmmfit(y ~ line + (1 | env), d),
  lmmfit(y ~ line + (1 | line:env), d2),
  lmmfit(y ~ env * half + (1 | line), d),
  lmmfit(y ~ env + (0 + trt | line), d),
  lmmfit(y ~ env + diag(trt | line), d),
  lmmfit(cbind(y, x) ~ 1 + (1 | line), d),
  lmmfit(y ~ 1, d, residual = ~ toep(env | line)),
  lmmfit(y ~ 1, d, residual = ~ exp(t | line)),
  lmmfit(y ~ 1, d, residual = ~ gau(x | line)),
  lmmfit(y ~ 1 + exp(t | line), d2),
  lmmfit(y ~ x + (x | group), d)
)

not_told <- function(call, data) {
  tryCatch({
    suppressWarnings(eval(call, data, globalenv()))
    FALSE
  }, henderson_error_not_identified = function(e) TRUE,
  henderson_error_residual_not_identified = function(e) TRUE)
}

test_that("48 mixtures are found, and none of 105 designs next to them is refused", {
  for (seed in 1:2) {
    found <- vapply(mixed_unidentified, not_told, NA, mixtures(seed))
    expect_identical(which(!found), integer(), label = paste("missed, seed", seed))
  }
  for (seed in 1:5) {
    found <- vapply(next_to_them, not_told, NA, mixtures(seed))
    expect_identical(which(found), integer(), label = paste("refused, seed", seed))
  }
})

test_that("what is reported for a mixture does not depend on the start", {
  data <- mixtures(3)
  reported <- lapply(c(0.1, 1, 3), function(start) {
    lmmfit(y ~ env + (1 | line) + (1 | same) + (1 | half), data$d, start = c(line = start),
      control = lmm_control(identify = "report"))
  })
  for (fit in reported) {
    table <- varcomp(fit)
    expect_identical(is.na(table$estimate), c(TRUE, TRUE, FALSE, FALSE))
    expect_equal(deviance(fit), deviance(reported[[1L]]), tolerance = 1e-9)
    expect_equal(table$estimate[3:4], varcomp(reported[[1L]])$estimate[3:4], tolerance = 1e-5)
  }
})
