# Every condition has its class, its fields and complete text.

test_that("an error carries its argument, value and remedy", {
  error <- tryCatch(abort_weights("17", -2), error = identity)
  classes <- c("henderson_error_weights", "henderson_error", "error", "condition")
  expect_s3_class(error, classes, exact = TRUE)
  expect_identical(error$argument, "weights")
  expect_identical(error$value, -2)
  expect_type(error$remedy, "character")
  expect_null(conditionCall(error))
})

test_that("braces in what a user wrote are text", {
  expect_error(abort_frame("object {x} not found"), "{x}", fixed = TRUE)
  expect_error(abort_contrasts("a{b}", "c{d}"), "c{d}", fixed = TRUE)
})

test_that("warnings are warnings", {
  expect_warning(warn_convergence("no_ascent", 3L), class = "henderson_warning_convergence")
  expect_warning(warn_convergence("iteration_limit", 1L), class = "henderson_warning")
})

test_that("wording", {
  expect_snapshot(error = TRUE, {
    abort_parameter_name("hold", "a", c("b", "residual"))
    abort_new_level("g", as.character(1:40))
    abort_new_level("g", "a")
    abort_levels_records("g", 10L, 10L)
    abort_negative_variance("hold", "g", -1)
    abort_inconsistent()
  })
  expect_snapshot({
    warn_convergence("iteration_limit", 100L)
    warn_rank_deficient(c("a", "b"))
  })
})

test_that("a warning of a fit is shown once, at the fit", {
  sleep <- lme4::sleepstudy
  sleep$day <- factor(sleep$Days)
  contrasts(sleep$day) <- stats::contr.sum(10)
  fits <- list(
    function() {
      lmmfit(Reaction ~ Days + (Days | Subject), sleep, control = lmm_control(max_iterations = 1))
    },
    function() lmmfit(Reaction ~ Days + (1 | Subject), sleep, contrasts = list(none = "contr.sum")),
    function() lmmfit(Reaction ~ day + (1 | Subject), subset(sleep, Days < 9))
  )
  for (make in fits) {
    warnings <- 0L
    fit <- withCallingHandlers(make(), henderson_warning = function(condition) {
      warnings <<- warnings + 1L
      invokeRestart("muffleWarning")
    })
    expect_identical(warnings, 1L)
    expect_no_condition(utils::capture.output({
      print(fit)
      print(summary(fit))
      print(anova(fit))
      print(varcomp(fit))
      print(ranef(fit))
      print(drop1(fit))
      fitted(fit)
      residuals(fit)
      simulate(fit, seed = 1)
      cooks.distance(fit)
    }), class = "henderson_warning")
  }
})

test_that("weights whose products are no numbers are refused", {
  d <- data.frame(y = c(1, 3, 2, 5, 4, 7), g = gl(3, 2), w = 1:6)
  for (factor in c(1e300, 1e-300)) {
    expect_error(lmmfit(y ~ 1 + (1 | g), d, weights = factor * w), "between 1e-100 and 1e100",
      class = "henderson_error_weights")
  }
})

test_that("what is no formula, no variable and no way with missing values is named", {
  d <- data.frame(y = c(1, 3, 2, 5, 4, 7), x = c(NA, 1:5), g = gl(3, 2))
  expect_error(lmmfit(y == x, d), "`formula` cannot be evaluated",
    class = "henderson_error_formula")
  for (formula in c(y ~ x + NA, y ~ x + "x", y ~ x + (1 | "g"), y ~ x + TRUE, y ~ x:2)) {
    expect_error(lmmfit(formula, d), "in `formula` is no variable",
      class = "henderson_error_formula")
  }
  for (action in list(y ~ x, "nothing_of_this_name", "", NA_character_, 1)) {
    expect_error(lmmfit(y ~ x, d, na.action = action), "`na.action` must be a function",
      class = "henderson_error_argument")
  }
})

test_that("a warning of a fit is shown once: no question repeats it", {
  data <- as.data.frame(nlme::BodyWeight)
  data$visit <- factor(data$Time)
  expect_warning(fit <- lmmfit(weight ~ Diet * visit, data, residual = ~ ar1h(visit | Rat)),
    "equally spaced")
  new <- data.frame(Diet = "1", visit = "64", Rat = "2")
  expect_silent({
    contest(fit, c(Diet2 = 1), ddf = "CR2")
    contest(fit, c(Diet2 = 1), ddf = "BW")
    vcov(fit, ddf = "KR1")
    predict(fit, new, interval = "prediction")
    predict(fit, new, residual = TRUE)
    simulate(fit, seed = 1)
    residuals(fit, type = "normalized")
    anova(fit)
    marginal_means(fit, ~ Diet | visit)
    augment(fit)
  })
})

# One record that is known to 1e-9 of the others, which have next to no weight beside it.
test_that("weights that leave the equations no digits are the reason of a search that ends early", {
  d <- data.frame(
    y = c(3.164544, 2.146464, 4.188398, 9.046309, 5.246525, 6.586869, 10.202132, 9.075321,
      14.944906),
    x = c(-0.590353, -1.473796, -0.831094, -0.218478, 0.595485, 0.068790, 1.562605, -0.823289,
      1.571734),
    visit = factor(c(1, 3, 4, 5, 6, 3, 4, 5, 6)), id = factor(rep(1:2, 5:4)),
    w = c(1e14, 14.86896, 5.907575e-2, 7.706806e-2, 1.932031e-4, 43.48115, 0.3474757, 4.122252e-3,
      153.6685)
  )
  said <- expect_warning(lmmfit(y ~ x + ar1h(visit | id), d, weights = w),
    class = "henderson_warning_convergence")
  expect_match(conditionMessage(said), "weights go from 0.00019 to 1e\\+14")
})
