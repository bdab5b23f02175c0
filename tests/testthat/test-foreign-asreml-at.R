# Terms of ASReml's grammar in the records of some levels, and of all records together, through V.

set.seed(3)
fields <- expand.grid(env = factor(c("A", "B", "C")), row = 1:8, col = 1:5)
fields$gen <- factor(sample(20, nrow(fields), TRUE))
fields$age <- fields$row / 2
paths <- replicate(3, as.vector(stats::arima.sim(list(ar = 0.8), 8)))
fields$yield <- 2 * paths[cbind(fields$row, as.integer(fields$env))] + rnorm(20)[fields$gen] +
  rnorm(nrow(fields))
asreml <- function(random, data = fields, fixed = yield ~ env, ...) {
  suppressMessages(lmmfit(fixed = fixed, random = random, data = data, ...))
}
value <- function(fit) fit$minus2loglik
at_values <- function(fit) stats::setNames(varcomp(fit)$estimate, varcomp(fit)$parameter)
# -2l of these records with the covariance `made` of the random part.
through_v <- function(fit, made, data = fields, X = stats::model.matrix(~env, data)) {
  V <- made(at_values(fit)) + at_values(fit)[["residual"]] * diag(nrow(data))
  oracle_minus2loglik(list(V = V, X = X, y = data$yield))
}
both <- function(x) outer(x, x)
lag <- abs(outer(fields$row, fields$row, "-"))
same_gen <- outer(fields$gen, fields$gen, "==") + 0
inside <- function(level) both((fields$env == level) + 0)

test_that("at(env):ar1(row) is an autoregression in each environment", {
  fit <- asreml(~ at(env):ar1(row))
  expect_equal(value(fit), through_v(fit, function(p) {
    Reduce(`+`, lapply(c("A", "B", "C"), function(level) {
      p[[paste0("env.", level, ".variance")]] * inside(level) *
        p[[paste0("env.", level, ".rho")]]^lag
    }))
  }), tolerance = 1e-9)
  # With the same parameters everywhere they are the levels of one term.
  tied <- asreml(~ at(env):ar1(row), tie = list(
    c("env.A.variance", "env.B.variance", "env.C.variance"),
    c("env.A.rho", "env.B.rho", "env.C.rho")
  ))
  expect_equal(value(tied), value(lmmfit(yield ~ env + ar1(row | env), fields)), tolerance = 1e-7)
  expect_equal(unname(unlist(ranef(tied)$env.B)),
    unname(unlist(ranef(lmmfit(yield ~ env + ar1(row | env), fields))$env["B", ])),
    tolerance = 1e-5)
})

test_that("at() of one level, beside a group, a relationship, a covariate", {
  fit <- asreml(~ at(env, "B"):ar1(row):gen)
  expect_equal(value(fit), through_v(fit, function(p) {
    p[["gen.B.variance"]] * inside("B") * same_gen * p[["gen.B.rho"]]^lag
  }), tolerance = 1e-9)
  # Levels by number are those of the factor.
  expect_equal(value(asreml(~ at(env, 2):ar1(row):gen)), value(fit))
  K <- 0.4^abs(outer(1:20, 1:20, "-"))
  dimnames(K) <- list(levels(fields$gen), levels(fields$gen))
  fit <- asreml(~ at(env, "C"):ar1(row):vm(gen, K))
  expect_equal(value(fit), through_v(fit, function(p) {
    p[["gen.C.variance"]] * inside("C") * K[fields$gen, fields$gen] * p[["gen.C.rho"]]^lag
  }), tolerance = 1e-9)
  fit <- asreml(~ at(env, "B"):age:gen)
  expect_equal(value(fit), through_v(fit, function(p) {
    p[[1L]] * inside("B") * same_gen * both(fields$age)
  }), tolerance = 1e-9)
  fit <- asreml(~ at(env, "B"):ar1(row):ar1(col))
  expect_equal(value(fit), through_v(fit, function(p) {
    p[["env.B.variance"]] * inside("B") * p[["env.B.row.rho"]]^lag *
      p[["env.B.col.rho"]]^abs(outer(fields$col, fields$col, "-"))
  }), tolerance = 1e-9)
})

test_that("ar1(row) of all records, in a trial or with a group of one level", {
  one <- fields[fields$env == "B", ]
  fit <- asreml(~ ar1(row), one, yield ~ 1)
  expect_equal(value(fit), through_v(fit, function(p) {
    p[["row.variance"]] * p[["row.rho"]]^abs(outer(one$row, one$row, "-"))
  }, one, matrix(1, nrow(one))), tolerance = 1e-9)
  one$field <- "B"
  expect_equal(value(lmmfit(yield ~ ar1(row | field), one)), value(fit))
  expect_equal(value(lmmfit(yield ~ ar1(row | 1), one)), value(fit))
  fit <- asreml(~ iexp(row, col), one, yield ~ 1)
  expect_equal(value(fit), through_v(fit, function(p) {
    p[[1L]] * exp(-as.matrix(stats::dist(one[c("row", "col")], "manhattan")) / p[[2L]])
  }, one, matrix(1, nrow(one))), tolerance = 1e-9)
  expect_error(lmmfit(yield ~ us(row | 1), one), "one level, of all records",
    class = "henderson_error_one_level")
  expect_error(asreml(~ us(row), one, yield ~ 1), "no factor whose effects",
    class = "henderson_error_foreign")
})

test_that("splines at all levels, and at some", {
  fit <- asreml(~ at(env):spl(row), fixed = yield ~ env * row)
  expect_equal(value(fit), value(lmmfit(yield ~ env * row + spl(row, by = env), fields)))
  fit <- asreml(~ at(env, c("A", "B")):spl(row), fixed = yield ~ env + at(env, c("A", "B")):row)
  basis <- unclass(spl(fields$row))[, -1L]
  X <- cbind(stats::model.matrix(~env, fields), at(fields$env, c("A", "B")) * fields$row)
  expect_equal(value(fit), through_v(fit, function(p) {
    p[["spl.row.A"]] * inside("A") * tcrossprod(basis) +
      p[["spl.row.B"]] * inside("B") * tcrossprod(basis)
  }, X = X), tolerance = 1e-8)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_no_error(plot(fit, type = "spline"))
  # The line of a curve of B is needed there alone, and nowhere is not enough.
  expect_error(asreml(~ at(env, "B"):spl(row)), class = "henderson_error_spline_linear")
})

test_that("polynomials with one variance, or one for each column", {
  t <- (fields$age - 2.25) / 1.75
  fit <- asreml(~ leg(age, 1):gen)
  # Normalised: 1/sqrt(2), sqrt(3/2) t (Kirkpatrick, Lofsvold & Bulmer 1990).
  expect_equal(value(fit), through_v(fit, function(p) {
    p[["gen.variance"]] * same_gen * (0.5 + 1.5 * both(t))
  }), tolerance = 1e-9)
  expect_equal(value(asreml(~ idv(leg(age, 1)):gen)), value(fit))
  # Orthogonal over the distinct values, whatever records there are of each.
  uneven <- fields[c(seq_len(nrow(fields)), which(fields$row > 5)), ]
  fit <- asreml(~ idh(pol(age, 2)):gen, uneven)
  ages <- sort(unique(uneven$age))
  columns <- cbind(1, unclass(stats::poly(ages, 2))[match(uneven$age, ages), ])
  same <- outer(uneven$gen, uneven$gen, "==") + 0
  expect_equal(value(fit), through_v(fit, function(p) {
    same * (columns %*% diag(p[1:3]) %*% t(columns))
  }, uneven, stats::model.matrix(~env, uneven)), tolerance = 1e-9)
  expect_equal(unname(predict(fit, uneven[5:9, ])), unname(fitted(fit)[5:9]))
  expect_error(asreml(~ pol(age, 1):gen), "how that program scales",
    class = "henderson_error_foreign")
})

test_that("what stands beside at() may be missing elsewhere; new data may lack levels", {
  holes <- fields
  holes[holes$env != "B", c("row", "gen")] <- NA
  for (random in list(~ at(env, "B"):ar1(row), ~ at(env, "B"):ar1(row):gen)) {
    fit <- asreml(random, holes)
    expect_identical(nobs(fit), nrow(fields))
    expect_equal(value(fit), value(asreml(random)))
  }
  fit <- asreml(~ at(env, "B"):spl(row), holes, yield ~ env + at(env, "B"):row)
  expect_identical(nobs(fit), nrow(fields))
  fit <- asreml(~ at(env):ar1(row) + gen)
  expect_equal(unname(predict(fit, fields[fields$env == "B", ])),
    unname(fitted(fit)[fields$env == "B"]))
  new <- data.frame(env = "A", row = 3, gen = "4")
  expect_equal(unname(predict(fit, new)), fixef(fit)[["(Intercept)"]] + ranef(fit)$env.A[["3"]] +
    ranef(fit)$gen["4", ])
  # Also in the fixed part.
  fit <- lmmfit(yield ~ env + at(env, "B"):age, fields)
  expect_equal(unname(predict(fit, data.frame(env = "A", age = 2))), fixef(fit)[["(Intercept)"]])
})

test_that("they are written both ways", {
  for (random in c(
    ~ at(env, "A"):ar1(row) + at(env, "B"):ar1(row), ~ ar1(row), ~ at(env, "B"):ar1(row):gen,
    ~ at(env):spl(row), ~ at(env, c("A", "B")):spl(row), ~ idv(leg(age, 1)):gen,
    ~ diag(leg(age, -2)):gen, ~ us(pol(age, 1)):gen, ~ at(env, "B"):gen, ~ at(env, "B"):age:gen,
    ~ iexp(row, col):env, ~ ieuc(row, col):env, ~ mtrn(row, col, nu = "1.5F"):env,
    ~ ar1(row):ar1(col), ~ at(env, "B"):ar1(row):ar1(col)
  )) {
    # Rows beside their own slope walk.
    told <- "henderson_warning_random_walk"
    fit <- suppressWarnings(asreml(random, fixed = yield ~ env * row), classes = told)
    shown <- sub("data = data", "data = fields", c(in_asreml(fit), in_henderson(fit)), fixed = TRUE)
    expect_match(shown[1L], deparse(random[[2L]]), fixed = TRUE)
    for (text in shown) {
      again <- suppressWarnings(suppressMessages(eval(str2lang(text))), classes = told)
      expect_equal(value(again), value(fit), tolerance = 1e-8)
    }
  }
})

test_that("settings of mtrn() are known where they are not given", {
  own <- function(residual) value(lmmfit(yield ~ env, fields, residual = residual))
  theirs <- function(residual) {
    value(suppressMessages(lmmfit(yield ~ env, fields, residual = residual)))
  }
  expect_equal(theirs(~ id(env):mtrn(row, col)), own(~ exp(row + col | env)), tolerance = 1e-6)
  expect_equal(theirs(~ id(env):mtrn(row, col, nu = "1.5F")),
    own(~ matern(row + col | env, nu = 1.5)))
  expect_equal(theirs(~ id(env):mtrn(row, col, phi = 2, lambda = 1)), own(~ iexp(row + col | env)))
  for (residual in c(~ id(env):mtrn(row, col, delta = 2), ~ id(env):mtrn(row, col, 1.5),
    ~ id(env):mtrn(row, col, nu = 1, lambda = 1), ~ id(env):mtrn(row, col, nu = "much"),
    ~ id(env):mtrn(row, col, smooth = 1))) {
    expect_error(theirs(residual), class = "henderson_error_foreign")
  }
})
