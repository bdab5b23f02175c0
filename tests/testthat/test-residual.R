data <- data.frame(y = c(1, 3, 2, 5, 4, 7), x = 1:6, g = factor(rep(1:3, 2)))

test_that("residual structures that do not exist are refused", {
  expect_identical(parse_residual(~iid), list(structure = "iid"))
  expect_error(lmmfit(y ~ x, data, residual = ~ ar1(x | g)), class = "henderson_error_residual")
  expect_error(lmmfit(y ~ x, data, residual = "iid"), class = "henderson_error_residual")
})
