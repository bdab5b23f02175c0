# John & Williams (1995), p. 146: 24 varieties of oats in an alpha design. The numbers of ASReml are
# those of the examples to Schmidt et al. (2019) Genetics 212:991.
alpha_data <- function() {
  file <- cases_dir()
  if (is.null(file)) skip("no ../shared/cases beside the source tree (or set HENDERSON_CASES)")
  utils::read.csv(file.path(dirname(file), "data", "alpha-design", "data.csv"),
    stringsAsFactors = TRUE)
}

all_methods <- c("Cullis", "Piepho", "generalized", "ratio")

# Cullis and Oakey from the dense prediction errors.
dense_heritability <- function(fit, label, n_zero = 1L) {
  v <- mme(fit, form = "V")
  at <- grep(paste0("^", label, " "), colnames(v$pev))
  C <- v$pev[at, at]
  G <- v$G[at, at]
  m <- length(at)
  differences <- function(x) mean((outer(diag(x), diag(x), `+`) - 2 * x)[lower.tri(x)])
  eigenvalues <- Re(eigen(diag(m) - solve(G, C))$values)
  c(Cullis = 1 - differences(C) / differences(G),
    generalized = sum(eigenvalues) / sum(abs(eigenvalues) > 1e-8))
}

test_that("an alpha design has the heritabilities of ASReml and of package heritable", {
  fit <- lmmfit(yield ~ rep + (1 | gen) + (1 | rep:block), alpha_data())
  found <- heritability(fit, "gen", all_methods)
  expect_equal(varcomp(fit)$estimate[1], 0.142902, tolerance = 1e-5)
  expect_equal(found$estimate[1:3], c(0.8091336, 0.803017, 0.8091336), tolerance = 2e-6)
  share <- vpredict(fit, r ~ gen / (gen + `rep:block` + residual))
  expect_equal(found$estimate[4], share$estimate)
  expect_equal(found$se[4], share$se, tolerance = 1e-6)
})

test_that("unbalanced trials agree with dense formulas and with lme4", {
  data <- alpha_data()[-c(3, 9, 10, 27, 40, 55), ]
  fit <- lmmfit(yield ~ rep + (1 | gen) + (1 | rep:block), data)
  found <- heritability(fit, "gen", all_methods)
  expect_equal(found$estimate[c(1, 3)], unname(dense_heritability(fit, "gen")), tolerance = 1e-8)
  # heritable::H2(lmer(...)), method "Cullis" and "Oakey", version 0.1.0
  expect_equal(found$estimate[c(1, 3)], c(0.8142719622, 0.8142719622), tolerance = 1e-6)
  skip_if_not_installed("lme4")
  skip_if_not_installed("emmeans")
  fixed <- lme4::lmer(yield ~ rep + gen + (1 | rep:block), data)
  means <- emmeans::emmeans(fixed, "gen", lmer.df = "asymptotic")
  v <- mean(as.data.frame(pairs(means))$SE^2)
  sigma <- varcomp(fit)$estimate[1]
  expect_equal(found$estimate[2], sigma / (sigma + v / 2), tolerance = 1e-5)
})

test_that("standard errors are those of derivatives of the dense formula", {
  data <- alpha_data()[-c(3, 9, 10, 27, 40, 55), ]
  fit <- lmmfit(yield ~ rep + (1 | gen) + (1 | rep:block), data)
  at <- function(values) {
    held <- lmmfit(yield ~ rep + (1 | gen) + (1 | rep:block), data,
      hold = stats::setNames(values, varcomp(fit)$parameter))
    dense_heritability(held, "gen")
  }
  estimate <- varcomp(fit)$estimate
  slopes <- vapply(1:3, function(j) {
    step <- 1e-4 * estimate[j]
    (at(replace(estimate, j, estimate[j] + step)) - at(replace(estimate, j, estimate[j] - step))) /
      (2 * step)
  }, double(2))
  se <- sqrt(diag(slopes %*% fit$parameter_covariance %*% t(slopes)))
  expect_equal(heritability(fit, "gen", c("Cullis", "generalized"))$se, unname(se),
    tolerance = 1e-5)
})

test_that("related levels and several coefficients have theirs", {
  ped <- pedigree(data.frame(id = 4:8, sire = c(1, 3, 1, 4, 3), dam = c(NA, 2, 2, 5, 6)))
  calves <- data.frame(calf = 4:8, sex = c("M", "F", "F", "M", "M"),
    gain = c(4.5, 2.9, 3.9, 3.5, 5))
  fit <- lmmfit(gain ~ sex + (1 | gr(calf, pedigree = ped)), calves,
    hold = c(calf = 20, residual = 40))
  found <- heritability(fit, method = c("Cullis", "generalized", "ratio"))
  dense <- dense_heritability(fit, "calf")
  expect_equal(found$estimate, c(unname(dense), 1 / 3), tolerance = 1e-8)
  expect_error(heritability(fit, method = "Piepho"), class = "henderson_error_heritability")

  slopes <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
  found <- heritability(slopes, "Subject", se = FALSE)
  pev <- mme(slopes, form = "V")$pev
  sigma <- diag(VarCorr(slopes)$Subject)
  for (a in 1:2) {
    own <- pev[seq(a, nrow(pev), 2), seq(a, nrow(pev), 2)]
    v <- mean((outer(diag(own), diag(own), `+`) - 2 * own)[lower.tri(own)])
    expect_equal(found$estimate[a], 1 - v / (2 * sigma[[a]]), tolerance = 1e-8)
  }
  expect_equal(found$coefficient, c("(Intercept)", "age"))
  expect_error(heritability(slopes, method = "ratio"), class = "henderson_error_heritability")
})

test_that("a term without variance has heritability zero, without standard error", {
  set.seed(1)
  empty <- data.frame(g = gl(6, 5), y = rnorm(30))
  found <- heritability(lmmfit(y ~ 1 + (1 | g), empty), method = all_methods)
  expect_equal(found$estimate, rep(0, 4))
  expect_true(all(is.na(found$se)))
  expect_error(heritability(lmmfit(y ~ 1, empty)), class = "henderson_error_no_random")
  expect_error(heritability(lmmfit(y ~ 1 + (1 | g), empty), "h"), class = "henderson_error_term")
})

test_that("beside a correlation of one there is a value without standard error", {
  set.seed(1)
  data <- data.frame(g = gl(15, 6), x = rep(c(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5), 15))
  b <- rnorm(15)
  data$y <- b[data$g] * (1 + data$x) + rnorm(90, 0, 3)
  fit <- lmmfit(y ~ x + (1 + x | g), data)
  expect_identical(varcomp(fit)$status[2L], "at boundary")
  found <- heritability(fit)
  expect_equal(found$estimate, heritability(fit, se = FALSE)$estimate)
  expect_true(all(found$estimate > 0 & is.na(found$se)))
})
