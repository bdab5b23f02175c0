#' Smoothing splines
#'
#' In the formula of [lmmfit()] `spl(x)` is a natural cubic smoothing spline of a covariate as a
#' random term, as in ASReml: its variance is estimated with the others, and so is the smoothness of
#' the curve.
#'
#' The linear part of the curve is a fixed effect and **must be written**: `y ~ time + spl(time)`.
#' Without it the fit stops with an error.
#'
#' * `spl(time)`: one curve.
#' * `spl(time, by = trt)`: a curve for each level of a factor, each with its own variance. Write
#'   `time * trt` in the fixed part, so that each curve has its own line.
#' * `spl(time | id)`: a curve for each level of a group, all with one variance: deviations of
#'   subjects, or curves of treatments that are equally smooth. Beside `spl(time | id)` the lines of
#'   the subjects are `(1 + time | id)`.
#' * `spl(time, knots = 10)`: with 10 knots, at quantiles of the distinct values; or a vector of
#'   knots. By default every distinct value is a knot, up to 50.
#'
#' At the knots \eqn{t_1 < \dots < t_m}{t1 < ... < tm} the curve is
#' \eqn{X_s \beta + Z_s u}{Xs b + Zs u} with
#' \eqn{Z_s = \Delta(\Delta'\Delta)^{-1}}{Zs = D (D'D)^-1} and \eqn{u \sim N(0, \sigma_s^2 G_s)}{u ~
#' N(0, s2 Gs)}, where \eqn{\Delta}{D} takes second divided differences and \eqn{G_s}{Gs} is the
#' matrix of Green & Silverman; between knots it is a cubic, and outside of them a line. With all
#' distinct values as knots the BLUP is the smoothing spline that minimises \eqn{\sum (y - g)^2 +
#' \lambda \int g''^2}{sum (y - g)^2 + lambda int g''^2} with \eqn{\lambda =
#' \sigma^2/\sigma_s^2}{lambda = s2_residual / s2_spline}. The parameter is named `spl.<variable>`,
#' `spl.<variable>.<level>` with `by`, or `spl.<variable>.<group>` with a group. Its unit is that of
#' y squared over that of x cubed.
#'
#' `predict()` makes the basis from the knots of the fit, so predictions at other positions are on
#' the same curve; outside of the knots it goes on as a line. A level of `by` that is not in the fit
#' is an error.
#'
#' @param x Numeric: times or positions, at least three distinct ones. In a formula also
#'   `x | group`.
#' @param knots How many knots (at least 3), or the knots themselves.
#' @param by In a formula: a factor.
#' @param ... Nothing more: what is not an argument is an error.
#' @return In a formula a random term. Outside of it the basis: a matrix of class `spl_basis` with
#'   the column `linear` and one column for each random coefficient, which are independent with one
#'   variance, and the attribute `knots`.
#' @references Verbyla, Cullis, Kenward & Welham (1999) Appl. Statist. 48:269. Green & Silverman
#'   (1994) Nonparametric Regression and Generalized Linear Models, Chapman & Hall, section 2.
#' @seealso [spl2()] for surfaces, [effective_dimensions()], [plot.lmmfit()].
#' @examples
#' fit <- lmmfit(weight ~ Time * Diet + spl(Time) + spl(Time, by = Diet) + (1 + Time | Chick),
#'   ChickWeight)
#' varcomp(fit)
#' effective_dimensions(fit)
#' predict(fit, data.frame(Time = c(3, 7.5), Diet = "1"), random = c("spl.Time", "spl.Time.1"))
#' @export
spl <- function(x, knots = NULL, by, ...) {
  check_given(x, ...)
  if (!missing(by)) abort_spline_outside("spl")
  if (!is_number_like(x) || is.matrix(x) && ncol(x) > 1L) {
    abort_argument("x", class(x)[1L], "a numeric vector")
  }
  x <- as_plain_number(x)
  knots <- spline_knots(x, knots)
  ends <- range(knots)
  Z <- natural_spline_values(x, knots) %*% natural_spline_coefficients(knots)
  basis <- cbind((x - mean(ends)) / diff(ends), Z)
  colnames(basis) <- c("linear", seq_len(ncol(Z)))
  structure(basis, knots = knots, class = "spl_basis")
}

spline_knots <- function(x, knots, most = 50L) {
  finite <- is.null(knots) || is.numeric(knots) && all(is.finite(knots))
  if (!finite) abort_argument("knots", knots, "a number of knots, or the knots")
  if (length(knots) > 1L) {
    knots <- sort(unique(as.double(knots)))
    if (length(knots) < 3L) abort_argument("knots", knots, "at least three distinct positions")
    return(knots)
  }
  values <- sort(unique(x[is.finite(x)]))
  if (length(values) < 3L) abort_spline_values(length(values))
  count <- if (is.null(knots)) most else check_count(knots, "knots", 3)
  if (length(values) <= count) return(values)
  stats::quantile(values, seq(0, 1, length.out = count), names = FALSE)
}

# Second divided differences, Delta (m x m - 2), and G_s (m - 2 x m - 2): Green & Silverman (1994),
# 2.1.2, where they are Q and R.
spline_differences <- function(knots) {
  h <- diff(knots)
  m <- length(knots)
  inner <- seq_len(m - 2L)
  delta <- matrix(0, m, m - 2L)
  delta[cbind(inner, inner)] <- 1 / h[inner]
  delta[cbind(inner + 1L, inner)] <- -1 / h[inner] - 1 / h[inner + 1L]
  delta[cbind(inner + 2L, inner)] <- 1 / h[inner + 1L]
  gram <- diag((h[inner] + h[inner + 1L]) / 3, m - 2L)
  off <- seq_len(m - 3L)
  gram[cbind(off, off + 1L)] <- gram[cbind(off + 1L, off)] <- h[off + 1L] / 6
  list(delta = delta, gram = gram)
}

# Values g and second derivatives gamma of the curve at the knots, as linear functions of the
# independent coefficients: g = Delta (Delta'Delta)^-1 L u, gamma = G^-1 Delta'g = L^-T u, LL' = G.
natural_spline_coefficients <- function(knots) {
  parts <- spline_differences(knots)
  L <- t(chol(parts$gram))
  # Delta = QR gives Delta (Delta'Delta)^-1 = Q R^-T, without squaring the condition of Delta.
  factor <- qr(parts$delta, LAPACK = FALSE)
  values <- qr.Q(factor) %*% backsolve(qr.R(factor), L, transpose = TRUE)
  rbind(values, 0, backsolve(t(L), diag(ncol(L))), 0)
}

# The curve at x as a linear function of (g, gamma): a cubic between two knots, a line outside of
# all (Green & Silverman 1994, 2.4).
natural_spline_values <- function(x, knots) {
  m <- length(knots)
  known <- which(!is.na(x))
  left <- findInterval(x[known], knots, all.inside = TRUE)
  at <- pmin(pmax(x[known], knots[1L]), knots[m])
  h <- (knots[-1L] - knots[-m])[left]
  before <- (at - knots[left]) / h
  after <- 1 - before
  N <- matrix(0, length(x), 2L * m)
  # gamma(x) h^2 / 6: of the left knot after^3 - after, of the right one before^3 - before.
  N[cbind(known, left)] <- after
  N[cbind(known, left + 1L)] <- before
  N[cbind(known, m + left)] <- (after^3 - after) * h^2 / 6
  N[cbind(known, m + left + 1L)] <- (before^3 - before) * h^2 / 6
  # Beyond the ends: the slope of the cubic there, times the distance.
  beyond <- x[known] - at
  slope_left <- (1 - 3 * after^2) * h / 6
  slope_right <- (3 * before^2 - 1) * h / 6
  outside <- which(beyond != 0)
  rows <- known[outside]
  step <- beyond[outside]
  l <- left[outside]
  N[cbind(rows, l)] <- N[cbind(rows, l)] - step / h[outside]
  N[cbind(rows, l + 1L)] <- N[cbind(rows, l + 1L)] + step / h[outside]
  N[cbind(rows, m + l)] <- N[cbind(rows, m + l)] + step * slope_left[outside]
  N[cbind(rows, m + l + 1L)] <- N[cbind(rows, m + l + 1L)] + step * slope_right[outside]
  N[is.na(x), ] <- NA
  N
}

# Called by model.frame(): new data get the knots of the fit.
#' @method makepredictcall spl_basis
#' @export
makepredictcall.spl_basis <- function(var, call) {
  name <- sub("^henderson::", "", as.character(call)[1L])
  if (name == "spl") call["knots"] <- list(attr(var, "knots"))
  if (name == "spl2") call["range"] <- list(attr(var, "range"))
  call
}

#' @export
`[.spl_basis` <- function(x, ...) {
  kept <- unclass(x)[...]
  if (!is.matrix(kept)) return(kept)
  for (name in c("knots", "range", "margins")) attr(kept, name) <- attr(x, name)
  structure(kept, class = "spl_basis")
}
