growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)

test_that("effects stand by group, with levels and coefficients named", {
  fit <- lmmfit(distance ~ age + (1 + age | Subject), growth)
  effects <- ranef(fit)
  expect_named(effects, "Subject")
  expect_identical(dimnames(effects$Subject), list(levels(growth$Subject), c("(Intercept)", "age")))
  expect_equal(t(as.matrix(effects$Subject)), fit$random[[1]]$effects, ignore_attr = TRUE)
})

test_that("two terms of one factor share a table", {
  fit <- lmmfit(distance ~ age + (1 | Subject) + (0 + age | Subject), growth)
  together <- lmmfit(distance ~ age + (1 + age || Subject), growth)
  expect_equal(ranef(fit), ranef(together), tolerance = 1e-5)
  expect_equal(coef(fit), coef(together), tolerance = 1e-5)
})

test_that("prediction error variances are the oracle's", {
  fit <- lmmfit(distance ~ age + (1 + age | Subject), growth)
  values <- fit$parameters$estimate
  model <- oracle_model(fit_spec(fit), list(matrix(values[c(1, 2, 2, 3)], 2)), values[4])
  expected <- oracle_solution(model)$pev
  effects <- ranef(fit, se = TRUE)$Subject
  expect_equal(as.vector(t(as.matrix(attr(effects, "se")))), sqrt(diag(expected)), tolerance = 1e-7)
  expect_equal(attr(effects, "pev")[, , 3], expected[5:6, 5:6], tolerance = 1e-7)
  expect_output(print(ranef(fit, se = TRUE)), "age SE")
  long <- as.data.frame(ranef(fit, se = TRUE))
  expect_identical(nrow(long), 54L)
  expect_identical(names(long), c("group", "level", "coefficient", "estimate", "se"))
})

test_that("a model without random terms has none", {
  expect_error(ranef(lmmfit(distance ~ age, growth)), class = "henderson_error_no_random")
})
