#' The mixed model equations of a fit
#'
#' `mme(fit)` is Henderson's system in its textbook form,
#' \deqn{\left[\begin{array}{cc} X'R^{-1}X & X'R^{-1}Z \\ Z'R^{-1}X & Z'R^{-1}Z + G^{-1}
#' \end{array}\right] \left[\begin{array}{c} b \\ u \end{array}\right] =
#' \left[\begin{array}{c} X'R^{-1}y \\ Z'R^{-1}y \end{array}\right]}{
#' [X'R^-1 X, X'R^-1 Z; Z'R^-1 X, Z'R^-1 Z + G^-1] [b; u] = [X'R^-1 y; Z'R^-1 y]}
#' at the variances of the fit. `mme(fit, form = "V")` has the same solution through
#' \eqn{V = ZGZ' + R}: `(X'V^-1 X)^-1`, BLUE and BLUP. To see either at known variances, fit with
#' `hold`.
#'
#' Columns of X that depend on others have no equation. A random term with a singular covariance
#' matrix has no \eqn{G^{-1}}{G^-1}. Its rows are then multiplied by G, from the left, so that
#' \eqn{G^{-1}}{G^-1} becomes I (Harville 1976; Henderson 1984): the system is not symmetric, but
#' regular, and has the same solution. Where levels have a precision K^-1 and only the covariance
#' Sigma of the coefficients is singular (a variance of 0, a correlation of 1), multiplying by
#' S = I x Sigma is enough, and keeps the system sparse.
#'
#' @param object A fit by [lmmfit()].
#' @param form `"mme"` or `"V"`.
#' @param scale `"lambda"` multiplies both sides by the residual variance, as textbooks do where it
#'   is one: X'X and Z'Z, and on the diagonal \eqn{K^{-1}\lambda}{K^-1 lambda} with
#'   \eqn{\lambda = \sigma^2_e / \sigma^2_u}{lambda = sigma2_e / sigma2_u}. The inverse of the
#'   coefficient matrix is then to be multiplied by the residual variance (element `scale`) to have
#'   prediction error variances.
#' @param ... Nothing more: what is not an argument is an error.
#' @return For `form = "mme"` a list of class `mme` with `coefficient` (a sparse matrix),
#'   `rhs`, `solution`, `labels` (a data frame: block, level and coefficient of each equation) and
#'   `blocks` (the equations of each block); `multiplier` is the block-diagonal matrix that the rows
#'   are multiplied by, `NULL` where no G is singular: the inverse of the textbook matrix, with the
#'   prediction error variances, is `solve(coefficient, multiplier)`. For `form = "V"` a list of
#'   class `mme_v` with the matrices `V`, `X`, `Z`, `G`, `R`, the covariance `vcov` = (X'V^-1 X)^-1,
#'   `blue`, `blup` and the prediction error covariance `pev` of the random effects.
#' @references Harville (1976) Ann. Stat. 4:384. Henderson (1984) Applications of Linear Models in
#'   Animal Breeding, chapter 5.
#' @examples
#' fit <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats)
#' mme(fit)
#' mme(fit, scale = "lambda")
#' mme(fit, form = "V")$blue
#' @export
mme <- function(object, form = c("mme", "V"), scale = c("variance", "lambda"), ...) {
  check_given(object)
  check_unused(...)
  check_fit(object)
  check_has_records(object, "{.fn mme}")
  form <- check_choice(form, c("mme", "V"), "form")
  scale <- check_choice(scale, c("variance", "lambda"), "scale")
  if (form == "V") {
    if (scale == "lambda") abort_argument("scale", scale, "left out with form = \"V\"")
    return(v_form(object))
  }
  equations <- textbook_form(object)
  if (scale == "lambda") ratio_form(equations, object) else equations
}

# Multiplied by the residual variance: X'X, Z'Z, and ratios lambda of it to the variances.
ratio_form <- function(equations, fit) {
  if (!has_iid_residual(fit)) {
    abort_argument("scale", "lambda", "\"variance\" where the residual is not one variance")
  }
  equations$scale <- residual_variance(fit)
  equations$coefficient <- equations$coefficient * equations$scale
  equations$rhs <- equations$rhs * equations$scale
  equations
}

textbook_form <- function(fit) {
  spec <- fit_spec(fit)
  matrices <- fit_matrices(fit, spec)
  kept <- which(!is.na(fit$fixed$estimate))
  W <- do.call(cbind, c(list(matrices$X[, kept, drop = FALSE]), matrices$Z))
  inverse_r <- residual_precision(fit)
  coefficient <- Matrix::crossprod(W, inverse_r %*% W)  # W'R^-1 W
  rhs <- as.vector(Matrix::crossprod(W, inverse_r %*% spec$response))
  prior <- lapply(seq_along(fit$random), term_prior, fit = fit)
  multiplier <- rows_multiplier(length(kept), prior)
  if (!is.null(multiplier)) {
    coefficient <- multiplier %*% coefficient
    rhs <- as.vector(multiplier %*% rhs)
  }
  zero <- Matrix::Matrix(0, length(kept), length(kept), sparse = TRUE)
  added <- Matrix::bdiag(c(list(zero), lapply(prior, `[[`, "added")))
  coefficient <- coefficient + added
  coefficient <- if (is.null(multiplier)) Matrix::forceSymmetric(coefficient) else
    as_dgc(coefficient)
  labels <- equation_labels(fit, kept)
  names <- c(fit$fixed$names[kept], unlist(lapply(fit$random, effect_names)))
  dimnames(coefficient) <- list(names, names)
  solution <- c(fit$fixed$estimate[kept], unlist(lapply(fit$random, function(term) term$effects)))
  structure(
    list(
      coefficient = coefficient, rhs = stats::setNames(rhs, names),
      solution = stats::setNames(solution, names), labels = labels,
      blocks = split(seq_along(names), factor(labels$block, unique(labels$block))),
      dropped = fit$fixed$names[is.na(fit$fixed$estimate)], multiplier = multiplier,
      about = mme_about(fit, vapply(prior, `[[`, "", "times"))
    ),
    class = "mme"
  )
}

# What random term k adds to Z'R^-1 Z, and what its rows are multiplied by ("": nothing): G^-1, or
# G G^-1 = I, or S G^-1 = K^-1 x I with S = I x Sigma.
term_prior <- function(k, fit) {
  term <- fit$random[[k]]
  sigma <- term_covariance(term, k, fit$parameters)
  coefs <- Matrix::Diagonal(nrow(sigma))
  if (!is.null(term$relationship$combination)) {
    return(list(times = "G", multiplier = term_g(k, fit),
      added = Matrix::kronecker(Matrix::Diagonal(term$n_levels), coefs)))
  }
  precision <- if (term$related) level_precision(term$relationship) else
    Matrix::Diagonal(term$n_levels)
  if (is_definite(sigma)) {
    return(list(times = "", added = Matrix::kronecker(precision, solve(sigma))))
  }
  list(times = if (term$related) "S" else "G",
    multiplier = Matrix::kronecker(Matrix::Diagonal(term$n_levels), sigma),
    added = Matrix::kronecker(precision, coefs))
}

# The block-diagonal matrix of all rows, NULL where every G has an inverse.
rows_multiplier <- function(n_fixed, prior) {
  if (all(vapply(prior, `[[`, "", "times") == "")) return(NULL)
  blocks <- lapply(prior, function(x) x$multiplier %||% Matrix::Diagonal(nrow(x$added)))
  as_dgc(Matrix::bdiag(c(list(Matrix::Diagonal(n_fixed)), blocks)))
}

is_definite <- function(sigma) {
  all(diag(sigma) > 0) && rcond(sigma / sqrt(outer(diag(sigma), diag(sigma)))) > 1e-10
}

equation_labels <- function(fit, kept) {
  random <- lapply(fit$random, function(term) {
    data.frame(
      block = term$label, level = rep(term$levels, each = term$n_coef),
      coefficient = rep.int(term$coef_names, term$n_levels)
    )
  })
  fixed <- data.frame(
    block = rep("fixed", length(kept)), level = NA_character_, coefficient = fit$fixed$names[kept]
  )
  do.call(rbind, c(list(fixed), random))
}

# Through V ----------------------------------------------------------------------------------------

v_form <- function(fit, limit = 2000L) {
  if (fit$n > limit) {
    abort_size("`mme(form = \"V\")`", fit$n, limit, "`mme(fit)` has the same solution without V.")
  }
  spec <- fit_spec(fit)
  matrices <- fit_matrices(fit, spec)
  kept <- which(!is.na(fit$fixed$estimate))
  X <- as.matrix(matrices$X[, kept, drop = FALSE])
  colnames(X) <- fit$fixed$names[kept]
  Z <- as.matrix(do.call(cbind, c(list(matrix(0, fit$n, 0)), matrices$Z)))
  colnames(Z) <- unlist(lapply(fit$random, effect_names))
  blocks <- lapply(seq_along(fit$random), term_g, fit)
  G <- as.matrix(Matrix::bdiag(c(list(matrix(0, 0, 0)), blocks)))
  R <- as.matrix(build_residual_matrix(fit))
  solved <- solve_through_v(X, Z, G, R, spec$response)
  solved$records <- row.names(fit$frame)
  solved
}

solve_through_v <- function(X, Z, G, R, y) {
  V <- Z %*% G %*% t(Z) + R
  half <- chol(V)
  inverse_x <- backsolve(half, backsolve(half, X, transpose = TRUE))  # V^-1 X
  vcov <- solve(crossprod(X, inverse_x))  # (X'V^-1 X)^-1
  dimnames(vcov) <- list(colnames(X), colnames(X))
  blue <- drop(vcov %*% crossprod(inverse_x, y))  # (X'V^-1 X)^-1 X'V^-1 y
  cov_uy <- G %*% t(Z)
  e <- backsolve(half, backsolve(half, y - X %*% blue, transpose = TRUE))
  blup <- drop(cov_uy %*% e)  # GZ'V^-1 (y - X b)
  inverse_zg <- backsolve(half, backsolve(half, t(cov_uy), transpose = TRUE))
  projected <- inverse_zg - inverse_x %*% vcov %*% crossprod(X, inverse_zg)  # P ZG
  pev <- G - cov_uy %*% projected
  dimnames(G) <- dimnames(pev) <- list(colnames(Z), colnames(Z))
  structure(
    list(
      V = V, X = X, Z = Z, G = G, R = R, vcov = vcov, blue = stats::setNames(blue, colnames(X)),
      blup = stats::setNames(blup, colnames(Z)), pev = pev
    ),
    class = "mme_v"
  )
}
