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
  expect_identical(lme4::getME(fit, "q"), as.integer(lme4::getME(peer, "q")))
  expect_equal(as.character(lme4::getME(fit, "flist")[[1L]]),
    as.character(lme4::getME(peer, "flist")[[1L]]))
  by_parts <- lme4::getME(fit, "X") %*% lme4::getME(fit, "beta") +
    lme4::getME(fit, "Z") %*% lme4::getME(fit, "b")
  expect_equal(unname(lme4::getME(fit, "mu")), as.vector(by_parts))
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

test_that("a replicate of lme4's bootstrap is the fit to a simulated response", {
  skip_if_not_installed("lme4")
  fit <- lmmfit(distance ~ age + (age | Subject), nlme::Orthodont)
  read <- function(model) {
    c(fixef(model), sigma = sigma(model), unlist(lapply(VarCorr(model), diag)))
  }
  found <- lme4::bootMer(fit, read, nsim = 3, seed = 4)
  responses <- stats::simulate(fit, 3, seed = 4)
  for (i in 1:3) {
    by_hand <- read(lmmfit(distance ~ age + (age | Subject),
      transform(nlme::Orthodont, distance = responses[[i]])))
    expect_equal(found$t[i, ], by_hand, tolerance = 1e-4, ignore_attr = TRUE)
  }
  kept <- lme4::bootMer(fit, fixef, nsim = 2, use.u = TRUE, seed = 1)
  expect_identical(dim(kept$t), c(2L, 2L))
})

test_that("step() and dropterm() take the criteria of lme4's fits", {
  skip_if_not_installed("lme4")
  data <- as.data.frame(nlme::Machines)
  data$z <- cos(1:54)
  data$shift <- factor(rep(c("a", "b", "c", "a", "b"), length.out = 54))
  fit <- lmmfit(score ~ Machine * z + shift + (1 | Worker), data, method = "ML")
  peer <- lme4::lmer(score ~ Machine * z + shift + (1 | Worker), data, REML = FALSE)
  chosen <- stats::step(fit, trace = 0)
  expected <- peer
  repeat {
    table <- drop1(expected)
    best <- row.names(table)[which.min(table$AIC)]
    if (best == "<none>") break
    expected <- stats::update(expected, stats::as.formula(paste(". ~ . -", best)))
  }
  expect_equal(stats::formula(chosen), stats::formula(expected), ignore_attr = TRUE)
  expect_equal(stats::AIC(chosen), stats::AIC(expected), tolerance = 1e-7)
  # What MuMIn reads of a model: AICc from the attributes of logLik(), terms with the bars.
  own <- stats::logLik(fit)
  theirs <- stats::logLik(peer)
  expect_equal(attr(own, "df"), attr(theirs, "df"))
  expect_equal(stats::nobs(fit), stats::nobs(peer))
  expect_equal(attr(own, "nobs"), attr(theirs, "nobs"), ignore_attr = TRUE)
  expect_equal(as.numeric(own), as.numeric(theirs), tolerance = 1e-8)
  expect_equal(stats::formula(fit), stats::formula(peer), ignore_attr = TRUE)
})

test_that("MuMIn itself takes a fit", {
  skip_if_not_installed("MuMIn")
  package <- "MuMIn"  # no dependency to declare
  formula <- distance ~ age * Sex + (1 | Subject)
  fit <- lmmfit(formula, nlme::Orthodont, method = "ML")
  peer <- lme4::lmer(formula, nlme::Orthodont, REML = FALSE)
  expect_equal(getExportedValue(package, "AICc")(fit), getExportedValue(package, "AICc")(peer),
    tolerance = 1e-7)
  squared <- getExportedValue(package, "r.squaredGLMM")
  expect_equal(squared(fit), suppressWarnings(squared(peer)), tolerance = 1e-4)
  old <- options(na.action = "na.fail")
  on.exit(options(old))
  dredge <- getExportedValue(package, "dredge")
  own <- as.data.frame(suppressMessages(dredge(fit)))
  theirs <- as.data.frame(suppressMessages(dredge(peer)))
  expect_equal(own, theirs, tolerance = 1e-4, ignore_attr = TRUE)
})

test_that("the methods for MuMIn keep the random terms, and have fixed effects and both R2", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  expect_identical(coeffs.lmmfit(fit), fixef(fit))
  squared <- r.squaredGLMM.lmmfit(fit)
  shares <- c(var(predict(fit, random = FALSE)), fit$parameters$estimate)
  expect_equal(squared[, "R2c"], 1 - shares[3L] / sum(shares), tolerance = 0.01,
    ignore_attr = TRUE)
  expect_lt(squared[, "R2m"], squared[, "R2c"])
})

test_that("least squares means and their differences are lmerTest's", {
  skip_if_not_installed("lmerTest")
  data <- transform(nlme::Oats, N = factor(nitro), z = seq_len(72) %% 7)
  fit <- lmmfit(yield ~ Variety * N + z + (1 | Block) + (1 | Block:Variety), data)
  peer <- lmerTest::lmer(yield ~ Variety * N + z + (1 | Block) + (1 | Block:Variety), data)
  own <- lmerTest::ls_means(fit)
  expect_s3_class(own, "ls_means")
  expect_equal(as.matrix(own), as.matrix(lmerTest::ls_means(peer)), tolerance = 1e-4)
  kr <- lmerTest::difflsmeans(fit, which = "Variety", ddf = "Kenward-Roger")
  expect_equal(as.matrix(kr), tolerance = 1e-4,
    as.matrix(lmerTest::difflsmeans(peer, which = "Variety", ddf = "Kenward-Roger")))
  expect_error(lmerTest::ls_means(fit, which = "z"), class = "henderson_error_argument")
})
