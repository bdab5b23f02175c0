# Questions to the engine about a fit: one model, one ordering and one factor for all that is asked
# at once, and what is small stays with the fit.

# K: a sparse column for each linear function of (beta, u of term 1 level by level, u of term 2,
# ...), or for `moments` of beta alone.
question <- function(topic, ...) list(topic = topic, ...)

# `questions`: a named list; the answers have the same names.
ask <- function(fit, questions) {
  stats::setNames(ask_cpp(fit_spec(fit), fit_control(fit), unname(questions)), names(questions))
}

ask_one <- function(fit, topic, ...) ask(fit, list(question(topic, ...)))[[1L]]

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

# The questions whose answers come with those of the inverse at little more than their own size.
inverse_questions <- function(fit) {
  topics <- inverse_topics(fit)
  topics <- topics[!vapply(topics, function(topic) is_kept(fit, topic), NA)]
  size <- fit$n + sum(vapply(fit$random, function(x) as.double(x$n_coef)^2 * x$n_levels, 0))
  if (size > small_answer) return(list())
  stats::setNames(lapply(topics, question), topics)
}

# One of these answers, and with it the others: who wants one will want another.
from_inverse <- function(fit, topic) {
  if (is_kept(fit, topic)) return(fit$cache[[topic]])
  found <- ask(fit, utils::modifyList(inverse_questions(fit),
    stats::setNames(list(question(topic)), topic)))
  keep_answers(fit, found[names(inverse_questions(fit))])
  found[[topic]]
}

# Var(u_hat - u) of each term: an array coefficient x coefficient x level.
prediction_errors <- function(fit) {
  lapply(from_inverse(fit, "prediction_errors"), function(errors) {
    array(errors, c(nrow(errors), nrow(errors), ncol(errors) / nrow(errors)))
  })
}

# w'C^- w of each record, relative to sigma^2, of a fit with one residual variance.
shares <- function(fit) from_inverse(fit, "leverages")

# K' C^- K: the covariance of linear functions of (beta, u_hat - u).
solve_for <- function(fit, K, diagonal = FALSE) {
  ask_one(fit, if (diagonal) "error_variances" else "error_covariance", K = K)
}

# The diagonal blocks of it: sizes[g] neighbouring columns of K are group g. A list of matrices.
solve_blocks <- function(fit, K, sizes) ask_one(fit, "error_blocks", K = K, sizes = sizes)

# Covariance of the fixed effects where the engine did not return it (many columns).
fixed_covariance <- function(fit, limit = 10000L) {
  p <- length(fit$fixed$names)
  if (p > limit) abort_size("`vcov()`", p, limit, "`summary()` has the standard errors.")
  keep <- which(!is.na(fit$fixed$estimate))
  rows <- p + sum(vapply(fit$random, function(term) length(term$effects), 0L))
  K <- new_dgc(keep - 1L, 0:length(keep), rep(1, length(keep)), c(rows, length(keep)))
  covariance <- matrix(NA_real_, p, p)
  covariance[keep, keep] <- solve_for(fit, K)
  covariance
}
