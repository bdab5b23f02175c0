# Splines in the design: the columns of their bases, and the members of a record.

# The columns of the component at the records (n x q), made once for all that use them.
spline_columns <- function(members, source) {
  name <- deparse_one(members$basis)
  cached(source, paste("spline", members$component, name), function() {
    basis <- source$frame[[name]]
    if (members$component == "curve") unclass(basis)[, -1L, drop = FALSE] else
      surface_columns(basis, members$component)
  })
}

# The members are the coefficients, of the level of each record.
#' @export
group_members.spline_group <- function(group, source) {
  q <- ncol(spline_columns(group$members, source))
  if (length(group$variables) == 0L) {
    n <- nrow(source$frame)
    return(list(codes = lapply(seq_len(q), rep.int, times = n), levels = as.character(seq_len(q))))
  }
  found <- group_codes(group, source)
  list(
    codes = lapply(seq_len(q), function(j) (found$codes - 1L) * q + j),
    levels = paste(rep(found$levels, each = q), seq_len(q), sep = ":")
  )
}

# How many coefficients each level of the group has, in a fitted term.
spline_size <- function(term) as.integer(max(as.numeric(sub(".*:", "", term$levels))))

#' @export
new_member_codes.spline_group <- function(group, term, source, allow_new_levels) {
  q <- spline_size(term)
  place <- rep.int(1L, nrow(source$frame))
  if (length(group$variables) > 0L) {
    own <- sub(":[0-9]+$", "", term$levels[seq.int(1L, term$n_levels, q)])
    found <- group_codes(group, source)
    place <- match_groups(found, own, term$label, allow_new_levels)[found$codes]
  }
  lapply(seq_len(q), function(j) (place - 1L) * q + j)
}

# A level of the group has all its coefficients.
#' @export
count_of_levels.spline_group <- function(group, term, last) {
  spline_size(term) * ceiling(last / spline_size(term))
}

#' @export
needs_levels.spline_group <- function(group) FALSE

#' @export
member_incidence.spline_group <- function(group, codes, recipe, source) {
  columns <- spline_columns(group$members, source)
  own <- by_part(group$members, source)
  lapply(seq_along(codes), function(j) {
    parts <- c(own, list(matrix(as.double(columns[, j]))))
    list(levels = codes[[j]], terms = times_column(recipe$terms, parts), first_coef = 1L)
  })
}

mask_column <- function(members, frame) {
  mask <- unclass(frame[[deparse_one(members$by)]])
  matrix(as.double(mask[, members$level]))
}

# 1 for the records of the level of `by`, nothing for the others.
by_part <- function(members, source) {
  if (is.null(members$by)) return(NULL)
  name <- deparse_one(members$by)
  if (is_mask(source$frame[[name]])) return(list(mask_column(members, source$frame)))
  found <- cached(source, paste("codes", name), function() column_codes(source$frame[[name]]))
  own <- match(members$level, found$levels)
  if (is.na(own)) abort_spline_empty(name, members$level)
  n <- length(found$levels)
  start <- c(rep.int(0L, own), rep.int(1L, n + 1L - own))
  list(list(codes = found$codes, contrast = new_dgc(0L, start, 1, c(1L, n))))
}
