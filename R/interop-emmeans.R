# Estimated marginal means: what emmeans asks of a model. Registered when emmeans is loaded (zzz.R).
# The data may be gone: the records are in the fit, and what is no column of them is a constant
# where the formula was made.
recover_data.lmmfit <- function(object, data = NULL, params = "pi", ...) {
  terms <- stats::delete.response(terms(object))
  params <- setdiff(params, names(object$frame))
  names <- setdiff(all.vars(terms), params)
  columns <- variable_columns(object, stats::setNames(names, names))
  known <- vapply(columns, NROW, 0L) == nrow(object$frame)
  if (is.null(data) || is_database(data)) {
    data <- structure(columns[known], class = "data.frame", row.names = row.names(object$frame))
    if (is_pooled(object$frame)) data <- with_record_means(data, object)
  }
  emmeans::recover_data(object$call, terms, attr(object$frame, "na.action"), data = data,
    params = union(params, names[!known]), frame = object$frame, ...
  )
}

# Covariates of pooled records by rows whose mean and range are those of the records; of two values
# they are levels to emmeans, and stay.
with_record_means <- function(data, fit) {
  data <- data[rep_len(seq_len(nrow(data)), max(3L, nrow(data))), , drop = FALSE]
  for (name in setdiff(names(data), coerced_variables(fit))) {
    x <- data[[name]]
    if (is_factor_like(x) || !is_number_like(x)) next
    known <- pooled_records(fit$frame)$ranges[[name]]
    if (is.null(known) && length(unique(x)) <= 2L) next
    mean <- record_mean(fit$frame, fit$frame[[name]], name)
    half <- diff(known %||% range(x)) / 2
    data[[name]] <- mean + half * c(1, -1, rep.int(0, length(x) - 2L))
  }
  data
}

# The degrees of freedom are those of the fit, or of an argument `ddf` of emmeans::emmeans().
# `vcov.` is another covariance of the fixed effects, or a function that gives it: degrees of
# freedom are not changed by it, as in emmeans.
emm_basis.lmmfit <- function(object, trms, xlev, grid, ddf = NULL, information = NULL,
                             vcov. = NULL, ...) {
  frame <- stats::model.frame(trms, grid, na.action = stats::na.pass, xlev = xlev)
  contrasts <- object$contrasts[names(object$contrasts) %in% names(frame)]
  X <- stats::model.matrix(trms, frame, contrasts.arg = if (length(contrasts) > 0L) contrasts)
  grouped <- which(vapply(object$random, has_groups, NA))
  if (length(grouped) > 0L) X <- cbind(X, as.matrix(mean_group_rows(object, grouped, nrow(X))))
  estimate <- fixef(object)
  nbasis <- if (anyNA(estimate)) null_basis(model.matrix(object)) else matrix(NA)
  kept <- !is.na(estimate)
  ddf <- check_ddf(object, ddf)
  moments <- test_moments(
    object, sparse_identity(sum(kept)), ddf, check_information(information, ddf)
  )
  df <- if (is.null(moments$w)) simple_df(object, ddf)
  covariance <- if (is.null(vcov.)) as.matrix(moments$used) else
    given_covariance(object, vcov., kept)
  list(
    X = X, bhat = unname(estimate), nbasis = nbasis, V = covariance,
    dffun = function(k, dfargs) dfargs$df_of(k, dfargs),
    dfargs = c(moments[intersect(c("covariance", "gradients", "w"), names(moments))],
      list(rows_df = moments$df_of, df = df, kept = kept, df_of = linear_df)
    )
  )
}

# Over the kept columns.
given_covariance <- function(object, given, kept) {
  if (is.function(given)) given <- given(object)
  given <- unname(as.matrix(given))
  if (nrow(given) == length(kept)) given <- given[kept, kept, drop = FALSE]
  if (!identical(dim(given), rep(sum(kept), 2L))) {
    abort_argument("vcov.", dim(given), paste("a covariance of", sum(kept), "fixed effects"))
  }
  given
}

# The degrees of freedom of k'beta, k over all columns or over the kept ones.
linear_df <- function(k, dfargs) {
  if (length(k) == length(dfargs$kept)) k <- k[dfargs$kept]
  if (!is.null(dfargs$rows_df)) return(dfargs$rows_df(matrix(k, 1L)))
  if (!is.null(dfargs$df)) return(dfargs$df)
  gradient <- vapply(dfargs$gradients, function(matrix) sum(k * (matrix %*% k)), 0)
  2 * sum(k * (dfargs$covariance %*% k))^2 / sum(gradient * (dfargs$w %*% gradient))
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

# What multcomp::glht() asks: the fixed effects with their covariance. `df` 0 means normal.
modelparm.lmmfit <- function(model, coef., vcov., df = 0, ...) {
  estimable <- !is.na(fixef(model))
  structure(
    list(
      coef = fixef(model)[estimable], vcov = vcov(model)[estimable, estimable, drop = FALSE],
      df = df, estimable = estimable
    ),
    class = "modelparm"
  )
}
