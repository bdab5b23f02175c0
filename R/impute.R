# Imputation of missing responses: draws from their joint posterior predictive distribution.

#' Impute missing responses
#'
#' Draws of the responses that are missing in the data of a fit by `method = "Bayes"`, given all
#' that are there: variance parameters from their posterior, then fixed and random effects given
#' them, then residuals given those of the other records of the same subject. A model that is fitted
#' to each completed data set, and the estimates combined by Rubin's rules, is multiple imputation.
#'
#' # Strategies
#'
#' With `"MAR"` (missing at random) a record follows the model. Under the others the mean of a
#' subject after its last observed record is that of another group, of the trial's control say, as
#' the fixed effects have it (Carpenter, Roger & Kenward 2013):
#'
#' * `"JR"`, jump to reference: the mean of the reference group.
#' * `"CIR"`, copy increments in reference: the mean of its own group at the last observed record,
#'   and from there on the increments of the reference group.
#'
#' Deviations from the mean stay what the observed records of the subject tell, and so do
#' covariances. Missing records before the last observed one are missing at random. A subject
#' without an observed record has the mean of the reference group.
#'
#' @param object A fit by [lmmfit()] with `method = "Bayes"` whose response is a column of the data.
#' @param m Number of imputations.
#' @param data The data, with the records whose response is missing; by default those of the call.
#' @param seed A whole number that makes them reproducible.
#' @param strategy `"MAR"`, `"JR"` or `"CIR"`.
#' @param reference Of the last two: the reference group, as in `c(arm = "placebo")`.
#' @param subject,visit Of the last two: names of the columns of subjects and of the order of their
#'   records; by default those of the residual structure, `us(visit | subject)`.
#' @param format `"long"`: one data frame with `.imp` = 0 (as it is), 1, ..., m and the row `.id`,
#'   which `mice::as.mids()` takes. `"list"`: a list of m data frames. `"draws"`: a data frame with
#'   a row for each missing response and imputation: `.imp`, `.id`, `value`.
#' @param ... Not used.
#' @return See `format`. Responses of records whose covariates are missing stay missing, with a
#'   message.
#' @references Carpenter, J. R., Roger, J. H. & Kenward, M. G. (2013) Journal of Biopharmaceutical
#'   Statistics 23, 1352-1371. Rubin, D. B. (1987) Multiple Imputation for Nonresponse in Surveys.
#' @examplesIf all(vapply(c("qrng", "loo", "posterior"), requireNamespace, NA, quietly = TRUE))
#' teeth <- as.data.frame(nlme::Orthodont)
#' teeth$distance[c(4, 7, 8)] <- NA
#' teeth$visit <- factor(teeth$age)
#' fit <- lmmfit(distance ~ visit * Sex, teeth, residual = ~ ar1(visit | Subject),
#'   method = "Bayes", draws = 500, seed = 1)
#' impute(fit, m = 2, seed = 1, format = "draws")
#' impute(fit, m = 2, seed = 1, format = "draws", strategy = "JR", reference = c(Sex = "Female"))
#' @export
impute <- function(object, m = 20, data = NULL, seed = NULL, strategy = c("MAR", "JR", "CIR"),
                   reference = NULL, subject = NULL, visit = NULL,
                   format = c("long", "list", "draws"), ...) {
  check_given(object)
  check_fit(object)
  check_unused(...)
  check_has_records(object, "{.fn impute}")
  if (!is_bayes(object)) abort_argument("object", object$method, "a fit by method = \"Bayes\"")
  m <- check_count(m, "m")
  strategy <- check_choice(strategy, c("MAR", "JR", "CIR"), "strategy")
  format <- check_choice(format, c("long", "list", "draws"), "format")
  if (strategy == "MAR") {
    given <- Filter(Negate(is.null), list(reference = reference, subject = subject, visit = visit))
    if (length(given) > 0L) abort_reference_unused(names(given)[1L])
  }
  response <- imputed_response(object)
  data <- imputed_data(object, data, response)
  missing <- which(is.na(data[[response]]) & in_subset(object, data))
  if (length(missing) == 0L) abort_nothing_missing(response)
  switched <- if (strategy != "MAR") {
    reference_rows(object, data, missing, response, strategy, reference, subject, visit)
  }
  values <- with_stream(check_seed(seed), imputation_draws(object, data, missing, m, switched))
  gone <- sum(is.na(values[, 1L]))
  if (gone > 0L) inform_not_imputed(gone)
  imputed_format(data, response, missing, values, format)
}

imputed_response <- function(fit) {
  response <- fit$parts$fixed[[2L]]
  if (!is.symbol(response) || !is.null(fit$parts$traits)) {
    abort_bayes_question(paste0("`impute()` of `", deparse_one(response), "`"),
      "Let the response be one column of the data.")
  }
  as.character(response)
}

imputed_data <- function(fit, data, response) {
  if (is.null(data)) {
    data <- first_found(fit$call$data, list(environment(fit$formula), parent.frame(2L)))
    if (!is.data.frame(data)) abort_data_not_found()
  }
  if (!is.data.frame(data)) abort_data(data)
  if (!response %in% names(data)) abort_argument("data", names(data), paste("data with", response))
  as.data.frame(data)
}

in_subset <- function(fit, data) {
  subset <- fit$call$subset
  if (is.null(subset)) return(rep.int(TRUE, nrow(data)))
  own <- eval(subset, data, environment(fit$formula))
  seq_len(nrow(data)) %in% seq_len(nrow(data))[which_or_number(own)]
}

which_or_number <- function(x) if (is.logical(x)) which(x) else x

# Records with missing covariates have NA.
imputation_draws <- function(fit, data, missing, m, switched) {
  newdata <- data[missing, , drop = FALSE]
  weight <- fit$posterior$weight
  at <- sample.int(length(weight), m, replace = TRUE, prob = weight)
  effects <- effect_draws(fit, at, sample.int(.Machine$integer.max, 1L))
  rows <- new_rows(fit, newdata, seq_along(fit$random), TRUE)
  own <- newdata[rows$complete, , drop = FALSE]
  values <- rows$offset + as.matrix(do.call(cbind, c(list(rows$X), rows$Z)) %*% effects)
  if (!is.null(switched)) {
    p <- ncol(rows$X)
    values <- values + switched[rows$complete, , drop = FALSE] %*% effects[seq_len(p), ]
  }
  if (nrow(own) > 0L) {
    errors <- record_errors(fit, effects)
    for (s in seq_len(m)) {
      there <- at_draw(fit, at[s])
      for (k in seq_along(fit$random)) values[, s] <- values[, s] + added_draws(there, k, rows, 1L)
      values[, s] <- values[, s] + drawn_residuals(there, own, errors[, s])
    }
  }
  found <- matrix(NA_real_, length(missing), m)
  found[rows$complete, ] <- values
  found
}

# y - W (beta, u), records x draws.
record_errors <- function(fit, effects) {
  matrices <- fit_matrices(fit)
  W <- do.call(cbind, c(list(matrices$X), matrices$Z))
  frame_response(fit$frame) - (frame_offset(fit$frame) %||% 0) - as.matrix(W %*% effects)
}

# Residuals of new rows, given those of the records.
drawn_residuals <- function(fit, newdata, errors) {
  joint <- joint_residual(fit, newdata)
  first <- which(!duplicated(joint$place))
  among <- joint$among[first, first, drop = FALSE]
  mean <- 0
  if (length(joint$old) > 0L) {
    between <- joint$between[, first, drop = FALSE]
    R <- build_residual_matrix(fit)[joint$old, joint$old]
    a <- Matrix::solve(Matrix::Cholesky(R, LDL = FALSE), between)
    mean <- as.vector(Matrix::crossprod(a, errors[joint$old]))
    among <- Matrix::forceSymmetric(among - Matrix::crossprod(between, a))
  }
  draws <- mean + draws_with_covariance(among, matrix(stats::rnorm(length(first)), length(first)))
  as.vector(draws)[match(joint$place, joint$place[first])]
}

imputed_format <- function(data, response, missing, values, format) {
  m <- ncol(values)
  if (format == "draws") {
    return(data.frame(.imp = rep(seq_len(m), each = length(missing)), .id = rep(missing, m),
      value = as.vector(values)))
  }
  completed <- lapply(seq_len(m), function(s) {
    data[[response]][missing] <- values[, s]
    data
  })
  if (format == "list") return(completed)
  n <- nrow(data)
  found <- cbind(data.frame(.imp = rep(0:m, each = n), .id = rep(seq_len(n), m + 1L)),
    do.call(rbind, c(list(data), completed)))
  row.names(found) <- NULL
  found
}
