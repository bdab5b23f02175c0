#' Heritability
#'
#' Heritability of the levels of a random term: of lines in a trial, or of animals.
#'
#' * `"Cullis"`: \eqn{1 - \bar v / (2\sigma^2_g)}{1 - v / (2 sigma2_g)}, where
#'   \eqn{\bar v}{v} is the mean prediction error variance of a difference of two levels (Cullis et
#'   al. 2006). Of related levels \eqn{2\sigma^2_g}{2 sigma2_g} is the mean variance of a difference
#'   under their relationship. A term with several coefficients (`diag(env | line)`) has one for
#'   each.
#' * `"Piepho"`: \eqn{\sigma^2_g / (\sigma^2_g + \bar v / 2)}{sigma2_g / (sigma2_g + v / 2)}, where
#'   \eqn{\bar v}{v} is the mean variance of a difference of two adjusted means, of a fit with the
#'   levels as fixed effects (Piepho and Moehring 2007).
#' * `"generalized"`: the trace of \eqn{I - G^{-1} C^{uu}}{I - G^-1 C^uu} divided by the number of
#'   its eigenvalues that are not 0 (Oakey et al. 2006): the effective dimension over the largest
#'   that is possible beside the fixed effects.
#' * `"ratio"`: the variance of the term divided by that of a record: the sum over all random terms
#'   and the residual, as means over the records. Of an animal model this is h2 in the narrow sense.
#'
#' For balanced trials of unrelated lines the first three are the same; they refer to means of lines
#' in the trial at hand, the last to a single record.
#'
#' @param object A fit by [lmmfit()].
#' @param term Label of the random term, by default the first that has a relationship, or the first.
#' @param method One or several methods; by default Cullis's.
#' @param se `FALSE` leaves the standard errors out, which take a solution of the equations for each
#'   variance parameter.
#' @param information The information of the variance parameters, see [vpredict()].
#' @param ... Nothing more: what is not an argument is an error.
#' @return A data frame with a row for each method (and coefficient): `term`, `coefficient`,
#'   `method`, `estimate` and `se`, by the delta method; `NA` for `"Piepho"`, which puts two fits
#'   together.
#' @seealso [reliability()] for single levels, [repeatability()], [vpredict()].
#' @references Cullis, B. R., Smith, A. B. and Coombes, N. E. (2006) Journal of Agricultural,
#'   Biological, and Environmental Statistics 11, 381-393. Oakey, H., Verbyla, A., Pitchford, W.,
#'   Cullis, B. and Kuchel, H. (2006) Theoretical and Applied Genetics 113, 809-819. Piepho, H.-P.
#'   and Moehring, J. (2007) Genetics 177, 1881-1888. Schmidt, P., Hartung, J., Bennewitz, J. and
#'   Piepho, H.-P. (2019) Genetics 212, 991-1008.
#' @examples
#' fit <- lmmfit(yield ~ env + env:rep + (1 | line) + (1 | env:line), trial)
#' heritability(fit, "line", c("Cullis", "Piepho", "generalized", "ratio"))
#' @export
heritability <- function(object, term = NULL,
                         method = c("Cullis", "Piepho", "generalized", "ratio"), se = TRUE,
                         information = c("average", "observed", "expected"), ...) {
  check_given(object, ...)
  check_share_fit(object, "heritability()")
  choices <- c("Cullis", "Piepho", "generalized", "ratio")
  if (missing(method)) method <- choices[1L]
  method <- vapply(method, check_choice, "", choices, "method", c(oakey = "generalized"),
    USE.NAMES = FALSE)
  information <- check_choice(information, c("average", "observed", "expected"), "information")
  check_flag(se, "se")
  k <- find_term(object, term)
  rows <- lapply(method, function(how) {
    value <- heritability_value(object, k, how)
    error <- if (se) heritability_error(object, k, how, value, information) else NA_real_
    data.frame(term = object$random[[k]]$label, coefficient = names(value), method = how,
      estimate = unname(value), se = unname(error), row.names = NULL)
  })
  do.call(rbind, rows)
}

heritability_value <- function(fit, k, method) {
  term <- fit$random[[k]]
  if (method != "Cullis" && term$n_coef > 1L) abort_heritability(method, term$label)
  value <- switch(method,
    Cullis = cullis_heritability(fit, k), Piepho = piepho_heritability(fit, k),
    generalized = random_dimensions(fit)[k] / distinct_levels(fit, k),
    ratio = variance_ratio(fit, k, record_moments(fit, related = FALSE))
  )
  stats::setNames(value, term$coef_names)
}

# By the delta method, with derivatives by central differences.
heritability_error <- function(fit, k, method, value, information) {
  if (method == "Piepho" || !all(is.finite(value))) return(NA_real_)
  # Beside a correlation of one there is no covariance on one side.
  at_edge <- fit$parameters$kind == "covariance" & fit$parameters$status == "at boundary"
  if (any(at_edge)) return(NA_real_)
  f <- if (method == "ratio") {
    moments <- record_moments(fit, related = FALSE)
    function(values) variance_ratio(fit_at(fit, values), k, moments)
  } else if (method == "Cullis") {
    function(values) cullis_heritability(fit_at(fit, values), k)
  } else {
    size <- distinct_levels(fit, k)
    function(values) random_dimensions(fit_at(fit, values))[k] / size
  }
  gradient <- parameter_gradient(fit, f)
  errors <- function_errors(fit, gradient, names(value), information)
  sqrt(pmax(diag(errors$covariance), 0))
}

# The fit with other values of its variance parameters, which has no answers yet.
fit_at <- function(fit, values) {
  fit$parameters$estimate <- values
  fit$cache <- new.env(parent = emptyenv())
  fit
}

variance_ratio <- function(fit, k, moments) {
  parts <- variance_parts(fit, moments)
  parts$random[k] / (sum(parts$random) + parts$residual)
}

# The mean over all pairs of Var(d_i - d_j) is 2 / (m - 1) times tr(C) - 1'C1 / m.
mean_difference <- function(trace, total, m) 2 / (m - 1) * (trace - total / m)

cullis_heritability <- function(fit, k) {
  term <- fit$random[[k]]
  m <- term$n_levels
  errors <- prediction_variances(fit)[[k]]
  sum_of_levels <- Matrix::sparseMatrix(i = rep.int(1L, m), j = seq_len(m), x = 1)
  sigma <- diag(as.matrix(term_covariance(term, k, fit$parameters)))
  spread <- mean_difference(sum(level_variances(term)), sum_of_relationships(term), m)
  vapply(seq_len(term$n_coef), function(a) {
    total <- combination_variance(fit, k, sum_of_levels, a)
    if (sigma[a] <= 0) return(0)
    1 - mean_difference(sum(errors[a, ]), total, m) / (sigma[a] * spread)
  }, 0)
}

# 1'K1.
sum_of_relationships <- function(term) {
  if (!term$related) return(term$n_levels)
  sum(related_half(term$relationship, Matrix::Matrix(1, term$n_levels, 1L))^2)
}

# How many independent functions of the levels the data can tell beside the fixed effects: the rank
# of Z less what it shares with X, rank [X Z] - rank X.
distinct_levels <- function(fit, k) {
  matrices <- fit_matrices(fit)
  Z <- matrices$Z[[k]]
  combination <- fit$random[[k]]$relationship$combination
  if (!is.null(combination)) Z <- Z %*% Matrix::t(combination)
  kept <- which(!is.na(fit$fixed$estimate))
  both <- cbind(matrices$X[, kept, drop = FALSE], Z)
  both <- row_sketch(nrow(both), ncol(both)) %*% both
  length(independent_in_order(both)) - length(kept)
}

# The levels as fixed effects, with the variances estimated again.
piepho_heritability <- function(fit, k) {
  term <- fit$random[[k]]
  if (term$related) abort_heritability_related(term$label)
  spec <- fit_spec(fit)
  member <- spec$random[[k]]$incidence
  # One level a record, and nothing but an intercept.
  if (length(member) > 1L || length(unlist(member[[1L]]$terms, recursive = FALSE)[[1L]]) > 0L) {
    abort_heritability("Piepho", term$label)
  }
  codes <- match(member[[1L]]$levels, sort(unique(member[[1L]]$levels)))
  m <- max(codes)
  p <- sum(column_counts(spec$fixed, nrow(fit$frame)))
  spec$fixed <- c(spec$fixed, list(list(parts = list(
    list(codes = codes, contrast = sparse_identity(m))))))
  spec$random <- spec$random[-k]
  est <- refit_spec(fit, spec, gone = k)
  warn_unconverged(est, spec$weights)
  kept <- p + which(!is.na(est$fixed$estimate[p + seq_len(m)]))
  # With an intercept one level is at zero; where more are, some differences have no estimate.
  if (length(kept) < m - 1L) return(NA_real_)
  variance <- fixed_level_variances(fit, spec, est, kept)
  sigma <- term_covariance(term, k, fit$parameters)[1L, 1L]
  sigma / (sigma + mean_difference(sum(variance[-1L]), variance[1L], m) / 2)
}

# Variances of the sum of some fixed effects, and of each.
fixed_level_variances <- function(fit, spec, est, at) {
  size <- length(est$fixed$estimate) + sum(lengths(est$random))
  K <- Matrix::sparseMatrix(i = c(at, at), j = c(rep.int(1L, length(at)), 1L + seq_along(at)),
    x = 1, dims = c(size, length(at) + 1L))
  ask_refitted(fit, spec, est, question("error_variances", K = as_dgc(K)))
}
