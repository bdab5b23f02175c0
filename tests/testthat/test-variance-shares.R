# performance's answers for lme4's fit of the same model are the source.

test_that("R2, icc and repeatability are those of performance for lme4's fits", {
  skip_if_not_installed("performance")
  skip_if_not_installed("lme4")
  models <- list(
    list(Reaction ~ Days + (1 | Subject), lme4::sleepstudy),
    list(Reaction ~ Days + (1 + Days | Subject), lme4::sleepstudy),
    list(diameter ~ 1 + (1 | plate) + (1 | sample), lme4::Penicillin),
    list(angle ~ recipe * temperature + (1 | recipe:replicate), lme4::cake)
  )
  for (model in models) {
    fit <- lmmfit(model[[1]], model[[2]])
    peer <- lme4::lmer(model[[1]], model[[2]], control = lme4::lmerControl(
      optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9)))
    r2 <- performance::r2_nakagawa(peer)
    expect_equal(R2(fit)$estimate, c(r2$R2_marginal, r2$R2_conditional), tolerance = 1e-5,
      ignore_attr = TRUE)
    own <- performance::icc(peer)
    expect_equal(icc(fit)$estimate, c(own$ICC_adjusted, own$ICC_unadjusted), tolerance = 1e-5)
    by_group <- suppressWarnings(performance::icc(peer, by_group = TRUE))
    if (!any(grepl("Days |", deparse(model[[1]]), fixed = TRUE))) {
      by_group <- by_group$ICC[match(row.names(icc(fit, by_group = TRUE)), by_group$Group)]
      expect_equal(icc(fit, by_group = TRUE)$estimate, by_group, tolerance = 1e-5)
      expect_equal(repeatability(fit)$estimate, by_group, tolerance = 1e-5)
    }
    # performance does not find the variance of an interaction in its null model.
    if (grepl("replicate", deparse(model[[1]]))) next
    levels <- suppressWarnings(performance::r2_nakagawa(peer, by_group = TRUE))
    names <- sub("Level 1", "residual", levels$Level)
    expect_equal(R2(fit, by_group = TRUE)[names, "estimate"], levels$R2, tolerance = 1e-4)
  }
})

test_that("standard errors are those of the delta method", {
  fit <- lmmfit(Reaction ~ Days + (1 | Subject), lme4::sleepstudy)
  expect_equal(repeatability(fit, level = 0.9),
    vpredict(fit, Subject ~ Subject / (Subject + residual), level = 0.9), ignore_attr = TRUE,
    tolerance = 1e-6)
  # Marginal R2 = f / (f + s), f = b^2 var(x)
  f <- fixef(fit)[["Days"]]^2 * var(lme4::sleepstudy$Days)
  s <- sum(varcomp(fit)$estimate)
  var_f <- (2 * fixef(fit)[["Days"]] * var(lme4::sleepstudy$Days))^2 * vcov(fit)["Days", "Days"]
  var_s <- sum(fit$parameter_covariance)
  se <- sqrt((s / (f + s)^2)^2 * var_f + (f / (f + s)^2)^2 * var_s)
  expect_equal(R2(fit)["marginal", "se"], se, tolerance = 1e-6)
})

test_that("terms of one animal add up, weights and relationships count", {
  set.seed(3)
  ped <- pedigree(data.frame(id = 1:40, sire = c(rep(NA, 10), rep(1:5, 6)),
    dam = c(rep(NA, 10), rep(6:10, each = 6))))
  data <- data.frame(animal = rep(1:40, 3), y = rnorm(120) + rep(rnorm(40), 3), w = rep(1:2, 60))
  fit <- lmmfit(y ~ 1 + (1 | gr(animal, pedigree = ped)) + (1 | animal), data, weights = w,
    hold = c(animal = 0.5, animal.iid = 0.3, residual = 1))
  v <- mme(fit, form = "V")
  around <- mean(diag(v$V))
  own <- mean(diag(v$Z %*% v$G %*% t(v$Z)))
  expect_equal(repeatability(fit)$estimate, own / around, tolerance = 1e-10)
  expect_equal(icc(fit)$estimate, c(own, own) / around, tolerance = 1e-10)
  expect_equal(row.names(repeatability(fit)), "animal")
  expect_error(repeatability(fit, "sire"), class = "henderson_error_term")
})

test_that("terms of several columns have the name that varcomp() prints", {
  set.seed(41)
  family <- data.frame(id = 1:30, sire = c(rep(NA, 10), rep(1:5, 4)),
    dam = c(rep(NA, 10), rep(6:10, each = 4)))
  ped <- pedigree(family)
  data <- data.frame(an = rep(11:30, 2), dam = rep(family$dam[11:30], 2),
    mate = rep(c(12:30, 11), 2), y = rnorm(40))
  held <- c(an.direct = 1, an.direct.social = -0.1, an.social = 0.3, residual = 1)
  fit <- lmmfit(y ~ 1 + (1 | gr(direct = an, social = mm(mate, dam), pedigree = ped)), data,
    hold = held)
  expect_identical(row.names(repeatability(fit)), "an")
  expect_identical(repeatability(fit), repeatability(fit, "an"))
  fit <- lmmfit(y ~ 1 + (1 | mm(mate, dam)), data, hold = c(mate.dam = 0.3, residual = 1))
  expect_identical(row.names(repeatability(fit)), unique(varcomp(fit)$term)[1])
  # Beside the permanent effect of the animal, which has the name of its column.
  fit <- lmmfit(y ~ 1 + (1 | gr(direct = an, maternal = dam, pedigree = ped)) + (1 | an), data,
    hold = c(an.direct = 1, an.direct.maternal = 0, an.maternal = 0.3, an.iid = 0.2, residual = 1))
  expect_identical(row.names(repeatability(fit)), c("an (direct, maternal)", "an"))
  expect_equal(repeatability(fit)["an", "estimate"], 0.2 / 2.5, tolerance = 1e-10)
})
