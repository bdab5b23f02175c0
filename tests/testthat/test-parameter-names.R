# Names of variance parameters in the other order, short, and matrices as values.

oats <- transform(as.data.frame(nlme::Oats), N = factor(nitro), x = nitro * 2)
names(oats)[names(oats) == "x"] <- "my var"
fit <- lmmfit(yield ~ nitro + (nitro | Block), oats)
loglik <- function(fit) as.numeric(logLik(fit))

test_that("both orders of a covariance, and short labels of levels", {
  expect_equal(vpredict(fit, c1 ~ Block.nitro.Intercept)$estimate,
    vpredict(fit, c1 ~ Block.Intercept.nitro)$estimate)
  expect_equal(vpredict(fit, h2 ~ V1 / (V1 + V4))$estimate,
    vpredict(fit, h2 ~ Block.Intercept / (Block.Intercept + residual))$estimate)
  by <- lmmfit(yield ~ N + diag(N | Block), oats)
  expect_equal(vpredict(by, a ~ `Block.0.2`)$estimate, vpredict(by, a ~ Block.N0.2)$estimate)
  expect_equal(loglik(lmmfit(yield ~ N + diag(N | Block), oats, hold = c(Block.0.2 = 30))),
    loglik(lmmfit(yield ~ N + diag(N | Block), oats, hold = c(Block.N0.2 = 30))))
  expect_identical(rownames(confint(fit, "Block.nitro.Intercept")), "Block.Intercept.nitro")
})

test_that("no backticks in names, and those with them are understood", {
  one <- lmmfit(yield ~ nitro + (`my var` | Block), oats)
  parameters <- varcomp(one)$parameter
  known <- c(Block.Intercept = 100, "Block.my var" = 10, "Block.Intercept.my var" = 0)
  a <- lmmfit(yield ~ nitro + (`my var` | Block), oats, hold = known)
  expect_identical(sum(varcomp(a)$status == "held"), 3L)
})

test_that("matrices by the labels of terms", {
  G <- VarCorr(fit)$Block
  G <- matrix(G, 2, dimnames = dimnames(G))
  held <- lmmfit(yield ~ nitro + (nitro | Block), oats, hold = list(Block = G, residual = 200))
  expect_identical(sum(varcomp(held)$status == "held"), 4L)
  G <- G[2:1, 2:1]
  again <- lmmfit(yield ~ nitro + (nitro | Block), oats, hold = list(Block = G, residual = 200))
  expect_equal(loglik(again), loglik(held))
  visits <- transform(nlme::Orthodont, t = factor(age))
  R <- 2 * 0.5^abs(outer(1:4, 1:4, "-"))
  dimnames(R) <- list(levels(visits$t), levels(visits$t))
  held <- lmmfit(distance ~ age, visits, residual = ~ us(t | Subject), hold = list(residual = R))
  ar1 <- lmmfit(distance ~ age, visits, residual = ~ ar1(t | Subject),
    hold = c(residual.variance = 2, residual.rho = 0.5))
  expect_equal(loglik(held), loglik(ar1), tolerance = 1e-10)
  started <- lmmfit(distance ~ age, visits, residual = ~ us(t | Subject),
    start = list(residual = R))
  expect_true(all(varcomp(started)$status == "free"))
  expect_error(lmmfit(yield ~ nitro + (nitro | Block), oats, hold = list(Block = unname(G))),
    "must be symmetric, with names", fixed = TRUE)
  expect_error(lmmfit(yield ~ nitro + (nitro | Block), oats, hold = list(Blcok = G)),
    "no variance parameter")
})

test_that("the intercept is understood as R names it", {
  fit <- lmmfit(Reaction ~ Days + (Days | Subject), lme4::sleepstudy)
  held <- function(name, value) {
    lmmfit(Reaction ~ Days + (Days | Subject), lme4::sleepstudy,
      hold = stats::setNames(value, name))$minus2loglik
  }
  expect_equal(held("Subject.(Intercept)", 600), held("Subject.Intercept", 600))
  for (name in c("Subject.(Intercept).Days", "Subject.Days.(Intercept)")) {
    expect_equal(held(name, 5), held("Subject.Intercept.Days", 5))
  }
  expect_equal(vpredict(fit, ratio ~ `Subject.(Intercept)` / residual)$estimate,
    vpredict(fit, ratio ~ Subject.Intercept / residual)$estimate)
  expect_equal(confint(fit, "Subject.(Intercept)"), confint(fit, "Subject.Intercept"))
})
