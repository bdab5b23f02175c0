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
#' @param ... Nothing more: what is not an argument is an error.
#' @return A matrix with a column for each degree, named `0`, `1`, ..., and the attribute `range`.
#' @references Kirkpatrick, Lofsvold & Bulmer (1990) Genetics 124:979. Schaeffer (2004) Livest.
#'   Prod. Sci. 86:35.
#' @seealso [variance_by_age()]
#' @examples
#' legendre(1:5, 2)
#' fit <- lmmfit(height ~ visit + (0 + legendre(age, 1) | id), growth)
#' predict(fit, data.frame(visit = "4", age = 9, id = "C01"))
#' @export
legendre <- function(x, degree, range = NULL, intercept = TRUE, ...) {
  check_given(x, degree, ...)
  if (!is_number_like(x) || is.matrix(x) && ncol(x) > 1L) {
    abort_argument("x", class(x)[1L], "a numeric vector")
  }
  if (is.object(x)) x <- as_plain_number(x)
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
