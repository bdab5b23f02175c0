#' Two-dimensional trend by P-splines
#'
#' In the formula of [lmmfit()] `spl2(col, row)` is a smooth surface over two coordinates, such as
#' the trend of a field: tensor-product P-splines as random terms, in the analysis-of-variance form
#' of Lee, Durban & Eilers (2013) that SpATS calls PS-ANOVA.
#'
#' The bilinear part is fixed and **must be written**: `y ~ col * row + spl2(col, row)`. The smooth
#' part is five random terms, each with one variance, where f() is a smooth function:
#'
#' * `spl2.fcol`: f(col),
#' * `spl2.frow`: f(row),
#' * `spl2.fcol.row`: f(col) times row, linear,
#' * `spl2.col.frow`: col, linear, times f(row),
#' * `spl2.fcol.frow`: f(col) times f(row).
#'
#' Each coordinate has a basis of `nseg + degree` B-splines over its range, with a penalty on second
#' differences of their coefficients, \eqn{D'D = U \mathrm{diag}(d) U'}{D'D = U diag(d) U'}. The
#' coefficients of the smooth columns \eqn{BU}{B U} have variances \eqn{\sigma^2/d}{s2 / d}, those
#' of products of two of them \eqn{\sigma^2/(d_i + d_j)}{s2 / (di + dj)}. The variances are on the
#' scale of SpATS. Several of them are often 0, which means that this component is not needed:
#' [effective_dimensions()] shows what is.
#'
#' `spl2(col, row, by = trial)` gives each level of `trial` a surface and five variances of its own,
#' over the same range; write `trial * col * row` in the fixed part. `predict()` makes the basis
#' from the range of the fit; positions outside of it are an error.
#'
#' @param x1,x2 Numeric coordinates.
#' @param nseg Numbers of segments of the two coordinates, or one for both. About one for two rows
#'   or columns is enough.
#' @param degree Degree of the B-splines.
#' @param nested The product f(x1) f(x2) has `nseg / nested` segments: fewer columns for large
#'   fields (Lee, Durban & Eilers 2013).
#' @param range The ends of the coordinates, a 2 x 2 matrix with a column for each; by default those
#'   of the data.
#' @param by In a formula: a factor.
#' @param ... Nothing more: what is not an argument is an error.
#' @return In a formula five random terms. Outside of it the marginal bases side by side: a matrix
#'   of class `spl_basis` with the attributes `range` and `margins`.
#' @references Lee, Durban & Eilers (2013) Comput. Stat. Data Anal. 61:22. Rodriguez-Alvarez, Boer,
#'   van Eeuwijk & Eilers (2018) Spatial Statistics 23:52.
#' @seealso [spl()], [effective_dimensions()]; `autoplot(fit, type = "surface")` draws the trend.
#' @examples
#' set.seed(1)
#' field <- expand.grid(row = 1:20, col = 1:12)
#' field$line <- factor(sample(rep(1:60, 4)))
#' field$yield <- rnorm(60)[field$line] + 3 * sin(field$row / 5) * cos(field$col / 4) + rnorm(240)
#' fit <- lmmfit(yield ~ col * row + spl2(col, row, nseg = c(6, 10)) + (1 | line), field)
#' effective_dimensions(fit)
#' plot(fit, type = "surface")
#' @export
spl2 <- function(x1, x2, nseg = c(10, 10), degree = 3, nested = 1, range = NULL, by, ...) {
  check_given(x1, x2, ...)
  if (!missing(by)) abort_spline_outside("spl2")
  coordinates <- list(x1 = x1, x2 = x2)
  for (name in names(coordinates)) {
    x <- coordinates[[name]]
    if (!is_number_like(x) || is.matrix(x) && ncol(x) > 1L) {
      abort_argument(name, class(x)[1L], "a numeric vector")
    }
    coordinates[[name]] <- as_plain_number(x)
  }
  if (length(x1) != length(x2)) abort_argument("x2", length(x2), "as long as x1")
  nseg <- check_segments(nseg, nested)
  degree <- check_count(degree, "degree")
  range <- check_surface_range(range, coordinates)
  made <- lapply(1:2, function(k) {
    lapply(unique(c(nseg[k], nseg[k] / nested)), function(segments) {
      pspline_margin(as.double(coordinates[[k]]), range[, k], segments, degree)
    })
  })
  made <- lapply(made, function(margin) {
    list(main = margin[[1L]], product = margin[[length(margin)]])
  })
  structure(marginal_columns(made), range = range, class = "spl_basis", margins = lapply(made,
    function(margin) lapply(margin, `[[`, "penalty")))
}

check_segments <- function(nseg, nested) {
  nested <- check_count(nested, "nested")
  if (!is.numeric(nseg) || !length(nseg) %in% 1:2) {
    abort_argument("nseg", nseg, "one or two whole numbers")
  }
  nseg <- vapply(rep_len(nseg, 2L), check_count, 0L, argument = "nseg", least = 1)
  if (any(nseg %% nested != 0L)) {
    abort_argument("nested", nested, "a divisor of both numbers of segments")
  }
  nseg
}

check_surface_range <- function(range, coordinates) {
  values <- lapply(coordinates, function(x) x[is.finite(x)])
  given <- !is.null(range)
  if (!given) {
    if (any(lengths(values) == 0L)) abort_argument("x1", NA, "finite somewhere")
    range <- vapply(values, base::range, double(2L))
  }
  valid <- is.numeric(range) && identical(dim(range), c(2L, 2L)) && all(is.finite(range)) &&
    all(range[1L, ] < range[2L, ])
  if (!valid) abort_argument("range", range, "two increasing ends of each coordinate")
  for (k in 1:2) {
    slack <- 1e-8 * diff(range[, k])
    outside <- values[[k]] < range[1L, k] - slack | values[[k]] > range[2L, k] + slack
    if (any(outside)) abort_outside_surface(k, values[[k]][outside][1L], range[, k])
  }
  unname(range)
}

# One coordinate: linear (n), smooth (n x m - 2, scaled by d^-1/2), penalty d, size m, basis B U.
# `linear` has coefficients of length 1 in the B-splines, orthogonal to the constant: it is centred
# at the middle of the range (m B-splines, whose Greville abscissae are dx apart).
pspline_margin <- function(x, range, segments, degree) {
  dx <- diff(range) / segments
  m <- segments + degree
  knots <- range[1L] + dx * seq.int(-degree, segments + degree)
  inside <- pmin(pmax(x, range[1L]), range[2L])
  B <- matrix(NA_real_, length(x), m)
  known <- !is.na(x)
  B[known, ] <- splines::splineDesign(knots, inside[known], degree + 1L, outer.ok = TRUE)
  penalty <- eigen(crossprod(diff(diag(m), differences = 2L)), symmetric = TRUE)
  used <- seq_len(m - 2L)
  list(
    linear = (x - mean(range)) / (dx * sqrt(m * (m^2 - 1) / 12)), constant = 1 / sqrt(m),
    smooth = B %*% penalty$vectors[, used, drop = FALSE],
    penalty = penalty$values[used]
  )
}

# The columns of both margins: linear, constant, the smooth ones of main effects and of the product.
marginal_columns <- function(made) {
  n <- length(made[[1L]]$main$linear)
  columns <- lapply(1:2, function(k) {
    main <- made[[k]]$main
    product <- made[[k]]$product
    both <- cbind(main$linear, rep.int(main$constant, n), main$smooth, product$smooth)
    kinds <- c("linear", "constant", rep.int("main", ncol(main$smooth)),
      rep.int("product", ncol(product$smooth)))
    colnames(both) <- paste(kinds, k, c(1, 1, seq_len(ncol(main$smooth)),
      seq_len(ncol(product$smooth))), sep = ".")
    both
  })
  do.call(cbind, columns)
}

# The columns of one component, with independent coefficients of one variance.
surface_columns <- function(basis, component) {
  margins <- attr(basis, "margins")
  pick <- function(kind, k) {
    unclass(basis)[, startsWith(colnames(basis), paste0(kind, ".", k, ".")), drop = FALSE]
  }
  scaled <- function(k) {
    smooth <- pick("main", k)
    smooth * rep(1 / sqrt(margins[[k]]$main), each = nrow(smooth))
  }
  times <- function(smooth, column) smooth * as.vector(column)
  switch(component,
    f1 = times(scaled(1L), pick("constant", 2L)), f2 = times(scaled(2L), pick("constant", 1L)),
    f1.x2 = times(scaled(1L), pick("linear", 2L)), x1.f2 = times(scaled(2L), pick("linear", 1L)),
    f1.f2 = {
      U <- pick("product", 1L)
      V <- pick("product", 2L)
      first <- rep(seq_len(ncol(U)), times = ncol(V))
      second <- rep(seq_len(ncol(V)), each = ncol(U))
      d <- margins[[1L]]$product[first] + margins[[2L]]$product[second]
      U[, first, drop = FALSE] * V[, second, drop = FALSE] * rep(1 / sqrt(d), each = nrow(U))
    }
  )
}
