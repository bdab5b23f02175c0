# R of a fit, and everything that uses it.

growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)
growth$w <- growth$age / 10
growth <- growth[-c(3, 17, 60), ]

fits <- list(
  us = lmmfit(distance ~ age * Sex, growth, ~ us(age | Subject), weights = w),
  arms = lmmfit(distance ~ age * Sex, growth, ~ ar1(age | Sex / Subject)),
  mixed = lmmfit(distance ~ age + (1 | Subject), growth, ~ exp(age | Subject)),
  iid = lmmfit(distance ~ age + (1 | Subject), growth, weights = w),
  field = lmmfit(distance ~ age, growth[growth$Sex == "Male", ], ~ ar1(Subject):ar1(age))
)

test_that("R is that of the definition, and its inverse the inverse", {
  for (name in setdiff(names(fits), "iid")) {
    fit <- fits[[name]]
    spec <- henderson:::fit_spec(fit)
    values <- fit$parameters$estimate[fit$parameters$index == 0L]
    R <- residual_matrix(fit)
    expect_s4_class(R, "symmetricMatrix")
    expect_identical(rownames(R), row.names(fit$frame))
    expect_within(as.vector(R), as.vector(hand_r(spec, values)), 1e-9, name)
    product <- as.matrix(R %*% henderson:::residual_precision(fit))
    expect_within(as.vector(product), as.vector(diag(nobs(fit))), 1e-9, paste(name, "inverse"))
  }
  expect_equal(Matrix::diag(residual_matrix(fits$iid)),
    unname(sigma(fits$iid)^2 / fits$iid$frame[["(weights)"]]), ignore_attr = TRUE)
})

test_that("the mixed model equations hold with R of any structure", {
  for (name in names(fits)) {
    fit <- fits[[name]]
    system <- mme(fit)
    expect_within(
      as.vector(Matrix::solve(system$coefficient, system$rhs)), system$solution, 1e-6, name
    )
    through_v <- mme(fit, form = "V")
    expect_relative(through_v$blue, fixef(fit), 1e-8, paste(name, "BLUE"))
    expect_relative(sqrt(diag(through_v$vcov)), sqrt(diag(vcov(fit))), 1e-7, paste(name, "SE"))
    if (length(fit$random) > 0L) {
      expect_within(through_v$blup, as.vector(fit$random[[1L]]$effects), 1e-7, "BLUP")
      se <- attr(ranef(fit, se = TRUE)[[1L]], "se")[[1L]]
      expect_relative(sqrt(diag(through_v$pev)), se, 1e-6, "prediction error")
    }
  }
})

test_that("standard errors of predictions use R", {
  fit <- fits$us
  new <- data.frame(age = c(8, 14), Sex = c("Male", "Female"))
  x <- model.matrix(~ age * Sex, transform(new, Sex = factor(Sex, c("Male", "Female"))))
  found <- predict(fit, new, se = TRUE)
  expect_relative(found$se.fit, sqrt(rowSums((x %*% vcov(fit)) * x)), 1e-8, "SE")
})

test_that("normalized residuals have covariance I where R is true", {
  for (name in c("us", "arms", "field")) {
    fit <- fits[[name]]
    R <- as.matrix(residual_matrix(fit))
    e <- residuals(fit)
    expect_relative(sum(residuals(fit, "normalized")^2), sum(e * solve(R, e)), 1e-8, name)
  }
  fit <- fits$mixed
  V <- mme(fit, form = "V")$V
  e <- residuals(fit, level = "marginal")
  expect_relative(sum(residuals(fit, "normalized", "marginal")^2), sum(e * solve(V, e)), 1e-8, "V")
  pearson <- residuals(fits$us, "pearson")
  expect_relative(pearson, residuals(fits$us) / sqrt(diag(as.matrix(residual_matrix(fits$us)))),
    1e-10, "pearson")
})

test_that("simulated residuals have covariance R", {
  for (name in names(fits)) {
    fit <- fits[[name]]
    nsim <- 4000L
    simulated <- as.matrix(simulate(fit, nsim, seed = 5, conditional = TRUE))
    e <- simulated - fitted(fit)
    R <- as.matrix(residual_matrix(fit))
    # Standard errors of sample covariances: sqrt((R_ii R_jj + R_ij^2) / nsim).
    se <- sqrt((outer(diag(R), diag(R)) + R^2) / nsim)
    z <- (tcrossprod(e) / nsim - R)[upper.tri(R, diag = TRUE)] / se[upper.tri(R, diag = TRUE)]
    expect_lt(max(abs(z)), 5.5)
    expect_lt(abs(mean(z^2) - 1), 0.25)
  }
})

test_that("sigma() and VarCorr() say what the residual is", {
  expect_identical(sigma(fits$us), NA_real_)
  expect_equal(sigma(fits$mixed)^2, varcomp(fits$mixed)$estimate[2L])
  matrix <- attr(VarCorr(fits$us), "residual")$Residual
  expect_identical(dim(matrix), c(4L, 4L))
  expect_equal(matrix["8", "10"], varcomp(fits$us)$estimate[2L], ignore_attr = TRUE)
  expect_named(attr(VarCorr(fits$arms), "residual"), c("Residual.Male", "Residual.Female"))
  table <- as.data.frame(VarCorr(fits$us))
  expect_identical(nrow(table), 10L)
  expect_output(print(VarCorr(fits$arms)), "Residual.Female")
  expect_output(print(fits$arms), "Residual: ar1\\(age | Sex/Subject\\)")
  expect_output(print(fits$arms), "27 subjects")
  expect_output(print(VarCorr(fits$field)), "Residual")
})

test_that("a fit with structured residuals survives a file", {
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(fits$arms, file)
  again <- readRDS(file)
  expect_equal(residual_matrix(again), residual_matrix(fits$arms))
  expect_equal(deviance(update(again, data = growth)), deviance(fits$arms), tolerance = 1e-9)
})

test_that("weights of known sampling variances: a meta-analysis as through V", {
  trials <- data.frame(study = factor(1:8), y = c(0.3, 0.9, -0.1, 0.6, 0.2, 1.4, 0.5, 0.1),
    v = c(2, 5, 1, 8, 3, 2, 4, 1) / 100)
  fit <- lmmfit(y ~ 1 + (1 | study), trials, weights = 1 / v, hold = c(residual = 1))
  # REML of tau^2 solved by hand (Viechtbauer 2005, J Educ Behav Stat 30:261).
  score <- function(tau2) {
    w <- 1 / (trials$v + tau2)
    mu <- sum(w * trials$y) / sum(w)
    sum(w^2 * (trials$y - mu)^2) - sum(w) + sum(w^2) / sum(w)
  }
  tau2 <- uniroot(score, c(1e-6, 5), tol = 1e-12)$root
  expect_relative(varcomp(fit)$estimate[1L], tau2, 1e-5, "tau^2")
  expect_relative(sqrt(vcov(fit)[1L]), sqrt(1 / sum(1 / (trials$v + tau2))), 1e-5, "SE of mu")
})

test_that("the engine's T makes R the identity: T R T' = I over the records", {
  set.seed(3)
  data <- expand.grid(visit = factor(1:5), id = factor(1:12))
  data$arm <- factor(as.integer(data$id) %% 2)
  data$time <- as.integer(data$visit)^1.3
  data$w <- runif(60, 0.5, 2)
  data$y <- rnorm(60, sd = rep(c(1, 2, 3, 2, 1), 12))
  data <- data[sample(60, 51), ]
  for (residual in list(~ ar1(visit | id), ~ us(visit | id), ~ ar1h(visit | arm / id),
    ~ diag(visit), ~ exp(time | id), ~ toep(visit | id))) {
    fit <- suppressWarnings(lmmfit(y ~ arm, data, residual = residual, weights = w))
    made <- henderson:::whitening_of(fit)
    expect_false(anyNA(made$record))
    R <- as.matrix(residual_matrix(fit))[made$record, made$record]
    whitener <- as.matrix(made$transform)
    expect_equal(whitener %*% R %*% t(whitener), diag(nrow(R)), tolerance = 1e-8,
      label = deparse1(residual), ignore_attr = TRUE)
    e <- residuals(fit)
    old <- numeric(51)
    old[made$record] <- backsolve(chol(R), e[made$record], transpose = TRUE)
    expect_equal(unname(residuals(fit, type = "normalized")), old, tolerance = 1e-8)
  }
  field <- expand.grid(row = 1:6, col = 1:5)[-c(3, 17), ]
  field$y <- rnorm(28)
  fit <- suppressWarnings(lmmfit(y ~ 1, field, residual = ~ ar1(row):ar1(col)))
  made <- henderson:::whitening_of(fit)
  root <- solve(as.matrix(made$transform))
  with_record <- !is.na(made$record)
  R <- (root %*% t(root))[with_record, with_record]
  at <- made$record[with_record]
  expect_equal(R, unname(as.matrix(residual_matrix(fit)))[at, at], tolerance = 1e-8,
    ignore_attr = TRUE)
})
