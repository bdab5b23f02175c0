# Small hard data sets: unbalanced, few groups, true variances of 0 or near 0, correlations of +-1,
# extreme units of the response and of a covariate. Always an answer, never a false "converged",
# never a -2 log-likelihood above lme4's. lme4 gets the same data in benign units; the change of
# units is applied to its likelihood by arithmetic.

n_simulated <- if (is_slow_level()) 500L else 60L

# One data set, from its number alone. Gives the data in benign units (y, x) and in the units that
# we must stand (y_unit * y, x_unit * (x_origin + x)).
simulate_case <- function(number) {
  set.seed(1000 + number)
  design <- c("one-way", "crossed", "nested", "line", "line", "uncorrelated", "curve")[
    number %% 7 + 1
  ]
  n_groups <- sample(c(2:6, 10, 25), 1)
  n <- max(12, round(n_groups * stats::runif(1, 2.5, 6)))
  # A short tail: some groups have one record, some many.
  g <- factor(sample(n_groups, n, replace = TRUE, prob = stats::rexp(n_groups) + 0.1))
  h <- factor(sample(sample(2:5, 1), n, replace = TRUE))
  x <- stats::rnorm(n)
  truth <- sample(c("zero", "near zero", "moderate", "large"), 1)
  variance <- c("zero" = 0, "near zero" = 1e-6, "moderate" = 1, "large" = 1e4)[[truth]]
  correlation <- sample(c(-1, 0, 1), 1)
  a <- stats::rnorm(nlevels(g)) * sqrt(variance)
  b <- correlation * a + sqrt(1 - correlation^2) * stats::rnorm(nlevels(g)) * sqrt(variance)
  y <- 2 + x + a[g] + b[g] * x * (design %in% c("line", "uncorrelated", "curve")) +
    stats::rnorm(nlevels(h))[h] * (design == "crossed") + stats::rnorm(n)
  list(
    data = data.frame(y = y, x = x, g = g, h = h), design = design, truth = truth,
    y_unit = sample(c(1, 1, 1e-8, 1e8), 1),
    x_unit = sample(c(1, 1, 1e-6, 1e6), 1), method = sample(c("REML", "ML"), 1),
    # Origin of x in spreads of x. The uncorrelated model is another model when x is shifted, and
    # the square of a shifted x is the hardest.
    x_origin = switch(design, uncorrelated = 0, curve = sample(c(0, 1e2), 1),
      sample(c(0, 0, 1e2, 1e4), 1)
    )
  )
}

simulated_formula <- function(design) {
  switch(design,
    "one-way" = y ~ x + (1 | g),
    "crossed" = y ~ x + (1 | g) + (1 | h),
    "nested" = y ~ x + (1 | g / h),
    "line" = y ~ x + (1 + x | g),
    "uncorrelated" = y ~ x + (1 + x || g),
    "curve" = y ~ x + I(x^2) + (1 + x | g)
  )
}

# -2l in benign units from -2l in the units of the case: the Jacobian of y, and for REML log|X'X|.
minus2loglik_in_benign_units <- function(minus2loglik, case, rank) {
  n <- nrow(case$data)
  df <- if (case$method == "REML") n - rank else n
  value <- minus2loglik - 2 * df * log(case$y_unit)
  if (case$method == "ML") return(value)
  # A change of unit and origin of x is a triangular change of the columns 1, x, x^2.
  columns <- if (case$design == "curve") 3 else 1
  value - 2 * columns * log(case$x_unit)
}

levels_too_many <- function(case) {
  groups <- list(case$data$g, if (case$design == "nested") {
    interaction(case$data$g, case$data$h, drop = TRUE)
  })
  any(vapply(groups, nlevels, 0L) >= nrow(case$data))
}

few_levels <- function(case) {
  nlevels(case$data$g) < 2L || nlevels(case$data$h) < 2L
}

# Fits one case in its hard units and gives a row for the summary, checking on the way.
check_simulated <- function(number) {
  case <- simulate_case(number)
  if (levels_too_many(case) || few_levels(case)) return(NULL)
  formula <- simulated_formula(case$design)
  hard <- case$data
  hard$y <- hard$y * case$y_unit
  hard$x <- case$x_unit * (case$x_origin + hard$x)
  what <- sprintf(
    "case %d: %s, %s, variance %s, unit of y %g, of x %g, origin %g",
    number, case$design, case$method, case$truth, case$y_unit, case$x_unit, case$x_origin
  )
  fit <- tryCatch(
    fit_ours(formula, hard, case$method, must_converge = FALSE),
    error = function(e) e
  )
  if (inherits(fit, "error")) {
    fail(paste(what, "error:", conditionMessage(fit)))
    return(NULL)
  }
  ours <- minus2loglik_in_benign_units(fit$minus2loglik, case, fit$rank)
  expect(is.finite(ours), paste(what, "is not finite"))
  peer <- fit_lme4(formula, case$data, case$method)
  expect_no_higher(ours, peer$minus2loglik, 1e-4, what)
  data.frame(
    number = number, converged = has_converged(fit), iterations = fit$convergence$iterations,
    difference = ours - peer$minus2loglik
  )
}

test_that(sprintf("%d hard data sets: an answer, and no worse than lme4's", n_simulated), {
  skip_on_cran()
  skip_if_not_installed("lme4")
  rows <- do.call(rbind, lapply(seq_len(n_simulated), check_simulated))
  cat(sprintf(
    "\nsimulated: %d fits, %d not converged, iterations: median %g, largest %d, below lme4: %d\n",
    nrow(rows), sum(!rows$converged), stats::median(rows$iterations), max(rows$iterations),
    sum(rows$difference < -1e-4)
  ))
  # An honest "not converged" is allowed, not a habit.
  expect_lte(sum(!rows$converged), ceiling(0.01 * nrow(rows)))
})
