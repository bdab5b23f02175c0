# Tasks of future::plan(): the same answers through a batch system, and a bar of what workers did.

data("sleepstudy", package = "lme4", envir = environment())

test_that("a bootstrap is the same as jobs of Slurm", {
  skip_on_cran()
  skip_if_not_installed("future.apply")
  local_slurm()
  fit <- lmmfit(Reaction ~ Days + (1 | Subject), sleepstudy)
  here <- confint(fit, method = "boot", nsim = 12, seed = 3)
  old <- future::plan(future.batchtools::batchtools_slurm, workers = 2L)
  on.exit(future::plan(old), add = TRUE, after = FALSE)
  expect_identical(confint(fit, method = "boot", nsim = 12, seed = 3), here)
})

test_that("workers tell what they have done", {
  skip_on_cran()
  skip_if_not_installed("future.apply")
  skip_if_not_installed("progressr")
  old <- future::plan(future::multisession, workers = 2)
  on.exit(future::plan(old), add = TRUE)
  expect_silent(expect_identical(map_over(1:7, sqrt), as.list(sqrt(1:7))))
  shown <- utils::capture.output(type = "message",
    found <- map_over(1:7, sqrt, progress = TRUE, what = "Taking roots"))
  expect_identical(found, as.list(sqrt(1:7)))
  expect_match(paste(shown, collapse = ""), "Taking roots.*100%")
})

test_that("after a map that was broken off the plan has new workers, which answer", {
  skip_on_cran()
  skip_if_not_installed("future.apply")
  old <- future::plan(future::multisession, workers = 2)
  on.exit(future::plan(old), add = TRUE)
  ids <- function() unlist(map_over(1:2, function(i) Sys.getpid()))
  before <- ids()
  expect_identical(ids(), before)
  expect_error(map_over(1:2, function(i) stop("broken off")), "broken off")
  expect_length(intersect(ids(), before), 0L)
  expect_equal(future::nbrOfWorkers(), 2, ignore_attr = TRUE)
})
