script("lme4: intercepts", {
  m <- lmmfit(height ~ sex * age + (1 | id), data = growth)
  VarCorr(m)
  fixef(m)
  ranef(m)
  confint(m)
}, same = lme4::lmer(height ~ sex * age + (1 | id), growth))

script("lme4: lines, by ML", {
  m <- lmmfit(height ~ sex * age + (1 + age | id), data = growth, REML = FALSE)
  AIC(m)
  BIC(m)
}, same = lme4::lmer(height ~ sex * age + (1 + age | id), growth, REML = FALSE))

script("lme4: uncorrelated, settings of an optimiser", {
  m <- lmmfit(height ~ sex * age + (age || id), data = growth,
    control = lme4::lmerControl(optimizer = "bobyqa"))
}, same = lme4::lmer(height ~ sex * age + (age || id), growth))

script("lme4: crossed and nested", {
  m <- lmmfit(strength ~ 1 + (1 | batch / cask), data = lme4::Pastes)
  m2 <- lmmfit(diameter ~ (1 | plate) + (1 | sample), lme4::Penicillin)
}, same = lme4::lmer(strength ~ 1 + (1 | batch / cask), lme4::Pastes))

script("lme4: a test between models", {
  m0 <- lmmfit(height ~ age + (1 | id), data = growth, REML = FALSE)
  m <- lmmfit(height ~ age + sex + (1 | id), data = growth, REML = FALSE)
  anova(m0, m)
}, same = lme4::lmer(height ~ age + sex + (1 | id), growth, REML = FALSE))

script("lme4: new levels, no random effects", {
  m <- lmmfit(height ~ age + (1 | id), data = growth)
  predict(m, newdata = data.frame(age = 5, id = "new"), allow.new.levels = TRUE)
  predict(m, newdata = data.frame(age = 5), re.form = NA)
  simulate(m, nsim = 2, seed = 1)
}, same = lme4::lmer(height ~ age + (1 | id), growth))

script("lme4: update, drop, weights, subset", {
  full <- lmmfit(height ~ age * sex + (1 | id), data = growth, weights = age, subset = age > 2)
  m <- update(full, . ~ . - age:sex)
}, same = lme4::lmer(height ~ age + sex + (1 | id), growth, weights = age, subset = age > 2))

script("lme4: glmer() of counts", {
  m <- lmmfit(round(height) ~ age + (1 | id), data = growth, family = poisson)
}, refused = "glmer")

script("lmerTest: tests of terms", {
  m <- lmmfit(height ~ sex * visit + (1 | id), data = growth)
  anova(m, ddf = "Kenward-Roger")
  summary(m, ddf = "Satterthwaite")
  ranova(m)
  drop1(m)
}, same = lme4::lmer(height ~ sex * visit + (1 | id), growth))

script("lmerTest: a contrast, means", {
  m <- lmmfit(height ~ sex + age + (1 | id), data = growth)
  contest(m, L = c(0, 1, 0))
}, refused = "K = c\\(0, 1\\)")

script("nlme: lme() with lines", {
  m <- lmmfit(fixed = height ~ sex * age, random = ~ age | id, data = growth, method = "REML")
  intervals <- confint(m)
  VarCorr(m)
}, same = nlme::lme(height ~ sex * age, growth, ~ age | id))

script("nlme: lme() with AR(1) errors", {
  m <- lmmfit(height ~ sex * age, random = ~ 1 | id, correlation = corAR1(form = ~ 1 | id),
    data = growth)
}, refused = "form = ~ time | id")

script("nlme: gls() unstructured", {
  m <- lmmfit(height ~ sex * visit, data = growth,
    correlation = corSymm(form = ~ as.integer(visit) | id), weights = varIdent(form = ~ 1 | visit))
}, same = nlme::gls(height ~ sex * visit, growth,
  correlation = nlme::corSymm(form = ~ as.integer(visit) | id),
  weights = nlme::varIdent(form = ~ 1 | visit)))

script("nlme: continuous time", {
  m <- lmmfit(height ~ sex * visit, data = growth, correlation = corCAR1(form = ~ age | id),
    method = "ML", na.action = na.omit)
}, same = nlme::gls(height ~ sex * visit, growth, method = "ML",
  correlation = nlme::corCAR1(form = ~ age | id)))

script("nlme: groups in a list, a power of the mean", {
  m <- lmmfit(height ~ sex * age, data = growth, random = list(id = pdDiag(~age)),
    weights = varPower())
}, refused = "residual = ~ diag\\(group\\)")
