# The front door: bad input stops before the engine, with a message that says what to do.

growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)
growth$w <- rep(c(1, 2, 4), length.out = nrow(growth))

expect_refused <- function(call, class) {
  expect_error(call, class = paste0("henderson_error_", class))
}

test_that("columns that do not exist", {
  expect_refused(lmmfit(distanse ~ age, growth), "unknown_column")
  expect_refused(lmmfit(distance ~ agee + (1 | Subject), growth), "unknown_column")
  expect_refused(lmmfit(distance ~ age + (1 | subjects), growth), "unknown_column")
  expect_refused(lmmfit(distance ~ log(agge), growth), "unknown_column")
  expect_refused(lmmfit(distance ~ time, growth), "unknown_column")
  expect_refused(lmmfit(distance ~ age, growth, weights = ww), "unknown_column")
  expect_refused(lmmfit(distance ~ age, growth, subset = ages > 8), "unknown_column")
  expect_snapshot(error = TRUE, {
    lmmfit(distance ~ agee + (1 | Subject), growth)
    lmmfit(distance ~ age + (1 | zzzzzz), growth)
    lmmfit(distance ~ age, growth, weights = ww)
  })
})

test_that("responses that cannot be fitted", {
  growth$text <- "a"
  growth$flat <- 3
  growth$gap <- NA_real_
  growth$wild <- replace(growth$distance, 7, Inf)
  expect_refused(lmmfit(text ~ age, growth), "response_type")
  expect_refused(lmmfit(Sex ~ age, growth), "response_type")
  expect_refused(lmmfit(distance > 25 ~ age, growth), "response_type")
  growth$two <- cbind(growth$distance, growth$age)
  expect_refused(lmmfit(two ~ Sex, growth), "response_type")
  expect_refused(lmmfit(cbind(distance) ~ Sex, growth), "response_type")
  expect_refused(lmmfit(flat ~ age, growth), "response_constant")
  expect_refused(lmmfit(distance ~ age + offset(distance), growth), "response_constant")
  expect_refused(lmmfit(gap ~ age, growth), "no_records")
  expect_refused(lmmfit(wild ~ age, growth), "not_finite")
  expect_refused(lmmfit(log(flat - 3) ~ age, growth), "not_finite")
  expect_snapshot(error = TRUE, {
    lmmfit(text ~ age, growth)
    lmmfit(flat ~ age, growth)
    lmmfit(wild ~ age, growth)
    lmmfit(gap ~ age, growth)
  })
})

test_that("covariates, groups and records that cannot be used", {
  growth$wild <- replace(growth$age, 7, -Inf)
  growth$one <- factor("a")
  growth$id <- seq_len(nrow(growth))
  growth$z <- complex(real = growth$age)
  expect_refused(lmmfit(distance ~ wild, growth), "not_finite")
  expect_refused(lmmfit(distance ~ age + (wild | Subject), growth), "not_finite")
  expect_refused(lmmfit(distance ~ log(age - 8), growth), "not_finite")
  expect_refused(lmmfit(distance ~ age + (1 | one), growth), "one_level")
  expect_refused(lmmfit(distance ~ one, growth), "one_level")
  expect_refused(lmmfit(distance ~ z, growth), "variable_type")
  expect_refused(lmmfit(distance ~ age + (1 | id), growth), "levels_records")
  expect_refused(lmmfit(distance ~ age + (1 + age | id), growth), "levels_records")
  expect_refused(lmmfit(distance ~ age, growth, subset = age > 100), "no_records")
  expect_refused(lmmfit(distance ~ age, growth[0, ]), "no_records")
  expect_refused(lmmfit(distance ~ rep(1, 3), growth), "frame")
  expect_refused(lmmfit(distance ~ age, 1:3), "data")
  expect_refused(lmmfit(distance ~ age + (1 | Subject), growth, subset = id <= 2), "one_level")
  expect_refused(
    lmmfit(distance ~ age + (age | Subject), growth, subset = id %in% c(1, 2, 5, 6)), "few_records"
  )
  growth$gap <- replace(growth$age, 3, NA)
  expect_refused(lmmfit(distance ~ gap, growth, na.action = na.pass), "missing_values")
  expect_snapshot(error = TRUE, {
    lmmfit(distance ~ age + (1 | id), growth)
    lmmfit(distance ~ age, growth, subset = age > 100)
    lmmfit(distance ~ age + (1 | one), growth)
  })
})

test_that("weights", {
  growth$w[3] <- 0
  expect_refused(lmmfit(distance ~ age, growth, weights = w), "weights")
  expect_refused(lmmfit(distance ~ age, growth, weights = -1 * age), "weights")
  expect_refused(lmmfit(distance ~ age, growth, weights = 1:3), "weights")
  expect_refused(lmmfit(distance ~ age, growth, weights = Sex), "weights")
  expect_refused(lmmfit(distance ~ age, growth, weights = 1 / (age - 8)), "weights")
  expect_snapshot(error = TRUE, {
    lmmfit(distance ~ age, growth, weights = w)
    lmmfit(distance ~ age, growth, weights = 1:3)
  })
})

test_that("hold and start", {
  model <- distance ~ age + (1 + age | Subject)
  names <- "Subject.Intercept.age"
  expect_refused(lmmfit(model, growth, hold = c(Subject = 1)), "parameter_name")
  expect_refused(lmmfit(model, growth, start = c(error = 1)), "parameter_name")
  expect_refused(lmmfit(model, growth, hold = c(residual = -1)), "negative_variance")
  expect_refused(lmmfit(model, growth, hold = c(residual = 0)), "negative_variance")
  expect_refused(lmmfit(model, growth, hold = c(Subject.age = -1)), "negative_variance")
  expect_refused(lmmfit(model, growth, start = c(Subject.age = 0)), "negative_variance")
  expect_refused(lmmfit(model, growth, hold = 1), "parameter_values")
  expect_refused(lmmfit(model, growth, hold = c(residual = NA)), "parameter_values")
  expect_refused(lmmfit(model, growth, hold = c(residual = "1")), "parameter_values")
  expect_refused(lmmfit(model, growth, hold = c(residual = 1, residual = 2)), "parameter_values")
  indefinite <- c(Subject.Intercept = 1, Subject.Intercept.age = 2, Subject.age = 1)
  expect_refused(lmmfit(model, growth, hold = indefinite), "indefinite")
  expect_refused(lmmfit(model, growth, hold = c(Subject.age = 0)), "negative_variance")
  expect_snapshot(error = TRUE, {
    lmmfit(model, growth, hold = c(Subject = 1, error = 2))
    lmmfit(model, growth, hold = c(residual = -1))
  })
})

test_that("more fixed effects than records, and records that are fitted exactly", {
  few <- growth[1:4, ]
  expect_refused(lmmfit(distance ~ factor(age), few), "saturated")
  few$distance <- few$age
  expect_refused(lmmfit(distance ~ age, few), "exact_fit")
  expect_snapshot(error = TRUE, lmmfit(distance ~ factor(age), few))
})

test_that("methods and controls that do not exist", {
  expect_refused(lmmfit(distance ~ age, growth, method = "remle"), "argument")
  expect_refused(lmmfit(distance ~ age, growth, control = list(trace = TRUE)), "argument")
  expect_refused(lmmfit(distance ~ age, growth, contrasts = "contr.sum"), "argument")
})

# What is accepted ---------------------------------------------------------------------------------

test_that("all ways to give the same model give the same fit", {
  expected <- lmmfit(distance ~ age + (1 | Subject), growth)
  same <- function(fit) {
    expect_equal(deviance(fit), deviance(expected), tolerance = 1e-9)
    expect_equal(unname(fixef(fit)), unname(fixef(expected)), tolerance = 1e-6)
  }
  growth$text <- as.character(growth$Subject)
  growth$number <- as.integer(growth$Subject)
  growth$wide <- factor(growth$Subject, c("none", levels(growth$Subject)))
  same(lmmfit(distance ~ age + (1 | text), growth))
  same(lmmfit(distance ~ age + (1 | number), growth))
  same(lmmfit(distance ~ age + (1 | wide), growth))
  same(lmmfit(distance ~ age + us(1 | Subject), growth))
  same(lmmfit(growth$distance ~ growth$age + (1 | growth$Subject)))
  same(lmmfit("distance ~ age + (1 | Subject)", growth))
  same(with(growth, lmmfit(distance ~ age + (1 | Subject))))
  same(lmmfit(distance ~ . + (1 | Subject), growth[c("distance", "age", "Subject")]))
  same(lmmfit(distance ~ age + (1 | Subject), rbind(growth, growth), subset = seq_len(216) <= 108))
  same(lmmfit(distance ~ age + (1 | Subject), growth[sample(108), ]))
  same(lmmfit(distance ~ age + (1 | Subject), growth, weights = rep(1, 108)))
})

test_that("records with missing values are left out, and na.exclude keeps their places", {
  gaps <- growth
  gaps$distance[c(2, 50)] <- NA
  gaps$Subject[7] <- NA
  expected <- lmmfit(distance ~ age + (1 | Subject), gaps[-c(2, 7, 50), ])
  fit <- lmmfit(distance ~ age + (1 | Subject), gaps)
  expect_equal(deviance(fit), deviance(expected))
  expect_identical(nobs(fit), 105L)
  expect_length(fitted(fit), 105L)
  kept <- update(fit, na.action = na.exclude)
  expect_length(fitted(kept), 108L)
  expect_identical(unname(which(is.na(residuals(kept)))), c(2L, 7L, 50L))
  expect_error(update(fit, na.action = na.fail))
})

test_that("a record of weight k is k records, but for the number of records", {
  double <- rbind(growth, growth[growth$w == 2, ], growth[rep(which(growth$w == 4), 3), ])
  known <- c(Subject = 4, residual = 2)
  fit <- lmmfit(distance ~ age + (1 | Subject), growth, weights = w, hold = known)
  expected <- lmmfit(distance ~ age + (1 | Subject), double, hold = known)
  expect_equal(fixef(fit), fixef(expected), tolerance = 1e-8)
  expect_equal(ranef(fit), ranef(expected), tolerance = 1e-8)
  expect_equal(vcov(fit), vcov(expected), tolerance = 1e-8)
})

test_that("an offset is subtracted from the response", {
  fit <- lmmfit(distance ~ age + offset(2 * age) + (1 | Subject), growth)
  expected <- lmmfit(I(distance - 2 * age) ~ age + (1 | Subject), growth)
  expect_equal(deviance(fit), deviance(expected))
  expect_equal(unname(fitted(fit)), unname(fitted(expected)) + 2 * growth$age)
  expect_equal(residuals(fit), residuals(expected))
  expect_equal(predict(fit, growth[3:5, ]), fitted(fit)[3:5], tolerance = 1e-8)
})

test_that("update() changes the formula and the arguments", {
  fit <- lmmfit(distance ~ age + Sex + (1 | Subject), growth)
  smaller <- update(fit, . ~ . - Sex, method = "ML")
  expect_identical(names(fixef(smaller)), c("(Intercept)", "age"))
  expect_identical(smaller$method, "ML")
  slope <- update(fit, . ~ . - (1 | Subject) + (age | Subject))
  expect_identical(slope$parameters$name[1], "Subject.Intercept")
  expect_identical(names(fixef(update(fit, log(distance) ~ .))), names(fixef(fit)))
})
