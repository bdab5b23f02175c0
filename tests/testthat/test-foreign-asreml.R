# The same models in ASReml's grammar and in our own.

set.seed(3)
trials <- expand.grid(env = factor(c("A", "B", "C")), row = 1:8, col = 1:5)
trials$gen <- factor(sample(20, nrow(trials), TRUE))
trials$block <- factor((trials$col + 1) %/% 2)
trials$age <- trials$row / 2
trials$yield <- rnorm(nrow(trials)) + rnorm(20)[trials$gen] + rnorm(3)[trials$env] * trials$age
G <- 0.4^abs(outer(1:20, 1:20, "-"))
dimnames(G) <- list(levels(trials$gen), levels(trials$gen))
Ginv <- solve(G)
loglik <- function(fit) as.numeric(logLik(fit))
asreml <- function(...) suppressMessages(suppressWarnings(lmmfit(data = trials, ...)))
own <- function(...) suppressWarnings(lmmfit(data = trials, ...))
same <- function(a, b) expect_equal(loglik(a), loglik(b), tolerance = 1e-8)

test_that("random terms", {
  same(asreml(fixed = yield ~ env, random = ~ gen + env:block),
    own(yield ~ env + (1 | gen) + (1 | env:block)))
  same(asreml(fixed = yield ~ env, random = ~ vm(gen, G) + ide(gen)),
    own(yield ~ env + (1 | gr(gen, cov = G)) + (1 | gen)))
  same(asreml(fixed = yield ~ env, random = ~ giv(gen, Ginv)),
    own(yield ~ env + (1 | gr(gen, precision = Ginv))))
  same(asreml(fixed = yield ~ env, random = ~ diag(env):gen), own(yield ~ env + diag(env | gen)))
  same(asreml(fixed = yield ~ env, random = ~ at(env):block), own(yield ~ env + diag(env | block)))
  same(asreml(fixed = yield ~ env, random = ~ corh(env):vm(gen, G)),
    own(yield ~ env + csh(env | gr(gen, cov = G))))
  same(asreml(fixed = yield ~ env, random = ~ fa(env, 1):id(gen), hold = c(gen.envA.psi = 0.5)),
    own(yield ~ env + fa(env | gen, k = 1), hold = c(gen.envA.psi = 0.5)))
  same(asreml(fixed = yield ~ env + row, random = ~ spl(row)), own(yield ~ env + row + spl(row)))
})

test_that("residuals", {
  same(asreml(fixed = yield ~ env, random = ~gen, residual = ~units),
    own(yield ~ env + (1 | gen)))
  same(asreml(fixed = yield ~ env, residual = ~ dsum(~ ar1(row):ar1(col) | env)),
    own(yield ~ env, residual = list(env = ~ ar1(row):ar1(col))))
  same(asreml(fixed = yield ~ env, residual = ~ dsum(~ id(units) | env)),
    own(yield ~ env, residual = ~ diag(env)))
  same(asreml(fixed = yield ~ 1, residual = ~ idv(env):ar1v(row):ar1(col)),
    own(yield ~ 1, residual = ~ ar1(row):ar1(col) | env))
  same(asreml(fixed = cbind(yield, age + row * yield) ~ trait, random = ~ us(trait):gen,
    residual = ~ id(units):us(trait)), own(cbind(yield, age + row * yield) ~ 1 + (1 | gen)))
})

test_that("structures of an order, banded and anisotropic ones", {
  for (name in c("ar2", "ar3", "ma1", "ma2", "sar", "sar2")) {
    theirs <- stats::as.formula(sprintf("~ idv(env):%s(row):ar1(col)", name))
    ours <- stats::as.formula(sprintf("~ %s(row):ar1(col) | env", name))
    same(asreml(fixed = yield ~ env, residual = theirs), own(yield ~ env, residual = ours))
  }
  same(asreml(fixed = yield ~ env, residual = ~ id(env):corb(row, 2):ar1(col)),
    own(yield ~ env, residual = ~ toep(row, bands = 3):ar1(col) | env))
  same(asreml(fixed = yield ~ env, random = ~ corg(env):gen), own(yield ~ env + corg(env | gen)))
  same(asreml(fixed = yield ~ env, residual = ~ idv(env):aexp(row, col)),
    own(yield ~ env, residual = ~ exp(row):exp(col) | env))
  same(asreml(fixed = yield ~ env, residual = ~ idv(env):ieuc(row, col)),
    own(yield ~ env, residual = ~ exp(row + col | env)))
  # Along the sides of a field: one range for both directions.
  same(asreml(fixed = yield ~ env, residual = ~ idv(env):iexp(row, col)),
    own(yield ~ env, residual = ~ exp(row):exp(col) | env,
      tie = ~ residual.row.range == residual.col.range))
})

test_that("pedigrees, the values of vpredict() and update()", {
  ped <- suppressMessages(pedigree(data.frame(id = 1:20, sire = c(rep(NA, 5), rep(1:3, 5)),
    dam = c(rep(NA, 5), rep(4:5, length.out = 15)))))
  fit <- asreml(fixed = yield ~ env, random = ~ vm(gen, ped))
  same(fit, own(yield ~ env + (1 | gr(gen, pedigree = ped))))
  expect_equal(vpredict(fit, h2 ~ V1 / (V1 + V2))$estimate,
    vpredict(fit, h2 ~ gen / (gen + residual))$estimate)
  expect_identical(nobs(update(fit, . ~ . - env)), 120L)
})

test_that("what cannot be had is refused by name", {
  for (random in c(~ grp(a), ~ str(~ a + b, ~ us(3):id(3)), ~ mbf(a), ~ sar3(row):gen,
    ~ and(gen), ~ cholc(env, 1):gen)) {
    expect_error(lmmfit(fixed = yield ~ env, random = random, data = trials),
      class = "henderson_error_foreign")
  }
  expect_error(lmmfit(fixed = yield ~ env, random = ~ own3(env):gen, data = trials),
    "`own3(env)` is not had", fixed = TRUE)
})

test_that("a model is shown in both grammars, and is the same model", {
  fit <- asreml(fixed = yield ~ env, random = ~ diag(env):vm(gen, G) + block,
    residual = ~ dsum(~ ar1(row):ar1(col) | env))
  for (text in c(in_henderson(fit), in_asreml(fit))) {
    call <- str2lang(sub("data = [.]+[0-9a-z.]*", "data = trials", text))
    call$data <- quote(trials)
    same(fit, suppressMessages(suppressWarnings(eval(call))))
  }
  expect_match(in_asreml(fit), "random = ~ diag(env):vm(gen, G) + block", fixed = TRUE)
  expect_match(in_henderson(fit), "diag(env | gr(gen, cov = G))", fixed = TRUE)
  fit <- own(yield ~ env + (1 + age | gen))
  expect_error(in_asreml(fit), class = "henderson_error_asreml")
})

test_that("structures of an order are written both ways, and read back", {
  both_ways <- function(fit) {
    again <- quiet_eval(in_asreml(fit))
    expect_equal(as.numeric(logLik(again)), as.numeric(logLik(fit)), tolerance = 1e-10)
    expect_equal(as.numeric(logLik(quiet_eval(in_henderson(fit)))), as.numeric(logLik(fit)),
      tolerance = 1e-10)
    unclass(in_asreml(fit))
  }
  quiet_eval <- function(text) suppressMessages(eval(str2lang(text)))
  fit <- lmmfit(height ~ sex * visit, data = growth, residual = ~ ante(visit | id, k = 2))
  expect_match(both_ways(fit), "residual = ~ id(id):ante(visit, 2)", fixed = TRUE)
  fit <- lmmfit(height ~ sex * visit, data = growth, residual = ~ toep(visit | id, bands = 3))
  expect_match(both_ways(fit), "corb(visit, 2)", fixed = TRUE)
  fit <- suppressMessages(lmmfit(yield ~ env + chol(env | line, 2), data = trial))
  expect_match(both_ways(fit), "random = ~ chol(env, 2):line", fixed = TRUE)
})

test_that("an effect of one trait, where another response is missing", {
  ainv <- Ainverse(suppressMessages(pedigree(flock)))
  theirs <- suppressMessages(lmmfit(
    fixed = cbind(birth, weaning) ~ trait + at(trait, 1):sex + trait:year,
    random = ~ us(trait, init = c(1, 0.1, 1)):vm(animal, ainv),
    residual = ~ id(units):us(trait), data = lambs, na.action = na.method(x = "include")))
  own <- suppressMessages(lmmfit(
    cbind(birth, weaning) ~ 0 + trait + at(trait, "birth"):sex + trait:year +
      us(0 + trait | gr(animal, precision = ainv)), lambs, residual = ~ us(trait | unit)))
  expect_equal(as.numeric(logLik(theirs)), as.numeric(logLik(own)), tolerance = 1e-8)
  fitted_sex <- grep("sex", names(fixef(theirs)), value = TRUE)
  expect_false(any(grepl("weaning", fitted_sex)))
})

test_that("factor analysis by its other names", {
  fit <- function(random) {
    suppressMessages(lmmfit(fixed = yield ~ env, random = random, data = trial))$minus2loglik
  }
  expect_equal(fit(~ facv(env, 1):line), fit(~ fa(env, 1):line))
  expect_equal(fit(~ xfa(env, 1):line), fit(~ fa(env, 1):line))
})

test_that("means answer by the names of ASReml's list", {
  fit <- lmmfit(height ~ sex * age + (1 | id), growth)
  means <- predict(fit, classify = "sex", sed = TRUE)
  expect_s3_class(means$pvals, "data.frame")
  expect_equal(means$pvals$estimate, means$estimate)
  expect_equal(means$sed, sed(means))
  expect_equal(means$vcov, vcov(means))
  expect_equal(unname(means$avsed), sed(means)[2, 1])
  expect_null(means$nothing)
})

test_that("constraints of starting values are refused with what to write, P is known", {
  d <- data.frame(nlme::Orthodont)
  d$visit <- factor(d$age)
  d$id <- factor(as.character(d$Subject))
  call_of <- function(random = ~ id, residual = ~ units) {
    suppressMessages(eval(bquote(
      lmmfit(fixed = distance ~ age, random = .(random), residual = .(residual), data = d))))
  }
  own <- lmmfit(distance ~ age + (1 | id), d)
  positive <- list(~ idv(id, init = 2), ~ idv(id, init = c(P = 2)), ~ idv(id, init = c(p = 2)))
  for (random in positive) {
    expect_equal(call_of(random)$minus2loglik, own$minus2loglik)
  }
  refused <- list(
    "hold = c" = list(~ idv(id, init = c(F = 2)), ~ diag(visit, init = c(P = 1, F = 1, P = 1)):id,
      ~ id + us(visit, init = c(F = 1, 0, 1)):id),
    "rho" = list(~ idv(id, init = c(U = 2)), ~ us(visit, init = c(U = 1, U = 0, U = 1)):id),
    "bounds = list" = list(~ ar1(visit, init = c(B = 0.3)):id),
    "hold.*bounds.*tie" = list(~ cor(visit, init = c(Q = 0.3)):id, ~ idv(id, init = c(Z = 2)))
  )
  for (what in names(refused)) {
    for (random in refused[[what]]) {
      expect_error(call_of(random), what, class = "henderson_error_foreign")
    }
  }
  expect_error(call_of(residual = ~ id(id):us(visit, init = c(F = 1, 0, 1))), "hold = c",
    class = "henderson_error_foreign")
  expect_error(call_of(residual = ~ idv(units, init = c(F = 1))), "hold = c",
    class = "henderson_error_foreign")
  expect_error(call_of(~ idv(id, con = "F")), "arguments are not read",
    class = "henderson_error_foreign")
  expect_error(lmmfit(distance ~ age, d, vcc = matrix(1, 1, 2)), "tie",
    class = "henderson_error_argument")
})
