# Generics of nlme for the groups of a fit. Registered when nlme's are called (zzz.R).

getResponse.lmmfit <- function(object, form) {
  stats::setNames(frame_response(object$frame), row.names(object$frame))
}

# The group of each record: of the last random term, or of one by its number or label.
getGroups.lmmfit <- function(object, form, level = NULL, data, sep) {
  if (!is_mixed(object)) abort_no_random("`getGroups()`")
  labels <- term_labels(object)
  k <- if (is.null(level)) length(labels) else if (is.character(level)) match(level, labels) else
    level
  if (length(k) != 1L || !k %in% seq_along(labels)) {
    abort_argument("level", level, paste("a number or label:", toString(labels)))
  }
  group <- object$parts$random[[k]]$group
  if (!is_single(group)) abort_argument("level", level, "a term with one level for each record")
  codes <- group_codes(group, column_source(object$frame, object$contrasts))$codes
  levels <- object$random[[k]]$levels
  structure(factor(levels[codes], levels), label = labels[k])
}

# Autocorrelations of residuals by lag in the order of the records of a group, as nlme's: of the
# last random term, else of the subjects of the residual.
ACF.lmmfit <- function(object, maxLag, resType = c("pearson", "response", "normalized"), ...) {
  check_unused(...)
  type <- check_choice(resType, c("pearson", "response", "normalized"), "resType")
  group <- if (is_mixed(object)) getGroups.lmmfit(object) else independent_groups(object)
  parts <- split(unname(stats::residuals(object, type = type)), group, drop = TRUE)
  parts <- lapply(parts, function(e) e[!is.na(e)])
  most <- max(lengths(parts)) - 1
  last <- if (missing(maxLag)) min(most, as.integer(10 * log10(most + 1))) else maxLag
  at_lag <- function(lag) {
    sums <- vapply(parts[lengths(parts) > lag], function(e) {
      c(sum(utils::head(e, length(e) - lag) * utils::tail(e, length(e) - lag)), length(e) - lag)
    }, double(2L))
    rowSums(sums)
  }
  found <- vapply(seq.int(0, last), at_lag, double(2L))
  mean <- found[1L, ] / found[2L, ]
  structure(data.frame(lag = seq.int(0, last), ACF = mean / mean[1L]), n.used = found[2L, ],
    class = c("ACF", "data.frame"))
}
