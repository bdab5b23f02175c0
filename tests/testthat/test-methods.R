sleep <- function() {
  skip_if_not_installed("lme4")
  env <- new.env()
  utils::data("sleepstudy", package = "lme4", envir = env)
  env$sleepstudy
}

test_that("generics agree with lme4", {
  data <- sleep()
  fit <- lmmfit(Reaction ~ Days + (1 + Days | Subject), data)
  peer <- lme4::lmer(Reaction ~ Days + (1 + Days | Subject), data)
  expect_equal(fixef(fit), lme4::fixef(peer), tolerance = 1e-6)
  expect_equal(vcov(fit), as.matrix(vcov(peer)), tolerance = 1e-3, ignore_attr = TRUE)
  expect_equal(as.numeric(logLik(fit)), as.numeric(logLik(peer)), tolerance = 1e-7)
  expect_equal(attributes(logLik(fit))[c("df", "nobs")], attributes(logLik(peer))[c("df", "nobs")],
    ignore_attr = TRUE)
  expect_equal(c(AIC(fit), BIC(fit)), c(AIC(peer), BIC(peer)), tolerance = 1e-7)
  expect_equal(sigma(fit), sigma(peer), tolerance = 1e-4)
  expect_equal(nobs(fit), nobs(peer))
  expect_equal(df.residual(fit), df.residual(peer))
  expect_equal(fitted(fit), fitted(peer), tolerance = 1e-4)
  expect_equal(residuals(fit), residuals(peer), tolerance = 1e-3)
  expect_equal(model.matrix(fit), model.matrix(peer), ignore_attr = TRUE)
  expect_equal(as.matrix(coef(fit)$Subject), as.matrix(coef(peer)$Subject), tolerance = 1e-3)
  expect_identical(formula(fit), formula(peer))
  expect_identical(attr(terms(fit), "term.labels"), "Days")
  limits <- suppressMessages(confint(peer, method = "Wald"))[c("(Intercept)", "Days"), ]
  expect_equal(confint(fit, ddf = "none"), limits, tolerance = 1e-4)
})

test_that("a model without random terms is lm()", {
  data <- nlme::Oats
  fit <- lmmfit(yield ~ Variety * nitro, data)
  peer <- lm(yield ~ Variety * nitro, data)
  expect_equal(coef(fit), coef(peer))
  expect_equal(vcov(fit), vcov(peer))
  expect_equal(confint(fit), confint(peer), ignore_attr = TRUE)
  expect_equal(sigma(fit), sigma(peer))
  expect_equal(df.residual(fit), df.residual(peer))
  expect_equal(fitted(fit), fitted(peer))
  expect_equal(as.numeric(logLik(fit)), as.numeric(logLik(peer, REML = TRUE)))
  expect_equal(as.numeric(logLik(update(fit, method = "ML"))), as.numeric(logLik(peer)))
  table <- as.data.frame(summary(peer)$coefficients)
  expect_equal(summary(fit)$coefficients[-3L], table, ignore_attr = TRUE)
  expect_equal(summary(fit)$coefficients[[3L]], rep(peer$df.residual, nrow(table)))
  expect_equal(model.matrix(fit), model.matrix(peer), ignore_attr = TRUE)
  data$w <- rep(c(1, 3), 36)
  expect_equal(vcov(update(fit, weights = w)), vcov(update(peer, weights = w)))
})

test_that("dropped columns are NA, as by lm()", {
  data <- as.data.frame(nlme::Oats)
  data$twin <- 3 - data$nitro
  data <- data[!(data$Variety == "Victory" & data$Block == "I"), ]
  formula <- yield ~ twin + nitro + factor(Block, ordered = FALSE) * Variety
  fit <- lmmfit(formula, data)
  peer <- lm(formula, data)
  expect_equal(sort(names(which(is.na(fixef(fit))))), sort(names(which(is.na(coef(peer))))))
  expect_equal(fixef(fit), coef(peer), tolerance = 1e-7)
  expect_identical(is.na(diag(vcov(fit))), is.na(fixef(fit)))
})

test_that("residuals of every type", {
  data <- sleep()
  data$w <- rep(1:3, 60)
  fit <- lmmfit(Reaction ~ Days + (1 + Days | Subject), data, weights = w)
  V <- mme(fit, form = "V")$V
  e <- data$Reaction - predict(fit)
  marginal <- data$Reaction - predict(fit, random = FALSE)
  expect_equal(residuals(fit), e)
  expect_equal(residuals(fit, type = "pearson"), e * sqrt(data$w) / sigma(fit))
  expect_equal(residuals(fit, level = "marginal"), marginal)
  expect_equal(residuals(fit, "pearson", "marginal"), marginal / sqrt(diag(V)))
})

test_that("model matrices, sparse and dense", {
  data <- sleep()
  fit <- lmmfit(Reaction ~ factor(Days) + (1 + Days | Subject), data)
  expect_s4_class(model.matrix(fit, sparse = TRUE), "dgCMatrix")
  expect_equal(as.matrix(model.matrix(fit, sparse = TRUE)), model.matrix(fit), ignore_attr = TRUE)
  Z <- model.matrix(fit, type = "random")
  expect_identical(dim(Z), c(180L, 36L))
  expect_identical(colnames(Z)[1:2], c("Subject 308 (Intercept)", "Subject 308 Days"))
  expect_equal(as.matrix(Z), expand_random(fit_spec(fit)$random[[1]], 180), ignore_attr = TRUE)
  expect_error(model.matrix(fit, type = "both"), class = "henderson_error_argument")
})

test_that("many fixed effects have their covariance from the equations", {
  fit <- lmmfit(yield ~ Variety * nitro + (1 | Block), nlme::Oats)
  expected <- vcov(fit)
  fit$fixed["covariance"] <- list(NULL)
  expect_equal(vcov(fit), expected, tolerance = 1e-8)
})

test_that("coefficients that do not exist", {
  fit <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats)
  expect_error(confint(fit, "nitrogen"), class = "henderson_error_argument")
  expect_identical(rownames(confint(fit, "nitro")), "nitro")
  expect_error(confint(fit, level = 2), class = "henderson_error_argument")
})
