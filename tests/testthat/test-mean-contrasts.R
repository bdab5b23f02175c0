# Comparisons of means against emmeans, multcomp and printed answers.

oats <- function() {
  lmmfit(yield ~ Variety * factor(nitro) + (1 | Block) + (1 | Block:Variety),
    as.data.frame(nlme::Oats)[-c(5, 40, 41), ])
}

expect_emmeans_contrasts <- function(found, peer, label, tolerance = 1e-8) {
  peer <- suppressMessages(summary(peer, infer = c(TRUE, TRUE)))
  expect_equal(found$estimate, peer$estimate, tolerance = 1e-9, label = label)
  expect_equal(found$se, peer$SE, tolerance = 1e-8, label = paste(label, "SE"))
  expect_equal(found$df, peer$df, tolerance = 1e-6, label = paste(label, "df"))
  expect_equal(found$p.value, peer$p.value, tolerance = tolerance, label = paste(label, "p"))
  expect_equal(found$lower, peer$lower.CL, tolerance = tolerance, label = paste(label, "lower"))
}

test_that("pairs, control, polynomials and their adjustments are emmeans's", {
  skip_if_not_installed("emmeans")
  fit <- oats()
  grid <- suppressMessages(emmeans::emmeans(fit, ~ nitro | Variety))
  means <- marginal_means(fit, ~ nitro | Variety)
  for (adjust in c("tukey", "none", "bonferroni")) {
    expect_emmeans_contrasts(pairs(means, adjust = adjust),
      emmeans::contrast(grid, "pairwise", adjust = adjust), adjust, 1e-6)
  }
  for (adjust in c("holm", "BH")) {
    expect_equal(pairs(means, adjust = adjust)$p.value,
      as.data.frame(emmeans::contrast(grid, "pairwise", adjust = adjust))$p.value, tolerance = 1e-8)
  }
  expect_emmeans_contrasts(polynomial_contrasts(means),
    emmeans::contrast(grid, "poly", adjust = "none"), "poly", 1e-6)
  expect_emmeans_contrasts(vs_control(means, "0.4", adjust = "none"),
    emmeans::contrast(grid, "trt.vs.ctrl", ref = 3, adjust = "none"), "control", 1e-6)
  own <- mean_contrasts(means, list(first = c(1, -1, 0, 0), rest = c(0, 1, -0.5, -0.5)))
  expect_emmeans_contrasts(own, emmeans::contrast(grid,
    list(first = c(1, -1, 0, 0), rest = c(0, 1, -0.5, -0.5))), "own", 1e-6)
  expect_identical(unique(own$contrast), c("first", "rest"))
})

test_that("single step is multcomp's and Dunnett's", {
  skip_if_not_installed("multcomp")
  fit <- lmmfit(yield ~ Variety + (1 | Block), nlme::Oats, ddf = "none")
  means <- marginal_means(fit, ~ Variety)
  for (type in c("Tukey", "Dunnett")) {
    found <- if (type == "Tukey") pairs(means, "single-step") else vs_first(means)
    peer <- multcomp::glht(fit, linfct = multcomp::mcp(Variety = type))
    expected <- as.numeric(summary(peer)$test$pvalues)
    expect_within(sort(found$p.value), sort(expected), 2e-3, paste("single step", type))
  }
  limits <- confint(multcomp::glht(fit, linfct = multcomp::mcp(Variety = "Dunnett")))$confint
  expect_within(vs_first(means)$upper, unname(limits[, "upr"]), 2e-3, "Dunnett's limits")
  state <- .Random.seed
  expect_identical(pairs(means, "single-step"), pairs(means, "single-step"))
  expect_identical(.Random.seed, state)
})

test_that("quantiles of the joint distribution are mvtnorm's, of one or several df", {
  skip_if_not_installed("mvtnorm")
  correlation <- matrix(0.5, 8, 8) + diag(0.5, 8)
  df <- c(40, 41, 43, 44, 40, 42, 44, 41)
  own <- single_step_quantiles(df, correlation, 0.95)
  set.seed(1)
  for (i in c(1, 3)) {
    peer <- mvtnorm::qmvt(0.95, tail = "both.tails", df = df[i], corr = correlation)$quantile
    expect_equal(own[i], peer, tolerance = 2e-3)
  }
  # Dunnett (1955), JASA 50:1096: given the control and the error, comparisons are independent.
  inside <- function(q) {
    given <- function(z) (stats::pnorm(z + sqrt(2) * q) - stats::pnorm(z - sqrt(2) * q))^8
    stats::integrate(function(z) stats::dnorm(z) * given(z), -8, 8, rel.tol = 1e-8)$value
  }
  with_error <- function(q, df) {
    stats::integrate(function(s) {
      2 * df * s * stats::dchisq(df * s^2, df) * vapply(q * s, inside, 0)
    }, 0, 4, rel.tol = 1e-7)$value
  }
  found <- single_step_quantiles(c(20, 0), correlation, 0.95)
  expect_equal(with_error(found[1], 20), 0.95, tolerance = 5e-4)
  expect_equal(inside(found[2]), 0.95, tolerance = 5e-4)
})

test_that("means, SED and LSD of the oats are those of ASReml", {
  case <- read_case("splitplot-oats-yates")
  expected <- case$models$reml$expected
  fit <- lmmfit(yield ~ variety * nitro + (1 | block) + (1 | block:variety), case$data)
  for (name in c("nitro", "variety")) {
    means <- marginal_means(fit, name)
    values <- stats::setNames(means$estimate, means[[name]])
    expect_case(values, expected[[paste0("mean_", name)]], case$source, name)
    errors <- stats::setNames(means$se, means[[name]])
    expect_case(errors, expected[[paste0("mean_", name, "_se")]], case$source, name)
    leaf <- list(sed = expected[[paste0("sed_", name)]])
    expect_case(c(sed = sed(means)[1, 2]), leaf, case$source, "SED")
    df <- if (name == "nitro") 45 else 10
    expect_relative(lsd(means)[1, 2], stats::qt(0.975, df) * sed(means)[1, 2], 1e-4, "LSD")
  }
})

test_that("letters are those of multcompView, by group, the largest first", {
  skip_if_not_installed("multcompView")
  set.seed(4)
  data <- data.frame(g = gl(6, 12), b = gl(2, 6, 72, c("x", "y")))
  data$y <- c(0, 0.4, 2, 2.3, 5, 3.2)[data$g] + rnorm(72)
  fit <- lmmfit(y ~ g * b, data)
  found <- mean_letters(marginal_means(fit, ~ g | b))
  expect_false(is.unsorted(-found$estimate[found$b == "x"]))
  for (level in c("x", "y")) {
    own <- found[found$b == level, ]
    tests <- pairs(marginal_means(fit, ~ g | b))
    tests <- tests[tests$b == level, ]
    apart <- do.call(rbind, strsplit(tests$contrast, " - "))
    shares <- apply(apart, 1, function(two) {
      sets <- strsplit(own$letters[match(two, own$g)], "")
      length(intersect(sets[[1]], sets[[2]])) > 0
    })
    expect_identical(shares, tests$p.value >= 0.05)
    expect_match(own$letters[1], "a")
  }
})

test_that("letters are printed with the digits of the means", {
  skip_if_not_installed("multcompView")
  fit <- lmmfit(yield ~ Variety * factor(nitro) + (1 | Block) + (1 | Block:Variety), nlme::Oats)
  lettered <- mean_letters(marginal_means(fit, ~ nitro))
  shown <- capture.output(print(lettered))
  expect_match(shown[2L], "^  0.6 +123.39 +7.1747 ")
  expect_lt(max(nchar(shown)), 80L)
  expect_identical(capture.output(print(lettered[c("nitro", "letters")]))[2L], "  0.6    a")
})

test_that("an argument that marginal_means() does not have gets the nearest that it has", {
  fit <- lmmfit(yield ~ Variety + (1 | Block), nlme::Oats)
  expect_error(marginal_means(fit, ~ Variety, wieghts = "equal"), "weights",
    class = "henderson_error")
  expect_error(marginal_means(fit, ~ Variety, typo = 1), "has no argument",
    class = "henderson_error")
  refused <- expect_error(predict(fit, classify = ~ Variety, typo = 1), class = "henderson_error")
  expect_match(conditionMessage(refused), "Its arguments are `at`")
  expect_no_match(conditionMessage(refused), "specs")
  unknown <- expect_error(predict(fit, classify = ~ variety), "`classify` names \"variety\"",
    class = "henderson_error_specs")
  expect_no_match(conditionMessage(unknown), "specs")
  expect_error(marginal_means(fit, ~ variety), "`specs` names \"variety\"")
})

test_that("contrasts with what is not estimable are NA, and the choices are checked", {
  data <- peer_data("cake", "lme4")
  data <- data[!(data$recipe == "A" & data$temperature == "185"), ]
  fit <- lmmfit(angle ~ recipe * temperature + (1 | recipe:replicate), data)
  means <- marginal_means(fit, ~ recipe)
  found <- pairs(means)
  expect_identical(is.na(found$p.value), c(TRUE, TRUE, FALSE))
  expect_true(all(is.na(lsd(means)[1, ])))
  expect_error(vs_control(means, "Z"), class = "henderson_error_argument")
  expect_error(pairs(means, adjust = "scheffe"), class = "henderson_error_argument")
  expect_error(mean_contrasts(means, c(1, -1)), class = "henderson_error_argument")
  expect_output(print(found), "tukey")
})

test_that("Kenward-Roger differences are those of pbkrtest", {
  skip_if_not_installed("pbkrtest")
  skip_if_not_installed("emmeans")
  formula <- yield ~ Variety + nitro + (1 | Block) + (1 | Block:Variety)
  data <- as.data.frame(nlme::Oats)[-c(5, 40, 41), ]
  peer <- suppressMessages(emmeans::emmeans(peer_lmer(formula, data), ~ Variety,
    lmer.df = "kenward-roger"))
  expected <- as.data.frame(emmeans::contrast(peer, "pairwise", adjust = "none"))
  found <- pairs(marginal_means(lmmfit(formula, data), ~ Variety, ddf = "Kenward-Roger"), "none")
  expect_relative(found$se, expected$SE, 1e-5, "SE")
  expect_relative(found$df, expected$df, 1e-3, "df")
})
