# Marginal means against emmeans of lmerTest fits.

test_that("means are emmeans's, with both degrees of freedom", {
  skip_if_not_installed("emmeans")
  skip_if_not_installed("pbkrtest")
  data <- as.data.frame(nlme::Oats)[-c(5, 40, 41), ]
  formula <- yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety)
  fit <- lmmfit(formula, data)
  peer <- peer_lmer(formula, data)
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    expected <- suppressMessages(as.data.frame(emmeans::emmeans(peer, ~ Variety,
      lmer.df = tolower(ddf))))
    for (found in list(marginal_means(fit, ~ Variety, ddf = ddf),
      suppressMessages(as.data.frame(emmeans::emmeans(fit, ~ Variety, ddf = ddf))))) {
      names(found)[2:6] <- c("emmean", "SE", "df", "lower.CL", "upper.CL")
      expect_relative(found$emmean, expected$emmean, 1e-5, paste("mean", ddf))
      expect_relative(found$SE, expected$SE, 1e-5, paste("SE", ddf))
      expect_within(found$df, expected$df, 0.01, paste("df", ddf))
      expect_relative(found$lower.CL, expected$lower.CL, 1e-4, paste("lower", ddf))
    }
  }
})

test_that("grids, weights and given values", {
  data <- peer_data("cake", "lme4")[-(1:20), ]
  fit <- lmmfit(angle ~ recipe * temperature + log(temp) + (1 | recipe:replicate), data)
  means <- marginal_means(fit, ~ recipe | temperature, at = list(recipe = c("A", "C")))
  expect_identical(nrow(means), 12L)
  plain <- lmmfit(angle ~ recipe + temp + (1 | recipe:replicate), data)
  found <- marginal_means(plain, "recipe", at = list(temp = 200))
  expect_equal(found$estimate, unname(predict(plain,
    data.frame(recipe = c("A", "B", "C"), temp = 200), random = FALSE)))
  two <- lmmfit(angle ~ recipe + temperature + (1 | recipe:replicate), data)
  proportional <- marginal_means(two, ~ recipe, weights = "proportional")
  beta <- fixef(two)
  share <- table(data$temperature) / nrow(data)
  X <- stats::contrasts(data$temperature)
  expect_equal(proportional$estimate[1], beta[[1]] + sum(share %*% X * beta[4:8]), tolerance = 1e-8)
})

test_that("a mean that is not estimable is NA, and unknown variables are refused", {
  data <- peer_data("cake", "lme4")
  data <- data[!(data$recipe == "A" & data$temperature == "185"), ]
  fit <- lmmfit(angle ~ recipe * temperature + (1 | recipe:replicate), data)
  expect_identical(is.na(marginal_means(fit, ~ recipe)$estimate), c(TRUE, FALSE, FALSE))
  expect_error(marginal_means(fit, ~ recpe), class = "henderson_error_specs")
  expect_error(marginal_means(fit, 3), class = "henderson_error_specs")
  expect_error(marginal_means(fit, ~ recipe, at = list(temp = 3)),
    class = "henderson_error_argument")
  expect_error(marginal_means(fit, ~ recipe, at = list(recipe = "D")),
    class = "henderson_error_argument")
})

test_that("glht() of multcomp works", {
  skip_if_not_installed("multcomp")
  fit <- lmmfit(yield ~ Variety + nitro + (1 | Block), nlme::Oats)
  tested <- summary(multcomp::glht(fit, linfct = multcomp::mcp(Variety = "Tukey")),
    test = multcomp::univariate())
  expect_equal(unname(tested$test$coefficients[1:2]), unname(fixef(fit)[2:3]))
  expect_equal(unname(tested$test$sigma[1:2]), unname(sqrt(diag(vcov(fit))[2:3])))
})

# Factors as the fit has them: ../shared/faults/longitudinal-09, emmeans of lmer() as the judge.

sites <- function() {
  set.seed(3)
  data <- expand.grid(year = 2015:2018, site = factor(1:8),
    trt = factor(c("Placebo", "Active"), c("Placebo", "Active")))
  data$y <- rnorm(64) + rnorm(8)[data$site] + (data$trt == "Active")
  data$off <- rnorm(64, 100)
  data$age <- round(runif(64, 20, 60))
  data$`my trt` <- data$trt
  data$dose <- factor(rep(c(0, 5, 10, 50), 16))
  data[-c(2, 17, 40), ]
}

test_that("variables as the formula makes them have emmeans's means, to the digit", {
  skip_if_not_installed("emmeans")
  skip_if_not_installed("pbkrtest")
  data <- sites()
  formulas <- list(
    y ~ trt + factor(year) + (1 | site), y ~ trt * cut(age, 3) + (1 | site),
    y ~ trt + offset(off) + (1 | site), y ~ trt + offset(log(off)) + factor(year) + (1 | site),
    y ~ trt * poly(age, 2) + (1 | site), y ~ trt + splines::ns(age, 3) + (1 | site),
    y ~ trt + log(age) + I(age^2) + (1 | site), y ~ trt + as.factor(year) + year + (1 | site),
    y ~ trt + dose + ordered(year) + (1 | site)
  )
  for (formula in formulas) {
    text <- deparse1(formula)
    fit <- suppressWarnings(lmmfit(formula, data))
    peer <- suppressMessages(suppressWarnings(emmeans::emmeans(
      lmerTest::lmer(formula, data), ~ trt, lmer.df = "satterthwaite")))
    expected <- as.data.frame(peer)
    found <- marginal_means(fit, ~ trt)
    expect_identical(levels(found$trt), c("Placebo", "Active"))
    expect_relative(found$estimate, expected$emmean, 1e-5, text, 1)
    expect_relative(found$se, expected$SE, 1e-4, paste("SE", text))
    own <- suppressMessages(as.data.frame(emmeans::emmeans(fit, ~ trt)))
    expect_equal(own$emmean, found$estimate, tolerance = 1e-10, label = text)
    expect_equal(own$SE, found$se, tolerance = 1e-9, label = text)
    expect_equal(own$df, found$df, tolerance = 1e-6, label = text)
  }
})

test_that("rows come in the order of the levels, by the names of the data", {
  data <- sites()
  fit <- lmmfit(y ~ dose + factor(year) + (1 | site), data)
  expect_identical(as.character(marginal_means(fit, ~ dose)$dose), c("0", "5", "10", "50"))
  expect_identical(marginal_means(fit, ~ year)$year, 2015:2018)
  expect_equal(marginal_means(fit, ~ year, at = list(year = 2017L))$estimate,
    marginal_means(fit, ~ year)$estimate[3])
  expect_error(marginal_means(fit, ~ year, at = list(year = 2020)),
    class = "henderson_error_argument")
  spaced <- lmmfit(y ~ `my trt` + (1 | site), data)
  expect_identical(names(marginal_means(spaced, "my trt"))[1], "my trt")
  expect_identical(names(pairs(marginal_means(spaced, ~ `my trt`)))[1], "contrast")
  first <- vs_first(marginal_means(lmmfit(y ~ trt + (1 | site), data), ~ trt))
  expect_identical(first$contrast, "Active - Placebo")
  expect_equal(first$estimate, fixef(lmmfit(y ~ trt + (1 | site), data))[["trtActive"]])
  # A cut() of which only some values are asked for keeps its breaks
  cut_fit <- lmmfit(y ~ cut(age, 3) + (1 | site), data)
  one <- marginal_means(cut_fit, ~ age, at = list(age = data$age[5]))
  expect_equal(one$estimate, unname(predict(cut_fit, random = FALSE)[5]))
})

test_that("a fit knows its means when the data are gone, after subset and missing values", {
  data <- sites()
  data$y[3] <- NA
  local <- data
  fit <- lmmfit(y ~ trt + factor(year) + log(age) + (1 | site), local, subset = site != "8")
  means <- marginal_means(fit, ~ trt)
  rm(local)
  file <- tempfile()
  saveRDS(fit, file)
  expect_equal(marginal_means(readRDS(file), ~ trt), means)
  kept <- data[data$site != "8" & !is.na(data$y), ]
  again <- marginal_means(lmmfit(y ~ trt + factor(year) + log(age) + (1 | site), kept), ~ trt)
  expect_equal(again$estimate, means$estimate)
})

test_that("emmeans takes another covariance", {
  skip_if_not_installed("emmeans")
  fit <- lmmfit(distance ~ age * Sex + (1 | Subject), nlme::Orthodont)
  plain <- suppressMessages(as.data.frame(emmeans::emmeans(fit, ~ Sex)))
  for (given in list(100 * vcov(fit), function(object, ...) 100 * vcov(object))) {
    wide <- suppressMessages(as.data.frame(emmeans::emmeans(fit, ~ Sex, vcov. = given)))
    expect_equal(wide$SE, 10 * plain$SE, tolerance = 1e-6)
  }
  expect_error(emmeans::emmeans(fit, ~ Sex, vcov. = diag(2)), class = "henderson_error_argument")
})

test_that("a mean that is not estimable says why, and printing shows what was averaged", {
  data <- peer_data("cake", "lme4")
  data <- data[!(data$recipe == "A" & data$temperature == "185"), ]
  fit <- lmmfit(angle ~ recipe * temperature + (1 | recipe:replicate), data)
  means <- marginal_means(fit, ~ recipe)
  expect_output(print(means), "Not estimable: A \\(no estimate of .*temperature 185")
  expect_output(print(means), "averaged over temperature")
  expect_output(print(means), "SED")
  expect_false(is.na(marginal_means(fit, ~ recipe, present = TRUE)$estimate[1]))
  expect_error(sed(as.data.frame(means)), class = "henderson_error_argument")
})

test_that("means of a fit by Bayes are those of its posterior", {
  fit <- lmmfit(yield ~ Variety + nitro + (1 | Block), nlme::Oats, method = "Bayes")
  means <- marginal_means(fit, ~ Variety)
  table <- contest(fit, attr(means, "K"))$table
  expect_equal(means$estimate, table$estimate)
  expect_equal(means$lower, table$lower)
  expect_error(pairs(means), class = "henderson_error_size")
})

test_that("predict(classify = ) takes ASReml's arguments, and refuses what it does not know", {
  data <- peer_data("cake", "lme4")
  fit <- lmmfit(angle ~ recipe * temperature + (1 | recipe:replicate), data)
  plain <- predict(fit, classify = "recipe", at = list(temperature = "185"))
  expect_output(print(plain), "at temperature = 185")
  expect_message(
    read <- predict(fit, classify = "recipe", levels = list(temperature = "185")),
    class = "henderson_message_read_as"
  )
  expect_equal(read, plain)
  expect_message(
    asked <- predict(fit, classify = "recipe", sed = TRUE, vcov = FALSE),
    "sed\\(\\) of the means", class = "henderson_message_read_as"
  )
  expect_equal(asked, predict(fit, classify = "recipe"))
  expect_error(predict(fit, classify = "recipe", ignored = "x"), "Did you mean `ignore`",
    class = "henderson_error_argument")
  expect_error(predict(fit, data, classify = "recipe"), "at = list",
    class = "henderson_error_argument")
  expect_error(predict(fit, classify = "recipe", interval = "confidence"), "marginal_means",
    class = "henderson_error_argument")
})

test_that("means that are known have limits without width", {
  d <- data.frame(y = c(2, 1, 2, 1, 3, 4, 3, 4), g = gl(4, 2), x = gl(2, 4))
  fit <- lmmfit(y ~ x + (1 | g), d)
  expect_identical(varcomp(fit)$estimate[1L], 0)
  means <- predict(fit, classify = ~g, only = "g")
  expect_identical(means$lower, numeric(4L))
  expect_identical(means$upper, numeric(4L))
})
