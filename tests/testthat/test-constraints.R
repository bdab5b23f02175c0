# Ties and bounds, against equivalent models written without them, held values, peers, and the dense
# V form.

orth <- transform(nlme::Orthodont, visit = factor(age), Sex = factor(Sex))
base <- distance ~ age * Sex

expect_same_fit <- function(found, expected, what) {
  expect_within(found$minus2loglik, expected$minus2loglik, 1e-7, what)
  expect_identical(attr(logLik(found), "df"), attr(logLik(expected), "df"))
  expect_relative(found$fixed$estimate, expected$fixed$estimate, 1e-6, what)
  expect_relative(found$fixed$se, expected$fixed$se, 1e-6, what)
}

test_that("a tied diag is one variance", {
  for (method in c("REML", "ML")) {
    one <- lmmfit(distance ~ age * Sex + (1 | Subject), orth, method = method)
    tied <- lmmfit(distance ~ age * Sex + (1 | Subject), orth, method = method,
      residual = ~ diag(visit), tie = paste0("residual.", c(8, 10, 12, 14)))
    expect_same_fit(tied, one, method)
    expect_identical(varcomp(tied)$status, c("free", rep("tied", 4)))
    expect_relative(varcomp(tied)$se, varcomp(one)$se[c(1, 2, 2, 2, 2)], 1e-6, "SE")
    expect_relative(anova(tied)$DenDF, anova(one)$DenDF, 1e-4, "df")
  }
  random <- lmmfit(yield ~ nitro + diag(Variety | Block), nlme::Oats,
    tie = paste0("Block.Variety", c("Golden Rain", "Marvellous", "Victory")))
  expect_same_fit(random, lmmfit(yield ~ nitro + id(Variety | Block), nlme::Oats), "random")
})

test_that("two groups of us, tied as a whole, are one us", {
  tied <- lmmfit(base, orth, residual = ~ us(visit | Sex / Subject),
    tie = c("residual.Male", "residual.Female"))
  one <- lmmfit(base, orth, residual = ~ us(visit | Subject))
  expect_same_fit(tied, one, "us")
  expect_relative(varcomp(tied)$se[1:10], varcomp(one)$se, 1e-5, "SE")
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    expect_relative(as.matrix(anova(tied, ddf = ddf)), as.matrix(anova(one, ddf = ddf)), 1e-4, ddf)
  }
})

test_that("random us terms that are tied as a whole are one term", {
  # Boys and girls have coefficients of their own: one term of all subjects, cut in two.
  data <- transform(orth, boy = as.numeric(Sex == "Male"), girl = as.numeric(Sex == "Female"),
    boys = factor(ifelse(Sex == "Male", as.character(Subject), "none")),
    girls = factor(ifelse(Sex == "Female", as.character(Subject), "none")))
  one <- lmmfit(distance ~ age * Sex + (1 + age | Subject), data)
  cut <- distance ~ age * Sex + us(0 + boy + boy:age | boys) + us(0 + girl + girl:age | girls)
  two <- lmmfit(cut, data, tie = c("boys", "girls"))
  expect_same_fit(two, one, "us")
  expect_relative(varcomp(two)$se[1:3], varcomp(one)$se[1:3], 1e-5, "SE")
  # Where the optimum is singular, both find it.
  flat <- transform(data,
    distance = ave(distance, Sex, age) + rev(distance - ave(distance, Subject)))
  one <- lmmfit(distance ~ age * Sex + (1 + age | Subject), flat)
  two <- lmmfit(cut, flat, tie = c("boys", "girls"))
  expect_within(two$minus2loglik, one$minus2loglik, 1e-6, "at the boundary")
})

test_that("proportional structures are weights", {
  data <- transform(orth, w = ifelse(Sex == "Male", 1 / 4, 1))
  weighted <- lmmfit(base, data, weights = w, residual = ~ us(visit | Subject))
  tied <- lmmfit(base, data, residual = ~ us(visit | Sex / Subject),
    tie = c(residual.Male = 4, residual.Female = 1))
  expect_same_fit(tied, weighted, "us")
  scalar <- lmmfit(base, orth, residual = ~ diag(Sex), tie = ~ residual.Male == 4 * residual.Female)
  expect_same_fit(scalar, lmmfit(base, data, weights = w), "diag")
  expect_relative(varcomp(scalar)$estimate[1L], 4 * varcomp(scalar)$estimate[2L], 1e-12, "ratio")
})

test_that("one correlation with a variance by group is nlme's varIdent", {
  for (structure in c("ar1", "cs")) {
    residual <- as.formula(sprintf("~ %s(visit | Sex / Subject)", structure))
    fit <- lmmfit(base, orth, residual = residual, tie = ~ residual.Male.rho == residual.Female.rho)
    correlation <- switch(structure, ar1 = nlme::corAR1(form = ~ 1 | Subject),
      cs = nlme::corCompSymm(form = ~ 1 | Subject))
    peer <- nlme::gls(base, orth, correlation = correlation,
      weights = nlme::varIdent(form = ~ 1 | Sex))
    expect_within(fit$minus2loglik, -2 * as.numeric(logLik(peer)), 1e-4, structure)
    rho <- coef(peer$modelStruct$corStruct, unconstrained = FALSE)
    expect_relative(varcomp(fit)$estimate[2L], rho, 1e-4, "rho")
  }
})

test_that("tied entries of us are the structure that they make", {
  names <- c("8", "10", "12", "14")
  pairs <- combn(names, 2L, paste, collapse = ".")
  tied <- lmmfit(base, orth, residual = ~ us(visit | Subject),
    tie = list(paste0("residual.", names), paste0("residual.", pairs)))
  expect_same_fit(tied, lmmfit(base, orth, residual = ~ cs(visit | Subject)), "cs")
  lags <- list(c("8.10", "10.12", "12.14"), c("8.12", "10.14"))
  toep <- lmmfit(base, orth, residual = ~ us(visit | Subject),
    tie = c(list(paste0("residual.", names)), lapply(lags, function(x) paste0("residual.", x))))
  expect_same_fit(toep, lmmfit(base, orth, residual = ~ toep(visit | Subject)), "toep")
})

test_that("a residual variance can be tied to a random one", {
  # Closed form: V = s (I + 2 ZZ'), by REML s = y'Py / (n - rank).
  fit <- lmmfit(distance ~ age + (1 | Subject), orth, tie = ~ Subject == 2 * residual)
  Z <- model.matrix(~ 0 + Subject, orth)
  X <- model.matrix(~ age, orth)
  V <- diag(nrow(orth)) + 2 * tcrossprod(Z)
  W <- solve(V)
  P <- W - W %*% X %*% solve(t(X) %*% W %*% X, t(X) %*% W)
  n <- nrow(orth) - 2
  s <- drop(t(orth$distance) %*% P %*% orth$distance) / n
  value <- n * (log(2 * pi * s) + 1) + as.numeric(determinant(V)$modulus +
    determinant(t(X) %*% W %*% X)$modulus)
  expect_within(fit$minus2loglik, value, 1e-7, "-2l")
  expect_relative(varcomp(fit)$estimate, c(2 * s, s), 1e-6, "variances")
  # Var(s) = 2 s^2 / n from the average information, half of (y'Py)^2 / s^2.
  expect_relative(varcomp(fit)$se[2L], sqrt(2 / n) * s, 1e-6, "SE")
  expect_within(vpredict(fit, ~ Subject / residual)$se, 0, 1e-8, "a ratio that is known")
})

test_that("a bound that does not matter changes nothing, one that does is held there", {
  free <- lmmfit(base, orth, residual = ~ ar1(visit | Subject))
  wide <- lmmfit(base, orth, residual = ~ ar1(visit | Subject),
    bounds = list(residual.rho = c(0, 0.9), residual.variance = c(1, 100)))
  expect_same_fit(wide, free, "inactive")
  expect_relative(varcomp(wide)$se, varcomp(free)$se, 1e-5, "SE")
  expect_identical(varcomp(wide)$status, c("free", "free"))

  active <- lmmfit(base, orth, residual = ~ ar1(visit | Subject),
    bounds = list(residual.rho = c(-0.2, 0.5)))
  held <- lmmfit(base, orth, residual = ~ ar1(visit | Subject), hold = c(residual.rho = 0.5))
  expect_within(active$minus2loglik, held$minus2loglik, 1e-8, "active")
  expect_identical(varcomp(active)$status, c("free", "at bound"))
  expect_relative(varcomp(active)$se, varcomp(held)$se, 1e-8, "SE")
  expect_relative(as.matrix(anova(active)), as.matrix(anova(held)), 1e-6, "tests")
  expect_identical(attr(logLik(active), "df"), attr(logLik(held), "df") + 1L)
})

test_that("variances, covariances and ranges are bounded on their own scale and in any unit", {
  for (unit in c(1e-3, 1, 1e4)) {
    data <- transform(orth, distance = distance * unit)
    least <- lmmfit(distance ~ age + (1 | Subject), data,
      bounds = list(Subject = c(5, Inf) * unit^2))
    held <- lmmfit(distance ~ age + (1 | Subject), data, hold = c(Subject = 5 * unit^2))
    expect_within(least$minus2loglik, held$minus2loglik, 1e-7, "variance")
    most <- lmmfit(distance ~ age + (1 | Subject), data,
      bounds = list(residual = c(0, 1.5) * unit^2))
    held <- lmmfit(distance ~ age + (1 | Subject), data, hold = c(residual = 1.5 * unit^2))
    expect_within(most$minus2loglik, held$minus2loglik, 1e-7, "residual")
  }
  covariance <- lmmfit(distance ~ age + (1 + age | Subject), orth,
    bounds = list(Subject.Intercept.age = c(0, Inf)))
  independent <- lmmfit(distance ~ age + (1 + age || Subject), orth)
  expect_within(covariance$minus2loglik, independent$minus2loglik, 1e-6, "covariance")
  near <- lmmfit(base, orth, residual = ~ exp(age | Subject),
    bounds = list(residual.range = c(0, 3)))
  held <- lmmfit(base, orth, residual = ~ exp(age | Subject), hold = c(residual.range = 3))
  expect_within(near$minus2loglik, held$minus2loglik, 1e-7, "range")
})

test_that("bounds of several parameters meet the conditions of an optimum", {
  bounds <- list(residual.8 = c(0, 2), residual.10 = c(2, 9), residual.14 = c(0, 50))
  fit <- lmmfit(distance ~ age * Sex + (1 | Subject), orth, residual = ~ diag(visit),
    bounds = bounds)
  expect_identical(fit$convergence$status, "converged")
  at <- varcomp(fit)
  expect_identical(at$status, c("free", "at bound", "at bound", "free", "free"))
  spec <- henderson:::fit_spec(fit)
  score <- henderson:::likelihood_cpp(spec, at$estimate)$gradient
  expect_lt(score[2L], 0)  # -2l would fall beyond the upper bound
  expect_gt(score[3L], 0)
  expect_within(score[c(1L, 4L, 5L)], numeric(3), 1e-4, "score of the free ones")
})

test_that("everything after the fit keeps ties and bounds", {
  fit <- lmmfit(base, orth, residual = ~ ar1(visit | Sex / Subject),
    tie = ~ residual.Male.rho == residual.Female.rho, bounds = list(residual.Male.rho = c(0, 0.8)))
  copy <- tempfile()
  saveRDS(fit, copy)
  fit <- readRDS(copy)
  expect_output(print(fit),
    "residual.Female.rho = residual.Male.rho; residual.Male.rho[[:space:]]+in \\[0, 0.8\\]")
  limits <- confint(fit, c("residual.Male.rho", "residual.Female.rho"), method = "profile")
  expect_relative(limits[1L, ], limits[2L, ], 1e-6, "profiles of tied parameters")
  expect_identical(unname(limits[1L, 2L]), 0.8)
  samples <- attr(confint(fit, "variance", method = "boot", nsim = 8, seed = 2), "samples")
  expect_relative(samples[, "residual.Male.rho"], samples[, "residual.Female.rho"], 1e-10,
    "bootstrap")
  expect_lte(max(samples[, "residual.Male.rho"]), 0.8)
  again <- update(fit, method = "ML")
  expect_identical(varcomp(again)$status, varcomp(fit)$status)
  free <- lmmfit(base, orth, residual = ~ ar1(visit | Sex / Subject))
  test <- anova(fit, free)
  expect_identical(test$Df[2L], 1)
})

test_that("ranova drops a term with its ties", {
  data <- transform(nlme::Oats, plot = interaction(Block, Variety))
  fit <- lmmfit(yield ~ nitro + (1 | Block) + (1 | plot), data, tie = c("Block", "plot"))
  table <- ranova(fit)
  smaller <- lmmfit(yield ~ nitro + (1 | plot), data)
  expect_within(table[["-2logLik"]][2L], smaller$minus2loglik, 1e-6, "without Block")
  expect_identical(table$Df[2L], 0)
})

test_that("a held parameter holds those that are tied to it", {
  tied <- lmmfit(distance ~ age + (1 | Subject), orth, residual = ~ diag(Sex),
    tie = c(residual.Male = 3, residual.Female = 1), hold = c(residual.Female = 1))
  held <- lmmfit(distance ~ age + (1 | Subject), orth, residual = ~ diag(Sex),
    hold = c(residual.Male = 3, residual.Female = 1))
  expect_same_fit(tied, held, "held")
  expect_identical(varcomp(tied)$status, c("free", "held", "held"))
})

test_that("traits in different units are tied in the user's units", {
  set.seed(3)
  data <- data.frame(id = gl(30, 2), a = rnorm(60), b = 1000 * rnorm(60))
  fit <- lmmfit(cbind(a, b) ~ 0 + trait, data, tie = c("residual.a" = 1, "residual.b" = 1e6),
    residual = ~ diag(trait))
  expect_relative(varcomp(fit)$estimate[nrow(varcomp(fit))],
    1e6 * varcomp(fit)$estimate[nrow(varcomp(fit)) - 1L], 1e-10, "ratio")
})

test_that("bounds beyond the range of a structure are an error, and those on its side none", {
  set.seed(3)
  d <- expand.grid(visit = gl(4, 1), id = gl(20, 1))
  d$y <- stats::rnorm(80) + stats::rnorm(20)[d$id]
  for (residual in list(~ cs(visit | id), ~ csh(visit | id))) {
    expect_error(lmmfit(y ~ 1, d, residual = residual, bounds = list(residual.rho = c(-0.9, -0.5))),
      "between|nothing", class = "henderson_error")
  }
  free <- lmmfit(y ~ 1, d, residual = ~ cs(visit | id))
  wide <- lmmfit(y ~ 1, d, residual = ~ cs(visit | id), bounds = list(residual.rho = c(-0.9, 0.99)))
  expect_equal(deviance(wide), deviance(free), tolerance = 1e-9)
})

# A covariance that is far from the default start: between its estimate and twice that, the best is
# the fit without bounds.
test_that("bounds of a covariance that cut off the default start are kept and change nothing", {
  root <- chol(matrix(c(4000, -1000, -1000, 280), 2L))
  for (seed in c(1, 2, 7, 9)) {
    set.seed(seed)
    d <- data.frame(t = rep(0:4, 8), id = gl(8, 5))
    u <- matrix(rnorm(16), 8) %*% root
    d$y <- u[d$id, 1L] + u[d$id, 2L] * d$t + rnorm(40, sd = 50)
    fit <- lmmfit(y ~ 1 + (1 + t | id), d)
    covariance <- varcomp(fit)$estimate[2L]
    expect_lt(covariance, 0)
    bounded <- lmmfit(y ~ 1 + (1 + t | id), d,
      bounds = list(id.Intercept.t = c(2, 1) * covariance))
    expect_identical(bounded$convergence$status, "converged")
    expect_lt(abs(bounded$minus2loglik - fit$minus2loglik), 1e-6)
    # And where they do cut: the best at that covariance.
    held <- lmmfit(y ~ 1 + (1 + t | id), d, hold = c(id.Intercept.t = 1.2 * covariance))
    cut <- lmmfit(y ~ 1 + (1 + t | id), d,
      bounds = list(id.Intercept.t = c(2, 1.2) * covariance))
    expect_lt(abs(cut$minus2loglik - held$minus2loglik), 1e-5)
  }
})
