# The records of an experiment with more or fewer levels of a factor.

# The variables that the records of a fit are made of.
raw_records <- function(fit) {
  frame <- fit$frame
  needed <- setdiff(all.vars(fit$parts$variables[[3L]]), "pi")
  needed <- union(needed, names_in(residual_variables(fit$parts$residual)))
  known <- c(as.list(frame), attr(frame, "sources"))
  lacking <- setdiff(needed, names(known))
  if (length(lacking) > 0L) abort_power_variables(lacking)
  as.data.frame(known[needed], optional = TRUE)
}

# n levels of `along`: those that there are with their records, all of them as often as they go into
# n and then some, in the order of spread_levels(). Factors with levels that each belong to one
# level of `along` get new levels with it.
extended_records <- function(data, along, n, groups) {
  levels <- spread_levels(data, along)
  rows <- split(seq_len(nrow(data)), factor(data[[along]], levels))[rep_len(levels, n)]
  made <- data[unlist(rows, use.names = FALSE), , drop = FALSE]
  row.names(made) <- NULL
  round <- rep((seq_len(n) - 1L) %/% length(levels), lengths(rows))
  nested <- Filter(function(name) is_nested(data[[name]], data[[along]]), setdiff(groups, along))
  for (name in c(along, nested)) made[[name]] <- relabelled(made[[name]], round)
  made
}

# Levels such that any first ones of them have their treatments, the factors that are constant
# within levels, nearly in the proportions of all.
spread_levels <- function(data, along) {
  first <- which(!duplicated(data[[along]]))
  between <- Filter(function(name) {
    is_factor_like(data[[name]]) && is_nested(data[[along]], data[[name]])
  }, setdiff(names(data), along))
  stratum <- if (length(between) == 0L) rep.int("", length(first)) else
    row_keys(data[first, between, drop = FALSE])
  # Factors that have a level for each of them are no treatments.
  if (!anyDuplicated(stratum)) stratum[] <- ""
  place <- stats::ave(seq_along(first), stratum, FUN = function(i) (seq_along(i) - 0.5) / length(i))
  as.character(data[[along]][first[order(place)]])
}

# Whether each level of x belongs to one level of y.
is_nested <- function(x, y) {
  pairs <- unique(data.frame(x = as.character(x), y = as.character(y)))
  !anyDuplicated(pairs$x)
}

relabelled <- function(x, round) {
  labels <- ifelse(round == 0L, as.character(x), paste0(x, "_", round + 1L))
  factor(labels, unique(labels))
}
