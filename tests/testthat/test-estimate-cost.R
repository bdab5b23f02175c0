test_that("the cost is that of the fit", {
  model <- large_model("animal", 2000L)
  cost <- estimate_cost(model$formula, model$data, hold = model$hold)
  fit <- lmmfit(model$formula, model$data, hold = model$hold)
  # The symbolic factor of the fit itself, made without estimate_cost().
  expect_identical(cost$n_equations, as.double(fit$equations$n_columns))
  expect_identical(cost$factor_entries, fit$equations$n_entries_factor)
  expect_identical(cost$solver["factor", "flops"], fit$equations$factor_flops)
  expect_gte(cost$solver["factor", "bytes"], 8 * cost$factor_entries)
  expect_true(cost$held)
  expect_true(all(cost$solver$seconds > 0))
  # A search takes the selected inverse at each iteration, and the average information: a solve, of
  # two passes over the factor, and products with each other of the working variates of all
  # parameters.
  search <- estimate_cost(model$formula, model$data, iterations = 5)
  m <- nrow(varcomp(fit))
  information <- m * (4 * cost$factor_entries + 2 * m * cost$n_equations)
  expect_equal(search$solver["factor", "flops"],
    fit$equations$factor_flops + fit$equations$inverse_flops + information, tolerance = 1e-12)
  expect_gt(search$solver["factor", "bytes"], cost$solver["factor", "bytes"])
  expect_false(search$held)
  expect_output(print(search), "5 iterations, 60 rounds")
  # So does a fit with known variances for the standard errors of many fixed effects.
  many <- estimate_cost(y ~ herd, data.frame(y = stats::rnorm(2002), herd = gl(1001, 2)),
    hold = c(residual = 1))
  few <- estimate_cost(y ~ herd, data.frame(y = stats::rnorm(2000), herd = gl(1000, 2)),
    hold = c(residual = 1))
  expect_gt(many$solver["factor", "flops"], 1.9 * few$solver["factor", "flops"])
})

test_that("all arguments of lmmfit() are taken, and nothing is fitted", {
  d <- nlme::Orthodont
  w <- rep(2, nrow(d))
  cost <- estimate_cost(distance ~ age + (1 | Subject), d, weights = w, subset = Sex == "Male",
    residual = ~ ar1(age | Subject), method = "ML")
  expect_s3_class(cost, "estimate_cost")
  expect_identical(cost$n_records, sum(d$Sex == "Male"))
  expect_output(print(cost), "64 records, 18 equations")
  asreml <- suppressMessages(
    estimate_cost(fixed = distance ~ age, random = ~ Subject, data = d))
  expect_identical(asreml$n_records, nrow(d))
  expect_error(estimate_cost(distance ~ nothing, d), class = "henderson_error")
  expect_error(estimate_cost(distance ~ age + (1 | Subject), d, iterations = 0),
    class = "henderson_error_argument")
  expect_error(estimate_cost(distance ~ age + (1 | Subject), d, control = 3),
    class = "henderson_error")
})

test_that("memory that is not there is marked", {
  cost <- estimate_cost(distance ~ age + (1 | Subject), nlme::Orthodont,
    control = lmm_control(memory = 1e-6))
  expect_identical(cost$solver$fits, c(FALSE, FALSE))
  expect_output(print(cost), "more memory than there is")
  expect_output(print(cost), "memory available: 1 KB")
})
