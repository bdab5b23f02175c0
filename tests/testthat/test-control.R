test_that("settings are checked", {
  expect_s3_class(lmm_control(), "lmm_control")
  expect_identical(lmm_control(max_iterations = 7)$max_iterations, 7L)
  expect_error(lmm_control(max_iterations = 0), class = "henderson_error_argument")
  expect_error(lmm_control(max_iterations = 1.5), class = "henderson_error_argument")
  expect_error(lmm_control(tolerance = -1), class = "henderson_error_argument")
  expect_error(lmm_control(trace = 1), class = "henderson_error_argument")
  expect_error(lmm_control(threads = "two"), class = "henderson_error_argument")
})
