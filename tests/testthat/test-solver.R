# Fits without a factor: the same BLUE and BLUP as by the factor, and no more than they know.

by_pcg <- function(...) lmm_control(solver = "pcg", ...)

fit_large <- function(model, control) {
  lmmfit(model$formula, model$data, hold = model$hold, control = control)
}

# Largest difference relative to the size of the effects.
relative_difference <- function(a, b) {
  kept <- !is.na(b)
  max(abs(a[kept] - b[kept])) / max(abs(b[kept]))
}

# The peer is the factor of the same equations; the tolerance is that of the issue of agreement:
# 1e-6 relative where the residual is 1e-8.
expect_same_solution <- function(model) {
  exact <- fit_large(model, lmm_control(solver = "factor"))
  found <- fit_large(model, by_pcg())
  expect_lte(found$solver$reached, 1e-8)
  expect_identical(is.na(fixef(found)), is.na(fixef(exact)))
  expect_lt(relative_difference(fixef(found), fixef(exact)), 1e-6)
  for (k in seq_along(exact$random)) {
    expect_lt(relative_difference(found$random[[k]]$effects, exact$random[[k]]$effects), 1e-6)
  }
  expect_lt(relative_difference(fitted(found), fitted(exact)), 1e-6)
  expect_lt(found$solver$rounds, 200)
  found
}

test_that("BLUE and BLUP of animal models are those of the factor", {
  for (kind in c("animal", "repeated", "maternal", "traits", "curves")) {
    expect_same_solution(large_model(kind, 1000L))
  }
  expect_same_solution(large_model("animal", 10000L))
  expect_same_solution(large_model("curves", 5000L))
})

test_that("and of 100 000 animals", {
  skip_unless_slow()
  for (kind in c("animal", "repeated", "maternal", "traits", "curves")) {
    expect_same_solution(large_model(kind, 100000L))
  }
})

test_that("weights, structures, dependent columns and singular relationships are solved too", {
  same <- function(...) {
    exact <- lmmfit(..., control = lmm_control(solver = "factor"))
    found <- lmmfit(..., control = by_pcg(solver_tolerance = 1e-10))
    expect_equal(fixef(found), fixef(exact), tolerance = 1e-7)
    expect_equal(ranef(found), ranef(exact), tolerance = 1e-6)
    expect_equal(fitted(found), fitted(exact), tolerance = 1e-7)
  }
  d <- nlme::Orthodont
  d$w <- seq(1, 3, length.out = nrow(d))
  d$again <- 2 * d$age
  same(distance ~ age + again + (1 + age | Subject), d, weights = w,
    hold = c(Subject.Intercept = 4, Subject.Intercept.age = -0.2, Subject.age = 0.05, residual = 2))
  same(distance ~ age * Sex + (1 | Subject), d, residual = ~ ar1(age | Subject),
    hold = c(Subject = 3, residual.variance = 2, residual.rho = 0.3))
  d$visit <- factor(d$age)
  free <- lmmfit(distance ~ age + fa(visit | Subject, 1), d, hold = c(residual = 0.5))
  values <- stats::setNames(free$parameters$estimate, free$parameters$name)
  same(distance ~ age + fa(visit | Subject, 1), d, hold = values)
  K <- tcrossprod(matrix(stats::rnorm(27 * 5), 27))
  dimnames(K) <- rep(list(levels(d$Subject)), 2L)
  d$line <- factor(as.character(d$Subject))
  same(distance ~ age + (1 | gr(line, cov = K)), d, hold = c(line = 0.5, residual = 2))
  same(distance ~ age + (1 | Subject), d, hold = c(Subject = 0, residual = 2))
  same(distance ~ age + (1 | Sex / Subject), d,
    hold = c(Sex = 2, `Subject:Sex` = 3, residual = 2), method = "ML")
})

test_that("standard errors of functions are those of the factor, with z tests", {
  d <- nlme::Orthodont
  d$Subject <- factor(d$Subject, ordered = FALSE)
  held <- c(Subject.Intercept = 4, Subject.Intercept.age = 0.1, Subject.age = 0.05, residual = 2)
  model <- distance ~ age * Sex + (age | Subject)
  exact <- lmmfit(model, d, hold = held, ddf = "none")
  found <- lmmfit(model, d, hold = held, control = by_pcg())
  expect_same <- function(ask) expect_equal(ask(found), ask(exact), tolerance = 1e-7)
  expect_same(vcov)
  expect_same(function(fit) summary(fit)$coefficients)
  expect_same(confint)
  expect_same(function(fit) contest(fit, rbind(c(0, 1, 0, 0.5), c(0, 0, 1, 11))))
  expect_same(function(fit) contest(fit, c(1, 11, 0, 0), L = list(Subject = c("M01:age" = 1))))
  expect_same(function(fit) as.data.frame(anova(fit)))
  expect_same(function(fit) as.data.frame(marginal_means(fit, ~Sex)))
  expect_same(function(fit) predict(fit, d[c(1, 50), ], se.fit = TRUE))
  # With a dropped column, and of one that is not estimable.
  d$again <- d$age
  exact <- lmmfit(distance ~ age + again + (1 | Subject), d, ddf = "none",
    hold = c(Subject = 4, residual = 2))
  found <- update(exact, control = by_pcg())
  expect_same(vcov)
  expect_same(function(fit) contest(fit, rbind(c(0, 1, 0), c(0, 1, 1)))$table)
})

test_that("many fixed effects have the standard errors that are asked for", {
  set.seed(5)
  d <- data.frame(f = gl(60, 4), g = factor(sample(30, 240, TRUE)), x = rnorm(240), y = rnorm(240))
  held <- c(g = 0.5, residual = 1)
  exact <- lmmfit(y ~ x + f + (1 | g), d, hold = held, ddf = "none")
  found <- lmmfit(y ~ x + f + (1 | g), d, hold = held, control = by_pcg())
  expect_true(all(is.na(summary(found)$coefficients$se)))
  expect_output(print(summary(found)), "standard errors of more than 50 fixed effects by")
  expect_same <- function(ask) expect_equal(ask(found), ask(exact), tolerance = 1e-7)
  expect_same(function(fit) confint(fit, parm = c("x", "f7")))
  expect_same(function(fit) contest(fit, c(x = 1)))
  expect_same(function(fit) contest(fit, diag(61), joint = FALSE))
  expect_same(vcov)
  expect_same(function(fit) as.data.frame(anova(fit)))
  many <- data.frame(f = gl(1100, 2), g = gl(20, 110), y = rnorm(2200))
  found <- lmmfit(y ~ 0 + f + (1 | g), many, hold = held, control = by_pcg())
  expect_error(confint(found), "at most 1000", class = "henderson_error_solver")
  expect_true(all(is.finite(confint(found, parm = c("f3", "f1000")))))
})

test_that("what needs a factor is NA, or an error that says so", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont,
    hold = c(Subject = 4, residual = 2), control = by_pcg())
  expect_output(print(fit), "Solved by conjugate gradients in [0-9]+ round")
  expect_output(print(fit), "no likelihood")
  expect_output(print(summary(fit)), "Solved by conjugate gradients")
  expect_identical(as.numeric(logLik(fit)), NA_real_)
  expect_identical(as.numeric(logLik(fit, REML = FALSE)), NA_real_)
  expect_identical(deviance(fit), NA_real_)
  expect_true(all(varcomp(fit)$status == "held"))
  free <- update(fit, hold = NULL)
  expect_identical(contest(free, c(0, 1))$ddf, "none")
  for (question in list(
    quote(ranef(fit, se = TRUE)), quote(contest(free, rbind(c(0, 1)), ddf = "KR")),
    quote(influence(fit)), quote(predict(fit, se.fit = TRUE)), quote(ranef(fit, condVar = TRUE)),
    quote(ranova(fit)), quote(heritability(fit)), quote(profile(fit)),
    quote(confint(fit, method = "boot", nsim = 2))
  )) {
    expect_error(eval(question), class = "henderson_error_solver")
  }
  # By the factor the same call has them.
  again <- update(fit, control = lmm_control(solver = "factor"))
  expect_equal(predict(fit), predict(again), tolerance = 1e-6)
  expect_true(all(is.finite(summary(again)$coefficients$se)))
})

test_that("what cannot be had without a factor is refused by name", {
  d <- nlme::Orthodont
  expect_error(lmmfit(distance ~ age + (1 | Subject), d, method = "ML", control = by_pcg()),
    "Subject", class = "henderson_error_solver")
  expect_error(lmmfit(distance ~ age + (1 | Subject), d, control = by_pcg(),
    bounds = list(Subject = c(1, 2))), "bounds", class = "henderson_error_solver")
  expect_error(lmmfit(distance ~ age + (1 | Subject), d, method = "ANOVA", control = by_pcg()),
    "ANOVA", class = "henderson_error_solver")
  expect_error(lmmfit(distance ~ age + (1 | Subject), d, method = "Bayes", control = by_pcg()),
    "Bayes", class = "henderson_error_solver")
  expect_error(lmm_control(solver = "cg"), class = "henderson_error_argument")
  expect_error(lmm_control(solver_tolerance = 1), class = "henderson_error_argument")
  expect_error(lmm_control(solver_rounds = 0), class = "henderson_error_argument")
  expect_error(lmm_control(simulations = 0), class = "henderson_error_argument")
  expect_error(lmm_control(simulation_seed = -1), class = "henderson_error_argument")
  expect_error(lmm_control(memory = -1), class = "henderson_error_argument")
})

# Exact REML is the peer. The Monte Carlo error of the estimates, whose covariance is O^-1 E O^-1 /
# simulations with the observed information O and the expected one E, is that of the factor: its
# own E is a mean over drawn data, and its point another one near by.
exact_mc_error <- function(exact, simulations) {
  found <- variance_information(exact)
  observed <- solve(found$observed, t(found$jacobian))
  sqrt(diag(t(observed) %*% found$expected %*% observed) / simulations)
}

expect_within_mc_errors <- function(model, simulations = 8L) {
  exact <- lmmfit(model$formula, model$data, control = lmm_control(solver = "factor"))
  found <- lmmfit(model$formula, model$data, control = by_pcg(simulations = simulations))
  expect_identical(found$convergence$status, "converged")
  expect_lte(found$convergence$iterations, 10L)
  error <- found$solver$mc_error
  expect_lt(max(abs(log(error / exact_mc_error(exact, simulations)))), 0.3)
  expect_equal(varcomp(found)$mc_error, error)
  expect_lt(max(abs(found$parameters$estimate - exact$parameters$estimate) / error), 3)
  # The standard errors are those of the average information, at another point near by.
  expect_lt(max(abs(log(found$parameters$se / exact$parameters$se))), 0.3)
  found
}

test_that("REML by simulation is within its Monte Carlo error of REML", {
  for (kind in c("animal", "repeated", "maternal", "traits")) {
    fit <- expect_within_mc_errors(large_model(kind, 2000L))
  }
  expect_output(print(fit), "REML by simulation of 8 data sets")
  expect_output(print(fit), "Carlo errors: animal.y1")
  expect_within_mc_errors(large_model("animal", 10000L))
  # More data sets, a smaller error: of the same data.
  expect_within_mc_errors(large_model("animal", 1000L), simulations = 64L)
})

# What the data draw to zero ends there, as exact REML says, whose others are met within three Monte
# Carlo errors. Covariances change sign on the way.
test_that("REML by simulation reaches a boundary, and covariances of either sign", {
  drawn <- function(seed, slope = 0, correlation = 0) {
    set.seed(seed)
    n <- 3000
    h <- sample.int(300L, n, TRUE)
    x <- stats::runif(n, -1, 1)
    u <- matrix(stats::rnorm(600), 300) %*% chol(matrix(c(1, correlation, correlation, 1), 2))
    data.frame(y = u[h, 1L] + 0.3 * x + slope * u[h, 2L] * x + stats::rnorm(n), x, h = factor(h))
  }
  compared <- function(formula, data) {
    exact <- lmmfit(formula, data)
    found <- lmmfit(formula, data, control = by_pcg())
    expect_identical(found$convergence$status, "converged")
    expect_lte(found$convergence$iterations, 20L)
    expect_identical(found$parameters$status, exact$parameters$status)
    free <- found$parameters$status == "free"
    away <- abs(found$parameters$estimate - exact$parameters$estimate)[free]
    expect_lt(max(away / found$solver$mc_error[free]), 3)
    found
  }
  for (seed in c(1, 4, 6)) {
    gone <- compared(y ~ x + (x || h), drawn(seed))
    expect_identical(gone$parameters$estimate[2L], 0)
    compared(y ~ x + (x | h), drawn(seed))
  }
  compared(y ~ x + (x | h), drawn(5, slope = 1, correlation = -0.8))
  compared(y ~ x + (x | h), drawn(6, slope = 1, correlation = 0.8))
  compared(y ~ x + (1 | h), transform(drawn(7), y = y - ave(y, h)))
})

# 30 seeds: a standard deviation is known to an eighth. SE / sqrt(8) is off by a third here.
test_that("estimates of different seeds spread as the Monte Carlo error says", {
  model <- large_model("animal", 1000L)
  exact <- lmmfit(model$formula, model$data, control = lmm_control(solver = "factor"))
  z <- vapply(1:30, function(seed) {
    found <- lmmfit(model$formula, model$data, control = by_pcg(simulation_seed = seed))
    (found$parameters$estimate - exact$parameters$estimate) / found$solver$mc_error
  }, numeric(2))
  spread <- sqrt(rowMeans(z^2))
  expect_true(all(spread > 0.7 & spread < 1.35))
})

test_that("and of 100 000 animals", {
  skip_unless_slow()
  for (kind in c("animal", "repeated")) expect_within_mc_errors(large_model(kind, 100000L))
})

test_that("the same seed gives the same estimates, and some may be held", {
  model <- large_model("animal", 1000L)
  fit <- function(seed, ...) {
    lmmfit(model$formula, model$data, control = by_pcg(simulation_seed = seed), ...)
  }
  expect_identical(fit(3L)$parameters$estimate, fit(3L)$parameters$estimate)
  expect_false(identical(fit(3L)$parameters$estimate, fit(4L)$parameters$estimate))
  held <- fit(3L, hold = c(residual = 0.7))
  expect_equal(held$parameters$estimate[2L], 0.7)
  expect_identical(held$parameters$status, c("free", "held"))
  expect_identical(is.na(held$solver$mc_error), c(FALSE, TRUE))
})

test_that("rounds that do not suffice are told", {
  model <- large_model("animal", 1000L)
  expect_warning(fit <- fit_large(model, by_pcg(solver_rounds = 3L)), "3 rounds",
    class = "henderson_warning_convergence")
  expect_output(print(fit), "NOT CONVERGED")
})

test_that("a factor that does not fit is an error before the work, or another solver", {
  model <- large_model("animal", 1000L)
  little <- 1e-5
  error <- expect_error(fit_large(model, lmm_control(solver = "factor", memory = little)),
    "needs .* of memory", class = "henderson_error_memory")
  expect_match(error$remedy[1L], "solver = \"pcg\"")
  expect_gt(error$value, 1e4)
  expect_message(fit <- fit_large(model, lmm_control(memory = little)), "conjugate gradients",
    class = "henderson_message_solver")
  expect_identical(fit$solver$name, "pcg")
  # Without known variances ML has no other solver.
  expect_error(
    lmmfit(model$formula, model$data, method = "ML", control = lmm_control(memory = little)),
    class = "henderson_error_memory")
  expect_no_message(fit <- fit_large(model, lmm_control(memory = 1)))
  expect_null(fit$solver)
})

test_that("memory is what the system says, and not known elsewhere", {
  meminfo <- tempfile()
  none <- tempfile()
  dir.create(none)
  on.exit(unlink(c(meminfo, none), recursive = TRUE))
  writeLines(c("MemTotal: 100 kB", "MemAvailable:   2000 kB"), meminfo)
  expect_identical(available_memory(meminfo, none), 2000 * 1024)
  expect_identical(available_memory(file.path(none, "meminfo"), none), Inf)
  writeLines("1500000", file.path(none, "memory.max"))
  writeLines("500000", file.path(none, "memory.current"))
  expect_identical(available_memory(meminfo, none), 1e6)
  writeLines("max", file.path(none, "memory.max"))
  expect_identical(available_memory(meminfo, none), 2000 * 1024)
})
