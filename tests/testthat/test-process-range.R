# Numbers of processes of which some are held: the others stay where the process is stationary or
# invertible, wherever else a few positions have a definite matrix.

set.seed(3)
d <- expand.grid(visit = factor(1:5), id = factor(1:12))
d$y <- as.vector(replicate(12, stats::arima.sim(list(ar = c(1.2, -0.5)), 5)))

# Autocorrelations of lags 0 to 4, of stats alone.
acf_of <- list(
  ar2 = function(p) stats::ARMAacf(ar = p, lag.max = 4L),
  ar3 = function(p) stats::ARMAacf(ar = p, lag.max = 4L),
  ma2 = function(p) stats::ARMAacf(ma = p, lag.max = 4L),
  arma11 = function(p) c(1, p[2L] * p[1L]^(0:3))
)
# Roots of 1 - phi z - ... and 1 + theta z + ... outside the unit circle; of arma11 the region that
# its help states.
is_inside <- list(
  ar2 = function(p) all(Mod(polyroot(c(1, -p))) > 1),
  ar3 = function(p) all(Mod(polyroot(c(1, -p))) > 1),
  ma2 = function(p) all(Mod(polyroot(c(1, p))) > 1),
  arma11 = function(p) abs(p[1L]) < 1 && abs(2 * p[2L] - p[1L]) < 1
)

# The least -2l (REML) of y ~ 1 over the variance, in closed form, and the free number, on a grid
# that the best point refines.
dense_held <- function(name, values, data = d) {
  free <- which(is.na(values))
  same <- outer(data$id, data$id, `==`)
  visit <- as.integer(data$visit)
  n <- nrow(data)
  at <- function(x) {
    p <- replace(values, free, x)
    if (!is_inside[[name]](p)) return(Inf)
    # None at a root of one.
    L <- tryCatch(chol(stats::toeplitz(acf_of[[name]](p))[visit, visit] * same),
      error = function(e) NULL)
    if (is.null(L)) return(Inf)
    one <- backsolve(L, rep(1, n), transpose = TRUE)
    z <- backsolve(L, data$y, transpose = TRUE)
    rss <- sum(qr.resid(qr(one), z)^2)
    (n - 1) * (log(2 * pi * rss / (n - 1)) + 1) + 2 * sum(log(diag(L))) + log(sum(one^2))
  }
  grid <- seq(-3, 3, 0.005)
  best <- grid[which.min(vapply(grid, at, 0))]
  for (step in 10^-(3:9)) {
    near <- best + step * (-10:10)
    best <- near[which.min(vapply(near, at, 0))]
  }
  c(best, at(best))
}

test_that("the number that is left is the best of the process, at its limit or within", {
  numbers <- list(ar2 = c("phi1", "phi2"), ma2 = c("theta1", "theta2"),
    arma11 = c("rho", "gamma"), ar3 = c("phi1", "phi2", "phi3"))
  cases <- list(
    list("ar2", c(1.5, NA)), list("ar2", c(1.2, NA)), list("ar2", c(NA, 0.5)),
    list("ar2", c(NA, -0.9)), list("ma2", c(1.5, NA)), list("ma2", c(NA, -0.9)),
    list("arma11", c(NA, 0.3)), list("arma11", c(NA, -0.45)), list("arma11", c(0.5, NA)),
    list("arma11", c(NA, 0.8)), list("ar3", c(1, NA, 0.5)), list("ar3", c(NA, -0.4, 0.2)),
    list("ar3", c(1, -0.5, NA))
  )
  for (case in cases) {
    name <- case[[1L]]
    held <- stats::setNames(case[[2L]], paste0("residual.", numbers[[name]]))
    fit <- lmmfit(y ~ 1, d, residual = stats::as.formula(paste0("~ ", name, "(visit | id)")),
      hold = held[!is.na(held)])
    best <- dense_held(name, case[[2L]])
    expect_identical(fit$convergence$status, "converged")
    expect_within(fit$minus2loglik, best[2L], 1e-5, paste(name, "with held numbers, dense"))
    found <- fit$parameters$estimate[fit$parameters$name == names(held)[is.na(held)]]
    expect_within(found, best[1L], 1e-3, paste("the free number of", name))
  }
})

test_that("a held number does not lead to better values than none", {
  # Two subjects with four visits: outside the processes -2l falls by 25.
  short <- data.frame(y = c(0.2, 3.1, -1.4, 2.2, -0.3, 2.6, -2.1, 1.9),
    visit = factor(rep(1:4, 2L)), id = factor(rep(1:2, each = 4L)))
  free <- lmmfit(y ~ 1, short, residual = ~ arma11(visit | id))
  for (gamma in c(-0.8, -0.6, -0.45, -0.2, 0.3, 0.5)) {
    held <- lmmfit(y ~ 1, short, residual = ~ arma11(visit | id), hold = c(residual.gamma = gamma))
    p <- held$parameters$estimate[2:3]
    expect_lte(abs(p[1L]), 1)
    expect_lte(abs(2 * p[2L] - p[1L]), 1 + 1e-9)
    expect_gte(held$minus2loglik, free$minus2loglik - 1e-6)
  }
})

test_that("of random terms and products too", {
  d$g <- factor(rep(1:6, each = 10L))
  fit <- lmmfit(y ~ 1 + ar2(visit | g), d, hold = c(g.phi1 = 1.4))
  phi2 <- fit$parameters$estimate[fit$parameters$name == "g.phi2"]
  expect_gt(phi2, -1 - 1e-9)
  expect_lt(phi2, -0.4 + 1e-9)
  dense <- function(p) {
    at <- stats::toeplitz(acf_of$ar2(c(1.4, stats::plogis(p[1L]) * 0.6 - 1)))[d$visit, d$visit]
    V <- exp(p[2L]) * at * outer(d$g, d$g, `==`) + exp(p[3L]) * diag(60L)
    L <- chol(V)
    one <- backsolve(L, rep(1, 60L), transpose = TRUE)
    z <- backsolve(L, d$y, transpose = TRUE)
    59 * log(2 * pi) + 2 * sum(log(diag(L))) + log(sum(one^2)) + sum(qr.resid(qr(one), z)^2)
  }
  best <- min(vapply(c(-2, 0, 2), function(start) {
    stats::nlminb(c(start, 0, 0), dense, control = list(rel.tol = 1e-14))$objective
  }, 0))
  expect_within(fit$minus2loglik, best, 1e-5, "a random ar2, dense")
  d$trait <- factor(rep(1:2, 30L))
  product <- lmmfit(y ~ 1, d, residual = ~ diag(trait):arma11(visit) | id,
    hold = c(residual.visit.gamma = -0.45))
  rho <- product$parameters$estimate[product$parameters$name == "residual.visit.rho"]
  expect_gt(rho, -1 - 1e-9)
  expect_lt(rho, 0.1 + 1e-9)
})

test_that("what is no process is refused", {
  expect_error(lmmfit(y ~ 1, d, residual = ~ ar2(visit | id), hold = c(residual.phi2 = 1.2)),
    "phi2", class = "henderson_error")
  expect_error(lmmfit(y ~ 1, d, residual = ~ arma11(visit | id),
    hold = c(residual.rho = 0.5, residual.gamma = -0.45)), "stationary processes",
    class = "henderson_error_parameter_values")
  expect_error(lmmfit(y ~ 1, d, residual = ~ ar3(visit | id),
    hold = c(residual.phi1 = 2.5, residual.phi3 = -0.5)), "stationary processes",
    class = "henderson_error_parameter_values")
  expect_error(lmmfit(y ~ 1, d, residual = ~ ar2(visit | id), hold = c(residual.phi1 = 1.5),
    bounds = list(residual.phi2 = c(0.2, 0.5))), "leave it \\[-1, -0.5\\]",
    class = "henderson_error_bounds")
  # A start outside is moved inside, as those of other bounds are.
  moved <- lmmfit(y ~ 1, d, residual = ~ ar2(visit | id), hold = c(residual.phi1 = 1.5),
    start = c(residual.phi2 = 0.3))
  expect_within(moved$minus2loglik, dense_held("ar2", c(1.5, NA))[2L], 1e-5, "from outside")
  # Bounds of several numbers are no bounds of a process.
  expect_error(lmmfit(y ~ 1, d, residual = ~ arma11(visit | id),
    bounds = list(residual.rho = c(0.8, 0.9), residual.gamma = c(-0.6, -0.2))),
    "stationary processes", class = "henderson_error_bounds")
})
