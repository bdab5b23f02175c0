# Groups of unknown parents in gr(pedigree = ): u* = Qg + a, where a row of Q has the shares of the
# groups in an animal, g are fixed effects and a ~ N(0, Sigma x A). The equations keep g and a;
# those of Quaas & Pollak (1981) J. Dairy Sci. 64:1868, for g and u* with their A*-inverse, are the
# same ones in other unknowns, so estimates, predictions and likelihood are the same.

# What evaluate_relationship() gives for such a pedigree: A of the animals, and their shares.
grouped_relationship <- function(ped) {
  spec <- pedigree_relationship(without_groups(ped))
  rows <- animal_rows(ped)
  spec$parents <- list(sire = ped$sire[rows], dam = ped$dam[rows])
  spec$groups <- list(names = ped$groups, shares = as_dgc(genetic_groups(ped)))
  list(levels = ped$id[rows], spec = spec)
}

# The animals alone: a parent that is a group is unknown.
without_groups <- function(ped) {
  rows <- animal_rows(ped)
  for (parent in c("sire", "dam")) ped[[parent]] <- pmax(ped[[parent]][rows] - ped$n_groups, 0L)
  for (field in c("id", "generation", "inbreeding")) ped[[field]] <- ped[[field]][rows]
  ped$groups <- character()
  ped$n_groups <- 0L
  ped
}

has_groups <- function(term) !is.null(term$relationship$groups)
n_group_terms <- function(fit) sum(vapply(fit$random, has_groups, NA))

# Q x I: the effects of the levels (coefficient by coefficient, level by level) from those of g.
group_map <- function(term, shares = term$relationship$groups$shares) {
  Matrix::kronecker(shares, Matrix::Diagonal(term$n_coef))
}

group_effect_names <- function(term) {
  names <- paste0(term$label, ".group.", term$relationship$groups$names)
  coefs <- term$coef_names
  if (identical(coefs, "(Intercept)")) return(names)
  paste(rep(names, each = length(coefs)), rep.int(coefs, length(names)), sep = ".")
}

# The fixed part with a term of columns Z (Q x I) for each random term with groups, after all
# others: a dependent one is among the groups.
with_group_effects <- function(fixed, random, n) {
  for (term in random[vapply(random, has_groups, NA)]) {
    names <- group_effect_names(term)
    fixed$terms <- c(fixed$terms, list(group_columns(term, n)))
    fixed$names <- c(fixed$names, names)
    fixed$labels <- c(fixed$labels, paste0(term$label, ".groups"))
    fixed$assign <- c(fixed$assign, rep.int(length(fixed$labels), length(names)))
  }
  fixed
}

# As a factor of which each record is a level of its own, whose coding has its row.
group_columns <- function(term, n) {
  made <- design_cpp(list(
    response = numeric(n), weights = double(), fixed = list(), random = list(term[random_fields]),
    residual = list(structure = "iid"), method = "REML"
  ))
  columns <- made$Z[[1L]] %*% group_map(term)
  list(parts = list(list(codes = seq_len(n), contrast = as_dgc(Matrix::t(columns)))))
}

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
error_columns <- function(fit, at) {
  size <- length(fit$fixed$names) + sum(vapply(fit$random, function(x) length(x$effects), 0L))
  K <- new_dgc(at - 1L, 0:length(at), rep.int(1, length(at)), c(size, length(at)))
  error_columns_cpp(fit_spec(fit), fit$parameters$estimate, K)
}

# The places of the effects of random term k among all effects.
effect_rows_of <- function(fit, k) {
  sizes <- vapply(fit$random, function(term) length(term$effects), 0L)
  length(fit$fixed$names) + sum(sizes[seq_len(k - 1L)]) + seq_len(sizes[k])
}

# New rows ----------------------------------------------------------------------------------------

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
    if (term$n_coef > 1L || !is.null(term$group$members)) abort_mean_of_groups(term$label)
  }
  at <- unlist(lapply(terms, function(k) group_effects(fit, k)$at))
  mean <- Matrix::colMeans(fit_matrices(fit)$X[, at, drop = FALSE])
  Matrix::Matrix(rep(mean, each = n), n, sparse = TRUE)
}
