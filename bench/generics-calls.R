# How generics.R calls what needs more than a fit, and why some generics are not answered.

example_fits <- function() {
  data <- as.data.frame(nlme::Orthodont)
  data$Subject <- factor(data$Subject, ordered = FALSE)
  data$visit <- factor(data$age)
  fit <- lmmfit(distance ~ age * Sex + (1 | Subject), data)
  list(data = data, fit = fit, ml = update(fit, method = "ML"),
    smaller = lmmfit(distance ~ age + (1 | Subject), data, method = "ML"),
    holes = lmmfit(distance ~ age + (1 | Subject), replace(data, 1, {
      data$distance[3] <- NA
      data$distance
    })),
    repeated = lmmfit(distance ~ age, data, residual = ~ ar1(visit | Subject)))
}

calls <- list(
  anova = quote(anova(ml, smaller)),
  as.data.frame.ranef = quote(as.data.frame(ranef(fit))),
  cooks.distance = quote(cooks.distance(fit)),
  cooks.distance.influence = quote(as.data.frame(influence(fit))$cooks.distance),
  contest = quote(lmerTest::contest(fit, c(0, 1, 0, 0))),
  dfbeta.influence = quote(dfbeta(fit)),
  dfbetas.influence = quote(dfbetas(fit)),
  deltaMethod = quote(car::deltaMethod(fit, "age / SexFemale")),
  degrees_of_freedom = quote(parameters::degrees_of_freedom(fit)),
  drop1 = quote(drop1(ml)),
  emm_basis = quote(emmeans::emmeans(fit, ~ Sex)),
  equivalence_test = quote(bayestestR::equivalence_test(parameters::model_parameters(fit))),
  extractAIC = quote(extractAIC(ml)),
  find_weights = quote(insight::find_weights(update(fit, weights = age))),
  getME = quote(lme4::getME(fit, "theta")),
  getVarCov = quote(nlme::getVarCov(fit)),
  linearHypothesis = quote(car::linearHypothesis(fit, "age = 0")),
  matchCoefs = quote(car::linearHypothesis(fit, car::matchCoefs(fit, "Sex"))),
  modelparm = quote(multcomp::glht(fit, "age = 0")),
  na.action = quote(na.action(holes)),
  plot.ranef = quote(plot(fit, "caterpillar")),
  predict = quote(predict(fit, data, se.fit = TRUE)),
  profile = quote(profile(fit, "Subject")),
  recover_data = quote(emmeans::ref_grid(fit)),
  refit = quote(lme4::refit(fit, simulate(fit, seed = 1)[[1]])),
  simulate = quote(simulate(fit, 2, seed = 1)),
  step = quote(step(ml, trace = 0)),
  tidy = quote(tidy(fit, conf.int = TRUE)),
  targetVariance = quote(vcov(fit, ddf = "CR2")),
  vcovCR = quote(vcov(fit, ddf = "CR2")),
  update = quote(update(fit, . ~ . - age:Sex)),
  # Functions of the packages that are no generics.
  bootMer = quote(lme4::bootMer(fit, fixef, nsim = 2)),
  glht = quote(multcomp::glht(fit, "age = 0")),
  emmeans = quote(emmeans::emmeans(fit, ~ Sex, at = list(age = 10))),
  emtrends = quote(emmeans::emtrends(fit, ~ Sex, "age")),
  intervals = quote(nlme::intervals(fit)),
  ranova = quote(ranova(fit)),
  p_value = quote(parameters::p_value(fit, method = "Kenward-Roger"))
)

robust <- "no: `vcov(fit, ddf = \"CR2\")` and `summary(fit, ddf = \"CR2\")` are its answers"
ask_contest <- "no: `contest(fit, K, ddf = \"Kenward-Roger\")` and `anova(fit, ddf = )` test it"
ask_plot <- function(type) paste0("no: `plot(fit, \"", type, "\")` and `autoplot()` draw it")
no_selection <- "no: `step(ml)` and `drop1()` select; this one needs the insides of lmer"

reasons <- list(
  as.data.frame = "no: `augment(fit)`, `tidy(fit)` and `varcomp(fit)` are data frames",
  as.function = "no: the likelihood at given values is `lmmfit(hold = )` or `profile(fit)`",
  augPred = ask_plot("profiles"),
  comparePred = "no: it draws two fits by nlme; predictions of two fits are `predict()`",
  coef_CS = robust, model_matrix = robust, residuals_CS = robust, targetVariance = robust,
  v_scale = robust, weightMatrix = robust, vcovCR = robust,
  bread = "no: sandwich's parts are for models without groups; `vcov(fit, ddf = \"CR2\")`",
  getGroupsFormula = "no: `names(ranef(fit))` are the groups; a term can have several",
  Variogram = ask_plot("variogram"),
  pairs = "no: of random effects `pairs(ranef(fit)$Subject)`",
  plot.simulate = "no: nlme's simulate() draws tests, `simulate(fit)` responses",
  print.simulate = "no: as `plot.simulate`",
  qqmath = ask_plot("caterpillar"),
  infIndexPlot = ask_plot("cooks"), infIndexPlot.influence = ask_plot("cooks"),
  influencePlot = ask_plot("leverage"),
  outlierTest = "no: `outlier_test(fit)` is it",
  powerTransform = "no: the response is as it is given",
  contest1D = "no: `contest(fit, K)` does it", contestMD = "no: `contest(fit, K)` does it",
  KRmodcomp = ask_contest, SATmodcomp = ask_contest, get_Lb_ddf = ask_contest,
  model2restriction_matrix = ask_contest, restriction_matrix2model = ask_contest,
  PBmodcomp = "no: `simulate()` and `refit()`, or `confint(fit, method = \"boot\")`",
  PBrefdist = "no: as `PBmodcomp`",
  getLRT = "no: `anova(ml, smaller)` is it",
  get_SigmaG = "no: `getVarCov(fit)` and `VarCorr(fit)`",
  vcovAdj = "no: `vcov(fit, ddf = \"Kenward-Roger\")` is it",
  check_overdispersion = "no: a normal response has a free variance",
  dof_satterthwaite = "no: `parameters::degrees_of_freedom(fit, \"Satterthwaite\")`",
  se_satterthwaite = "no: the standard errors of `summary(fit)` are those",
  p_value_kenward = "no: `parameters::p_value(fit, method = \"Kenward-Roger\")`",
  select_parameters = no_selection, reduce_parameters = no_selection,
  principal_components = "no: `lme4::rePCA(fit)` of random effects",
  sexit_thresholds = "no: it asks for a Bayesian posterior"
)

# Functions that take fits and are no generics.
more_functions <- data.frame(
  package = c("lme4", "lme4", "lme4", "lme4", "lme4", "lme4", "lmerTest", "emmeans", "emmeans",
    "multcomp", "performance", "performance", "performance", "insight", "insight", "insight"),
  generic = c("bootMer", "isSingular", "REMLcrit", "allFit", "devfun2", "logProf", "ranova",
    "emmeans", "emtrends", "glht", "icc", "r2_nakagawa", "check_model", "find_predictors",
    "find_random", "find_response")
)

reasons <- c(reasons, list(
  REMLcrit = "no: `deviance(fit)`", allFit = "no: there is one optimiser",
  devfun2 = "no: as `as.function`", logProf = "no: `profile(fit)` has it on any scale"))
