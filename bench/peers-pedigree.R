# A simulated pedigree of discrete generations, its inverse relationship matrix, and a trait.

# Generations of equal size, numbered in order of birth. The parents of a generation are a twentieth
# of the one before as sires and a quarter as dams, mated at random.
simulate_pedigree <- function(n, generations = 8L) {
  generation <- sort(rep_len(seq_len(generations), n))
  sire <- dam <- rep(NA_integer_, n)
  for (g in 2:generations) {
    born <- which(generation == g)
    candidates <- sample(which(generation == g - 1L))
    sires <- candidates[seq_len(ceiling(length(candidates) / 20))]
    dams <- setdiff(candidates, sires)[seq_len(ceiling(length(candidates) / 4))]
    sire[born] <- sires[sample.int(length(sires), length(born), replace = TRUE)]
    dam[born] <- dams[sample.int(length(dams), length(born), replace = TRUE)]
  }
  list(sire = sire, dam = dam, generation = generation)
}

# A = T D T', with row i of T half the sum of its parents' rows, and 1 at i. Generation by
# generation: the rows of T are kept of parents only. mendelian[i] = D[i, i] = (2 - F_s - F_d) / 4
# (Quaas 1976), and 2 F_i = a(sire, dam), a product of two rows of T.
mendelian_variance <- function(pedigree) {
  n <- length(pedigree$sire)
  inbreeding <- numeric(n)
  mendelian <- rep(1, n)
  parents <- which(pedigree$generation == 1L)
  rows <- Matrix::sparseMatrix(parents, parents, x = 1, dims = c(n, n), repr = "R")[parents, ]
  for (g in seq_len(max(pedigree$generation))[-1L]) {
    born <- which(pedigree$generation == g)
    sire <- pedigree$sire[born]
    dam <- pedigree$dam[born]
    of_sire <- rows[match(sire, parents), ]
    of_dam <- rows[match(dam, parents), ]
    mendelian[born] <- (2 - inbreeding[sire] - inbreeding[dam]) / 4
    inbreeding[born] <- as.vector((of_sire * of_dam) %*% mendelian) / 2
    kept <- which(born %in% c(pedigree$sire, pedigree$dam))
    own <- Matrix::sparseMatrix(seq_along(kept), born[kept], x = 1, dims = c(length(kept), n))
    rows <- (of_sire[kept, ] + of_dam[kept, ]) / 2 + own
    parents <- born[kept]
  }
  mendelian
}

# Henderson's rules as a product: the inverse of A is (I - P)' D^-1 (I - P), P with a half at each
# parent.
inverse_relationship <- function(pedigree, mendelian = mendelian_variance(pedigree)) {
  n <- length(pedigree$sire)
  child <- which(!is.na(pedigree$sire))
  i <- c(seq_len(n), child, child)
  j <- c(seq_len(n), pedigree$sire[child], pedigree$dam[child])
  x <- rep(c(1, -0.5), c(n, 2L * length(child)))
  root <- Matrix::sparseMatrix(i, j, x = x / sqrt(mendelian[i]), dims = c(n, n))
  inverse <- Matrix::crossprod(root)
  inverse <- methods::as(inverse, "generalMatrix")
  dimnames(inverse) <- list(as.character(seq_len(n)), as.character(seq_len(n)))
  inverse
}

breeding_values <- function(pedigree, mendelian, variance) {
  value <- stats::rnorm(length(mendelian), sd = sqrt(variance * mendelian))
  for (g in seq_len(max(pedigree$generation))[-1L]) {
    born <- which(pedigree$generation == g)
    value[born] <- value[born] + (value[pedigree$sire[born]] + value[pedigree$dam[born]]) / 2
  }
  value
}

# Records of n animals: fixed factors of 10 and 200 levels, heritability 0.3, and with repeated
# records a permanent effect of variance 0.2; phenotypic variance 1.
simulate_animals <- function(n, records = 1L) {
  set.seed(n + records)
  pedigree <- simulate_pedigree(n)
  mendelian <- mendelian_variance(pedigree)
  animal <- rep(seq_len(n), each = records)
  permanent <- if (records > 1L) 0.2 else 0
  season <- sample(rep_len(seq_len(10L), n * records))
  herd <- sample(rep_len(seq_len(200L), n * records))
  y <- stats::rnorm(10)[season] + stats::rnorm(200)[herd] +
    breeding_values(pedigree, mendelian, 0.3)[animal] +
    stats::rnorm(n, sd = sqrt(permanent))[animal] +
    stats::rnorm(n * records, sd = sqrt(0.7 - permanent))
  data <- data.frame(
    y, season = factor(season), herd = factor(herd), animal = factor(animal, levels = seq_len(n))
  )
  list(data = data, Ainv = inverse_relationship(pedigree, mendelian))
}
