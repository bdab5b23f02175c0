fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)

drawn <- function(expr) {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  force(expr)
}

test_that("the normal quantiles, their line and band are those of qqnorm() and qqline()", {
  data <- diagnostic_data(fit, "panel")
  e <- unname(residuals(fit, "pearson"))
  expect_equal(data$theoretical, stats::qqnorm(e, plot.it = FALSE)$x)
  q <- stats::quantile(e, c(0.25, 0.75), names = FALSE)
  slope <- diff(q) / diff(stats::qnorm(c(0.25, 0.75)))
  expect_equal(attr(data, "line"), c(q[1] - slope * stats::qnorm(0.25), slope))
  # The least of 108 normals lies below this limit with probability 2.5 %.
  below <- function(x) stats::pnorm((x - attr(data, "line")[1]) / slope)
  least <- utils::head(order(data$theoretical), 1L)
  expect_equal(stats::pbinom(0, 108, below(data$lower[least]), lower.tail = FALSE), 0.025)
  largest <- order(-abs(e))[1:3]
  expect_identical(which(!is.na(data$label)), sort(largest))
})

test_that("the panel has its four parts in ggplot2, with the records' own numbers", {
  skip_if_not_installed("ggplot2")
  built <- ggplot2::ggplot_build(ggplot2::autoplot(fit, "panel"))
  expect_identical(nrow(built$layout$layout), 4L)
  single <- ggplot2::layer_data(ggplot2::autoplot(fit, "scale"), 1L)
  expect_equal(sort(single$y), sort(sqrt(abs(unname(residuals(fit, "pearson"))))))
  expect_silent(drawn(plot(fit, "panel")))
})

test_that("a model with one fitted value, and one record out of reach, are drawn", {
  flat <- data.frame(y = c(1, 2, 4, 8), g = c("a b", "a b", "c d", "c d"))
  one <- lmmfit(y ~ 1, flat)
  expect_silent(drawn(plot(one, "panel")))
  skip_if_not_installed("ggplot2")
  expect_no_error(ggplot2::ggplot_build(ggplot2::autoplot(one, "panel")))
})

test_that("a record left out has no point", {
  holes <- nlme::Orthodont
  holes$distance[5] <- NA
  kept <- suppressMessages(lmmfit(distance ~ age + (1 | Subject), holes, na.action = na.exclude))
  expect_identical(nrow(diagnostic_data(kept, "residuals")), 107L)
})
