# car's own numbers for lme4's fits: Wald tests of both types, linear hypotheses, delta method, VIF.

uneven <- function() {
  data <- as.data.frame(nlme::Machines)
  data$shift <- factor(rep(c("a", "b", "c", "a", "b"), length.out = nrow(data)))
  data$z <- cos(seq_len(nrow(data)))
  data[-c(3, 7, 8, 20, 31, 44, 45, 52), ]
}
formula <- score ~ Machine * shift + z + (1 | Worker)

test_that("Anova() and linearHypothesis() are those of lme4's fits", {
  skip_if_not_installed("car")
  skip_if_not_installed("lme4")
  fit <- lmmfit(formula, uneven())
  peer <- lme4::lmer(formula, uneven())
  for (type in list(2, 3, "II", "III")) {
    found <- car::Anova(fit, type = type)
    expected <- car::Anova(peer, type = type)
    expect_identical(row.names(found), row.names(expected))
    expect_equal(found$Chisq, expected$Chisq, tolerance = 1e-4)
    expect_equal(found$Df, expected$Df)
    expect_equal(found[["Pr(>Chisq)"]], expected[["Pr(>Chisq)"]], tolerance = 1e-3)
  }
  found <- car::linearHypothesis(fit, c("MachineB = 8", "shiftb + shiftc = 0"))
  expected <- car::linearHypothesis(peer, c("MachineB = 8", "shiftb + shiftc = 0"))
  expect_equal(found$Chisq, expected$Chisq, tolerance = 1e-4)
  expect_output(print(found), "shiftb  + shiftc = 0", fixed = TRUE)
})

test_that("F tests have the degrees of freedom of pbkrtest", {
  skip_if_not_installed("car")
  skip_if_not_installed("pbkrtest")
  fit <- lmmfit(formula, uneven())
  peer <- lme4::lmer(formula, uneven())
  found <- car::Anova(fit, test.statistic = "F", ddf = "Kenward-Roger")
  expected <- car::Anova(peer, test.statistic = "F")
  # car takes its type II rows by the adjusted covariance, and F without Kenward and Roger's scale.
  last <- "Machine:shift"
  expect_equal(found[last, "Df.res"], expected[last, "Df.res"], tolerance = 1e-3)
  K <- diag(10)[2:3, ]
  own <- car::linearHypothesis(fit, K, test = "F", ddf = "Kenward-Roger")
  kr <- pbkrtest::KRmodcomp(peer, K)$stats
  expect_equal(own$F[2], kr$Fstat, tolerance = 1e-3)
  expect_equal(own$Df.res[2], kr$ddf, tolerance = 1e-3)
})

test_that("dropped columns, the delta method and inflation factors", {
  skip_if_not_installed("car")
  data <- uneven()
  fit <- lmmfit(score ~ Machine + z + (1 | Worker), data)
  peer <- lme4::lmer(score ~ Machine + z + (1 | Worker), data)
  expect_equal(car::vif(fit), car::vif(peer), tolerance = 1e-4)
  expect_equal(as.data.frame(car::deltaMethod(fit, "MachineB / MachineC")),
    as.data.frame(car::deltaMethod(peer, "MachineB / MachineC")), tolerance = 1e-4,
    ignore_attr = TRUE)
  data$again <- data$z
  twice <- lmmfit(score ~ Machine + z + again + (1 | Worker), data)
  expect_equal(car::Anova(twice)["Machine", "Chisq"], car::Anova(fit)["Machine", "Chisq"])
  expect_identical(car::Anova(twice)["again", "Df"], 0)
  expect_true(is.na(car::linearHypothesis(twice, "again = 0")$Chisq[2]))
  expect_error(car::Anova(fit, type = 1), class = "henderson_error_argument")
})

test_that("with aliased columns and empty cells the tests are those of lme4, which drops them", {
  skip_if_not_installed("car")
  skip_if_not_installed("lme4")
  data <- uneven()
  data <- data[!(data$Machine == "B" & data$shift == "c"), ]
  data$again <- 2 * data$z + 1
  formula <- score ~ Machine * shift + z + again + (1 | Worker)
  fit <- lmmfit(formula, data)
  peer <- suppressMessages(lme4::lmer(formula, data))
  for (type in 2:3) {
    found <- car::Anova(fit, type = type)
    expected <- car::Anova(peer, type = type)
    expect_identical(row.names(found), row.names(expected))
    expect_equal(found$Chisq, expected$Chisq, tolerance = 1e-4)
    expect_equal(found$Df, expected$Df)
  }
  for (hypothesis in list("MachineB = 8", c("z = 0", "MachineC:shiftb = 1"))) {
    found <- car::linearHypothesis(fit, hypothesis)
    expected <- car::linearHypothesis(peer, hypothesis)
    expect_equal(found$Chisq[2], expected$Chisq[2], tolerance = 1e-4)
  }
  # What has a dropped column is not estimable.
  expect_true(is.na(car::linearHypothesis(fit, "z + again = 0")$Chisq[2]))
})
