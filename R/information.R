# The information of the variance parameters, from the engine, and their covariance. The engine's
# parameters are its own theta.

# So many fixed effects have the derivatives of their whole covariance made once and kept.
small_rank <- 100L

estimated_columns <- function(fit) which(!is.na(fit$fixed$estimate))

# K' over all columns of X, for rows of K over the kept ones; with L' below it.
engine_columns <- function(fit, K, L = NULL) {
  columns <- methods::as(methods::as(Matrix::t(K), "CsparseMatrix"), "TsparseMatrix")
  fixed <- Matrix::sparseMatrix(
    i = estimated_columns(fit)[columns@i + 1L], j = columns@j + 1L, x = as.double(columns@x),
    dims = c(length(fit$fixed$names), nrow(K))
  )
  as_dgc(if (is.null(L)) fixed else rbind(fixed, Matrix::t(L)))
}

# jacobian (values by theta), average, observed and expected information of theta, whether the
# expected one is known, and the moments of all fixed effects where they are few: they need the same
# model. Where the average information is all that is needed, the others are only there if somebody
# asked for them before.
#
# A search that was turned to a band has left its own information and moments: of parameters in
# other units, so that they go together, and with nothing else (`whole`).
variance_information <- function(fit, average = FALSE, whole = FALSE) {
  if (!whole && is_kept(fit, "turned information")) return(fit$cache[["turned information"]])
  average <- average && !is_kept(fit, "information")
  key <- if (average) "average information" else "information"
  asked <- question(if (average) "average_information" else "information")
  information_answer(fit, key, asked, if (!average && !has_fewer_equations(fit))
    inverse_questions(fit))
}

# The same with the expected information. Of loadings it needs more than their score, and is made
# when it is asked for: a solve for each cell that is seen.
expected_information <- function(fit, whole = FALSE) {
  found <- variance_information(fit, whole = whole)
  is_turned <- !whole && is_kept(fit, "turned information")
  if (found$has_expected || is_turned || !any_loadings(fit)) return(found)
  information_answer(fit, "expected information",
    question("information", with_expected = TRUE, observed = found$observed))
}

any_loadings <- function(fit) any(fit$parameters$kind == "loading")

# The model of the search has fewer equations, or narrower ones, than that of all effects.
has_fewer_equations <- function(fit) {
  isTRUE(fit$equations$seen_cells) || isTRUE(fit$equations$rotated)
}

# with: questions whose answers are had for little beside the differences of the score.
information_answer <- function(fit, key, asked, with = NULL) {
  if (is_kept(fit, key)) return(fit$cache[[key]])
  if (key == "information") announce_differences(fit)
  kept <- estimated_columns(fit)
  questions <- list(information = asked)
  if (length(kept) <= small_rank) {
    all <- sparse_identity(length(kept))
    questions$moments <- question("moments", K = engine_columns(fit, all))
  }
  found <- ask(fit, c(questions, with))
  answer <- c(found$information, list(moments = found$moments))
  keep_answers(fit, stats::setNames(list(answer), key))
  keep_answers(fit, found[setdiff(names(found), c("information", "moments"))])
  answer
}

# Where loadings meet seen cells alone the information is differences of the score, two for each
# parameter: where that is long it is said before.
announce_differences <- function(fit) {
  equations <- fit$equations
  if (!isTRUE(equations$seen_cells) || !any_loadings(fit)) return(invisible())
  n <- sum(fit$parameters$status == "free")
  seconds <- 2 * n * (equations$factor_flops + equations$inverse_flops) / usual_rate
  if (seconds > long_wait) inform_differences(n, seconds)
}

# list(covariance, used): the covariance of theta by the information that was asked for. Where that
# is not positive definite, by the average information; NA where that is not either.
theta_covariance <- function(fit, information, whole = FALSE) {
  if (is_average(fit, information)) information <- "average"
  found <- if (information == "expected") expected_information(fit, whole) else
    variance_information(fit, average = information == "average", whole = whole)
  used <- if (information == "expected" && !found$has_expected) "average" else information
  if (used != information && !any(fit$parameters$status == "at boundary")) inform_average()
  redundant <- if (is.null(fit$redundant)) 0L else ncol(fit$redundant)
  covariance <- inverse_beside(found[[used]], redundant)
  by_average <- if (is.null(covariance)) inverse_beside(found$average, redundant)
  if (!is.null(by_average)) {
    warn_information(information, "average", known = all(is.finite(found[[used]])))
    used <- "average"
    covariance <- by_average
  }
  if (is.null(covariance)) {
    warn_no_information()
    covariance <- matrix(NA_real_, nrow(found$average), nrow(found$average))
  }
  list(covariance = covariance, used = used)
}

# The Hessian is that of every parametrisation only where the score is zero.
is_average <- function(fit, information) {
  information == "average" || (fit$method == "ANOVA" && information == "observed")
}

# The inverse of a symmetric matrix; NULL where it is not positive definite or not known.
inverse_of <- function(matrix) {
  if (nrow(matrix) == 0L) return(matrix)
  if (!all(is.finite(matrix))) return(NULL)
  scale <- sqrt(pmax(diag(matrix), 0))
  if (!all(scale > 0)) return(NULL)
  root <- tryCatch(chol(matrix / outer(scale, scale)), error = function(e) NULL)
  if (is.null(root) || min(diag(root)) < 1e-7) return(NULL)
  chol2inv(root) / outer(scale, scale)
}

# The same but for directions that change no covariance matrix (`redundant`: how many), which have
# no information and of which nothing depends.
inverse_beside <- function(matrix, redundant) {
  found <- inverse_of(matrix)
  if (!is.null(found) || redundant == 0L || !all(is.finite(matrix))) return(found)
  scale <- sqrt(pmax(diag(matrix), 0))
  if (!all(scale > 0)) return(NULL)
  e <- eigen(matrix / outer(scale, scale), symmetric = TRUE)
  none <- e$values < 1e-7
  if (sum(none) > redundant) return(NULL)
  # What nothing depends on may have any variance: a small one.
  variance <- 1 / e$values
  variance[none] <- 1e-6 * min(variance[!none])
  e$vectors %*% (variance * t(e$vectors)) / outer(scale, scale)
}

# The covariance of the variance parameters as the user knows them; NA where held or at a boundary.
parameter_covariance <- function(fit, information) {
  if (information == "average") return(fit$parameter_covariance)
  n <- length(fit$parameters$name)
  free <- has_covariance(fit)
  covariance <- matrix(NA_real_, n, n)
  if (!any(free)) return(covariance)
  jacobian <- variance_information(fit)$jacobian
  all <- jacobian %*% theta_covariance(fit, information)$covariance %*% t(jacobian)
  covariance[free, free] <- all[free, free]
  covariance
}
