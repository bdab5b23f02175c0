# parameters, performance, insight and nlme for peers' fits of the same model are the source.

sleep_fits <- function() {
  skip_if_not_installed("lme4")
  formula <- Reaction ~ Days + (Days | Subject)
  # lmerTest looks for what was written in the call.
  peer <- lme4::lmer(Reaction ~ Days + (Days | Subject), lme4::sleepstudy,
    control = lme4::lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9)))
  list(fit = lmmfit(formula, lme4::sleepstudy), peer = peer)
}

test_that("model_parameters() has lme4's rows and numbers, and prints", {
  skip_if_not_installed("parameters")
  both <- sleep_fits()
  own <- as.data.frame(parameters::model_parameters(both$fit))
  peer <- as.data.frame(suppressMessages(parameters::model_parameters(both$peer,
    ci_method = "satterthwaite", effects = "fixed")))
  for (column in c("Parameter", "Coefficient", "SE", "CI_low", "CI_high", "t", "df_error", "p")) {
    expect_equal(own[1:2, column], peer[[column]], tolerance = 1e-4, info = column)
  }
  expect_identical(own$Parameter[3:6],
    c("SD (Intercept)", "Cor (Intercept~Days)", "SD (Days)", "SD (Observations)"))
  expect_output(print(parameters::model_parameters(both$fit)), "SD \\(Residual\\)")
  fixed <- parameters::model_parameters(both$fit, effects = "fixed", ddf = "Kenward-Roger")
  expect_equal(fixed$SE, unname(sqrt(diag(vcov(both$fit, ddf = "Kenward-Roger")))))
})

test_that("performance and insight have lme4's numbers", {
  skip_if_not_installed("performance")
  both <- sleep_fits()
  expect_equal(as.data.frame(performance::model_performance(both$fit)),
    as.data.frame(performance::model_performance(both$peer)), tolerance = 1e-5,
    ignore_attr = TRUE)
  expect_equal(performance::performance_aicc(both$fit), performance::performance_aicc(both$peer),
    tolerance = 1e-6)
  expect_equal(insight::get_df(both$fit), insight::get_df(both$peer), ignore_attr = TRUE)
  for (estimator in c("ML", "REML")) {
    expect_equal(as.numeric(insight::get_loglikelihood(both$fit, estimator = estimator)),
      as.numeric(logLik(both$peer, REML = estimator == "REML")), tolerance = 1e-8)
  }
})

test_that("getVarCov() and intervals() are nlme's", {
  formula <- distance ~ age
  own <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
  peer <- nlme::lme(formula, nlme::Orthodont, ~ age | Subject)
  expect_equal(nlme::getVarCov(own), nlme::getVarCov(peer), tolerance = 1e-3, ignore_attr = TRUE)
  for (type in c("conditional", "marginal")) {
    expect_equal(nlme::getVarCov(own, "F02", type)[[1]], nlme::getVarCov(peer, "F02", type)[[1]],
      tolerance = 1e-3, ignore_attr = TRUE, info = type)
  }
  found <- nlme::intervals(own)
  expect_equal(found$fixed[, c(1, 3)], confint(own), ignore_attr = TRUE)
  expect_equal(found$fixed[, "est."], fixef(own))
  expect_error(nlme::getVarCov(own, "nobody", "marginal"), class = "henderson_error_argument")
})

# marginaleffects differences predictions of models with other coefficients: what it calls.
test_that("slopes and their errors follow from the methods that marginaleffects calls", {
  fit <- lmmfit(angle ~ recipe * temp + (1 | recipe:replicate), peer_data("cake", "lme4"))
  beta <- get_coef.lmmfit(fit)
  expect_equal(beta, fixef(fit))
  new <- transform(model.frame(fit), replicate = peer_data("cake", "lme4")$replicate)
  slope <- function(model) {
    at <- function(step) get_predict.lmmfit(model, transform(new, temp = temp + step))$estimate
    mean(at(0.5) - at(-0.5))
  }
  jacobian <- vapply(names(beta), function(name) {
    moved <- function(step) {
      slope(set_coef.lmmfit(fit, replace(beta, name, beta[[name]] + step)))
    }
    (moved(1e-3) - moved(-1e-3)) / 2e-3
  }, 0)
  se <- sqrt(drop(jacobian %*% get_vcov.lmmfit(fit) %*% jacobian))
  exact <- contest(fit, c(temp = 1, "recipeB:temp" = 1 / 3, "recipeC:temp" = 1 / 3), ddf = "none")
  expect_equal(slope(fit), exact$table$estimate, tolerance = 1e-8)
  expect_equal(se, exact$table$se, tolerance = 1e-6)
  expect_equal(get_vcov.lmmfit(fit, "KR"), vcov(fit, ddf = "Kenward-Roger"))
  expect_null(get_vcov.lmmfit(fit, FALSE))
})

test_that("p-values, limits and degrees of freedom are those of the summary", {
  skip_if_not_installed("parameters")
  fit <- lmmfit(distance ~ age * Sex + (1 | Subject), nlme::Orthodont)
  own <- coef(summary(fit))
  expect_equal(parameters::p_value(fit)$p, unname(own[, "Pr(>|t|)"]))
  expect_equal(parameters::degrees_of_freedom(fit), unname(own[, "df"]))
  kr <- coef(summary(fit, ddf = "Kenward-Roger"))
  expect_equal(parameters::p_value(fit, method = "Kenward-Roger")$p, unname(kr[, "Pr(>|t|)"]))
  limits <- parameters::ci(fit, ci = 0.9)
  expect_equal(limits$CI_low, unname(confint(fit, "fixed", level = 0.9)[, 1]))
  expect_true(insight::is_converged(fit))
  expect_identical(insight::find_algorithm(fit)$algorithm, "REML")
})

test_that("ggpredict() gives the population means of lme4's fits with their intervals", {
  skip_if_not_installed("ggeffects")
  package <- "ggeffects"  # no dependency to declare
  predict_by <- getExportedValue(package, "ggpredict")
  data <- as.data.frame(nlme::Machines)
  data$z <- cos(1:54)
  for (formula in list(score ~ Machine * z + (1 | Worker),
    score ~ Machine * z + (1 | Worker) + (1 | Worker:Machine))) {
    fit <- lmmfit(formula, data)
    peer <- suppressMessages(lme4::lmer(formula, data))
    for (terms in list("Machine", c("z", "Machine"), "z [-1, 0, 1]")) {
      own <- as.data.frame(predict_by(fit, terms = terms))
      expected <- suppressMessages(suppressWarnings(as.data.frame(predict_by(peer, terms = terms))))
      # It has no limits at a covariate alone beside two groups.
      for (column in intersect(c("predicted", "conf.low", "conf.high"), names(expected))) {
        expect_equal(own[[column]], expected[[column]], tolerance = 1e-5, info = column)
      }
    }
  }
})

test_that("the checks of performance are those of lme4's fits", {
  skip_if_not_installed("performance")
  sleep <- transform(lme4::sleepstudy, x = sin(1:180), w = rep(c(1, 4), 90))
  fits <- list(
    list(lmmfit(Reaction ~ Days + x + (Days | Subject), sleep),
      lme4::lmer(Reaction ~ Days + x + (Days | Subject), sleep)),
    list(lmmfit(Reaction ~ Days + (1 | Subject), sleep, weights = w),
      lme4::lmer(Reaction ~ Days + (1 | Subject), sleep, weights = w))
  )
  for (both in fits) {
    # Of these fits by lmer() it says 0. By hand, from lme4's residuals:
    peer <- both[[2L]]
    u <- residuals(peer, "pearson")^2 / (df.residual(peer) * sigma(peer)^2 / nobs(peer))
    explained <- stats::anova(stats::lm(u ~ fitted(peer)))[["Sum Sq"]][1L]
    p <- as.numeric(performance::check_heteroscedasticity(both[[1L]]))
    expect_equal(p, stats::pchisq(explained / 2, 1, lower.tail = FALSE), tolerance = 1e-3)
    expect_equal(performance::r2_xu(both[[1L]]), performance::r2_xu(both[[2L]]), tolerance = 1e-4,
      ignore_attr = TRUE)
    rmse <- vapply(both, performance::performance_rmse, 0)
    expect_equal(rmse[1L], rmse[2L], tolerance = 1e-4)
  }
  plain <- vapply(list(lmmfit(Reaction ~ Days + x, sleep), lm(Reaction ~ Days + x, sleep)),
    function(fit) as.numeric(performance::check_heteroscedasticity(fit)), 0)
  expect_equal(plain[1L], plain[2L], tolerance = 1e-8)
  expect_output(print(performance::check_heteroscedasticity(fits[[1L]][[1L]])), "eteroscedastic")
})

test_that("model_parameters() takes what modelsummary asks for, also no intervals", {
  skip_if_not_installed("parameters")
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  whole <- parameters::model_parameters(fit, effects = "all")
  found <- parameters::model_parameters(fit, ci = NULL, ci_random = FALSE, verbose = FALSE)
  expect_equal(found$Coefficient, whole$Coefficient)
  expect_false("CI_low" %in% names(found))
  # sjPlot's call.
  asked <- parameters::model_parameters(fit, ci = 0.9, component = "conditional",
    bootstrap = FALSE, iterations = 1000, ci_method = "kenward", p_adjust = NULL,
    effects = "fixed", keep = NULL, drop = NULL, verbose = FALSE)
  expect_equal(asked$p, fixed_table(fit, "Kenward-Roger")$p.value)
  expect_error(parameters::model_parameters(fit, p_adjust = "holm"), class = "henderson_error")
  expect_error(parameters::model_parameters(fit, ci_method = "boot"), class = "henderson_error")
  skip_if_not_installed("performance")
  expect_identical(names(performance::model_performance(fit, metrics = "common")),
    c("AIC", "BIC", "R2_conditional", "R2_marginal", "ICC", "RMSE"))
  expect_named(performance::model_performance(fit, metrics = c("rmse", "AICc")), c("AICc", "RMSE"))
  # modelsummary's call.
  expect_named(performance::model_performance(fit, verbose = FALSE, metrics = "common",
    gof_map = "all"), c("AIC", "BIC", "R2_conditional", "R2_marginal", "ICC", "RMSE"))
  for (wrong in list("typo", c("AIC", "loglos"), 1)) {
    expect_error(performance::model_performance(fit, metrics = wrong), class = "henderson_error")
  }
})

test_that("model_parameters() of a fit by Bayes has its posterior means and quantiles", {
  skip_without_bayes()
  skip_if_not_installed("parameters")
  fit <- lmmfit(travel ~ 1 + (1 | Rail), nlme::Rail, method = "Bayes", draws = 400, seed = 1)
  found <- parameters::model_parameters(fit)
  expect_output(print(found), "Coefficient")
  found <- as.data.frame(found)
  own <- generics::tidy(fit, conf.int = TRUE)
  expect_equal(found$Coefficient, own$estimate)
  expect_equal(cbind(found$CI_low, found$CI_high), cbind(own$conf.low, own$conf.high))
  expect_false("p" %in% names(found))
  expect_error(parameters::model_parameters(fit, ddf = "none"),
    class = "henderson_error_bayes_question")
})
