# The list that crosses to the engine.

growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)

spec_of <- function(formula, method = "REML") {
  parts <- parse_formula(formula, growth)
  frame <- model_frame(parts, growth)
  new_model_spec(model_design(parts, frame), frame, parts, method)
}

test_that("a spec has the fields of the engine and nothing else", {
  spec <- spec_of(distance ~ age * Sex + (1 + age | Subject))
  expect_named(spec, c("response", "weights", "fixed", "random", "residual", "method"))
  expect_named(spec$random[[1]],
    c("label", "structure", "n_coef", "n_levels", "incidence", "relationship"))
  expect_type(spec$response, "double")
  expect_length(spec$fixed, 4L)
  expect_identical(spec$fixed[[1]]$parts, list())
  expect_type(spec$random[[1]]$incidence[[1]]$levels, "integer")
  expect_s4_class(spec$fixed[[3]]$parts[[1]]$contrast, "dgCMatrix")
})

test_that("a term of one coefficient is us, whatever it was called", {
  expect_identical(spec_of(distance ~ diag(1 | Subject))$random[[1]]$structure, "us")
  expect_identical(spec_of(distance ~ (1 + age || Subject))$random[[1]]$structure, "diag")
})

test_that("parameters are listed by term, the residual last", {
  parts <- parse_formula(distance ~ (1 + age | Subject) + (1 | Sex), growth)
  design <- model_design(parts, model_frame(parts, growth))
  table <- parameter_table(design$random, parts$residual)
  expect_identical(table$name,
    c("Subject.Intercept", "Subject.Intercept.age", "Subject.age", "Sex", "residual"))
  expect_identical(table$kind, c("variance", "covariance", "variance", "variance", "variance"))
  expect_identical(table$index, c(1L, 1L, 1L, 2L, 0L))
})

test_that("a variance that cannot be told from the residual is refused, one that can is not", {
  growth$id <- factor(seq_len(nrow(growth)))
  growth$w <- growth$age / 10
  expect_error(lmmfit(distance ~ (1 | id), growth), class = "henderson_error_levels_records")
  expect_s3_class(lmmfit(distance ~ (1 | id), growth, hold = c(residual = 1)), "lmmfit")
  expect_s3_class(suppressWarnings(lmmfit(distance ~ (1 | id), growth, weights = w)), "lmmfit")
  expect_s3_class(suppressWarnings(lmmfit(distance ~ age + (0 + age | id), growth)), "lmmfit")
})
