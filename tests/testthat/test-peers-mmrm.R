# mmrm's trial of 537 FEV1 records, under every structure that both packages have. mmrm fits by
# automatic differentiation of the dense likelihood (TMB) and shares no code with the engine.

suppressWarnings(skip_if_not_installed("mmrm"))  # it warns of the TMB that it was built with
peer <- "mmrm"  # no dependency to declare
mmrm <- getExportedValue(peer, "mmrm")
trial <- new.env()
utils::data("fev_data", package = peer, envir = trial)
fev <- trial$fev_data[!is.na(trial$fev_data$FEV1), ]
rm(trial)
complete <- which(fev$USUBJID == names(which(table(fev$USUBJID) == 4L))[1L])

# Ours by mmrm's name.
structures <- c(us = "us", cs = "cs", csh = "csh", ar1 = "ar1", ar1h = "ar1h", toep = "toep",
  toeph = "toeph", adh = "ante", sp_exp = "exp")
# Covariances that are linear in parameters of both packages: there their Kenward-Roger is one.
linear <- c("us", "cs", "toep")

peer_fit <- function(structure, method, ...) {
  formula <- stats::as.formula(sprintf("FEV1 ~ RACE + SEX + ARMCD * AVISIT + %s(%s | USUBJID)",
    structure, if (structure == "sp_exp") "VISITN" else "AVISIT"))
  # Its optimiser stops at 1e-5 in -2l by default.
  tight <- list(rel.tol = 1e-12, x.tol = 1e-12, sing.tol = 1e-14)
  suppressWarnings(mmrm(formula, data = fev, method = method, optimizer = "nlminb",
    optimizer_control = tight, ...))
}

own_fit <- function(structure, method = "REML") {
  residual <- stats::as.formula(sprintf("~ %s(%s | USUBJID)", structures[[structure]],
    if (structure == "sp_exp") "VISITN" else "AVISIT"))
  lmmfit(FEV1 ~ RACE + SEX + ARMCD * AVISIT, fev, residual = residual, method = method)
}

expect_same_tests <- function(table, peer, label) {
  theirs <- summary(peer)$coefficients
  expect_equal(table$estimate, unname(theirs[, "Estimate"]), tolerance = 1e-6, label = label)
  expect_equal(table$se, unname(theirs[, "Std. Error"]), tolerance = 1e-6, label = label)
  expect_lt(max(abs(table$df - theirs[, "df"])), 0.01)
  expect_equal(table$p.value, unname(theirs[, "Pr(>|t|)"]), tolerance = 1e-4, label = label)
}

test_that("likelihoods, covariances and Satterthwaite tests of every structure are mmrm's", {
  for (name in names(structures)) {
    own <- own_fit(name)
    peer <- peer_fit(name, "Satterthwaite")
    expect_equal(own$minus2loglik, 2 * peer$neg_log_lik, tolerance = 1e-9, label = name)
    if (name != "sp_exp") {
      of_one <- unname(as.matrix(residual_matrix(own)[complete, complete]))
      expect_equal(of_one, unname(peer$cov), tolerance = 1e-4, label = name)
    }
    expect_same_tests(contest(own, diag(11L))$table, peer, name)
  }
})

test_that("so are those by ML", {
  for (name in c("us", "ar1h", "toep")) {
    own <- own_fit(name, "ML")
    peer <- peer_fit(name, "Satterthwaite", reml = FALSE)
    expect_equal(own$minus2loglik, 2 * peer$neg_log_lik, tolerance = 1e-9, label = name)
    expect_same_tests(contest(own, diag(11L))$table, peer, name)
  }
})

test_that("Kenward-Roger tests are mmrm's, with its observed information", {
  for (name in names(structures)) {
    peer <- peer_fit(name, "Kenward-Roger", vcov = "Kenward-Roger-Linear")
    own <- contest(own_fit(name), diag(11L), ddf = "Kenward-Roger", information = "observed")$table
    if (name %in% linear) {
      expect_same_tests(own, peer, name)
    } else {
      # Its standard errors leave out the second derivatives of the covariance.
      expect_lt(max(abs(own$df - summary(peer)$coefficients[, "df"])), 0.01)
      expect_equal(own$se, unname(summary(peer)$coefficients[, "Std. Error"]), tolerance = 0.005)
    }
  }
})

test_that("so is the joint test of the treatment at all visits", {
  K <- matrix(0, 4L, 11L)
  K[1L, 5L] <- 1
  K[cbind(2:4, 9:11)] <- 1
  for (name in c("us", "toep")) {
    own <- own_fit(name)
    peer <- peer_fit(name, "Satterthwaite")
    theirs <- getExportedValue("mmrm", "df_md")(peer, K)
    ours <- contest(own, K)$joint
    expect_equal(ours$F, theirs$f_stat, tolerance = 1e-5)
    expect_equal(ours$ddf, theirs$denom_df, tolerance = 1e-4)
  }
})

test_that("visits that were missed are predicted from those that were not, as by mmrm", {
  missed <- which(is.na(getExportedValue(peer, "fev_data")$FEV1))
  all <- getExportedValue(peer, "fev_data")
  new <- all[missed, setdiff(names(all), "FEV1")]
  for (name in c("us", "ar1")) {
    theirs <- stats::predict(peer_fit(name, "Satterthwaite"), all, conditional = TRUE)[missed]
    ours <- predict(own_fit(name), new, residual = TRUE, allow_new_levels = TRUE)
    expect_equal(unname(ours), unname(theirs), tolerance = 1e-4, label = name)
    marginal <- stats::predict(peer_fit(name, "Satterthwaite"), all)[missed]
    expect_equal(unname(predict(own_fit(name), new)), unname(marginal), tolerance = 1e-4)
    expect_gt(max(abs(ours - marginal)), 1)
  }
})
