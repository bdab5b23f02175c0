# What users of lme4, lmerTest, nlme and mmrm count on, on our own data: the same here, or another
# way on purpose. `bench/promises.R` makes a table of it.

promises <- read_promises()

test_that("at least eighty behaviours are looked at, each with a name of its own", {
  what <- vapply(promises, function(x) paste(x$peer, x$what), "")
  expect_gte(length(what), 80L)
  expect_identical(anyDuplicated(what), 0L)
})

test_that("each promise of a peer is kept, or kept otherwise", {
  skip_on_cran()
  for (peer in c("lme4", "lmerTest", "emmeans", "car", "pbkrtest")) skip_if_not_installed(peer)
  scope <- promise_scope()
  for (promise in promises) {
    if (promise$peer == "mmrm" && is.null(quietly(of_mmrm("mmrm")))) next
    found <- judge_promise(promise, scope)
    expect_false(found$kind == "missing", info = paste(promise$peer, promise$what, found$note))
  }
})
