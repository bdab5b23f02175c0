# What a fit by Bayes answers: predictions, contests, tables, draws in other formats, pictures.

skip_without_bayes()
data("sleepstudy", package = "lme4", envir = environment())
data("Dyestuff2", package = "lme4", envir = environment())

slopes <- lmmfit(Reaction ~ Days + (Days | Subject), sleepstudy, method = "Bayes", draws = 800,
  seed = 1)
reml <- lmmfit(Reaction ~ Days + (Days | Subject), sleepstudy)

test_that("contests are mixtures of the normal distributions given the draws", {
  found <- contest(slopes, rbind(slope = c(0, 1), ten = c(1, 10)), rhs = c(8, 300))
  draws <- slopes$posterior
  variance <- draws$beta_covariance[, 4]
  expect_relative(found$table$estimate[1], sum(draws$weight * draws$beta[, 2]), 1e-12, "mean")
  second <- sum(draws$weight * (variance + draws$beta[, 2]^2))
  expect_relative(found$table$se[1]^2, second - sum(draws$weight * draws$beta[, 2])^2, 1e-10,
    "variance")
  upper <- found$table$upper[1]
  expect_relative(sum(draws$weight * pnorm(upper, draws$beta[, 2], sqrt(variance))), 0.975, 1e-8,
    "quantile")
  expect_relative(found$table$above[1],
    sum(draws$weight * pnorm(8, draws$beta[, 2], sqrt(variance), lower.tail = FALSE)), 1e-10, "P")
  # With random effects: the value of one subject is what predict() says.
  own <- contest(slopes, c(1, 9), L = list(Subject = c("308:(Intercept)" = 1, "308:Days" = 9)))
  predicted <- predict(slopes, data.frame(Days = 9, Subject = "308"), se = TRUE)
  expect_relative(c(own$table$estimate, own$table$se), unlist(predicted), 1e-8, "subject")
  expect_output(print(found), "P\\(> rhs\\)")
})

test_that("predictions have credible and predictive intervals, wider than those at REML", {
  new <- data.frame(Days = c(0, 9, 9), Subject = c("308", "308", "new"))
  credible <- predict(slopes, new, allow_new_levels = TRUE, interval = "confidence")
  predictive <- predict(slopes, new, allow_new_levels = TRUE, interval = "prediction")
  expect_identical(predict(slopes, new, allow_new_levels = TRUE, interval = "credible"), credible)
  expect_identical(predict(slopes, new, allow_new_levels = TRUE, interval = "predictive"),
    predictive)
  plain <- predict(reml, new, allow_new_levels = TRUE)
  expect_relative(credible[, "fit"], plain, 0.02, "means")
  width <- function(x) x[, "upr"] - x[, "lwr"]
  expect_true(all(width(predictive) > width(credible)))
  # A new subject: the distribution is that of draws of everything.
  set.seed(4)
  at <- sample(800, 20000, TRUE, slopes$posterior$weight)
  values <- slopes$posterior$values[at, ]
  own <- slopes$posterior$beta[at, ] %*% c(1, 9) +
    rnorm(20000) * sqrt(pmax(slopes$posterior$beta_covariance[at, ] %*% c(1, 9, 9, 81), 0)) +
    rnorm(20000) * sqrt(values %*% c(1, 18, 81, 1))
  expect_relative(predictive[3, 2:3], quantile(own, c(0.025, 0.975)), 0.02, "predictive")
  simulated <- simulate(slopes, 400, seed = 5)
  expect_identical(simulated, simulate(slopes, 400, seed = 5))
  expect_relative(mean(apply(simulated, 1, sd)),
    mean(apply(simulate(reml, 400, seed = 5), 1, sd)), 0.15, "simulated")
})

test_that("tables, marginal means and functions of variances come from the draws", {
  slope <- contest(slopes, c(0, 1))$table
  expect_equal(unname(confint(slopes)["Days", ]), c(slope$lower, slope$upper))
  table <- tidy(slopes, conf.int = TRUE, scales = "vcov")
  expect_equal(table$estimate[3:6], unname(slopes$parameters$estimate))
  means <- marginal_means(slopes, ~Days, at = list(Days = 9))
  expect_output(print(means), "intervals, posterior quantiles")
  expect_relative(means$se, contest(slopes, c(1, 9))$table$se, 1e-8, "marginal mean")
  share <- vpredict(slopes, r ~ Subject.Intercept.Days / sqrt(Subject.Intercept * Subject.Days),
    largest ~ max(Subject.Days, residual))
  values <- slopes$posterior$values
  expect_equal(share["r", "estimate"],
    sum(slopes$posterior$weight * values[, 2] / sqrt(values[, 1] * values[, 3])))
  largest <- unname(slopes$parameters$estimate[4])
  expect_equal(share["largest", "estimate"], largest, tolerance = 1e-6)
  for (question in list(anova, profile, drop1)) {
    expect_error(question(slopes), class = "henderson_error_bayes_question")
  }
  expect_error(contest(slopes, c(0, 1), ddf = "residual"), class = "henderson_error_bayes_question")
})

test_that("a fit survives saving", {
  file <- tempfile()
  saveRDS(slopes, file)
  again <- readRDS(file)
  expect_equal(ranef(again, se = TRUE), ranef(slopes, se = TRUE))
})

test_that("draws come in the formats of posterior and coda", {
  draws <- posterior::as_draws_df(slopes)
  expect_true(all(c("Subject.Days", "(Intercept)", ".log_weight") %in% names(draws)))
  weight <- stats::weights(draws)
  expect_equal(sum(weight * draws$Subject.Days), slopes$parameters$estimate[3], tolerance = 1e-8)
  all <- posterior::as_draws_matrix(slopes, random = TRUE)
  expect_identical(ncol(all), 4L + 2L + 36L + 1L)
  u <- colSums(as.matrix(all)[, 7:42] * weight)
  expect_within(u, as.vector(t(as.matrix(ranef(slopes)$Subject))), 3, "draws of u")
  equal <- posterior::as_draws_df(slopes, equal = TRUE)
  expect_null(stats::weights(equal))
  expect_identical(nrow(equal), nrow(draws))
  expect_relative(colMeans(equal)[3:6], c(slopes$parameters$estimate[3:4], fixef(slopes)), 0.06,
    "equal draws")
  skip_if_not_installed("coda")
  chain <- coda::as.mcmc(slopes)
  expect_identical(dim(chain), c(800L, 6L))
  expect_relative(colMeans(chain)[3:6], c(slopes$parameters$estimate[3:4], fixef(slopes)), 0.06,
    "resampled")
})

test_that("tidybayes has equal draws, and effects by their level and coefficient", {
  skip_if_not_installed("tidybayes")
  tidybayes <- function(name) getExportedValue("tidybayes", name)
  chains <- update(slopes, sampler = "hmc")
  for (fit in list(slopes, chains)) {
    # The columns by name: gather_draws(fit, Days, residual) as a user writes it.
    gathered <- eval(bquote(.(tidybayes("gather_draws"))(fit, Days, residual)))
    found <- tapply(gathered$.value, gathered$.variable, mean)
    expect_relative(found[["Days"]], fixef(fit)[["Days"]], 0.03, "fixed effect")
    expect_relative(found[["residual"]], sigma(fit)^2, 0.03, "variance")
    all <- tidybayes("tidy_draws")(fit, random = TRUE)
    spread <- eval(bquote(.(tidybayes("spread_draws"))(all, Subject[level, coef])))
    expect_identical(nrow(spread), 36L * nrow(all))
    own <- spread$Subject[spread$level == 308 & spread$coef == "Days"]
    expect_within(mean(own), ranef(fit)$Subject["308", "Days"], 0.8, "effect")
  }
})

test_that("draws of effects that are kept are those that are made when they are asked for", {
  keep <- lmm_control(keep_effects = TRUE)
  for (sampler in c("importance", "hmc")) {
    one <- update(slopes, sampler = sampler, prior = lmm_prior(Days = normal(8, 3)))
    kept <- update(one, control = keep)
    expect_null(one$posterior$effects)
    expect_identical(dim(kept$posterior$effects), c(38L, 800L))
    # Draws without density have no effects to compare.
    alive <- is.finite(kept$posterior$log_weight)
    all <- function(fit) as.matrix(posterior::as_draws_matrix(fit, random = TRUE))[alive, ]
    expect_equal(all(kept), all(one))
  }
  expect_error(lmmfit(Reaction ~ Days + (1 | Subject), sleepstudy, control = keep), "Bayes",
    class = "henderson_error_bayes_argument")
})

test_that("four methods stand side by side", {
  four <- compare_methods(Yield ~ 1 + (1 | Batch), Dyestuff2, seed = 1, draws = 500,
    methods = c("ANOVA", "ML", "REML", "Bayes"))
  expect_lt(four$variances$ANOVA[1], 0)
  expect_identical(four$variances$REML[1], 0)
  expect_gt(four$variances$Bayes[1], 0)
  expect_output(print(four), "Bayes")
  # An argument of Bayes asks for it.
  for (what in c("variances", "fixed")) {
    shown <- method_estimates(four, what)
    limits <- confint(four$fits$Bayes)[as.character(unique(shown$effect)), , drop = FALSE]
    own <- shown[shown$analysis == "Bayes", c("lower", "upper")]
    expect_equal(unname(as.matrix(own)), unname(limits))
  }
  same <- compare_methods(Yield ~ 1 + (1 | Batch), Dyestuff2, seed = 1, draws = 500)
  expect_identical(same$variances, four$variances)
  expect_error(compare_methods(Yield ~ 1 + (1 | Batch), Dyestuff2, "REML", seed = 1),
    class = "henderson_error_bayes_argument")
})

test_that("pictures can be drawn", {
  expect_error(plot(slopes, "intervals"), "density", class = "henderson_error_argument")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  densities <- plot(slopes)
  area <- vapply(densities, function(d) sum(diff(d$x) * (d$y[-1] + d$y[-length(d$y)]) / 2), 0)
  expect_within(area, rep(1, 4), 0.01, "area")
  for (type in c("trace", "pairs")) expect_identical(ncol(plot(slopes, type)), 4L)
  surface <- plot(slopes, "surface", parameters = c("Subject.Intercept", "Subject.Days"))
  expect_lte(max(surface$loglik, na.rm = TRUE), as.numeric(logLik(reml)))
  expect_s3_class(plot(slopes, "caterpillar"), "data.frame")
  expect_error(plot(slopes, parameters = "nobody"), class = "henderson_error_parameter_name")
})

test_that("ggplot2 draws the same pictures", {
  skip_if_not_installed("ggplot2")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  curves <- ggplot2::layer_data(ggplot2::autoplot(slopes), 2L)
  drawn <- plot(slopes)
  expect_equal(curves$y[curves$PANEL == 4], drawn[[4]]$y)
  # A density: the sum over its grid is one.
  expect_equal(sum(drawn[[4]]$y) * diff(drawn[[4]]$x[1:2]), 1, tolerance = 0.01)
  names <- c("Subject.Intercept", "Subject.Days")
  surface <- ggplot2::layer_data(ggplot2::autoplot(slopes, "surface", parameters = names), 3L)
  found <- plot(slopes, "surface", parameters = names)
  best <- which(found$loglik == max(found$loglik, na.rm = TRUE), arr.ind = TRUE)
  expect_equal(c(surface$x, surface$y), c(found$x[best[1]], found$y[best[2]]))
  pairs <- ggplot2::layer_data(ggplot2::autoplot(slopes, "pairs"), 1L)
  expect_identical(nlevels(factor(pairs$PANEL)), 6L)
  trace <- ggplot2::layer_data(ggplot2::autoplot(slopes, "trace"), 1L)
  # Far from the posterior there are draws whose weights are nearly none.
  expect_lt(nrow(trace), 4L * length(slopes$posterior$weight))
  expect_s3_class(ggplot2::autoplot(slopes, "caterpillar"), "ggplot")
  expect_error(ggplot2::autoplot(slopes, parameters = "nobody"),
    class = "henderson_error_parameter_name")
  expect_error(ggplot2::autoplot(slopes, "cloud"), class = "henderson_error_argument")
})
