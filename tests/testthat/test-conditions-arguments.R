# Nothing that was typed vanishes: every method names what it does not use.

fit_known <- function() lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)

test_that("each method with dots stops at an argument that it does not have", {
  fit <- fit_known()
  readers <- list(fixef, ranef, nobs, sigma, formula, deviance, logLik, family, df.residual,
    weights,
    model.frame, terms, model.matrix, vcov, coef, fitted, residuals, predict, simulate, summary,
    varcomp, VarCorr, confint, profile, mme, tidy, glance, drop1, hatvalues, rstandard, rstudent,
    cooks.distance, dfbeta, dfbetas, influence, print)
  for (reader in readers) {
    expect_error(reader(fit, foo = 1), "no argument `foo`", class = "henderson_error_argument")
  }
})

test_that("every method that has dots looks at them", {
  reads_dots <- function(f) any(c("...", "...names", "...length") %in% all.names(body(f)))
  methods <- grep("[.](lmmfit|two_stage|two_stage_met|mme|contest)$", ls(asNamespace("henderson")),
    value = TRUE)
  methods <- Filter(function(name) "..." %in% names(formals(getFromNamespace(name, "henderson"))),
    methods)
  # What companions call with arguments of their own.
  interop <- grep(paste0("^(Anova|autoplot|linearHyp|find|get|set_|model_info|link|getFixed|check|",
    "is_mixed|emm_|modelparm)"), methods, value = TRUE)
  for (name in setdiff(methods, interop)) {
    expect_true(reads_dots(getFromNamespace(name, "henderson")), label = name)
  }
})

test_that("names near to one that exists are offered, swapped letters too", {
  fit <- fit_known()
  expect_error(predict(fit, intervall = "none"), "Did you mean `interval`", fixed = TRUE)
  expect_error(ranef(fit, condVr = TRUE), "Did you mean `condVar`", fixed = TRUE)
  expect_error(lmm_control(maxiter_ations = 3), "Did you mean `max_iterations`", fixed = TRUE)
  expect_error(ranef(fit, TRUE, FALSE, 7), "has no use for `7`", fixed = TRUE)
  expect_error(lmmfit(distance ~ age + Sxe, nlme::Orthodont), "Did you mean \"Sex\"", fixed = TRUE)
  expect_error(lmmfit(distance ~ age, nlme::Orthodont, hold = c(residaul = 1)),
    "Did you mean \"residual\"", fixed = TRUE)
  expect_error(lmmfit(distance ~ age + exo(age | Subject), nlme::Orthodont), "Did you mean \"exp\"")
  expect_error(confint(fit, method = "wlad"), "Did you mean \"Wald\"", fixed = TRUE)
  # By the name that was called, not one that it calls.
  expect_error(simulate(fit, nsims = 2), "`simulate()` has no argument `nsims`", fixed = TRUE)
  expect_warning(lmmfit(distance ~ Sex, nlme::Orthodont, contrasts = list(Sxe = "contr.sum")),
    "Did you mean \"Sex\"", fixed = TRUE)
  expect_error(predict(fit, random = "Subjcet"), "Did you mean \"Subject\"", fixed = TRUE)
  expect_error(confint(fit, "aeg"), "Did you mean \"age\"", fixed = TRUE)
})

test_that("names that are missing are told as names", {
  fit <- function(...) lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont, ...)
  unnamed <- stats::setNames(1, NA)
  expect_error(fit(hold = unnamed), "name for each", class = "henderson_error_parameter_values")
  expect_error(fit(start = unnamed), "name for each", class = "henderson_error_parameter_values")
  expect_error(fit(tie = NA_character_), class = "henderson_error")
  expect_error(fit(bounds = stats::setNames(list(c(0, 1)), NA)), class = "henderson_error")
  expect_error(fit(contrasts = stats::setNames(list("contr.sum"), NA)), class = "henderson_error")
  nothing <- transform(nlme::Orthodont, none = NA)
  expect_error(lmmfit(distance ~ age + at(none):age, nothing), "a level or more",
    class = "henderson_error_argument")
})

test_that("braces in a name are text", {
  expect_identical(did_you_mean("{x}"), "Did you mean \"{{x}}\"?")
  data <- data.frame(`{yy}` = 1:3, check.names = FALSE)
  expect_error(lmmfit(`{xy}` ~ 1, data), "\"{yy}\"", fixed = TRUE)
})

test_that("names of peers for what we have are read", {
  fit <- fit_known()
  expect_error(ranef(fit, postVar = TRUE), "Did you mean `condVar`", fixed = TRUE)
  new <- data.frame(age = 9, Subject = "new")
  expect_identical(predict(fit, new, allow.new.levels = TRUE),
    predict(fit, new, allow_new_levels = TRUE))
  expect_identical(nobs(fit, use.fallback = TRUE), 108L)
  expect_error(VarCorr(fit, sigma = 2), "`sigma` must be 1")
})

test_that("choices are read in any case, methods of degrees of freedom by their short names", {
  data <- nlme::Orthodont
  expect_identical(lmmfit(distance ~ age, data, method = "ml")$method, "ML")
  expect_identical(lmmfit(distance ~ age, data, ddf = "kr")$ddf, "Kenward-Roger")
  expect_identical(lmmfit(distance ~ age, data, ddf = "SATTERTHWAITE")$ddf, "Satterthwaite")
  # Two choices that differ in case only are both had.
  expect_identical(check_choice("b", c("B", "b"), "x"), "b")
  expect_identical(check_choice("B", c("B", "b"), "x"), "B")
})

test_that("an object in a message is named, not printed", {
  for (control in list(nlme::lmeControl(), lme4::lmerControl, 3, NULL)) {
    error <- expect_error(lmmfit(distance ~ age, nlme::Orthodont, control = control),
      class = "henderson_error_argument")
    expect_lt(nchar(conditionMessage(error)), 200)
  }
  expect_lt(nchar(short_text(list(1:1000, letters))), 60)
  expect_lt(nchar(short_text(function(x) x + sum(1:100) + sum(1:200) + sum(1:300) + 1)), 60)
})
