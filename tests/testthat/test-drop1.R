# Dropping terms: F tests against lmerTest, likelihood ratios against refits, mixtures by hand.

test_that("drop1() tests each term after all others", {
  model <- inference_models()$cake
  fit <- lmmfit(angle ~ recipe + temperature + (1 | recipe:replicate), model[[2]])
  found <- drop1(fit)
  expected <- drop1(peer_lmer(angle ~ recipe + temperature + (1 | recipe:replicate), model[[2]]))
  expect_relative(found$`F value`, expected$`F value`, 1e-4, "F")
  expect_within(found$DenDF, expected$DenDF, 0.01, "df")
  crossed <- lmmfit(model[[1]], model[[2]])
  expect_identical(row.names(drop1(crossed)), "recipe:temperature")
  expect_identical(row.names(drop1(fit, ~ recipe)), "recipe")
  expect_error(drop1(crossed, "recipe"), class = "henderson_error_scope")
})

# ../shared/faults/ecosystem-methods: what a term adds does not depend on the order of the formula.
test_that("terms that depend on others have the degrees of freedom that they add, as of lm()", {
  data <- transform(peer_data("cake", "lme4"),
    temperature = factor(temperature, ordered = FALSE), oven = factor(rep(1:9, 30)))
  data$side <- factor(data$oven %in% 1:4)
  for (formula in list(angle ~ recipe + temp + temperature, angle ~ temperature + temp + recipe,
    angle ~ side + oven * recipe, angle ~ oven + side + temp)) {
    fit <- suppressMessages(lmmfit(formula, data))
    expected <- drop1(lm(formula, data), test = "F")[-1L, ]
    found <- drop1(fit)[row.names(expected), ]
    expect_equal(found$NumDF, expected$Df, label = deparse1(formula))
    tested <- expected$Df > 0
    expect_equal(found$`F value`[tested], expected$`F value`[tested], tolerance = 1e-7)
  }
  formula <- angle ~ recipe + temp + temperature + (1 | recipe:replicate)
  found <- drop1(suppressMessages(lmmfit(formula, data)))
  expected <- suppressMessages(drop1(peer_lmer(formula, data)))
  expect_relative(found[c(1, 3), "F value"], expected[c(1, 3), "F value"], 1e-4, "F")
  expect_identical(found["temp", "NumDF"], 0)
})

test_that("drop1() and ranova() are lmerTest's", {
  skip_if_not_installed("lmerTest")
  models <- inference_models()
  # lmerTest's ranova() evaluates the call of the fit here.
  REML <- TRUE
  control <- lme4::lmerControl(check.conv.singular = "ignore")
  for (name in c("sleepstudy", "unbalanced", "oats", "cake", "ham", "carrots")) {
    formula <- models[[name]][[1]]
    environment(formula) <- environment()
    data <- models[[name]][[2]]
    fit <- lmmfit(formula, data)
    peer <- peer_lmer(formula, data)
    found <- drop1(fit)
    expected <- drop1(peer)
    expect_setequal(row.names(found), row.names(expected))
    expected <- expected[row.names(found), ]
    expect_relative(found$`F value`, expected$`F value`, 1e-3, paste(name, "F"))
    expect_relative(found$DenDF, expected$DenDF, 1e-3, paste(name, "df"))
    for (reduce in c(TRUE, FALSE)) {
      ours <- ranova(fit, reduce = reduce)
      theirs <- suppressMessages(lmerTest::ranova(peer, reduce.terms = reduce))
      expect_within(ours$Chisq[-1], theirs$LRT[-1], 1e-3, paste(name, "LRT"))
      expect_equal(ours$Df[-1], theirs$Df[-1])
    }
  }
})

test_that("a covariate in a product is dropped where it is named", {
  data <- peer_data("carrots", "lmerTest")
  fit <- lmmfit(Preference ~ sens2 * Homesize + sens1 * sens2 + (1 | Consumer), data)
  expect_setequal(row.names(drop1(fit)), c("sens2:Homesize", "sens2:sens1"))
  expect_identical(row.names(drop1(fit, "sens1")), "sens1")
})

test_that("random terms are tested against the refit without them", {
  fit <- lmmfit(yield ~ Variety + nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats)
  found <- ranova(fit)
  chisq <- lmmfit(yield ~ Variety + nitro + (1 | Block:Variety), nlme::Oats)$minus2loglik -
    deviance(fit)
  expect_equal(found["Block", "Chisq"], chisq, tolerance = 1e-7)
  expect_equal(found["Block", "Pr(>Chisq)"], pchisq(chisq, 1, lower.tail = FALSE) / 2,
    tolerance = 1e-6)
  slope <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
  found <- ranova(slope)
  chisq <- deviance(lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)) - deviance(slope)
  expect_equal(found[2, "Chisq"], chisq, tolerance = 1e-6)
  # Stram & Lee: half chi-square with 1, half with 2 degrees of freedom.
  expect_equal(found[2, "Pr(>Chisq)"],
    mean(pchisq(chisq, 1:2, lower.tail = FALSE)), tolerance = 1e-6)
  expect_identical(row.names(ranova(slope, reduce = FALSE)), c("<none>", "Subject"))
  expect_error(ranova(lmmfit(yield ~ nitro, nlme::Oats)), class = "henderson_error")
})
