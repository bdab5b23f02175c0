# What a formula means, and what is refused before anything is computed.

data <- data.frame(
  y = c(1, 3, 2, 5, 4, 7), x = 1:6, env = factor(rep(c("a", "b"), 3)), g = factor(rep(1:3, 2)),
  h = factor(rep(1:3, each = 2))
)
terms_of <- function(formula) parse_formula(formula, data)$random
labels_of <- function(formula) vapply(terms_of(formula), function(term) term$group$label, "")
structures_of <- function(formula) vapply(terms_of(formula), `[[`, "", "structure")

test_that("fixed and random parts are told apart", {
  parts <- parse_formula(y ~ x + (1 | g) + env:x + diag(env | h), data)
  expect_identical(parts$fixed, y ~ x + env:x, ignore_formula_env = TRUE)
  expect_identical(structures_of(y ~ (1 | g) + diag(env | h) + (x || g) + us(x | h)),
    c("us", "diag", "diag", "us"))
  expect_identical(parse_formula(y ~ (1 | g), data)$fixed, y ~ 1, ignore_formula_env = TRUE)
  fixed <- parse_formula(log(y) ~ (1 | g), data)$fixed
  expect_identical(fixed, log(y) ~ 1, ignore_formula_env = TRUE)
  expect_identical(parse_formula(y ~ 0 + (1 | g), data)$fixed, y ~ 0, ignore_formula_env = TRUE)
  expect_length(terms_of(y ~ x), 0L)
  expect_length(terms_of(y ~ x + ((1 | g) + (1 | h))), 2L)
})

test_that("nested and crossed groups are lme4's", {
  expect_identical(labels_of(y ~ (1 | g / h)), c("h:g", "g"))
  expect_identical(labels_of(y ~ diag(env | g / h)), c("h:g", "g"))
  expect_identical(labels_of(y ~ (1 | g:h)), "g:h")
  expect_identical(labels_of(y ~ (1 | g * h)), c("g", "h", "g:h"))
})

test_that("an updated formula is parsed again", {
  formula <- update(y ~ x + (1 | g) + us(env | h), . ~ . - x)
  expect_identical(labels_of(formula), c("g", "h"))
  expect_identical(parse_formula(formula, data)$fixed, y ~ 1, ignore_formula_env = TRUE)
})

test_that("the dot is every column but the response and the groups", {
  fixed <- parse_formula(y ~ . + (1 | g), data)$fixed
  expect_identical(attr(terms(fixed), "term.labels"), c("x", "env", "h"))
  fixed <- parse_formula(y ~ . - env + (1 + x | g) + (1 | h), data)$fixed
  expect_identical(attr(terms(fixed), "term.labels"), "x")
})

test_that("a bar term written wrong is an error that says how to write it", {
  wrong <- list(
    y ~ x + 1 | g, y ~ x | g, y ~ x + log(1 | g), y ~ x * (1 | g), y ~ x - (1 | g), y ~ (1 | g):x,
    y ~ (x | 1), y ~ (1 | g | h), y ~ (0 | g), y ~ us(1 + x || g), y ~ (. | g), y ~ I(x > 1 | x < 0)
  )
  for (formula in wrong) {
    expect_error(lmmfit(formula, data), class = "henderson_error", info = deparse(formula))
  }
  expect_snapshot(error = TRUE, {
    lmmfit(y ~ x + 1 | g, data)
    lmmfit(y ~ x * (1 | g), data)
    lmmfit(y ~ (x | 1), data)
    lmmfit(y ~ (0 | g), data)
    lmmfit(y ~ ar9(x | g), data)
    lmmfit(y ~ us(x | g, 2), data)
  })
  expect_error(lmmfit(y ~ ar9(x | g), data), class = "henderson_error_structure")
  expect_error(lmmfit(y ~ us(x | g, 2), data), class = "henderson_error_structure")
})

test_that("formulas without a response, or no formula at all", {
  expect_error(lmmfit(~ x + (1 | g), data), class = "henderson_error_no_response")
  expect_error(lmmfit(3, data), class = "henderson_error_formula")
  expect_error(lmmfit(y ~ y + (1 | g), data), class = "henderson_error_formula")
  expect_snapshot(error = TRUE, lmmfit(~ x + (1 | g), data))
})

test_that("the identical term twice is an error, a related and an unrelated one are not", {
  expect_error(lmmfit(y ~ (1 | g) + (1 | g), data), class = "henderson_error_repeated_term")
  data$residual <- data$g
  expect_error(lmmfit(y ~ (1 | residual), data), class = "henderson_error_repeated_term")
  K <- diag(3)
  dimnames(K) <- list(1:3, 1:3)
  D <- K
  parts <- parse_formula(y ~ (1 | g) + (1 | gr(g, cov = K)) + (1 | gr(g, cov = D)), data)
  design <- model_design(parts, data)
  expect_identical(vapply(design$random, `[[`, "", "label"), c("g.iid", "g", "g.D"))
})
