# What columns of other types mean, and which records a column that is missing leaves out.

loglik <- function(fit) as.numeric(logLik(fit))

test_that("a random term that applies to part of the records does not drop the others", {
  set.seed(2)
  long <- expand.grid(id = factor(1:30), trait = c("y1", "y2"))
  long$y <- rnorm(60) + rnorm(30)[long$id]
  second <- long$trait == "y2"
  long$age <- ifelse(second, runif(60), NA)
  long$block <- factor(ifelse(second, as.integer(long$id) %% 5, NA))
  full <- long
  full$age[!second] <- 0.3
  full$block[!second] <- "1"
  for (formula in c(y ~ trait + (0 + at(trait, "y2"):age | id),
    y ~ trait + (0 + at(trait, "y2") | block) + (1 | id),
    y ~ trait + at(trait, "y2"):age + (0 + at(trait, "y2"):age | block))) {
    fit <- expect_no_condition(lmmfit(formula, long), class = "henderson_message")
    expect_identical(nobs(fit), 60L)
    expect_equal(loglik(fit), loglik(lmmfit(formula, full)))
  }
  fit <- lmmfit(y ~ trait + (0 + at(trait, "y2") | block) + (1 | id), long)
  expect_equal(predict(fit, long[c(1, 31), ]), fitted(fit)[c("1", "31")])
  # Where the column is in another term too it is needed.
  expect_message(
    try(lmmfit(y ~ trait + at(trait, "y2"):age + (age | id), long), silent = TRUE),
    "`age` in 30"
  )
})

test_that("values that SPSS takes as missing are missing", {
  skip_if_not_installed("haven")
  s <- lme4::sleepstudy
  s$day <- haven::labelled_spss(s$Days, na_values = 9)
  expect_message(fit <- lmmfit(Reaction ~ day + (1 | Subject), s), "`day` in 18")
  expect_equal(loglik(fit), loglik(lmmfit(Reaction ~ Days + (1 | Subject), s[s$Days < 9, ])))
  s$day <- haven::labelled_spss(s$Days, na_range = c(8, 99))
  expect_message(fit <- lmmfit(Reaction ~ day + (1 | Subject), s), "`day` in 36")
  s$w <- haven::labelled(s$Days + 1)
  expect_equal(loglik(lmmfit(Reaction ~ Days, s, weights = w)),
    loglik(lmmfit(Reaction ~ Days, s, weights = Days + 1)))
})

test_that("64-bit integers are groups without a word from their package, and weights", {
  skip_if_not_installed("bit64")
  s <- lme4::sleepstudy
  first <- bit64::as.integer64("9007199254740993")
  s$big <- first + bit64::as.integer64(as.integer(s$Subject))
  fit <- expect_no_warning(lmmfit(Reaction ~ Days + (1 | big), s))
  expect_equal(loglik(fit), loglik(lmmfit(Reaction ~ Days + (1 | Subject), s)))
  expect_identical(nrow(ranef(fit)$big), 18L)
  s$w <- bit64::as.integer64(s$Days + 1)
  expect_equal(loglik(lmmfit(Reaction ~ Days, s, weights = w)),
    loglik(lmmfit(Reaction ~ Days, s, weights = Days + 1)))
})

test_that("differences of times are weights, dates are none", {
  s <- lme4::sleepstudy
  s$w <- as.difftime(s$Days + 1, units = "days")
  expect_equal(loglik(lmmfit(Reaction ~ Days, s, weights = w)),
    loglik(lmmfit(Reaction ~ Days, s, weights = Days + 1)))
  expect_error(lmmfit(Reaction ~ Days, s, weights = as.Date("2024-03-01") + Days), "not Date",
    class = "henderson_error_weights")
})

test_that("a data frame within the data is refused by name", {
  d <- data.frame(y = c(1, 3, 2, 5))
  d$part <- data.frame(a = 1:4)
  expect_error(lmmfit(y ~ part, d), "`part` is a data.frame", class = "henderson_error")
})

test_that("means at dates show the dates", {
  s <- lme4::sleepstudy
  s$when <- as.Date("2024-03-01") + s$Days
  fit <- lmmfit(Reaction ~ when + (1 | Subject), s)
  days <- as.Date(c("2024-03-01", "2024-03-05"))
  means <- marginal_means(fit, ~when, at = list(when = days))
  expect_identical(means$when, days)
  expect_equal(means$estimate, unname(predict(fit, data.frame(when = days), random = FALSE)))
  expect_output(print(marginal_means(fit, ~1, at = list(when = days[1L]))), "2024-03-01")
  s$at <- as.POSIXct(days[1L], tz = "UTC") + 86400 * s$Days
  fit <- lmmfit(Reaction ~ at + (1 | Subject), s)
  expect_output(print(marginal_means(fit, ~at, at = list(at = s$at[3L]))), "2024-03-03")
})

test_that("numbers are no times of new data, and are those of the fit in `at`", {
  s <- lme4::sleepstudy
  s$when <- as.Date("2024-03-01") + s$Days
  s$moment <- as.POSIXct("2024-03-01", tz = "UTC") + 86400 * s$Days
  s$since <- as.difftime(s$Days, units = "days")
  for (name in c("when", "moment", "since")) {
    fit <- lmmfit(stats::reformulate(c(name, "(1 | Subject)"), "Reaction"), s)
    plain <- stats::setNames(data.frame(as.numeric(s[[name]][3L])), name)
    was <- paste0("`", name, "` was ", class(s[[name]])[1L])
    expect_error(predict(fit, plain, random = FALSE), was,
      class = "henderson_error_new_type")
    expect_equal(predict(fit, s[3L, name, drop = FALSE], random = FALSE)[[1L]],
      marginal_means(fit, ~1, at = as.list(plain))$estimate)
  }
  hours <- data.frame(since = as.difftime(48, units = "hours"))
  expect_equal(unname(predict(fit, hours, random = FALSE)),
    unname(predict(fit, s[3L, ], random = FALSE)))
})

test_that("names of parameters have no backticks, and are understood with them", {
  o <- as.data.frame(nlme::Orthodont)
  o$`my id` <- o$Subject
  o$`my x` <- o$age
  fit <- lmmfit(distance ~ `my x` + (1 + `my x` | `my id`), o)
  expect_identical(varcomp(fit)$parameter,
    c("my id.Intercept", "my id.Intercept.my x", "my id.my x", "residual"))
  expect_equal(vpredict(fit, v ~ `my id.my x`)$estimate, varcomp(fit)$estimate[3L])
  held <- function(name) {
    loglik(lmmfit(distance ~ `my x` + (1 + `my x` | `my id`), o,
      hold = stats::setNames(0.05, name)))
  }
  expect_equal(held("my id.`my x`"), held("my id.my x"))
})

test_that("zeros of any width are unknown parents", {
  founders <- suppressMessages(pedigree(data.frame(id = c("001", "002", "003"),
    sire = c("000", "000", "001"), dam = c("000", "0.0", "002"))))
  expect_identical(length(founders$id), 3L)
  expect_equal(unname(inbreeding(founders)), c(0, 0, 0))
  expect_message(pedigree(data.frame(id = "a", sire = "00", dam = NA), unknown = "*"), "\"00\"")
})
