# The mixed model equations in symbols, and as LaTeX.

# What the symbols of a fit stand for.
mme_about <- function(fit) {
  terms <- lapply(fit$random, function(term) {
    list(label = term$label, n_levels = term$n_levels, coefs = term$coef_names,
      related = term$related)
  })
  list(
    n = fit$n, n_fixed = sum(!is.na(fit$fixed$estimate)), terms = terms,
    sigma = term_covariances(fit),
    residual = if (is_one_variance(fit)) residual_variance(fit) else NA_real_,
    weighted = length(frame_weights(fit$frame)) > 0L
  )
}

# The symbols of the block rows: "X", "Z1", ... ("Z" alone where there is one).
block_symbols <- function(about) {
  n <- length(about$terms)
  index <- if (n > 1L) seq_len(n) else ""
  list(w = c("X", paste0("Z", index)[seq_len(n)]), u = c("b", paste0("u", index)[seq_len(n)]),
    g = paste0("G", index)[seq_len(n)])
}

print_mme_symbols <- function(x) {
  symbols <- block_symbols(x$about)
  n <- length(symbols$w)
  cell <- outer(seq_len(n), seq_len(n), Vectorize(function(i, j) {
    text <- paste0(symbols$w[i], "'R^-1 ", symbols$w[j])
    if (i == j && i > 1L) paste0(text, " + ", symbols$g[i - 1L], "^-1") else text
  }))
  columns <- apply(matrix(cell, n), 2L, format)
  left <- if (n == 1L) columns else apply(matrix(columns, n), 1L, paste, collapse = "   ")
  equal <- ifelse(seq_len(n) == (n + 1L) %/% 2L, "=", " ")
  cat("Mixed model equations of ", x$about$n, " records\n\n", sep = "")
  cat(paste0("  [ ", left, " ] [ ", format(symbols$u), " ] ", equal, " [ ",
    format(paste0(symbols$w, "'R^-1 y")), " ]"), sep = "\n")
  cat("\n", mme_legend(x$about, symbols), sep = "")
  invisible(x)
}

mme_legend <- function(about, symbols) {
  size <- function(rows, columns) paste(rows, "x", columns)
  r <- if (is.na(about$residual)) {
    "  R: block diagonal, not one variance\n"
  } else {
    of <- if (about$weighted) "diag(1 / weights)" else "I"
    paste0("  R = ", format_numbers(about$residual), " ", of, "\n")
  }
  terms <- vapply(seq_along(about$terms), function(k) {
    term <- about$terms[[k]]
    levels <- if (term$related) "K" else paste0("I(", term$n_levels, ")")
    sigma <- about$sigma[[k]]
    sigma <- if (length(sigma) == 1L) paste(format_numbers(sigma[1L]), levels) else
      paste0(levels, " x Sigma", if (length(about$terms) > 1L) k)
    columns <- term$n_levels * length(term$coefs)
    paste0("  ", symbols$w[k + 1L], ": ", size(about$n, columns), ", ", term$label,
      if (!identical(term$coefs, "(Intercept)")) paste0(" (", toString(term$coefs), ")"),
      ";  ", symbols$g[k], " = ", sigma, "\n")
  }, "")
  c(paste0("  X: ", size(about$n, about$n_fixed), ", fixed effects\n"), terms, r)
}

# The inverse of a relationship matrix has rounding errors where it should have zeros.
without_rounding <- function(cells) {
  cells[abs(cells) < 1e-12 * sqrt(abs(outer(diag(cells), diag(cells))))] <- 0
  cells
}

#' The mixed model equations as LaTeX
#'
#' @param object The equations of a fit, by [mme()].
#' @param what `"symbols"`: the block layout. `"numbers"`: the coefficient matrix, solution and
#'   right-hand side as numbers.
#' @param digits Significant digits of the numbers.
#' @param limit Largest number of equations that are written as numbers.
#' @param ... Not used.
#' @return A character vector of class `Latex`, as by [utils::toLatex()]: a displayed equation for
#'   amsmath.
#' @examples
#' fit <- lmmfit(yield ~ nitro + (1 | Block), nlme::Oats)
#' toLatex(mme(fit))
#' toLatex(mme(fit), what = "numbers", digits = 3)
#' @importFrom utils toLatex
#' @method toLatex mme
#' @export
toLatex.mme <- function(object, what = c("symbols", "numbers"), digits = 4L, limit = 12L, ...) {
  what <- check_choice(what, c("symbols", "numbers"), "what")
  body <- if (what == "symbols") latex_symbols(object$about) else
    latex_numbers(object, check_count(digits, "digits"), limit)
  structure(c("\\[", body, "\\]"), class = "Latex")
}

#' @importFrom utils toLatex
#' @export
utils::toLatex

latex_symbols <- function(about) {
  n <- length(about$terms) + 1L
  index <- if (n > 2L) paste0("_{", seq_len(n - 1L), "}") else ""
  w <- c("X", paste0("Z", index)[seq_len(n - 1L)])
  cell <- outer(seq_len(n), seq_len(n), Vectorize(function(i, j) {
    text <- paste0(w[i], "'R^{-1}", w[j])
    if (i == j && i > 1L) paste0(text, " + G", index[i - 1L], "^{-1}") else text
  }))
  c(
    latex_matrix(matrix(cell, n)),
    latex_matrix(matrix(c("\\hat\\beta", paste0("\\hat u", index)[seq_len(n - 1L)]), n)), "=",
    latex_matrix(matrix(paste0(w, "'R^{-1}y"), n))
  )
}

latex_numbers <- function(x, digits, limit) {
  n <- length(x$rhs)
  if (n > limit) abort_size("`toLatex(what = \"numbers\")`", n, limit,
    "Give a larger {.arg limit}, or use {.code what = \"symbols\"}.")
  text <- function(value) formatC(signif(value, digits), digits = digits, format = "fg")
  coefficient <- without_rounding(as.matrix(x$coefficient))
  cells <- trimws(text(coefficient))
  cells[coefficient == 0] <- "\\cdot"
  c(
    latex_matrix(matrix(cells, n)), latex_matrix(matrix(trimws(text(x$solution)), n)), "=",
    latex_matrix(matrix(trimws(text(x$rhs)), n))
  )
}

# An array, which has no limit on its columns as bmatrix has.
latex_matrix <- function(cells) {
  rows <- apply(cells, 1L, paste, collapse = " & ")
  c(paste0("\\left[\\begin{array}{", strrep("r", ncol(cells)), "}"), paste(rows, "\\\\"),
    "\\end{array}\\right]")
}
