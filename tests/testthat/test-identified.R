# Variance parameters that the likelihood does not determine: designs in which some are, and designs
# near them in which none are.

designs <- function(seed) {
  make <- function(plots) {
    set.seed(seed)
    d <- expand.grid(line = factor(1:10), env = factor(paste0("e", 1:4)), plot = seq_len(plots))
    d$t <- as.integer(d$env)
    d$x <- rnorm(nrow(d))
    d$same <- factor(paste0("z", d$line))
    d$half <- factor(as.integer(d$line) %/% 4)
    d$of_line <- rnorm(10)[d$line]
    d$group <- factor(as.integer(d$line) %% 3)
    d$z1 <- rnorm(3)[d$group]
    d$z2 <- rnorm(3)[d$group]
    d$y <- rnorm(10)[d$line] + rnorm(nrow(d))
    d
  }
  K <- diag(10)
  dimnames(K) <- list(1:10, 1:10)
  one <- make(1)
  list(d = one, d2 = make(2), d1 = one[one$env != "e1" | one$line == "1", ], K = K,
    near = K + 0.01 + 0.001 * diag(seq_len(10)))
}

unidentified <- expression(
  lmmfit(y ~ env + (1 | line) + (1 | same), d),
  lmmfit(y ~ line + (1 | line), d),
  lmmfit(y ~ env + diag(env | line), d),
  lmmfit(y ~ env + us(env | line), d),
  lmmfit(y ~ env + (0 + env | line), d),
  lmmfit(y ~ env + fa(env | line, k = 1), d),
  lmmfit(y ~ env + cs(env | line), d),
  lmmfit(y ~ env + id(env | line), d),
  lmmfit(y ~ env + toep(env | line), d),
  lmmfit(y ~ z1 + z2 + (1 | group), d),
  lmmfit(y ~ env + (1 | line) + (t | line), d),
  lmmfit(y ~ line * env + (1 | line), d2),
  lmmfit(y ~ line * env + (1 | line:env), d2),
  lmmfit(y ~ env + (1 | gr(line, cov = K)) + (1 | line), d),
  lmmfit(y ~ env + (1 | env) + (1 | line), d),
  lmmfit(y ~ env + (1 | line) + diag(env | line), d),
  lmmfit(y ~ t + (t || line) + (0 + t | same), d),
  lmmfit(y ~ env + (1 | line), d1, residual = ~ diag(env)),
  lmmfit(y ~ of_line + (1 | line) + (1 | line:half), d),
  lmmfit(y ~ env + (x | line) + (0 + x | same), d),
  lmmfit(y ~ env + (1 | line) + (1 | half) + (1 | line:half), d),
  lmmfit(y ~ half + (1 | half) + (1 | line), d)
)

identified_ones <- expression(
  lmmfit(y ~ env + (1 | line), d),
  lmmfit(y ~ env + (1 | line) + (1 | half), d),
  lmmfit(y ~ of_line + (1 | line), d),
  lmmfit(y ~ t + (t | line), d),
  lmmfit(y ~ env + diag(env | line), d2),
  lmmfit(y ~ env + us(env | line), d2),
  lmmfit(y ~ env + fa(env | line, k = 1), d2),
  lmmfit(y ~ env + toep(env | line), d2),
  lmmfit(y ~ env + csh(env | line), d),
  lmmfit(y ~ env + ar1(env | line), d),
  lmmfit(y ~ env + (1 | line), d, residual = ~ diag(env)),
  lmmfit(y ~ env, d, residual = ~ us(env | line)),
  lmmfit(y ~ env + (1 | line) + (1 | line:env), d2),
  lmmfit(y ~ env + x + (x | line), d),
  lmmfit(y ~ 1 + (1 | line) + (1 | env), d),
  lmmfit(y ~ t + I(t^2) + (t + I(t^2) | line), d),
  lmmfit(y ~ env + (1 | group), d),
  lmmfit(y ~ z1 + (1 | group), d),
  lmmfit(y ~ env + exp(t | line), d),
  lmmfit(y ~ I(x + 1e4) + (1 + I(x + 1e4) | line), d),
  lmmfit(y ~ line + (1 | line), d, method = "ML"),
  lmmfit(y ~ 1 + (1 | gr(line, cov = near)) + (1 | line), d),
  lmmfit(y ~ env + (1 | line) + ar1(env | line), d),
  lmmfit(y ~ 1, d, residual = ~ ar1(env | line)),
  lmmfit(y ~ env + (0 + x | line) + (1 | same), d),
  lmmfit(y ~ env + (1 | line) + (0 + t | same), d)
)

is_refused <- function(call, data) {
  tryCatch({
    suppressWarnings(eval(call, data, globalenv()))
    FALSE
  }, henderson_error_not_identified = function(e) TRUE)
}

test_that("66 designs that are not identified are found, and none of 208 that are", {
  for (seed in 1:3) {
    found <- vapply(unidentified, is_refused, NA, designs(seed))
    expect_identical(which(!found), integer(), label = paste("missed, seed", seed))
  }
  for (seed in 1:8) {
    found <- vapply(identified_ones, is_refused, NA, designs(seed))
    expect_identical(which(found), integer(), label = paste("refused, seed", seed))
  }
})

test_that("the error names the parameters and what to write instead", {
  data <- designs(1)
  expect_error(eval(unidentified[[1L]], data), "line.*same.*Drop one of the terms")
  expect_error(eval(unidentified[[2L]], data), "say nothing about.*line")
  expect_error(eval(unidentified[[4L]], data), "us\\(env \\| line\\)")
  expect_error(lmmfit(y ~ env + diag(env | line), data$d, residual = ~ diag(env)), "others share")
  fit <- lmmfit(y ~ env + (1 | line) + (1 | same), data$d, hold = c(same = 0.1))
  expect_identical(varcomp(fit)$status, c("free", "held", "free"))
})

test_that("columns of a term that depend on each other are told, and what is offered fits", {
  d <- as.data.frame(nlme::BodyWeight)
  d$twice <- 2 * d$Time
  said <- function(term) {
    formula <- stats::as.formula(paste("weight ~ Diet * Time +", term))
    conditionMessage(expect_error(lmmfit(formula, d), class = "henderson_error_not_identified"))
  }
  flat <- function(text) gsub("\\s+", " ", text)
  for (term in c("us(legendre(Time, 1) | Rat)", "(1 + legendre(Time, 1) | Rat)",
    "(legendre(Time, 1) || Rat)")) {
    expect_match(flat(said(term)), "write `0 + legendre(Time, 1) | Rat`", fixed = TRUE)
  }
  expect_match(flat(said("(0 + Time + twice | Rat)")),
    "The other columns of `0 + Time + twice | Rat` tell `twice`: leave it out", fixed = TRUE)
  expect_match(flat(said("(1 | Rat) + (0 + legendre(Time, 1) | Rat)")),
    "`1 | Rat`, `0 + legendre(Time, 1) | Rat`", fixed = TRUE)
  expect_match(said("Rat + (1 | Rat)"), "out of the random or out of the fixed effects")
  expect_s3_class(lmmfit(weight ~ Diet * Time + us(0 + legendre(Time, 1) | Rat), d), "lmmfit")
})

test_that("a report has NA for what the start decides, and numbers for the rest", {
  data <- designs(1)$d
  report <- lmm_control(identify = "report")
  plain <- lmmfit(y ~ env + (1 | line), data)
  fits <- lapply(c(0.1, 1, 3), function(start) {
    lmmfit(y ~ env + (1 | line) + (1 | same), data, start = c(line = start), control = report)
  })
  for (fit in fits) {
    table <- varcomp(fit)
    expect_identical(table$status, c("not identified", "not identified", "free"))
    expect_identical(is.na(table$estimate), c(TRUE, TRUE, FALSE))
    expect_equal(table$estimate[3L], varcomp(plain)$estimate[2L], tolerance = 1e-5)
    expect_equal(deviance(fit), deviance(plain), tolerance = 1e-9)
    expect_equal(vcov(fit), vcov(plain), tolerance = 1e-5)
    found <- vpredict(fit, share ~ line / (line + residual), sum ~ line + same)
    expect_identical(is.na(found$estimate), c(TRUE, FALSE))
    expect_equal(found$estimate[2L], varcomp(plain)$estimate[1L], tolerance = 1e-4)
    expect_true(all(is.na(found$se)))
  }

  cells <- expand.grid(r = 1:2, trt = factor(1:3), blk = factor(1:4))
  set.seed(1)
  cells$y <- rnorm(24) + rnorm(4)[cells$blk]
  errors <- vapply(c(0.1, 1, 10), function(start) {
    fit <- lmmfit(y ~ trt * blk + (1 | blk:trt), cells, start = c("blk:trt" = start),
      control = report)
    expect_identical(varcomp(fit)$estimate[1L], NA_real_)
    expect_equal(unname(fixef(fit)), unname(coef(lm(y ~ trt * blk, cells))), tolerance = 1e-6)
    expect_equal(varcomp(fit)$estimate[2L], summary(lm(y ~ trt * blk, cells))$sigma^2,
      tolerance = 1e-6)
    sqrt(vcov(fit)[2L, 2L])
  }, 0)
  expect_true(all(is.na(errors)))
})

# Three coefficients of two times, with weights whose sums round more than the coefficients differ.
test_that("coefficients that depend on each other are found beside weights of any size", {
  d <- expand.grid(t = 1:2, id = factor(1:60))
  for (seed in 1:6) {
    set.seed(seed)
    d$w <- 10^runif(120L, -4, 4)
    d$y <- rnorm(60L)[d$id] * d$t + rnorm(120L, sd = 0.1 / sqrt(d$w))
    d$y2 <- rnorm(60L)[d$id] + rnorm(120L, sd = 0.1 / sqrt(d$w))
    expect_error(lmmfit(y ~ t + (1 + t + I(t^2) | id), d, weights = w),
      class = "henderson_error_not_identified")
    expect_error(lmmfit(cbind(y, y2) ~ t + (1 + t + I(t^2) | id), d, weights = w),
      class = "henderson_error_not_identified")
  }
})
