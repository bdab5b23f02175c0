# Calls as strangers make them, on unbalanced data with gaps: emmeans of lmer() fits is the judge.

set.seed(5)
d <- expand.grid(year = 2015:2018, site = factor(1:8), rep = 1:2,
  trt = factor(c("Placebo", "Active"), c("Placebo", "Active")))
n <- nrow(d)
d$y <- rnorm(n) + rnorm(8)[d$site] + 2 * (d$trt == "Active") + 0.3 * (d$year - 2016)
d$age <- round(runif(n, 20, 60))
d$off <- rnorm(n, 100)
d$w <- runif(n, 0.5, 2)
d$`my trt` <- d$trt
d$`my age` <- d$age
d$dose <- factor(sample(c(0, 5, 10, 50), n, TRUE))
d$sex <- sample(c("m", "f"), n, TRUE)
d$flag <- runif(n) > 0.4
d$clinic <- factor(paste0(d$trt, ifelse(d$trt == "Active", sample(2, n, TRUE), sample(5, n, TRUE))))
d$o <- factor(sample(c("lo", "mid", "hi"), n, TRUE), c("lo", "mid", "hi"), ordered = TRUE)
d$big <- factor(sample(40, n, TRUE))
d$day <- as.Date("2020-01-01") + d$age
d <- d[-sample(n, 15), ]
gap <- d[!(d$trt == "Active" & d$dose == "50"), ]

expect_emmeans <- function(formula, specs, data = d, ...) {
  text <- paste(deparse1(formula), deparse1(specs))
  fit <- suppressMessages(lmmfit(formula, data))
  peer <- suppressMessages(suppressWarnings(lme4::lmer(formula, data)))
  expected <- suppressWarnings(suppressMessages(as.data.frame(emmeans::emmeans(peer, specs, ...,
    data = data, lmer.df = "asymptotic"))))
  found <- suppressWarnings(marginal_means(fit, specs, ..., ddf = "none"))
  key <- intersect(names(expected), names(found))
  expected <- expected[do.call(order, unname(lapply(expected[key], as.character))), ]
  found <- as.data.frame(found)[do.call(order, unname(lapply(as.data.frame(found)[key],
    as.character))), ]
  expect_identical(is.na(found$estimate), is.na(expected$emmean), label = text)
  told <- !is.na(found$estimate)
  expect_relative(found$estimate[told], expected$emmean[told], 1e-4, text, 1)
  expect_relative(found$se[told], expected$SE[told], 1e-4, paste("SE", text))
}

test_that("interactions, empty cells, covariates, factor-like calls and odd names", {
  skip_if_not_installed("emmeans")
  expect_emmeans(y ~ trt * dose + (1 | site), ~ trt, gap)
  expect_emmeans(y ~ trt * dose + (1 | site), ~ dose | trt, gap)
  expect_emmeans(y ~ `my trt` * `my age` + (1 | site), "my trt")
  expect_emmeans(y ~ `my trt` * `my age` + (1 | site), "my trt", at = list(`my age` = 30))
  expect_emmeans(y ~ trt * age + (1 | site), ~ trt | age, at = list(age = c(20, 40, 60)))
  expect_emmeans(y ~ trt * poly(age, 2) + (1 | site), ~ trt:age, at = list(age = c(20, 60)))
  expect_emmeans(y ~ trt * splines::ns(age, 3) + (1 | site), ~ trt, at = list(age = 25))
  expect_emmeans(y ~ trt * factor(year) + (1 | site), ~ trt | year)
  expect_emmeans(y ~ trt * factor(year) + (1 | site), ~ trt | year, at = list(year = c(2016, 2018)))
  expect_emmeans(y ~ ordered(year) + trt + (1 | site), ~ year)
  expect_emmeans(y ~ trt + cut(age, c(0, 30, 45, 70)) + (1 | site), ~ trt)
  expect_emmeans(y ~ trt * flag + (1 | site), ~ trt | flag)
  expect_emmeans(y ~ trt + sex + (1 | site), ~ sex)
  expect_emmeans(y ~ o * trt + (1 | site), ~ o | trt)
  expect_emmeans(y ~ 0 + trt + age + (1 | site), ~ trt)
  expect_emmeans(y ~ trt + big + (1 | site), ~ big)
  expect_emmeans(y ~ trt * dose * sex + (1 | site), ~ trt * dose | sex)
  expect_emmeans(y ~ (trt + dose + sex)^2 + (1 | site), ~ dose)
  expect_emmeans(y ~ trt + dose + sex + (1 | site), ~ trt, weights = "proportional")
  expect_emmeans(y ~ trt + scale(age) + (1 | site), ~ trt, at = list(age = 50))
  expect_emmeans(y ~ trt + log(age) + I(age^2) + pmin(age, 40) + (1 | site), ~ trt)
  expect_emmeans(y ~ trt + poly(age, off, degree = 2) + (1 | site), ~ trt)
  expect_emmeans(y ~ trt * I(age > 40) + (1 | site), ~ trt)
  expect_emmeans(y ~ interaction(trt, sex) + (1 | site), ~ trt)
  expect_emmeans(y ~ trt + day + (1 | site), ~ trt)
  expect_emmeans(y ~ trt + offset(off) + (1 | site), ~ trt)
  expect_emmeans(y ~ age + year + (1 | site), ~ age)
})

test_that("a nested factor is averaged within the levels of the other", {
  skip_if_not_installed("emmeans")
  expect_emmeans(y ~ trt / clinic + (1 | site), ~ trt)
  expect_emmeans(y ~ trt + sex + trt:clinic + (1 | site), ~ sex)
  expect_emmeans(y ~ trt / clinic + sex + (1 | site), ~ clinic)
  expect_emmeans(y ~ trt / clinic + sex + (1 | site), ~ trt | sex)
  # Two and five clinics: within each treatment equally, then the two treatments equally
  fit <- lmmfit(y ~ trt + sex + trt:clinic + (1 | site), d)
  K <- attr(marginal_means(fit, ~ sex), "K")
  expect_equal(K[1, "trtActive"], 0.5, ignore_attr = TRUE)
  expect_equal(sort(K[1, K[1, ] > 0 & grepl("clinic", colnames(K))])[[1L]], 0.1)
})

test_that("values that a cut() is made of are crossed with the factors, by chance nested or not", {
  skip_if_not_installed("emmeans")
  data <- transform(d, exact = age + seq_along(age) / 1e3)
  formula <- y ~ trt + cut(exact, c(0, 30, 45, 70)) + (1 | site)
  fit <- lmmfit(formula, data)
  found <- marginal_means(fit, ~ trt)
  # What an additive model says of trt, whatever else is averaged over
  expect_equal(diff(found$estimate), fixef(fit)[["trtActive"]], tolerance = 1e-10)
  peer <- as.data.frame(emmeans::emmeans(lme4::lmer(formula, data), ~ trt, data = data,
    nesting = NULL, lmer.df = "asymptotic"))
  expect_relative(found$estimate, peer$emmean, 1e-4, "crossed", 1)
  expect_relative(found$se, peer$SE, 1e-4, "crossed SE")
})

test_that("the mean over all, also with random effects averaged", {
  skip_if_not_installed("emmeans")
  expect_emmeans(y ~ trt * sex + (1 | site), ~ 1)
  expect_emmeans(y ~ 1 + (1 | site), ~ 1)
  fit <- lmmfit(y ~ trt + (1 | site), d)
  blocks <- marginal_means(fit, ~ 1, average = "site")
  expect_equal(blocks$estimate, marginal_means(fit, ~ 1)$estimate + mean(ranef(fit)$site[[1L]]))
  expect_identical(names(blocks)[1L], "1")
})

test_that("weights of records count in the fit", {
  skip_if_not_installed("emmeans")
  fit <- lmmfit(y ~ trt * dose + (1 | site), d, weights = w)
  peer <- lme4::lmer(y ~ trt * dose + (1 | site), d, weights = w)
  expected <- suppressMessages(as.data.frame(emmeans::emmeans(peer, ~ trt,
    lmer.df = "asymptotic")))
  found <- marginal_means(fit, ~ trt)
  expect_relative(found$estimate, expected$emmean, 1e-4, "weighted")
  expect_relative(found$se, expected$SE, 1e-4, "weighted SE")
})

test_that("`present` takes names: combinations of these factors alone", {
  fit <- lmmfit(y ~ trt * dose + sex + (1 | site), gap)
  found <- marginal_means(fit, ~ trt, present = c("trt", "dose"))
  by_hand <- vapply(c("Placebo", "Active"), function(level) {
    cells <- unique(gap[gap$trt == level, c("trt", "dose")])
    grid <- merge(cells, data.frame(sex = c("f", "m")))
    mean(suppressWarnings(predict(fit, grid, random = FALSE)))
  }, 0)
  expect_equal(found$estimate, unname(by_hand), tolerance = 1e-10)
  expect_true(is.na(marginal_means(fit, ~ trt)$estimate[2L]))
  expect_identical(is.na(marginal_means(fit, ~ trt, present = "sex")$estimate), c(FALSE, TRUE))
  expect_equal(marginal_means(fit, ~ sex, present = c("trt", "dose"))$estimate,
    marginal_means(fit, ~ sex, present = TRUE)$estimate, tolerance = 1e-10)
  for (bad in list("none", NA, 1)) {
    expect_error(marginal_means(fit, ~ trt, present = bad), class = "henderson_error_argument")
  }
})

test_that("members of mm() that are asked for count, the others do not", {
  cross <- expand.grid(p1 = letters[1:6], p2 = letters[1:6], rep = gl(2, 1))
  cross$w1 <- rep_len(c(0.5, 0.6), 72)
  cross$w2 <- 1 - cross$w1
  cross$y <- rnorm(6)[cross$p1] + rnorm(6)[cross$p2] + rnorm(72)
  fit <- lmmfit(y ~ rep + (1 | mm(p1, p2)), cross, hold = c(p1.p2 = 1, residual = 1))
  parent <- predict(fit, classify = ~ p1)
  own <- ranef(fit)[[1L]][[1L]]
  base <- marginal_means(fit, ~ 1)$estimate
  expect_equal(parent$estimate, base + own, tolerance = 1e-10)
  expect_equal(predict(fit, classify = ~ p2)$estimate, base + own, tolerance = 1e-10)
  pairs <- predict(fit, classify = ~ p1:p2)
  expect_equal(pairs$estimate, base + as.vector(outer(own, own, `+`)), tolerance = 1e-10)
  weighted <- lmmfit(y ~ rep + (1 | mm(p1, p2, weights = cbind(w1, w2))), cross,
    hold = c(p1.p2 = 1, residual = 1))
  found <- predict(weighted, classify = ~ p1)
  expect_equal(found$estimate, marginal_means(weighted, ~ 1)$estimate +
    mean(cross$w1) * ranef(weighted)[[1L]][[1L]], tolerance = 1e-10)
})

test_that("variables with names that mean something else", {
  d <- growth
  d$pi <- d$sex
  fit <- lmmfit(height ~ pi + (1 | id), d)
  expected <- as.data.frame(marginal_means(lmmfit(height ~ sex + (1 | id), d), ~ sex))
  expect_equal(as.data.frame(marginal_means(fit, ~ pi)), expected, ignore_attr = TRUE)
  skip_if_not_installed("emmeans")
  by_emmeans <- as.data.frame(emmeans::emmeans(fit, ~ pi))
  expect_equal(by_emmeans$emmean, expected$estimate)
  for (name in c("se", "estimate", "lower", "df")) {
    d[[name]] <- d$sex
    fit <- lmmfit(stats::as.formula(paste("height ~", name, "+ (1 | id)")), d)
    expect_error(marginal_means(fit, name), "as a column of the means is called",
      class = "henderson_error")
  }
})
