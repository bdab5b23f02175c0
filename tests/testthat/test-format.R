test_that("columns of numbers share their decimals, whatever their size", {
  expect_identical(format_numbers(c(612.1002, 35.0717, 0.0655)), c("612.1002", "35.0717", "0.0655"))
  expect_identical(format_numbers(c(1, 0, NA)), c("1", "0", ""))
  expect_identical(format_numbers(c(1234567.8, 0.1)), c("1234568", "0.1"))
  expect_identical(format_numbers(c(2.5e-7, 1e-7)), c("2.5e-07", "1e-07"))
  expect_identical(format_numbers(c(1e12, 3)), c("1e+12", "3"))
  expect_identical(format_numbers(c(2, 4)), c("2", "4"))
})

test_that("zeros are dropped only where every number ends in them", {
  expect_identical(drop_common_zeros(c("0.720", "0.216")), c("0.720", "0.216"))
  expect_identical(drop_common_zeros(c("0.720", "0.210")), c("0.72", "0.21"))
  expect_identical(drop_common_zeros(c("2.00", "4.00")), c("2", "4"))
  expect_identical(drop_common_zeros(c("200", "400")), c("200", "400"))
  expect_identical(drop_common_zeros(character()), character())
})

test_that("tables are aligned", {
  table <- list(A = c("x", "yy"), B = c("1", "10"))
  expect_output(print_table(table), "  A    B\n  x    1\n  yy  10")
})

test_that("a p-value is written in one way", {
  expect_identical(p_text(c(0.03261, NA)), c("0.0326", ""))
  expect_identical(p_text(1e-30), "< 2e-16")
  expect_identical(p_phrase(1e-30), "p < 2e-16")
  expect_identical(p_phrase(0.0471234), "p = 0.0471")
  # No other function of the package writes one.
  written <- vapply(ls(asNamespace("henderson"), all.names = TRUE), function(name) {
    found <- get(name, asNamespace("henderson"))
    is.function(found) && any(all.names(body(found)) %in% c("format.pval", "printCoefmat"))
  }, NA)
  expect_identical(names(which(written)), "p_text")
})

test_that("a small p is written in one way, whatever stands beside it", {
  for (beside in list(0.143, 3.26e-6, 0.5, NA, numeric())) {
    expect_identical(trimws(p_text(c(1e-20, beside))[1L]), "< 2e-16")
  }
  expect_identical(p_phrase(1e-20), "p < 2e-16")
})
