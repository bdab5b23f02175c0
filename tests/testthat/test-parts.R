# The stages of a fit, from parts that another grammar than that of lmmfit() made.

growth <- nlme::Orthodont
class(growth) <- "data.frame"

# fixed, random and residual apart, as ASReml has them: a random part is a list of grouping factors.
fit_from_parts <- function(fixed, random, residual, data, ...) {
  groups <- lapply(all.vars(random), function(name) new_group(name, list(as.name(name))))
  terms <- lapply(groups, function(group) new_term("us", quote(1), group))
  parts <- new_parts(fixed, fixed, terms, parse_residual(residual))
  frame <- new_frame(parts, data)
  model <- build_model(parts, frame, "REML", asked = list(...))
  new_lmmfit(sys.call(), model, estimate(model, lmm_control()), lmm_control())
}

test_that("a second grammar makes parts and uses the stages as they are", {
  growth$block <- factor(rep_len(1:6, nrow(growth)))
  own <- fit_from_parts(distance ~ age, ~ Subject + block, ~ diag(Sex), growth)
  same <- lmmfit(distance ~ age + (1 | Subject) + (1 | block), growth, residual = ~ diag(Sex))
  expect_identical(varcomp(own), varcomp(same))
  expect_identical(fixef(own), fixef(same))
  expect_identical(ranef(own, se = TRUE), ranef(same, se = TRUE))
  new <- growth[1:3, ]
  expect_identical(predict(own, new, se.fit = TRUE), predict(same, new, se.fit = TRUE))
})

test_that("what is asked of the parameters reaches the estimates", {
  own <- fit_from_parts(distance ~ age, ~Subject, ~iid, growth, hold = c(Subject = 4))
  same <- lmmfit(distance ~ age + (1 | Subject), growth, hold = c(Subject = 4))
  expect_identical(varcomp(own), varcomp(same))
})

test_that("a grammar that leaves something out is told so at once", {
  expect_error(new_parts(~x, y ~ x), class = "henderson_error_internal")
  expect_error(new_parts(y ~ x, y ~ x + (1 | g)), "a fixed part")
  expect_error(new_parts(y ~ x, y ~ x, list(quote(1 | g))), "random terms")
  term <- list(structure = "us", coefs = 1, group = list(label = "g", variables = list(quote(g))))
  expect_error(new_parts(y ~ x, y ~ x, list(term)), "random terms")
  expect_error(new_parts(y ~ x, y ~ x, residual = ~iid), "a parsed residual")
  expect_error(estimate(list(), lmm_control()), "a model by build_model")
})
