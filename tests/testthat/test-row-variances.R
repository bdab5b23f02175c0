# Standard errors of many rows at once, against the dense inverse of the mixed model equations.

set.seed(11)
n <- 300
d <- data.frame(s = gl(30, 10), g = factor(sample.int(4, n, TRUE)), x = stats::rnorm(n))
d$y <- stats::rnorm(30)[d$s] + stats::rnorm(4)[d$g] + d$x * stats::rnorm(30)[d$s] + stats::rnorm(n)
new <- data.frame(s = factor(sample.int(30, 900, TRUE)), g = factor(sample.int(4, 900, TRUE)),
  x = stats::rnorm(900))

dense_se <- function(fit, new, included) {
  equations <- mme(fit)
  C <- as.matrix(equations$coefficient)
  inverse <- solve(C)
  rows <- new_rows(fit, new, included, FALSE)
  Z <- rows$Z
  for (k in setdiff(seq_along(Z), included)) Z[[k]] <- 0 * Z[[k]]
  W <- as.matrix(do.call(cbind, c(list(rows$X), Z)))
  scale <- equations$scale %||% 1
  unname(sqrt(rowSums((W %*% inverse) * W) * scale))
}

test_that("many rows have the standard errors of the dense inverse", {
  models <- list(y ~ x + (1 | s), y ~ x + (x | s) + (1 | g), y ~ g * x + (x || s),
    y ~ poly(x, 12) + (1 | s))
  for (model in models) {
    fit <- lmmfit(model, d, control = lmm_control(identify = "report"))
    if (any(fit$parameters$estimate == 0)) next
    all <- seq_along(fit$random)
    expect_true(is_worth_columns(fit, nrow(new), length(fit$fixed$names) + 4L))
    expect_equal(unname(predict(fit, new, se = TRUE)$se.fit), dense_se(fit, new, all),
      tolerance = 1e-10)
    few <- predict(fit, new[1:40, ], se = TRUE)$se.fit
    expect_equal(unname(few), dense_se(fit, new[1:40, ], all), tolerance = 1e-10)
    label <- fit$random[[1L]]$label
    expect_equal(unname(predict(fit, new, random = label, se = TRUE)$se.fit),
      dense_se(fit, new, which(term_labels(fit) == label)), tolerance = 1e-10)
  }
})

test_that("a slope without variance, new levels and rows of several levels", {
  flat <- lmmfit(y ~ x + (x || s), d, hold = c(s.x = 0, s.Intercept = 1, residual = 1))
  one <- lmmfit(y ~ x + (1 | s), d, hold = c(s = 1, residual = 1))
  expect_equal(predict(flat, new, se = TRUE), predict(one, new, se = TRUE), tolerance = 1e-10)
  added <- transform(new, s = factor(ifelse(seq_len(900) %% 3 == 0, "new", as.character(s))))
  found <- predict(one, added, allow_new_levels = TRUE, se = TRUE)$se.fit
  own <- vapply(1:6, function(i) {
    predict(one, added[i, ], allow_new_levels = TRUE, se = TRUE)$se.fit
  }, 0)
  expect_equal(unname(found[1:6]), unname(own), tolerance = 1e-10)
  pairs <- data.frame(y = d$y, x = d$x, a = d$s, b = factor((as.integer(d$s) + 6L) %% 30L + 1L))
  mixed <- lmmfit(y ~ x + (1 | mm(a, b)), pairs, hold = c(a.b = 1, residual = 1))
  many <- pairs[rep(seq_len(n), 3L), ]
  expect_equal(unname(predict(mixed, many, se = TRUE)$se.fit[1:5]),
    unname(predict(mixed, pairs[1:5, ], se = TRUE)$se.fit), tolerance = 1e-10)
})

test_that("new residuals are drawn with their covariance, rows at one place once", {
  visits <- expand.grid(t = factor(1:4), id = factor(1:60))
  visits$y <- stats::rnorm(240)
  fit <- lmmfit(y ~ 1, visits, residual = ~ ar1(t | id),
    hold = c(residual.rho = 0.6, residual.variance = 2))
  own <- residual_matrix(fit)
  at <- c(3L, 1L, 6L, 3L)
  draws <- t(as.matrix(simulate(fit, 20000, seed = 5, newdata = visits[at, ])))
  expect_identical(draws[, 1L], draws[, 4L])
  error <- abs(stats::cov(draws) - as.matrix(own)[at, at])
  expect_lt(max(error), 4 * 2 * sqrt(2 / 20000))
  large <- data.frame(t = factor(rep.int(1:4, 2500)), id = rep(paste0("n", 1:2500), each = 4))
  expect_identical(nrow(simulate(fit, newdata = large, seed = 1)), 10000L)
})
