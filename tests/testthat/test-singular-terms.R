# Several unstructured terms that end singular: the search reaches what lme4 reaches.

lme4_value <- function(formula, data) {
  skip_if_not_installed("lme4")
  values <- vapply(c("nloptwrap", "bobyqa"), function(optimizer) {
    m <- suppressMessages(suppressWarnings(lme4::lmer(formula, data,
      control = lme4::lmerControl(optimizer = optimizer, calc.derivs = FALSE,
        check.nobs.vs.nRE = "ignore", check.nobs.vs.nlev = "ignore"))))
    -2 * as.numeric(stats::logLik(m))
  }, 0)
  min(values)
}

expect_reaches <- function(formula, data) {
  fit <- lmmfit(formula, data)
  expect_identical(fit$convergence$status, "converged")
  expect_lt(-2 * as.numeric(logLik(fit)), lme4_value(formula, data) + 1e-4)
  fit
}

slopes_of_two <- function(seed, b = 0) {
  set.seed(seed)
  n <- 150
  d <- data.frame(a = factor(sample(10, n, TRUE)), b = factor(sample(8, n, TRUE)),
    x = stats::rnorm(n, 5))
  d$y <- 10 * stats::rnorm(10)[d$a] + 10 * stats::rnorm(10)[d$a] * d$x +
    b * stats::rnorm(8)[d$b] + stats::rnorm(n)
  d
}

test_that("slopes of two crossed factors and of their cells", {
  d <- slopes_of_two(1)
  fit <- expect_reaches(y ~ x + (x | a) + (x | b) + (x | a:b), d)
  smaller <- lmmfit(y ~ x + (x | a), d)
  expect_gt(as.numeric(logLik(fit)), as.numeric(logLik(smaller)))
  for (seed in 2:4) expect_reaches(y ~ x + (x | a) + (x | b) + (x | a:b), slopes_of_two(seed, 1))
})

test_that("maximal models of subjects and items", {
  for (seed in 1:3) {
    set.seed(seed)
    d <- expand.grid(s = factor(1:12), i = factor(1:8))
    d$c1 <- sample(c(-.5, .5), 96, TRUE)
    d$c2 <- sample(c(-.5, .5), 96, TRUE)
    d$y <- stats::rnorm(12)[d$s] + .5 * stats::rnorm(8)[d$i] +
      .4 * stats::rnorm(12)[d$s] * d$c1 + stats::rnorm(96)
    expect_reaches(y ~ c1 + c2 + (c1 + c2 | s) + (c1 + c2 | i), d)
  }
})

test_that("anova says where the larger fit is the lower one", {
  d <- slopes_of_two(1)
  smaller <- lmmfit(y ~ x + (x | a), d)
  larger <- lmmfit(y ~ x + (x | a) + (x | b), d)
  expect_no_warning(anova(smaller, larger))
  larger$minus2loglik <- smaller$minus2loglik + 1
  expect_warning(table <- anova(smaller, larger), "`larger`|larger",
    class = "henderson_warning_lower_likelihood")
  expect_true(is.na(table$`Pr(>Chisq)`[2L]))
})

test_that("the exact curvature of terms that are nearly singular keeps its digits", {
  for (seed in c(11, 12, 13, 14)) {
    set.seed(seed)
    d <- expand.grid(s = factor(1:9), i = factor(1:8))
    d$c1 <- (as.integer(d$s) + as.integer(d$i)) %% 2 - .5
    d$c2 <- sample(c(-.5, .5), 72, TRUE)
    d$y <- stats::rnorm(9)[d$s] + .6 * stats::rnorm(9)[d$s] * d$c1 + .5 * stats::rnorm(8)[d$i] +
      stats::rnorm(72)
    expect_reaches(y ~ c1 * c2 + (c1 * c2 | s) + (c1 * c2 | i), d)
  }
})

# Small data with variances that may be zero: (x | a) + (x | b) + (x | a:b), or subjects x items.
crossed_model <- function(seed) {
  set.seed(seed)
  sd_of <- function() if (stats::runif(1) < .3) 0 else exp(stats::rnorm(1, -.3, .8))
  effects <- function(g, covariates) {
    terms <- lapply(covariates, function(x) (sd_of() * stats::rnorm(nlevels(g)))[g] * x)
    Reduce(`+`, terms)
  }
  if (seed %% 2 == 1) {
    n <- sample(40:120, 1)
    levels <- c(sample(4:9, 1), sample(4:8, 1))
    d <- data.frame(a = factor(sample(levels[1], n, TRUE)), b = factor(sample(levels[2], n, TRUE)),
      x = stats::rnorm(n, sample(c(0, 0, 1, 5), 1)))
    cells <- interaction(d$a, d$b)
    d$y <- effects(d$a, list(1, d$x)) + effects(d$b, list(1, d$x)) +
      effects(cells, list(1, d$x)) + stats::rnorm(n) * sample(c(1, 1, .1), 1)
    return(list(data = d, formula = y ~ x + (x | a) + (x | b) + (x | a:b)))
  }
  size <- c(sample(6:12, 1), sample(5:10, 1))
  d <- expand.grid(s = factor(seq_len(size[1])), i = factor(seq_len(size[2])))
  d$c1 <- (as.integer(d$s) + as.integer(d$i)) %% 2 - .5
  d$c2 <- sample(c(-.5, .5), nrow(d), TRUE)
  if (stats::runif(1) < .3) d <- d[sample(nrow(d), round(.8 * nrow(d))), ]
  d$y <- effects(d$s, list(1, d$c1, d$c2)) + effects(d$i, list(1, d$c1, d$c2)) +
    stats::rnorm(nrow(d))
  list(data = d, formula = if (stats::runif(1) < .5) {
    y ~ c1 * c2 + (c1 * c2 | s) + (c1 * c2 | i)
  } else {
    y ~ c1 + c2 + (c1 + c2 | s) + (c1 + c2 | i)
  })
}

test_that("a local maximum on a face is left for a higher one", {
  # The deviance function of lme4 by nlminb() from its own optima.
  best <- c("38" = 82.844569, "359" = 102.693846, "14" = 106.393959)
  for (seed in names(best)) {
    s <- crossed_model(as.integer(seed))
    fit <- expect_reaches(s$formula, s$data)
    expect_lt(fit$minus2loglik, best[[seed]] + 1e-5)
  }
})
