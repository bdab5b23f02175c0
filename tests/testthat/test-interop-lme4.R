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
