# What the rows of a pedigree are: groups or animals, lines, and what they do not have from their
# parents.

# What a pedigree has for each row, beside its parents.
row_fields <- c("id", "number", "generation", "inbreeding", "own", "share", "by_parents")

# Rows that are animals, not groups.
animal_rows <- function(ped) ped$n_groups + seq_len(length(ped$id) - ped$n_groups)

fixed_groups <- function(ped) ped$n_groups > 0L && is.null(ped$gamma)

has_lines <- function(ped) !is.null(ped$own)

# The originals of clones, the rows themselves of others.
genotype_rows <- function(ped, rows) {
  while (any(clones <- ped$share[rows] == 2)) rows[clones] <- ped$sire[rows[clones]]
  rows
}

# The variance of what an animal does not have from its parents, relative to the additive variance.
mendelian_variances <- function(ped, rows) {
  self <- c(0, 1 + ped$inbreeding)
  if (fixed_groups(ped)) self[1L + seq_len(ped$n_groups)] <- 0  # unknown parents
  beyond <- if (has_lines(ped)) ped$inbreeding[rows] - ped$by_parents[rows] else 0
  1 + beyond - 0.25 * self[ped$sire[rows] + 1L] - ped$dam_weight^2 * self[ped$dam[rows] + 1L]
}

# Animals that their parents determine: the cross of two lines with F = 1, a clone. Their rows of A
# depend on those of the parents.
determined_rows <- function(ped, tolerance = 1e-12) {
  if (!has_lines(ped)) return(integer())
  rows <- animal_rows(ped)
  variance <- mendelian_variances(ped, rows)
  impossible <- rows[variance < -tolerance]
  if (length(impossible) > 0L) abort_low_inbreeding(ped$id[impossible])
  rows[variance < tolerance]
}
