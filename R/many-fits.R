# The loop over responses: one model for each set of records that a response has.

# `model_for(y, weights)` builds the model of a response; settings: see many_settings(). `key` is
# what decides the result beside the responses. A list of data frames, see lmmfit_many().
fit_many <- function(Y, weights, model_for, settings, progress = FALSE, directory = NULL,
                     key = NULL) {
  same_records <- split(colnames(Y), record_codes(!is.na(Y)))
  tasks <- unlist(lapply(unname(same_records), function(names) {
    chunks <- min(most_chunks, ceiling(length(names) / least_chunk))
    lapply(unname(in_chunks(names, chunks)), function(names) {
      list(Y = Y[, names, drop = FALSE],
        weights = if (is.matrix(weights)) weights[, match(names, colnames(Y)), drop = FALSE] else
          weights)
    })
  }), FALSE)
  parts <- map_over(tasks, chunk_fitter(model_for, settings), progress, directory, key, "Fitting")
  assemble_many(unlist(parts, FALSE), colnames(Y))
}

# Several tasks a worker and a bar that moves, of responses enough that their model costs little.
most_chunks <- 200L
least_chunk <- 50L

# A number for each column: columns with the same records have the same.
record_codes <- function(known) {
  codes <- apply(known, 2L, function(column) paste(which(!column), collapse = " "))
  match(codes, unique(codes))
}

# A function of a task, for the same reason a small one.
chunk_fitter <- function(model_for, settings) {
  force(model_for)
  settings$control$keeps_rotation <- TRUE
  function(task) {
    model <- NULL
    one <- function(j) {
      y <- unname(task$Y[, j])
      caught(function() {
        # The first of them tells which records there are; weights are part of a model.
        if (is.matrix(task$weights)) model <<- model_for(y, unname(task$weights[, j]))
        if (is.null(model)) model <<- model_for(y, task$weights)
        model <<- with_values(model, y)
        fit <- new_lmmfit(NULL, model, estimate(model, settings$control), settings$control,
          settings$ddf)
        short_fit(fit, settings)
      })
    }
    sharing_rotation(lapply(stats::setNames(seq_len(ncol(task$Y)), colnames(task$Y)), one))
  }
}

# The model of another response on the same records.
with_values <- function(model, y) {
  rows <- match(row.names(model$frame), as.character(seq_along(y)))
  model$frame[[1L]][] <- y[rows]
  check_response(model$frame[[1L]], names(model$frame)[1L], model$frame)
  model$spec$response <- frame_response(model$frame)
  check_response_varies(model$spec$response, names(model$frame)[1L])
  model
}

# What f() gives with the text of its warnings, or why it gave nothing.
caught <- function(f) {
  said <- character()
  found <- tryCatch(
    withCallingHandlers(f(),
      warning = function(w) {
        said <<- c(said, first_line(w))
        invokeRestart("muffleWarning")
      },
      message = function(m) invokeRestart("muffleMessage")
    ),
    error = function(e) list(failed = first_line(e))
  )
  found$said <- said
  found
}

first_line <- function(condition) {
  # Its name is ours alone.
  gsub("(the response )?`?[.]response`?", "the response", reason_of(condition), ignore.case = TRUE)
}

# The numbers of a fit that are kept: lists, as tables of each would take longer than the fits.
short_fit <- function(fit, settings) {
  found <- list(estimate = shown_estimates(fit), status = fit$parameters$status,
    parameter = fit$parameters$name, n = fit$n, minus2loglik = fit$minus2loglik,
    end = fit$convergence$status)
  if (settings$effects) {
    found$term <- fit$fixed$names
    found$effects <- tests_of_rows(fit, NULL, settings)
  }
  if (is.null(settings$K)) return(found)
  if (settings$effects) {
    found$row <- rownames(settings$K)
    found$contrasts <- tests_of_rows(fit, settings$K, settings)
  }
  found$joint <- test_together(fit, settings$K, settings)
  found
}

# Of fixed effects (K NULL) or rows of K: NA where they are not estimable.
tests_of_rows <- function(fit, K, settings) {
  kept <- !is.na(fit$fixed$estimate)
  estimable <- if (is.null(K)) kept else estimable_rows(fit, K)
  rows <- if (is.null(K)) sparse_identity(sum(kept)) else K[estimable, kept, drop = FALSE]
  ddf <- check_ddf(fit, settings$ddf)
  found <- row_tests(fit, rows, ddf, check_information(settings$information, ddf))
  estimate <- se <- df <- rep.int(NA_real_, length(estimable))
  estimate[estimable] <- as.vector(rows %*% fit$fixed$estimate[kept])
  se[estimable] <- sqrt(pmax(found$variance, 0))
  df[estimable] <- found$df
  statistic <- ifelse(se > 0, estimate / se, NA_real_)
  list(estimate = estimate, se = se, df = df, statistic = statistic,
    p.value = two_sided_p(statistic, df))
}

# c(F, ndf, ddf, p.value) of all rows of K.
test_together <- function(fit, K, settings) {
  if (!all(estimable_rows(fit, K))) return(rep.int(NA_real_, 4L))
  rows <- as.matrix(K[, !is.na(fit$fixed$estimate), drop = FALSE])
  rows <- rows[independent_rows(rows), , drop = FALSE]
  ddf <- check_ddf(fit, settings$ddf)
  beta <- fit$fixed$estimate[!is.na(fit$fixed$estimate)]
  test <- joint_test(fit, rows, drop(rows %*% beta), ddf,
    check_information(settings$information, ddf))
  c(test$F, test$ndf, test$ddf, stats::pf(test$F, test$ndf, test$ddf, lower.tail = FALSE))
}

tested_columns <- c("estimate", "se", "df", "statistic", "p.value")

assemble_many <- function(fits, responses) {
  fits <- fits[responses]
  failed <- !vapply(fits, function(fit) is.null(fit$failed), NA)
  good <- fits[!failed]
  of_all <- function(name, missing) {
    unlist(lapply(fits, function(fit) fit[[name]] %||% missing), use.names = FALSE)
  }
  message <- vapply(fits, function(fit) paste(c(fit$failed, fit$said), collapse = "; "), "")
  status <- of_all("end", "failed")
  tables <- list(
    effects = long_numbers(good, "effects", "term"),
    variances = data.frame(
      response = rep(names(good), lengths(lapply(good, `[[`, "estimate"))),
      parameter = joined(good, "parameter"), estimate = joined(good, "estimate"),
      status = joined(good, "status")
    ),
    fits = data.frame(response = responses, n = of_all("n", NA_integer_),
      minus2loglik = of_all("minus2loglik", NA_real_), status = status, message = unname(message))
  )
  if (all(failed)) warn_many_failed(tables$fits$message[1L])
  if (length(good) == 0L || is.null(good[[1L]]$joint)) return(tables)
  joint <- matrix(joined(good, "joint"), 4L, dimnames = list(c("F", "ndf", "ddf", "p.value"), NULL))
  c(tables, list(contrasts = long_numbers(good, "contrasts", "row"),
    joint = data.frame(response = names(good), t(joint))))
}

joined <- function(fits, name) unlist(lapply(fits, `[[`, name), use.names = FALSE)

# A row for each response and effect.
long_numbers <- function(fits, what, label) {
  labels <- lapply(fits, `[[`, label)
  numbers <- lapply(stats::setNames(nm = tested_columns), function(column) {
    unlist(lapply(fits, function(fit) fit[[what]][[column]]), use.names = FALSE)
  })
  table <- data.frame(response = rep(names(fits), lengths(labels)),
    label = unlist(labels, use.names = FALSE), lapply(numbers, function(x) x %||% numeric()))
  names(table)[2L] <- label
  table
}
