#' A pedigree
#'
#' `pedigree()` reads who descends from whom, checks it, adds parents that have no record of their
#' own, sorts parents before offspring, and computes inbreeding. The rows of `data` may come in any
#' order.
#'
#' # Groups of unknown parents
#'
#' Names in `groups` that stand as parents are no animals but groups of unknown parents. Without
#' `gamma` they have fixed effects (Quaas & Pollak 1981): see [gr()], [Ainverse()] and
#' [genetic_groups()].
#' With `gamma` they are metafounders (Legarra et al. 2015): `gamma` is the covariance matrix of the
#' groups, of which the founders are samples.
#'
#' # Lines, doubled haploids and clones
#'
#' Without more an animal is the progeny of a cross, and a founder is not inbred. `selfing` says how
#' many generations of selfing (by single seed) come after the cross: after k of them
#' \eqn{F = 1 - (1 - F_0)/2^k}{F = 1 - (1 - F0) / 2^k}, with \eqn{F_0}{F0} that of the cross, and
#' 1 of a doubled haploid, `"DH"`. The parents of a doubled haploid are those of the plant that it
#' was made of, or that plant as both of them, or as the one that is known. `inbreeding` is a known
#' coefficient, of inbred founders foremost. A clone has the genotype of its original.
#'
#' Two fully inbred lines determine their cross, and an original its clones: A is then singular.
#' [gr()] takes such a pedigree, with these animals as combinations of the others.
#'
#' @param data A data frame with a row for each animal.
#' @param id,sire,dam Names of the columns of `data`: animal, sire, dam. Animals may be numbers,
#'   character or factor; blanks around their names do not count.
#' @param groups Names of groups of unknown parents.
#' @param gamma Covariance of metafounders: a matrix with the groups as row names, or one number (or
#'   one for each group) for its diagonal.
#' @param maternal What the third column holds: `"dam"`, or `"grandsire"` for the sire of the dam
#'   (the model of sires and maternal grandsires: half the genes come from the sire, a quarter from
#'   the grandsire). A sire model is a pedigree whose dams are all unknown.
#' @param both_sexes What to do with an animal that is sire of some and dam of others: `"warn"`,
#'   `"allow"` (plants, selfing) or `"error"`.
#' @param unknown What stands for a parent that is not known, in any case. A message tells which
#'   codes other than `NA`, 0 and an empty string were taken so. Names in `groups` are groups,
#'   whatever they are.
#' @param selfing Generations of selfing, the name of a column of `data` or a vector named by
#'   animals: 0, 1, 2, ..., or `"DH"`. A number between 0 and 1 is an inbreeding coefficient, as in
#'   the field `fgen` of ASReml. `NA` is 0.
#' @param inbreeding Known inbreeding coefficients, a column or a vector with names; `NA` where it
#'   follows from the parents.
#' @param clone The original of each clone, a column or a vector with names; `NA` for others.
#' @return A list of class `henderson_pedigree`: `id` (groups first, parents before offspring),
#'   `sire` and `dam` (row numbers, 0 if unknown), `generation`, `inbreeding`, `groups`, `gamma`;
#'   where all animals are whole numbers and there are no groups and lines, `number`, by which
#'   records find their animals without text.
#'   As a data frame ([as.data.frame()]) it has names in place of row numbers.
#' @references Sargolzaei, Iwaisaki & Colleau (2005) J. Anim. Breed. Genet. 122:325. Quaas & Pollak
#'   (1981) J. Dairy Sci. 64:1868. Legarra et al. (2015) Genetics 200:455. Wright (1921) Genetics
#'   6:111.
#' @seealso [inbreeding()], [Ainverse()], [Amatrix()]; [gr()] for their use in a model.
#' @examples
#' # Mrode, Linear Models for the Prediction of Animal Breeding Values, table 2.1
#' records <- data.frame(
#'   id = c(6, 5, 4, 3), sire = c(5, 4, 1, 1), dam = c(2, 3, NA, 2)
#' )
#' ped <- pedigree(records)
#' ped
#' summary(ped)
#' inbreeding(ped)
#' Ainverse(ped)
#'
#' # Two inbred lines, their cross, a line of it selfed three times, and a doubled haploid
#' wheat <- data.frame(
#'   id = c("P1", "P2", "F1", "L1", "D1"), sire = c(NA, NA, "P1", "F1", "F1"),
#'   dam = c(NA, NA, "P2", "F1", "F1"), fgen = c(NA, NA, NA, 2, "DH")
#' )
#' lines <- pedigree(wheat, selfing = "fgen", inbreeding = c(P1 = 1, P2 = 1))
#' Amatrix(lines)
#' @export
pedigree <- function(data, id = "id", sire = "sire", dam = "dam", groups = NULL, gamma = NULL,
                     maternal = c("dam", "grandsire"), both_sexes = c("warn", "allow", "error"),
                     unknown = c(NA, "", "0", "*", ".", "NA", "unknown", "UNK", "-9", "-999",
                       "?"),
                     selfing = NULL, inbreeding = NULL, clone = NULL, ...) {
  check_given(data, ...)
  maternal <- check_choice(maternal, c("dam", "grandsire"), "maternal")
  lines <- list(selfing = selfing, inbreeding = inbreeding, clone = clone)
  before <- if (inherits(data, "henderson_pedigree") && has_lines(data)) data
  plants <- missing(both_sexes) && !all(vapply(c(lines, list(before)), is.null, NA))
  both_sexes <- if (plants) "allow" else
    check_choice(both_sexes, c("warn", "allow", "error"), "both_sexes")
  groups <- group_names(groups)
  unknown <- check_unknown(unknown, groups)
  by_number <- length(groups) == 0L && all(vapply(lines, is.null, NA))
  records <- pedigree_records(data, id, sire, dam, unknown, by_number)
  groups <- check_groups(groups, records$id)
  lines <- given_lines(lines, data, records$id)
  records <- with_clones(unique_records(records), lines$clone, groups)
  records <- with_lines(add_founders(records, groups), lines, before)
  if (maternal != "dam" && !is.null(records$own)) abort_lines_of_grandsires()
  parents <- list(
    sire = match_names(records$sire, records$id), dam = match_names(records$dam, records$id)
  )
  sorted <- sort_parents(parents, records$id)
  if (maternal == "dam") check_both_sexes(parents, records$id, length(groups), both_sexes)
  at <- if (!is.null(records$own)) match(sorted$id, records$id)
  new_pedigree(sorted, groups, check_gamma(gamma, groups), if (maternal == "dam") 0.5 else 0.25,
    records$own[at], records$share[at])
}

# The default of pedigree(), for codes of parents in the data.
unknown_parents <- c("", "0", "*", ".", "NA", "unknown", "UNK", "-9", "-999", "?")

# Reading ------------------------------------------------------------------------------------------

# list(id, sire, dam), unknown parents as NA: as text, or as integers where all three are.
pedigree_records <- function(data, id, sire, dam, unknown, by_number = FALSE) {
  if (inherits(data, "henderson_pedigree")) {
    data <- named_rows(data, animal_rows(data), data$number %||% data$id)
  }
  if (!is.data.frame(data)) abort_data(data)
  if (nrow(data) == 0L) abort_pedigree("The pedigree has no records: {.arg data} is empty.")
  columns <- list(
    id = raw_column(data, id, "id"), sire = raw_column(data, sire, "sire"),
    dam = raw_column(data, dam, "dam")
  )
  by_number <- by_number && all(vapply(columns, is_whole_column, NA))
  records <- lapply(columns, if (by_number) as.integer else animal_names)
  known <- lapply(records, if (by_number) without_numbers else without_codes, unknown)
  unnamed <- which(is.na(known$id))
  if (length(unnamed) > 0L) {
    code <- records$id[unnamed[1L]]
    plain <- is.na(code) || code %in% c("", "0")
    what <- if (plain) "missing, empty or 0" else paste0("\"", code, "\", an unknown parent,")
    abort_pedigree("{.arg id} is {what} in row {.val {unnamed}}.",
      "Give each animal a name, or drop these rows.", "id", unnamed)
  }
  tell_unknown(unlist(lapply(c("sire", "dam"), function(parent) {
    codes <- records[[parent]][is.na(known[[parent]])]
    codes[!is.na(codes)]
  })))
  known
}

# What everybody writes needs no words.
tell_unknown <- function(codes) {
  counts <- table(codes[!codes %in% c("", "0")])
  if (length(counts) > 0L) inform_unknown_parents(names(counts), as.vector(counts))
}

check_unknown <- function(unknown, groups) {
  if (!is.atomic(unknown)) abort_argument("unknown", unknown, "names of unknown parents")
  # A group of unknown parents may have any name.
  setdiff(c("", trimws(number_names(unknown))), groups)
}

# A record that is there twice counts once; with other parents it is an error.
unique_records <- function(records) {
  if (!has_repeats(records$id)) return(records)
  again <- duplicated(records$id)
  first <- match(records$id, records$id)
  same <- function(x) is.na(x) & is.na(x[first]) | !is.na(x) & !is.na(x[first]) & x == x[first]
  differs <- !same(records$sire) | !same(records$dam)
  if (any(differs)) abort_duplicate_animal(as.character(unique(records$id[differs])))
  lapply(records, `[`, !again)
}

add_founders <- function(records, groups) {
  added <- unique(c(absent_parents(records, "sire"), absent_parents(records, "dam")))
  added <- setdiff(added, groups)
  if (length(added) > 0L) inform_founders(as.character(added))
  first <- c(if (length(groups) > 0L) groups, added)
  if (length(first) == 0L) return(records)
  unknown <- rep(records$id[NA_integer_], length(first))
  list(
    id = c(first, records$id), sire = c(unknown, records$sire), dam = c(unknown, records$dam)
  )
}

absent_parents <- function(records, parent) {
  names <- records[[parent]]
  names[!is.na(names) & match_names(names, records$id) == 0L]
}

group_names <- function(groups) {
  known <- is.null(groups) || is.character(groups) || is.factor(groups) || is.numeric(groups)
  if (!known) abort_argument("groups", groups, "the names of groups")
  as.character(groups)
}

check_groups <- function(groups, id) {
  if (anyNA(groups) || anyDuplicated(groups)) {
    abort_groups("{.arg groups} must be different names.", NULL, "groups", groups)
  }
  animals <- intersect(groups, id)
  if (length(animals) > 0L) {
    abort_groups("{.arg groups}: {.val {animals}} {?is/are} also in column {.arg id}.",
      "Groups of unknown parents are no animals: drop their rows.", "groups", animals)
  }
  groups
}

check_gamma <- function(gamma, groups) {
  if (is.null(gamma)) return(NULL)
  n <- length(groups)
  if (n == 0L) abort_groups("{.arg gamma} needs {.arg groups}.", NULL, "gamma")
  if (!is.numeric(gamma) || !all(is.finite(gamma))) {
    abort_groups("{.arg gamma} must be numeric and finite.", NULL, "gamma")
  }
  if (!is.matrix(gamma)) {
    if (!length(gamma) %in% c(1L, n)) abort_argument("gamma", gamma, "one number a group")
    if (!is.null(names(gamma)) && setequal(names(gamma), groups)) gamma <- gamma[groups]
    gamma <- diag(as.double(gamma), n)
  } else if (!is.null(rownames(gamma))) {
    if (!setequal(rownames(gamma), groups)) {
      abort_groups("The row names of {.arg gamma} must be the groups {.val {groups}}.", NULL,
        "gamma")
    }
    at <- match(groups, rownames(gamma))
    gamma <- gamma[at, at, drop = FALSE]
  }
  gamma <- unname(gamma)
  if (!identical(dim(gamma), c(n, n)) || !isSymmetric(gamma) ||
        inherits(try(chol(gamma), silent = TRUE), "try-error")) {
    abort_groups("{.arg gamma} must be a symmetric positive definite matrix of order {n}.",
      NULL, "gamma")
  }
  gamma
}

check_both_sexes <- function(parents, id, n_groups, both_sexes) {
  if (both_sexes == "allow") return(invisible())
  is_dam <- logical(length(id))
  is_dam[parents$dam] <- TRUE
  sires <- parents$sire[parents$sire > n_groups]
  both <- unique(sires[is_dam[sires]])
  if (length(both) == 0L) return(invisible())
  if (both_sexes == "error") abort_both_sexes(as.character(id[both]))
  warn_both_sexes(as.character(id[both]))
}

# Parents first: the order of the records is kept where it has them so already.
sort_parents <- function(parents, id) {
  found <- sort_pedigree_cpp(parents)
  if (!is.null(found$cycle)) abort_cycle(as.character(id[found$cycle]))
  generation <- found$generation
  rows <- seq_along(id)
  if (all(parents$sire < rows) && all(parents$dam < rows)) {
    return(c(list(id = id, generation = generation), parents))
  }
  order <- found$order
  place <- integer(length(order))
  place[order] <- rows
  moved <- function(x) c(0L, place)[x[order] + 1L]
  list(
    id = id[order], generation = generation[order], sire = moved(parents$sire),
    dam = moved(parents$dam)
  )
}

# The object ---------------------------------------------------------------------------------------

new_pedigree <- function(sorted, groups, gamma, dam_weight, own = NULL, share = NULL) {
  ped <- structure(
    list(
      id = as.character(sorted$id), sire = sorted$sire, dam = sorted$dam,
      generation = sorted$generation,
      groups = groups, n_groups = length(groups), gamma = gamma, dam_weight = dam_weight
    ),
    class = "henderson_pedigree"
  )
  if (is.integer(sorted$id)) ped$number <- sorted$id
  ped$own <- own
  ped$share <- share
  found <- inbreeding_cpp(unclass(ped), 2L)
  ped$inbreeding <- found$total
  if (has_lines(ped)) ped$by_parents <- found$by_parents
  determined_rows(ped)
  ped
}

check_pedigree <- function(ped, argument = "ped") {
  if (!inherits(ped, "henderson_pedigree")) {
    abort_argument(argument, class(ped)[1L], "a pedigree, made by pedigree()")
  }
  ped
}

# Rows of animals by name.
find_animals <- function(ped, animals, argument = "animals") {
  if (is.null(animals)) return(animal_rows(ped))
  if (!is.atomic(animals)) abort_argument(argument, class(animals)[1L], "names of animals")
  by_number <- !is.null(ped$number) && is_whole_column(animals)
  animals <- if (by_number) as.integer(animals) else
    if (is.factor(animals)) levels(animals)[animals] else number_names(animals)
  rows <- match_names(animals, if (by_number) ped$number else ped$id)
  unknown <- animals[rows == 0L]
  if (length(unknown) > 0L) abort_unknown_animals(as.character(unique(unknown)), argument)
  rows
}

#' @rdname pedigree
#' @param ped,x,object A pedigree.
#' @param animals Names of animals.
#' @return `prune()`: the pedigree of `animals` and all their ancestors.
#' @export
prune <- function(ped, animals, ...) {
  check_given(ped, animals, ...)
  check_pedigree(ped)
  kept <- which(ancestors_cpp(unclass(ped), find_animals(ped, animals)))
  kept <- union(seq_len(ped$n_groups), kept)
  place <- integer(length(ped$id))
  place[kept] <- seq_along(kept)
  for (field in c("sire", "dam")) ped[[field]] <- c(0L, place)[ped[[field]][kept] + 1L]
  for (field in intersect(row_fields, names(ped))) ped[[field]] <- ped[[field]][kept]
  ped
}

#' @export
as.data.frame.henderson_pedigree <- function(x, ...) {
  check_unused(..., .ignored = "stringsAsFactors")
  named_rows(x, animal_rows(x))
}

# Of some animals, with names in place of row numbers.
named_rows <- function(ped, rows, names = ped$id) {
  names_of <- function(rows) names[replace(rows, rows == 0L, NA)]
  table <- data.frame(
    id = names[rows], sire = names_of(ped$sire[rows]), dam = names_of(ped$dam[rows]),
    generation = ped$generation[rows], inbreeding = ped$inbreeding[rows]
  )
  if (has_lines(ped)) table$line <- line_kinds(ped)[rows - ped$n_groups]
  table
}
