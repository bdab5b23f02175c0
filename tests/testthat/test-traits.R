# Several responses at once.

pigs <- data.frame(
  pen = factor(rep(1:4, each = 6)), sex = factor(rep(c("F", "M"), 12)), age = rep(1:6, 4)
)
set.seed(3)
pigs$gain <- 5 + rnorm(4)[pigs$pen] + rnorm(24)
pigs$fat <- 100 + 10 * pigs$gain + 5 * rnorm(24)
pigs$fat[c(2, 9)] <- NA

stacked <- function(formula, data = pigs) {
  stack_traits(list(formula = formula, data = data, residual = default_residual(formula)))
}

test_that("each observed trait of each row is a record", {
  input <- stacked(cbind(gain, fat) ~ sex)
  frame <- input$data
  expect_identical(nrow(frame), 48L)
  expect_identical(levels(frame$trait), c("gain", "fat"))
  expect_identical(frame$unit, rep(1:24, each = 2L))
  expect_identical(frame[["cbind(gain, fat)"]][3:4], c(pigs$gain[2], NA))
  expect_identical(row.names(frame)[3:4], c("2:gain", "2:fat"))
  expect_identical(nobs(lmmfit(cbind(gain, fat) ~ sex, pigs)), 46L)
})

test_that("what does not mention trait is by trait", {
  rhs <- function(formula) deparse(stacked(formula)$formula[[3L]])
  expect_identical(rhs(cbind(gain, fat) ~ sex), "0 + trait + trait:sex")
  expect_identical(rhs(cbind(gain, fat) ~ 0 + sex), "0 + trait:sex")
  expect_identical(rhs(cbind(gain, fat) ~ 1), "0 + trait")
  expect_identical(rhs(cbind(gain, fat) ~ trait + sex), "trait + sex")
  expect_identical(
    rhs(cbind(gain, fat) ~ sex + (1 | pen)), "0 + trait + trait:sex + (0 + trait | pen)"
  )
  expect_identical(
    rhs(cbind(gain, fat) ~ 1 + (1 + age | pen)), "0 + trait + (0 + trait + trait:age | pen)"
  )
  expect_identical(
    rhs(cbind(gain, fat) ~ 1 + diag(0 + trait | pen)), "0 + trait + diag(0 + trait | pen)"
  )
})

test_that("what cannot be is refused", {
  pigs$trait <- 1
  pigs$name <- letters[pigs$age]
  wrong <- list(
    response_type = list(cbind(gain) ~ 1, cbind(gain, gain) ~ 1, cbind(gain, name) ~ 1),
    unknown_column = list(cbind(gain, fatt) ~ 1, cbind(gain, fat) ~ sexx),
    trait_column = list(cbind(gain, fat) ~ sex)
  )
  for (class in names(wrong)) {
    for (formula in wrong[[class]]) {
      data <- if (class == "trait_column") pigs else pigs[names(pigs) != "trait"]
      expect_error(lmmfit(formula, data), class = paste0("henderson_error_", class),
        info = deparse(formula))
    }
  }
  pigs$trait <- NULL
  expect_error(lmmfit(cbind(gain, fat) ~ cs(sex | pen), pigs),
    class = "henderson_error_trait_structure")
  pigs$fat <- NA_real_
  expect_error(lmmfit(cbind(gain, fat) ~ sex, pigs), class = "henderson_error_no_records")
  pigs$fat <- 3
  expect_error(lmmfit(cbind(gain, fat) ~ sex, pigs),
    class = "henderson_error_response_constant")
})

test_that("complete traits without covariates in common are the traits by themselves", {
  # With the same X for each trait the estimates of b are those of least squares by trait, and
  # R is the residual cross-product over n - p (Anderson 2003, sec. 8.2).
  complete <- pigs[!is.na(pigs$fat), ]
  fit <- lmmfit(cbind(gain, fat) ~ sex + age, complete)
  peer <- lm(cbind(gain, fat) ~ sex + age, complete)
  found <- matrix(fixef(fit), 2L)
  expect_relative(as.vector(t(found)), as.vector(coef(peer)), 1e-8, "coefficients of lm")
  cross <- crossprod(residuals(peer)) / (nrow(complete) - 3)
  expect_relative(varcomp(fit)$estimate, cross[upper.tri(cross, diag = TRUE)], 1e-6, "R")
  expect_relative(as.vector(fitted(fit)), as.vector(t(fitted(peer))), 1e-8, "fitted")
})

test_that("subset, weights and new data are those of the rows", {
  pigs$w <- rep(1:2, 12)
  fit <- lmmfit(cbind(gain, fat) ~ sex, pigs, weights = w, subset = age > 1)
  expect_identical(nobs(fit), 40L - 2L)
  kept <- lmmfit(cbind(gain, fat) ~ sex, pigs[pigs$age > 1, ], weights = w)
  expect_equal(fixef(fit), fixef(kept))
  expect_identical(unname(weights(fit)[1:3]), c(2, 1, 1))
  new <- predict(fit, data.frame(sex = c("F", "M")))
  expect_named(new, c("1:gain", "1:fat", "2:gain", "2:fat"))
  beta <- unname(fixef(fit))
  expect_equal(unname(new), c(beta[1:2], beta[1:2] + beta[3:4]))
  expect_equal(predict(fit, data.frame(sex = "M", trait = "fat")), c("1" = sum(beta[c(2, 4)])))
})

test_that("the units of the traits do not matter", {
  scaled <- pigs
  scaled$fat <- scaled$fat * 2^20
  formula <- cbind(gain, fat) ~ sex + (1 | pen)
  a <- lmmfit(formula, pigs)
  b <- lmmfit(formula, scaled)
  unit <- c(1, 2^20, 2^40)
  expect_relative(varcomp(b)$estimate, varcomp(a)$estimate * c(unit, unit), 1e-4, "variances")
  expect_relative(fixef(b), fixef(a) * c(1, 2^20, 1, 2^20), 1e-6, "fixed effects")
  expect_lte(b$convergence$iterations, a$convergence$iterations + 3L)
})

test_that("messages about several responses", {
  pigs$unit <- 1
  expect_snapshot(error = TRUE, {
    lmmfit(cbind(gain) ~ sex, pigs)
    lmmfit(cbind(gain, fat) ~ sex, pigs)
    lmmfit(cbind(gain, fat) ~ cs(sex | pen), pigs[names(pigs) != "unit"])
    lmmfit(cbind(gain, fat) ~ sexx, pigs[names(pigs) != "unit"])
  })
})

# The unit of a trait with many records beside one with fewer is not a weight that stands out.
test_that("traits in units far apart with missing records are fitted as in any others", {
  for (case in 1:4) {
    set.seed(case)
    n_groups <- if (case < 3) 8 else 40
    g <- factor(rep(seq_len(n_groups), each = 4))
    n <- length(g)
    a <- stats::rnorm(n_groups)
    b <- if (case %% 2 == 0) a / 2 else a / 2 + 0.7 * stats::rnorm(n_groups)
    e <- stats::rnorm(n)
    d <- data.frame(g = g, y = a[g] + e, z = 0.7 * b[g] + e / 2 + stats::rnorm(n))
    d$z[sample(n, if (case < 3) 4 else 0.9 * n)] <- NA
    plain <- lmmfit(cbind(y, z) ~ 1 + (1 | g), d)
    for (unit in 10^c(-8, -3, 3, 5, 8)) {
      fit <- lmmfit(cbind(y, z) ~ 1 + (1 | g), transform(d, y = unit * y))
      expect_identical(fit$convergence$status, "converged")
      expect_lte(fit$convergence$iterations, plain$convergence$iterations + 4L)
      # Of n records of y one is taken by its mean.
      expect_within(fit$minus2loglik, plain$minus2loglik + 2 * (n - 1) * log(unit), 1e-6,
        "the same in other units")
      expect_identical(varcomp(fit)$status, varcomp(plain)$status)
      expect_equal(fit$parameters$estimate / c(unit^2, unit, 1, unit^2, unit, 1),
        plain$parameters$estimate, tolerance = 1e-5)
    }
  }
})
