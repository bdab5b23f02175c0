# One model for many responses: each is what lmmfit() of it gives.

many_design <- function() {
  set.seed(31)
  data.frame(donor = gl(20, 3), tissue = gl(3, 1, 60), age = rep(rnorm(20), each = 3))
}

many_responses <- function(design, m = 8L) {
  Y <- matrix(rnorm(60 * m), 60) + matrix(rnorm(20 * m), 20)[design$donor, ]
  colnames(Y) <- paste0("gene", seq_len(m))
  Y
}

expect_as_one_fit <- function(many, name, fit) {
  own <- subset(many$effects, response == name)
  table <- coef(summary(fit))
  expect_identical(own$term, rownames(table))
  expect_equal(unname(as.matrix(own[c("estimate", "se", "df", "statistic", "p.value")])),
    unname(table), tolerance = 1e-10)
  expect_equal(subset(many$variances, response == name)$estimate, varcomp(fit)$estimate)
  expect_equal(subset(many$fits, response == name)$minus2loglik, deviance(fit))
}

test_that("each response is fitted as by itself, also with records missing", {
  design <- many_design()
  Y <- many_responses(design)
  Y[3:4, 2] <- NA
  Y[50, 5] <- NA
  many <- lmmfit_many(Y, ~ tissue + age + (1 | donor), design)
  for (name in colnames(Y)) {
    fit <- quietly(lmmfit(y ~ tissue + age + (1 | donor), cbind(design, y = Y[, name])))
    expect_as_one_fit(many, name, fit)
  }
  expect_identical(many$fits$n[c(1, 2, 5)], c(60L, 58L, 59L))
})

test_that("residuals, weights of each response, offsets and Kenward-Roger as in a single fit", {
  design <- many_design()
  Y <- many_responses(design, 3L)
  W <- matrix(rexp(180) + 0.2, 60)
  K <- rbind(both = c(0, 1, 1, 0), second = c(0, 0, 1, 0))
  weighted <- lmmfit_many(Y, ~ tissue + age + (1 | donor), design, weights = W, ddf = "KR", K = K)
  structured <- lmmfit_many(as.data.frame(Y), ~ tissue + offset(age), design, method = "ML",
    residual = ~ us(tissue | donor))
  for (j in 1:3) {
    data <- cbind(design, y = Y[, j], w = W[, j])
    fit <- lmmfit(y ~ tissue + age + (1 | donor), data, weights = w, ddf = "KR")
    expect_as_one_fit(weighted, colnames(Y)[j], fit)
    tests <- contest(fit, K)
    expect_equal(unlist(weighted$joint[j, -1L]), unlist(tests$joint[1:4]), tolerance = 1e-10)
    own <- subset(weighted$contrasts, response == colnames(Y)[j])
    expect_identical(own$row, rownames(K))
    expect_equal(own$p.value, tests$table$p.value, tolerance = 1e-10)
    fit <- lmmfit(y ~ tissue + offset(age), data, method = "ML",
      residual = ~ us(tissue | donor))
    expect_as_one_fit(structured, colnames(Y)[j], fit)
  }
})

test_that("what fails is kept with its reason, and stops nothing", {
  design <- many_design()
  Y <- many_responses(design, 4L)
  Y[, 1] <- 4
  Y[7, 3] <- Inf
  many <- lmmfit_many(Y, ~ tissue + (1 | donor), design, K = "tissue2")
  expect_identical(many$fits$status, c("failed", "converged", "failed", "converged"))
  expect_match(many$fits$message[1], "constant")
  expect_match(many$fits$message[3], "finite")
  expect_identical(unique(many$effects$response), c("gene2", "gene4"))
  expect_identical(many$joint$response, c("gene2", "gene4"))
  expect_output(print(many), "2 converged, 2 failed")
  expect_identical(as.data.frame(many), many$effects)
  expect_identical(glance(many)$converged, c(FALSE, TRUE, FALSE, TRUE))
  expect_warning(none <- lmmfit_many(Y[, 1, drop = FALSE], ~ tissue + (1 | donor), design),
    class = "henderson_warning_many_failed")
  expect_identical(nrow(none$effects), 0L)
  expect_output(print(none), "1 failed")
})

test_that("the same on workers, and after an interrupt", {
  skip_if_not_installed("future.apply")
  design <- many_design()
  Y <- many_responses(design, 120L)
  here <- lmmfit_many(Y, ~ tissue + (1 | donor), design)
  old <- future::plan(future::multisession, workers = 2)
  on.exit(future::plan(old))
  there <- lmmfit_many(Y, ~ tissue + (1 | donor), design)
  expect_identical(here$effects, there$effects)
  future::plan(future::sequential)

  directory <- tempfile("kept")
  on.exit(unlink(directory, recursive = TRUE), add = TRUE)
  first <- lmmfit_many(Y, ~ tissue + (1 | donor), design, directory = directory)
  expect_identical(first$effects, here$effects)
  files <- list.files(directory, full.names = TRUE)
  expect_length(files, 3L)
  # What is kept is taken, what is not is made again.
  unlink(files[1L])
  kept <- readRDS(files[2L])
  kept[[1L]]$effects$estimate[] <- 1234
  saveRDS(kept, files[2L])
  again <- lmmfit_many(Y, ~ tissue + (1 | donor), design, directory = directory)
  expect_identical(sum(again$effects$estimate == 1234), 3L)
  # Another model or other responses are other tasks.
  other <- lmmfit_many(Y, ~ tissue + age + (1 | donor), design, directory = directory)
  expect_length(list.files(directory), 6L)
  expect_false(any(other$effects$estimate == 1234))
})

test_that("workers have the pedigree and the functions that a formula names", {
  skip_if_not_installed("future.apply")
  ped <- data.frame(id = 1:40, sire = c(rep(NA, 20), rep(1:10, 2)),
    dam = c(rep(NA, 20), 11:20, 20:11))
  twice <- function(x) 2 * x
  set.seed(32)
  data <- data.frame(id = factor(rep(1:40, 3)), x = rnorm(120), group = gl(4, 30))
  Y <- matrix(rnorm(120 * 60), 120) + rnorm(40)[data$id]
  Y[1:3, 2] <- NA
  model <- ~ twice(x) + (1 | gr(id, pedigree = ped)) + (1 | group)
  data$y <- Y[, 1]
  fit <- quietly(lmmfit(update(model, y ~ .), data))
  power <- function() {
    power_curve(fit, "twice(x)", n = c(4, 6), along = "group", nsim = 60, seed = 1)
  }
  here <- quietly(lmmfit_many(Y, model, data))
  power_here <- quietly(power())
  old <- future::plan(future::multisession, workers = 2)
  on.exit(future::plan(old))
  expect_identical(quietly(lmmfit_many(Y, model, data))$effects, here$effects)
  expect_identical(quietly(power()), power_here)
  expect_identical(here$fits$status, rep("converged", 60))
})

test_that("bad input of many fits has one message each", {
  design <- many_design()
  Y <- many_responses(design, 2L)
  model <- ~ tissue + (1 | donor)
  refused <- function(...) expect_error(lmmfit_many(...), class = "henderson_error_argument")
  refused(t(Y), model, design)
  refused(Y[1:3, ], model, design)
  refused(Y[, 1], model, design)
  refused(cbind(a = Y[, 1], a = Y[, 2]), model, design)
  refused(Y, y ~ tissue, design)
  refused(Y, "tissue", design)
  refused(Y, model, as.list(design))
  refused(Y, model, design, weights = 1:3)
  refused(Y, model, design, directory = 3)
  expect_error(lmmfit_many(Y, ~ tisue, design), "Did you mean")
  expect_error(lmmfit_many(Y, model, design, K = "tissue4"), class = "henderson_error_coefficient")
  expect_error(lmmfit_many(Y, model, design, method = "Bayes"),
    class = "henderson_error_not_available")
})

test_that("Method 3 gives what single fits give, negative estimates too", {
  d <- as.data.frame(nlme::Orthodont)
  set.seed(1)
  Y <- cbind(a = d$distance, b = d$distance + stats::rnorm(nrow(d)), c = stats::rnorm(nrow(d)))
  many <- lmmfit_many(Y, ~ age + (1 | Subject), d, method = "ANOVA")
  for (name in colnames(Y)) {
    d$y <- Y[, name]
    one <- lmmfit(y ~ age + (1 | Subject), d, method = "ANOVA")
    own <- many$variances[many$variances$response == name, ]
    expect_identical(own$estimate, varcomp(one)$estimate)
    expect_identical(own$status, varcomp(one)$status)
    expect_equal(many$effects$p.value[many$effects$response == name],
      summary(one)$coefficients$p.value)
  }
  # The last one is the negative one of this seed.
  expect_lt(own$estimate[1L], 0)
})
