found <- function() influence(lmmfit(distance ~ age * Sex + (1 | Subject), nlme::Orthodont))

test_that("each picture draws, and returns what it drew", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  own <- found()
  drawn <- plot(own, label = 2)
  expect_identical(drawn$group[!is.na(drawn$label)], c("M13", "F10"))
  moved <- plot(own, "dfbetas")
  expect_identical(nrow(moved), 27L * 4L)
  expect_equal(moved$dfbetas[moved$coefficient == "age"], unname(own$dfbetas[, "age"]))
  for (type in c("leverage", "fitted", "outliers")) expect_identical(nrow(plot(own, type)), 108L)
  # 5 % of 108 two-sided tests.
  expect_equal(attr(plot(own, "outliers"), "limit"), qnorm(1 - 0.025 / 108))
  expect_true(all(is.na(plot(own, label = 0)$label)))
  expect_error(plot(own, "cook"), class = "henderson_error_argument")
  expect_error(plot(own, label = -1), class = "henderson_error_argument")
})

test_that("plot(fit) draws them too, by the term that is asked for", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  fit <- lmmfit(distance ~ age + (1 | Subject) + (1 | Sex), nlme::Orthodont)
  expect_identical(nrow(plot(fit, "cooks", term = "Sex")), 2L)
  expect_identical(nrow(plot(fit, "leverage")), 108L)
})

test_that("contours are where Cook's distance is what they say", {
  data <- influence_data(found(), "leverage", 0L)
  lines <- contour_data(data)
  lines <- lines[!is.na(lines$standardised), ]
  expect_gt(nrow(lines), 0L)
  cook <- lines$standardised^2 * lines$leverage / ((1 - lines$leverage) * attr(data, "rank"))
  expect_equal(cook, lines$level)
})

test_that("nothing to label, NA and many coefficients draw", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  data <- data.frame(f = factor(rep(1:40, each = 2)), y = sin(1:80), once = c(1, rep(0, 79)))
  own <- influence(lmmfit(y ~ f + once, data))
  expect_identical(nlevels(plot(own, "dfbetas")$coefficient), most_coefficients)
  for (type in influence_types) expect_no_error(plot(own, type))
})

test_that("autoplot() is a ggplot", {
  skip_if_not_installed("ggplot2")
  own <- found()
  for (type in influence_types) {
    made <- ggplot2::autoplot(own, type)
    expect_s3_class(made, "ggplot")
    expect_no_error(ggplot2::ggplot_build(made))
  }
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  expect_s3_class(ggplot2::autoplot(fit, "cooks"), "ggplot")
})

test_that("printing names the groups and records that stand out", {
  expect_snapshot(print(found(), n = 2L))
  expect_named(as.data.frame(found()), c("group", "records", "cooks.distance", "(Intercept)", "age",
    "SexFemale", "age:SexFemale"))
})
