# Cross-validation, against fits of the other records with the same variances (Haslett 1999: it is
# exact), and against fits that estimate them anew.

set.seed(1)
trial_lines <- paste0("L", 1:24)
G <- local({
  M <- matrix(rbinom(24 * 60, 2, 0.4), 24, dimnames = list(trial_lines, NULL))
  grm(M) + diag(0.02, 24)
})
records <- expand.grid(line = trial_lines, env = c("A", "B", "C"), rep = 1:2,
  stringsAsFactors = FALSE)
records <- records[-seq.int(1, nrow(records), 11), ]
records$x <- rnorm(nrow(records))
records$w <- runif(nrow(records), 0.5, 2)
records$y <- 5 + records$x + 2 * (records$env == "B") +
  drop(t(chol(G)) %*% rnorm(24))[records$line |> match(trial_lines)] * 1.5 + rnorm(nrow(records))
row.names(records) <- paste0("r", seq_len(nrow(records)))

models <- list(
  lmmfit(y ~ env + x + (1 | gr(line, cov = G)) + (1 | line:env), records, weights = w),
  lmmfit(y ~ env + offset(x) + us(env | gr(line, cov = G)), records),
  lmmfit(y ~ env + x + (1 | gr(line, cov = G)), records, residual = ~ cs(rep | line:env)),
  lmmfit(y ~ x + (1 + x | line), records, residual = ~ diag(env))
)

test_that("predictions and effects are those of a fit of the other records", {
  fold <- rep_len(1:4, nrow(records))
  for (fit in models) {
    found <- cross_validate(fit, folds = fold)$records
    for (k in 1:4) {
      rest <- records[fold != k, ]
      again <- update(fit, data = rest, hold = held_parameters(fit, TRUE), control = lmm_control())
      own <- found[found$fold == k, ]
      expected <- predict(again, records[own$record, ], allow_new_levels = TRUE)
      expect_equal(own$predicted, unname(expected), tolerance = 1e-7)
      Z <- fit_matrices(fit)$Z[[1]][match(own$record, row.names(fit$frame)), ]
      u <- as.vector(again$random[[1]]$effects[, match(fit$random[[1]]$levels,
        again$random[[1]]$levels)])
      expect_equal(own$effect, as.vector(Z %*% ifelse(is.na(u), 0, u)), tolerance = 1e-6)
    }
    expect_equal(found$observed, records[found$record, "y"])
    whole <- as.vector(fit_matrices(fit)$Z[[1]] %*% as.vector(fit$random[[1]]$effects))
    expect_equal(found$whole, whole[match(found$record, row.names(fit$frame))])
  }
})

test_that("a record left out alone errs by Py / P", {
  for (fit in models[c(1, 4)]) {
    V <- as.matrix(mme(fit, form = "V")$V)
    X <- as.matrix(model.matrix(fit))
    P <- solve(V) - solve(V, X) %*% solve(crossprod(X, solve(V, X)), t(solve(V, X)))
    y <- records$y
    found <- cross_validate(fit, folds = row.names(records))$records
    at <- match(row.names(records), found$record)
    expect_equal((found$observed - found$predicted)[at], unname(drop(P %*% y) / diag(P)),
      tolerance = 1e-7)
  }
})

test_that("variances are estimated without the fold", {
  fit <- models[[1]]
  fold <- rep_len(c("a", "b", "c"), nrow(records))
  found <- cross_validate(fit, fold, estimate = TRUE)
  again <- update(fit, data = records[fold != "b", ])
  expect_equal(found$parameters["b", ], stats::setNames(varcomp(again)$estimate,
    varcomp(again)$parameter), tolerance = 1e-4)
  own <- found$records[found$records$fold == "b", ]
  expected <- predict(again, records[own$record, ], allow_new_levels = TRUE)
  expect_equal(own$predicted, unname(expected), tolerance = 1e-4)
})

test_that("a fold that cannot be fitted is told, and the others are there", {
  # Without environment C nothing tells of its variance and covariances.
  fit <- models[[2]]
  expect_warning(found <- cross_validate(fit, "env", estimate = TRUE),
    "could not be fitted.*do not tell of line.A, line.A.B, line.A.C [(]1[)]",
    class = "henderson_warning_folds")
  expect_identical(found$failed$fold, c("A", "B", "C"))
  expect_match(found$failed$reason[3L], "line.A.C, line.B.C, line.C")
  expect_true(all(is.na(found$records$effect)))
  expect_equal(found$records$observed, records[found$records$record, "y"])
  expect_null(found$parameters)
  expect_true(all(found$folds$predicted == 0))
  # What residuals of C are is not asked where C is predicted: then nothing fails.
  expect_no_warning(found <- suppressMessages(
    cross_validate(models[[4]], scheme = "CV0", environment = records$env, estimate = TRUE)))
  expect_identical(nrow(found$failed), 0L)
  expect_false(anyNA(found$records$effect))
  # One that fails among others.
  codes <- ifelse(records$env == "C", "C", rep_len(c("a", "b"), nrow(records)))
  expect_warning(found <- cross_validate(fit, codes, estimate = TRUE), class =
    "henderson_warning_folds")
  expect_identical(found$failed$fold, "C")
  expect_identical(is.na(found$records$effect), found$records$fold == "C")
  expect_identical(row.names(found$parameters), c("a", "b"))
  expect_false(anyNA(found$folds[found$folds$fold == "all", "bias"]))
})

test_that("folds are kept in a directory, and fitted on workers", {
  directory <- tempfile("folds")
  on.exit(unlink(directory, recursive = TRUE))
  fit <- models[[1]]
  first <- cross_validate(fit, 3, estimate = TRUE, seed = 1, directory = directory)
  files <- list.files(directory, full.names = TRUE)
  expect_length(files, 3L)
  expect_identical(first, cross_validate(fit, 3, estimate = TRUE, seed = 1))
  # A fold that is there is not fitted again: a mark in its place shows.
  kept <- readRDS(files[1L])
  kept$records$effect <- 99
  saveRDS(kept, files[1L])
  again <- cross_validate(fit, 3, estimate = TRUE, seed = 1, directory = directory)
  expect_identical(sum(again$records$effect == 99), nrow(kept$records))
  # Other folds are others.
  cross_validate(fit, 3, estimate = TRUE, seed = 2, directory = directory)
  expect_length(list.files(directory), 6L)
  skip_if_not_installed("future.apply")
  old <- future::plan(future::multisession, workers = 2)
  on.exit(future::plan(old), add = TRUE)
  expect_identical(cross_validate(fit, 3, estimate = TRUE, seed = 1), first)
})

test_that("schemes leave out what they say", {
  fit <- models[[1]]
  found <- cross_validate(fit, 6, "CV1", individual = "line", seed = 1)$records
  lines <- records[found$record, "line"]
  expect_true(all(tapply(found$fold, lines, function(x) length(unique(x))) == 1))
  expect_identical(sort(found$record), sort(row.names(records)))
  found <- cross_validate(fit, 3, "CV2", individual = "line", seed = 1)$records
  lines <- records[found$record, "line"]
  expect_true(all(tapply(found$fold, lines, function(x) length(unique(x))) == 3))
  expect_identical(found, cross_validate(fit, 3, "CV2", individual = "line", seed = 1)$records)
  expect_message(found <- cross_validate(fit, scheme = "CV0", environment = "env"),
    "a level of a fixed effect that no other record has")
  expect_true(all(is.na(found$records$predicted)))
  rest <- records[records$env != "B", ]
  again <- update(fit, data = rest, hold = held_parameters(fit, TRUE))
  own <- found$records[found$records$fold == "B", ]
  expect_equal(own$effect, ranef(again)[[1]][records[own$record, "line"], 1], tolerance = 1e-7)
  forward <- cross_validate(models[[4]], scheme = "forward", time = records$env)
  expect_identical(forward$folds$fold, c("B", "C", "mean", "all"))
  expect_identical(forward$folds$left_out[1:2],
    c(sum(records$env != "A"), sum(records$env == "C")) + 0)
  v <- held_parameters(models[[4]], TRUE)
  again <- update(models[[4]], data = records[records$env == "A", ], residual = ~ iid,
    hold = c(v[startsWith(names(v), "line")], residual = v[["residual.A"]]))
  own <- forward$records[forward$records$fold == "B", ]
  expected <- predict(again, records[own$record, ], allow_new_levels = TRUE)
  expect_equal(own$predicted, unname(expected), tolerance = 1e-6)
})

test_that("unrelated individuals without records are predicted as zero", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  found <- cross_validate(fit, 3, "CV1", individual = "Subject", seed = 1)
  expect_true(all(found$records$effect == 0))
  expect_true(all(is.na(found$folds[c("ability", "slope", "consistency")])))
  expect_false(anyNA(found$folds$correlation))
})

test_that("the table is of its records", {
  found <- cross_validate(models[[1]], 4, seed = 3)
  r <- found$records[found$records$fold == "2", ]
  row <- found$folds[found$folds$fold == "2", ]
  expect_equal(row$correlation, cor(r$observed, r$predicted))
  expect_equal(row$rmse, sqrt(mean((r$observed - r$predicted)^2)))
  fixed <- as.vector(model.matrix(models[[1]])[r$record, ] %*% fixef(models[[1]]))
  expect_equal(row$ability, cor(r$observed - fixed, r$effect))
  expect_equal(row$slope, unname(coef(lm(r$observed - fixed ~ r$effect))[2]))
  expect_equal(row$dispersion, unname(coef(lm(r$whole ~ r$effect))[2]))
  expect_equal(row$bias, mean(r$effect - r$whole))
  expect_equal(row$consistency, cor(r$whole, r$effect))
  expect_equal(found$folds$rmse[5], mean(found$folds$rmse[1:4]))
  expect_equal(found$folds$correlation[6], cor(found$records$observed, found$records$predicted))
  expect_snapshot(print(cross_validate(models[[1]], 12, "CV1", individual = "line", seed = 3), 2))
})

test_that("what is wrong is said", {
  fit <- models[[1]]
  expect_error(cross_validate(lm(y ~ x, records)), "a fit by lmmfit")
  expect_error(cross_validate(lmmfit(y ~ x, records)), "random")
  expect_error(cross_validate(fit, 1), "at least 2")
  expect_error(cross_validate(fit, 1000), "at most 130")
  expect_error(cross_validate(fit, "evn"), "no variable \"evn\".*Did you mean \"env\"")
  expect_error(cross_validate(fit, scheme = "CV3"), "CV1")
  expect_error(cross_validate(fit, scheme = "CV1"), "needs `individual`")
  expect_error(cross_validate(fit, scheme = "CV0"), "needs `environment`")
  expect_error(cross_validate(fit, scheme = "forward"), "needs `time`")
  expect_error(cross_validate(fit, term = "lines"), "no random term \"lines\"")
  expect_error(cross_validate(fit, rep(1, fit$n)), "at least two folds")
  expect_error(cross_validate(fit, estimate = "yes"), "TRUE or FALSE")
})

test_that("a fold that leaves a level of a fixed effect out is named, with variances held or not", {
  folds <- ifelse(records$env == "B", "gone", rep(c("a", "b"), length.out = nrow(records)))
  for (estimate in c(FALSE, TRUE)) {
    expect_message(found <- cross_validate(models[[1]], folds, estimate = estimate),
      paste(sum(records$env == "B"), "records of fold \"gone\" have a level of a fixed effect"))
    lost <- found$records$fold == "gone"
    expect_true(all(is.na(found$records$predicted[lost])))
    expect_false(anyNA(found$records$predicted[!lost]))
    expect_false(anyNA(found$records$effect))
  }
})
