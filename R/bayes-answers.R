# Intervals, predictions and simulated records of a fit by Bayes.

#' @rdname bayes
#' @param parm Names or numbers of fixed effects or variance parameters; by default all.
#' @method confint lmmfit_bayes
#' @export
confint.lmmfit_bayes <- function(object, parm, level = 0.95, ...) {
  check_unused(...)
  level <- check_level(level)
  columns <- c("lower", "upper")
  table <- rbind(as.matrix(fixed_posterior(object, level)[columns]),
    `rownames<-`(as.matrix(varcomp(object, level)[columns]), object$parameters$name))
  colnames(table) <- paste(format(100 * c((1 - level) / 2, (1 + level) / 2), trim = TRUE), "%")
  if (missing(parm)) return(table)
  unknown <- if (is.character(parm)) setdiff(parm, rownames(table)) else parm[parm > nrow(table)]
  if (length(unknown) > 0L) abort_coefficient(unknown, rownames(table))
  table[parm, , drop = FALSE]
}

# Predictions --------------------------------------------------------------------------------------

#' @rdname predict.lmmfit
#' @method predict lmmfit_bayes
#' @export
predict.lmmfit_bayes <- function(object, newdata = NULL, random = TRUE, allow_new_levels = FALSE,
                                 se = FALSE, interval = c("none", "confidence", "prediction"),
                                 level = 0.95, ...) {
  interval <- check_choice(interval, c("none", "confidence", "prediction"), "interval",
    c(credible = "confidence", predictive = "prediction"))
  level <- check_level(level)
  if (!se && interval == "none") {
    return(NextMethod())
  }
  more <- list(...)
  if ("re.form" %in% names(more)) random <- random_of_re_form(more$re.form)
  newdata <- stack_new_data(object, newdata)
  chosen <- chosen_effects(object, random)
  included <- chosen$terms
  rows <- if (is.null(newdata)) fitted_rows(object) else
    new_rows(object, newdata, included, allow_new_levels)
  rows <- with_chosen_coefficients(object, rows, chosen)
  moments <- row_moments(object, rows, included, interval)
  table <- mixture_table(moments$mean, moments$variance, object$posterior, level)
  table[c("estimate", "lower", "upper")] <- table[c("estimate", "lower", "upper")] + rows$offset
  filled <- lapply(table, function(column) fill_rows(object, column, rows))
  fit <- filled$estimate
  if (interval != "none") fit <- cbind(fit = fit, lwr = filled$lower, upr = filled$upper)
  if (!se) return(fit)
  if (interval == "prediction") {
    filled$se <- fill_rows(object, row_table_se(object, rows, included), rows)
  }
  list(fit = fit, se.fit = filled$se)
}

row_table_se <- function(fit, rows, included) {
  moments <- row_moments(fit, rows, included, "confidence")
  weight <- fit$posterior$weight
  sqrt(weighted_mean(moments$variance, weight) + weighted_sd(moments$mean, weight)^2)
}

# Mean and variance of each row given each draw, without the offset. A level that is not in the fit
# has the variance of its term in the draw, a new record that of its residual.
row_moments <- function(fit, rows, included, interval) {
  Z <- rows$Z
  for (k in setdiff(seq_along(Z), included)) Z[[k]] <- Z[[k]] * 0
  X <- rows$X %*% Matrix::Diagonal(x = as.double(!is.na(fit$fixed$estimate)))
  K <- as_dgc(Matrix::t(do.call(cbind, c(list(X), Z))))
  moments <- function_moments(fit, K)
  added <- new_level_variances(fit, rows, included)
  if (!is.null(added)) moments$variance <- moments$variance + added
  if (interval == "prediction") {
    if (length(included) < length(fit$random)) abort_prediction_interval()
    moments$variance <- moments$variance + record_variances(fit, rows, ncol(K))
  }
  moments
}

# Draws x rows; NULL where all levels are in the fit.
new_level_variances <- function(fit, rows, included) {
  total <- NULL
  for (k in included) {
    new <- rows$added[[k]]
    if (is.null(new)) next
    term <- fit$random[[k]]
    own <- vapply(seq_len(nrow(fit$posterior$values)), function(i) {
      sigma <- term_covariance(term, k, fit$parameters, fit$posterior$values[i, ])
      levels <- ncol(new) / nrow(sigma)
      Matrix::rowSums((new %*% Matrix::kronecker(Matrix::Diagonal(levels), sigma)) * new)
    }, numeric(nrow(new)))
    total <- (total %||% 0) + t(matrix(own, nrow(new)))
  }
  total
}

record_variances <- function(fit, rows, n) {
  values <- fit$posterior$values
  own <- function(i) residual_variances(at_draw(fit, i))
  first <- own(1L)
  if (!is.null(rows$complete) && length(first) > 1L) abort_prediction_residual()
  weights <- if (is.null(rows$complete)) fit_weights(fit) else 1
  if (has_iid_residual(fit)) {
    return(outer(values[, ncol(values)], rep_len(1 / weights, n)))
  }
  t(vapply(seq_len(nrow(values)), function(i) rep_len(own(i) / weights, n), numeric(n)))
}

# The fit with the values of one draw in the place of the posterior means.
at_draw <- function(fit, i) {
  fit$parameters$estimate <- unname(fit$posterior$values[i, ])
  fit$cache <- NULL
  fit
}

#' @rdname simulate.lmmfit
#' @method simulate lmmfit_bayes
#' @export
simulate.lmmfit_bayes <- function(object, nsim = 1, seed = NULL, conditional = FALSE, ...) {
  check_unused(..., .ignored = words_of_conditional)
  kept <- asked_conditional(object, conditional, ...)
  conditional <- length(kept) > 0L
  if (conditional && length(kept) < length(object$random)) {
    abort_argument("conditional", term_labels(object)[kept], "TRUE or FALSE for a fit by Bayes")
  }
  nsim <- check_count(nsim, "nsim")
  state <- seed_state(seed)
  if (!is.null(seed)) on.exit(assign(".Random.seed", state$old, envir = globalenv()))
  at <- sample.int(length(object$posterior$weight), nsim, replace = TRUE,
    prob = object$posterior$weight)
  values <- posterior_linear_draws(object, at, conditional)
  for (s in seq_len(nsim)) {
    values[, s] <- values[, s] + as.vector(simulated_residuals(at_draw(object, at[s]), 1L))
  }
  simulated <- as.data.frame(values + as.vector(frame_offset(object$frame) %||% 0))
  dimnames(simulated) <- list(row.names(object$frame), paste0("sim_", seq_len(nsim)))
  attr(simulated, "seed") <- state$used
  simulated
}

# X beta + Z u, records x draws: u of the posterior, or new ones with the variances of the draw.
posterior_linear_draws <- function(fit, at, conditional) {
  matrices <- fit_matrices(fit)
  seed <- sample.int(.Machine$integer.max, 1L)
  effects <- effect_draws(fit, at, seed)
  p <- ncol(matrices$X)
  values <- as.matrix(matrices$X %*% effects[seq_len(p), , drop = FALSE])
  first <- p
  for (k in seq_along(matrices$Z)) {
    Z <- matrices$Z[[k]]
    own <- effects[first + seq_len(ncol(Z)), , drop = FALSE]
    if (!conditional) {
      own <- vapply(at, function(i) draw_effects(at_draw(fit, i), k, 1L)[, 1L], numeric(ncol(Z)))
    }
    values <- values + as.matrix(Z %*% matrix(own, ncol(Z)))
    first <- first + ncol(Z)
  }
  values
}

# What has no meaning ------------------------------------------------------------------------------

#' @method anova lmmfit_bayes
#' @export
anova.lmmfit_bayes <- function(object, ...) {
  abort_bayes_question("`anova()`",
    "Compare models by {.fn marginal_likelihood}, effects by {.fn contest}.")
}

#' @method drop1 lmmfit_bayes
#' @export
drop1.lmmfit_bayes <- function(object, ...) {
  abort_bayes_question("`drop1()`", "Compare models by {.fn marginal_likelihood}.")
}

#' @method profile lmmfit_bayes
#' @export
profile.lmmfit_bayes <- function(fitted, ...) {
  abort_bayes_question("`profile()`", "{.fn confint} has intervals between posterior quantiles.")
}

#' @method logLik lmmfit_bayes
#' @export
logLik.lmmfit_bayes <- function(object, ...) {
  abort_bayes_question("`logLik()`",
    "Compare models by {.fn marginal_likelihood} or {.fn loo::loo}.")
}

#' @method deviance lmmfit_bayes
#' @export
deviance.lmmfit_bayes <- function(object, ...) {
  abort_bayes_question("`deviance()`",
    "Compare models by {.fn marginal_likelihood} or {.fn loo::loo}.")
}
