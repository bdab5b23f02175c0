# Missing responses drawn given all that is there.

skip_without_bayes()

teeth <- as.data.frame(nlme::Orthodont)
teeth$Subject <- as.character(teeth$Subject)
teeth$visit <- factor(teeth$age)
teeth$arm <- factor(ifelse(teeth$Sex == "Male", "active", "placebo"))
# One at the end, two at the end, one within, a whole subject of each arm.
teeth$distance[c(4, 7, 8, 10, 33:36, 101:104)] <- NA
missing <- which(is.na(teeth$distance))
seen <- which(!is.na(teeth$distance))

quiet_fit <- function(...) suppressMessages(lmmfit(..., method = "Bayes", seed = 1))
draws_of <- function(fit, ..., data = teeth) impute(fit, data = data, ..., format = "draws")

# Mean and covariance of the missing responses given V and a flat beta; `moved` is added to X of
# the missing ones.
conditional_normal <- function(X, V, y, moved = 0) {
  W <- solve(V[seen, seen])
  C <- solve(t(X[seen, ]) %*% W %*% X[seen, ])
  b <- C %*% t(X[seen, ]) %*% W %*% y[seen]
  A <- V[missing, seen] %*% W
  D <- X[missing, ] - A %*% X[seen, ] + moved
  list(mean = drop(A %*% y[seen] + D %*% b),
    covariance = V[missing, missing] - A %*% V[seen, missing] + D %*% C %*% t(D))
}

expect_draws <- function(draws, known) {
  draws <- matrix(draws$value, length(known$mean))
  m <- ncol(draws)
  sd <- sqrt(diag(known$covariance))
  expect_lt(max(abs(rowMeans(draws) - known$mean) / sd) * sqrt(m), 4.5)
  scaled <- cov(t(draws)) / outer(sd, sd)
  # The error of an estimated covariance of standard normal numbers is below sqrt(2 / m).
  expect_lt(max(abs(scaled - known$covariance / outer(sd, sd))) * sqrt(m / 2), 5)
}

same <- outer(teeth$Subject, teeth$Subject, `==`)
X <- model.matrix(~ visit * arm, teeth)

test_that("at known variances draws have the conditional normal distribution", {
  fit <- quiet_fit(distance ~ visit * arm + (1 | Subject), teeth, hold = c(Subject = 2,
    residual = 1.5))
  V <- 2 * same + diag(1.5, nrow(teeth))
  expect_draws(draws_of(fit, m = 1500, seed = 2),
    conditional_normal(X, V, teeth$distance))
})

test_that("residuals of a subject tell of each other, with weights", {
  teeth$w <- rep(c(1, 2, 0.5, 1), 27)
  fit <- suppressMessages(lmmfit(distance ~ visit * arm + (1 | Subject), teeth, weights = w,
    residual = ~ ar1(visit | Subject), method = "Bayes",
    hold = c(Subject = 1, residual.variance = 3, residual.rho = 0.6)))
  lag <- abs(outer(teeth$age, teeth$age, `-`)) / 2
  V <- same * (1 + 3 * 0.6^lag / sqrt(outer(teeth$w, teeth$w)))
  expect_draws(draws_of(fit, m = 300, seed = 2, data = teeth),
    conditional_normal(X, V, teeth$distance))
})

test_that("means after the last record are those of the reference group", {
  fit <- quiet_fit(distance ~ visit * arm + (1 | Subject), teeth,
    hold = c(Subject = 2, residual = 1.5))
  V <- 2 * same + diag(1.5, nrow(teeth))
  other <- model.matrix(~ visit * arm, within(teeth, arm[] <- "placebo")) - X
  # Rows of teeth: 4 is after 3, 7 and 8 after 6; 10 is before 12; 33 to 36 have no record; 101 to
  # 104 are of the reference group.
  jump <- other
  jump[c(10, 101:104), ] <- 0
  impute_by <- function(strategy) {
    draws_of(fit, m = 1500, seed = 2, strategy = strategy,
      reference = c(arm = "placebo"), subject = "Subject", visit = "visit")
  }
  expect_draws(impute_by("JR"), conditional_normal(X, V, teeth$distance, jump[missing, ]))
  increments <- jump
  increments[4, ] <- other[4, ] - other[3, ]
  increments[c(7, 8), ] <- other[c(7, 8), ] - other[c(6, 6), ]
  expect_draws(impute_by("CIR"), conditional_normal(X, V, teeth$distance, increments[missing, ]))
})

test_that("columns of subjects and visits come from the residual structure", {
  fit <- quiet_fit(distance ~ visit * arm, teeth, residual = ~ cs(visit | Subject), draws = 200)
  by <- function(...) {
    draws_of(fit, m = 2, seed = 1, strategy = "CIR", reference = c(arm = "placebo"), ...)$value
  }
  expect_identical(by(), by(subject = "Subject", visit = "visit"))
  none <- by() - draws_of(fit, m = 2, seed = 1)$value
  expect_equal(none[rep(missing, 2) %in% c(10, 101:104)], rep(0, 10))
})

test_that("over the posterior draws have the mean and the spread of predictions", {
  fit <- quiet_fit(distance ~ age * arm + (1 + age | Subject), teeth, draws = 1000)
  draws <- matrix(draws_of(fit, m = 2000, seed = 4)$value, length(missing))
  known <- predict(fit, teeth[missing, ], se = TRUE, interval = "prediction",
    allow_new_levels = TRUE)
  sd <- apply(draws, 1, sd)
  expect_lt(max(abs(rowMeans(draws) - known$fit[, "fit"]) / sd) * sqrt(2000), 4.5)
  inside <- draws > known$fit[, "lwr"] & draws < known$fit[, "upr"]
  expect_lt(max(abs(rowMeans(inside) - 0.95)), 0.03)
})

test_that("tables are those that others take", {
  fit <- suppressMessages(lmmfit(distance ~ age + (1 | Subject), teeth, method = "Bayes",
    draws = 200))
  long <- impute(fit, m = 3, seed = 1)
  expect_identical(names(long), c(".imp", ".id", names(teeth)))
  expect_identical(as.vector(table(long$.imp)), rep(nrow(teeth), 4L))
  expect_identical(long$distance[long$.imp == 0], teeth$distance)
  expect_false(anyNA(long$distance[long$.imp > 0]))
  expect_identical(long$distance[long$.imp == 2][seen], teeth$distance[seen])
  list <- impute(fit, m = 3, seed = 1, format = "list")
  expect_identical(list[[3]]$distance, long$distance[long$.imp == 3])
  draws <- impute(fit, m = 3, seed = 1, format = "draws")
  expect_identical(draws$value[draws$.imp == 2], list[[2]]$distance[missing])
  expect_identical(unique(draws$.id), missing)
  # A covariate that is missing too, and records outside the subset.
  teeth$age[4] <- NA
  expect_message(some <- impute(fit, 2, teeth, format = "draws"), "1 response",
    class = "henderson_message_impute")
  expect_identical(is.na(some$value), some$.id == 4)
  girls <- suppressMessages(lmmfit(distance ~ age + (1 | Subject), teeth, method = "Bayes",
    subset = Sex == "Female", draws = 200))
  expect_identical(unique(draws_of(girls, m = 1)$.id), 101:104)
})

test_that("what cannot be imputed is said", {
  fit <- quiet_fit(distance ~ age * arm + (1 | Subject), teeth, draws = 200)
  expect_error(impute(fit), "Give them by", class = "henderson_error_impute")
  fails <- function(pattern, ..., class = "argument") {
    expect_error(draws_of(fit, ...), pattern, class = paste0("henderson_error_", class))
  }
  fails("nothing to impute", data = teeth[seen, ], class = "impute")
  fails("no meaning", reference = c(arm = "placebo"), class = "impute")
  fails("reference", strategy = "JR")
  fails("reference", strategy = "JR", reference = c(arm = "none"))
  fails("reference", strategy = "JR", reference = "placebo")
  fails("subject", strategy = "JR", reference = c(arm = "placebo"))
  fails("visit", strategy = "JR", reference = c(arm = "placebo"), subject = "Subject")
  fails("strategy", strategy = "LOCF", class = "argument")
  fails("`m`", m = 0)
  fails("seed", seed = "a")
  fails("frequency", frequency = 2)
  expect_error(impute(lmmfit(distance ~ age, teeth[seen, ])), "Bayes",
    class = "henderson_error_argument")
  logs <- quiet_fit(log(distance) ~ age + (1 | Subject), teeth, draws = 200)
  expect_error(impute(logs), "one column", class = "henderson_error_bayes_question")
})

test_that("reference-based imputations give the estimates of rbmi", {
  skip_if_not_installed("rbmi")
  skip_on_cran()
  rbmi <- function(name) getExportedValue("rbmi", name)
  trial <- peer_data("antidepressant_data", "rbmi")
  trial <- rbmi("expand_locf")(trial, PATIENT = levels(trial$PATIENT), VISIT = levels(trial$VISIT),
    vars = c("BASVAL", "THERAPY"), group = "PATIENT", order = c("PATIENT", "VISIT"))
  vars <- rbmi("set_vars")(outcome = "CHANGE", visit = "VISIT", subjid = "PATIENT",
    group = "THERAPY", covariates = c("BASVAL*VISIT", "THERAPY*VISIT"))
  simple <- vars
  simple$covariates <- "BASVAL"
  left <- do.call(rbind, lapply(split(trial, trial$PATIENT), function(own) {
    last <- max(0, which(!is.na(own$CHANGE)))
    if (last < 4) data.frame(PATIENT = own$PATIENT[1], VISIT = own$VISIT[last + 1L])
  }))
  fit <- quietly(lmmfit(CHANGE ~ BASVAL * VISIT + THERAPY * VISIT, trial,
    residual = ~ us(VISIT | PATIENT), method = "Bayes", seed = 1, draws = 2000))
  estimates <- function(data) {
    found <- rbmi("ancova")(data, simple)
    vapply(found[paste0("trt_", 5:7)], `[[`, 0, "est")
  }
  for (strategy in c("JR", "CIR")) {
    # rbmi imputes the conditional means at the estimates by REML: its first sample.
    left$strategy <- strategy
    drawn <- rbmi("draws")(trial, data_ice = left, vars = vars, quiet = TRUE,
      method = rbmi("method_condmean")(type = "bootstrap", n_samples = 1))
    theirs <- rbmi("analyse")(rbmi("impute")(drawn, references = c(DRUG = "PLACEBO",
      PLACEBO = "PLACEBO")), fun = rbmi("ancova"), vars = simple)$results[[1L]]
    theirs <- vapply(theirs[paste0("trt_", 5:7)], `[[`, 0, "est")
    own <- vapply(impute(fit, 100, trial, seed = 1, strategy = strategy, format = "list",
      reference = c(THERAPY = "PLACEBO")), estimates, theirs)
    error <- apply(own, 1L, sd) / 10
    expect_lt(max(abs(rowMeans(own) - theirs) / error), 3)
  }
})
