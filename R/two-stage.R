#' Two-stage analysis of longitudinal data
#'
#' Stage 1 fits each subject by least squares, \eqn{y_i = Z_i\beta_i + e_i}{y_i = Z_i b_i + e_i},
#' all subjects in one pass. Stage 2 regresses the coefficients of the subjects on what is known of
#' them, \eqn{\hat\beta_i = W_i\beta + u_i}{b_i = W_i b + u_i} with \eqn{u_i \sim N(0, D)}{u_i ~
#' N(0, D)}. The single-stage model that this approximates is
#' `lmmfit(y ~ w * (z + I(z^2)) + (1 + z + I(z^2) | id))`; [compare_stages()] sets the two side by
#' side.
#'
#' With `weights = "none"` the coefficients of all subjects count alike: stage 2 is a multivariate
#' regression, and its D contains the sampling variance of stage 1. With `weights = "stage1"` the
#' coefficients have the covariance \eqn{D + \sigma^2(Z_i'Z_i)^{-1}}{D + sigma^2 (Z_i'Z_i)^-1}, with
#' \eqn{\sigma^2}{sigma^2} pooled over the residuals of stage 1: the exact two-stage generalised
#' least squares. At equal variances it has the \eqn{\beta}{b} of the single-stage model without the
#' subjects that are left out.
#'
#' @param formula `y ~ z + I(z^2) | id`: response, the regression of stage 1, and the subject.
#' @param second A one-sided formula with the regression of each coefficient on variables that are
#'   constant within subjects.
#' @param data A data frame.
#' @param summary Summary statistics in place of the coefficients of stage 1: one or several of
#'   `"mean"`, `"median"`, `"min"`, `"max"`, `"last"` and `"auc"` (area under the curve over the
#'   first variable of stage 1, by trapezoids), or a function of the response of a subject, or of
#'   its response and that variable, with one or several values.
#' @param weights `"none"` or `"stage1"`.
#' @param method `"REML"` or `"ML"`, for D.
#' @param sigma2,D Known values: the error variance of stage 1, and the covariance matrix of the
#'   coefficients. By default they are estimated.
#' @param control Settings of the maximiser, see [lmm_control()].
#' @param ... Nothing more: what is not an argument is an error.
#' @return A list of class `two_stage` with `coefficients`, `vcov`, `D`, `sigma2` (pooled, with
#'   `df_stage1` degrees of freedom), `subjects` (a data frame: subject, number of records,
#'   coefficients or statistics), `left_out` (number of records, named by the subject that has too
#'   few of them, or too few distinct ones, for its regression), and, for `weights = "stage1"`, the
#'   fit of stage 2. Methods: print, summary, coef, vcov, plot.
#' @references Laird NM, Ware JH (1982) Random-effects models for longitudinal data. Biometrics
#'   38:963-974. Verbeke G, Molenberghs G (2000) Linear Mixed Models for Longitudinal Data,
#'   chapter 3. Springer.
#' @seealso [two_stage_met()] for trials in several environments.
#' @examples
#' two <- two_stage(distance ~ age | Subject, second = ~ Sex, data = nlme::Orthodont)
#' two
#' summary(two)
#' two_stage(distance ~ age | Subject, ~ Sex, nlme::Orthodont, summary = c("mean", "auc"))
#' @export
two_stage <- function(formula, second = ~1, data = NULL, summary = NULL,
                      weights = c("none", "stage1"),
                      method = c("REML", "ML"), sigma2 = NULL, D = NULL,
                      control = lmm_control(), ...) {
  check_given(formula, ...)
  weights <- check_choice(weights, c("none", "stage1"), "weights")
  method <- check_choice(method, c("REML", "ML"), "method")
  if (!is.null(sigma2)) check_positive(sigma2, "sigma2")
  if (!is.null(summary) && weights == "stage1") abort_two_stage_summary()
  parts <- parse_two_stage(formula, second)
  records <- two_stage_records(parts, data)
  first <- if (is.null(summary)) stage_one(records) else stage_one_summary(records, summary)
  kept <- kept_subjects(first, records)
  sigma2 <- sigma2 %||% kept$sigma2
  W <- second_design(parts, records, kept)
  D <- check_known_d(D, colnames(kept$B))
  found <- if (weights == "none") {
    stage_two_unweighted(kept$B, W, method, D)
  } else {
    stage_two_weighted(kept, W, method, sigma2, D, control)
  }
  new_two_stage(match.call(), parts, records, kept, W, found, list(
    weights = weights, method = method, sigma2 = sigma2, summary = !is.null(summary)
  ))
}

# y ~ z | id and ~ w, taken apart.
parse_two_stage <- function(formula, second) {
  if (!inherits(formula, "formula") || length(formula) != 3L) abort_two_stage_formula(formula)
  bar <- strip_parentheses(formula[[3L]])
  if (!is_call_to(bar, "|")) abort_two_stage_formula(formula)
  if (!inherits(second, "formula") || length(second) != 2L) {
    abort_argument("second", second, "a one-sided formula such as ~ treatment")
  }
  group <- strip_parentheses(bar[[3L]])
  env <- environment(formula)
  variables <- formula
  variables[[3L]] <- call("+", call("+", bar[[2L]], second[[2L]]),
    Reduce(function(a, b) call("+", a, b), lapply(all.vars(group), as.name)))
  list(
    formula = formula, second = second, first = as_one_sided(bar[[2L]], env), group = group,
    variables = variables
  )
}

# The records: response, Z, subject codes and labels, the frame.
two_stage_records <- function(parts, data) {
  frame <- model_frame(parts, data)
  response <- names(frame)[1L]
  check_response(frame[[1L]], response, frame)
  for (name in names(frame)[-1L]) check_finite(frame[[name]], name, frame)
  names <- all.vars(parts$group)
  codes <- Reduce(cross_codes, lapply(names, function(name) level_codes(frame[[name]])))
  terms <- safe_terms(parts$first, frame)
  list(
    frame = frame, y = as.double(frame[[1L]]), response = response, terms = terms,
    Z = stats::model.matrix(terms, frame), subject = codes$codes, levels = codes$levels,
    covariate = first_covariate(terms, frame)
  )
}

# The name of the first numeric variable of stage 1: the horizontal axis of curves.
first_covariate <- function(terms, frame) {
  for (name in all.vars(terms)) {
    if (is_number_like(frame[[name]]) && !is.matrix(frame[[name]])) return(name)
  }
  NULL
}

new_two_stage <- function(call, parts, records, kept, W, found, settings) {
  subjects <- data.frame(subject = kept$levels, records = kept$records, kept$B,
    check.names = FALSE)
  row.names(subjects) <- NULL
  result <- c(
    list(call = call, formula = parts$formula, second = parts$second), settings, found,
    list(
      df_stage1 = kept$df, error = kept$error, subjects = subjects, left_out = kept$left_out,
      n_records = sum(kept$records), W = W$all, label = W$label, records = records
    )
  )
  names <- two_stage_names(colnames(kept$B), colnames(W$all))
  full <- rep(NA_real_, length(names))
  at <- as.vector(outer(W$kept, (seq_len(ncol(kept$B)) - 1L) * ncol(W$all), `+`))
  full[at] <- found$coefficients
  result$coefficients <- stats::setNames(full, names)
  dimnames(result$vcov) <- list(names[at], names[at])
  structure(result, class = "two_stage")
}

# The names that the single-stage formula w * (z + I(z^2)) gives.
two_stage_names <- function(coefs, columns) {
  as.vector(outer(columns, coefs, function(w, k) {
    ifelse(w == "(Intercept)", k, ifelse(k == "(Intercept)", w, paste(w, k, sep = ":")))
  }))
}
