fit <- function() lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)

test_that("tidy() has the effects that are asked for", {
  table <- tidy(fit(), effects = c("fixed", "ran_pars", "ran_vals"), conf.int = TRUE)
  expect_identical(table$effect, rep(c("fixed", "ran_pars", "ran_vals"), c(2, 2, 27)))
  expect_named(table, c("effect", "group", "level", "term", "estimate", "std.error", "statistic",
    "df", "p.value", "conf.low", "conf.high", "status"))
  fixed <- table[table$effect == "fixed", ]
  expect_equal(fixed$conf.low, unname(confint(fit())[, 1]))
  expect_error(tidy(fit(), effects = "random"), class = "henderson_error_argument")
  linear <- tidy(lmmfit(distance ~ age, nlme::Orthodont), effects = "fixed")
  peer <- summary(lm(distance ~ age, nlme::Orthodont))$coefficients
  expect_equal(linear$p.value, unname(peer[, 4]))
})

test_that("glance() is one row", {
  row <- glance(fit())
  expect_identical(nrow(row), 1L)
  expect_true(row$converged)
  expect_equal(row$AIC, AIC(fit()))
})

test_that("augment() keeps the rows of the data", {
  data <- as.data.frame(nlme::Orthodont)
  data$distance[3] <- NA
  gaps <- lmmfit(distance ~ age + (1 | Subject), data)
  expect_identical(nrow(augment(gaps)), 107L)
  expect_equal(augment(gaps)$.fitted, unname(fitted(gaps)))
  expect_identical(nrow(augment(gaps, data = data)), 107L)
  kept <- update(gaps, na.action = na.exclude)
  expect_identical(nrow(augment(kept, data = data)), 108L)
  expect_equal(augment(gaps, newdata = data[1:2, ])$.fitted, unname(fitted(gaps)[1:2]))
})
