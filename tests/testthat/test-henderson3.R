# method = "ANOVA": Henderson's Method 3.

hemmerle <- function() {
  case <- read_case("henderson3-varcomp-hemmerle-hartley")
  case$data$a <- factor(case$data$a)
  case$data$b <- factor(case$data$b)
  case
}

components <- function(fit) with(varcomp(fit), stats::setNames(estimate, parameter))

test_that("Method 3 reproduces SAS PROC VARCOMP METHOD=TYPE1", {
  case <- hemmerle()
  leaves <- case$models$henderson3$expected
  fit <- lmmfit(y ~ a + (1 | b) + (1 | a:b), case$data, method = "ANOVA")
  expect_case(components(fit), leaves$varcomp, case$source, "components")
  table <- anova_table(fit)
  expect_case(stats::setNames(table$ss, names(leaves$sums_of_squares)), leaves$sums_of_squares,
    case$source, "sums of squares")
  expect_identical(table$df, c(2, 1, 2, 10))
  at <- attr(table, "coefficients")
  expect_case(stats::setNames(c(at["b", "b"], at["b", "a:b"], at["a:b", "a:b"]),
    names(leaves$ems_coefficients)), leaves$ems_coefficients, case$source, "mean squares")
  expect_identical(table$expected[4], "residual")
})

test_that("the order of nested terms in the formula does not matter", {
  data <- hemmerle()$data
  one <- lmmfit(y ~ a + (1 | b) + (1 | a:b), data, method = "ANOVA")
  two <- lmmfit(y ~ a + (1 | a:b) + (1 | b), data, method = "ANOVA")
  expect_equal(components(two)[names(components(one))], components(one), tolerance = 1e-12)
  expect_identical(anova_table(two)$source, anova_table(one)$source)
})

test_that("a balanced design gives the classical analysis of variance", {
  case <- read_case("lmm-dyestuff-oneway")
  fit <- lmmfit(yield ~ 1 + (1 | batch), case$data, method = "ANOVA")
  expect_case(components(fit), case$models$anova$expected$varcomp, case$source, "components")
  # Balanced one-way: Var = 2 (E MS)^2 / df for each mean square, which are independent.
  ms <- anova_table(fit)$ms
  expect_equal(varcomp(fit)$se,
    sqrt(c(2 * ms[1]^2 / 5 + 2 * ms[2]^2 / 24, 25 * 2 * ms[2]^2 / 24)) / 5, tolerance = 1e-10)

  oats <- as.data.frame(nlme::Oats)
  fit <- lmmfit(yield ~ factor(nitro) + (1 | Block) + (1 | Block:Variety), oats, method = "ANOVA")
  parts <- summary(stats::aov(yield ~ factor(nitro) + Error(Block / Variety), oats))
  ms <- vapply(parts, function(part) utils::tail(part[[1]]$`Mean Sq`, 1L), 0)
  expect_equal(anova_table(fit)$ms[-1], unname(ms), tolerance = 1e-10)
  expect_equal(unname(components(fit)),
    c((ms[[1]] - ms[[2]]) / 12, (ms[[2]] - ms[[3]]) / 4, ms[[3]]), tolerance = 1e-10)
  reml <- lmmfit(yield ~ factor(nitro) + (1 | Block) + (1 | Block:Variety), oats)
  expect_equal(unname(components(reml)), unname(components(fit)), tolerance = 1e-6)
  expect_equal(fixef(fit), fixef(reml), tolerance = 1e-8)
})

# Reductions, expectations and covariances through dense projections of records.
dense_method_three <- function(X, Z, y, w) {
  root <- sqrt(w)
  projection <- function(W) {
    q <- qr(root * W, tol = 1e-9)
    list(P = tcrossprod(qr.Q(q)[, seq_len(q$rank), drop = FALSE]), rank = q$rank)
  }
  models <- lapply(0:length(Z), function(k) projection(do.call(cbind, c(list(X), Z[seq_len(k)]))))
  P <- c(lapply(models, `[[`, "P"), list(diag(length(y))))
  A <- Map(`-`, P[-1], P[-length(P)])
  rank <- c(vapply(models, `[[`, 0L, "rank"), length(y))
  Z <- c(lapply(Z, function(z) root * z), list(diag(length(y))))
  traces <- function(a) vapply(Z, function(z) sum(z * (a %*% z)), 0)
  expected <- t(vapply(A, traces, double(length(Z))))
  ss <- vapply(A, function(a) sum((root * y) * (a %*% (root * y))), 0)
  list(A = A, Z = Z, ss = ss, df = diff(rank), expected = expected)
}

dense_covariance <- function(dense, variances) {
  V <- Reduce(`+`, Map(function(z, s) s * tcrossprod(z), dense$Z, variances))
  AV <- lapply(dense$A, `%*%`, V)
  ss <- outer(seq_along(AV), seq_along(AV), Vectorize(function(i, j) {
    2 * sum(AV[[i]] * t(AV[[j]]))
  }))
  inverse <- solve(dense$expected)
  inverse %*% ss %*% t(inverse)
}

unbalanced <- function(seed = 7) {
  set.seed(seed)
  n <- 90
  data <- data.frame(a = factor(sample(4, n, TRUE)), h = factor(sample(9, n, TRUE)),
    s = factor(sample(6, n, TRUE)), x = stats::rnorm(n), w = stats::runif(n, 0.5, 2))
  data$hs <- interaction(data$h, data$s, drop = TRUE)
  data$x2 <- 2 * data$x - 1
  data$y <- stats::rnorm(9)[data$h] + stats::rnorm(6)[data$s] + 0.7 * stats::rnorm(54)[data$hs] +
    stats::rnorm(n) / sqrt(data$w)
  data
}

test_that("crossed and nested terms, weights, singular X: dense projections agree", {
  data <- unbalanced()
  fit <- lmmfit(y ~ a * x + x2 + (1 | h) + (1 | s) + (1 | h:s), data, method = "ANOVA",
    weights = w)
  dense <- dense_method_three(
    stats::model.matrix(~ a * x + x2, data),
    lapply(c("h", "s", "hs"), function(v) stats::model.matrix(~ 0 + f, data.frame(f = data[[v]]))),
    data$y, data$w
  )
  expect_equal(fit$anova$sums_of_squares, dense$ss, tolerance = 1e-10)
  expect_equal(fit$anova$df, as.double(dense$df))
  expect_equal(fit$anova$expected, unname(dense$expected), tolerance = 1e-8)
  expect_equal(unname(components(fit)), solve(dense$expected, dense$ss), tolerance = 1e-10)
  expect_true(all(components(fit) > 0))
  expect_equal(unname(fit$parameter_covariance), dense_covariance(dense, components(fit)),
    tolerance = 1e-8, ignore_attr = TRUE)
})

test_that("BLUE and BLUP are those at the estimates", {
  data <- unbalanced()
  fit <- lmmfit(y ~ a + (1 | h) + (1 | s), data, method = "ANOVA")
  held <- lmmfit(y ~ a + (1 | h) + (1 | s), data, hold = components(fit))
  expect_equal(fixef(fit), fixef(held), tolerance = 1e-12)
  expect_equal(ranef(fit, se = TRUE), ranef(held, se = TRUE), tolerance = 1e-10)
  expect_equal(vcov(fit), vcov(held), tolerance = 1e-12)
})

test_that("a random slope of its own is a term like any other", {
  data <- unbalanced()
  fit <- lmmfit(y ~ a + x + (1 | h) + (0 + x | h), data, method = "ANOVA")
  z <- stats::model.matrix(~ 0 + h, data)
  dense <- dense_method_three(stats::model.matrix(~ a + x, data), list(z, data$x * z), data$y,
    rep(1, nrow(data)))
  expect_equal(unname(components(fit)), solve(dense$expected, dense$ss), tolerance = 1e-10)
})

test_that("estimates and their sampling covariance are unbiased over simulated data", {
  data <- unbalanced()
  true <- c(h = 2, s = 0.5, residual = 1)
  n_sets <- if (is_slow_level()) 2000L else 300L
  set.seed(11)
  found <- t(replicate(n_sets, {
    data$y <- sqrt(true[["h"]]) * stats::rnorm(9)[data$h] +
      sqrt(true[["s"]]) * stats::rnorm(6)[data$s] + stats::rnorm(nrow(data))
    components(lmmfit(y ~ a + x + (1 | h) + (1 | s), data, method = "ANOVA"))
  }))
  error <- apply(found, 2, stats::sd) / sqrt(n_sets)
  expect_true(all(abs(colMeans(found) - true) < 4 * error))
  dense <- dense_method_three(stats::model.matrix(~ a + x, data),
    lapply(c("h", "s"), function(v) stats::model.matrix(~ 0 + f, data.frame(f = data[[v]]))),
    data$y, rep(1, nrow(data)))
  # The variance of a sampled variance: kurtosis above normal, so a wide but fixed band.
  ratio <- apply(found, 2, stats::var) / diag(dense_covariance(dense, true))
  expect_true(all(ratio > 0.6 & ratio < 1.6))
})

test_that("negative estimates are reported, or truncated on request", {
  fit <- lmmfit(Yield ~ 1 + (1 | Batch), lme4::Dyestuff2, method = "ANOVA")
  # Balanced one-way: (MS_batch - MS_residual) / 5.
  ms <- stats::anova(stats::lm(Yield ~ Batch, lme4::Dyestuff2))$`Mean Sq`
  expect_equal(varcomp(fit)$estimate, c((ms[1] - ms[2]) / 5, ms[2]), tolerance = 1e-10)
  expect_identical(varcomp(fit)$status, c("negative", "free"))
  expect_true(all(unlist(ranef(fit)) == 0))
  expect_output(print(fit), "BLUE and BLUP are made with 0")
  cut <- update(fit, control = lmm_control(truncate = TRUE))
  expect_identical(varcomp(cut)$estimate[1], 0)
  expect_identical(varcomp(cut)$status[1], "truncated")
  expect_true(is.na(varcomp(cut)$se[1]))
})

test_that("without random terms it is least squares", {
  fit <- lmmfit(distance ~ age, nlme::Orthodont, method = "ANOVA")
  expect_equal(sigma(fit), stats::sigma(stats::lm(distance ~ age, nlme::Orthodont)))
})

test_that("what Method 3 cannot do is said", {
  growth <- as.data.frame(nlme::Orthodont)
  anova_error <- function(...) {
    expect_error(lmmfit(..., data = growth, method = "ANOVA"), class = "henderson_error_anova")
  }
  anova_error(distance ~ age + (1 + age | Subject))
  anova_error(distance ~ age + Subject + (1 | Subject))
  anova_error(distance ~ age + (1 | Subject), hold = c(residual = 1))
  # A spline is refused as one, whether its linear part is there or not.
  for (formula in list(distance ~ age + spl(age), distance ~ spl(age))) {
    expect_error(lmmfit(formula, growth, method = "ANOVA"), "cannot fit the spline `spl\\(age\\)`",
      class = "henderson_error_anova")
  }
  growth$other <- rev(growth$Subject)
  expect_error(lmmfit(distance ~ age + (1 | mm(Subject, other)), growth, method = "ANOVA"),
    "meet several levels", class = "henderson_error_anova")
  expect_error(anova_table(lmmfit(distance ~ age, growth)), class = "henderson_error_anova")
  growth$record <- seq_len(nrow(growth))
  expect_error(lmmfit(distance ~ age + (1 | record), growth, method = "ANOVA"),
    class = "henderson_error")
})

test_that("the table prints", {
  fit <- lmmfit(yield ~ nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats, method = "ANOVA")
  expect_snapshot(anova_table(fit))
})
