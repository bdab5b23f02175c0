promise("us, toep, toeph, ar1, ar1h, cs, csh, adh and sp_exp are the same models", {
  for (name in c("us", "toep", "toeph", "ar1", "ar1h", "cs", "csh", "adh")) {
    residual <- stats::as.formula(sprintf("~ %s(visit | id)", name))
    formula <- stats::as.formula(sprintf("height ~ sex * visit + %s(visit | id)", name))
    ours <- quietly(lmmfit(height ~ sex * visit, growth, residual = residual))
    theirs <- quietly(of_mmrm("mmrm")(formula, growth))
    if (!near(logLik(ours), logLik(theirs), 1e-5)) return(FALSE)
  }
  TRUE
})

promise("ad: antedependence of one variance", FALSE,
  different = "ante has a variance for each visit",
  is = fails(lmmfit(height ~ sex * visit, growth, residual = ~ ad(visit | id)), "ante"))

promise("the structure of the residual stands in the formula", {
  near(logLik(lmmfit(height ~ sex * visit + us(visit | id), growth)), logLik(lines$visits))
}, different = "there it is a random term: the message writes `residual =`",
is = fails(lmmfit(height ~ sex * visit + us(visit | id), growth), "residual = ~ us"))

promise("covariances by arm", {
  ours <- lmmfit(height ~ sex * visit, growth, residual = ~ us(visit | sex / id))
  theirs <- quietly(of_mmrm("mmrm")(height ~ sex * visit + us(visit | sex / id), growth))
  near(logLik(ours), logLik(theirs), 1e-5)
})

promise("Satterthwaite and Kenward-Roger", {
  theirs <- coef(summary(quietly(of_mmrm("mmrm")(height ~ sex * visit + us(visit | id), growth))))
  near(coef(summary(lines$visits))[, "df"], theirs[, "df"], 1e-2)
})

promise("between-within df", {
  theirs <- coef(summary(quietly(of_mmrm("mmrm")(height ~ sex * visit + us(visit | id), growth,
    method = "Between-Within"))))
  near(coef(summary(lines$visits, ddf = "between-within"))[, "df"], theirs[, "df"])
}, different = "as SAS: with an unstructured residual all effects have those of subjects",
is = all(coef(summary(lines$visits, ddf = "between-within"))[, "df"] == nlevels(growth$id) - 2))

promise("empirical (sandwich) covariances", {
  theirs <- quietly(of_mmrm("mmrm")(height ~ sex * visit + us(visit | id), growth,
    method = "Satterthwaite", vcov = "Empirical"))
  near(sqrt(diag(vcov(lines$visits, ddf = "CR0"))), sqrt(diag(vcov(theirs))), 1e-3)
})

promise("weights", {
  w <- rep(1:2, length.out = nrow(growth))
  ours <- lmmfit(height ~ sex * visit, growth, residual = ~ us(visit | id), weights = w)
  theirs <- quietly(of_mmrm("mmrm")(height ~ sex * visit + us(visit | id), growth, weights = w))
  near(fixef(ours), coef(theirs), 1e-4)
})

promise("a visit twice in one subject is an error", {
  fails(lmmfit(height ~ sex, rbind(growth, growth[1, ]), residual = ~ us(visit | id)),
    "visit|twice|record")
})

promise("visits as text or numbers", {
  text <- transform(growth, visit = as.character(visit))
  near(logLik(lmmfit(height ~ sex * visit, text, residual = ~ us(visit | id))),
    logLik(lines$visits))
})

promise("a level of the visit without records is dropped", {
  more <- transform(growth, visit = factor(visit, levels = 1:6))
  near(logLik(quietly(lmmfit(height ~ sex * visit, more, residual = ~ us(visit | id)))),
    logLik(lines$visits))
})

promise("missing responses are dropped", {
  holes <- transform(growth, height = replace(height, 4, NA))
  fit <- lmmfit(height ~ sex * visit, holes, residual = ~ us(visit | id))
  nobs(fit) == nrow(growth) - 1
})

promise("the order of the records does not matter", {
  set.seed(1)
  mixed <- growth[sample(nrow(growth)), ]
  near(logLik(lmmfit(height ~ sex * visit, mixed, residual = ~ us(visit | id))),
    logLik(lines$visits))
})

promise("predict() of a record that is missing is conditional on the others of its subject", {
  fit <- lines$visits
  theirs <- quietly(of_mmrm("mmrm")(height ~ sex * visit + us(visit | id), growth))
  new <- growth[1:5, ]
  new$height[2] <- NA
  near(predict(fit, new, conditional = TRUE)[2], predict(theirs, new, conditional = TRUE)[2], 1e-3)
}, different = "from the records of the fit, by `predict(fit, newdata, residual = TRUE)`",
is = {
  fit <- lmmfit(height ~ sex * visit, growth[-2, ], residual = ~ us(visit | id))
  theirs <- of_mmrm("mmrm")(height ~ sex * visit + us(visit | id), growth[-2, ])
  new <- transform(growth[1:5, ], height = replace(height, 2, NA))
  near(predict(fit, growth[2, ], residual = TRUE), predict(theirs, new, conditional = TRUE)[2],
    1e-3)
})

promise("predict(interval = \"confidence\"), \"prediction\"", {
  found <- predict(lines$visits, growth[1:3, ], interval = "confidence")
  all(found[, "lwr"] < found[, "fit"] & found[, "fit"] < found[, "upr"])
})

promise("VarCorr() is the covariance of the visits", {
  theirs <- quietly(of_mmrm("mmrm")(height ~ sex * visit + us(visit | id), growth))
  near(as.matrix(nlme::getVarCov(lines$visits, individuals = 1, type = "conditional")[[1]]),
    nlme::VarCorr(theirs), 1e-3)
})

promise("residuals(type = \"pearson\"), \"normalized\"", {
  theirs <- quietly(of_mmrm("mmrm")(height ~ sex * visit + us(visit | id), growth))
  near(residuals(lines$visits, type = "normalized"), residuals(theirs, type = "normalized"), 1e-3)
})

promise("emmeans by visit", {
  found <- as.data.frame(emmeans::emmeans(lines$visits, ~ sex | visit))
  nrow(found) == 10 && all(is.finite(found$df))
})

promise("car::Anova()", {
  found <- quietly(car::Anova(lines$visits, type = 3))
  nrow(found) >= 3
})

promise("tidy(), glance(), augment()", {
  nrow(tidy(lines$visits, "fixed")) == 10 && nrow(glance(lines$visits)) == 1 &&
    nrow(augment(lines$visits)) == nrow(growth)
})

promise("df_1d(), df_md(): a contrast, and several", {
  theirs <- quietly(of_mmrm("mmrm")(height ~ sex * visit + us(visit | id), growth))
  L <- c(rep(0, 9), 1)
  near(contest(lines$visits, L)$table$df, of_mmrm("df_1d")(theirs, L)$df, 1e-2)
})

promise("reml = FALSE", {
  ours <- lmmfit(height ~ sex * visit, growth, residual = ~ us(visit | id), reml = FALSE)
  theirs <- of_mmrm("mmrm")(height ~ sex * visit + us(visit | id), growth, reml = FALSE)
  near(logLik(ours), logLik(theirs), 1e-5)
})

promise("aliased coefficients are NA, and left out on request", {
  fit <- lmmfit(height ~ sex + I(2 * (sex == "boy")) + visit, growth,
    residual = ~ cs(visit | id))
  anyNA(fixef(fit)) || anyNA(coef(fit))
})

promise("more random numbers: simulate() of a marginal model", {
  ncol(simulate(lines$visits, nsim = 3, seed = 1)) == 3
})

promise("model.frame() of the variables of the structure", {
  all(c("visit", "id") %in% names(model.frame(lines$visits)))
})

promise("a fit that did not converge says so", {
  few <- quietly(lmmfit(height ~ sex * visit, growth, residual = ~ us(visit | id),
    control = lmm_control(max_iterations = 1)))
  few$convergence$status != "converged"
})
