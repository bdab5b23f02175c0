# Cross-validation: what a model says of records that it has not seen.

#' Cross-validation
#'
#' Predicts records from the others. With the variance parameters as estimated (the default) no
#' model is fitted again: leaving the records S out is the same as giving each of them a fixed
#' effect of its own, so with D the columns of those,
#' \deqn{(b, u)_{(S)} = (b, u) - C^- W'R^{-1}D\gamma, \quad \gamma = (D'PD)^- D'Py,}{(b, u)_(S) =
#' (b, u) - C^- W'R^-1 D g, g = (D'PD)^- D'Py,}
#' exactly. `estimate = TRUE` estimates the variance parameters anew without each fold.
#'
#' `scheme` makes the folds as breeders do:
#' * `"CV1"`: new individuals; all records of an individual are left out together, in `folds` random
#'   folds of individuals.
#' * `"CV2"`: sparse testing; the records of an individual are spread over `folds` folds.
#' * `"CV0"`: new environments; each level of `environment` is left out once.
#' * `"forward"`: each value of `time` from the records before it.
#'
#' Where a fold leaves out all records of a level of a fixed effect (an environment of CV0), there
#' is no prediction of them as a whole, but one of their random effects.
#'
#' @param object A fit by [lmmfit()] with a random term.
#' @param folds A number of random folds; or the name of a variable of the fit, or a value for each
#'   record, that says in which fold it is. Not used by `"CV0"` and `"forward"`.
#' @param scheme `NULL`, `"CV1"`, `"CV2"`, `"CV0"` or `"forward"`.
#' @param individual,environment,time The variables of the schemes: a name of a variable of the fit,
#'   or a value for each record.
#' @param term Labels of the random terms whose effects are the value that is predicted, by default
#'   the first.
#' @param estimate `TRUE` estimates the variance parameters without each fold.
#' @param seed A number for random folds, or `NULL` for the generator of the session.
#' @param progress,directory With `estimate = TRUE`, whose folds are fitted on the workers of
#'   `future::plan()` where it has any: `TRUE` shows a bar, by default in an interactive session;
#'   and a directory in which finished folds are kept, so that after an interrupt the same call,
#'   with the same folds, goes on where it stood.
#' @return A list of class `cross_validation`:
#'   * `folds`: a row for each fold, their `mean`, and `all` records together, with `left_out` and
#'     `predicted` records; `correlation` of observed and predicted response, `rmse`; predictive
#'     `ability`, the correlation of the response, less the fixed part of the whole fit, with the
#'     predicted effect of `term`, and the `slope` of the regression of the one on the other
#'     (dispersion: 1 without inflation). By the method LR, of the effects from part of the records
#'     and from all: their `bias`, the regression of whole on part (`dispersion`), and their
#'     correlation (`consistency`: the ratio of the accuracies).
#'   * `records`: a row for each predicted record, with `record`, `fold`, `observed`, `predicted`,
#'     `adjusted` (observed less the fixed part), `effect` (without the fold) and `whole` (with all
#'     records).
#'   * `parameters`: with `estimate` the variance parameters of each fold.
#'   * `failed`: with `estimate` the folds that could not be fitted, whose records have no
#'     prediction (a warning says so): `fold` and `reason`.
#' @references Haslett, J. (1999) Journal of the Royal Statistical Society B 61, 603-609. Legarra,
#'   A. and Reverter, A. (2018) Semi-parametric estimates of population accuracy and bias of
#'   predictions of breeding values and future phenotypes using the LR method. Genetics Selection
#'   Evolution 50, 53. Burgueno, J. et al. (2012) Genomic prediction of breeding values when
#'   modeling genotype x environment interaction using pedigree and dense molecular markers. Crop
#'   Science 52, 707-719.
#' @examples
#' fit <- lmmfit(weaning ~ sex + year + (1 | gr(animal, pedigree = pedigree(flock))), lambs)
#' cross_validate(fit, folds = 5, seed = 1)
#' cross_validate(fit, scheme = "forward", time = "year")
#' @export
cross_validate <- function(object, folds = 10, scheme = NULL, individual = NULL,
                           environment = NULL, time = NULL, term = NULL, estimate = FALSE,
                           seed = NULL, progress = someone_waits(), directory = NULL, ...) {
  check_given(object, ...)
  check_fit(object)
  check_has_records(object, "{.fn cross_validate}")
  if (!is_mixed(object)) abort_no_random("`cross_validate()`")
  if (is_bayes(object)) abort_validation_bayes()
  if (!is.null(scheme)) scheme <- check_choice(scheme, c("CV1", "CV2", "CV0", "forward"), "scheme")
  check_flag(estimate, "estimate")
  terms <- validated_terms(object, term)
  folds <- validation_folds(object, folds, scheme, individual, environment, time, seed)
  check_folds(folds, object)
  check_flag(progress, "progress")
  directory <- check_directory(directory)
  found <- if (estimate) estimated_folds(object, folds, terms, progress, directory) else
    left_out_folds(object, folds, terms)
  lost <- is.na(found$records$predicted) & !is.na(found$records$effect)
  if (any(lost)) inform_unpredicted(sum(lost), unique(found$records$fold[lost]))
  structure(
    list(folds = fold_table(found$records, folds), records = found$records,
      parameters = found$parameters, failed = found$failed, terms = term_labels(object)[terms],
      scheme = scheme, estimated = estimate),
    class = "cross_validation"
  )
}

validated_terms <- function(fit, term) {
  if (is.null(term)) return(1L)
  known <- term_labels(fit)
  at <- match(check_names(term, "term", "labels of random terms"), known)
  if (anyNA(at)) abort_term("term", term[is.na(at)][1L], unique(known))
  at
}

check_folds <- function(folds, fit) {
  for (fold in folds) {
    if (fit$n - length(fold$deleted) <= length(fit$fixed$estimate)) {
      abort_fold_size(fold$name, fit$n - length(fold$deleted))
    }
  }
}

# Records without each fold, the variances being those of the fit. One factor serves the folds of a
# batch.
left_out_folds <- function(fit, folds, terms, batch = 500L) {
  parts <- validation_parts(fit, terms)
  size <- cumsum(lengths(lapply(folds, `[[`, "deleted")))
  batches <- split(folds, (size - 1) %/% batch)
  records <- lapply(unname(batches), function(some) records_of_batch(fit, parts, some))
  list(records = do.call(rbind, records))
}

validation_parts <- function(fit, terms) {
  matrices <- fit_matrices(fit)
  u <- unlist(lapply(fit$random, function(term) as.vector(term$effects)))
  first <- cumsum(c(length(fit$fixed$names), lengths(lapply(fit$random, `[[`, "effects"))))
  own <- unlist(lapply(terms, function(k) first[k] + seq_along(fit$random[[k]]$effects)))
  list(
    W = whole_design(fit, matrices), Z = do.call(cbind, matrices$Z[terms]), own = own,
    precision = residual_precision(fit), offset = frame_offset(fit$frame) %||% numeric(fit$n),
    solution = c(ifelse(is.na(fit$fixed$estimate), 0, fit$fixed$estimate), u),
    response = frame_response(fit$frame), fitted = fit$fitted, fixed = fit$fitted_fixed
  )
}

# At most so many numbers of solutions at once.
most_solutions <- 3e8

records_of_batch <- function(fit, parts, folds) {
  rows <- unlist(lapply(folds, `[[`, "deleted"))
  if (length(rows) * length(parts$solution) > most_solutions) {
    abort_size("A fold (records x effects)", length(rows) * length(parts$solution), most_solutions,
      "Ask for more folds.", "numbers")
  }
  K <- as_dgc(Matrix::crossprod(parts$W, parts$precision[, rows, drop = FALSE]))
  columns <- ask_one(fit, "error_columns", K = K)
  at <- 0L
  tables <- lapply(folds, function(fold) {
    own <- at + seq_along(fold$deleted)
    at <<- at + length(own)
    records_of_fold(fit, parts, fold, K[, own, drop = FALSE], columns[, own, drop = FALSE])
  })
  do.call(rbind, unname(tables))
}

# columns: C^- K with K = W'R^-1 D.
records_of_fold <- function(fit, parts, fold, K, columns) {
  S <- fold$deleted
  Py <- as.vector(parts$precision[S, , drop = FALSE] %*% (parts$response - parts$fitted))
  DPD <- as.matrix(parts$precision[S, S, drop = FALSE]) - as.matrix(Matrix::crossprod(K, columns))
  found <- least_change(DPD, Py, Matrix::diag(parts$precision)[S])
  solution <- parts$solution - as.vector(columns %*% found$change)
  rows <- fold$predicted
  predicted <- as.vector(parts$W[rows, , drop = FALSE] %*% solution) + parts$offset[rows]
  Z <- parts$Z[rows, , drop = FALSE]
  # What nothing is known of has an effect of zero, but for rounding.
  own <- solution[parts$own]
  own[abs(own) <= 1e-12 * max(abs(parts$solution[parts$own]))] <- 0
  data.frame(
    record = row.names(fit$frame)[rows], fold = fold$name,
    observed = parts$response[rows] + parts$offset[rows],
    predicted = ifelse(found$lost[match(rows, S)], NA, predicted),
    adjusted = parts$response[rows] - parts$fixed[rows],
    effect = as.vector(Z %*% own),
    whole = as.vector(Z %*% parts$solution[parts$own])
  )
}

# A solution of A x = b, and which rows a null vector of A meets: their x is not determined.
least_change <- function(A, b, scale) {
  A <- A / sqrt(outer(scale, scale))
  root <- suppressWarnings(chol(A, pivot = TRUE, tol = nothing_left))
  if (attr(root, "rank") == nrow(A)) {
    pivot <- attr(root, "pivot")
    x <- numeric(length(b))
    x[pivot] <- backsolve(root, backsolve(root, (b / sqrt(scale))[pivot], transpose = TRUE))
    return(list(change = x / sqrt(scale), lost = logical(length(b))))
  }
  parts <- eigen(A, symmetric = TRUE)
  kept <- parts$values > nothing_left * max(1, parts$values)
  V <- parts$vectors[, kept, drop = FALSE]
  x <- V %*% (crossprod(V, b / sqrt(scale)) / parts$values[kept])
  null <- rowSums(parts$vectors[, !kept, drop = FALSE]^2)
  list(change = as.vector(x) / sqrt(scale), lost = null > 1e-8)
}

# The same with the variances of the records outside the fold.
estimated_folds <- function(fit, folds, terms, progress, directory) {
  one <- function(fold) {
    rest <- tryCatch(rebuilt(fit, frame = frame_rows(fit$frame, -fold$deleted)),
      henderson_error = reason_of)
    if (is.character(rest)) return(rest)
    values <- held_parameters(rest, rep.int(TRUE, length(rest$parameters$estimate)))
    untold <- setdiff(fit$parameters$name[!is_residual_parameter(fit$parameters)], names(values))
    if (length(untold) > 0L) return(paste("the other records do not tell of", toString(untold)))
    again <- rebuilt(fit, hold = values)
    list(records = left_out_folds(again, list(fold), terms)$records, values = values)
  }
  key <- if (!is.null(directory)) list("fold", search_code(fit), terms)
  found <- map_over(folds, one, progress, directory, key, "Folds")
  is_failed <- vapply(found, is.character, NA)
  failed <- data.frame(fold = vapply(folds[is_failed], `[[`, "", "name"),
    reason = as.character(unlist(found[is_failed])), row.names = NULL)
  if (nrow(failed) > 0L) warn_folds(failed$fold, failed$reason)
  whole <- validation_parts(fit, terms)
  records <- Map(function(own, fold, is_failed) {
    if (is_failed) unpredicted_records(fit, fold) else own$records
  }, found, folds, is_failed)
  records <- do.call(rbind, unname(records))
  at <- match(records$record, row.names(fit$frame))
  records$whole <- as.vector(whole$Z[at, , drop = FALSE] %*% whole$solution[whole$own])
  records$adjusted <- (whole$response - whole$fixed)[at]
  list(records = records, failed = failed,
    parameters = do.call(rbind, lapply(found[!is_failed], `[[`, "values")))
}

# Of a fold without a fit; `adjusted` and `whole` are those of the whole fit.
unpredicted_records <- function(fit, fold) {
  rows <- fold$predicted
  observed <- frame_response(fit$frame) + (frame_offset(fit$frame) %||% numeric(fit$n))
  data.frame(record = row.names(fit$frame)[rows], fold = fold$name, observed = observed[rows],
    predicted = NA_real_, adjusted = NA_real_, effect = NA_real_, whole = NA_real_)
}

# Some records of a frame, with what the frame knows of all.
frame_rows <- function(frame, rows) {
  kept <- droplevels(frame[rows, , drop = FALSE])
  for (name in c("terms", "order", "optional")) attr(kept, name) <- attr(frame, name)
  kept
}
