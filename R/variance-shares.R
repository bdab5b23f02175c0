#' Shares of variance: R2, intra-class correlation, repeatability
#'
#' How much of the variance of a record the fixed part and the random terms explain.
#'
#' The variance of a record is the sum of that of the fixed part (of \eqn{X\hat\beta}{X b} over the
#' records), of each random term (the mean of the diagonal of \eqn{Z_kG_kZ_k'}{Z_k G_k Z_k'} over
#' the records, also with random slopes) and of the residual (their mean, with weights).
#'
#' * `R2()`: the share of the fixed part (marginal), and of the fixed and random parts
#'   (conditional). With `by_group = TRUE` the relative decrease of each variance from a model with
#'   the same random terms whose only fixed effect is the intercept: what the fixed effects explain
#'   at each level.
#' * `icc()`: the share of the random terms, of the variance around the fixed part (adjusted) and of
#'   all of it (unadjusted). With `by_group = TRUE` the adjusted share of each term.
#' * `repeatability()`: the share of all terms of one grouping factor in the variance around the
#'   fixed part; of an animal model with a permanent environment, both terms of the animal.
#'
#' @param object A fit by [lmmfit()].
#' @param by_group `TRUE` for a row by random term.
#' @param group A grouping factor, as in `"animal"`; by default all.
#' @param information,level As in [vpredict()].
#' @param ... Nothing more: what is not an argument is an error.
#' @return A data frame with `estimate` and `se`, and with `level` `lower` and `upper`. Standard
#'   errors are those of the delta method, from the covariances of the variance parameters and of
#'   the fixed effects; `NA` for `R2(by_group = TRUE)`, which is a comparison of two fits, and where
#'   a share depends on variances at a boundary alone.
#' @seealso [heritability()], and [vpredict()] for any function of variances.
#' @references Nakagawa, S., Johnson, P. C. D. and Schielzeth, H. (2017) Journal of the Royal
#'   Society Interface 14, 20170213. Johnson, P. C. D. (2014) Methods in Ecology and Evolution 5,
#'   944-946. Hox, J. J. (2010) Multilevel Analysis, section 4.4.
#' @examples
#' fit <- lmmfit(distance ~ age * Sex + (1 + age | Subject), nlme::Orthodont)
#' R2(fit)
#' icc(fit)
#' repeatability(fit, "Subject", level = 0.95)
#' @export
R2 <- function(object, by_group = FALSE, information = c("average", "observed", "expected"),
               level = NULL, ...) {
  check_given(object, ...)
  check_share_fit(object, "R2()")
  information <- check_choice(information, c("average", "observed", "expected"), "information")
  if (check_flag(by_group, "by_group")) return(explained_by_level(object))
  share_table(object, information, level, function(parts) {
    all <- parts$fixed + sum(parts$random) + parts$residual
    c(marginal = parts$fixed / all, conditional = 1 - parts$residual / all)
  })
}

#' @rdname R2
#' @export
icc <- function(object, by_group = FALSE, information = c("average", "observed", "expected"),
                level = NULL, ...) {
  check_given(object, ...)
  check_share_fit(object, "icc()")
  information <- check_choice(information, c("average", "observed", "expected"), "information")
  check_flag(by_group, "by_group")
  labels <- make.unique(term_labels(object))
  share_table(object, information, level, function(parts) {
    around <- sum(parts$random) + parts$residual
    if (by_group) return(stats::setNames(parts$random / around, labels))
    of <- sum(parts$random)
    c(adjusted = of / around, unadjusted = of / (around + parts$fixed))
  })
}

#' @rdname R2
#' @export
repeatability <- function(object, group = NULL,
                          information = c("average", "observed", "expected"), level = NULL, ...) {
  check_given(object, ...)
  check_share_fit(object, "repeatability()")
  information <- check_choice(information, c("average", "observed", "expected"), "information")
  own <- grouping_names(object$parts$random)
  groups <- unique(own)
  if (!is.null(group)) check_names(group, "group", "names of grouping factors")
  unknown <- setdiff(group, groups)
  if (length(unknown) > 0L) abort_term("group", unknown[1L], groups)
  groups <- group %||% groups
  share_table(object, information, level, function(parts) {
    around <- sum(parts$random) + parts$residual
    vapply(stats::setNames(groups, groups), function(x) sum(parts$random[own == x]) / around, 0)
  })
}

# The grouping factor of each term; of several columns that make one level or add up it is the label
# that varcomp() prints, with the roles where another term has that of one of its columns alone.
grouping_names <- function(terms) {
  plain <- vapply(terms, function(term) is.null(term$group$members), NA)
  names <- vapply(terms, function(term) {
    paste(vapply(term$group$variables, deparse_one, ""), collapse = ":")
  }, "")
  names[!plain] <- vapply(terms[!plain], function(term) term$group$label, "")
  shared <- !plain & names %in% names[plain]
  names[shared] <- vapply(terms[shared], function(term) {
    paste0(term$group$label, " (", toString(term$group$members$names), ")")
  }, "")
  names
}

check_share_fit <- function(fit, what) {
  check_fit(fit)
  if (!is_mixed(fit)) abort_no_random(paste0("`", what, "`"))
  if (is_bayes(fit)) {
    abort_bayes_question(paste0("`", what, "`"),
      "Write the share of variances for {.fn vpredict}: it has its posterior.")
  }
}

# shares: of list(fixed, random, residual), variances of a record, named numbers. The fixed part is
# a function of beta, the others of the variance parameters, and the two are uncorrelated.
share_table <- function(fit, information, level, shares) {
  moments <- record_moments(fit)
  fixed <- fixed_variance(fit)
  parts_at <- function(values) c(list(fixed = fixed$value), variance_parts(fit, moments, values))
  value <- shares(parts_at(fit$parameters$estimate))
  gradient <- parameter_gradient(fit, function(values) shares(parts_at(values)))
  errors <- function_errors(fit, gradient, names(value), information)
  own <- parts_at(fit$parameters$estimate)
  step <- 1e-4 * own$residual
  with_fixed <- function(x) shares(replace(own, "fixed", x))
  slope <- (with_fixed(fixed$value + step) - with_fixed(fixed$value - step)) / (2 * step)
  se <- sqrt(pmax(diag(errors$covariance) + slope^2 * fixed$error, 0))
  share_columns(value, se, level)
}

share_columns <- function(value, se, level) {
  table <- data.frame(estimate = unname(value), se = unname(se), row.names = names(value))
  if (is.null(level)) return(table)
  half <- normal_quantile(check_level(level)) * table$se
  table$lower <- table$estimate - half
  table$upper <- table$estimate + half
  table
}

# The variance of X b over the records, and its error: b'Sb with S the covariance of the columns.
fixed_variance <- function(fit) {
  value <- stats::var(fit$fitted_fixed)
  kept <- which(!is.na(fit$fixed$estimate))
  X <- fit_matrices(fit)$X[, kept, drop = FALSE]
  centred <- fit$fitted_fixed - mean(fit$fitted_fixed)
  slope <- 2 * as.vector(Matrix::crossprod(X, centred)) / (fit$n - 1)
  covariance <- stats::vcov(fit)[kept, kept, drop = FALSE]
  list(value = value, error = sum(slope * (covariance %*% slope)))
}

# The mean over records of z_a'K z_b, for all pairs of coefficients of each random term: with Sigma
# it tells the variance of a record in the term. related = FALSE takes K as I.
record_moments <- function(fit, related = TRUE) {
  check_has_records(fit, "The variance of a record")
  Z <- fit_matrices(fit)$Z
  lapply(seq_along(Z), function(k) {
    term <- fit$random[[k]]
    t <- term$n_coef
    halves <- lapply(seq_len(t), function(a) {
      rows <- Matrix::t(Z[[k]][, seq.int(a, ncol(Z[[k]]), t), drop = FALSE])
      if (related && term$related) related_half(term$relationship, rows) else rows
    })
    at <- expand.grid(a = seq_len(t), b = seq_len(t))
    matrix(mapply(function(a, b) sum(halves[[a]] * halves[[b]]) / fit$n, at$a, at$b), t)
  })
}

# The variance of a record in each random term, and in the residual, at values of the parameters.
variance_parts <- function(fit, moments = record_moments(fit),
                             values = fit$parameters$estimate) {
  fit$parameters$estimate <- values
  weights <- frame_weights(fit$frame)
  list(
    random = vapply(seq_along(moments), function(k) {
      sum(moments[[k]] * as.matrix(term_covariance(fit$random[[k]], k, fit$parameters)))
    }, 0),
    residual = mean(residual_variances(fit) / (if (length(weights) > 0L) weights else 1))
  )
}

# A row for each value of f, by central differences; at a boundary from the inside. Held parameters
# are known.
parameter_gradient <- function(fit, f) {
  estimate <- fit$parameters$estimate
  size <- pmax(abs(estimate), 1e-3 * residual_scale(fit))
  size[!fit$parameters$kind %in% c("variance", "covariance")] <- 1
  columns <- vapply(seq_along(estimate), function(j) {
    if (fit$parameters$status[j] == "held") return(0 * f(estimate))
    step <- 1e-5 * size[j]
    above <- f(replace(estimate, j, estimate[j] + step))
    if (estimate[j] < step && fit$parameters$kind[j] == "variance") {
      return((above - f(estimate)) / step)
    }
    (above - f(replace(estimate, j, estimate[j] - step))) / (2 * step)
  }, f(estimate))
  matrix(columns, ncol = length(estimate))
}

# By refitting with the intercept alone (as performance::r2_nakagawa(by_group = TRUE)).
explained_by_level <- function(fit) {
  spec <- fit_spec(fit)
  spec$fixed <- list(list(parts = list()))
  est <- refit_spec(fit, spec, gone = 0L)
  before <- est$parameters$estimate
  intercepts <- function(values) {
    vapply(seq_along(fit$random), function(k) {
      term_covariance(fit$random[[k]], k, fit$parameters, values)[1L, 1L]
    }, 0)
  }
  of <- function(values) c(intercepts(values), variance_parts(fit, list(), values)$residual)
  value <- 1 - of(fit$parameters$estimate) / of(before)
  names(value) <- make.unique(c(term_labels(fit), "residual"))
  share_columns(value, NA_real_, NULL)
}
