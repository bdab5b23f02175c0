# Kenward and Roger's adjustment of first order, against mmrm's Kenward-Roger-Linear, which gives
# the numbers of SAS's ddfm = kr(linear).

test_that("standard errors and df of ar1, csh, ar1h, ante and toeph are mmrm's", {
  skip_if_not_installed("mmrm")
  mmrm <- getExportedValue("mmrm", "mmrm")
  data <- peer_data("fev_data", "mmrm")
  structures <- c(ar1 = "ar1", csh = "csh", ar1h = "ar1h", ante = "adh", toeph = "toeph")
  for (name in names(structures)) {
    residual <- stats::as.formula(paste0("~ ", name, "(AVISIT | USUBJID)"))
    fit <- lmmfit(FEV1 ~ RACE + ARMCD * AVISIT, data, residual = residual)
    formula <- stats::as.formula(paste0("FEV1 ~ RACE + ARMCD * AVISIT + ", structures[[name]],
      "(AVISIT | USUBJID)"))
    peer <- mmrm(formula, data, method = "Kenward-Roger", vcov = "Kenward-Roger-Linear")
    expected <- coef(summary(peer))
    found <- contest(fit, diag(10), ddf = "Kenward-Roger1", information = "observed")$table
    expect_relative(found$se, expected[, "Std. Error"], 1e-4, paste(name, "SE"))
    expect_relative(found$df, expected[, "df"], 2e-3, paste(name, "df"))
    expect_equal(unname(sqrt(diag(vcov(fit, ddf = "KR1", information = "observed")))), found$se)
  }
})

test_that("it is Kenward-Roger where V is linear in the parameters", {
  fit <- lmmfit(yield ~ Variety * nitro + (1 | Block / Variety),
    as.data.frame(nlme::Oats)[-(1:5), ])
  expect_equal(vcov(fit, ddf = "KR1"), vcov(fit, ddf = "Kenward-Roger"), tolerance = 1e-9)
  expect_gt(vcov(fit, ddf = "KR")[1, 1], vcov(fit)[1, 1])
  skip_if_not_installed("pbkrtest")
  peer <- peer_lmer(yield ~ Variety * nitro + (1 | Block) + (1 | Variety:Block),
    as.data.frame(nlme::Oats)[-(1:5), ])
  expect_equal(unname(vcov(fit, ddf = "KR")), unname(as.matrix(pbkrtest::vcovAdj(peer))),
    tolerance = 1e-4, ignore_attr = TRUE)
})
