# Recipes against stats::model.matrix(), columns, values and names.

design_data <- function(n = 60) {
  set.seed(1)
  data <- data.frame(
    y = rnorm(n), x = runif(n), z = rnorm(n), k = rep(1:4, length.out = n),
    a = factor(sample(c("p", "q", "r"), n, TRUE)), b = factor(sample(c("u", "v"), n, TRUE)),
    o = factor(sample(c("low", "mid", "high"), n, TRUE), c("low", "mid", "high"), ordered = TRUE),
    s = sample(c("one", "two", "six"), n, TRUE), l = sample(c(TRUE, FALSE), n, TRUE),
    g = factor(sample(letters[1:6], n, TRUE))
  )
  data$m <- cbind(first = rnorm(n), second = rnorm(n))
  data$`odd name` <- rnorm(n)
  data$`odd factor` <- data$a
  data
}

recipe_matrix <- function(formula, data, contrasts = NULL) {
  parts <- parse_formula(formula, data)
  frame <- model_frame(parts, data)
  fixed <- model_design(parts, frame, contrasts)$fixed
  X <- expand_recipe(fixed$terms, nrow(frame))
  colnames(X) <- fixed$names
  structure(X, assign = fixed$assign)
}

expect_model_matrix <- function(formula, data, contrasts = NULL) {
  expected <- stats::model.matrix(formula, data, contrasts.arg = contrasts)
  found <- recipe_matrix(formula, data, contrasts)
  what <- deparse(formula)
  expect_identical(colnames(found), colnames(expected), info = what)
  expect_equal(unname(found), unname(expected), tolerance = 1e-14, ignore_attr = TRUE, info = what)
  expect_identical(as.integer(attr(found, "assign")), attr(expected, "assign"), info = what)
}

test_that("recipes are model.matrix() for every kind of column", {
  data <- design_data()
  formulas <- list(
    y ~ 1, y ~ x, y ~ 0 + x, y ~ x - 1, y ~ a, y ~ 0 + a, y ~ a + b, y ~ 0 + a + b, y ~ b + a - 1,
    y ~ a * b, y ~ a:b, y ~ a + a:b, y ~ b:a + a, y ~ 0 + a:b, y ~ a:x, y ~ x:a, y ~ 0 + x:a,
    y ~ x + a:x, y ~ a * x, y ~ a * b * x, y ~ a * b * o, y ~ (a + b + o)^2, y ~ a / x, y ~ a / b,
    y ~ x + o, y ~ 0 + o, y ~ o:a, y ~ s, y ~ s:b, y ~ l, y ~ 0 + l, y ~ l * a, y ~ l:x, y ~ m,
    y ~ m:a, y ~ a:m, y ~ m * x, y ~ poly(x, 2), y ~ poly(x, 2):a, y ~ log(x) + I(z^2),
    y ~ x + I(z > 0),
    y ~ splines::ns(x, 3) * b, y ~ splines::bs(x, df = 4), y ~ factor(k), y ~ k * factor(k),
    y ~ `odd name` + `odd factor`, y ~ `odd factor`:`odd name`, y ~ scale(x), y ~ cut(x, 3) + a,
    y ~ a %in% b, y ~ x + offset(z), y ~ 0 + x:z + b:x, y ~ b + x:a:o, log(y + 10) ~ x,
    y ~ -1 + m + a,
    y ~ a:b - 1 + x, y ~ x:z - 1, y ~ interaction(a, b), y ~ as.character(a),
    y ~ poly(x, z, degree = 2)
  )
  for (formula in formulas) expect_model_matrix(formula, data)
})

test_that("recipes follow the contrasts that are given, set on the factor, or the options", {
  data <- design_data()
  by_name <- list(a = "contr.sum", b = "contr.helmert")
  expect_model_matrix(y ~ a * b, data, by_name)
  expect_model_matrix(y ~ a * o, data, list(a = contr.SAS(3), o = "contr.treatment"))
  expect_model_matrix(y ~ a * o, data, list(a = contr.sum))
  expect_model_matrix(y ~ a, data, list(a = matrix(c(-1, 0, 1), 3)))
  named <- matrix(c(-1, 0, 1, 1, -2, 1), 3, dimnames = list(NULL, c("lin", "quad")))
  expect_model_matrix(y ~ a:x + a, data, list(a = named))
  expect_model_matrix(y ~ C(a, contr.sum, 1) + x, data)
  stats::contrasts(data$a) <- "contr.sum"
  expect_model_matrix(y ~ a * b, data)
  expect_model_matrix(y ~ a * b, data, list(a = "contr.treatment"))
  old <- options(contrasts = c("contr.sum", "contr.helmert"))
  on.exit(options(old))
  expect_model_matrix(y ~ a * o + b, design_data())
})

test_that("large factors are coded by sparse contrasts", {
  data <- data.frame(y = 1:300 + 0, a = factor(rep(1:150, 2)))
  for (contrast in c("contr.treatment", "contr.sum", "contr.helmert", "contr.SAS")) {
    expect_model_matrix(y ~ a, data, list(a = contrast))
  }
  data$o <- factor(rep(1:60, 5), ordered = TRUE)
  expect_model_matrix(y ~ o, data)
})

test_that("unused levels of a fixed factor are dropped, as by lm()", {
  data <- design_data()
  data$a <- factor(data$a, c("z", "p", "q", "r", "w"))
  expected <- lm(y ~ a * b, data)
  expect_identical(colnames(recipe_matrix(y ~ a * b, data)), names(coef(expected)))
})

test_that("contrasts for a factor that is not there are reported", {
  expect_warning(recipe_matrix(y ~ x, design_data(), list(nobody = "contr.sum")),
    class = "henderson_warning_contrasts"
  )
  expect_error(recipe_matrix(y ~ a, design_data(), list(a = matrix(1, 2, 1))),
    class = "henderson_error_contrasts"
  )
  expect_error(recipe_matrix(y ~ a, design_data(), list(a = "contr.nothing")),
    class = "henderson_error_contrasts"
  )
})

# Random terms against lme4's Z, term by term ------------------------------------------------------

random_matrix <- function(formula, data) {
  parts <- parse_formula(formula, data)
  frame <- model_frame(parts, data)
  random <- model_design(parts, frame)$random
  list(random = random, Z = lapply(random, expand_random, nrow(frame)))
}

expect_lme4_z <- function(formula, data) {
  skip_if_not_installed("lme4")
  control <- lme4::lmerControl(check.nobs.vs.nRE = "ignore", check.nobs.vs.nlev = "ignore")
  expected <- lme4::lFormula(formula, data, control = control)$reTrms
  found <- random_matrix(formula, data)
  what <- deparse(formula)
  labels <- vapply(found$random, `[[`, "", "label")
  for (k in seq_along(expected$Ztlist)) {
    group <- names(expected$flist)[attr(expected$flist, "assign")[k]]
    term <- which(labels == group & vapply(found$random, function(term) {
      identical(term$coef_names, expected$cnms[[k]])
    }, NA))
    expect_length(term, 1L)
    expect_identical(found$random[[term]]$levels, levels(expected$flist[[group]]), info = what)
    expect_equal(found$Z[[term]], unname(t(as.matrix(expected$Ztlist[[k]]))), info = what)
  }
  expect_length(found$random, length(expected$Ztlist))
}

test_that("random terms have lme4's columns and levels", {
  data <- design_data()
  data$h <- factor(paste0("h", data$k))
  formulas <- list(
    y ~ x + (1 | g), y ~ x + (x | g), y ~ (1 + x | g) + (1 | h), y ~ (0 + x | g), y ~ (x - 1 | g),
    y ~ (1 | g) + (0 + x | g), y ~ (1 | g / h), y ~ (1 | g:h), y ~ (1 | h:g), y ~ (a | g),
    y ~ (0 + a | g),
    y ~ (a * x | g), y ~ (0 + a:b | g), y ~ (poly(x, 2) | g), y ~ (1 | g:a:b), y ~ (1 | s),
    y ~ (1 | k),
    y ~ (l | g), y ~ (m | g), y ~ (o | h), y ~ (x | a / b), y ~ 0 + (1 | g), y ~ x + (x + z | g:h)
  )
  for (formula in formulas) expect_lme4_z(formula, data)
})

test_that("a group may be an expression, and empty combinations make no level", {
  data <- design_data()
  found <- random_matrix(y ~ (1 | factor(k)), data)$random[[1]]
  expect_identical(found$levels, c("1", "2", "3", "4"))
  expect_identical(found$label, "factor(k)")
  data <- data.frame(y = rnorm(6), a = factor(c(1, 1, 2, 2, 3, 3)), b = factor(c(2, 1, 1, 1, 2, 2)))
  crossed <- random_matrix(y ~ (1 | a:b), data)$random[[1]]
  expect_identical(crossed$levels, c("1:1", "1:2", "2:1", "3:2"))
})

test_that("a bare factor in a named structure means its levels; a model formula its columns", {
  data <- design_data()
  levels <- c("ap", "aq", "ar")
  coefs <- function(formula) model_design(parse_formula(formula, data), data)$random[[1]]$coef_names
  expect_identical(coefs(y ~ us(a | g)), levels)
  expect_identical(coefs(y ~ diag(a | g)), levels)
  expect_identical(coefs(y ~ us(s | g)), c("sone", "ssix", "stwo"))
  expect_identical(coefs(y ~ us(0 + a | g)), levels)
  expect_identical(coefs(y ~ (a | g)), c("(Intercept)", "aq", "ar"))
  expect_identical(coefs(y ~ us(1 + a | g)), c("(Intercept)", "aq", "ar"))
  expect_identical(coefs(y ~ (a || g)), c("(Intercept)", "aq", "ar"))
  expect_identical(coefs(y ~ us(x | g)), c("(Intercept)", "x"))
})
