# What the user sees of influence(): printing, and the numbers as data frames.

# "Subject", "record", or a name for groups that were given as values.
group_label <- function(fit, group) {
  if (identical(group, "default")) group <- if (is_mixed(fit)) fit$random[[1L]]$label
  if (is.null(group)) return("record")
  if (is.character(group) && length(group) == 1L) group else "group"
}

# Of independent standard normal values, one of n exceeds this with probability `level`.
bonferroni_limit <- function(n, level = 0.05) stats::qnorm(1 - level / (2 * max(n, 1)))

#' @rdname plot_influence
#' @param n How many groups and records are printed.
#' @method print lmmfit_influence
#' @export
print.lmmfit_influence <- function(x, n = 5L, ...) {
  check_unused(...)
  n <- check_count(n, "n")
  groups <- x$groups
  cat("Influence of ", nrow(groups), if (x$label == "record") " records" else
    paste0(" groups (", x$label, ") of ", nrow(x$records), " records"), "\n", x$note,
    if (!is.null(x$note)) "\n", "\n", sep = "")
  first <- utils::head(order(-groups$cooks.distance), n)
  most <- most_changed(x$dfbetas[first, , drop = FALSE])
  print_table(list(
    Group = groups$group[first], Records = as.character(groups$records[first]),
    `Cook's distance` = format_numbers(groups$cooks.distance[first], 3L),
    `Largest DFBETAS` = most
  ), left = c("Group", "Largest DFBETAS"))
  unknown <- sum(is.na(groups$cooks.distance))
  if (unknown > 0L) {
    cat(unknown, " without which a fixed effect cannot be estimated: NA\n", sep = "")
  }
  r <- abs(x$records$standardised)
  limit <- bonferroni_limit(sum(!is.na(r)))
  beyond <- which(r > limit)
  cat("\nRecords with |standardised residual| above ", formatC(limit, format = "f", digits = 2L),
    " (5 %, Bonferroni): ", sep = "")
  shown <- utils::head(beyond[order(-r[beyond])], n)
  text <- paste0(x$records$record[shown], " (",
    decimals_text(x$records$standardised[shown], 2L), ")")
  if (length(beyond) == 0L) text <- "none"
  cat(paste(text, collapse = ", "), if (length(beyond) > n) ", ...", "\n", sep = "")
  invisible(x)
}

# "age 0.53": the coefficient that moves most, for each row.
most_changed <- function(dfbetas) {
  if (ncol(dfbetas) == 0L) return(rep.int("", nrow(dfbetas)))
  apply(dfbetas, 1L, function(row) {
    if (anyNA(row)) return("")
    largest <- which.max(abs(row))
    paste(names(row)[largest], decimals_text(row[[largest]], 2L))
  })
}

#' @rdname plot_influence
#' @param row.names,optional Not used.
#' @method as.data.frame lmmfit_influence
#' @export
as.data.frame.lmmfit_influence <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_unused(..., .ignored = "stringsAsFactors")
  data.frame(x$groups, x$dfbetas, check.names = FALSE, row.names = NULL)
}
