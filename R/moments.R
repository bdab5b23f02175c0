# The covariance of K beta, or of the errors of K beta + L u, and its derivatives.

# covariance, gradients (one matrix per theta) and adjusted (Kenward-Roger) of the rows of K, or of
# the errors of K beta + L u. w: the covariance of theta. K has a column for each column of X that
# was kept.
mean_moments <- function(fit, K, ddf, information, w, L = NULL) {
  n <- length(estimated_columns(fit))
  if (has_own_moments(fit, K, L)) return(engine_moments(fit, K, ddf, w, L))
  known <- if (n <= small_rank && !is_kenward_roger(ddf)) {
    variance_information(fit, is_average(fit, information))$moments
  }
  key <- paste("moments", if (is_kenward_roger(ddf)) c(ddf, information), collapse = " ")
  all <- known %||% kept_answer(fit, key, function() {
    engine_moments(fit, sparse_identity(n), ddf, w)
  })
  K <- as.matrix(K)
  turn <- function(matrix) K %*% matrix %*% t(K)
  list(
    covariance = turn(all$covariance), gradients = lapply(all$gradients, turn),
    adjusted = if (length(all$adjusted) > 0L) turn(all$adjusted)
  )
}

# Whether these rows are asked of the engine, and no others with them.
has_own_moments <- function(fit, K, L) {
  n <- length(estimated_columns(fit))
  !is.null(L) || n > small_rank && nrow(K) < n
}

# Whether the moments are not those that come with the information.
needs_whole_model <- function(fit, K, ddf, L) {
  is_kenward_roger(ddf) || has_own_moments(fit, K, L) ||
    length(estimated_columns(fit)) > small_rank
}

engine_moments <- function(fit, K, ddf, w, L = NULL) {
  columns <- engine_columns(fit, K, L)
  if (!is_kenward_roger(ddf) || length(w) == 0L) return(ask_one(fit, "moments", K = columns))
  improved <- ddf == "Kenward-Roger2"
  expected <- if (improved) expected_information(fit, whole = TRUE)$expected else matrix(0, 0L, 0L)
  ask_one(fit, "moments", K = columns, w = w, expected = expected,
    first_order = ddf == "Kenward-Roger1")
}

# Covariance of the rows of K (over the kept columns), or of the errors of K beta + L u, with the
# variances taken as known.
plain_covariance <- function(fit, K, L = NULL) {
  if (!is.null(L)) return(effect_covariance(fit, engine_columns(fit, K, L)))
  kept <- estimated_columns(fit)
  known <- if (is_iterative(fit) && nrow(K) >= length(kept)) solved_fixed_covariance(fit) else
    fit$fixed$covariance
  if (!is.null(known)) {
    K <- as.matrix(K)
    # Errors that are not known are no matter to what does not use these effects.
    if (anyNA(known)) {
      used <- colSums(K != 0) > 0
      K <- K[, used, drop = FALSE]
      kept <- kept[used]
    }
    return(K %*% known[kept, kept, drop = FALSE] %*% t(K))
  }
  if (is_iterative(fit)) return(solve_for(fit, engine_columns(fit, K)))
  engine_moments(fit, K, "none", NULL)$covariance
}

# Without a factor the covariance of so many fixed effects is quickly had, one solution each.
most_solved <- 50L

# It stays with the fit; NULL of more effects.
solved_fixed_covariance <- function(fit) {
  if (length(estimated_columns(fit)) > most_solved) return(NULL)
  kept_answer(fit, "fixed covariance", function() fixed_covariance(fit))
}
