promise("gls(): a model without random effects", {
  near(logLik(lmmfit(height ~ age, growth)), logLik(nlme::gls(height ~ age, growth)), 1e-6)
})

promise("fixed = , random = ", {
  near(logLik(quietly(lmmfit(fixed = height ~ age, random = ~ age | id, data = growth))),
    logLik(lines$slope))
})

promise("random = list(id = pdDiag(~ age))", {
  near(logLik(quietly(lmmfit(height ~ age, random = list(id = nlme::pdDiag(~age)), data = growth))),
    logLik(lmmfit(height ~ age + (age || id), growth)))
})

promise("correlation = corAR1(form = ~ visit | id)", {
  numbered <- transform(growth, step = as.integer(visit))
  near(logLik(quietly(lmmfit(height ~ age, data = numbered,
    correlation = nlme::corAR1(form = ~ step | id)))),
  logLik(nlme::gls(height ~ age, numbered, correlation = nlme::corAR1(form = ~ step | id))), 1e-6)
})

promise("weights = varIdent(form = ~ 1 | sex)", {
  near(logLik(lmmfit(height ~ age, data = growth, weights = nlme::varIdent(form = ~ 1 | sex))),
    logLik(nlme::gls(height ~ age, growth, weights = nlme::varIdent(form = ~ 1 | sex))), 1e-6)
})

promise("weights = varExp(form = ~ age)", {
  near(logLik(lmmfit(height ~ age, data = growth, weights = nlme::varExp(form = ~ age))),
    logLik(nlme::gls(height ~ age, growth, weights = nlme::varExp(form = ~ age))), 1e-6)
})

promise("weights = varPower(): variances of the mean", {
  fails(lmmfit(height ~ age, data = growth, weights = nlme::varPower()), "var")
}, different = "the variance is no function of the mean; variances by group or covariate, or own()",
is = fails(lmmfit(height ~ age, data = growth, weights = nlme::varPower()), "var"))

promise("intervals(): of fixed effects and variances", {
  found <- nlme::intervals(lines$slope)
  theirs <- nlme::intervals(nlme::lme(height ~ age, growth, ~ age | id))
  near(found$fixed[2, 2], theirs$fixed[2, 2], 1e-4)
})

promise("augPred(), comparePred()", {
  inherits(nlme::augPred(lines$slope), "data.frame")
}, different = "`predict()` at a grid, and plot()",
is = {
  grid <- expand.grid(age = 1:3, id = levels(growth$id))
  length(predict(lines$slope, grid)) == nrow(grid)
})

promise("getVarCov(): the covariance of one subject", {
  near(as.matrix(nlme::getVarCov(lines$slope)), as.matrix(VarCorr(lines$slope)$id), 1e-6)
})

promise("ACF(): autocorrelations of residuals", {
  inherits(nlme::ACF(lines$slope), "data.frame")
})

promise("Variogram()", inherits(nlme::Variogram(lines$slope, form = ~ age | id), "data.frame"),
  different = "`plot(fit, type = \"residual\")` and ACF() show what is left by lag",
  is = inherits(nlme::ACF(lines$slope), "data.frame"))

promise("getData(), getGroups(), getResponse()", {
  identical(nrow(nlme::getData(lines$slope)), nrow(growth)) &&
    identical(as.character(nlme::getGroups(lines$slope)), as.character(growth$id)) &&
    near(nlme::getResponse(lines$slope), growth$height)
})

promise("predict(level = 0)",
  near(predict(lines$slope, level = 0), predict(lines$slope, random = FALSE)),
  different = "`level` is that of intervals: the message writes `random = FALSE`",
  is = fails(predict(lines$slope, level = 0), "random = FALSE"))

promise("residuals(type = \"normalized\") are uncorrelated", {
  fit <- lmmfit(height ~ age, growth, residual = ~ ar1(visit | id))
  theirs <- nlme::gls(height ~ age, growth,
    correlation = nlme::corAR1(form = ~ as.integer(visit) | id))
  near(residuals(fit, type = "normalized"), residuals(theirs, type = "normalized"), 1e-3)
})

promise("anova() of one fit: tests in sequence", {
  theirs <- anova(nlme::lme(height ~ sex * age, growth, ~ 1 | id))
  near(f_of(anova(lines$sexes, type = 1)), theirs[["F-value"]][-1], 1e-3)
})

promise("anova(L = )", {
  near(f_of(anova(lines$sexes, L = c(0, 1, 0, 0))), contest(lines$sexes, c(0, 1, 0, 0))$joint$F)
}, different = "contest(fit, L)",
is = fails(anova(lines$sexes, L = c(0, 1, 0, 0)), "L"))

promise("the df of inner and outer terms", {
  fit <- lmmfit(height ~ sex * age + (1 | id), growth, ddf = "between-within")
  theirs <- nlme::lme(height ~ sex * age, growth, ~ 1 | id)
  near(coef(summary(fit))[-1, "df"], theirs$fixDF$X[-1], 1e-8)
})

promise("ranef(aug = TRUE)", is.data.frame(ranef(lines$slope, aug = TRUE)),
  different = "ranef() joins to data by `level`",
  is = is.data.frame(as.data.frame(ranef(lines$slope))))

promise("methods of nlme's generics are found with nlme loaded after", {
  near(nlme::fixef(lines$slope), fixef(lines$slope)) && !is.null(nlme::VarCorr(lines$slope))
})

promise("corStruct without a form is over the groups of random", {
  near(logLik(quietly(lmmfit(height ~ age, random = ~ 1 | id, data = growth,
    correlation = nlme::corCompSymm(form = ~ 1 | id)))), logLik(lines$intercept))
}, different = "a compound symmetry beside a random intercept is one parameter too many",
is = fails(quietly(lmmfit(height ~ age, random = ~ 1 | id, data = growth,
  correlation = nlme::corCompSymm(form = ~ 1 | id))), "."))
