# The effects of groups of unknown parents in a fit (see genetic-groups.R), and the total effects
# u* = Qg + a with their errors.

# Group effects of random term k of a fit: their places in beta, and their values with 0 for those
# that were dropped. NULL without groups.
group_effects <- function(fit, k) {
  if (!has_groups(fit$random[[k]])) return(NULL)
  label <- paste0(term_labels(fit)[k], ".groups")
  at <- which(fit$fixed$assign == match(label, fit$fixed$labels))
  value <- fit$fixed$estimate[at]
  list(at = at, value = ifelse(is.na(value), 0, value))
}

# u* of the levels of term k, coefficient x level: Qg + a; a alone without groups.
total_effects <- function(fit, k, effects = fit$random[[k]]$effects,
                          shares = fit$random[[k]]$relationship$groups$shares) {
  groups <- group_effects(fit, k)
  if (is.null(groups)) return(effects)
  term <- fit$random[[k]]
  effects + matrix(as.vector(group_map(term, shares) %*% groups$value), term$n_coef)
}

# Var(u*_hat - u*) of each level from those of a, an array coefficient x coefficient x level:
#   pev + Q_i Cov(g) Q_i' + Q_i Cov(g, a_i) + its transpose,
# where the covariances with g are one block solve with as many columns as there are groups.
total_errors <- function(fit, k, pev, covariances = group_covariances(fit, k)) {
  if (is.null(covariances)) return(pev)
  term <- fit$random[[k]]
  t <- term$n_coef
  shares <- term$relationship$groups$shares
  columns <- function(coef) seq.int(coef, ncol(covariances$g), t)
  for (i in seq_len(t)) {
    for (j in seq_len(t)) {
      own <- covariances$g[columns(i), columns(j), drop = FALSE]
      from_i <- covariances$a[seq.int(j, nrow(covariances$a), t), columns(i), drop = FALSE]
      from_j <- covariances$a[seq.int(i, nrow(covariances$a), t), columns(j), drop = FALSE]
      pev[i, j, ] <- pev[i, j, ] + Matrix::rowSums((shares %*% own) * shares) +
        Matrix::rowSums(shares * from_i) + Matrix::rowSums(shares * from_j)
    }
  }
  pev
}

# Cov(g) and Cov(a, g), a level by level.
group_covariances <- function(fit, k) {
  groups <- group_effects(fit, k)
  if (is.null(groups)) return(NULL)
  columns <- error_columns(fit, groups$at)
  rows <- effect_rows_of(fit, k)
  list(g = columns[groups$at, , drop = FALSE], a = columns[rows, , drop = FALSE])
}

# Var((beta, u_hat - u)) in the columns of some fixed effects.
error_columns <- function(fit, at) ask_one(fit, "error_columns", K = unit_columns(fit, at))

# Effects by their places, as columns of K.
unit_columns <- function(fit, at) {
  size <- length(fit$fixed$names) + sum(vapply(fit$random, function(x) length(x$effects), 0L))
  new_dgc(at - 1L, 0:length(at), rep.int(1, length(at)), c(size, length(at)))
}

# The places of the effects of random term k among all effects.
effect_rows_of <- function(fit, k) {
  sizes <- vapply(fit$random, function(term) length(term$effects), 0L)
  length(fit$fixed$names) + sum(sizes[seq_len(k - 1L)]) + seq_len(sizes[k])
}

which_group_columns <- function(fit) {
  grouped <- which(vapply(fit$random, has_groups, NA))
  unlist(lapply(grouped, function(k) group_effects(fit, k)$at))
}

# Columns of X of the groups of some terms, from Z of new rows.
new_group_rows <- function(fit, terms, Z) {
  do.call(cbind, Map(function(k, Z) Z %*% group_map(fit$random[[k]]), terms, Z))
}

# The same at the mean of the records, each row alike: only where there is one effect a group.
mean_group_rows <- function(fit, terms, n) {
  for (k in terms) {
    term <- fit$random[[k]]
    if (term$n_coef > 1L || !is_single(term$group)) abort_mean_of_groups(term$label)
  }
  at <- unlist(lapply(terms, function(k) group_effects(fit, k)$at))
  mean <- Matrix::colMeans(fit_matrices(fit)$X[, at, drop = FALSE])
  Matrix::Matrix(rep(mean, each = n), n, sparse = TRUE)
}

n_group_terms <- function(fit) sum(vapply(fit$random, has_groups, NA))
