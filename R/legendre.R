#' Legendre polynomials
#'
#' Columns of normalised Legendre polynomials of age (or time), for random regression: with them the
#' variances of a term describe how its variance changes with age.
#'
#' Age is mapped to -1 ... 1 over `range`; the column of degree j is
#' \eqn{\sqrt{(2j + 1)/2}\,P_j}{sqrt((2j + 1) / 2) P_j}. In a formula `legendre(age, 2)` remembers
#' the range of the data of the fit, so predictions at other ages use the same polynomials. The
#' column of degree 0 is constant (0.7071): with it write `0 + legendre(age, 2)`; without it write
#' `legendre(age, 2, intercept = FALSE)`, with R's own intercept of 1.
#'
#' @param x Numeric: ages or times.
#' @param degree Highest degree.
#' @param range The ages that are mapped to -1 and 1, by default the range of `x`.
#' @param intercept `TRUE` includes the column of degree 0.
#' @return A matrix with a column for each degree, named `0`, `1`, ..., and the attribute `range`.
#' @references Kirkpatrick, Lofsvold & Bulmer (1990) Genetics 124:979. Schaeffer (2004) Livest.
#'   Prod. Sci. 86:35.
#' @seealso [variance_by_age()]
#' @examples
#' legendre(1:5, 2)
#' fit <- lmmfit(distance ~ age + (0 + legendre(age, 1) | Subject), nlme::Orthodont)
#' predict(fit, data.frame(age = 11, Subject = "M01"))
#' @export
legendre <- function(x, degree, range = NULL, intercept = TRUE) {
  if (!is.numeric(x) || is.matrix(x) && ncol(x) > 1L) {
    abort_argument("x", class(x)[1L], "a numeric vector")
  }
  degree <- check_count(degree, "degree", 0)
  check_flag(intercept, "intercept")
  if (!intercept && degree == 0L) abort_argument("degree", degree, "at least 1 without intercept")
  range <- check_age_range(range %||% suppressWarnings(base::range(x, na.rm = TRUE)), degree)
  t <- if (degree == 0L) 0 * x else 2 * (x - range[1L]) / (range[2L] - range[1L]) - 1
  P <- matrix(1, length(x), degree + 1L)
  if (degree >= 1L) P[, 2L] <- t
  for (j in seq_len(max(degree - 1L, 0L))) {  # Bonnet: (j + 1) P_{j+1} = (2j + 1) t P_j - j P_{j-1}
    P[, j + 2L] <- ((2 * j + 1) * t * P[, j + 1L] - j * P[, j]) / (j + 1)
  }
  P[is.na(x), ] <- NA
  P <- P * rep(sqrt((2 * (0:degree) + 1) / 2), each = length(x))
  colnames(P) <- 0:degree
  structure(if (intercept) P else P[, -1L, drop = FALSE], range = range, class = "legendre")
}

check_age_range <- function(range, degree) {
  valid <- is.numeric(range) && length(range) == 2L && all(is.finite(range)) &&
    (range[1L] < range[2L] || degree == 0L && range[1L] <= range[2L])
  if (!valid) abort_argument("range", range, "two increasing ages; `x` must not be constant")
  as.double(range)
}

# Called by model.frame(): new data get the range of the fit.
#' @importFrom stats makepredictcall
#' @method makepredictcall legendre
#' @export
makepredictcall.legendre <- function(var, call) {
  if (as.character(call)[1L] %in% c("legendre", "henderson::legendre")) {
    call["range"] <- list(attr(var, "range"))
  }
  call
}

#' @export
`[.legendre` <- function(x, ...) {
  kept <- unclass(x)[...]
  if (is.matrix(kept)) structure(kept, range = attr(x, "range"), class = "legendre") else kept
}

# Variances over age -------------------------------------------------------------------------------

#' Variances and heritability over age
#'
#' In a random regression the variance of each term changes with age. `variance_by_age()` gives it
#' at chosen ages, with the share of each term in the phenotypic variance: that of the additive
#' genetic term is the heritability.
#'
#' @param object A fit by [lmmfit()] with terms such as `(0 + legendre(age, 2) | animal)`.
#' @param newdata A data frame with the ages (and whatever else the coefficients of random terms
#'   use), a row for each point. Where the residual variance changes with a factor, as with
#'   `residual = ~ diag(age_class)`, it has that factor too.
#' @param x For `plot()`: what `variance_by_age()` gave.
#' @param what For `plot()`: `"share"` of the phenotypic variance, or `"variance"`.
#' @param ... Further arguments for [graphics::matplot()].
#' @return A data frame of class `variance_by_age`: `newdata` with, for each random term, its
#'   variance and `share.` of the sum, and the residual variance `residual` of a record of weight 1.
#' @examples
#' fit <- lmmfit(distance ~ age + (0 + legendre(age, 1) | Subject), nlme::Orthodont)
#' v <- variance_by_age(fit, data.frame(age = 8:14))
#' v
#' plot(v)
#' @export
variance_by_age <- function(object, newdata) {
  check_fit(object)
  if (!is_mixed(object)) abort_no_random("`variance_by_age()`")
  if (!is.data.frame(newdata)) abort_data(newdata)
  values <- lapply(seq_along(object$random), function(k) {
    z <- coefficient_rows(object, k, newdata)
    rowSums((z %*% term_covariance(object$random[[k]], k, object$parameters)) * z)
  })
  names(values) <- term_labels(object)
  values <- as.data.frame(values, optional = TRUE)
  values$residual <- new_residual_variances(object, newdata)
  shares <- values / rowSums(values)
  names(shares) <- paste0("share.", names(values))
  structure(cbind(newdata, values, shares), class = c("variance_by_age", "data.frame"),
    terms = names(values), axis = names(newdata)[1L])
}

# The coefficients of term k at the rows of new data: Z without its levels.
coefficient_rows <- function(fit, k, newdata) {
  parsed <- fit$parts$random[[k]]
  if (!is.null(parsed$group$members)) {
    abort_variance_by_age("one level of each group in a record")
  }
  formula <- fit$parts$fixed
  formula[[3L]] <- parsed$coefs
  check_variables(all.vars(parsed$coefs), newdata, baseenv(), "newdata")
  frame <- new_frame(formula, fit$frame, newdata, variable_names(stats::terms(formula)))
  source <- column_source(frame, fit$contrasts)
  recipe <- column_recipe(coefficient_terms(parsed, source), source)
  n <- nrow(frame)
  made <- design_cpp(list(
    response = numeric(n), weights = double(), fixed = recipe$terms, random = list(),
    residual = list(structure = "iid"), method = "REML"
  ))
  as.matrix(made$X)
}

#' @rdname variance_by_age
#' @method plot variance_by_age
#' @export
plot.variance_by_age <- function(x, what = c("share", "variance"), ...) {
  what <- check_choice(what, c("share", "variance"), "what")
  terms <- attr(x, "terms")
  columns <- if (what == "share") paste0("share.", terms) else terms
  axis <- attr(x, "axis")
  y <- as.matrix(as.data.frame(unclass(x)[columns], optional = TRUE))
  graphics::matplot(x[[axis]], y, type = "l", lty = 1L, col = seq_along(terms), xlab = axis,
    ylab = if (what == "share") "Share of the phenotypic variance" else "Variance",
    ylim = c(0, 1.15 * max(y)), ...)
  graphics::legend("top", terms, lty = 1L, col = seq_along(terms), bty = "n", horiz = TRUE)
  invisible(x)
}
