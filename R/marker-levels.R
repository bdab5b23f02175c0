# Genotypes as levels: G = ZZ' / c of the markers, by whichever side is shorter.

# Of fewer markers than genotypes the independent levels are the markers, and a genotype is a
# combination of them: u = Z a / sqrt(c). Otherwise they are the genotypes, with G.
genotype_relationship <- function(markers) {
  if (length(markers$used) >= nrow(markers$M)) {
    G <- grm_of(markers)$G
    return(c(covariance_spec(G, "grm(M)"), list(markers = markers)))
  }
  half <- coded_markers(markers) / sqrt(markers$divisor)
  list(type = "precision", precision = sparse_identity(ncol(half)), combination = as_dgc(t(half)),
    diagonal = rowSums(half^2), markers = markers)
}

# A record has the genotype of its row of the matrix; equal rows are one level.
#' @export
group_members.marker_group <- function(group, source) {
  M <- marker_column(group, source$frame)
  first <- first_equal_row(M)
  rows <- unique(first)
  list(codes = list(match(first, rows)), levels = row.names(source$frame)[rows], rows = rows)
}

marker_column <- function(group, frame) {
  name <- deparse_one(group$variables[[1L]])
  M <- frame[[name]]
  if (!is.numeric(M) || !is.matrix(M)) {
    abort_gr("{.code {name}} is no numeric matrix.",
      "Give genotypes, a row for each record; or {.code snp(M | line)}, a row for each line.",
      fun = "snp")
  }
  M
}

# For each row the first one that equals it. Rows that agree in two weighted sums are compared.
first_equal_row <- function(M) {
  if (anyNA(M)) M[is.na(M)] <- -1
  # Not by a BLAS, in which equal rows may differ by rounding.
  weighted <- function(weights) rowSums(M * rep(weights, each = nrow(M)))
  key <- position_keys(cbind(weighted(sin(seq_len(ncol(M)))), weighted(cos(3 * seq_len(ncol(M))))))
  first <- match(key, key)
  for (i in which(first < seq_along(first))) {
    if (any(M[i, ] != M[first[i], ])) first[i] <- i
  }
  first
}

#' @export
related_levels.marker_group <- function(group, found, source, env) {
  if (!is.null(group$relationship$kept)) return(group$relationship$kept)
  M <- marker_column(group, source$frame)[found$rows, , drop = FALSE]
  rownames(M) <- found$levels
  settings <- lapply(group$members, eval, env)
  markers <- do.call(snp, c(list(M), settings))
  list(levels = found$levels, spec = genotype_relationship(markers))
}

# list(rows, precision): levels of which all others are combinations, and the inverse of their
# relationships.
marker_basis <- function(relationship) {
  markers <- relationship$markers
  combination <- relationship$combination
  if (is.null(combination)) {
    return(list(rows = seq_len(nrow(markers$M)),
      precision = as.matrix(level_precision(relationship))))
  }
  if (length(markers$used) < nrow(markers$M)) {
    Z <- coded_markers(markers)
    found <- qr(t(Z), LAPACK = TRUE)
    size <- abs(diag(found$qr))
    rows <- found$pivot[which(size > 1e-8 * size[1L])]
    return(list(rows = rows, precision = solve(tcrossprod(Z[rows, , drop = FALSE]) /
      markers$divisor)))
  }
  # The pivots are combinations of themselves alone.
  alone <- which(diff(combination@p) == 1L)
  entry <- combination@p[alone] + 1L
  alone <- alone[combination@x[entry] == 1]
  own <- combination@i[combination@p[alone] + 1L] + 1L
  list(rows = alone[match(seq_len(nrow(combination)), own)],
    precision = as.matrix(level_precision(relationship)))
}

# New genotypes: their shares of levels of the fit, and what those do not tell as a level of its
# own.
#' @export
new_incidence.marker_group <- function(group, term, recipe, source, allow_new_levels) {
  parts <- genotype_shares(term$relationship, new_genotypes(group, term, source))
  n <- nrow(parts$shares)
  times <- function(x) times_column(recipe$terms, list(matrix(x)))
  incidence <- lapply(seq_along(parts$rows), function(j) {
    list(levels = rep.int(parts$rows[j], n), terms = times(parts$shares[, j]), first_coef = 1L)
  })
  own <- list(levels = term$n_levels + seq_len(n), terms = times(sqrt(parts$left)), first_coef = 1L)
  list(incidence = c(incidence, list(own)), last = term$n_levels + n)
}

new_genotypes <- function(group, term, source) {
  M <- marker_column(group, source$frame)
  fitted <- term$relationship$markers$M
  lost <- setdiff(column_levels_of(fitted), column_levels_of(M))
  if (length(lost) > 0L) abort_lost_columns(deparse_one(group$variables[[1L]]), lost)
  M[, match(column_levels_of(fitted), column_levels_of(M)), drop = FALSE]
}

# u_new = S u_basis + rest, S = Z_new Z_basis' Q / c, with the variance of the rest relative to that
# of the term.
genotype_shares <- function(relationship, M) {
  markers <- relationship$markers
  basis <- marker_basis(relationship)
  new <- coded_markers(markers, M = M)
  with_basis <- tcrossprod(new, coded_markers(markers, basis$rows)) /
    markers$divisor
  shares <- with_basis %*% basis$precision
  all <- rowSums(new^2) / markers$divisor
  left <- all - rowSums(shares * with_basis)
  left[left < 1e-8 * pmax(all, 1)] <- 0
  list(rows = basis$rows, shares = shares, left = left)
}
