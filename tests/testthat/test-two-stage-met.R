trials <- function() {
  set.seed(1)
  gen <- factor(sprintf("g%02d", 1:12))
  met <- expand.grid(rep = 1:3, gen = gen, env = factor(paste0("e", 1:4)))
  met$block <- factor(paste0(met$env, "b", sample(4, nrow(met), TRUE)))
  met$y <- 10 + as.integer(met$env) + stats::rnorm(12)[met$gen] +
    stats::rnorm(48, sd = 0.7)[interaction(met$gen, met$env)] + stats::rnorm(16)[met$block] +
    stats::rnorm(nrow(met))
  met[-sample(nrow(met), 40), ]
}

test_that("the whole error covariance gives the single-stage answers at equal variances", {
  met <- trials()
  first <- c(block = 0.8, residual = 1.1)
  two <- two_stage_met(y ~ gen + (1 | block), "env", "gen", data = met,
    hold = list(first = first, second = c(gen = 1, residual = 0.5)))
  one <- lmmfit(y ~ env + (1 | gen) + (1 | env:gen) + (1 | block), met,
    hold = c(gen = 1, `env:gen` = 0.5, first))
  expect_equal(coef(two), fixef(one), tolerance = 1e-8)
  expect_equal(vcov(two), vcov(one), tolerance = 1e-8)
  both <- compare_stages(two, one)
  expect_equal(both$effects$two, both$effects$one, tolerance = 1e-8)
  expect_equal(both$effects$se_two, both$effects$se_one, tolerance = 1e-8)
  expect_equal(both$variances$one, c(1, 0.5), tolerance = 1e-12)
})

test_that("adjusted means of stage 1 are those of lm(), with their covariance", {
  met <- trials()
  two <- two_stage_met(y ~ gen + block, "env", "gen", data = met)
  own <- droplevels(met[met$env == "e2", ])
  fit <- stats::lm(y ~ 0 + gen + block, own)
  others <- colMeans(stats::model.matrix(fit)[, -seq_len(nlevels(own$gen)), drop = FALSE])
  q <- nlevels(own$gen)
  at <- cbind(diag(q), matrix(others, q, length(others), byrow = TRUE))
  means <- two$means[two$means$env == "e2", ]
  expect_equal(means$mean, drop(at %*% stats::coef(fit)), tolerance = 1e-10)
  expect_equal(as.matrix(two$error[means$unit, means$unit]), at %*% stats::vcov(fit) %*% t(at),
    tolerance = 1e-8, ignore_attr = TRUE)
})

test_that("balanced complete trials: every weighting agrees", {
  set.seed(2)
  met <- expand.grid(rep = factor(1:3), gen = factor(1:8), env = factor(1:5))
  met$y <- stats::rnorm(8)[met$gen] + stats::rnorm(40)[interaction(met$gen, met$env)] +
    stats::rnorm(120)
  first <- c(residual = 1)
  fits <- lapply(c("full", "none"), function(weights) {
    two_stage_met(y ~ gen + rep, "env", "gen", data = met, weights = weights,
      hold = list(first = first))
  })
  # Errors of the same size and correlation everywhere move from their own term to the residual.
  expect_equal(ranef(fits[[1]])$gen, ranef(fits[[2]])$gen, tolerance = 1e-5)
  expect_equal(varcomp(fits[[2]]$fit)$estimate[2], varcomp(fits[[1]]$fit)$estimate[3] + 1 / 3,
    tolerance = 1e-5)
})

test_that("columns of the entries may be used in stage 2, and mistakes are told", {
  met <- trials()
  met$type <- factor(ifelse(as.integer(met$gen) > 6, "new", "old"))
  two <- two_stage_met(y ~ gen, "env", "gen", second = ~ type + (1 | gen), data = met,
    weights = "diagonal")
  expect_true("typeold" %in% names(coef(two)))
  expect_output(print(two), "4 environments and 12 entries")
  expect_error(two_stage_met(y ~ block, "env", "gen", data = met),
    class = "henderson_error_two_stage")
  expect_error(two_stage_met(y ~ gen, "environment", "gen", data = met),
    class = "henderson_error_unknown_column")
  few <- rbind(met[met$env != "e1", ], met[met$env == "e1", ][1:2, ])
  part <- two_stage_met(y ~ gen, "env", "gen", data = few)
  expect_named(part$left_out, "e1")
})
