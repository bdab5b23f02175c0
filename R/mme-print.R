# The mixed model equations in symbols, and as LaTeX.

# What the symbols of a fit stand for. times: by term, what its rows are multiplied by.
mme_about <- function(fit, times) {
  terms <- Map(function(term, by) {
    list(label = term$label, n_levels = term$n_levels, coefs = term$coef_names,
      related = term$related, times = by)
  }, fit$random, times)
  list(
    n = fit$n, n_fixed = sum(!is.na(fit$fixed$estimate)), terms = terms,
    sigma = term_covariances(fit),
    residual = if (is_one_variance(fit)) residual_variance(fit) else NA_real_,
    weighted = length(frame_weights(fit$frame)) > 0L
  )
}

# The symbols of the block rows: w is "X", "Z1", ... ("Z" alone where there is one), left what the
# row is multiplied by, and added what stands on its diagonal.
block_symbols <- function(about, index = as.character, inverse = "^-1", gap = " ", by = " x ") {
  n <- length(about$terms)
  index <- if (n > 1L) index(seq_len(n)) else ""
  names <- function(letter) paste0(letter, index)[seq_len(n)]
  times <- vapply(about$terms, `[[`, "", "times")
  left <- ifelse(times == "", "", paste0(times, index, gap))
  added <- ifelse(times == "", paste0("G", index, inverse), "I")
  added[times == "S"] <- paste0("K", inverse, by, "I")
  list(w = c("X", names("Z")), u = c("b", names("u")), g = names("G"), left = c("", left),
    added = c("", added), s = names("S"))
}

# The cells of the coefficient matrix: left w_i'R^-1 w_j, and what is added on the diagonal.
block_cells <- function(symbols, r_inverse) {
  n <- length(symbols$w)
  cell <- function(i, j) {
    text <- paste0(symbols$left[i], symbols$w[i], r_inverse, symbols$w[j])
    if (i == j && i > 1L) paste(text, "+", symbols$added[i]) else text
  }
  matrix(outer(seq_len(n), seq_len(n), Vectorize(cell)), n)
}

print_mme_symbols <- function(x) {
  symbols <- block_symbols(x$about)
  n <- length(symbols$w)
  columns <- apply(block_cells(symbols, "'R^-1 "), 2L, format)
  left <- if (n == 1L) columns else apply(matrix(columns, n), 1L, paste, collapse = "   ")
  equal <- ifelse(seq_len(n) == (n + 1L) %/% 2L, "=", " ")
  cat("Mixed model equations of ", x$about$n, " records\n\n", sep = "")
  cat(paste0("  [ ", left, " ] [ ", format(symbols$u), " ] ", equal, " [ ",
    format(paste0(symbols$left, symbols$w, "'R^-1 y")), " ]"), sep = "\n")
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
      paste(levels, "x", covariance_symbol(about, k))
    columns <- term$n_levels * length(term$coefs)
    paste0("  ", symbols$w[k + 1L], ": ", size(about$n, columns), ", ", term$label,
      if (!identical(term$coefs, "(Intercept)")) paste0(" (", toString(term$coefs), ")"),
      ";  ", symbols$g[k], " = ", sigma,
      if (term$times == "S") paste0(";  ", symbols$s[k], " = I x ", covariance_symbol(about, k)),
      "\n")
  }, "")
  c(paste0("  X: ", size(about$n, about$n_fixed), ", fixed effects\n"), terms, r)
}

# Sigma of term k, or its value if it is one number.
covariance_symbol <- function(about, k) {
  sigma <- about$sigma[[k]]
  if (length(sigma) == 1L) return(format_numbers(sigma[1L]))
  paste0("Sigma", if (length(about$terms) > 1L) k)
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
#' @param ... Nothing more: what is not an argument is an error.
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
  check_unused(...)
  what <- check_choice(what, c("symbols", "numbers"), "what")
  body <- if (what == "symbols") latex_symbols(object$about) else
    latex_numbers(object, check_count(digits, "digits"), limit)
  structure(c("\\[", body, "\\]"), class = "Latex")
}

#' @importFrom utils toLatex
#' @export
utils::toLatex

latex_symbols <- function(about) {
  symbols <- block_symbols(about, function(k) paste0("_{", k, "}"), "^{-1}", "",
    " \\otimes ")
  n <- length(symbols$w)
  unknowns <- c("\\hat\\beta", sub("^u", "\\\\hat u", symbols$u[-1L]))
  c(
    latex_matrix(block_cells(symbols, "'R^{-1}")), latex_matrix(matrix(unknowns, n)), "=",
    latex_matrix(matrix(paste0(symbols$left, symbols$w, "'R^{-1}y"), n))
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
