growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)

test_that("two stages beside one: the numbers are those of the two analyses", {
  two <- two_stage(distance ~ age | Subject, ~Sex, growth, weights = "stage1")
  one <- lmmfit(distance ~ age * Sex + (1 + age | Subject), growth)
  both <- compare_stages(two, one)
  expect_identical(row.names(both$fixed), names(coef(two)))
  expect_equal(both$fixed["SexFemale:age", "one"], fixef(one)[["age:SexFemale"]])
  expect_equal(both$fixed$se_two, unname(sqrt(diag(vcov(two)))))
  expect_equal(both$fixed$efficiency, rep(1, 4), tolerance = 1e-6)
  expect_equal(both$variances$one, varcomp(one)$estimate[c(1, 2, 3, 4)])
  expect_equal(both$variances$two[4], two$sigma2)
  expect_snapshot(compare_stages(two_stage(distance ~ age | Subject, ~Sex, growth), one))
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_identical(plot(both), both$fixed)
})

test_that("what cannot be compared is said", {
  one <- lmmfit(distance ~ age + (1 | Subject), growth)
  expect_error(compare_stages(one, one), class = "henderson_error_argument")
  sums <- two_stage(distance ~ age | Subject, ~Sex, growth, summary = "mean")
  expect_error(compare_stages(sums, one), class = "henderson_error_compare")
})

test_that("methods side by side", {
  both <- compare_methods(yield ~ nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats)
  # A balanced design: REML is the analysis of variance where no estimate is negative.
  expect_equal(both$variances$REML, both$variances$ANOVA, tolerance = 1e-6)
  expect_equal(both$variances$ML,
    varcomp(lmmfit(yield ~ nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats,
      method = "ML"))$estimate, tolerance = 1e-8)
  expect_snapshot(both)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  plot(both)
  plot(both, what = "fixed")
})

test_that("a method that cannot fit the model has its reason", {
  both <- compare_methods(distance ~ age + (1 + age | Subject), growth)
  expect_true(all(is.na(both$variances$ANOVA)))
  expect_named(both$reasons, "ANOVA")
  expect_output(print(both), "more than one coefficient")
  expect_error(compare_methods(distance ~ age + (1 + age | Subjekt), growth),
    class = "henderson_error_unknown_column")
  expect_error(compare_methods(distance ~ age, growth, methods = "MIVQUE"),
    class = "henderson_error_argument")
})
