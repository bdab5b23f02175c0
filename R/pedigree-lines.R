# Inbred founders, lines by selfing, doubled haploids and clones in a pedigree: what their
# inbreeding has beyond that of a progeny of their parents, F0. It is F = own + share * F0: after k
# generations of selfing own = 1 - 2^-k, share = 2^-k (Wright 1921); 1 and 0 of a doubled haploid, F
# and 0 of a known coefficient, -1 and 2 of a clone, both of whose parents are its original.

# What was given of lines: by argument NULL, or list(names, values) of the animals that have one.
given_lines <- function(arguments, data, id) {
  given <- Map(function(x, argument) {
    if (!is.null(x)) line_values(x, argument, data, id)
  }, arguments, names(arguments))
  twice <- unlist(lapply(given, `[[`, "names"))
  twice <- unique(twice[duplicated(twice)])
  if (length(twice) > 0L) abort_two_kinds(twice)
  given
}

# `x` is the name of a column, or values named by animals.
line_values <- function(x, argument, data, id) {
  if (is.character(x) && length(x) == 1L && is.null(names(x))) {
    values <- pedigree_column(data, x, argument)
  } else if (is.atomic(x) && length(x) > 0L && !is.null(names(x))) {
    values <- animal_names(unname(x))
    id <- animal_names(names(x))
  } else {
    abort_argument(argument, x, "the name of a column of `data`, or values named by animals")
  }
  none <- is.na(values) | values %in% c("", "NA") | argument != "inbreeding" & values %in% "0"
  given <- list(names = id[!none], values = values[!none])
  differs <- given$values != given$values[match(given$names, given$names)]
  if (any(differs)) abort_line_twice(argument, unique(given$names[differs]))
  lapply(given, `[`, !duplicated(given$names))
}

# A clone has its original as both parents.
with_clones <- function(records, clones, groups) {
  if (is.null(clones)) return(records)
  wrong <- intersect(clones$values, groups)
  if (length(wrong) > 0L) abort_argument("clone", wrong, "names of animals, not of groups")
  at <- known_animals(clones$names, records$id, "clone")
  original <- match(clones$values, records$id)
  for (parent in c("sire", "dam")) {
    own <- records[[parent]][at]
    differs <- !is.na(own) & !own %in% clones$values & !same_names(own, records[[parent]][original])
    if (any(differs)) abort_clone_parents(clones$names[differs])
    records[[parent]][at] <- clones$values
  }
  records
}

known_animals <- function(names, id, argument) {
  at <- match(names, id)
  if (anyNA(at)) abort_unknown_animals(names[is.na(at)], argument)
  at
}

# The records, founders among them, with `own` and `share`; as they are without lines. `before` is
# the pedigree that is read again, or NULL.
with_lines <- function(records, given, before) {
  if (all(vapply(c(given, list(before)), is.null, NA))) return(records)
  n <- length(records$id)
  records$own <- numeric(n)
  records$share <- rep.int(1, n)
  known <- match(before$id, records$id)
  records$own[known] <- before$own
  records$share[known] <- before$share
  at <- lapply(names(given), function(argument) {
    known_animals(given[[argument]]$names, records$id, argument)
  })
  names(at) <- names(given)
  selfing <- selfing_of(given$selfing)
  generations <- ifelse(selfing < 1, 0, selfing)
  records$own[at$selfing] <- ifelse(selfing < 1, selfing, 1 - 2^-generations)
  records$share[at$selfing] <- ifelse(selfing < 1, 0, 2^-generations)
  records$own[at$inbreeding] <- inbreeding_of(given$inbreeding)
  records$share[at$inbreeding] <- 0
  records$own[at$clone] <- -1
  records$share[at$clone] <- 2
  from_one_plant(records, at$selfing[is.infinite(selfing)])
}

# Generations, Inf of a doubled haploid. A number between 0 and 1 is an inbreeding coefficient, as
# in the field fgen of ASReml.
selfing_of <- function(given) {
  number <- suppressWarnings(as.numeric(given$values))
  number[tolower(given$values) %in% c("dh", "inf")] <- Inf
  wrong <- is.na(number) | number < 0 | is.finite(number) & number > 1 & number %% 1 != 0
  if (any(wrong)) abort_selfing(given$names[wrong], given$values[wrong])
  number
}

inbreeding_of <- function(given) {
  number <- suppressWarnings(as.numeric(given$values))
  wrong <- is.na(number) | number < 0 | number > 1
  if (any(wrong)) abort_inbreeding(given$names[wrong], given$values[wrong])
  number
}

# A doubled haploid with one known parent has no other.
from_one_plant <- function(records, haploids) {
  sire <- records$sire[haploids]
  dam <- records$dam[haploids]
  records$sire[haploids] <- ifelse(is.na(sire), dam, sire)
  records$dam[haploids] <- ifelse(is.na(dam), sire, dam)
  records
}

# The relationship of a pedigree with determined rows: the precision of the others, with m = u - P u
# of independent parts m, and every row as a combination of them. P u has the parents' shares.
determined_relationship <- function(ped, determined) {
  n <- length(ped$id)
  rows <- animal_rows(ped)
  parent <- c(ped$sire[rows], ped$dam[rows])
  known <- parent > 0L
  P <- Matrix::sparseMatrix(i = rep.int(rows, 2L)[known], j = parent[known], x = 0.5,
    dims = c(n, n))
  kept <- setdiff(seq_len(n), determined)
  place <- order(c(kept, determined))
  inner <- Matrix::Diagonal(length(determined)) - P[determined, determined, drop = FALSE]
  combined <- Matrix::solve(inner, P[determined, kept, drop = FALSE])
  all <- rbind(Matrix::Diagonal(length(kept)), combined)[place, , drop = FALSE]
  among <- Matrix::Diagonal(length(kept)) - P[kept, , drop = FALSE] %*% all
  scale <- Matrix::Diagonal(x = 1 / mendelian_variances(ped, setdiff(rows, determined)))
  if (!is.null(ped$gamma)) scale <- Matrix::bdiag(solve(ped$gamma), scale)
  precision <- Matrix::crossprod(among, scale %*% among)
  list(
    type = "precision", precision = as_dgc(Matrix::forceSymmetric(precision)),
    combination = as_dgc(Matrix::t(all)), diagonal = 1 + ped$inbreeding,
    parents = list(sire = ped$sire, dam = ped$dam)
  )
}

line_names <- c("selfed", "fully inbred", "with known inbreeding", "clone")

# What a row is beyond a progeny of its parents, NA where it is no more.
line_kinds <- function(ped) {
  rows <- animal_rows(ped)
  own <- ped$own[rows]
  share <- ped$share[rows]
  kind <- rep.int(NA_character_, length(rows))
  kind[share < 1] <- line_names[1L]
  kind[share == 0] <- line_names[3L]
  kind[share == 0 & own == 1] <- line_names[2L]
  kind[share == 2] <- line_names[4L]
  kind
}
