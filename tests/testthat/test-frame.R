test_that("the frame has every variable once, and unused levels are gone", {
  data <- data.frame(
    y = 1:6 + 0, x = 1:6, w = 1:6,
    g = factor(c("a", "a", "b", "b", "c", "c"), c("z", "a", "b", "c"))
  )
  parts <- parse_formula(y ~ log(x) + (1 + log(x) | g) + offset(w), data)
  frame <- model_frame(parts, data, weights = data$w)
  expect_identical(names(frame), c("y", "log(x)", "offset(w)", "g", "(weights)"))
  expect_identical(levels(frame$g), c("a", "b", "c"))
  expect_identical(frame_response(frame), data$y - data$w)
  expect_identical(frame_weights(frame), as.double(data$w))
})

test_that("nothing is copied where nothing is missing or unused", {
  data <- data.frame(y = rnorm(10), g = factor(rep(1:5, 2)))
  frame <- model_frame(parse_formula(y ~ (1 | g), data), data)
  expect_identical(frame$g, data$g)
  expect_identical(drop_unused_levels(data$g, "g"), data$g)
  expect_null(attr(frame, "na.action"))
})

test_that("dropping levels gives what factor() gives, also for ordered factors", {
  for (ordered in c(FALSE, TRUE)) {
    x <- factor(c("c", "a", NA, "c"), c("a", "b", "c"), ordered = ordered)
    expect_identical(drop_unused_levels(x, "x"), factor(x))
  }
  stats::contrasts(x) <- stats::contr.sum(3)
  expect_warning(drop_unused_levels(x, "x"), class = "henderson_warning_contrasts")
})
