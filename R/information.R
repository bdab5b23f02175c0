# The information of the variance parameters, from the engine, and their covariance. The engine's
# parameters are its own theta.

# So many fixed effects have the derivatives of their whole covariance made once and kept.
small_rank <- 100L

# The spec whose likelihood has the information: REML unless the fit is by ML.
likelihood_spec <- function(fit) {
  spec <- fit_spec(fit)
  if (spec$method != "ML") spec$method <- "REML"
  spec
}

estimated_columns <- function(fit) which(!is.na(fit$fixed$estimate))

# K' over all columns of X, for rows of K over the kept ones.
engine_columns <- function(fit, K) {
  columns <- methods::as(Matrix::t(K), "TsparseMatrix")
  as_dgc(Matrix::sparseMatrix(
    i = estimated_columns(fit)[columns@i + 1L], j = columns@j + 1L, x = as.double(columns@x),
    dims = c(length(fit$fixed$names), nrow(K))
  ))
}

# jacobian (values by theta), average, observed and expected information of theta, whether the
# expected one is known, and the moments of all fixed effects where they are few: they need the same
# model. Where the average information is all that is needed, the others are only there if somebody
# asked for them before.
variance_information <- function(fit, average = FALSE) {
  if (average && is.environment(fit$cache)) {
    whole <- exists("information", envir = fit$cache, inherits = FALSE)
    average <- !whole || !identical(fit$cache$estimate, fit$parameters$estimate)
  }
  kept_answer(fit, if (average) "average information" else "information", function() {
    kept <- estimated_columns(fit)
    all <- if (length(kept) <= small_rank) sparse_identity(length(kept)) else
      sparse_identity(length(kept))[0L, , drop = FALSE]
    variance_information_cpp(
      likelihood_spec(fit), fit_control(fit), engine_columns(fit, all), average
    )
  })
}

# list(covariance, used): the covariance of theta by the information that was asked for. Where that
# is not positive definite, by the average information.
theta_covariance <- function(fit, information) {
  if (is_average(fit, information)) information <- "average"
  found <- variance_information(fit, average = information == "average")
  used <- if (information == "expected" && !found$has_expected) "average" else information
  covariance <- inverse_of(found[[used]])
  if (is.null(covariance)) {
    warn_information(information, "average")
    used <- "average"
    covariance <- inverse_of(found[[used]])
  }
  list(covariance = covariance, used = used)
}

# The Hessian is that of every parametrisation only where the score is zero.
is_average <- function(fit, information) {
  information == "average" || (fit$method == "ANOVA" && information == "observed")
}

# The inverse of a symmetric matrix; NULL where it is not positive definite.
inverse_of <- function(matrix) {
  if (nrow(matrix) == 0L) return(matrix)
  scale <- sqrt(pmax(diag(matrix), 0))
  if (!all(scale > 0)) return(NULL)
  root <- tryCatch(chol(matrix / outer(scale, scale)), error = function(e) NULL)
  if (is.null(root) || min(diag(root)) < 1e-7) return(NULL)
  chol2inv(root) / outer(scale, scale)
}

# The covariance of the variance parameters as the user knows them; NA where held or at a boundary.
parameter_covariance <- function(fit, information) {
  if (information == "average") return(fit$parameter_covariance)
  n <- length(fit$parameters$name)
  free <- is_estimated(fit)
  covariance <- matrix(NA_real_, n, n)
  if (!any(free)) return(covariance)
  jacobian <- variance_information(fit)$jacobian
  all <- jacobian %*% theta_covariance(fit, information)$covariance %*% t(jacobian)
  covariance[free, free] <- all[free, free]
  covariance
}
