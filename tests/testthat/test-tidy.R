fit <- function() lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)

test_that("tidy() has the effects that are asked for", {
  table <- tidy(fit(), effects = c("fixed", "ran_pars", "ran_vals"), conf.int = TRUE)
  expect_identical(table$effect, rep(c("fixed", "ran_pars", "ran_vals"), c(2, 2, 27)))
  expect_named(table, c("effect", "group", "level", "term", "estimate", "std.error", "statistic",
    "df", "p.value", "conf.low", "conf.high", "status", "parameter"))
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

test_that("augment() of the records takes what predict() takes, and refuses the rest", {
  fit <- lmmfit(distance ~ age * Sex + (1 | Subject), nlme::Orthodont)
  found <- augment(fit, se_fit = TRUE, interval = "prediction", level = 0.9)
  expected <- predict(fit, se = TRUE, interval = "prediction", level = 0.9)
  expect_equal(found[c(".fitted", ".lower", ".upper")], as.data.frame(expected$fit),
    ignore_attr = TRUE)
  expect_equal(found$.se.fit, unname(expected$se.fit))
  expect_equal(found$.fitted + found$.resid, nlme::Orthodont$distance)
  expect_equal(augment(fit, nlme::Orthodont, nlme::Orthodont[1:3, ], se_fit = TRUE)$.se.fit,
    found$.se.fit[1:3])
  expect_error(augment(fit, colour = 1), class = "henderson_error")
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

test_that("names and numbers of lme4's fits are those of broom.mixed", {
  skip_if_not_installed("broom.mixed")
  skip_if_not_installed("lme4")
  models <- list(list(Reaction ~ Days + (Days | Subject), lme4::sleepstudy),
    list(Reaction ~ Days + (Days || Subject), lme4::sleepstudy),
    list(yield ~ nitro + (1 | Block) + (1 | Block:Variety), as.data.frame(nlme::Oats)))
  for (model in models) {
    own <- lmmfit(model[[1]], model[[2]])
    peer <- fit_lme4_exactly(model[[1]], model[[2]])
    for (scales in c("sdcor", "vcov")) {
      found <- tidy(own, "ran_pars", scales = scales)
      theirs <- as.data.frame(broom.mixed::tidy(peer, "ran_pars", scales = scales))
      # lme4 has `Subject.1` for the second term of one factor.
      theirs$group <- sub("[.]1$", "", theirs$group)
      at <- match(paste(theirs$group, theirs$term), paste(found$group, found$term))
      expect_equal(found$estimate[at], theirs$estimate, tolerance = 1e-5)
      expect_identical(nrow(found), nrow(theirs))
    }
    for (effects in c("ran_vals", "ran_coefs")) {
      found <- tidy(own, effects)
      theirs <- as.data.frame(broom.mixed::tidy(peer, effects))
      key <- function(x) paste(x$group, x$level, x$term)
      at <- match(key(theirs), key(found))
      if (effects == "ran_vals") expect_equal(found$estimate[at], theirs$estimate, tolerance = 1e-4)
      if (effects == "ran_coefs" && !anyNA(at)) {
        expect_equal(found$estimate[at], theirs$estimate, tolerance = 1e-5)
      }
    }
    theirs <- as.data.frame(broom.mixed::glance(peer))
    expect_equal(glance(own)[names(theirs)], theirs, tolerance = 1e-6)
  }
})

test_that("intervals of variance parameters are Wald or profile", {
  own <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
  wald <- tidy(own, "ran_pars", conf.int = TRUE, conf.level = 0.9)
  variances <- confint(own, "variance", level = 0.9)
  expect_equal(wald$conf.low[1]^2, variances[[1, 1]], tolerance = 1e-8)
  r <- vpredict(own, r ~ Subject.Intercept.age / sqrt(Subject.Intercept * Subject.age))
  at <- which(wald$term == "cor__(Intercept).age")
  expect_equal(wald$std.error[at], r$se)
  expect_equal(atanh(wald$conf.high[at]),
    atanh(r$estimate) + qnorm(0.95) * r$se / (1 - r$estimate^2))
  one <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  profile <- tidy(one, c("fixed", "ran_pars"), conf.int = TRUE, conf.method = "profile")
  expect_equal(tidy(one, "ran_pars", conf.int = TRUE, conf.method = "delta"),
    tidy(one, "ran_pars", conf.int = TRUE))
  limits <- confint(one, "all", method = "profile")
  limits[3:4, ] <- sqrt(limits[3:4, ])
  expect_equal(as.matrix(profile[c("conf.low", "conf.high")]), unclass(limits), ignore_attr = TRUE,
    tolerance = 1e-8)
})

test_that("structures have their own names", {
  growth <- transform(as.data.frame(nlme::Orthodont), visit = factor(age))
  terms <- function(residual) tidy(lmmfit(distance ~ age, growth, residual = residual), "ran_pars")
  ar1 <- terms(~ ar1(age | Subject))
  expect_identical(ar1$term, c("sd__Observation", "cor__rho"))
  expect_identical(ar1$group, rep("Residual", 2))
  us <- terms(~ us(visit | Subject))
  expect_true(all(c("sd__8", "cor__8.10", "sd__14") %in% us$term))
  expect_identical(unique(terms(~ ar1(age | Sex / Subject))$group),
    c("Residual.Male", "Residual.Female"))
  boundary <- lmmfit(distance ~ age * Sex + (1 | Subject) + (1 | visit), growth)
  table <- tidy(boundary, "ran_pars", conf.int = TRUE)
  at <- which(table$status == "at boundary")
  expect_equal(table$estimate[at], rep(0, length(at)))
  expect_true(all(is.na(table$std.error[at])))
})
