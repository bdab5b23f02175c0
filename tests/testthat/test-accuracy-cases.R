# Published answers (SAS, ASReml, NAG, textbooks) and optima found by two independent programs, from
# ../shared/cases; each comparison names its source.

case_variances <- function(fit, names) stats::setNames(our_variances(fit), names)
case_se <- function(fit) sqrt(diag(as.matrix(vcov(fit))))
minus2 <- function(fit) -2 * as.numeric(logLik(fit))
variance_se <- function(fit) stats::setNames(fit$parameters$se, fit$parameters$name)
effects_of <- function(fit, label, coef = 1L) {
  u <- as.matrix(unclass(ranef(fit))[[label]])
  stats::setNames(u[, coef], rownames(u))
}

# Prediction error standard deviations of every level, from ranef() with standard errors.
prediction_se <- function(fit, label) {
  u <- ranef(fit, se = TRUE)[[label]]
  se <- attr(u, "se")
  stats::setNames(as.matrix(se)[, 1L], rownames(u))
}

expect_prediction_se <- function(fit, leaves, source) {
  for (label in names(leaves)) {
    se <- prediction_se(fit, label)
    expect_within(se, rep(leaves[[label]]$value, length(se)), leaves[[label]]$tol, paste(
      "prediction error SD of", label, source
    ))
  }
}

test_that("least squares: additive and dominance effects of seven Brassica plants", {
  case <- read_case("ols-brassica-additive-dominance")
  case$data$genotype <- factor(case$data$genotype, c("qq", "Qq", "QQ"))
  expected <- case$models[["additive+dominance"]]$expected
  fit <- fit_ours(y ~ add + dom, case$data)
  expect_case(fixef(fit), expected$fixef, case$source, "fixef")
  expect_case(case_se(fit), expected$fixef_se, case$source, "fixef SE")
  expect_case(our_variances(fit), expected$varcomp, case$source, "variance")
  expect_case(df.residual(fit), expected$residual_df, case$source, "df")
  expect_case(fixef(fit) / case_se(fit), expected$t, case$source, "t")
  expect_case(as.numeric(logLik(fit)), expected$reml_loglik, case$source, "REML log-likelihood")
  expect_case(
    as.numeric(logLik(fit_ours(y ~ add + dom, case$data, "ML"))), expected$ml_loglik, case$source,
    "ML log-likelihood"
  )
  expected <- case$models[["additive only"]]$expected
  fit <- fit_ours(y ~ add, case$data)
  expect_case(fixef(fit), expected$fixef, case$source, "fixef")
  expect_case(case_se(fit), expected$fixef_se, case$source, "fixef SE")
  expect_case(our_variances(fit), expected$varcomp, case$source, "variance")
  fit <- fit_ours(y ~ 0 + genotype, case$data)
  expect_case(fixef(fit), case$models[["cell means"]]$expected$fixef, case$source, "cell means")
})

test_that("one-way random effects: Dyestuff", {
  case <- read_case("lmm-dyestuff-oneway")
  expected <- case$models$reml$expected
  fit <- fit_ours(yield ~ 1 + (1 | batch), case$data)
  expect_case(fixef(fit), expected$fixef, case$source, "fixef")
  expect_case(case_se(fit), expected$fixef_se, case$source, "fixef SE")
  expect_case(our_variances(fit), expected$varcomp, case$source, "variances")
  expect_case(minus2(fit), expected$m2_res_loglik, case$source, "-2 REML log-likelihood")
  expect_case(effects_of(fit, "batch"), expected$blup, case$source, "BLUP")
  # Balanced: REML equals ANOVA.
  expect_case(
    our_variances(fit), case$models$anova$expected$varcomp, case$source, "ANOVA variances"
  )
  expected <- case$models$ml$expected
  fit <- fit_ours(yield ~ 1 + (1 | batch), case$data, "ML")
  expect_case(our_variances(fit), expected$varcomp, case$source, "ML variances")
  expect_case(minus2(fit), expected$m2_loglik, case$source, "-2 log-likelihood")
})

test_that("a variance of zero: Dyestuff2", {
  case <- read_case("boundary-dyestuff2")
  expected <- case$models$reml$expected
  fit <- fit_ours(yield ~ 1 + (1 | batch), case$data)
  expect_case(fixef(fit), expected$fixef, case$source, "fixef")
  expect_case(case_se(fit), expected$fixef_se, case$source, "fixef SE")
  expect_case(our_variances(fit), expected$varcomp, case$source, "variances")
  expect_case(minus2(fit), expected$m2_res_loglik, case$source, "-2 REML log-likelihood")
  expect_identical(our_variances(fit)[["batch"]], 0)
  expect_case(max(abs(effects_of(fit, "batch"))), expected$blup_all, case$source, "BLUP")
  expected <- case$models$ml$expected
  fit <- fit_ours(yield ~ 1 + (1 | batch), case$data, "ML")
  expect_case(our_variances(fit), expected$varcomp, case$source, "ML variances")
  expect_case(minus2(fit), expected$m2_loglik, case$source, "-2 log-likelihood")
  expect_case(case_se(fit), expected$fixef_se, case$source, "ML fixef SE")
})

test_that("random slopes: sleepstudy", {
  case <- read_case("lmm-sleepstudy-random-slope")
  case$data$Subject <- factor(case$data$Subject)
  formula <- Reaction ~ Days + (Days | Subject)
  expected <- case$models$reml$expected
  fit <- fit_ours(formula, case$data)
  expect_case(fixef(fit), expected$fixef, case$source, "fixef")
  expect_case(case_se(fit), expected$fixef_se, case$source, "fixef SE")
  v <- case_variances(fit, c("v0", "cov", "v1", "residual"))
  expect_case(v, expected$refit_varcomp, case$source, "variances")
  printed <- c(
    "Subject intercept" = v[["v0"]], "Subject slope" = v[["v1"]], "Subject cov" = v[["cov"]],
    "Subject cor" = v[["cov"]] / sqrt(v[["v0"]] * v[["v1"]]), "residual" = v[["residual"]]
  )
  expect_case(printed, expected$varcomp, case$source, "printed variances")
  expect_case(minus2(fit), expected$m2_res_loglik, case$source, "-2 REML log-likelihood")
  for (subject in c("308", "335")) {
    u <- as.matrix(unclass(ranef(fit))$Subject)[subject, ]
    expect_case(
      stats::setNames(u, c("intercept", "slope")), expected[[paste0("blup_", subject)]],
      case$source, "BLUP"
    )
  }
  expected <- case$models$ml$expected
  fit <- fit_ours(formula, case$data, "ML")
  expect_case(minus2(fit), expected$m2_loglik, case$source, "-2 log-likelihood")
  expect_case(case_se(fit), expected$fixef_se, case$source, "ML fixef SE")
  expect_case(
    case_variances(fit, c("intercept", "cov", "slope", "residual")), expected$varcomp,
    case$source, "ML variances"
  )
  expected <- case$models$uncorrelated$expected
  fit <- fit_ours(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject), case$data)
  expect_case(minus2(fit), expected$m2_res_loglik, case$source, "uncorrelated -2l")
  expect_case(
    case_variances(fit, c("intercept", "slope", "residual")), expected$varcomp, case$source,
    "uncorrelated variances"
  )
})

test_that("weights: sleepstudy with Var(e) = residual / w", {
  case <- read_case("weights-sleepstudy")
  case$data$Subject <- factor(case$data$Subject)
  expected <- case$models$weighted$expected
  fit <- fit_ours(Reaction ~ Days + (Days | Subject), case$data, weights = w)
  expect_case(
    case_variances(fit, c("intercept", "cov", "slope", "residual")), expected$varcomp,
    case$source, "variances"
  )
  expect_case(minus2(fit), expected$m2_res_loglik, case$source, "-2 REML log-likelihood")
  expect_case(fixef(fit), expected$fixef, case$source, "fixef")
  expect_case(case_se(fit), expected$fixef_se, case$source, "fixef SE")
})

test_that("crossed factors: Penicillin", {
  case <- read_case("lmm-penicillin-crossed")
  formula <- diameter ~ 1 + (1 | plate) + (1 | sample)
  expected <- case$models$reml$expected
  fit <- fit_ours(formula, case$data)
  expect_case(fixef(fit), expected$fixef, case$source, "fixef")
  expect_case(case_se(fit), expected$fixef_se, case$source, "fixef SE")
  expect_case(our_variances(fit), expected$varcomp, case$source, "variances")
  expect_case(minus2(fit), expected$m2_res_loglik, case$source, "-2 REML log-likelihood")
  expect_case(effects_of(fit, "sample"), expected$blup_sample, case$source, "BLUP of samples")
  expect_case(effects_of(fit, "plate"), expected$blup_plate, case$source, "BLUP of plates")
  expected <- case$models$ml$expected
  fit <- fit_ours(formula, case$data, "ML")
  expect_case(our_variances(fit), expected$varcomp, case$source, "ML variances")
  expect_case(minus2(fit), expected$m2_loglik, case$source, "-2 log-likelihood")
  expect_case(case_se(fit), expected$fixef_se, case$source, "ML fixef SE")
})

test_that("73,421 ratings by students of instructors: InstEval", {
  skip_on_cran()
  case <- read_case("lmm-insteval-large")
  data <- case$data
  data[c("s", "d", "dept", "service")] <- lapply(data[c("s", "d", "dept", "service")], factor)
  formula <- y ~ service + (1 | s) + (1 | d) + (1 | dept)
  expected <- case$models$ml$expected
  fit <- fit_ours(formula, data, "ML")
  expect_case(minus2(fit), expected$m2_loglik, case$source, "-2 log-likelihood")
  expect_case(our_variances(fit), expected$varcomp, case$source, "ML variances")
  expect_case(fixef(fit), expected$fixef, case$source, "fixef")
  expect_case(case_se(fit), expected$fixef_se, case$source, "fixef SE")
  expect_case(fitted(fit)[1L], expected$first_fitted, case$source, "first fitted value")
  expected <- case$models$reml$expected
  fit <- fit_ours(formula, data)
  expect_case(minus2(fit), expected$m2_res_loglik, case$source, "-2 REML log-likelihood")
  expect_case(our_variances(fit), expected$varcomp, case$source, "REML variances")
  expect_case(fixef(fit), expected$fixef, case$source, "fixef")
  expect_case(effects_of(fit, "dept"), expected$blup_dept, case$source, "BLUP of departments")
  fit <- fit_ours(y ~ service * dept + (1 | s) + (1 | d), data, "ML")
  expect_case(
    minus2(fit), case$models[["ml-interaction"]]$expected$m2_loglik, case$source, "interaction"
  )
})

test_that("split plot of Yates: ASReml's printed components", {
  case <- read_case("splitplot-oats-yates")
  expected <- case$models$reml$expected
  fit <- fit_ours(yield ~ variety * nitro + (1 | block) + (1 | block:variety), case$data)
  expect_case(our_variances(fit), expected$varcomp, case$source, "variances")
  expect_case(our_variances(fit), expected$refit_varcomp, case$source, "variances")
  expect_case(variance_se(fit), expected$varcomp_se, case$source, "SE of variances")
  expect_case(minus2(fit), expected$m2_res_loglik, case$source, "-2 REML log-likelihood")
})

test_that("split plot of Stroup: SAS and NAG", {
  case <- read_case("splitplot-stroup-sas")
  data <- as.data.frame(lapply(case$data, function(x) if (is.integer(x)) factor(x) else x))
  data$y <- as.numeric(as.character(data$y))
  formula <- y ~ A * B + (1 | block) + (1 | block:A)
  expected <- case$models$reml$expected
  fit <- fit_ours(formula, data)
  expect_case(fixef(fit), expected$fixef, case$source, "fixef")
  expect_case(case_se(fit), expected$fixef_se, case$source, "fixef SE")
  expect_case(our_variances(fit), expected$varcomp, case$source, "variances")
  expect_case(minus2(fit), expected$m2_res_loglik, case$source, "-2 REML log-likelihood")
  expect_case(effects_of(fit, "block"), expected$blup_block, case$source, "BLUP of blocks")
  expect_case(
    effects_of(fit, "block:A"), expected[["blup_block:A"]], case$source, "BLUP of whole plots"
  )
  expect_prediction_se(fit, expected$blup_se, case$source)
  expected <- case$models$ml$expected
  fit <- fit_ours(formula, data, "ML")
  expect_case(case_se(fit), expected$fixef_se, case$source, "ML fixef SE")
  expect_case(our_variances(fit), expected$varcomp, case$source, "ML variances")
  expect_case(minus2(fit), expected$m2_loglik, case$source, "-2 log-likelihood")
})

test_that("unbalanced two-way mixed model of Hemmerle and Hartley: REML and ML", {
  case <- read_case("henderson3-varcomp-hemmerle-hartley")
  data <- case$data
  data[c("a", "b")] <- lapply(data[c("a", "b")], factor)
  formula <- y ~ a + (1 | b) + (1 | a:b)
  expected <- case$models$reml$expected
  fit <- fit_ours(formula, data)
  expect_case(
    case_variances(fit, c("b", "ab", "residual")), expected$varcomp, case$source, "variances"
  )
  expect_case(minus2(fit), expected$m2_res_loglik, case$source, "-2 REML log-likelihood")
  expected <- case$models$ml$expected
  fit <- fit_ours(formula, data, "ML")
  expect_case(
    case_variances(fit, c("b", "ab", "residual")), expected$varcomp, case$source, "ML variances"
  )
  expect_identical(our_variances(fit)[["a:b"]], 0)
  expect_case(minus2(fit), expected$m2_loglik, case$source, "-2 log-likelihood")
})

test_that("growth data of Potthoff and Roy: random lines, and compound symmetry as an intercept", {
  case <- read_case("longitudinal-potthoff-roy")
  case$data$Sex <- factor(case$data$Sex, c("Male", "Female"))
  expected <- case$models[["random-slope-reml"]]$expected
  fit <- fit_ours(distance ~ I(age - 11) * Sex + (I(age - 11) | Subject), case$data)
  expect_case(
    case_variances(fit, c("intercept", "cov", "slope", "residual")), expected$varcomp,
    case$source, "variances"
  )
  expect_case(minus2(fit), expected$m2_res_loglik, case$source, "-2 REML log-likelihood")
  expect_case(fixef(fit), expected$fixef, case$source, "fixef")
  expect_case(case_se(fit), expected$fixef_se, case$source, "fixef SE")
  # Compound symmetry with a positive covariance is a random intercept.
  expected <- case$models[["cs-reml"]]$expected
  fit <- fit_ours(distance ~ Sex * age + (1 | Subject), case$data)
  expect_case(
    case_variances(fit, c("CS", "Residual")), expected$varcomp, case$source, "compound symmetry"
  )
  expect_case(minus2(fit), expected$m2_res_loglik, case$source, "compound symmetry, -2l")
  expect_case(fixef(fit), expected$fixef, case$source, "compound symmetry, fixef")
  expected <- case$models[["ml-criteria"]]$expected$m2_loglik
  expect_case(
    c(
      compound_symmetry = minus2(fit_ours(distance ~ Sex * age + (1 | Subject), case$data, "ML")),
      random_intercept_slope = minus2(
        fit_ours(distance ~ Sex * age + (age | Subject), case$data, "ML")
      )
    ),
    expected[c("compound_symmetry", "random_intercept_slope")], case$source, "ML criteria"
  )
})

test_that("wheat trial in complete blocks, with unplanted plots", {
  case <- read_case("field-ar1xar1-nin")
  case$data$rep <- factor(case$data$rep)
  expected <- case$models$rcb$expected
  fit <- fit_ours(yield ~ gen + (1 | rep), case$data)
  expect_case(our_variances(fit), expected$varcomp, case$source, "variances")
  expect_case(minus2(fit), expected$m2_res_loglik, case$source, "-2 REML log-likelihood")
})

test_that("A-inverse of the test's own Henderson rules equals the published one", {
  case <- read_case("pedigree-inbreeding-ainverse")
  inverse <- as.matrix(ainverse_oracle(case$pedigree))
  printed <- do.call(rbind, lapply(case$models$mrode2$expected$Ainv, unlist))
  expect_within(as.numeric(inverse), as.numeric(printed), 1e-8, case$source)
})

test_that("animal model with known variances: Mrode, example 3.1", {
  case <- read_case("mrode-3.1-animal-model")
  data <- case$data
  data$id <- factor(data$id)
  data$sex <- factor(data$sex, c("M", "F"))
  Ainv <- ainverse_oracle(case$pedigree)
  expected <- case$models$blup$expected
  fit <- fit_ours(
    wwg ~ 0 + sex + (1 | gr(id, precision = Ainv)), data,
    hold = c(id = 20, residual = 40)
  )
  expect_case(fixef(fit), expected$fixef, case$source, "fixef")
  expect_case(case_se(fit), expected$fixef_se, case$source, "fixef SE")
  expect_case(effects_of(fit, "id"), expected$blup, case$source, "BLUP")
  expect_case(prediction_se(fit, "id"), expected$blup_sep, case$source, "prediction error SD")
})

test_that("repeatability model with a rank-deficient X: Mrode, example 4.1", {
  case <- read_case("mrode-4.1-repeatability")
  data <- case$data
  data[c("cow", "parity", "hys")] <- lapply(data[c("cow", "parity", "hys")], factor)
  Ainv <- ainverse_oracle(case$pedigree)
  expected <- case$models$blup$expected
  fit <- fit_ours(
    fat ~ 0 + hys + parity + (1 | gr(cow, precision = Ainv)) + (1 | cow), data,
    hold = c(cow = 20, cow.iid = 12, residual = 28)
  )
  effects <- lapply(unclass(ranef(fit)), as.matrix)
  additive <- effects[[1L]]
  permanent <- effects[[2L]]
  expect_case(
    stats::setNames(additive[, 1L], rownames(additive)), expected$blup_additive, case$source,
    "additive BLUP"
  )
  expect_case(
    stats::setNames(permanent[, 1L], rownames(permanent)), expected$blup_permanent, case$source,
    "permanent BLUP"
  )
  # Which columns are dropped is free; estimable functions are not. Parity 1 is in herds 1 and 2.
  b <- fixef(fit)
  b[is.na(b)] <- 0
  estimable <- c(
    "hys2-hys1" = b[["hys2"]] - b[["hys1"]], "hys4-hys3" = b[["hys4"]] - b[["hys3"]],
    "hys1+parity1" = b[["hys1"]], "hys3+parity2" = b[["hys3"]] + b[["parity2"]]
  )
  expect_case(estimable, expected$estimable, case$source, "estimable functions")
  expect_identical(sum(!is.na(fixef(fit))), 4L)
})

test_that("animal models of gryphon birth weight: ASReml", {
  skip_on_cran()
  case <- read_case("gryphon-univariate")
  data <- case$data
  factors <- c("animal", "mother", "byear", "sex")
  data[factors] <- lapply(data[factors], factor)
  Ainv <- ainverse_oracle(case$pedigree)
  additive <- "(1 | gr(animal, precision = Ainv))"
  right_sides <- list(
    m1 = additive, m2 = paste("sex +", additive), m3 = paste("sex +", additive, "+ (1 | byear)"),
    m4 = paste("sex +", additive, "+ (1 | byear) + (1 | mother)")
  )
  for (name in names(right_sides)) {
    formula <- stats::as.formula(paste("bwt ~", right_sides[[name]]))
    expected <- case$models[[name]]$expected
    source <- paste(name, case$source)
    fit <- fit_ours(formula, data)
    expect_case(our_variances(fit), expected$varcomp, source, "variances")
    expect_case(variance_se(fit), expected$varcomp_se, source, "SE of variances")
    expect_case(minus2(fit), expected$refit_m2_res_loglik, source, "-2 REML log-likelihood")
    constant <- (nobs(fit) - length(fixef(fit))) * log(2 * pi)
    expect_case(
      -(minus2(fit) - constant) / 2, expected$loglik_asreml, source, "ASReml's log-likelihood"
    )
    if (!is.null(expected$fixef)) expect_case(fixef(fit), expected$fixef, source, "fixef")
    if (!is.null(expected$fixef_se)) expect_case(case_se(fit), expected$fixef_se, source, "SE")
    for (label in c("animal", "mother", "byear")) {
      leaves <- expected[[paste0("blup_", label)]]
      if (is.null(leaves)) next
      expect_case(effects_of(fit, label), leaves, source, paste("BLUP of", label))
    }
  }
})
