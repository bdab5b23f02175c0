# Correlations of a term or a residual as a picture.

# A row for each entry of the correlation matrix; NaN where a variance is zero.
correlation_cells <- function(covariance, names) {
  r <- correlation_matrix(covariance)
  data.frame(row = factor(names[row(r)], names), column = factor(names[col(r)], names),
    correlation = as.vector(r))
}

# The random term whose correlations are meant: the one of that label, or, where the residual has no
# structure, the first with several coefficients. 0: the residual.
correlation_term <- function(fit, term) {
  several <- which(vapply(fit$random, function(term) term$n_coef > 1L, NA))
  if (is.character(term) && length(term) == 1L) {
    return(c(several[term_labels(fit)[several] == term], 0L)[1L])
  }
  if (!has_iid_residual(fit)) return(0L)
  c(several, 0L)[1L]
}

term_correlation_data <- function(fit, k) {
  term <- fit$random[[k]]
  structure(correlation_cells(term_covariance(term, k, fit$parameters), term$coef_names),
    title = paste0(term$label, ": ", structure_name(term$structure)))
}

# Blue to white to red, over -1 to 1 or the range of the values.
diverging <- function(n) grDevices::hcl.colors(n, "Blue-Red 3")

draw_correlation <- function(data, main = attr(data, "title"), ...) {
  labels <- levels(data$row)
  n <- length(labels)
  r <- matrix(data$correlation, n)
  graphics::image(seq_len(n), seq_len(n), t(r[rev(seq_len(n)), , drop = FALSE]),
    zlim = c(-1, 1), col = diverging(51L), axes = FALSE, xlab = "", ylab = "", main = main, ...)
  shown <- if (n <= 25L) seq_len(n) else unique(round(seq(1, n, length.out = 10L)))
  graphics::axis(1L, shown, labels[shown], las = 2L, tick = FALSE)
  graphics::axis(2L, n + 1L - shown, labels[shown], las = 1L, tick = FALSE)
  if (n <= 12L) {
    graphics::text(col(r), n + 1L - row(r), formatC(r, format = "f", digits = 2L), cex = 0.8,
      col = ifelse(abs(r) > 0.7, "white", "black"))
  }
}
