# A fit is updated wherever it was made, as by lme4.

s <- lme4::sleepstudy
s$wt <- 1 + s$Days
s$g <- rep(c("a", "b"), each = 90)
loglik <- function(fit) as.numeric(logLik(fit))
fit_it <- function(dat, v) {
  w <- dat[[v]]
  lmmfit(Reaction ~ Days + (1 | Subject), dat, weights = w)
}

test_that("of a function that has returned, with its data and weights", {
  fit <- fit_it(s, "wt")
  own <- lmmfit(Reaction ~ 1 + (1 | Subject), s, weights = wt)
  expect_equal(loglik(update(fit, . ~ . - Days)), loglik(own))
  expect_identical(update(fit, method = "ML")$method, "ML")
  expect_equal(loglik(update(fit, . ~ . + g)),
    loglik(lmmfit(Reaction ~ Days + g + (1 | Subject), s, weights = wt)))
  # Twice, and by anova()'s own advice.
  twice <- update(update(fit, method = "ML"), . ~ . - Days)
  expect_identical(formula(twice), Reaction ~ (1 | Subject), ignore_formula_env = TRUE)
  expect_s3_class(anova(update(fit, method = "ML"), twice), "anova")
  expect_identical(twice$call$data, quote(dat))
})

test_that("of lapply(), a pipe, do.call() and a formula that was made elsewhere", {
  fits <- lapply(split(s, s$g), function(d) lmmfit(Reaction ~ Days + (1 | Subject), d))
  expect_equal(loglik(update(fits$b, . ~ . - Days)),
    loglik(lmmfit(Reaction ~ 1 + (1 | Subject), s[s$g == "b", ])))
  formula <- Reaction ~ Days + (1 | Subject)
  fits <- lapply(split(s, s$g), function(d) lmmfit(formula, d))
  expect_identical(nobs(update(fits$b, method = "ML")), 90L)
  fit <- do.call(lmmfit, list(formula, data = s[1:90, ]))
  expect_identical(nobs(update(fit, . ~ . - Days)), 90L)
  skip_if_not_installed("dplyr")
  `%>%` <- dplyr::`%>%`
  piped <- s %>% lmmfit(Reaction ~ Days + (1 | Subject), data = .)
  expect_equal(loglik(update(piped, . ~ . - Days)), loglik(lmmfit(Reaction ~ 1 + (1 | Subject), s)))
  tables <- s %>%
    dplyr::group_by(g) %>%
    dplyr::group_modify(~ tidy(lmmfit(Reaction ~ Days + (1 | Subject), data = .x)))
  expect_identical(nrow(tables), 8L)
})

test_that("of data that are gone: the records are in the fit", {
  gone <- s
  gone$big <- gone$Days > 2
  fit <- lmmfit(Reaction ~ Days + (1 | Subject), gone, weights = wt, subset = big)
  expected <- loglik(lmmfit(Reaction ~ 1 + (1 | Subject), gone, weights = wt, subset = big))
  rm(gone)
  expect_equal(loglik(update(fit, . ~ . - Days)), expected)
  expect_identical(nrow(compare_structures(fit, list(~iid, ~ ar1(Days | Subject)))), 2L)
  expect_error(update(fit, . ~ . + g), class = "henderson_error_unknown_column")
})

test_that("with new data, and without making the fit", {
  fit <- fit_it(s, "wt")
  half <- s[1:90, ]
  expect_identical(nobs(update(fit, data = half, weights = wt)), 90L)
  expect_identical(update(fit, method = "ML", evaluate = FALSE)$method, "ML")
  expect_identical(update(fit, weights = NULL)$call$weights, NULL)
  expect_error(update(fit, mehtod = "ML"), "no argument `mehtod`")
})

test_that("from Bayes to another method, without what only Bayes has", {
  skip_without_bayes()
  data("sleepstudy", package = "lme4", envir = environment())
  fit <- lmmfit(Reaction ~ Days + (1 | Subject), sleepstudy, method = "Bayes", seed = 1,
    prior = lmm_prior(Subject = half_t(4)), draws = 100)
  other <- "REML"
  expect_identical(varcomp(update(fit, method = other)),
    varcomp(lmmfit(Reaction ~ Days + (1 | Subject), sleepstudy)))
  expect_identical(update(fit, draws = 200, evaluate = FALSE)$seed, 1)
  expect_error(update(fit, method = "ML", draws = 200), class = "henderson_error_bayes_argument")
})
