# str(), polynomials, lin(), units and covariates of ASReml's grammar: the same models in our own.

loglik <- function(fit) as.numeric(logLik(fit))
asreml <- function(...) suppressMessages(suppressWarnings(lmmfit(...)))
own <- function(...) suppressMessages(suppressWarnings(lmmfit(...)))
same <- function(a, b) expect_equal(loglik(a), loglik(b), tolerance = 1e-8)
refused <- function(random, text, data = growth, fixed = height ~ sex) {
  expect_error(suppressMessages(lmmfit(fixed = fixed, random = random, data = data)), text,
    class = "henderson_error_foreign")
}

test_that("str() over terms of one group", {
  lines <- own(height ~ sex * age + (1 + age | id), growth)
  for (random in c(~ str(~ id + id:age, ~ us(2):id(40)), ~ str(~ id / age, ~ us(2):id(id)),
    ~ str(~ age:id + id, ~ us(2, init = c(1, 0, 1)):id(40)),
    ~ str(~ id + id:age, ~ corh(2):id(40)), ~ str(~ id:leg(age, 1), ~ corgh(2):id(40)))) {
    same(asreml(fixed = height ~ sex * age, random = random, data = growth), lines)
  }
  same(asreml(fixed = height ~ sex * age, random = ~ str(~ id / age, ~ diag(2):id(40)),
    data = growth), own(height ~ sex * age + (1 + age || id), growth))
  G <- 0.5^abs(outer(1:40, 1:40, "-"))
  dimnames(G) <- list(levels(growth$id), levels(growth$id))
  same(asreml(fixed = height ~ sex, random = ~ str(~ vm(id, G) + vm(id, G):age, ~ us(2):vm(id, G)),
    data = growth), own(height ~ sex + (1 + age | gr(id, cov = G)), growth))
})

test_that("str() over effects of one set of levels", {
  ped <- pedigree(flock)
  ainv <- Ainverse(ped)
  both <- own(birth ~ sex + (1 | gr(direct = animal, maternal = dam, pedigree = ped)), lambs)
  for (random in c(~ str(~ vm(animal, ainv) + vm(dam, ainv), ~ us(2):vm(animal, ainv)),
    ~ str(~ animal + dam, ~ us(2):vm(animal, ped)))) {
    environment(random) <- environment()
    same(asreml(fixed = birth ~ sex, random = random, data = lambs), both)
  }
})

test_that("polynomials where their scale is no matter, and lin()", {
  # Columns of the fixed part in other units change the likelihood of REML by a constant.
  ml <- function(...) asreml(..., data = growth, method = "ML")
  quadratic <- own(height ~ sex * (age + I(age^2)) + (1 + age | id), growth, method = "ML")
  same(ml(fixed = height ~ sex * pol(age, 2), random = ~ us(pol(age, 1)):id), quadratic)
  same(ml(fixed = height ~ sex:leg(age, 2), random = ~ us(leg(age)):id(id)), quadratic)
  same(ml(fixed = height ~ sex + sex:pol(age, -2), random = ~ us(leg(age, 1)):id), quadratic)
  same(ml(fixed = height ~ sex, random = ~ us(pol(age, -1)):id + id),
    own(height ~ sex + (1 | id) + (0 + scale(age) | id), growth, method = "ML"))
  same(ml(fixed = height ~ sex, random = ~ diag(leg(age, 1)):id),
    own(height ~ sex + diag(0 + legendre(age, 1) | id), growth, method = "ML"))
  same(ml(fixed = height ~ lin(age) + lin(visit), random = ~ id),
    own(height ~ age + as.integer(visit) + (1 | id), growth, method = "ML"))
  newer <- ml(fixed = height ~ pol(age, 2), random = ~ id)
  at <- data.frame(age = c(7, 11), id = "C01")
  expect_equal(predict(newer, at), predict(own(height ~ age + I(age^2) + (1 | id), growth,
    method = "ML"), at), tolerance = 1e-6)
})

test_that("numbers beside a factor are covariates, and splines have a curve by level", {
  same(asreml(fixed = height ~ sex + age, random = ~ id + id:age, data = growth),
    own(height ~ sex + age + (1 | id) + (0 + age | id), growth))
  same(asreml(fixed = height ~ sex + age, random = ~ spl(age) + spl(age):id, data = growth),
    own(height ~ sex + age + spl(age) + spl(age | id), growth))
  numbered <- transform(growth, id = as.integer(id))
  same(asreml(fixed = height ~ sex, random = ~id, data = numbered),
    own(height ~ sex + (1 | id), growth))
})

test_that("units is a level for each record, also without the column", {
  set.seed(2)
  field <- expand.grid(row = 1:10, col = 1:12)
  R <- kronecker(0.8^abs(outer(1:12, 1:12, "-")), 0.8^abs(outer(1:10, 1:10, "-")))
  field$line <- factor(sample(rep(1:30, 4)))
  field$y <- drop(t(chol(R)) %*% rnorm(120)) + rnorm(120) + rnorm(30)[field$line]
  field$plot <- factor(seq_len(120))
  fit <- asreml(fixed = y ~ 1, random = ~ line + units, residual = ~ ar1v(col):ar1(row),
    data = field)
  plots <- own(y ~ (1 | line) + (1 | plot), field, residual = ~ ar1(col):ar1(row))
  same(fit, plots)
  expect_gt(varcomp(fit)$estimate[2L], 0.1)
  expect_equal(varcomp(fit)$estimate, varcomp(plots)$estimate, tolerance = 1e-6)
  expect_equal(predict(fit), predict(plots))
  some <- field[c(5, 40), c("line", "row", "col")]
  expect_equal(predict(fit, some), predict(plots, some, random = "line"))
  expect_equal(nobs(update(fit, data = field[1:100, ])), 100L)
  expect_equal(predict(fit, classify = "line")$estimate, predict(plots, classify = "line")$estimate,
    tolerance = 1e-6)
  # A column of this name is that column.
  field$units <- field$line
  same(own(y ~ (1 | units), field), own(y ~ (1 | line), field))
})

test_that("what does not hold together is refused", {
  refused(~ pol(age, 1):id, "how that program scales")
  refused(~ corv(pol(age, 1)):id, "how that program scales")
  refused(~ us(pol(age, 0)):id, "degree")
  refused(~ str(~ id + id:age, ~ us(3):id(40)), "2 effects")
  refused(~ str(~ id + id:age, ~ id(40):us(2)), "of 40")
  refused(~ str(~ id + sex:age, ~ us(2):id(40)), "neither of one group")
  refused(~ str(~ id + id:age), "is not")
  refused(~ str(~ us(sex):id, ~ us(2):id(40)), "both sides")
  refused(~ lin(age), "no factor")
  refused(~ us(sex):id:age, "a covariate")
})

test_that("settings of other optimisers are left out with a message, mmrm's tests are read", {
  plain <- lmmfit(height ~ age + (1 | id), growth)
  expect_message(fit <- lmmfit(height ~ age + (1 | id), growth,
    control = lme4::lmerControl(optimizer = "bobyqa")), "lmm_control()", fixed = TRUE)
  same(fit, plain)
  control <- lme4::lmerControl()
  same(asreml(height ~ age + (1 | id), growth, control = control), plain)
  same(asreml(height ~ age + (1 | id), growth, control = lmeControl(opt = "optim")), plain)
  expect_message(fit <- lmmfit(height ~ age + (1 | id), growth,
    control = mmrm_control(method = "Kenward-Roger")), "ddf = \"Kenward-Roger\"", fixed = TRUE)
  expect_identical(fit$ddf, "Kenward-Roger")
  expect_error(lmmfit(height ~ age, growth, control = mmrm_control(vcov = "Empirical")), "CR0")
  expect_error(lmmfit(height ~ age, growth, control = list()), class = "henderson_error_argument")
})

test_that("an inverse is no covariance, whether marked or plainly one", {
  ped <- pedigree(flock)
  ainv <- Ainverse(ped)
  plain <- as.matrix(ainv)
  A <- as.matrix(Amatrix(ped))
  for (inverse in list(ainv, plain, plain[rev(rownames(plain)), rev(rownames(plain))])) {
    expect_error(lmmfit(birth ~ sex + (1 | gr(animal, cov = inverse)), lambs),
      "`precision = inverse`", class = "henderson_error_relationship")
    expect_error(suppressMessages(lmmfit(fixed = birth ~ sex, random = ~ vm(animal, plain),
      data = lambs)), "precision = plain")
  }
  same(own(birth ~ sex + (1 | gr(animal, cov = A)), lambs),
    own(birth ~ sex + (1 | gr(animal, precision = plain)), lambs))
  # Covariances with negative entries, whose inverse is no relationship matrix.
  band <- diag(40)
  band[abs(row(band) - col(band)) == 1] <- -0.3
  dimnames(band) <- list(levels(growth$id), levels(growth$id))
  expect_s3_class(own(height ~ sex + (1 | gr(id, cov = band)), growth), "lmmfit")
})
