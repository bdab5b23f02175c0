# The groups of terms in the design: the levels of each record, as members of one set of levels, and
# the incidence that the engine takes.

# list(codes, levels): the codes of each member of a record.
group_members <- function(group, source) UseMethod("group_members")

#' @export
group_members.single_group <- function(group, source) {
  found <- group_codes(group, source)
  found$codes <- list(found$codes)
  found
}

#' @export
group_members.lmm_group <- function(group, source) {
  joined_members(lapply(group$variables, function(variable) {
    group_members(new_group(deparse_one(variable), list(variable)), source)
  }))
}

#' @export
group_members.roles_group <- function(group, source) {
  joined_members(lapply(group$members$roles, group_members, source))
}

# In one set of levels.
joined_members <- function(each) {
  levels <- unique(unlist(lapply(each, `[[`, "levels")))
  codes <- lapply(each, function(x) {
    place <- match(x$levels, levels)
    lapply(x$codes, function(codes) place[codes])
  })
  list(codes = unlist(codes, FALSE), levels = levels)
}

# Says which level stands in a record in two roles that it cannot have at once. `found` is what
# group_members() gives.
tell_own_members <- function(group, found, source) UseMethod("tell_own_members")

#' @export
tell_own_members.lmm_group <- function(group, found, source) NULL

# Who has one record is not among its own mates, nor its own dam. (A line of several plots may well
# be its own neighbour.)
#' @export
tell_own_members.roles_group <- function(group, found, source) {
  roles <- group$members$roles
  if (!is_single(roles[[1L]])) return(NULL)
  own <- found$codes[[1L]]
  counts <- tabulate(own, length(found$levels))
  last <- 1L
  twice <- logical(length(own))
  for (role in roles[-1L]) {
    members <- member_count(role, source)
    twice <- twice | has_member(role, found$codes[last + seq_len(members)], own, source)
    last <- last + members
  }
  twice <- which(twice & counts[own] == 1L)
  if (length(twice) > 0L) warn_own_member(found$levels[own[twice]], group$members$names)
}

# Whether a record has the level `own` among its members, with a weight that is not zero.
has_member <- function(group, codes, own, source) {
  weights <- if (!is_single(group)) member_weights(group, source, length(own))
  Reduce(`|`, lapply(seq_along(codes), function(j) {
    counted <- if (is.null(weights)) TRUE else weights[, j] != 0
    same <- codes[[j]] == own
    counted & same & !is.na(same)
  }))
}

# How many members a record may have.
member_count <- function(group, source) UseMethod("member_count")

#' @export
member_count.lmm_group <- function(group, source) length(group$variables)

#' @export
member_count.columns_group <- function(group, source) ncol(source$frame[[matrix_name(group)]])

# The column of the frame that is the matrix of a columns_group.
matrix_name <- function(group) deparse_one(group$variables[[1L]])

#' @export
group_members.columns_group <- function(group, source) {
  name <- matrix_name(group)
  Z <- source$frame[[name]]
  if (!is.numeric(Z) || !is.matrix(Z)) {
    abort_gr("{.code {name}} is one variable, and no numeric matrix.",
      "Write {.code mm(p1, p2)}, or {.code mm(Z)} of a matrix with a row for each record.",
      fun = "mm")
  }
  levels <- column_levels_of(Z)
  if (length(levels) == 0L || anyDuplicated(levels) > 0L) {
    abort_gr("{.code {name}} must have columns, with different names.",
      "Give it columns, or {.code colnames({name}) <- NULL} to have them numbered.",
      fun = "mm")
  }
  list(codes = lapply(seq_along(levels), rep.int, times = nrow(Z)), levels = levels)
}

# list(incidence, last) of new records: how they meet the levels of a fitted term and, after them,
# new ones, up to `last`.
new_incidence <- function(group, term, recipe, source, allow_new_levels) UseMethod("new_incidence")

#' @export
new_incidence.lmm_group <- function(group, term, recipe, source, allow_new_levels) {
  codes <- new_member_codes(group, term, source, allow_new_levels)
  last <- count_of_levels(group, term, max(term$n_levels, unlist(codes), na.rm = TRUE))
  list(incidence = member_incidence(group, codes, recipe, source), last = last)
}

# The codes of new data, in the levels of a fitted term and, after them, new ones.
new_member_codes <- function(group, term, source, allow_new_levels) UseMethod("new_member_codes")

#' @export
new_member_codes.lmm_group <- function(group, term, source, allow_new_levels) {
  found <- group_members(group, source)
  place <- match_groups(found, term$levels, term$label, allow_new_levels)
  lapply(found$codes, function(x) place[x])
}

# A column of a matrix that is not there is not one of zeros.
check_member_columns <- function(group, fitted, frame) {
  for (part in columns_of(group)) {
    name <- matrix_name(part)
    lost <- setdiff(column_levels_of(fitted[[name]]), column_levels_of(frame[[name]]))
    if (length(lost) > 0L) abort_lost_columns(name, lost)
  }
}

column_levels_of <- function(Z) colnames(Z) %||% as.character(seq_len(ncol(Z)))

# How many levels there are where `last` is the last that a record has.
count_of_levels <- function(group, term, last) UseMethod("count_of_levels")

#' @export
count_of_levels.lmm_group <- function(group, term, last) last

# Whether one level is too few for a variance.
needs_levels <- function(group) UseMethod("needs_levels")

#' @export
needs_levels.lmm_group <- function(group) TRUE

#' @export
needs_levels.columns_group <- function(group) FALSE

# The names of the coefficients, from those of the recipe.
member_coefficients <- function(group, names) UseMethod("member_coefficients")

#' @export
member_coefficients.lmm_group <- function(group, names) names

#' @export
member_coefficients.roles_group <- function(group, names) {
  roles <- group$members$names
  if (identical(names, "(Intercept)")) return(roles)
  paste(rep(roles, each = length(names)), rep.int(names, length(roles)), sep = ".")
}

# Incidence ----------------------------------------------------------------------------------------

# What the engine takes: the levels, columns and first coefficient of each member.
member_incidence <- function(group, codes, recipe, source) UseMethod("member_incidence")

#' @export
member_incidence.single_group <- function(group, codes, recipe, source) {
  list(c(present_member(codes[[1L]], recipe$terms), first_coef = 1L))
}

#' @export
member_incidence.roles_group <- function(group, codes, recipe, source) {
  roles <- group$members$roles
  role <- rep(seq_along(roles), vapply(roles, member_count, 0L, source))
  each <- lapply(seq_along(roles), function(r) {
    own <- member_incidence(roles[[r]], codes[role == r], recipe, source)
    lapply(own, function(member) {
      member$first_coef <- member$first_coef + (r - 1L) * length(recipe$names)
      member
    })
  })
  unlist(each, FALSE)
}

#' @export
member_incidence.sum_group <- function(group, codes, recipe, source) {
  weights <- member_weights(group, source, length(codes[[1L]]))
  lapply(seq_along(codes), function(j) {
    terms <- recipe$terms
    if (!is.null(weights)) terms <- times_column(terms, list(matrix(as.double(weights[, j]))))
    c(present_member(codes[[j]], terms), first_coef = 1L)
  })
}

# A member that a record lacks: the first level, times nothing.
present_member <- function(codes, terms) {
  if (!anyNA(codes)) return(list(levels = codes, terms = terms))
  # One column, which the second of two levels has not.
  present <- list(codes = 1L + is.na(codes), contrast = sparse_identity(2L)[1L, , drop = FALSE])
  codes[is.na(codes)] <- 1L
  list(levels = codes, terms = times_column(terms, list(present)))
}

# The columns of terms multiplied by those of further parts.
times_column <- function(terms, parts) {
  lapply(terms, function(term) list(parts = c(term$parts, parts)))
}

# A column of weights for each member, or NULL where all are 1.
member_weights <- function(group, source, n) {
  given <- group$members$weights
  if (is.null(given)) return(NULL)
  constant <- length(all.vars(given)) == 0L
  weights <- if (constant) eval(given, baseenv()) else source$frame[[deparse_one(given)]]
  members <- member_count(group, source)
  valid <- is.numeric(weights) && all(is.finite(weights)) &&
    if (constant) length(weights) == members else identical(dim(weights), c(n, members))
  if (!valid) {
    abort_gr("{.arg weights} must have a finite number for each of the {members} factors.",
      "Write {.code weights = c(1, -1)}, or {.code cbind(w1, w2)} of columns of the data.",
      "weights", fun = "mm")
  }
  if (constant) matrix(weights, n, members, byrow = TRUE) else weights
}
