test_that("names near to a slip are found, others are not", {
  columns <- c("Days", "Subject", "Reaction", "x1", "x2")
  expect_identical(nearest_names("days", columns), "Days")
  expect_identical(nearest_names("subjct", columns), "Subject")
  expect_setequal(nearest_names("x3", columns), c("x1", "x2"))
  expect_length(nearest_names("temperature", columns), 0L)
  # Its neighbours by a swap are as many as it has letters: 10^10 letters.
  expect_length(nearest_names(strrep("z", 1e5), columns), 0L)
  expect_length(nearest_names("a", character()), 0L)
})

test_that("only variables that are evaluated count", {
  expect_identical(looked_up(quote(d$x + splines::ns(z, 3))), c("d", "z"))
  expect_identical(looked_up(quote(poly(x, degree = k) * a:b)), c("x", "k", "a", "b"))
  expect_identical(looked_up(quote(m[, 1])), "m")
})

test_that("large but finite values pass", {
  expect_silent(check_finite(c(1e308, 1e308), "x", data.frame(x = 1:2)))
})
