# Dates, times, differences of times, 64-bit integers and labelled values are numbers, as for lm()
# and lmer(); as groups they are their labels.

s <- lme4::sleepstudy
s$when <- as.Date("2024-03-01") + s$Days
s$time <- as.POSIXct("2024-03-01", tz = "UTC") + 86400 * s$Days
s$since <- s$when - as.Date("2024-03-01")
loglik <- function(fit) as.numeric(logLik(fit))

test_that("a date is a covariate", {
  fit <- lmmfit(Reaction ~ when + (1 | Subject), s)
  peer <- lme4::lmer(Reaction ~ when + (1 | Subject), s)
  expect_equal(unname(fixef(fit)["when"]), unname(lme4::fixef(peer)["when"]), tolerance = 1e-7)
  own <- lmmfit(Reaction ~ Days + (1 | Subject), s)
  expect_equal(unname(fixef(fit)["when"]), unname(fixef(own)["Days"]), tolerance = 1e-8)
  fit <- lmmfit(Reaction ~ time + (1 | Subject), s)
  expect_equal(unname(fixef(fit)["time"]) * 86400, unname(fixef(own)["Days"]), tolerance = 1e-8)
  fit <- lmmfit(Reaction ~ since + (since | Subject), s)
  expect_equal(loglik(fit), loglik(lmmfit(Reaction ~ Days + (Days | Subject), s)))
  expect_equal(predict(fit, s[c(3, 40), ]), predict(fit)[c(3, 40)])
  # The same difference in another unit.
  new <- s[c(3, 40), ]
  units(new$since) <- "hours"
  expect_equal(predict(fit, new), predict(fit)[c(3, 40)])
})

test_that("a date is a group, by its label", {
  fit <- lmmfit(Reaction ~ Days + (1 | when), s)
  expect_identical(row.names(ranef(fit)$when)[1:2], c("2024-03-01", "2024-03-02"))
  expect_equal(predict(fit, s[5, ]), predict(fit)[5])
  fit <- lmmfit(Reaction ~ 1 + (1 | time), s)
  # Midnight alone has the same label as beside other times.
  expect_equal(predict(fit, s[1, ]), predict(fit)[1])
})

test_that("a date is an index and a coordinate", {
  own <- loglik(lmmfit(Reaction ~ Days, s, residual = ~ ar1(Days | Subject)))
  expect_equal(loglik(lmmfit(Reaction ~ Days, s, residual = ~ ar1(when | Subject))), own)
  expect_equal(loglik(lmmfit(Reaction ~ Days, s, residual = ~ ar1(time | Subject))), own)
  own <- loglik(lmmfit(Reaction ~ Days + (1 | Subject), s, residual = ~ exp(Days | Subject)))
  expect_equal(loglik(lmmfit(Reaction ~ Days + (1 | Subject), s, residual = ~ exp(time | Subject))),
    own, tolerance = 1e-7)
  own <- loglik(lmmfit(Reaction ~ Days + spl(Days), s))
  expect_equal(loglik(lmmfit(Reaction ~ when + spl(when), s)), own, tolerance = 1e-7)
  expect_equal(loglik(lmmfit(Reaction ~ 1 + (0 + legendre(when, 1) | Subject), s)),
    loglik(lmmfit(Reaction ~ 1 + (0 + legendre(Days, 1) | Subject), s)), tolerance = 1e-7)
  a <- two_stage(Reaction ~ when | Subject, data = s)
  b <- two_stage(Reaction ~ Days | Subject, data = s)
  expect_equal(unname(coef(a)[2]), unname(coef(b)[2]), tolerance = 1e-6)
})

test_that("a date in other units than those of the fit is refused", {
  fit <- lmmfit(Reaction ~ when + (1 | Subject), s)
  new <- transform(s, when = as.POSIXct(when))
  expect_error(predict(fit, new), class = "henderson_error_new_type")
})

test_that("labelled values, 64-bit integers and POSIXlt are taken", {
  skip_if_not_installed("haven")
  skip_if_not_installed("bit64")
  own <- loglik(lmmfit(Reaction ~ Days + (1 | Subject), s))
  d <- s
  d$Days <- haven::labelled(s$Days, c(first = 0))
  expect_equal(loglik(lmmfit(Reaction ~ Days + (1 | Subject), d)), own)
  d$Days <- bit64::as.integer64(s$Days)
  d$Subject <- bit64::as.integer64(as.character(s$Subject))
  d$Reaction <- haven::labelled(s$Reaction, label = "ms")
  fit <- lmmfit(Reaction ~ Days + (1 | Subject), d)
  expect_equal(loglik(fit), own)
  expect_identical(row.names(ranef(fit)$Subject), levels(s$Subject))
  d$Days[3] <- NA
  expect_message(fit <- lmmfit(Reaction ~ Days + (1 | Subject), d), "`Days` in 1")
  expect_identical(nobs(fit), 179L)
  d$lt <- as.POSIXlt(s$time)
  expect_equal(loglik(lmmfit(Reaction ~ lt, d)), loglik(lmmfit(Reaction ~ time, s)))
})

test_that("lists, complex numbers and raws are refused by name", {
  s$l <- as.list(s$Days)
  s$z <- complex(real = s$Days)
  s$r <- as.raw(s$Days)
  for (name in c("l", "z", "r")) {
    formula <- reformulate(c(name, "(1 | Subject)"), "Reaction")
    expect_error(lmmfit(formula, s), paste0("`", name, "` is a"),
      class = "henderson_error_variable_type")
    formula <- reformulate(paste0("(1 | ", name, ")"), "Reaction")
    expect_error(lmmfit(formula, s), paste0("`", name, "` is a"))
  }
})

test_that("FALSE times a missing value is nothing", {
  expect_identical(masked_product(c(TRUE, FALSE, NA), c(2, NA, 3)), c(2, 0, NA))
  expect_identical(masked_product(c(NA, 2), c(FALSE, TRUE)), c(0, 2))
  expect_identical(masked_product(2, c(1, NA)), c(2, NA))
})

test_that("labels are counted", {
  labels <- c("R10", "R2", "R1", "B3", "r1")
  expect_identical(labels[order_naturally(labels)], c("B3", "R1", "r1", "R2", "R10"))
  expect_identical(order_naturally(c("a2b10", "a2b9", "a10b1")), c(2L, 1L, 3L))
})
