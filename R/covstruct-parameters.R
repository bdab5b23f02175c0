# The values of the structures, for the table in covstruct.R: their kinds, the entries of Sigma that
# they are, and what their names end in.

# us: the lower triangle row by row, (1,1), (2,1), (2,2), (3,1), ...
entries_us <- function(t) {
  row <- rep.int(seq_len(t), seq_len(t))
  list(row = row, col = sequence(seq_len(t)))
}

# Values of the entries: list(suffix, kind, row, col). A suffix has NA where the names of the
# coefficients make the name.
variances_of <- function(t) {
  list(suffix = rep.int(NA_character_, t), kind = rep.int("variance", t), row = seq_len(t),
    col = seq_len(t))
}

parameters_us <- function(recipe) {
  at <- entries_us(recipe$n_coef)
  list(suffix = rep.int(NA_character_, length(at$row)),
    kind = ifelse(at$row == at$col, "variance", "covariance"), row = at$row, col = at$col)
}

parameters_diag <- function(recipe) variances_of(recipe$n_coef)

# `own` gives the suffixes of the parameters of the correlations, `kind` their kinds.
with_variances <- function(variances, suffix, kind) {
  none <- rep.int(NA_integer_, length(suffix))
  list(suffix = c(variances$suffix, suffix),
    kind = c(variances$kind, rep_len(kind, length(suffix))),
    row = c(variances$row, none), col = c(variances$col, none))
}

one_variance <- list(suffix = "variance", kind = "variance", row = 1L, col = 1L)

scaled_parameters <- function(heterogeneous, suffix, kind = "correlation") {
  function(recipe) {
    variances <- if (heterogeneous) variances_of(recipe$n_coef) else one_variance
    own <- if (is.function(suffix)) suffix(recipe) else suffix
    with_variances(variances, own, if (length(own) > 0L) kind else character())
  }
}

# One variance, and a slope for each covariate.
parameters_loglin <- function(recipe) {
  at <- recipe$coordinates
  names <- colnames(at) %||% seq_len(ncol(at))
  with_variances(one_variance, paste0("slope.", names), rep.int("slope", ncol(at)))
}

# One variance, and the correlation of each pair: (2,1), (3,1), (3,2), ...
parameters_corg <- function(recipe) {
  at <- entries_us(recipe$n_coef)
  pair <- at$row > at$col
  Map(c, one_variance, list(suffix = rep.int(NA_character_, sum(pair)),
    kind = rep.int("correlation", sum(pair)), row = at$row[pair], col = at$col[pair]))
}

lag_names <- function(recipe) {
  lag <- if (recipe$order > 0L) recipe$order - 1L else recipe$n_coef - 1L
  sprintf("rho%d", seq_len(lag))
}

# Pairs of coefficients up to k apart, those of neighbours first: list(row, col, lag).
near_pairs <- function(t, k) {
  lag <- rep.int(seq_len(k), t - seq_len(k))
  col <- sequence(t - seq_len(k))
  list(row = col + lag, col = col, lag = lag)
}

antedependence_order <- function(recipe) max(recipe$order, 1L)

# Of neighbours by number, as of order one; of others by their pair.
antedependence_names <- function(recipe) {
  at <- near_pairs(recipe$n_coef, antedependence_order(recipe))
  ifelse(at$lag == 1L, sprintf("rho%d", at$col), sprintf("rho%d.%d", at$col, at$row))
}

# us without the entries more than k below the diagonal.
entries_chol <- function(t, k) {
  at <- entries_us(t)
  near <- at$row - at$col <= k
  list(row = at$row[near], col = at$col[near])
}

parameters_chol <- function(recipe) {
  at <- entries_chol(recipe$n_coef, recipe$order)
  list(suffix = rep.int(NA_character_, length(at$row)),
    kind = ifelse(at$row == at$col, "variance", "covariance"), row = at$row, col = at$col)
}

matern_names <- function(recipe) {
  if (length(recipe$constants) > 0L) "range" else c("range", "smoothness")
}

# Loadings (t x k) of rr and fa: those above the diagonal are zero.
loading_entries <- function(t, k) {
  list(row = sequence(t - seq_len(k) + 1L, from = seq_len(k)),
    col = rep.int(seq_len(k), t - seq_len(k) + 1L))
}

# The coefficient of a loading is its row; its column is the factor.
parameters_rr <- function(recipe) {
  at <- loading_entries(recipe$n_coef, recipe$order)
  list(suffix = rep.int(NA_character_, length(at$row)), kind = rep.int("loading", length(at$row)),
    row = at$row, col = at$col)
}

parameters_fa <- function(recipe) {
  specific <- variances_of(recipe$n_coef)
  specific$kind <- rep.int("specific", recipe$n_coef)
  Map(c, specific, parameters_rr(recipe))
}
