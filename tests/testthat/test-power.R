# Power by simulation, against exact power.

# Two treatments in each block: the test of their difference is the paired t test, whose power is
# known. The variance of blocks is far from zero.
paired <- function(blocks) {
  data <- expand.grid(trt = gl(2, 1), block = gl(blocks, 1))
  set.seed(41)
  data$y <- rnorm(blocks, 0, 3)[data$block] + rnorm(nrow(data))
  lmmfit(y ~ trt + (1 | block), data, hold = c(block = 9, residual = 1))
}

test_that("power is that of the paired t test", {
  fit <- paired(12)
  # Held variances are held in each data set too, and known: a z test.
  known <- power_curve(fit, "trt", effect = c(trt2 = 1), nsim = 400, seed = 2, ddf = "none")
  exact <- pnorm(-qnorm(0.975) + 1 / sqrt(2 / 12)) + pnorm(-qnorm(0.975) - 1 / sqrt(2 / 12))
  expect_lt(abs(known$power - exact), 3 * sqrt(exact * (1 - exact) / 400))

  fit <- update(fit, hold = NULL, start = c(block = 9, residual = 1))
  sigma <- sqrt(varcomp(fit)$estimate[2])
  curve <- power_curve(fit, "trt", n = c(6, 12, 30), effect = c(trt2 = 1.1 * sigma), nsim = 400,
    seed = 3)
  exact <- vapply(c(6, 12, 30), function(n) {
    power.t.test(n, 1.1, sqrt(2), type = "one.sample", strict = TRUE)$power
  }, 0)
  expect_true(all(abs(curve$power - exact) < 3 * sqrt(exact * (1 - exact) / 400)))
  expect_identical(curve$records, 2L * c(6L, 12L, 30L))
  expect_true(all(curve$lower < curve$power & curve$power < curve$upper))

  size <- power_curve(fit, c("trt2"), effect = c(trt2 = 0), nsim = 400, seed = 4)
  expect_lt(abs(size$power - 0.05), 3 * sqrt(0.05 * 0.95 / 400))
  expect_identical(size$n, 12L)
})

test_that("a seed gives the same, and leaves the generator as it was", {
  fit <- paired(6)
  set.seed(5)
  before <- .Random.seed
  first <- power_curve(fit, "trt", n = c(6, 9), nsim = 30, seed = 7)
  expect_identical(.Random.seed, before)
  expect_identical(power_curve(fit, "trt", n = c(6, 9), nsim = 30, seed = 7), first)
})

test_that("more levels bring what is nested in them, and treatments in proportion", {
  data <- expand.grid(plot = 1:2, block = 1:6)
  data$id <- factor(seq_len(12))
  data$block <- factor(data$block)
  data$trt <- factor(c("a", "b", "c"))[rep(1:3, c(4, 4, 4))]
  more <- extended_records(data, "block", 15L, c("block", "id"))
  expect_identical(nrow(more), 30L)
  expect_identical(nlevels(more$block), 15L)
  expect_identical(nlevels(more$id), 30L)
  expect_identical(as.vector(table(more$trt)), c(10L, 10L, 10L))
  few <- extended_records(data, "block", 3L, c("block", "id"))
  expect_identical(as.vector(table(few$trt)), c(2L, 2L, 2L))
  # Crossed factors stay what they are.
  data$year <- factor(rep(1:2, 6))
  expect_identical(nlevels(extended_records(data, "block", 15L, c("block", "year"))$year), 2L)
})

test_that("subjects of a residual, terms with several columns, factors made in the formula", {
  growth <- as.data.frame(nlme::Orthodont)
  fit <- lmmfit(distance ~ Sex * factor(age), growth, residual = ~ us(age | Subject))
  curve <- power_curve(fit, "Sex:factor(age)", n = c(12, 40), nsim = 20, seed = 1)
  expect_identical(curve$records, c(48L, 160L))
  expect_identical(curve$failed, c(0L, 0L))
  expect_identical(attr(curve, "along"), "Subject")
})

test_that("a power curve is printed and drawn", {
  curve <- power_curve(paired(6), "trt", n = c(6, 9), nsim = 20, seed = 7)
  expect_output(print(curve), "Power of trt at 0.05")
  drawn <- quietly(plot(curve))
  expect_identical(drawn$at, c(6L, 9L))
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(curve, target = NULL), "ggplot")
})

test_that("bad input of a power curve has one message each", {
  fit <- paired(6)
  refused <- function(...) expect_error(power_curve(...), class = "henderson_error_argument")
  refused(fit, "treatment")
  refused(fit, "trt", n = 1)
  refused(fit, "trt", n = "many")
  refused(fit, "trt", along = "site", n = 5)
  refused(fit, "trt", effect = c(trt3 = 1))
  refused(fit, "trt", effect = 1)
  refused(fit, "trt", alpha = 2)
  refused(fit, "trt", seed = "a")
  refused(1, "trt")
  by_sums <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats, method = "ANOVA")
  expect_error(power_curve(by_sums, "nitro"), class = "henderson_error_not_available")
  weighted <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats, weights = rep(1:2, 36))
  expect_error(power_curve(weighted, "nitro", n = 9), class = "henderson_error_not_available")
  expect_identical(power_curve(weighted, "nitro", nsim = 5, seed = 1)$failed, 0L)
  ped <- data.frame(id = 1:6, sire = NA, dam = NA)
  data <- data.frame(id = factor(rep(1:6, 2)), y = cos(1:12), x = 1:12)
  related <- lmmfit(y ~ x + (1 | gr(id, pedigree = ped)), data, hold = c(id = 1))
  expect_error(power_curve(related, "x", n = 9), class = "henderson_error_not_available")
})

test_that("a search that does not converge is no test", {
  fit <- lmmfit(distance ~ age * Sex + (age | Subject), nlme::Orthodont)
  fit$control$max_iterations <- 2L
  few <- power_curve(fit, "age:Sex", nsim = 20, seed = 1)
  expect_gt(few$failed, 0L)
  expect_identical(few$tests + few$failed, 20L)
})
