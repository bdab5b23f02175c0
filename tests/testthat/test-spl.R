wave <- function() {
  set.seed(4)
  x <- seq(0, 10, length.out = 40)
  data.frame(x = rep(x, 2L), y = rep(sin(x), 2L) + rnorm(80L) * 0.3, k = gl(2L, 40L),
    id = factor(rep(1:10, 8L)))
}

test_that("the basis is the natural cubic spline through its values at the knots", {
  knots <- c(0, 1, 2.5, 4, 7)
  basis <- spl(c(-1, 0, 0.3, 2, 3, 6.9, 7, 9, NA), knots)
  expect_equal(dim(basis), c(9L, 4L))
  expect_true(all(is.na(basis[9L, ])))
  at_knots <- unclass(spl(knots, knots))[, -1L]
  for (j in 1:3) {
    curve <- splinefun(knots, at_knots[, j], method = "natural")
    expect_equal(basis[1:8, j + 1L], curve(c(-1, 0, 0.3, 2, 3, 6.9, 7, 9)))
  }
  # Verbyla et al. (1999): Z = Delta (Delta'Delta)^-1 L.
  parts <- spline_differences(knots)
  Z <- parts$delta %*% solve(crossprod(parts$delta)) %*% t(chol(parts$gram))
  expect_equal(unname(at_knots), unname(Z))
})

test_that("the fit is the smoothing spline at lambda = residual / spline variance", {
  data <- wave()
  fit <- lmmfit(y ~ x + spl(x), data)
  v <- varcomp(fit)$estimate
  lambda <- v[2L] / v[1L]
  # Green & Silverman (1994), 2.3: g = (N'N + lambda K)^-1 N'y with K = Delta G^-1 Delta'.
  parts <- spline_differences(unique(data$x))
  K <- parts$delta %*% solve(parts$gram, t(parts$delta))
  g <- solve(2 * diag(40L) + lambda * K, tapply(data$y, data$x, sum))
  expect_equal(unname(fitted(fit)), rep(unname(as.vector(g)), 2L), tolerance = 1e-7)
  # smooth.spline() takes lambda for x on 0 ... 1, and is itself exact to about 1e-5.
  peer <- smooth.spline(data$x, data$y, all.knots = TRUE, lambda = lambda / 10^3)
  new <- c(-1, 0.07, 3.3, 9.9, 12)
  expect_equal(unname(predict(fit, data.frame(x = new))), predict(peer, new)$y, tolerance = 1e-4)
})

test_that("variances are those of nlme and mgcv", {
  data <- wave()
  fit <- lmmfit(y ~ x + spl(x), data)
  data$Z <- unclass(spl(data$x))[, -1L]
  data$one <- factor(1)
  peer <- nlme::lme(y ~ x, data, random = list(one = nlme::pdIdent(~ Z - 1)))
  expect_equal(deviance(fit), -2 * as.numeric(logLik(peer)), tolerance = 1e-7)
  expect_equal(varcomp(fit)$estimate[1L], as.numeric(nlme::VarCorr(peer)[1L, 1L]),
    tolerance = 1e-4)
  # mgcv 1.8-41, gam(y ~ s(x, bs = "cr", k = 40), knots = list(x = x), method = "REML")
  expect_equal(varcomp(fit)$estimate[2L], 0.073057028, tolerance = 1e-6)
  expect_equal(sum(effective_dimensions(fit)$effective[1:2]), 10.8385812, tolerance = 1e-6)
  p <- predict(fit, data.frame(x = c(0.05, 3.33, 9)), se = TRUE)
  expect_equal(unname(p$fit), c(0.24928374, -0.11492721, 0.39210414), tolerance = 1e-6)
  expect_equal(unname(p$se.fit), c(0.138307836, 0.094990676, 0.096594784), tolerance = 1e-6)
})

test_that("the unit and the origin of the covariate do not matter", {
  data <- wave()
  fit <- lmmfit(y ~ x + spl(x), data)
  far <- lmmfit(y ~ x + spl(x), transform(data, x = 1000 * x + 1e6))
  expect_equal(fitted(far), fitted(fit), tolerance = 1e-7)
  expect_equal(varcomp(far)$estimate[1L] * 1e9, varcomp(fit)$estimate[1L], tolerance = 1e-5)
})

test_that("a curve by level and a curve by group are what blocks of the basis give", {
  data <- wave()
  data$y <- data$y + ifelse(data$k == 2, 0.3 * cos(2 * data$x), 0)
  by <- lmmfit(y ~ k * x + spl(x, by = k), data)
  expect_equal(varcomp(by)$parameter, c("spl.x.1", "spl.x.2", "residual"))
  Z <- unclass(spl(data$x))[, -1L]
  dense <- function(v, z1, z2) {
    V <- v[1L] * tcrossprod(z1) + v[2L] * tcrossprod(z2) + v[3L] * diag(80L)
    oracle_minus2loglik(list(V = V, X = model.matrix(~ k * x, data), y = data$y))
  }
  one <- Z * (data$k == 1)
  two <- Z * (data$k == 2)
  expect_equal(deviance(by), dense(varcomp(by)$estimate, one, two), tolerance = 1e-9)
  group <- lmmfit(y ~ k * x + spl(x | k), data)
  v <- varcomp(group)
  expect_equal(v$parameter, c("spl.x.k", "residual"))
  expect_equal(deviance(group), dense(v$estimate[c(1L, 1L, 2L)], one, two), tolerance = 1e-9)
})

test_that("predictions use the knots of the fit, and new levels have their variance", {
  data <- wave()
  fit <- lmmfit(y ~ x + spl(x, knots = 12) + spl(x | id, knots = 5), data,
    hold = c(spl.x.id = 0.1))
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(fit, file)
  expect_equal(predict(readRDS(file), data[7:9, ]), fitted(fit)[7:9])
  expect_error(predict(fit, data.frame(x = 3, id = "new")), class = "henderson_error")
  new <- data.frame(x = 3, id = c("new", "1"))
  p <- predict(fit, new, allow_new_levels = TRUE, se = TRUE)
  mean <- predict(fit, new[1L, ], random = "spl.x", se = TRUE)
  expect_equal(p$fit[[1L]], mean$fit[[1L]])
  z <- unclass(spl(3, attr(model.frame(fit)[["henderson::spl(x = x, knots = 5)"]], "knots")))[-1L]
  expect_equal(p$se.fit[[1L]]^2, mean$se.fit[[1L]]^2 + 0.1 * sum(z^2))
  # Outside of the knots the curve is a line.
  line <- predict(fit, data.frame(x = c(11, 12, 13)), random = "spl.x")
  expect_equal(diff(line)[[1L]], diff(line)[[2L]])
})

test_that("splines stand beside the other parts of a formula", {
  data <- wave()
  fit <- lmmfit(y ~ . + spl(x), data[c("x", "y", "k")])
  expect_equal(names(fixef(fit)), c("(Intercept)", "x", "k2"))
  fit <- lmmfit(y ~ x + k + spl(x), data)
  expect_equal(deviance(update(fit, . ~ . - k)), deviance(lmmfit(y ~ x + henderson::spl(x), data)))
  data$y2 <- cos(data$x) + rnorm(80L) * 0.2
  two <- lmmfit(cbind(y, y2) ~ x + spl(x), data)
  expect_equal(varcomp(two)$parameter[1:2], c("spl.x.y", "spl.x.y2"))
  three <- lmmfit(y ~ x + spl(x, 3), data)
  expect_equal(three$random[[1L]]$n_levels, 1L)
})

test_that("what cannot be fitted is an error that says what to write", {
  data <- wave()
  for (formula in c(y ~ spl(x), y ~ log(x + 1) + spl(x), y ~ 0 + x + spl(x), y ~ k + spl(x | k))) {
    expect_error(lmmfit(formula, data), class = "henderson_error_spline_linear")
  }
  for (formula in c(y ~ x + spl(x):k, y ~ x * spl(x), y ~ x + spl(), y ~ x + spl(x || id),
    y ~ x + spl(x, by = x), y ~ x + spl(x | gr(id, cov = diag(10))), y ~ k + spl(as.numeric(k)))) {
    expect_error(lmmfit(formula, data), class = "henderson_error_spline")
  }
  expect_error(lmmfit(y ~ x + spl(k), data), class = "henderson_error_argument")
  expect_error(lmmfit(y ~ x + spl(x, knots = 2), data), class = "henderson_error_argument")
  expect_error(spl(1:5, by = 1), class = "henderson_error_spline")
  # The linear part may be written in other ways.
  expect_equal(fitted(lmmfit(y ~ 0 + k + k:x + spl(x), data)),
    fitted(lmmfit(y ~ k * x + spl(x), data)), tolerance = 1e-6)
  expect_equal(fitted(lmmfit(y ~ poly(x, 1) + spl(x), data)),
    fitted(lmmfit(y ~ x + spl(x), data)), tolerance = 1e-6)
})
