# wald() and lrt() beside ASReml's printed numbers and anova().

oats <- transform(nlme::Oats, nitro = factor(nitro))
fit <- lmmfit(yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety), oats)
small <- lmmfit(yield ~ Variety * nitro + (1 | Block), oats)

test_that("the split plot of oats has ASReml's table", {
  # ASReml User Guide, analysis of variance: NumDF, DenDF, F-inc and Prob of the oats.
  table <- wald(fit, denDF = "numeric")$Wald
  expect_identical(row.names(table), c("(Intercept)", "Variety", "nitro", "Variety:nitro"))
  expect_equal(table$Df, c(1, 2, 3, 6))
  expect_equal(table$denDF, c(5, 10, 45, 45), tolerance = 1e-4)
  expect_equal(round(table$F.inc, 2), c(245.14, 1.49, 37.69, 0.30))
  expect_equal(round(table$Pr[c(2, 4)], 3), c(0.272, 0.932))
  chi <- wald(fit)
  expect_equal(chi$`Wald statistic`, chi$Df * table$F.inc)
  expect_equal(chi$`Pr(Chisq)`, pchisq(chi$`Wald statistic`, chi$Df, lower.tail = FALSE))
})

# y'V^-1 y less what is left after the columns of X, by the dense V.
explained <- function(fit, columns) {
  V <- as.matrix(mme(fit, form = "V")$V)
  X <- as.matrix(model.matrix(fit))[, columns, drop = FALSE]
  y <- fit$frame[[1L]]
  W <- solve(V, X)
  drop(crossprod(y, W) %*% solve(crossprod(X, W), crossprod(W, y)))
}

test_that("without balance it is what each term adds to the generalised sum of squares", {
  some <- lmmfit(yield ~ Variety * nitro + (1 | Block), oats[-c(1, 5, 20, 33), ])
  upto <- c(1L, 3L, 6L, 12L)
  sums <- diff(c(0, vapply(upto, function(k) explained(some, seq_len(k)), 0)))
  expect_equal(wald(some)$`Wald statistic`, sums, tolerance = 1e-8)
  table <- wald(some, denDF = "default")$Wald
  expect_equal(table$F.inc, sums / c(1, 2, 3, 6), tolerance = 1e-8)
  expect_equal(table$Pr, pf(table$F.inc, table$Df, table$denDF, lower.tail = FALSE))
  # The last term after all others: the test of all types.
  last <- anova(some, ddf = "Kenward-Roger")["Variety:nitro", ]
  expect_equal(table$denDF[4L], last$DenDF, tolerance = 1e-6)
  adjusted <- wald(some, denDF = "default", kenadj = "expected")$Wald
  expect_equal(adjusted$F.inc[4L], last$`F value`, tolerance = 1e-6)
  # Variety after nitro, which does not contain it.
  conditional <- wald(some, denDF = "default", ssType = "conditional")$Wald
  expect_equal(conditional$F.con[2L],
    (explained(some, 1:6) - explained(some, c(1, 4:6))) / 2, tolerance = 1e-8)
  expect_equal(conditional$F.con[c(1L, 3:4)], table$F.inc[c(1L, 3:4)], tolerance = 1e-8)
  none <- lmmfit(yield ~ 0 + Variety + (1 | Block), oats)
  expect_identical(row.names(wald(none)), "Variety")
  expect_identical(row.names(wald(lmmfit(yield ~ 1 + (1 | Block), oats))), "(Intercept)")
})

test_that("lrt() halves the probability where one variance is zero, whatever the order", {
  table <- lrt(fit, small)
  statistic <- 2 * as.numeric(logLik(fit) - logLik(small))
  expect_equal(table$`LR-statistic`, statistic, tolerance = 1e-8)
  expect_equal(table$`Pr(Chisq)`, pchisq(statistic, 1, lower.tail = FALSE) / 2)
  expect_equal(lrt(small, fit)[[3L]], table[[3L]])
  expect_identical(row.names(table), "fit/small")
  plain <- lrt(small, fit, boundary = FALSE)
  expect_equal(plain$`Pr(Chisq)`, pchisq(statistic, 1, lower.tail = FALSE))
  expect_equal(table$`Pr(Chisq)`, anova(small, fit)$`Pr(>Chisq)`[2L])
})

test_that("what they cannot answer is an error", {
  expect_error(wald(fit, denDf = "numeric"), "denDF", class = "henderson_error_argument")
  expect_error(wald(fit, denDF = "often"), class = "henderson_error_argument")
  expect_error(wald(fit, kenadj = "expected"), class = "henderson_error_argument")
  expect_error(lrt(fit), class = "henderson_error_compare")
  expect_error(lrt(fit, 3), class = "henderson_error")
  expect_error(lrt(fit, lmmfit(yield ~ Variety + (1 | Block), oats)), "REML",
    class = "henderson_error_compare")
})
