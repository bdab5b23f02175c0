# Structures as others call them, and in any case.

orth <- transform(as.data.frame(nlme::Orthodont), visit = factor(age))

test_that("any case and the names of others mean the same structure", {
  own <- logLik(lmmfit(distance ~ age, orth, residual = ~ us(visit | Subject)))
  expect_silent(fit <- lmmfit(distance ~ age, orth, residual = ~ US(visit | Subject)))
  expect_identical(logLik(fit), own)
  expect_message(fit <- lmmfit(distance ~ age, orth, residual = ~ un(visit | Subject)),
    "`un()` is read as `us()`", fixed = TRUE)
  expect_identical(logLik(fit), own)
  expect_message(fit <- lmmfit(distance ~ age, orth, residual = ~ sp_exp(age | Subject)),
    "`sp_exp()` is read as `exp()`", fixed = TRUE)
  expect_silent(fit <- lmmfit(distance ~ age + DIAG(1 + age | Subject), orth))
  expect_identical(logLik(fit), logLik(lmmfit(distance ~ age + (1 + age || Subject), orth)))
  expect_message(lmmfit(distance ~ age + idv(visit | Subject), orth,
    control = lmm_control(identify = "report")), "`id()`", fixed = TRUE)
})

test_that("functions of the index keep their names", {
  expect_silent(lmmfit(distance ~ exp(age / 10) + (exp(age / 10) | Subject), orth))
  expect_identical(with_structure_names(quote(exp(UN(t) | id)), "bar"), quote(exp(UN(t) | id)))
})

test_that("what is no structure of ours says what to write", {
  advice <- list(dsum = "residual = list(env", ide = "(1 | animal)", vm = "gr(line, cov = G)",
    ped = "gr(animal, pedigree = ped)", giv = "precision = Ginv", at = "diag(env | block)")
  for (name in names(advice)) {
    term <- str2lang(paste0(name, "(Subject)"))
    formula <- eval(bquote(distance ~ age + .(term)))
    # at() exists, as a function of a formula.
    if (name != "at") expect_error(lmmfit(formula, orth), advice[[name]], fixed = TRUE)
    bar <- eval(bquote(distance ~ age + .(as.call(list(as.name(name), quote(age | Subject))))))
    expect_error(lmmfit(bar, orth), advice[[name]], fixed = TRUE)
  }
  expect_error(lmmfit(distance ~ nosuch(age), orth), "no function `nosuch()`", fixed = TRUE)
})

test_that("a residual without a tilde is understood, one without a subject is told", {
  own <- logLik(lmmfit(distance ~ age, orth, residual = ~ us(visit | Subject)))
  expect_identical(logLik(lmmfit(distance ~ age, orth, residual = us(visit | Subject))), own)
  expect_identical(logLik(lmmfit(distance ~ age, orth, residual = iid)),
    logLik(lmmfit(distance ~ age, orth)))
  for (name in c("us", "csh", "ar1h", "toeph", "ante")) {
    residual <- eval(bquote(~ .(as.call(list(as.name(name), quote(visit))))))
    expect_error(lmmfit(distance ~ age, orth, residual = residual),
      paste0("a subject is missing.*", name, "\\(visit \\| subject\\)"))
  }
  expect_error(lmmfit(distance ~ age, orth, residual = Sex), "~ diag(Sex)", fixed = TRUE)
  expect_error(lmmfit(distance ~ age, orth, residual = "us"), "must be a formula, not character")
})
