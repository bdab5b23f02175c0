# What ASReml's users ask of a fit, and of the fit after it.

loglik <- function(fit) as.numeric(logLik(fit))
asreml <- function(..., random = ~ line + env:line) {
  suppressMessages(lmmfit(fixed = yield ~ env, random = random, data = trial, ...))
}
refit_quietly <- function(...) suppressMessages(update(...))

test_that("G.param and R.param hold and start by the table of start.values", {
  table <- asreml(start.values = TRUE)$vparameters.table
  expect_identical(table$Component, c("line", "env:line", "residual"))
  fit <- asreml()
  expect_equal(loglik(asreml(G.param = table, R.param = table)), loglik(fit), tolerance = 1e-8)
  table$Value[1L] <- 0.5
  table$Constraint[1L] <- "F"
  table$Component <- c("line!line", "env:line", "units!R")
  held <- asreml(G.param = table)
  expect_equal(loglik(held), loglik(asreml(hold = c(line = 0.5))), tolerance = 1e-8)
  expect_identical(varcomp(held)$status, c("held", "free", "free"))
  expect_error(asreml(G.param = table, hold = c(line = 1)), "`hold` is given too")
  expect_error(asreml(G.param = list(1)), "not a table", class = "henderson_error_foreign")
  expect_error(asreml(random = ~line, G.param = table), "env:line", class = "henderson_error")
  twice <- rbind(table, transform(table, Value = 2))
  expect_error(asreml(R.param = twice), "two values", class = "henderson_error_foreign")
})

test_that("predictions of some terms only", {
  fit <- asreml()
  alone <- predict(fit, classify = "line", only = "line")
  expect_equal(alone$estimate, ranef(fit)$line[[1L]])
  expect_equal(alone$se, attr(ranef(fit, se = TRUE)$line, "se")[[1L]])
  both <- predict(fit, classify = "line", only = c("(Intercept)", "line"))
  expect_equal(both$estimate, alone$estimate + fixef(fit)[["(Intercept)"]])
  shown <- capture.output(print(alone))
  expect_false(any(grepl("env", shown)))
  expect_error(predict(fit, classify = "line", only = "lin"), "Did you mean \"line\"")
})

test_that("effects in ASReml's layout", {
  fit <- asreml()
  listed <- coef(fit, list = TRUE)
  expect_named(listed, c("(Intercept)", "env", "line", "env:line"))
  expect_equal(unname(listed$line[, "effect"]), ranef(fit)$line[[1L]])
  expect_equal(do.call(rbind, unname(listed[1:2]))[, 1L], fixef(fit))
  both <- summary(fit, coef = TRUE)
  expect_equal(both$coef.fixed[, "std error"], sqrt(diag(vcov(fit))))
  expect_equal(both$coef.random["line_L02", "solution"], ranef(fit)$line["L02", ])
  expect_equal(both$coef.random[, "z.ratio"],
    both$coef.random[, "solution"] / both$coef.random[, "std error"])
  expect_null(summary(fit)$coef.fixed)
  expect_named(coef(suppressMessages(lmmfit(yield ~ env, trial)), list = TRUE),
    c("(Intercept)", "env"))
})

test_that("one part of the model is changed", {
  fit <- asreml()
  smaller <- loglik(asreml(random = ~line))
  expect_equal(loglik(refit_quietly(fit, random. = ~ . - env:line)), smaller)
  expect_equal(loglik(refit_quietly(fit, random = ~line)), smaller)
  expect_equal(loglik(refit_quietly(fit, random = ~ 1 | line)), smaller)
  by_rep <- suppressMessages(lmmfit(yield ~ env + rep + (1 | line) + (1 | env:line), trial))
  expect_equal(loglik(refit_quietly(fit, fixed. = . ~ . + rep)), loglik(by_rep))
  expect_equal(loglik(refit_quietly(fit, fixed = yield ~ env + rep)), loglik(by_rep))
  expect_equal(loglik(refit_quietly(fit, fixed. = . ~ . + rep, random. = ~ . - env:line)),
    loglik(suppressMessages(lmmfit(yield ~ env + rep + (1 | line), trial))))
  expect_equal(loglik(refit_quietly(fit, residual. = ~ dsum(~ units | env))),
    loglik(asreml(residual = ~ diag(env))))
  # The data are those of the fit.
  inside <- function(d) {
    suppressMessages(lmmfit(fixed = yield ~ env, random = ~line, data = d))
  }
  expect_equal(loglik(refit_quietly(inside(trial), random. = ~ . + env:line)), loglik(fit))
})

test_that("curves are shown in ASReml's grammar", {
  t <- transform(trial, age = as.numeric(col))
  fit <- suppressMessages(lmmfit(yield ~ age + spl(age, 5) + (1 | line), t))
  expect_match(in_asreml(fit), "random = ~ line + spl(age, 5)", fixed = TRUE)
})
