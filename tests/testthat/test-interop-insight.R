# insight's and performance's own answers for lme4's fit of the same model are the source.

test_that("insight finds the parts of a fit as it does lme4's", {
  skip_if_not_installed("insight")
  skip_if_not_installed("lme4")
  formula <- Reaction ~ Days + (1 + Days | Subject)
  fit <- lmmfit(formula, lme4::sleepstudy)
  peer <- lme4::lmer(formula, lme4::sleepstudy)
  for (question in c("find_random", "find_predictors", "find_parameters", "find_random_slopes",
                     "is_mixed_model")) {
    ask <- getExportedValue("insight", question)
    expect_equal(ask(fit), ask(peer), ignore_attr = TRUE, info = question)
  }
  expect_equal(insight::n_grouplevels(fit)$N_levels, 18)
  for (question in c("get_parameters", "get_statistic")) {
    ask <- getExportedValue("insight", question)
    expect_equal(ask(fit)[[2]], ask(peer)[[2]], tolerance = 1e-4, info = question)
  }
  parts <- c("var.fixed", "var.random", "var.residual", "var.intercept")
  expect_equal(insight::get_variance(fit)[parts], insight::get_variance(peer)[parts],
    tolerance = 1e-4, ignore_attr = TRUE)
})

test_that("variances and correlations of slopes are those that insight finds in lme4's fit", {
  skip_if_not_installed("insight")
  skip_if_not_installed("lme4")
  parts <- c("var.intercept", "var.slope", "cor.slope_intercept", "cor.slopes")
  compare <- function(formula, data) {
    found <- insight::get_variance(lmmfit(formula, data))
    peer <- suppressWarnings(insight::get_variance(lme4::lmer(formula, data)))
    expect_setequal(intersect(names(found), parts), intersect(names(peer), parts))
    for (part in intersect(names(peer), parts)) {
      expect_equal(found[[part]], peer[[part]], tolerance = 1e-3, info = part)
    }
  }
  compare(Reaction ~ Days + (1 + Days | Subject), lme4::sleepstudy)
  compare(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject), lme4::sleepstudy)
  compare(score ~ Machine + (Machine | Worker), nlme::Machines)
  compare(score ~ Machine + (0 + Machine | Worker), nlme::Machines)
  compare(score ~ Machine + (1 | Worker), nlme::Machines)
  fit <- lmmfit(Reaction ~ Days + (1 + Days | Subject), lme4::sleepstudy)
  expect_equal(insight::get_variance_slope(fit), c(Subject.Days = 35.07), tolerance = 1e-3)
  expect_equal(insight::get_correlation_slope_intercept(fit), 0.0656, tolerance = 1e-2,
    ignore_attr = TRUE)
})

test_that("sjPlot's table shows what it shows of lme4's fit", {
  skip_if_not_installed("sjPlot")
  skip_if_not_installed("lme4")
  formula <- Reaction ~ Days + (1 + Days | Subject)
  tab_model <- getExportedValue("sjPlot", "tab_model")
  words <- function(fit) {
    text <- gsub("<[^>]*>", " ", as.character(tab_model(fit, digits.re = 1)$page.content))
    strsplit(trimws(gsub("\\s+", " ", sub(".*Random Effects", "", text))), " ")[[1L]]
  }
  found <- words(lmmfit(formula, lme4::sleepstudy))
  expect_identical(found, words(lme4::lmer(formula, lme4::sleepstudy)))
  expect_true("Subject.Days" %in% found)
})

test_that("performance works", {
  skip_if_not_installed("performance")
  skip_if_not_installed("lme4")
  fit <- lmmfit(Reaction ~ Days + (1 + Days | Subject), lme4::sleepstudy)
  peer <- lme4::lmer(Reaction ~ Days + (1 + Days | Subject), lme4::sleepstudy)
  expect_equal(performance::icc(fit)$ICC_adjusted, performance::icc(peer)$ICC_adjusted,
    tolerance = 1e-4)
  expect_equal(unlist(performance::r2(fit)), unlist(performance::r2(peer)), tolerance = 1e-4,
    ignore_attr = TRUE)
  expect_true(performance::check_convergence(fit))
  expect_false(performance::check_singularity(fit))
  set.seed(1)
  empty <- data.frame(g = gl(6, 5), y = rnorm(30))
  expect_true(performance::check_singularity(lmmfit(y ~ 1 + (1 | g), empty)))
})
