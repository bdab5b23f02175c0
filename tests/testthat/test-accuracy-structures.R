# Structures of residuals beside nlme, on its own data, to 1e-4 in -2 log-likelihood.

nlme_value <- function(fit) -2 * as.numeric(stats::logLik(fit))

peer_gls <- function(formula, data, ..., method = "REML") {
  nlme_value(nlme::gls(formula, data, ..., method = method, control = nlme::glsControl(
    opt = "optim", maxIter = 500, msMaxIter = 800, tolerance = 1e-10, msTol = 1e-12
  )))
}

peer_lme <- function(formula, data, ...) {
  nlme_value(nlme::lme(formula, data, ..., control = nlme::lmeControl(
    opt = "optim", maxIter = 300, msMaxIter = 500, tolerance = 1e-10, msTol = 1e-12
  )))
}

expect_value <- function(formula, data, residual, expected, what, method = "REML") {
  fit <- fit_ours(formula, data, method, residual = residual)
  expect_within(fit$minus2loglik, expected, 1e-4, what)
}

orthodont <- transform(as.data.frame(nlme::Orthodont),
  Subject = factor(as.character(Subject)), visit = factor(age), step = as.integer(factor(age)))

test_that("Orthodont: structures of residuals as in gls()", {
  formula <- distance ~ age * Sex
  by_visit <- nlme::varIdent(form = ~ 1 | visit)
  peers <- list(
    cs = list(nlme::corCompSymm(form = ~ 1 | Subject), NULL, ~ cs(visit | Subject)),
    csh = list(nlme::corCompSymm(form = ~ 1 | Subject), by_visit, ~ csh(visit | Subject)),
    ar1 = list(nlme::corAR1(form = ~ step | Subject), NULL, ~ ar1(visit | Subject)),
    ar1h = list(nlme::corAR1(form = ~ step | Subject), by_visit, ~ ar1h(visit | Subject)),
    us = list(nlme::corSymm(form = ~ step | Subject), by_visit, ~ us(visit | Subject)),
    exp = list(nlme::corExp(form = ~ age | Subject), NULL, ~ exp(age | Subject)),
    gau = list(nlme::corGaus(form = ~ age | Subject), NULL, ~ gau(age | Subject)),
    diag = list(NULL, by_visit, ~ diag(visit))
  )
  for (method in c("REML", "ML")) {
    for (name in names(peers)) {
      peer <- peers[[name]]
      expected <- peer_gls(formula, orthodont, correlation = peer[[1]], weights = peer[[2]],
        method = method)
      expect_value(formula, orthodont, peer[[3]], expected, paste(name, method), method)
    }
  }
  # SAS PROC MIXED, ML, type = toep: Potthoff-Roy data, printed 424.6.
  expect_value(formula, orthodont, ~ toep(visit | Subject), 424.643061, "toep", "ML")
})

test_that("Ovary: autoregressions and moving averages as corARMA()", {
  ovary <- as.data.frame(nlme::Ovary)
  ovary$Mare <- factor(as.character(ovary$Mare))
  ovary <- ovary[order(ovary$Mare, ovary$Time), ]
  ovary$step <- stats::ave(ovary$Time, ovary$Mare, FUN = seq_along)
  ovary <- transform(ovary, s = sin(2 * pi * Time), c = cos(2 * pi * Time))
  orders <- list(ar2 = c(2, 0), ar3 = c(3, 0), ma1 = c(0, 1), ma2 = c(0, 2))
  for (method in c("REML", "ML")) {
    for (name in names(orders)) {
      correlation <- nlme::corARMA(form = ~ step | Mare, p = orders[[name]][1L],
        q = orders[[name]][2L])
      # optim() leaves what nlme can take.
      expected <- nlme_value(nlme::gls(follicles ~ s + c, ovary, correlation = correlation,
        method = method, control = nlme::glsControl(tolerance = 1e-10, msTol = 1e-12)))
      residual <- stats::as.formula(sprintf("~ %s(step | Mare)", name))
      expect_value(follicles ~ s + c, ovary, residual, expected, paste(name, method), method)
    }
  }
  # The estimates too, and beside a random term.
  fit <- fit_ours(follicles ~ s + c + (1 | Mare), ovary, "REML", residual = ~ ar2(step | Mare))
  peer <- nlme::lme(follicles ~ s + c, ovary, random = ~ 1 | Mare,
    correlation = nlme::corARMA(form = ~ step | Mare, p = 2), control = nlme::lmeControl(
      maxIter = 300, msMaxIter = 500, tolerance = 1e-10, msTol = 1e-12))
  expect_within(fit$minus2loglik, nlme_value(peer), 1e-4, "ar2 beside a random intercept")
  phi <- stats::coef(peer$modelStruct$corStruct, unconstrained = FALSE)
  expect_within(fit$parameters$estimate[3:4], unname(phi), 2e-3, "phi")
})

test_that("Orthodont: processes and general correlations in what contains them", {
  formula <- distance ~ age * Sex
  value <- function(residual, ...) {
    fit_ours(formula, orthodont, residual = residual, ...)$minus2loglik
  }
  ar1 <- value(~ ar1(visit | Subject))
  expect_within(value(~ ar2(visit | Subject), hold = c(residual.phi2 = 0)), ar1, 1e-7, "ar2 to ar1")
  expect_within(value(~ ar3(visit | Subject)), value(~ toep(visit | Subject)), 1e-5,
    "three coefficients, three lags")
  expect_within(value(~ ma1h(visit | Subject), hold = c(residual.theta = 0)),
    value(~ diag(visit)), 1e-7, "ma1h to diag")
  corg <- value(~ corg(visit | Subject))
  expect_no_higher(corg, value(~ toep(visit | Subject)), 1e-6, "corg contains toep")
  expect_no_higher(value(~ us(visit | Subject)), corg, 1e-6, "us contains corg")
  # As a random term beside the residual.
  expect_within(fit_ours(distance ~ age + corg(0 + Sex | age), orthodont)$minus2loglik,
    fit_ours(distance ~ age + cs(Sex | age), orthodont)$minus2loglik, 1e-6, "corg of two is cs")
})

test_that("Orthodont: what the structures become in their limits", {
  formula <- distance ~ age * Sex
  value <- function(residual, ...) {
    fit_ours(formula, orthodont, residual = residual, ...)$minus2loglik
  }
  iid <- value(~iid)
  us <- value(~ us(visit | Subject))
  toep <- value(~ toep(visit | Subject))
  expect_within(value(~ ar1(visit | Subject), hold = c(residual.rho = 0)), iid, 1e-7, "ar1 to iid")
  expect_within(value(~ id(visit | Subject)), iid, 1e-7, "id")
  expect_within(value(~ fa(visit | Subject, k = 3)), us, 1e-4, "fa with t - 1 factors")
  expect_within(value(~ cs(visit | Subject)),
    fit_ours(distance ~ age * Sex + (1 | Subject), orthodont)$minus2loglik, 1e-6,
    "cs as a random intercept")
  expect_within(value(~ exp(step | Subject)), value(~ ar1(visit | Subject)), 1e-6, "exp as ar1")
  expect_within(value(~ matern(age | Subject, nu = 0.5)), value(~ exp(age | Subject)), 1e-6,
    "matern as exp")
  for (residual in list(~ ante(visit | Subject, k = 3), ~ chol(visit | Subject, k = 3))) {
    expect_within(value(residual), us, 1e-7, "us by its order")
  }
  expect_within(value(~ ante(visit | Subject, 1)), value(~ ante(visit | Subject)), 1e-9, "ante")
  expect_no_higher(value(~ ante(visit | Subject, 2)), value(~ ante(visit | Subject)), 1e-6,
    "ante(2) contains ante")
  for (residual in list(~ toeph(visit | Subject), ~ ante(visit | Subject), ~ fa(visit | Subject),
                        ~ ante(visit | Subject, k = 2), ~ chol(visit | Subject, k = 2))) {
    expect_no_higher(us, value(residual), 1e-6, "us contains it")
  }
  expect_no_higher(toep, value(~ arma11(visit | Subject)), 1e-6, "toep contains arma11")
  expect_no_higher(value(~ toeph(visit | Subject)), toep, 1e-6, "toeph contains toep")
})

test_that("Ovary, BodyWeight: random effects and correlated residuals as in lme()", {
  ovary <- as.data.frame(nlme::Ovary)
  ovary$Mare <- factor(as.character(ovary$Mare))
  ovary <- ovary[order(ovary$Mare, ovary$Time), ]
  ovary$step <- stats::ave(ovary$Time, ovary$Mare, FUN = seq_along)
  ovary$visit <- factor(ovary$step)
  ovary <- transform(ovary, s = sin(2 * pi * Time), c = cos(2 * pi * Time))
  expect_value(follicles ~ s + c + diag(1 + s | Mare), ovary, ~ ar1(visit | Mare),
    peer_lme(follicles ~ s + c, ovary, random = list(Mare = nlme::pdDiag(~s)),
      correlation = nlme::corAR1(form = ~ step | Mare)), "Ovary ar1")
  expect_value(follicles ~ s + c + (1 | Mare), ovary, ~ exp(Time | Mare),
    peer_lme(follicles ~ s + c, ovary, random = list(Mare = ~1),
      correlation = nlme::corExp(form = ~ Time | Mare)), "Ovary exp")

  rats <- as.data.frame(nlme::BodyWeight)
  rats$Rat <- factor(as.character(rats$Rat))
  expect_value(weight ~ Time * Diet + (1 + Time | Rat), rats, ~ exp(Time | Rat),
    peer_lme(weight ~ Time * Diet, rats, random = ~ Time | Rat,
      correlation = nlme::corExp(form = ~ Time | Rat)), "BodyWeight exp")
  expect_value(weight ~ Time * Diet + (1 + Time | Rat), rats, ~ diag(Diet),
    peer_lme(weight ~ Time * Diet, rats, random = ~ Time | Rat,
      weights = nlme::varIdent(form = ~ 1 | Diet)), "BodyWeight diag")
})

# -2 log-likelihood by REML, subject by subject: variance x a correlation of the distance, plus a
# nugget. `log_values`: log of the variance, the range, the smoothness of matern, and the nugget.
distance_oracle <- function(formula, data, group, time, name) {
  X <- stats::model.matrix(formula, data)
  y <- stats::model.response(stats::model.frame(formula, data))
  rows <- split(seq_along(y), as.character(data[[group]]))
  apart <- lapply(rows, function(i) abs(outer(data[[time]][i], data[[time]][i], "-")))
  correlation <- switch(name,
    exp = function(d, p) exp(-d / p[2L]),
    gau = function(d, p) exp(-(d / p[2L])^2),
    matern = function(d, p) {
      x <- d / p[2L]
      ifelse(x == 0, 1, 2 * (x / 2)^p[3L] * besselK(x, p[3L]) / gamma(p[3L]))
    }
  )
  function(log_values) {
    p <- exp(log_values)
    total <- 0
    sums <- 0
    for (k in seq_along(rows)) {
      V <- p[1L] * correlation(apart[[k]], p) + diag(p[length(p)], length(rows[[k]]))
      root <- tryCatch(chol(V), error = function(e) NULL)
      if (is.null(root)) return(1e10)
      Z <- backsolve(root, cbind(X, y)[rows[[k]], ], transpose = TRUE)
      sums <- sums + crossprod(Z)
      total <- total + 2 * sum(log(diag(root)))
    }
    last <- ncol(sums)
    root <- chol(sums)
    (length(y) - ncol(X)) * log(2 * pi) + total + 2 * sum(log(diag(root)[-last])) +
      root[last, last]^2
  }
}

test_that("Dialyzer, Ovary: random curves by distance are those of V, from their own starts", {
  dialyzer <- as.data.frame(nlme::Dialyzer)
  dialyzer$Subject <- factor(as.character(dialyzer$Subject))
  ovary <- as.data.frame(nlme::Ovary)
  ovary$Mare <- factor(as.character(ovary$Mare))
  cases <- list(
    list(rate ~ (pressure + I(pressure^2) + I(pressure^3) + I(pressure^4)) * QB, dialyzer,
      "Subject", "pressure"),
    list(follicles ~ sin(2 * pi * Time) + cos(2 * pi * Time), ovary, "Mare", "Time")
  )
  # The Gaussian likelihood of Ovary has two tops, 1.3 apart.
  starts <- list(exp = list(c(2.5, 0, 0)), gau = list(c(2.5, -3, 1), c(2.5, 0, -1)),
    matern = list(c(2.5, 0, 0, 0)))
  for (case in cases) {
    for (name in names(starts)) {
      dense <- do.call(distance_oracle, c(case, name))
      peer <- min(vapply(starts[[name]], function(start) {
        n <- length(start)
        nlminb(start, dense, lower = c(-5, -6, if (n > 3L) log(0.02), -12), upper = 8,
          control = list(rel.tol = 1e-11, iter.max = 300, eval.max = 500))$objective
      }, 0))
      term <- paste0(name, "(", case[[4L]], " | ", case[[3L]], ")")
      fit <- lmmfit(stats::update(case[[1L]], paste("~ . +", term)), case[[2L]])
      expect_identical(fit$convergence$status, "converged", info = term)
      expect_within(-2 * as.numeric(logLik(fit)), peer, 1e-4, term)
      if (name == "gau") next
      records <- transform(case[[2L]], record = factor(seq_len(nrow(case[[2L]]))))
      same <- lmmfit(stats::update(case[[1L]], . ~ . + (1 | record)), records,
        residual = stats::as.formula(paste("~", term)))
      expect_within(-2 * as.numeric(logLik(same)), peer, 1e-4, paste("residual", term))
    }
  }
})

test_that("thousands of positions cost what each subject has of them", {
  # 1500 subjects with eight times of their own: a matrix of all 12 000 times would need 1.2 GB.
  set.seed(8)
  trial <- data.frame(id = factor(rep(seq_len(1500), each = 8)), time = stats::runif(12000, 0, 10))
  by_subject <- split(trial$time, trial$id)
  trial$y <- unlist(lapply(by_subject, function(time) {
    crossprod(chol(2 * exp(-abs(outer(time, time, "-")) / 1.5)), stats::rnorm(8))
  }))
  for (name in c("exp", "matern")) {
    fit <- lmmfit(y ~ time, trial, residual = stats::as.formula(paste0("~ ", name, "(time | id)")))
    expect_identical(fit$convergence$status, "converged")
    truth <- c(2, 1.5, if (name == "matern") 0.5)
    expect_lt(max(abs(varcomp(fit)$estimate - truth) / varcomp(fit)$se), 3)
  }
})

test_that("BodyWeight: structures that are nearly singular, from their own starts", {
  rats <- as.data.frame(nlme::BodyWeight)
  rats$Rat <- factor(as.character(rats$Rat))
  rats$visit <- factor(rats$Time)
  formula <- weight ~ Time * Diet
  # Gaussian correlation: nlme's search runs away to a range of 1e32; here the profile through V.
  fit <- lmmfit(formula, rats, residual = ~ gau(Time | Rat))
  expect_true(has_converged(fit))
  own <- fit$parameters$estimate
  minus2loglik <- function(range) {
    R <- exp(-(outer(rats$Time, rats$Time, "-") / range)^2) * outer(rats$Rat, rats$Rat, "==")
    diag(R) <- 1 + 1e-10  # as ?structures says
    oracle_minus2loglik(list(V = own[1] * R, X = stats::model.matrix(formula, rats),
      y = rats$weight))
  }
  expect_within(fit$minus2loglik, minus2loglik(own[2]), 1e-6, "gau through V")
  expect_within(stats::optimize(minus2loglik, c(5, 12), tol = 1e-8)$minimum, own[2], 1e-4,
    "the range of the profile")
  # 66 parameters from 16 rats: glmmTMB 1.1.5 ends at 978.835.
  fit <- lmmfit(formula, rats, residual = ~ us(visit | Rat))
  expect_true(has_converged(fit))
  expect_no_higher(fit$minus2loglik, 978.4726, 1e-4, "us of eleven visits")
})

test_that("Dialyzer: seven visits as in gls()", {
  dialyzer <- as.data.frame(nlme::Dialyzer)
  dialyzer$Subject <- factor(as.character(dialyzer$Subject))
  dialyzer$visit <- factor(dialyzer$index)
  formula <- rate ~ (pressure + I(pressure^2) + I(pressure^3) + I(pressure^4)) * QB
  expect_value(formula, dialyzer, ~ ar1(visit | Subject),
    peer_gls(formula, dialyzer, correlation = nlme::corAR1(form = ~ index | Subject)), "ar1")
  expect_value(formula, dialyzer, ~ exp(pressure | Subject),
    peer_gls(formula, dialyzer, correlation = nlme::corExp(form = ~ pressure | Subject)), "exp")
  expect_value(formula, dialyzer, ~ us(visit | Subject),
    peer_gls(formula, dialyzer, correlation = nlme::corSymm(form = ~ index | Subject),
      weights = nlme::varIdent(form = ~ 1 | visit)), "us")
})

test_that("random csh beside a free residual: a standard deviation stops at zero with a slope", {
  dialyzer <- as.data.frame(nlme::Dialyzer)
  dialyzer$Subject <- factor(as.character(dialyzer$Subject))
  dialyzer$visit <- factor(dialyzer$index)
  formula <- rate ~ (pressure + I(pressure^2)) * QB
  fit <- fit_ours(update(formula, ~ . + csh(visit | Subject)), dialyzer)
  own <- fit$parameters
  expect_identical(own$status[1L], "at boundary")
  expect_identical(own$estimate[1L], 0)
  spec <- list(X = stats::model.matrix(formula, dialyzer), y = dialyzer$rate)
  at <- dialyzer$index
  same <- outer(dialyzer$Subject, dialyzer$Subject, "==")
  minus2loglik <- function(p) {
    R <- p[8] + diag(1 - p[8], 7)
    Sigma <- R * outer(p[1:7], p[1:7])
    oracle_minus2loglik(c(spec, list(V = Sigma[at, at] * same + diag(p[9]^2, length(at)))))
  }
  p <- c(sqrt(own$estimate[1:7]), own$estimate[8], sqrt(own$estimate[9]))
  expect_within(fit$minus2loglik, minus2loglik(p), 1e-6, "csh through V")
  best <- stats::nlminb(p + 0.05, minus2loglik, lower = c(rep(0, 7), -0.15, 0.01),
    upper = c(rep(Inf, 7), 0.999, Inf))$objective
  expect_no_higher(fit$minus2loglik, best, 1e-5, "csh from nearby")
})

test_that("BodyWeight, random csh: the residual goes to zero, as in the residual form", {
  rats <- as.data.frame(nlme::BodyWeight)
  rats$visit <- factor(rats$Time)
  fit <- fit_ours(weight ~ Time * Diet + csh(visit | Rat), rats)
  expect_identical(fit$parameters$status[13L], "at boundary")
  expect_value(weight ~ Time * Diet, rats, ~ csh(visit | Rat), fit$minus2loglik, "csh")
})
