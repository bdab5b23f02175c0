# Sixty scripts as the users of other programs type them (scripts/): each runs, with the
# likelihood of the same model in our own grammar or of the peer, or is refused in words that say
# what to write.

test_that("scripts of other programs run, or say what to write", {
  for (package in c("lme4", "mmrm")) skip_if_not_installed(package)
  scripts <- read_scripts()
  expect_length(scripts, 60L)
  for (script in scripts) {
    found <- run_script(script)
    label <- paste0(script$program, ", ", script$title, ": ", found$message)
    expect_identical(found$outcome, if (is.null(script$refused)) "runs" else "refused",
      info = label)
    if (found$outcome == "refused") expect_match(found$message, script$refused, info = label)
    if (found$outcome == "runs") expect_lt(abs(found$difference), 1e-6, label = label)
  }
})

test_that("an inverse is not taken for a covariance by vm()", {
  ped <- pedigree(flock)
  Hinv <- Hinverse(ped, grm(lamb_markers))
  own <- lmmfit(birth ~ sex + (1 | gr(animal, precision = Hinv)), lambs)
  fit <- suppressMessages(lmmfit(fixed = birth ~ sex, random = ~ vm(animal, Hinv), data = lambs))
  expect_equal(logLik(fit), logLik(own))
})

test_that("nested factors, and three of them", {
  trial$row <- factor(trial$row)
  read <- suppressMessages(lmmfit(fixed = yield ~ 1, random = ~ env / rep / row, data = trial))
  own <- suppressMessages(lmmfit(yield ~ (1 | env / rep / row), trial))
  expect_equal(as.numeric(logLik(read)), as.numeric(logLik(own)), tolerance = 1e-8)
})

test_that("arguments of other names are said, and two names of one are not taken", {
  expect_message(lmmfit(yield ~ env, trial, rcov = ~units), "`rcov =` is read as `residual =`",
    fixed = TRUE)
  expect_error(lmmfit(yield ~ env, trial, rcov = ~units, residual = ~iid), "no argument `rcov`")
  expect_message(lmmfit(fixed = yield ~ env, random = ~line, data = trial,
    na.action = na.method(x = "include")), "na_random", fixed = TRUE)
  expect_error(lmmfit(yield ~ env, trial, G.param = 1), "`hold`")
  expect_error(lmmfit(fixed = yield ~ env, random = ~ vsr(line, Gt = 1), data = trial),
    "`Gt` is not read")
})
