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
  for (field in intersect(row_fields, names(ped))) ped[[field]] <- ped[[field]][rows]
  ped$groups <- character()
  ped$n_groups <- 0L
  ped
}

has_groups <- function(term) !is.null(term$relationship$groups)

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
  Z <- expanded_columns(n, random = list(term[random_fields]))$Z[[1L]]
  columns <- Z %*% group_map(term)
  list(parts = list(list(codes = seq_len(n), contrast = as_dgc(Matrix::t(columns)))))
}
