# Dependent columns of X: the same ones are dropped as by lm(), and everything else agrees with it.
# Peer: stats::lm on random designs with empty cells, aliased factors and covariates, and covariates
# far from their origin, with and without weights.

rank_case <- function(number) {
  set.seed(number)
  n <- sample(15:60, 1)
  data <- data.frame(
    a = factor(sample(sample(2:6, 1), n, TRUE)), b = factor(sample(sample(2:8, 1), n, TRUE)),
    x = rnorm(n) + sample(c(0, 100), 1), y = rnorm(n) * 10^sample(-4:4, 1)
  )
  data$c <- factor(paste(data$a, data$b))
  data$z <- 2 * data$x + 1
  data$w <- if (number %% 2) runif(n) + 0.5 else rep(1, n)
  formulas <- list(
    y ~ a * b, y ~ a * b + c, y ~ c + a + b, y ~ x + z + a, y ~ a:b, y ~ 0 + a + b + c,
    y ~ a * x + z:a + b, y ~ poly(x, 2) + x + I(x^2) + a * b, y ~ z + c:x + a
  )
  list(data = data, formula = formulas[[number %% length(formulas) + 1]])
}

test_that("dependent columns are the ones that lm() drops, and the rest is lm()'s", {
  for (number in seq_len(if (is_slow_level()) 500 else 90)) {
    case <- rank_case(number)
    peer <- lm(case$formula, case$data, weights = w)
    if (peer$df.residual < 2) next
    fit <- lmmfit(case$formula, case$data, weights = w)
    label <- paste(number, deparse1(case$formula))
    expected <- coef(peer)
    found <- fixef(fit)
    expect_identical(is.na(found), is.na(expected), label = label)
    scale <- pmax(abs(expected), 1e-8 * max(abs(expected), na.rm = TRUE))
    expect_lt(max(abs(found - expected) / scale, na.rm = TRUE), 1e-6, label = label)
    kept <- names(expected)[!is.na(expected)]
    se <- sqrt(diag(vcov(peer)))[kept]
    expect_equal(sqrt(diag(as.matrix(vcov(fit))))[kept], se, tolerance = 1e-6, label = label)
    expect_equal(c(logLik(fit)), c(logLik(peer, REML = TRUE)), tolerance = 1e-7, label = label)
  }
})
