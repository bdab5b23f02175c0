# Structured residuals: likelihood and score against the dense form through V; nlme's gls() and
# lme(); published output of SAS and ASReml.

unevenly <- function() {
  set.seed(21)
  data <- expand.grid(visit = 1:4, id = factor(1:15))
  data$arm <- factor(ifelse(as.integer(data$id) %% 3 == 0, "b", "a"))
  data$time <- c(0, 1, 2.5, 6)[data$visit] + 0.1 * as.integer(data$arm)
  data$block <- factor(as.integer(data$id) %% 5)
  data$pair <- (as.integer(data$id) + 1L) %/% 2L
  data$arm2 <- factor(as.integer(data$id) %% 2)
  data$x <- rnorm(nrow(data))
  data$w <- exp(runif(nrow(data), -1, 1))
  data$y <- 2 + data$x + rnorm(15)[data$id] + rnorm(5)[data$block] + rnorm(nrow(data))
  data[sample(nrow(data), 48), ]
}

residual_values <- function(recipe) {
  t <- recipe$n_coef
  root <- diag(exp(runif(t, -0.5, 0.5)), t)
  root[lower.tri(root)] <- runif(t * (t - 1) / 2, -0.5, 0.5)
  variance <- exp(runif(1, -0.5, 0.5))
  switch(recipe$name,
    us = tcrossprod(root)[upper.tri(root, diag = TRUE)],
    diag = exp(runif(t, -0.5, 0.5)),
    exp = c(variance, runif(1, 0.5, 3)),
    toep = c(variance, c(0.4, 0.25, 0.1)[seq_len(t - 1)]),
    product = c(residual_values(recipe$factors[[1L]]), residual_values(recipe$factors[[2L]])[-1L]),
    c(variance, runif(1, 0.1, 0.7))
  )
}

residuals_to_test <- list(
  us = ~ us(visit | id), cs = ~ cs(visit | id), ar1 = ~ ar1(visit | id),
  toep = ~ toep(visit | id), exp = ~ exp(time | id), diag = ~ diag(arm),
  "us by arm" = ~ us(visit | arm / id),
  "two structures" = list(arm = list(a = ~iid, b = ~ ar1(visit | id))),
  "grid" = ~ ar1(visit):ar1(id), "us x ar1" = ~ us(arm2):ar1(visit) | pair,
  "plane" = ~ exp(time + x | block)
)

for (name in names(residuals_to_test)) {
  test_that(sprintf("likelihood and score at random points: %s", name), {
    data <- unevenly()
    data$id <- as.integer(data$id)
    for (weighted in c(FALSE, TRUE)) {
      spec <- spec_for(y ~ x + (1 | block), data, residuals_to_test[[name]],
        method = if (weighted) "ML" else "REML", weights = if (weighted) data$w)
      set.seed(4)
      for (point in 1:2) {
        values <- c(runif(1, 0.3, 2), unlist(lapply(spec$residual$sections, function(section) {
          residual_values(section$structure)
        })))
        at <- likelihood_cpp(spec, values)
        expect_relative(at$minus2loglik, hand_minus2loglik(spec, values), 1e-9, "-2l through V")
        difference <- numeric_gradient(function(v) hand_minus2loglik(spec, v), values)
        expect_relative(at$gradient, difference, 1e-6, "score against differences",
          scale = 0.01 * max(abs(difference)))
      }
    }
  })
}

# nlme ---------------------------------------------------------------------------------------------

expect_like_nlme <- function(fit, peer, what, values = NULL, tolerance = 1e-4) {
  expect_true(has_converged(fit))
  theirs <- -2 * as.numeric(logLik(peer))
  ours <- deviance(fit)
  # nlme may stop short of the optimum, never above it.
  expect_no_higher(ours, theirs, 1e-5, paste(what, "-2l"))
  expect_within(ours, theirs, 1e-4, paste(what, "-2l"))
  beta <- if (inherits(peer, "lme")) nlme::fixef(peer) else coef(peer)
  expect_relative(fixef(fit), beta, tolerance, paste(what, "fixed effects"),
    scale = max(abs(beta)) * 1e-3)
  if (!is.null(values)) {
    expect_relative(varcomp(fit)$estimate, values, tolerance, paste(what, "parameters"))
  }
}

tight <- nlme::glsControl(tolerance = 1e-10, msTol = 1e-12, maxIter = 500, msMaxIter = 500)
correlations <- function(peer) {
  unname(coef(peer$modelStruct$corStruct, unconstrained = FALSE))
}

growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)
growth$visit <- (growth$age - 6) / 2

test_that("gls() on Orthodont: compound symmetry, autoregression, exponential, by sex", {
  formula <- distance ~ age * Sex
  gls_of <- function(...) nlme::gls(formula, growth, control = tight, ...)
  for (method in c("REML", "ML")) {
    fit_of <- function(residual) lmmfit(formula, growth, residual, method)
    peer <- gls_of(correlation = nlme::corCompSymm(form = ~ 1 | Subject), method = method)
    expect_like_nlme(fit_of(~ cs(age | Subject)), peer, "cs", c(sigma(peer)^2, correlations(peer)))
    expect_equal(deviance(fit_of(~ cs(1 | Subject))), deviance(fit_of(~ cs(age | Subject))))
    peer <- gls_of(correlation = nlme::corAR1(form = ~ visit | Subject), method = method)
    expect_like_nlme(fit_of(~ ar1(age | Subject)), peer, "ar1",
      c(sigma(peer)^2, correlations(peer)))
    peer <- gls_of(correlation = nlme::corExp(form = ~ age | Subject), method = method)
    expect_like_nlme(fit_of(~ exp(age | Subject)), peer, "exp",
      c(sigma(peer)^2, correlations(peer)))
    peer <- gls_of(weights = nlme::varIdent(form = ~ 1 | Sex), method = method)
    ratio <- coef(peer$modelStruct$varStruct, unconstrained = FALSE)
    expect_like_nlme(fit_of(~ diag(Sex)), peer, "diag", sigma(peer)^2 * c(1, unname(ratio))^2)
  }
})

test_that("gls() on Orthodont: unstructured, complete and with missing visits", {
  missing <- growth[-c(2, 7, 31, 32, 77, 100), ]
  for (data in list(growth, missing)) {
    peer <- nlme::gls(distance ~ age * Sex, data, control = tight,
      correlation = nlme::corSymm(form = ~ visit | Subject),
      weights = nlme::varIdent(form = ~ 1 | age))
    fit <- lmmfit(distance ~ age * Sex, data, residual = ~ us(age | Subject))
    expect_like_nlme(fit, peer, "us", tolerance = 3e-4)
  }
})

test_that("rows in another order give the same answer", {
  set.seed(8)
  shuffled <- growth[sample(nrow(growth), 100), ]
  sorted <- shuffled[order(shuffled$Subject, shuffled$age), ]
  for (residual in list(~ us(age | Subject), ~ ar1(age | Subject), ~ exp(age | Sex / Subject))) {
    a <- lmmfit(distance ~ age, shuffled, residual)
    b <- lmmfit(distance ~ age, sorted, residual)
    expect_relative(deviance(a), deviance(b), 1e-10, "-2l")
    expect_relative(varcomp(a)$estimate, varcomp(b)$estimate, 1e-5, "parameters")
    expect_relative(fitted(a)[row.names(sorted)], fitted(b), 1e-8, "fitted")
    white <- residuals(a, type = "normalized")[row.names(sorted)]
    expect_relative(white, residuals(b, type = "normalized"), 1e-5, "normalized", scale = 1)
  }
})

test_that("normalized residuals are those of nlme", {
  peer <- nlme::gls(distance ~ age * Sex, growth, control = tight,
    correlation = nlme::corAR1(form = ~ visit | Subject))
  fit <- lmmfit(distance ~ age * Sex, growth, residual = ~ ar1(age | Subject))
  expect_within(residuals(fit, "normalized"), residuals(peer, "normalized"), 1e-4, "normalized")
  expect_within(residuals(fit, "pearson"), residuals(peer, "pearson"), 1e-4, "pearson")
})

test_that("lme() on Ovary, BodyWeight, Dialyzer: random effects with correlated residuals", {
  control <- nlme::lmeControl(tolerance = 1e-9, msTol = 1e-11, maxIter = 500, msMaxIter = 500)
  ovary <- as.data.frame(nlme::Ovary)
  ovary$Mare <- factor(ovary$Mare, ordered = FALSE)
  ovary$visit <- ave(seq_len(nrow(ovary)), ovary$Mare, FUN = seq_along)
  formula <- follicles ~ sin(2 * pi * Time) + cos(2 * pi * Time)
  peer <- nlme::lme(formula, ovary, ~ 1 | Mare, nlme::corAR1(form = ~ visit | Mare),
    control = control)
  fit <- lmmfit(update(formula, . ~ . + (1 | Mare)), ovary, ~ ar1(visit | Mare))
  expect_like_nlme(fit, peer, "Ovary",
    c(as.numeric(nlme::getVarCov(peer)), sigma(peer)^2, correlations(peer)), 1e-3)
  rats <- as.data.frame(nlme::BodyWeight)
  rats$Rat <- factor(rats$Rat, ordered = FALSE)
  peer <- nlme::lme(weight ~ Time * Diet, rats, ~ Time | Rat, nlme::corExp(form = ~ Time | Rat),
    control = control)
  fit <- lmmfit(weight ~ Time * Diet + (Time | Rat), rats, ~ exp(Time | Rat))
  expect_like_nlme(fit, peer, "BodyWeight",
    c(nlme::getVarCov(peer)[c(1, 2, 4)], sigma(peer)^2, correlations(peer)), 1e-3)
  dialyzer <- as.data.frame(nlme::Dialyzer)
  dialyzer$Subject <- factor(dialyzer$Subject, ordered = FALSE)
  formula <- rate ~ (pressure + I(pressure^2) + I(pressure^3) + I(pressure^4)) * QB
  peer <- nlme::gls(formula, dialyzer, nlme::corAR1(form = ~ index | Subject), control = tight)
  fit <- lmmfit(formula, dialyzer, ~ ar1(index | Subject))
  expect_like_nlme(fit, peer, "Dialyzer", c(sigma(peer)^2, correlations(peer)))
})

test_that("lme() with two traits of different units, some of them missing", {
  set.seed(12)
  pigs <- data.frame(pen = factor(rep(1:15, each = 8)), sex = gl(2, 1, 120, c("F", "M")))
  pigs$gain <- 5 + rnorm(15)[pigs$pen] + rnorm(120)
  pigs$fat <- pigs$gain + rnorm(15)[pigs$pen] + rnorm(120)
  pigs$fat[c(2, 9, 77)] <- NA
  pigs$gain[c(50, 51)] <- NA
  long <- data.frame(
    y = c(pigs$gain, pigs$fat), trait = gl(2, 120, labels = c("gain", "fat")), unit = factor(1:120),
    pen = pigs$pen, sex = pigs$sex
  )
  long <- long[!is.na(long$y), ]
  control <- nlme::lmeControl(tolerance = 1e-10, msTol = 1e-12, maxIter = 500, msMaxIter = 500,
    opt = "optim", msMaxEval = 2000)
  for (method in c("REML", "ML")) {
    peer <- nlme::lme(y ~ 0 + trait + trait:sex, long, ~ 0 + trait | pen, method = method,
      correlation = nlme::corSymm(form = ~ as.integer(trait) | pen / unit),
      weights = nlme::varIdent(form = ~ 1 | trait), control = control)
    fit <- lmmfit(cbind(gain, fat) ~ sex + (1 | pen), pigs, method = method)
    G <- nlme::getVarCov(peer)
    expect_like_nlme(fit, peer, paste("two traits", method), tolerance = 1e-3)
    expect_relative(varcomp(fit)$estimate[1:3], G[c(1, 2, 4)], 2e-3, "variances of pens")
    expect_relative(varcomp(fit)$estimate[4], sigma(peer)^2, 2e-3, "residual variance")
    # In other units -2l changes by the Jacobian: of all records by ML, of n - rank(X) by REML.
    grams <- lmmfit(cbind(gain, fat) ~ sex + (1 | pen), transform(pigs, fat = 1000 * fat),
      method = method)
    n <- sum(!is.na(pigs$fat)) - if (method == "REML") 2 else 0
    expect_within(deviance(grams), deviance(fit) + 2 * n * log(1000), 1e-6, "-2l in other units")
    expect_relative(varcomp(grams)$estimate,
      varcomp(fit)$estimate * rep(1000^c(0, 1, 2), 2), 1e-4, "variances in other units")
    expect_relative(varcomp(grams)$se, varcomp(fit)$se * rep(1000^c(0, 1, 2), 2), 1e-3, "their SE")
  }
})

# Identities ---------------------------------------------------------------------------------------

test_that("structures agree where they are the same model", {
  fit_of <- function(residual, ...) lmmfit(distance ~ age * Sex, growth, residual, ...)
  same <- function(a, b, what) {
    expect_within(deviance(a), deviance(b), 1e-6, what)
    expect_relative(fixef(a), fixef(b), 1e-5, what, scale = 1)
    expect_relative(sqrt(diag(vcov(a))), sqrt(diag(vcov(b))), 1e-5, what)
  }
  # A positive correlation of cs is a random intercept.
  same(fit_of(~ cs(age | Subject)), lmmfit(distance ~ age * Sex + (1 | Subject), growth), "cs")
  # A mixed model for each sex is that of both where nothing is in common.
  by_sex <- fit_of(~ us(age | Sex / Subject), method = "ML")
  parts <- lapply(split(growth, growth$Sex), function(part) {
    lmmfit(distance ~ age, part, ~ us(age | Subject), "ML")
  })
  expect_within(deviance(by_sex), sum(vapply(parts, deviance, 0)), 1e-6, "by sex")
  # An autoregression with its correlation held at 0 is independent.
  same(fit_of(~ ar1(age | Subject), hold = c(residual.rho = 0)), fit_of(~iid), "rho = 0")
  # One variance per level of a factor with equal variances held.
  held <- c(residual.Male = 2, residual.Female = 2)
  same(fit_of(~ diag(Sex), hold = held), fit_of(~iid, hold = c(residual = 2)), "diag")
  same(fit_of(~ diag(Sex)), fit_of(list(Sex = ~iid)), "a structure per level")
  # exp over equal distances is ar1 with rho = exp(-d / range).
  a <- fit_of(~ exp(age | Subject))
  b <- fit_of(~ ar1(age | Subject))
  same(a, b, "exp and ar1")
  expect_relative(exp(-2 / varcomp(a)$estimate[2]), varcomp(b)$estimate[2], 1e-5, "rho")
})

# Published ----------------------------------------------------------------------------------------

expect_leaf <- function(found, leaf, case, what) expect_case(found, leaf, case$source, what)

# SAS has UN(2,1); the values here are in the same order as its own.
un_values <- function(fit, t) {
  entry <- entries_us(t)
  stats::setNames(our_variances(fit), sprintf("UN(%d,%d)", entry$row, entry$col))
}

test_that("FEV1 of mmrm's data under us, cs and ar1: SAS", {
  case <- read_case("fev-us")
  case$data$SEX <- stats::relevel(case$data$SEX, "Male")
  for (name in names(case$models)) {
    model <- case$models[[name]]
    formula <- stats::as.formula(model$formula)
    fit <- lmmfit(formula, case$data, ~ us(AVISIT | USUBJID), model$method)
    expected <- model$expected
    expect_case(un_values(fit, 4L), expected$varcomp, case$source, "printed variances")
    expect_case(un_values(fit, 4L), expected$refit_varcomp, case$source, "variances")
    expect_case(fixef(fit), expected$fixef, case$source, "fixef")
    expect_case(sqrt(diag(vcov(fit))), expected$fixef_se, case$source, "fixef SE")
    expect_case(deviance(fit), expected$m2_res_loglik %||% expected$m2_loglik, case$source, "-2l")
    df <- expected$refit_satterthwaite_ddf %||% expected$satterthwaite_ddf
    if (is.null(df)) next
    table <- summary(fit)$coefficients
    found <- stats::setNames(table$df, row.names(table))
    expect_case(found, df[setdiff(names(df), "refit")], case$source, "Satterthwaite df")
  }
  structures <- list("fev-cs" = ~ cs(AVISIT | USUBJID), "fev-ar1" = ~ ar1(AVISIT | USUBJID))
  for (id in names(structures)) {
    case <- read_case(id)
    for (name in c("mean-reml", "mean-ml", "arm-reml-kr")) {
      model <- case$models[[name]]
      formula <- stats::as.formula(model$formula)
      fit <- lmmfit(formula, case$data, structures[[id]], model$method)
      expected <- model$expected
      v <- our_variances(fit)
      found <- if (id == "fev-cs") {
        c(CS = v[[1L]] * v[[2L]], Residual = v[[1L]] * (1 - v[[2L]]))
      } else {
        c("AR(1)" = v[[2L]], Residual = v[[1L]])
      }
      expect_case(found, expected$refit_varcomp, case$source, paste(name, "variances"))
      expect_case(fixef(fit), expected$fixef, case$source, "fixef")
      expect_case(
        deviance(fit), expected$m2_res_loglik %||% expected$m2_loglik, case$source, "-2l"
      )
    }
  }
})

test_that("wheat in a field of 22 x 11 plots, 18 of them missing: ASReml", {
  case <- read_case("field-ar1xar1-nin")
  expected <- case$models$ar1xar1$expected
  fit <- lmmfit(yield ~ gen, case$data, ~ ar1(row):ar1(col))
  v <- stats::setNames(our_variances(fit), c("variance", "ar1 row", "ar1 col"))
  expect_case(v, expected$varcomp, case$source, "variances")
  expect_case(v, expected$refit_varcomp, case$source, "variances")
  se <- stats::setNames(varcomp(fit)$se, names(v))
  expect_case(se, expected$varcomp_se_asreml, case$source, "SE of variances")
  expect_case(deviance(fit), expected$m2_res_loglik, case$source, "-2 REML log-likelihood")
  gen <- data.frame(gen = names(expected$genotype_mean))
  means <- stats::setNames(predict(fit, gen), gen$gen)
  expect_case(means, expected$genotype_mean, case$source, "means")
})

test_that("growth of Potthoff and Roy: SAS", {
  case <- read_case("longitudinal-potthoff-roy")
  case$data$Sex <- stats::relevel(factor(case$data$Sex), "Male")
  model <- case$models[["un-ml"]]
  fit <- lmmfit(distance ~ Sex * age, case$data, ~ us(age | Subject), "ML")
  expect_case(un_values(fit, 4L), model$expected$varcomp, case$source, "variances")
  expect_case(deviance(fit), model$expected$m2_loglik, case$source, "-2l")
  expect_case(fixef(fit), model$expected$fixef, case$source, "fixef")
  expect_case(sqrt(diag(vcov(fit))), model$expected$fixef_se, case$source, "fixef SE")
  criteria <- vapply(list(
    toeplitz = ~ toep(age | Subject), compound_symmetry = ~ cs(age | Subject),
    ar1 = ~ ar1(age | Subject)
  ), function(residual) {
    deviance(lmmfit(distance ~ Sex * age, case$data, residual, "ML"))
  }, 0)
  expected <- case$models[["ml-criteria"]]$expected$m2_loglik
  expect_case(criteria, expected[names(criteria)], case$source, "-2l")
  reml <- list(
    "un-reml" = ~ us(age | Subject), "cs-reml" = ~ cs(age | Subject),
    "ar1-reml" = ~ ar1(age | Subject), "cs-by-sex-reml" = ~ cs(age | Sex / Subject)
  )
  for (name in names(reml)) {
    expected <- case$models[[name]]$expected
    fit <- lmmfit(distance ~ Sex * age, case$data, reml[[name]])
    v <- our_variances(fit)
    found <- switch(name,
      "un-reml" = un_values(fit, 4L),
      "cs-reml" = c(CS = v[[1]] * v[[2]], Residual = v[[1]] * (1 - v[[2]])),
      "ar1-reml" = c("AR(1)" = v[[2]], Residual = v[[1]]),
      c("CS M" = v[[1]] * v[[2]], "Var M" = v[[1]] * (1 - v[[2]]),
        "CS F" = v[[3]] * v[[4]], "Var F" = v[[3]] * (1 - v[[4]]))
    )
    expect_case(found, expected$varcomp, case$source, name)
    expect_case(deviance(fit), expected$m2_res_loglik, case$source, name)
    expect_case(fixef(fit), expected$fixef, case$source, name)
  }
})

test_that("two traits with known variances, complete and with missing records: Mrode", {
  case <- read_case("mrode-5-bivariate")
  case$data$id <- factor(case$data$id)
  bivariate <- function(name, response, rows, animals) {
    model <- case$models[[name]]
    expected <- model$expected
    pedigree <- case$pedigree[case$pedigree$id %in% animals, ]
    inverse <- ainverse_oracle(pedigree)
    data <- case$data[rows, ]
    data$pwg <- data[[response]]
    traits <- c("wwg", "pwg")
    hold <- c(id.traitwwg = 20, id.traitwwg.traitpwg = 18, id.traitpwg = 40, residual.wwg = 40,
      residual.wwg.pwg = 11, residual.pwg = 30)
    fit <- lmmfit(
      cbind(wwg, pwg) ~ 0 + trait:sex + us(0 + trait | gr(id, precision = inverse)), data,
      hold = hold
    )
    beta <- fixef(fit)
    names(beta) <- sub("trait(.*):sex(.*)", "\\1:\\2", names(beta))
    expect_case(beta, expected$fixef, case$source, paste(name, "fixef"))
    u <- ranef(fit, se = TRUE)$id
    for (k in 1:2) {
      found <- stats::setNames(u[[k]], row.names(u))
      leaves <- expected[[paste0("blup_", traits[k])]] %||% expected[[paste0("blup_", response)]]
      if (!is.null(leaves)) expect_case(found, leaves, case$source, paste(name, "BLUP"))
      leaves <- expected[[paste0("pev_", traits[k])]]
      pev <- stats::setNames(attr(u, "se")[[k]]^2, row.names(u))
      if (!is.null(leaves)) expect_case(pev, leaves, case$source, paste(name, "PEV"))
    }
    fit
  }
  bivariate("bivariate complete", "pwg", case$data$id != "9", 1:8)
  bivariate("bivariate with missing pwg", "pwg_missing", seq_len(nrow(case$data)), 1:9)
})
