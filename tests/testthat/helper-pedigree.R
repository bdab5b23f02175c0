# Dense relationships in plain R, independent of the engine.

# Parents by row number, 0 unknown, parents first; a parent may be both sire and dam. Rows
# 1, ..., nrow(gamma) are metafounders.
tabular_a <- function(sire, dam, gamma = matrix(0, 0, 0), dam_weight = 0.5) {
  n <- length(sire)
  A <- matrix(0, n, n)
  groups <- seq_len(nrow(gamma))
  A[groups, groups] <- gamma
  for (i in setdiff(seq_len(n), groups)) {
    before <- seq_len(i - 1L)
    row <- numeric(i - 1L)
    if (sire[i] > 0L) row <- row + A[before, sire[i]] / 2
    if (dam[i] > 0L) row <- row + A[before, dam[i]] * dam_weight
    A[i, before] <- A[before, i] <- row
    both <- sire[i] > 0L && dam[i] > 0L
    A[i, i] <- 1 + if (both) dam_weight * A[sire[i], dam[i]] else 0
  }
  A
}

# Generations that overlap, with loops, full and half sibs, unknown parents, and selfing where
# `selfing` is a share of the offspring.
random_pedigree <- function(n, founders = 6L, unknown = 0.1, selfing = 0, both = selfing > 0) {
  sire <- dam <- integer(n)
  for (i in seq.int(founders + 1L, n)) {
    last <- seq.int(max(1L, i - 25L), i - 1L)
    sire[i] <- sample(if (both) last else c(1L, last[last %% 2L == 1L]), 1L)
    dam[i] <- sample(if (both) last else c(2L, last[last %% 2L == 0L]), 1L)
    if (stats::runif(1) < selfing) dam[i] <- sire[i]
    if (stats::runif(1) < unknown) sire[i] <- 0L
    if (stats::runif(1) < unknown) dam[i] <- 0L
  }
  list(sire = sire, dam = dam)
}

# The records of a pedigree in random order, with names.
pedigree_table <- function(parents, prefix = "a") {
  n <- length(parents$sire)
  name <- function(i) ifelse(i > 0L, paste0(prefix, i), NA)
  data.frame(id = name(seq_len(n)), sire = name(parents$sire), dam = name(parents$dam))
}
