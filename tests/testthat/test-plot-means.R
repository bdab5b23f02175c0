oats <- lmmfit(yield ~ Variety * factor(nitro) + (1 | Block) + (1 | Block:Variety), nlme::Oats)

drawn <- function(expr) {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expr
}

test_that("the picture has the means, their intervals and letters", {
  skip_if_not_installed("multcompView")
  means <- marginal_means(oats, ~ nitro | Variety)
  data <- drawn(plot(means, compare = "letters"))
  expect_equal(data$estimate, means$estimate)
  expect_equal(data$upper, means$upper)
  found <- mean_letters(means)
  place <- match(paste(found$nitro, found$Variety), paste(means$nitro, means$Variety))
  expect_identical(data$letters[place], found$letters)
  expect_identical(levels(data$label), c("0.6", "0.4", "0.2", "0"))
  skip_if_not_installed("ggplot2")
  layer <- ggplot2::layer_data(ggplot2::autoplot(means, compare = "letters"), 1L)
  expect_equal(sort(layer$xmax), sort(means$upper))
})

test_that("arrows overlap just where Tukey's test finds no difference", {
  for (means in list(marginal_means(oats, ~ nitro), marginal_means(oats, ~ Variety + nitro))) {
    data <- drawn(plot(means, compare = "arrows"))
    tests <- pairs(means)
    at <- utils::combn(nrow(data), 2L)
    low <- ifelse(data$estimate[at[1, ]] < data$estimate[at[2, ]], at[1, ], at[2, ])
    high <- at[1, ] + at[2, ] - low
    overlap <- data$arrow_right[low] > data$arrow_left[high]
    # The outer arrow of the least mean and of the greatest are not drawn, the inner ones are.
    expect_identical(sum(overlap != (tests$p.value > 0.05)), as.integer(attr(data, "misled")))
  }
})

test_that("with equal errors an arrow is half the honestly significant difference of Tukey", {
  balanced <- marginal_means(oats, ~ nitro)
  data <- drawn(plot(balanced, compare = "arrows"))
  expect_identical(as.integer(attr(data, "misled")), 0L)
  hsd <- stats::qtukey(0.95, 4, balanced$df[1] * 0 + pairs(balanced)$df[1]) / sqrt(2) *
    pairs(balanced)$se[1]
  inner <- data$arrow_right[1:3] - data$estimate[1:3]
  expect_equal(inner, rep(hsd / 2, 3), tolerance = 1e-6)
})

test_that("means along a number are lines, one for each cell of the others", {
  means <- marginal_means(oats, ~ nitro + Variety)
  data <- drawn(plot(means, compare = "none"))
  expect_identical(attr(data, "axis"), "nitro")
  expect_identical(levels(data$curve), levels(nlme::Oats$Variety))
  skip_if_not_installed("ggplot2")
  line <- ggplot2::layer_data(ggplot2::autoplot(means, compare = "none"), 2L)
  expect_equal(sort(line$y), sort(means$estimate))
})

test_that("one mean, a gap, and many levels with spaces are drawn", {
  one <- lmmfit(distance ~ 1 + (1 | Subject), nlme::Orthodont)
  expect_error(drawn(plot(marginal_means(one, ~ Sex))), class = "henderson_error")
  holes <- subset(nlme::Oats, !(Variety == "Victory" & nitro == 0.6))
  gap <- lmmfit(yield ~ Variety * factor(nitro) + (1 | Block), holes)
  means <- marginal_means(gap, ~ Variety:nitro)
  expect_true(anyNA(means$estimate))
  expect_silent(drawn(plot(means, compare = "arrows")))
  set.seed(1)
  many <- data.frame(g = paste("a line", rep(1:80, 2)), y = rnorm(160))
  means <- predict(lmmfit(y ~ 1 + (1 | g), many, hold = c(g = 1)), classify = ~ g)
  expect_identical(nrow(drawn(plot(means))), 80L)
  expect_error(plot(means, compare = "stars"), class = "henderson_error_argument")
  skip_if_not_installed("ggplot2")
  expect_no_error(ggplot2::ggplot_build(ggplot2::autoplot(means, sort = TRUE)))
})

test_that("intervals of several curves stand beside each other, those of one are a band", {
  means <- marginal_means(oats, ~ nitro + Variety)
  data <- apart(drawn(plot(means, compare = "none")))
  expect_identical(anyDuplicated(data$x), 0L)
  expect_lt(max(abs(data$x - means$nitro)), 0.05)
  one <- drawn(plot(marginal_means(oats, ~ nitro), compare = "none"))
  expect_identical(apart(one), one)
})
