# Questions to the engine about a fit: one model, one ordering and one factor for all that is asked
# at once, and what is small stays with the fit.

# K: a sparse column for each linear function of (beta, u of term 1 level by level, u of term 2,
# ...), or for `moments` of beta alone.
question <- function(topic, ...) list(topic = topic, ...)

# `questions`: a named list; the answers have the same names.
ask <- function(fit, questions) {
  if (is_iterative(fit)) return(lapply(questions, solved_answer, fit = fit))
  control <- fit_control(fit)
  if (!is.null(control$constraints)) {
    control <- held_at_bounds(control, fit$parameters$status == "at bound")
  }
  answers <- in_words(ask_cpp(fit_spec(fit), control, unname(questions)))
  stats::setNames(answers, names(questions))
}

ask_one <- function(fit, topic, ...) ask(fit, list(question(topic, ...)))[[1L]]

# One question about the estimates of another spec.
ask_refitted <- function(fit, spec, est, question) {
  check_has_factor(fit)
  values <- est$parameters$estimate
  control <- search_control(fit$control, rep.int(TRUE, length(values)), values)
  in_words(ask_cpp(spec, control, list(question)))[[1L]]
}

# What the selected inverse tells; a fit without random terms or with structured residuals has not
# all of it.
inverse_topics <- function(fit) {
  c(
    if (is_mixed(fit)) c("prediction_errors", "effective_dimensions"),
    if (has_iid_residual(fit)) "leverages"
  )
}

# So many numbers are kept with a fit that others may ask for.
small_answer <- 2e6

# What is not yet kept and comes with the inverse at little more than its own size. Where levels are
# combinations of others their prediction errors take a solve each, and are not among it.
inverse_questions <- function(fit) {
  topics <- inverse_topics(fit)
  topics <- topics[!vapply(topics, function(topic) is_kept(fit, topic), NA)]
  if (has_combined_levels(fit)) topics <- setdiff(topics, "prediction_errors")
  if (!is_small(fit)) topics <- character()
  stats::setNames(lapply(topics, question), topics)
}

has_combined_levels <- function(fit) {
  any(vapply(fit$random, function(term) !is.null(term$relationship$combination), NA))
}

is_small <- function(fit) {
  fit$n + count_errors(fit) <= small_answer
}

# One of these answers, and with it the others: who wants one will want another.
from_inverse <- function(fit, topic) {
  if (is_kept(fit, topic)) return(fit$cache[[topic]])
  asked <- stats::setNames(list(question(topic)), topic)
  found <- ask(fit, utils::modifyList(inverse_questions(fit), asked))
  if (is_small(fit)) keep_answers(fit, found)
  found[[topic]]
}

# Var(u_hat - u) of each term: an array coefficient x coefficient x level.
prediction_errors <- function(fit) {
  if (is_bayes(fit)) return(posterior_errors_of(fit))
  announce_errors(fit)
  as_error_arrays(from_inverse(fit, "prediction_errors"))
}

# Their diagonals alone, coefficient x level: of many coefficients far less to make and to keep.
prediction_variances <- function(fit) {
  if (is_bayes(fit) || is_small(fit)) return(lapply(prediction_errors(fit), coefficient_errors))
  lapply(ask_one(fit, "prediction_variances"), pmax, 0)
}

# Prediction error variances, coefficient x level, of an array coefficient x coefficient x level.
coefficient_errors <- function(errors) {
  t <- dim(errors)[1L]
  pmax(matrix(vapply(seq_len(t), function(i) errors[i, i, ], double(dim(errors)[3L])), t,
    byrow = TRUE), 0)
}

# The numbers of these arrays.
count_errors <- function(fit) {
  sum(vapply(fit$random, function(term) as.double(term$n_coef)^2 * term$n_levels, 0))
}

# What takes so many seconds of a processor, at a usual rate, is said before.
long_wait <- 600
usual_rate <- 1e10

# Of lines in environments that seen cells tell of, half a solve for each cell.
announce_errors <- function(fit) {
  if (!isTRUE(fit$equations$seen_cells) || is_kept(fit, "prediction_errors")) return(invisible())
  cells <- sum(vapply(fit$random, function(term) as.double(term$n_coef) * term$n_levels, 0))
  seconds <- 2 * cells * fit$equations$n_entries_factor / usual_rate
  if (seconds > long_wait) inform_errors(cells, seconds, 8 * count_errors(fit) / 1e9)
}

as_error_arrays <- function(errors) {
  lapply(errors, function(own) array(own, c(nrow(own), nrow(own), ncol(own) / nrow(own))))
}

# Var(u | y) of each term where the fixed effects are known: the errors of the same model without
# any.
conditional_errors <- function(fit) {
  if (is_bayes(fit)) return(posterior_errors_of(fit))
  spec <- fit_spec(fit)
  spec$fixed <- list()
  as_error_arrays(ask_refitted(fit, spec, fit, question("prediction_errors")))
}

# w'C^- w of each record, relative to sigma^2, of a fit with one residual variance.
record_shares <- function(fit) from_inverse(fit, "leverages")

# K' C^- K: the covariance of linear functions of (beta, u_hat - u).
solve_for <- function(fit, K, diagonal = FALSE) {
  ask_one(fit, if (diagonal) "error_variances" else "error_covariance", K = K)
}

# The same for who asks about effects: of a fit by Bayes their posterior covariance.
effect_covariance <- function(fit, K, diagonal = FALSE) {
  if (is_bayes(fit)) return(posterior_covariance(fit, K, diagonal))
  solve_for(fit, K, diagonal)
}

# Covariance of the fixed effects where the engine did not return it (many columns).
fixed_covariance <- function(fit, limit = 10000L) {
  p <- length(fit$fixed$names)
  if (p > limit) abort_size("`vcov()`", p, limit, "`summary()` has the standard errors.",
      "fixed effects")
  keep <- which(!is.na(fit$fixed$estimate))
  rows <- p + sum(vapply(fit$random, function(term) length(term$effects), 0L))
  K <- new_dgc(keep - 1L, 0:length(keep), rep(1, length(keep)), c(rows, length(keep)))
  covariance <- matrix(NA_real_, p, p)
  covariance[keep, keep] <- solve_for(fit, K)
  covariance
}
