quietly <- function(expression) {
  file <- tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  on.exit({
    grDevices::dev.off()
    unlink(file)
  })
  expression
}

test_that("a curve has the predictions of the fit, averaged over other factors", {
  fit <- lmmfit(distance ~ age * Sex + spl(age) + (1 | Subject), nlme::Orthodont)
  drawn <- quietly(plot(fit, type = "spline"))
  new <- expand.grid(age = drawn$x[c(1L, 40L)], Sex = c("Male", "Female"))
  each <- predict(fit, new, random = "spl.age")
  expect_equal(drawn$fit[c(1L, 40L)], unname(tapply(each, new$age, mean)), ignore_attr = TRUE)
  by <- lmmfit(distance ~ age * Sex + spl(age, by = Sex) + (1 | Subject), nlme::Orthodont)
  drawn <- quietly(plot(by, type = "spline"))
  expect_equal(unique(drawn$curve), c("Male", "Female"))
  own <- predict(by, data.frame(age = drawn$x[30L], Sex = "Male"),
    random = c("spl.age.Male", "spl.age.Female"), se = TRUE)
  expect_equal(c(drawn$fit[30L], drawn$se[30L]), c(own$fit[[1L]], own$se.fit[[1L]]))
  # Of a model without other random terms.
  alone <- lmmfit(distance ~ age + spl(age), nlme::Orthodont)
  drawn <- quietly(plot(alone, type = "spline"))
  own <- predict(alone, data.frame(age = drawn$x), se = TRUE)
  expect_equal(drawn$fit, unname(own$fit))
  expect_equal(drawn$se, unname(own$se.fit))
  group <- lmmfit(distance ~ age * Sex + spl(age | Sex) + (1 | Subject), nlme::Orthodont)
  expect_equal(unique(quietly(plot(group, type = "spline"))$curve), c("Male", "Female"))
  expect_error(plot(fit, type = "surface"), class = "henderson_error_plot")
  expect_error(plot(fit, type = "spline", term = "Subject"), class = "henderson_error")
})

test_that("a surface is the trend around its mean, and pictures are made", {
  set.seed(3)
  field <- expand.grid(row = 1:10, col = 1:8, trial = c("A", "B"))
  field$y <- sin(field$row / 3) * field$col + rnorm(160)
  fit <- lmmfit(y ~ trial * col * row + spl2(col, row, nseg = 4, by = trial), field)
  drawn <- quietly(plot(fit, type = "surface"))
  expect_equal(unname(tapply(drawn$trend, drawn$level, mean)), c(0, 0), ignore_attr = TRUE)
  here <- drawn[c(1L, 100L), ]
  p <- predict(fit, data.frame(col = here$x, row = here$y, trial = here$level))
  expect_equal(diff(here$trend), diff(unname(p)))
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(fit, type = "surface"), "ggplot")
  expect_s3_class(quietly(print(ggplot2::autoplot(fit, type = "surface"))), "ggplot")
})

test_that("a biplot has rotated loadings and scores", {
  set.seed(3)
  loadings <- matrix(rnorm(10), 5)
  data <- expand.grid(line = factor(1:30), env = factor(LETTERS[1:5]), rep = 1:2)
  scores <- matrix(rnorm(60), 30)
  data$y <- (scores %*% t(loadings))[cbind(data$line, data$env)] + rnorm(300) * 0.5
  fit <- lmmfit(y ~ env + fa(env | line, k = 2), data)
  drawn <- quietly(plot(fit, type = "biplot"))
  found <- loadings_of(fit, scores = TRUE)
  arrows <- drawn[drawn$kind == "loading", ]
  expect_equal(arrows$x / attr(drawn, "scale"), unname(found$loadings[, 1L]))
  expect_equal(drawn$y[drawn$kind == "score"], unname(found$scores[, 2L]))
  expect_error(plot(lmmfit(y ~ env + fa(env | line), data), type = "biplot"),
    class = "henderson_error_plot")
  skip_if_not_installed("ggplot2")
  expect_s3_class(quietly(print(ggplot2::autoplot(fit, type = "biplot"))), "ggplot")
})

test_that("correlations of a random term are drawn as those of residuals", {
  fit <- lmmfit(distance ~ age + us(1 + age | Subject), nlme::Orthodont)
  drawn <- quietly(plot(fit, type = "correlation"))
  expect_equal(drawn$correlation[2L], attr(VarCorr(fit)[[1L]], "correlation")[2L, 1L])
})

test_that("of many points of a biplot the twelve that are farthest out have names", {
  data <- data.frame(kind = rep(c("loading", "score"), c(3, 40)), label = paste0("n", 1:43),
    x = c(0.1, 0, 0, 1:40), y = 0)
  expect_identical(biplot_names(data)$label, paste0("n", c(1:3, 32:43)))
})
