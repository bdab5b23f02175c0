# Generics of companions, loaded before or after.

orth <- nlme::Orthodont
fit <- lmmfit(distance ~ age + (age | Subject), orth)
peer <- lme4::lmer(distance ~ age + (age | Subject), orth,
  control = lme4::lmerControl(optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-12)))

test_that("getME() has the parts by the names of lme4", {
  for (name in c("X", "y", "beta", "theta", "lower", "n", "p", "is_REML")) {
    expect_equal(unname(as.vector(lme4::getME(fit, name))),
      unname(as.vector(lme4::getME(peer, name))), tolerance = 1e-3, info = name)
  }
  expect_identical(dim(lme4::getME(fit, "Z")), dim(lme4::getME(peer, "Z")))
  expect_equal(lme4::ngrps(fit), lme4::ngrps(peer))
  expect_false(lme4::isSingular(fit))
  expect_true(lme4::isSingular(lmmfit(Yield ~ 1 + (1 | Batch), lme4::Dyestuff2)))
  expect_error(lme4::getME(fit, "tetha"), "or \"theta\"")
  expect_equal(lme4::VarCorr(fit)$Subject, VarCorr(fit)$Subject)
  expect_equal(lme4::fixef(fit), nlme::fixef(fit))
})

test_that("lmerTest's contest() and ours answer for fits of both", {
  skip_if_not_installed("lmerTest")
  ours <- contest(fit, c(0, 1))
  expect_equal(lmerTest::contest(fit, c(0, 1)), ours)
  tested <- lmerTest::as_lmerModLmerTest(peer)
  expect_equal(contest(tested, c(0, 1)), lmerTest::contest(tested, c(0, 1)))
  expect_equal(ranova(tested)$AIC, lmerTest::ranova(tested)$AIC)
  expect_error(contest(fit, c(0, 1), confint = TRUE), "no argument `confint`")
})

test_that("what kind of model it is, its ML fit and principal components are lme4's", {
  skip_if_not_installed("lme4")
  fit <- lmmfit(Reaction ~ Days + (1 + Days | Subject), lme4::sleepstudy)
  peer <- lme4::lmer(Reaction ~ Days + (1 + Days | Subject), lme4::sleepstudy)
  for (name in c("isLMM", "isGLMM", "isNLMM", "isREML", "isSingular")) {
    ask <- getExportedValue("lme4", name)
    expect_identical(ask(fit), ask(peer))
  }
  expect_false(lme4::isREML(lme4::refitML(fit)))
  expect_equal(deviance(lme4::refitML(fit)), deviance(lme4::refitML(peer)), tolerance = 1e-6)
  own <- summary(lme4::rePCA(fit))$Subject$importance
  expect_equal(own, summary(lme4::rePCA(peer))$Subject$importance, tolerance = 1e-3)
})

test_that("lme4's bootstrap runs, and spreads as the standard errors say", {
  skip_if_not_installed("lme4")
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  found <- lme4::bootMer(fit, fixef, nsim = 60, seed = 1)
  expect_equal(found$t0, fixef(fit))
  expect_equal(unname(apply(found$t, 2, sd)), sqrt(diag(vcov(fit))), tolerance = 0.2,
    ignore_attr = TRUE)
})
