# Estimated marginal means: what emmeans asks of a model. Registered when emmeans is loaded (zzz.R).
recover_data.lmmfit <- function(object, ...) {
  emmeans::recover_data(object$call, stats::delete.response(terms(object)),
    attr(object$frame, "na.action"), frame = object$frame, ...
  )
}

# Degrees of freedom: n - rank in a model without random terms, else none (z tests).
emm_basis.lmmfit <- function(object, trms, xlev, grid, ...) {
  frame <- stats::model.frame(trms, grid, na.action = stats::na.pass, xlev = xlev)
  contrasts <- object$contrasts[names(object$contrasts) %in% names(frame)]
  X <- stats::model.matrix(trms, frame, contrasts.arg = contrasts)
  estimate <- fixef(object)
  nbasis <- if (anyNA(estimate)) null_basis(model.matrix(object)) else matrix(NA)
  kept <- !is.na(estimate)
  df <- if (has_exact_t(object)) object$n - object$rank else Inf
  list(
    X = X, bhat = unname(estimate), nbasis = nbasis, V = vcov(object)[kept, kept, drop = FALSE],
    dffun = function(k, dfargs) dfargs$df, dfargs = list(df = df)
  )
}

# A basis of the vectors k with Xk = 0, by columns: functions orthogonal to it are estimable.
null_basis <- function(X) {
  decomposition <- qr(X)
  rank <- decomposition$rank
  p <- ncol(X)
  R <- qr.R(decomposition)[seq_len(rank), , drop = FALSE]
  independent <- R[, seq_len(rank), drop = FALSE]
  dependent <- R[, -seq_len(rank), drop = FALSE]
  basis <- matrix(0, p, p - rank)
  basis[decomposition$pivot, ] <- rbind(-backsolve(independent, dependent), diag(p - rank))
  basis
}
