#' Predictions
#'
#' Predictions for the records of the fit or for new data, with or without the random effects.
#'
#' Predictions use the fixed and random effects. Residuals that are correlated within a subject are
#' not used: a new record of a subject of the fit is predicted as one whose residual is unknown.
#' With several responses, `newdata` without a column `trait` gives each row a prediction for each
#' trait.
#'
#' @param object A fit by [lmmfit()].
#' @param newdata A data frame with the variables of the formula. By default the data of the fit.
#' @param random `TRUE`: with all random effects. `FALSE`: with none, the fixed part alone. Or the
#'   labels of the random terms to include, as [varcomp()] names them. (`re.form` of lme4 is
#'   understood too: `NULL` means `TRUE`, `NA` or `~0` means `FALSE`.)
#' @param allow_new_levels `TRUE` predicts a level that was not in the fit by a random effect of 0;
#'   its variance is part of the standard error.
#' @param se `TRUE` adds standard errors (`se.fit` is understood too).
#' @param interval `"confidence"` gives intervals for X b + Z u, `"prediction"` for a new record:
#'   with a residual of its own, and with all random terms. For a record of a new group use
#'   `random = TRUE` and a level that is not in the fit.
#' @param level Level of the intervals.
#' @param ddf Degrees of freedom of confidence intervals with `random = FALSE`, see [contest()].
#'   Those with random effects use normal quantiles.
#' @param ... Not used.
#' @return A numeric vector with `NA` for rows with missing values. With `se = TRUE` a list of `fit`
#'   and `se.fit`: the standard errors of the prediction of the expected response, X b + Z u: they
#'   account for the estimation of b, and take the variances as known. With an interval `fit` is a
#'   matrix with the columns `fit`, `lwr` and `upr`.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
#' new <- data.frame(age = c(9, 15), Subject = c("M01", "F99"))
#' predict(fit, new, allow_new_levels = TRUE, se = TRUE)
#' predict(fit, data.frame(age = 9), random = FALSE, interval = "confidence")
#' @export
predict.lmmfit <- function(object, newdata = NULL, random = TRUE, allow_new_levels = FALSE,
                           se = FALSE, interval = c("none", "confidence", "prediction"),
                           level = 0.95, ddf = NULL, ...) {
  interval <- check_choice(interval, c("none", "confidence", "prediction"), "interval")
  level <- check_level(level)
  more <- list(...)
  if ("re.form" %in% names(more)) random <- is.null(more$re.form)
  if ("se.fit" %in% names(more)) se <- more$se.fit
  check_flag(se, "se")
  check_flag(allow_new_levels, "allow_new_levels")
  newdata <- stack_new_data(object, newdata)
  included <- included_terms(object, random)
  rows <- if (is.null(newdata)) fitted_rows(object) else
    new_rows(object, newdata, included, allow_new_levels)
  eta <- rows$offset + row_predictions(object, rows, included)
  fit <- fill_rows(object, eta, rows)
  if (!se && interval == "none") return(fit)
  errors <- row_errors(object, rows, included)
  if (interval != "none") {
    half <- interval_half(object, rows, included, errors, interval, level, ddf)
    half <- fill_rows(object, half, rows)
    fit <- cbind(fit = fit, lwr = fit - half, upr = fit + half)
  }
  if (!se) return(fit)
  list(fit = fit, se.fit = fill_rows(object, errors, rows))
}

# Half the width of each interval.
interval_half <- function(fit, rows, included, errors, interval, level, ddf) {
  upper <- 1 - (1 - level) / 2
  if (interval == "prediction") {
    if (length(included) < length(fit$random)) abort_prediction_interval()
    variance <- residual_variances(fit)
    if (!is.null(rows$complete) && length(variance) > 1L) abort_prediction_residual()
    if (is.null(rows$complete)) variance <- variance / fit_weights(fit)
    df <- if (has_exact_t(fit)) fit$n - fit$rank else Inf
    return(stats::qt(upper, df) * sqrt(errors^2 + variance))
  }
  if (length(included) > 0L) return(stats::qnorm(upper) * errors)
  ddf <- check_ddf(fit, ddf)
  kept <- !is.na(fit$fixed$estimate)
  tests <- row_tests(fit, rows$X[, kept, drop = FALSE], ddf, check_information(NULL, ddf))
  stats::qt(upper, tests$df) * sqrt(tests$variance)
}

# The numbers of the random terms to include.
included_terms <- function(fit, random) {
  if (is.logical(random) && length(random) == 1L && !is.na(random)) {
    return(if (random) seq_along(fit$random) else integer())
  }
  if (!is.character(random)) {
    abort_argument("random", random, "TRUE, FALSE or labels of random terms")
  }
  unknown <- setdiff(random, term_labels(fit))
  if (length(unknown) > 0L) abort_term("random", unknown, unique(term_labels(fit)))
  which(term_labels(fit) %in% random)
}

# Rows to predict: X, Z by term, offset; complete (which rows of newdata have no missing values) and
# unknown (by term, which of those rows have a new level).
fitted_rows <- function(fit) {
  matrices <- fit_matrices(fit)
  list(
    X = matrices$X, Z = matrices$Z, offset = frame_offset(fit$frame) %||% 0, complete = NULL,
    unknown = lapply(fit$random, function(term) integer())
  )
}

new_rows <- function(fit, newdata, included, allow_new_levels) {
  if (!is.data.frame(newdata)) abort_data(newdata)
  terms <- fit$parts$random[included]
  frame <- new_frame(new_formula(fit, terms), fit$frame, newdata, effect_columns(fit, included))
  complete <- stats::complete.cases(frame)
  kept <- frame[complete, , drop = FALSE]
  source <- column_source(kept, fit$contrasts)
  fixed <- column_recipe(one_sided_terms(fit$parts$fixed), source)$terms
  random <- lapply(included, new_term_rows, fit, source, allow_new_levels)
  matrices <- design_cpp(list(
    response = numeric(nrow(kept)), weights = double(), fixed = fixed,
    random = lapply(random, `[`, random_fields), residual = list(structure = "iid"),
    method = fit$method
  ))
  rows <- empty_rows(fit, nrow(kept))
  rows$X <- matrices$X
  attr(kept, "terms") <- attr(frame, "terms")
  rows$offset <- frame_offset(kept) %||% 0
  rows$complete <- complete
  rows$names <- row.names(frame)
  for (j in seq_along(included)) {
    rows$unknown[[included[j]]] <- random[[j]]$unknown
    rows$Z[[included[j]]] <- without_rows(matrices$Z[[j]], random[[j]]$unknown)
    rows$coefs[[included[j]]] <- matrices$Z[[j]][random[[j]]$unknown, , drop = FALSE]
  }
  rows
}

# The variables of the fixed part and of the included terms, with the offset.
new_formula <- function(fit, terms) {
  formula <- fit$parts$fixed
  used <- c(list(formula[[3L]]), lapply(terms, `[[`, "coefs"), lapply(terms, group_variables))
  formula[[3L]] <- Reduce(function(a, b) call("+", a, b), used)
  formula
}

# Columns whose levels have effects or coefficients of their own: not those that only form groups.
effect_columns <- function(fit, included) {
  formulas <- c(list(fit$parts$fixed[-2L]), lapply(fit$parts$random[included], function(term) {
    as_one_sided(term$group$members$by %||% term$coefs)
  }))
  unlist(lapply(formulas, function(formula) variable_names(stats::terms(formula))))
}

empty_rows <- function(fit, n) {
  zero <- lapply(fit$random, function(term) {
    columns <- term$n_coef * term$n_levels
    new_dgc(integer(), integer(columns + 1L), double(), c(n, columns))
  })
  list(
    Z = zero, unknown = lapply(fit$random, function(term) integer()),
    coefs = vector("list", length(fit$random))
  )
}

# A random term for new records. Those with a new level are put at level 1 for the time being.
new_term_rows <- function(k, fit, source, allow_new_levels) {
  parsed <- fit$parts$random[[k]]
  term <- fit$random[[k]]
  recipe <- fitted_coefficients(parsed, term, source)
  allow_new_levels <- allow_new_levels && (is.null(term$group$members) || is_spline_term(term))
  codes <- new_codes(term, source, allow_new_levels)
  unknown <- which(is.na(codes[[1L]]))
  for (j in seq_along(codes)) codes[[j]][unknown] <- j
  incidence <- member_incidence(term$group, codes, recipe, source)
  kept <- term[c("label", "structure", "n_coef", "n_levels", "relationship")]
  c(kept, list(incidence = incidence, unknown = unknown))
}

# The codes of the members of new records in the levels of the fit, NA where there is none.
new_codes <- function(term, source, allow_new_levels) {
  if (is_spline_term(term)) return(new_spline_codes(term, source, allow_new_levels))
  found <- group_members(term$group, source)
  lapply(found$codes, function(x) {
    match_groups(list(codes = x, levels = found$levels), term$levels, term$label, allow_new_levels)
  })
}

without_rows <- function(Z, rows) {
  if (length(rows) == 0L) return(Z)
  keep <- rep.int(1, nrow(Z))
  keep[rows] <- 0
  Matrix::drop0(Matrix::Diagonal(x = keep) %*% Z)
}

row_predictions <- function(fit, rows, included) {
  beta <- fit$fixed$estimate
  dropped <- is.na(beta)
  if (any(dropped) && !is.null(rows$complete) && any(rows$X[, dropped] != 0)) {
    warn_rank_deficient(fit$fixed$names[dropped])
  }
  beta[dropped] <- 0
  eta <- as.vector(rows$X %*% beta)
  for (k in included) eta <- eta + as.vector(rows$Z[[k]] %*% as.vector(fit$random[[k]]$effects))
  eta
}

# Standard errors: sqrt(k' C^- k) for k = [x, z] of each row.
row_errors <- function(fit, rows, included) {
  Z <- rows$Z
  for (k in setdiff(seq_along(Z), included)) Z[[k]] <- Z[[k]] * 0
  X <- rows$X %*% Matrix::Diagonal(x = as.double(!is.na(fit$fixed$estimate)))
  K <- Matrix::t(do.call(cbind, c(list(X), Z)))
  variance <- solve_for(fit, as_dgc(K), diagonal = TRUE)
  for (k in included) {
    new <- rows$unknown[[k]]
    if (length(new) == 0L) next
    sigma <- term_covariance(fit$random[[k]], k, fit$parameters)
    if (is_spline_term(fit$random[[k]])) sigma <- diag(sigma[1L], spline_size(fit$random[[k]]))
    z <- as.matrix(rows$coefs[[k]][, seq_len(nrow(sigma)), drop = FALSE])
    variance[new] <- variance[new] + rowSums(z %*% sigma * z)
  }
  sqrt(pmax(variance, 0))
}

# One value a row of newdata, NA where it had missing values; or by record of the fit.
fill_rows <- function(fit, values, rows) {
  if (is.null(rows$complete)) return(named_records(fit, values))
  full <- stats::setNames(rep(NA_real_, length(rows$complete)), rows$names)
  full[rows$complete] <- values
  full
}
