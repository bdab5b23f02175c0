# Generics of lme4, lmerTest and nlme for what a fit has. Registered when those are loaded (zzz.R).

#' Parts of a fit by the names of lme4
#'
#' @noRd
getME.lmmfit <- function(object, name, ...) {
  check_unused(...)
  makers <- list(
    X = function() model.matrix(object), Z = function() model.matrix(object, "random"),
    Zt = function() Matrix::t(model.matrix(object, "random")), y = function() object$frame[[1L]],
    beta = function() unname(fixef(object)), fixef = function() fixef(object),
    sigma = function() sigma(object), theta = function() relative_factors(object)$theta,
    lower = function() relative_factors(object)$lower, n_rtrms = function() length(object$random),
    n = function() object$n, N = function() object$n, p = function() length(object$fixed$names),
    is_REML = function() object$method == "REML", REML = function() object$method == "REML",
    cnms = function() lapply(object$random, `[[`, "coef_names"),
    offset = function() frame_offset(object$frame) %||% numeric(object$n)
  )
  name <- check_choice(name, names(makers), "name")
  makers[[name]]()
}

# The lower triangle of the factor of Sigma / sigma^2 of each term, column by column.
relative_factors <- function(fit) {
  factors <- lapply(term_covariances(fit), function(sigma) {
    root <- suppressWarnings(chol(sigma, pivot = TRUE))
    root <- t(root[, order(attr(root, "pivot")), drop = FALSE])
    if (any(abs(root[upper.tri(root)]) > 0)) root <- t(qr.R(qr(t(root))))
    root <- root %*% diag(ifelse(diag(root) < 0, -1, 1), nrow(root))
    lower <- ifelse(row(root) == col(root), 0, -Inf)
    keep <- lower.tri(root, diag = TRUE)
    list(theta = root[keep] / sigma(fit), lower = lower[keep])
  })
  list(theta = unlist(lapply(factors, `[[`, "theta")),
    lower = unlist(lapply(factors, `[[`, "lower")))
}

ngrps.lmmfit <- function(object, ...) {
  check_unused(...)
  stats::setNames(vapply(object$random, `[[`, 0L, "n_levels"), term_labels(object))
}

# lmerTest's generic: its L is our K.
contest.lmmfit <- function(model, L, ...) contest(model, L, ...)

getData.lmmfit <- function(object) object$frame
