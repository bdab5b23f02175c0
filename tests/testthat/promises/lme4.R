promise("a bar without parentheses", {
  near(logLik(lmmfit(height ~ age + 1 | id, growth)), logLik(lines$slope))
}, different = "what stands left of the bar is easily meant otherwise: the message writes them",
is = fails(lmmfit(height ~ age + 1 | id, growth), "parentheses"))

promise("a variable that does not exist is named",
  fails(lmmfit(height ~ agee + (1 | id), growth), "agee"))

promise("data that do not exist are an error",
  stops(lmmfit(height ~ age + (1 | id), nowhere), "nowhere"))

promise("without data the variables are those around the call", {
  y <- growth$height
  x <- growth$age
  g <- growth$id
  near(logLik(lmmfit(y ~ x + (1 | g))), logLik(lines$intercept))
})

promise("update() takes another control", {
  near(logLik(update(lines$intercept, control = lmm_control(max_iterations = 50))),
    logLik(lines$intercept))
})

promise("update() takes another formula", {
  near(fixef(update(lines$intercept, . ~ . - age))[["(Intercept)"]],
    fixef(lmmfit(height ~ 1 + (1 | id), growth))[["(Intercept)"]])
})

promise("refit() with another response", {
  again <- lme4::refit(lines$intercept, growth$height + 1)
  near(fixef(again)[[1]] - fixef(lines$intercept)[[1]], 1)
})

promise("refitML() is the model by ML", {
  near(logLik(lme4::refitML(lines$intercept)),
    logLik(lmmfit(height ~ age + (1 | id), growth, method = "ML")))
})

promise("isREML(), isLMM(), isGLMM()", {
  lme4::isREML(lines$intercept) && lme4::isLMM(lines$intercept) && !lme4::isGLMM(lines$intercept)
})

promise("isSingular() of a variance of zero", {
  flat <- transform(growth, y = rep(c(-1, 1), length.out = nrow(growth)) + 0.1 * age)
  lme4::isSingular(suppressMessages(lmmfit(y ~ age + (1 | id), flat)))
})

promise("sigma() is the residual standard deviation",
  near(sigma(lines$intercept), sigma(peers$intercept)))

promise("deviance() of a fit by ML", {
  ml <- lmmfit(height ~ age + (1 | id), growth, method = "ML")
  near(deviance(ml), deviance(lme4::refitML(peers$intercept)))
})

promise("deviance() of a fit by REML is refused", stops(deviance(lines$intercept), "REML"),
  different = "it is -2 log REML likelihood, as `REMLcrit()` of lme4",
  is = near(deviance(lines$intercept), lme4::REMLcrit(peers$intercept)))

promise("extractAIC() of a fit by REML is that by ML", {
  near(extractAIC(lines$intercept), extractAIC(peers$intercept))
})

promise("AIC and BIC count all parameters and all records", {
  near(AIC(lines$slope), AIC(peers$slope)) && near(BIC(lines$slope), BIC(peers$slope))
})

promise("logLik() has df and nobs", {
  found <- logLik(lines$slope)
  attr(found, "df") == 6 && attr(found, "nobs") == nrow(growth)
})

promise("vcov() of the fixed effects, with names", {
  near(as.matrix(vcov(lines$slope)), as.matrix(vcov(peers$slope))) &&
    identical(rownames(vcov(lines$slope)), c("(Intercept)", "age"))
})

promise("VarCorr() by group, with correlations as an attribute", {
  ours <- VarCorr(lines$slope)
  near(as.vector(ours$id), as.vector(lme4::VarCorr(peers$slope)$id), 1e-4)
})

promise("as.data.frame(VarCorr())", {
  found <- as.data.frame(VarCorr(lines$slope))
  all(c("grp", "var1", "var2", "vcov", "sdcor") %in% names(found)) && nrow(found) == 4
})

promise("ranef() by group, a row for each level", {
  found <- ranef(lines$slope)
  identical(names(found), "id") && identical(dim(found$id), c(nlevels(growth$id), 2L)) &&
    near(found$id[, 1], lme4::ranef(peers$slope)$id[, 1], 1e-3)
})

promise("ranef(condVar = TRUE) has the conditional variances", {
  sd <- as.data.frame(lme4::ranef(peers$intercept))$condsd
  near(as.data.frame(ranef(lines$intercept, condVar = TRUE))$condsd, sd, 1e-4)
})

promise("coef() adds fixed and random effects by level", {
  near(coef(lines$slope)$id[, "age"], coef(peers$slope)$id[, "age"], 1e-4)
})

promise("fixef() and ranef() are found whichever package is loaded last", {
  identical(lme4::fixef(lines$slope), nlme::fixef(lines$slope))
})

promise("getME() of X, Z and theta", {
  near(as.matrix(lme4::getME(lines$intercept, "X")), lme4::getME(peers$intercept, "X")) &&
    identical(dim(lme4::getME(lines$intercept, "Z")), dim(lme4::getME(peers$intercept, "Z"))) &&
    near(lme4::getME(lines$intercept, "theta"), lme4::getME(peers$intercept, "theta"), 1e-4)
})

promise("ngrps() counts the levels", lme4::ngrps(lines$intercept)[["id"]] == nlevels(growth$id))

promise("fitted() and residuals() have the names of the rows, in their order", {
  near(fitted(lines$slope), fitted(peers$slope), 1e-4) &&
    near(residuals(lines$slope), residuals(peers$slope), 1e-4)
})

promise("Pearson residuals of a weighted fit", {
  w <- rep(1:2, length.out = nrow(growth))
  ours <- lmmfit(height ~ age + (1 | id), growth, weights = w)
  theirs <- lme4::lmer(height ~ age + (1 | id), growth, weights = w)
  near(residuals(ours, type = "pearson") * sigma(ours), residuals(theirs, type = "pearson"), 1e-4)
}, different = "in units of their standard deviation, as in nlme and mmrm",
is = {
  w <- rep(1:2, length.out = nrow(growth))
  ours <- lmmfit(height ~ age + (1 | id), growth, weights = w)
  near(residuals(ours, type = "pearson"), residuals(ours) * sqrt(w) / sigma(ours), 1e-8)
})

promise("weights of records", {
  w <- rep(1:2, length.out = nrow(growth))
  near(logLik(lmmfit(height ~ age + (1 | id), growth, weights = w)),
    logLik(lme4::lmer(height ~ age + (1 | id), growth, weights = w)), 1e-6)
})

promise("a weight of zero", {
  w <- replace(rep(1, nrow(growth)), 3, 0)
  fails(lmmfit(height ~ age + (1 | id), growth, weights = w), "weights")
}, different = "lme4 gives an infinite likelihood; here it is an error that names the record",
is = fails(lmmfit(height ~ age + (1 | id), growth, weights = replace(rep(1, nrow(growth)), 3, 0)),
  "weights"))

promise("an offset in the formula, and as an argument", {
  near(logLik(lmmfit(height ~ age + offset(2 * age) + (1 | id), growth)),
    logLik(lines$intercept)) &&
    near(logLik(lmmfit(height ~ age + (1 | id), growth, offset = 2 * growth$age)),
      logLik(lines$intercept))
})

promise("subset and na.action", {
  holes <- transform(growth, age = replace(age, 3, NA))
  near(logLik(lmmfit(height ~ age + (1 | id), growth, subset = -3)),
    logLik(quietly(lmmfit(height ~ age + (1 | id), holes, na.action = na.omit))))
})

promise("na.exclude pads fitted values and residuals", {
  holes <- transform(growth, age = replace(age, 3, NA))
  fit <- quietly(lmmfit(height ~ age + (1 | id), holes, na.action = na.exclude))
  length(fitted(fit)) == nrow(growth) && is.na(residuals(fit)[[3]])
})

promise("na.fail stops", {
  holes <- transform(growth, age = replace(age, 3, NA))
  stops(lmmfit(height ~ age + (1 | id), holes, na.action = na.fail), "missing")
})

promise("a group of one level is an error", {
  fails(lmmfit(height ~ age + (1 | id), subset(growth, id == id[1])), "level")
})

promise("as many effects as records without a residual to tell is an error", {
  one <- growth[!duplicated(growth$id), ]
  fails(lmmfit(height ~ age + (1 | id), one), "id")
})

promise("covariates of very different scales need no rescaling", {
  near(logLik(lmmfit(height ~ I(1e6 * age) + (1 | id), growth)) + log(1e6),
    logLik(lines$intercept), 1e-5)
})

promise("columns of X that depend on others are dropped, and NA", {
  fit <- quietly(lmmfit(height ~ age + I(2 * age) + (1 | id), growth))
  is.na(coef(summary(fit))[3, 1]) || is.na(fixef(fit)[[3]])
})

promise("an argument that is not known is named",
  fails(lmmfit(height ~ age + (1 | id), growth, junk = 1), "junk"))

promise("predict() without new data is fitted()", near(predict(lines$slope), fitted(lines$slope)))

promise("predict(re.form = NA) is X b", {
  near(predict(lines$slope, re.form = NA), predict(peers$slope, re.form = NA), 1e-4)
})

promise("predict(re.form = ~ (1 | id)) takes some of the random effects", {
  near(predict(lines$slope, re.form = ~ (1 | id)), predict(peers$slope, re.form = ~ (1 | id)), 1e-4)
})

promise("predict(random.only = TRUE)", {
  near(predict(lines$slope, random.only = TRUE), predict(peers$slope, random.only = TRUE), 1e-3)
})

promise("new levels are an error, and zero on request", {
  new <- data.frame(age = 5, id = "stranger")
  fails(predict(lines$slope, new), "stranger") &&
    near(predict(lines$slope, new, allow.new.levels = TRUE),
      predict(lines$slope, new, re.form = NA))
})

promise("predict(se.fit = TRUE)", {
  found <- predict(lines$slope, growth[1:3, ], se.fit = TRUE)
  length(found$fit) == 3 && all(found$se.fit > 0)
})

promise("new data may have fewer levels, and factors as text", {
  new <- transform(growth[1:4, ], id = as.character(id))
  near(predict(lines$slope, new), fitted(lines$slope)[1:4])
})

promise("NA in new data gives NA", {
  new <- transform(growth[1:3, ], age = c(2, NA, 4))
  found <- predict(lines$slope, new)
  is.na(found[[2]]) && !is.na(found[[3]])
})

promise("terms that depend on the data (poly, ns, scale) are those of the fit in new data", {
  fit <- lmmfit(height ~ poly(age, 2) + scale(age) + (1 | id), growth)
  near(quietly(predict(fit, growth[5:8, ])), fitted(fit)[5:8])
})

promise("names of columns with spaces", {
  spaced <- stats::setNames(growth, sub("age", "the age", names(growth)))
  near(logLik(lmmfit(height ~ `the age` + (1 | id), spaced)), logLik(lines$intercept))
})

promise("simulate() with a seed, the same twice, in a data frame", {
  a <- simulate(lines$slope, nsim = 2, seed = 5)
  is.data.frame(a) && identical(a, simulate(lines$slope, nsim = 2, seed = 5)) && ncol(a) == 2
})

promise("simulate() leaves the stream of random numbers alone where a seed is given", {
  set.seed(1)
  before <- .Random.seed
  simulate(lines$slope, seed = 5)
  identical(before, .Random.seed)
})

promise("simulate(re.form = NULL) keeps the random effects", {
  found <- simulate(lines$slope, nsim = 200, seed = 1, re.form = NULL)
  near(rowMeans(found)[1:5], fitted(lines$slope)[1:5], 0.02)
})

promise("confint() by profile, Wald and bootstrap", {
  wald <- confint(lines$intercept, method = "Wald", parm = "age")
  profile <- confint(lines$intercept, parm = "age", method = "profile")
  theirs <- confint(peers$intercept, parm = "age", quiet = TRUE)
  boot <- confint(lines$intercept, method = "boot", parm = "age", nsim = 20, seed = 1)
  near(profile, theirs, 1e-3) && all(abs(wald - boot) < 0.3)
})

promise("confint() is by profile where nothing is said", {
  near(confint(lines$intercept, "age"), confint(lines$intercept, "age", method = "profile"))
}, different = "Wald, with t quantiles of the degrees of freedom: a profile takes many fits",
is = near(confint(lines$intercept, "age"), confint(lines$intercept, "age", method = "Wald")))

promise("confint(parm = \"beta_\") is that of the fixed effects", {
  identical(rownames(confint(lines$intercept, "beta_", method = "Wald")), c("(Intercept)", "age"))
})

promise("confint(parm = \"theta_\") is that of the variances", {
  identical(rownames(confint(lines$intercept, "theta_")), c("id", "residual"))
})

promise("profile(), and confint() of it", {
  near(confint(profile(lines$intercept, "age")),
    confint(lines$intercept, parm = "age", method = "profile"), 1e-6)
})

promise("anova() of two models refits by ML", {
  ours <- quietly(anova(lines$intercept, lines$slope))
  theirs <- quietly(anova(peers$intercept, peers$slope))
  near(ours$Chisq[2], theirs$Chisq[2], 1e-3)
}, different = "models of equal fixed effects are compared by REML: one set of contrasts",
is = near(quietly(anova(lines$intercept, lines$slope))$Chisq[2],
  2 * as.numeric(logLik(lines$slope) - logLik(lines$intercept)), 1e-6))

promise("anova() of models of other fixed effects refits them by ML", {
  smaller <- lmmfit(height ~ 1 + (1 | id), growth)
  anova(smaller, lines$intercept)$Chisq[2] > 0
}, different = "it asks for fits by ML: nothing is refitted without a word",
is = {
  smaller <- lmmfit(height ~ 1 + (1 | id), growth, method = "ML")
  theirs <- anova(lme4::lmer(height ~ 1 + (1 | id), growth), peers$intercept)
  fails(anova(update(smaller, method = "REML"), lines$intercept), "ML") &&
    near(anova(smaller, update(lines$intercept, method = "ML"))$Chisq[2], theirs$Chisq[2], 1e-4)
})

promise("anova() of models of other records is an error", {
  fails(anova(lines$intercept, lmmfit(height ~ 1 + (1 | id), growth[-1, ])), "record")
})

promise("anova() beside lm()", anova(lines$intercept, lm(height ~ age, growth))$Chisq[2] > 0,
  different = "`lmmfit()` without random terms is the linear model",
  is = fails(anova(lines$intercept, lm(height ~ age, growth)), "lmmfit") &&
    anova(lines$intercept, lmmfit(height ~ age, growth))$Chisq[2] > 0)

promise("drop1() leaves out one term at a time", "age" %in% rownames(drop1(lines$intercept)))

promise("drop1(test = \"Chisq\")", nrow(drop1(lines$intercept, test = "Chisq")) == 2,
  different = "F tests; the likelihood ratio is anova() of two fits by ML, and AIC is drop1(k = 2)",
  is = fails(drop1(lines$intercept, test = "Chisq"), "test"))

promise("formula(), terms(), model.frame(), model.matrix()", {
  near(model.matrix(lines$slope), model.matrix(peers$slope)) &&
    identical(dim(model.frame(lines$slope))[1], nrow(growth)) &&
    identical(all.vars(formula(lines$slope)), c("height", "age", "id")) &&
    inherits(terms(lines$slope), "terms")
})

promise("formula(random.only = TRUE), formula(fixed.only = TRUE)", {
  identical(deparse1(formula(lines$slope, fixed.only = TRUE)), "height ~ age") &&
    grepl("age | id", deparse1(formula(lines$slope, random.only = TRUE)), fixed = TRUE)
})

promise("nobs(), df.residual(), weights(), family()", {
  nobs(lines$slope) == nrow(growth) && df.residual(lines$slope) == df.residual(peers$slope) &&
    near(weights(lines$slope), rep(1, nrow(growth))) && family(lines$slope)$family == "gaussian"
})

promise("hatvalues() are the diagonal of the hat matrix",
  near(hatvalues(lines$intercept), hatvalues(peers$intercept), 1e-4))

promise("cooks.distance() of each record", {
  length(cooks.distance(lines$intercept)) == nrow(growth)
}, different = "exact deletion, of a level of the group by default: `influence(fit)` says of which",
is = length(cooks.distance(lines$intercept)) == nlevels(growth$id))

promise("rstudent() and rstandard()", length(rstudent(lines$intercept)) == nrow(growth))

promise("x || id takes the correlations out", {
  near(logLik(lmmfit(height ~ age + (age || id), growth)),
    logLik(lme4::lmer(height ~ age + (age || id), growth)), 1e-6)
})

promise("a / b is a and a:b", {
  near(logLik(lmmfit(strength ~ 1 + (1 | batch / cask), lme4::Pastes)),
    logLik(lme4::lmer(strength ~ 1 + (1 | batch / cask), lme4::Pastes)), 1e-6)
})

promise("control of lme4 is read", {
  near(logLik(quietly(lmmfit(height ~ age + (1 | id), growth, control = lme4::lmerControl()))),
    logLik(lines$intercept))
})

promise("start = theta of lme4", {
  near(logLik(lmmfit(height ~ age + (1 | id), growth,
    start = lme4::getME(peers$intercept, "theta"))),
    logLik(lines$intercept))
}, different = "start takes parameters by name: `start = c(id = 10)`",
is = fails(lmmfit(height ~ age + (1 | id), growth, start = 2.2), "start") &&
  near(logLik(lmmfit(height ~ age + (1 | id), growth, start = c(id = 10))),
    logLik(lines$intercept)))

promise("a saved fit answers after it is read", {
  file <- tempfile()
  saveRDS(lines$slope, file)
  near(predict(readRDS(file), growth[1:3, ]), fitted(lines$slope)[1:3])
})

promise("summary() prints the correlation of the fixed effects", {
  any(grepl("orrelation", capture.output(print(summary(lines$slope), correlation = TRUE))))
})

promise("summary() says REML or ML, the records and the groups", {
  text <- paste(capture.output(summary(lines$slope)), collapse = " ")
  grepl("REML", text) && grepl(nrow(growth), text) && grepl("id", text)
})

promise("lmList(): a regression for each group", inherits(lme4::lmList(lines$slope), "lmList"),
  different = "two_stage() does the first stage and the second",
  is = inherits(two_stage(height ~ age | id, data = growth), "two_stage"))

promise("bootMer(): functions of refitted simulations", {
  length(lme4::bootMer(lines$intercept, sigma, nsim = 3)$t) == 3
}, different = "`confint(method = \"boot\", functions = )`",
is = nrow(confint(lines$intercept, "id", method = "boot", nsim = 20, seed = 1,
  functions = icc ~ id / (id + residual))) == 2)

promise("rePCA(), allFit(): whether the optimum is one", {
  lines$slope$convergence$status == "converged"
}, different = "one optimiser; the fit says how its search ended",
is = lines$slope$convergence$status == "converged")

promise("mkDataTemplate(): simulation from a formula alone", FALSE,
  different = "simulate() is of a fit; a model of known variances is one with `hold`",
  is = {
    fit <- lmmfit(height ~ age + (1 | id), growth, hold = c(id = 4, residual = 1))
    ncol(simulate(fit, nsim = 2, seed = 1)) == 2
  })
