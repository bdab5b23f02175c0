growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)

test_that("each structure has a row with the likelihood of its fit", {
  fit <- lmmfit(distance ~ age * Sex, growth)
  table <- compare_structures(fit, list(
    ~iid, "cs by sex" = ~ cs(age | Sex / Subject), ~ ar1(age | Subject)
  ))
  expect_identical(row.names(table), c("iid", "cs by sex", "ar1(age | Subject)"))
  expect_identical(table$parameters, c(1L, 4L, 2L))
  expect_equal(table$minus2loglik[1], deviance(fit), tolerance = 1e-9)
  single <- lmmfit(distance ~ age * Sex, growth, ~ ar1(age | Subject))
  expect_equal(table$AIC[3], AIC(single), tolerance = 1e-9)
  expect_identical(min(table$delta), 0)
  expect_s3_class(attr(table, "fits")[["cs by sex"]], "lmmfit")
  expect_output(print(table), "cs by sex +4")
  ml <- compare_structures(fit, list(~iid), method = "ML")
  expect_equal(ml$minus2loglik, deviance(update(fit, method = "ML")), tolerance = 1e-9)
})

test_that("a structure that cannot be fitted is a row that says why", {
  fit <- lmmfit(distance ~ age + (1 | Subject), growth)
  table <- compare_structures(fit, list(~iid, ~ us(age | Subject)))
  expect_true(is.na(table$AIC[2]))
  expect_match(table$status[2], "cannot be told from the residual")
  expect_error(compare_structures(fit, ~iid), class = "henderson_error_argument")
  expect_error(compare_structures(fit, list("ar1")), class = "henderson_error_residual")
})

test_that("data are found where the call is made", {
  inside <- function() {
    local_data <- growth
    fit <- lmmfit(distance ~ age, local_data)
    compare_structures(fit, list(~iid, ~ cs(age | Subject)))
  }
  expect_identical(nrow(inside()), 2L)
})

test_that("fits are kept in a directory, and made on workers", {
  directory <- tempfile("structures")
  on.exit(unlink(directory, recursive = TRUE))
  # Data in a function, which a worker does not have.
  own <- nlme::Orthodont
  fit <- lmmfit(distance ~ age * Sex, own)
  structures <- list(~iid, ~ cs(age | Subject), ~ ar1(age | Subject), ~ us(age | Nobody))
  compare <- function(...) compare_structures(fit, structures, ...)
  first <- compare()
  expect_identical(first$status[1:3], rep("converged", 3L))
  expect_match(first$status[4L], "Nobody")
  numbers <- function(table) lapply(table, identity)
  expect_identical(numbers(compare(directory = directory)), numbers(first))
  files <- list.files(directory, full.names = TRUE)
  expect_length(files, 4L)
  kept <- lapply(files, readRDS)
  at <- which(!vapply(kept, inherits, NA, "condition"))[1L]
  kept[[at]]$minus2loglik <- -7
  saveRDS(kept[[at]], files[at])
  expect_identical(sum(compare(directory = directory)$minus2loglik == -7, na.rm = TRUE), 1L)
  # Other settings are other fits.
  compare(directory = directory, method = "ML")
  expect_length(list.files(directory), 7L)
  skip_if_not_installed("future.apply")
  old <- future::plan(future::multisession, workers = 2)
  on.exit(future::plan(old), add = TRUE)
  again <- compare()
  expect_identical(numbers(again), numbers(first))
  # A fit of a worker answers as one of this session.
  expect_equal(fixef(attr(again, "fits")[[2L]]), fixef(attr(first, "fits")[[2L]]))
  expect_identical(deparse(attr(again, "fits")[[2L]]$call), deparse(attr(first, "fits")[[2L]]$call))
})
