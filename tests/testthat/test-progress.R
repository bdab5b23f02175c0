# What cli shows arrives as messages where there is no terminal.
lines_of <- function(code) {
  lines <- character()
  withCallingHandlers(code, message = function(condition) {
    lines <<- c(lines, conditionMessage(condition))
    invokeRestart("muffleMessage")
  })
  lines
}

sleep <- lme4::sleepstudy
model <- Reaction ~ Days + (Days | Subject)

test_that("a fit is silent before two seconds, and without someone who waits", {
  expect_silent(lmmfit(model, sleep))
  expect_silent(lmmfit(model, sleep, control = lmm_control(progress = TRUE)))
  expect_false(someone_waits())
  expect_error(lmm_control(progress = "yes"), class = "henderson_error_argument")
})

test_that("a long fit says where it stands", {
  said <- lines_of(lmmfit(model, sleep, control = lmm_control(progress = 0)))
  expect_match(said, "^(Fitting|iteration [0-9]+: -2 log-likelihood .*) \\([0-9]+ s\\)")
  for (sampler in c("importance", "hmc", "gibbs")) {
    said <- lines_of(suppressWarnings(lmmfit(Reaction ~ Days + (1 | Subject), sleep,
      method = "Bayes", draws = 100, seed = 1, sampler = sampler,
      control = lmm_control(progress = 0))))
    expect_match(said, paste0("^(Draw|Draw of each chain|Step of each chain|Warm-up step) [0-9]+ ",
      "of [0-9]+ \\([0-9]+ s\\)"), all = FALSE)
  }
})

test_that("the line is not there before its time", {
  expect_silent(lmmfit(model, sleep, control = lmm_control(progress = 1e6)))
  expect_null(new_progress(FALSE)$say)
  expect_error(lmm_control(progress = -1), class = "henderson_error_argument")
})

test_that("`trace` is a line for each iteration, with or without progress", {
  for (progress in c(TRUE, FALSE)) {
    control <- lmm_control(trace = TRUE, progress = progress)
    found <- lines_of(fit <- lmmfit(model, sleep, control = control))
    expect_length(found, fit$convergence$iterations + 1L)
    expect_match(found, "^iteration [0-9]+: -2 log-likelihood")
  }
})
