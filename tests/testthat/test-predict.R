# Predictions against lme4, and standard errors against the dense oracle.

sleep <- function() {
  skip_if_not_installed("lme4")
  env <- new.env()
  utils::data("sleepstudy", package = "lme4", envir = env)
  env$sleepstudy
}

test_that("predictions are lme4's, for every choice of random effects", {
  data <- sleep()
  fit <- lmmfit(Reaction ~ poly(Days, 2) + (1 + Days | Subject), data)
  peer <- lme4::lmer(Reaction ~ poly(Days, 2) + (1 + Days | Subject), data)
  new <- data.frame(Days = c(0.5, 3, 11), Subject = c("308", "372", "330"))
  expect_equal(predict(fit), predict(peer), tolerance = 1e-4)
  expect_equal(predict(fit, new), predict(peer, new), tolerance = 1e-4)
  fixed <- predict(fit, new, random = FALSE)
  expect_equal(fixed, predict(peer, new, re.form = NA), tolerance = 1e-4)
  expect_equal(predict(fit, new, re.form = NA), predict(fit, new, random = FALSE))
  expect_equal(predict(fit, new["Days"], random = FALSE), predict(fit, new, random = FALSE))
  new$Subject[2] <- "999"
  expect_error(predict(fit, new), class = "henderson_error_new_level")
  allowed <- predict(fit, new, allow_new_levels = TRUE)
  expect_equal(allowed, predict(peer, new, allow.new.levels = TRUE), tolerance = 1e-4)
})

test_that("splines, polynomials and scaled columns are those of the fit", {
  data <- sleep()
  for (formula in list(
    Reaction ~ splines::ns(Days, 3) + (1 | Subject), Reaction ~ scale(Days) + (1 | Subject),
    Reaction ~ splines::bs(Days, df = 4) + (poly(Days, 2) || Subject)
  )) {
    fit <- lmmfit(formula, data)
    rows <- c(3, 77, 150)
    expect_equal(predict(fit, data[rows, ]), fitted(fit)[rows], tolerance = 1e-8)
    fixed <- predict(fit, data[rows, ], random = FALSE)
    expect_equal(fixed, predict(fit, random = FALSE)[rows], tolerance = 1e-8)
  }
})

test_that("standard errors are those of X b + Z u by the dense oracle", {
  data <- sleep()
  fit <- lmmfit(Reaction ~ Days + (1 + Days | Subject), data)
  values <- fit$parameters$estimate
  sigma <- matrix(values[c(1, 2, 2, 3)], 2)
  model <- oracle_model(fit_spec(fit), list(sigma), values[4])
  inverse <- solve(rbind(
    cbind(crossprod(model$X), crossprod(model$X, model$Z)),
    cbind(crossprod(model$Z, model$X), crossprod(model$Z))
  ) / values[4] + as.matrix(Matrix::bdiag(matrix(0, 2, 2), solve(model$G))))
  K <- cbind(model$X, model$Z)
  expected <- sqrt(rowSums(K %*% inverse * K))
  expect_equal(unname(predict(fit, se = TRUE)$se.fit), expected, tolerance = 1e-6)
  fixed <- sqrt(rowSums(model$X %*% vcov(fit) * model$X))
  expect_equal(unname(predict(fit, random = FALSE, se = TRUE)$se.fit), fixed, tolerance = 1e-6)
  new <- predict(fit, data.frame(Days = 4, Subject = "new"), allow_new_levels = TRUE, se = TRUE)
  x <- c(1, 4)
  expect_equal(new$se.fit[[1]]^2, drop(x %*% (vcov(fit) + sigma) %*% x), tolerance = 1e-6)
})

test_that("rows with missing values are NA, and their places are kept", {
  data <- sleep()
  fit <- lmmfit(Reaction ~ Days + (1 | Subject), data)
  new <- data.frame(Days = c(1, NA, 3), Subject = c("308", "308", NA))
  found <- predict(fit, new, se = TRUE)
  expect_identical(unname(is.na(found$fit)), c(FALSE, TRUE, TRUE))
  expect_identical(is.na(found$fit), is.na(found$se.fit))
  expect_length(predict(fit, new[0, ]), 0L)
})

test_that("terms may be chosen by label, and what is not there is an error", {
  fit <- lmmfit(yield ~ nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats)
  both <- predict(fit)
  block <- predict(fit, random = "Block")
  expect_equal(unname(block - predict(fit, random = FALSE)),
    ranef(fit)$Block[as.character(nlme::Oats$Block), 1])
  expect_equal(unname(both - block), fit$random[[2]]$effects[
    match(paste(nlme::Oats$Block, nlme::Oats$Variety, sep = ":"), fit$random[[2]]$levels)])
  expect_equal(predict(fit, nlme::Oats[5:9, ], random = "Block"), block[5:9], ignore_attr = TRUE)
  expect_error(predict(fit, random = "Plot"), class = "henderson_error_term")
  expect_error(predict(fit, random = NA), class = "henderson_error_argument")
  expect_error(predict(fit, data.frame(nitro = 1)), class = "henderson_error_unknown_column")
})

test_that("factors of new data are those of the fit", {
  fit <- lmmfit(yield ~ Variety * nitro + (1 | Block), nlme::Oats)
  new <- data.frame(Variety = "Victory", nitro = 0.2, Block = "I")
  row <- which(nlme::Oats$Variety == "Victory" & nlme::Oats$nitro == 0.2 & nlme::Oats$Block == "I")
  expect_equal(predict(fit, new)[[1]], fitted(fit)[[row]])
  new$Variety <- "Unknown"
  expect_error(predict(fit, new), class = "henderson_error_new_level")
  new$Variety <- 3
  expect_error(predict(fit, new), class = "henderson_error_new_type")
})

test_that("a rank-deficient fit says so when a dropped column is used", {
  data <- transform(as.data.frame(nlme::Oats), twice = 2 * nitro)
  fit <- lmmfit(yield ~ nitro + twice + (1 | Block), data)
  expect_warning(predict(fit, data[1:3, ]), class = "henderson_warning_rank_deficient")
  expect_equal(suppressWarnings(predict(fit, data[1:3, ])), fitted(fit)[1:3])
})

test_that("intervals have the degrees of freedom, and the residual of a new record", {
  linear <- lmmfit(yield ~ nitro, nlme::Oats)
  new <- data.frame(nitro = c(0.1, 0.5))
  for (interval in c("confidence", "prediction")) {
    expect_equal(predict(linear, new, interval = interval),
      predict(lm(yield ~ nitro, nlme::Oats), new, interval = interval))
  }
  fit <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats)
  found <- predict(fit, new, random = FALSE, interval = "confidence", ddf = "Kenward-Roger")
  test <- contest(fit, rbind(c(1, 0.1), c(1, 0.5)), ddf = "Kenward-Roger")$table
  expect_equal(unname(found[, "upr"]), test$estimate + qt(0.975, test$df) * test$se)
  new$Block <- "another"
  found <- predict(fit, new, allow_new_levels = TRUE, interval = "prediction", level = 0.9)
  x <- cbind(1, new$nitro)
  variance <- rowSums(x %*% vcov(fit) * x) + sum(varcomp(fit)$estimate)
  expect_equal(unname(found[, "upr"] - found[, "fit"]), qnorm(0.95) * sqrt(variance),
    tolerance = 1e-6)
  expect_error(predict(fit, new, random = FALSE, interval = "prediction"),
    class = "henderson_error_interval")
})

test_that("standard errors of many records are those of few rows by solves", {
  data <- as.data.frame(nlme::Orthodont)
  data$w <- rep(c(1, 4), 54)
  for (formula in list(distance ~ age * Sex + (age | Subject), distance ~ age + (1 | Subject))) {
    fit <- lmmfit(formula, data, weights = w)
    all <- predict(fit, se = TRUE)
    rows <- c(1, 7, 60)
    new <- predict(fit, data[rows, ], se = TRUE)
    expect_equal(unname(all$se.fit[rows]), unname(new$se.fit), tolerance = 1e-9)
    fixed <- predict(fit, random = FALSE, interval = "confidence", se = TRUE)
    few <- contest(fit, model.matrix(fit)[rows, ])$table
    expect_equal(unname(fixed$se.fit[rows]), few$se, tolerance = 1e-9)
    half <- stats::qt(0.975, few$df) * few$se
    expect_equal(unname(fixed$fit[rows, "upr"] - fixed$fit[rows, "fit"]), half, tolerance = 1e-7)
  }
})

test_that("a column that new data lack is told with what helps", {
  fit <- lmmfit(distance ~ age + Sex + (1 | Subject), nlme::Orthodont)
  expect_error(predict(fit, data.frame(age = 9)), "\"Sex\" in `newdata`.\\n. Give it as a",
    class = "henderson_error_unknown_column")
  expect_error(predict(fit, data.frame(age = 9, Sex = "Male")), "random = FALSE",
    class = "henderson_error_unknown_column")
  expect_error(predict(fit, data.frame(agee = 9, Sex = "Male"), random = FALSE),
    "Did you mean \"agee\"", class = "henderson_error_unknown_column")
})
