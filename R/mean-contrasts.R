#' Comparisons of means
#'
#' Differences and other contrasts of [marginal_means()], with tests and intervals that are adjusted
#' for their number. Of means by `~ trt | visit` they are made within each visit: simple effects.
#'
#' * `pairs()`: all differences. `vs_first()`: from the first level; `vs_control()`: from the level
#'   `ref`.
#' * `polynomial_contrasts()`: linear, quadratic, ... with the levels at their values where these
#'   are numbers.
#' * `mean_contrasts()`: rows of coefficients for the means of a group.
#' * `mean_letters()`: the means, from the largest, with letters: those that share one do not
#'   differ. By package multcompView.
#'
#' # Adjustments
#'
#' `"tukey"` is exact for all pairs of means with equal variances; `"single-step"` uses the joint
#' distribution of the statistics, multivariate t (Dunnett's for comparisons with a control), by
#' package mvtnorm, with the degrees of freedom of each contrast rounded to a whole number, and
#' differs from run to run by its error of integration, below 1e-3. The others are those of
#' [stats::p.adjust()]; intervals are then those of Bonferroni, except for `"none"`. A family is the
#' contrasts of one group.
#'
#' @param x Means by [marginal_means()] or `predict(fit, classify = )`.
#' @param adjust `"tukey"`, `"single-step"`, `"none"`, or a method of [stats::p.adjust()] such as
#'   `"holm"`.
#' @param reverse `TRUE` gives the second less the first.
#' @param ref The level to compare with: its name or number.
#' @param degree The highest degree.
#' @param contrasts A named list of coefficients, one for each mean of a group, or a matrix with
#'   named rows.
#' @param level Confidence level, by default that of the means.
#' @param alpha Level of the tests that letters show.
#' @param ... Nothing more.
#' @return A data frame of class `mean_contrasts` with `contrast`, the variables that stand after
#'   `|`, `estimate`, `se`, `df`, `lower`, `upper`, `statistic` and `p.value`; of `mean_letters()`
#'   the table of means with the column `letters`, a data frame.
#' @examples
#' fit <- lmmfit(yield ~ Variety * factor(nitro) + (1 | Block) + (1 | Block:Variety), nlme::Oats)
#' pairs(marginal_means(fit, ~ Variety))
#' vs_first(marginal_means(fit, ~ nitro | Variety), adjust = "holm")
#' polynomial_contrasts(marginal_means(fit, ~ nitro))
#' @name mean-contrasts
NULL

#' @rdname mean-contrasts
#' @importFrom graphics pairs
#' @method pairs marginal_means
#' @export
pairs.marginal_means <- function(x, adjust = "tukey", reverse = FALSE, level = NULL, ...) {
  check_unused(...)
  check_flag(reverse, "reverse")
  compared(x, adjust, level, function(labels, values) {
    n <- length(labels)
    if (n < 2L) return(matrix(0, 0L, n))
    at <- utils::combn(n, 2L)
    difference_rows(labels, if (reverse) at[2:1, , drop = FALSE] else at)
  })
}

#' @rdname mean-contrasts
#' @export
vs_control <- function(x, ref = 1, adjust = "single-step", reverse = FALSE, level = NULL, ...) {
  check_given(x, ...)
  check_flag(reverse, "reverse")
  compared(x, adjust, level, function(labels, values) {
    at <- if (is.character(ref)) match(ref, labels) else ref
    if (!is.numeric(at) || length(at) != 1L || !at %in% seq_along(labels)) {
      abort_argument("ref", ref, paste("a level:", toString(labels)))
    }
    others <- setdiff(seq_along(labels), at)
    ends <- rbind(others, rep.int(at, length(others)))
    difference_rows(labels, if (reverse) ends[2:1, , drop = FALSE] else ends)
  })
}

#' @rdname mean-contrasts
#' @export
vs_first <- function(x, adjust = "single-step", level = NULL, ...) {
  check_given(x, ...)
  vs_control(x, 1, adjust, FALSE, level)
}

#' @rdname mean-contrasts
#' @export
polynomial_contrasts <- function(x, degree = 6, adjust = "none", level = NULL, ...) {
  check_given(x, ...)
  degree <- check_count(degree, "degree")
  compared(x, adjust, level, function(labels, values) {
    n <- length(labels)
    scores <- suppressWarnings(as.numeric(as.character(values)))
    if (anyNA(scores)) scores <- seq_len(n)
    rows <- t(stats::contr.poly(n, scores))[seq_len(min(degree, n - 1L)), , drop = FALSE]
    names <- c("linear", "quadratic", "cubic", "quartic")
    for (i in seq_len(nrow(rows))) rows[i, ] <- as_whole(rows[i, ])
    more <- if (nrow(rows) > 4L) paste("degree", 5:nrow(rows))
    rownames(rows) <- c(names, more)[seq_len(nrow(rows))]
    rows
  })
}

# The smallest whole numbers in these ratios, if there are small ones.
as_whole <- function(x) {
  x <- x / min(abs(x[abs(x) > 1e-8]))
  for (times in 1:20) {
    if (max(abs(times * x - round(times * x))) < 1e-6) return(round(times * x))
  }
  x
}

#' @rdname mean-contrasts
#' @export
mean_contrasts <- function(x, contrasts, adjust = "none", level = NULL, ...) {
  check_given(x, contrasts, ...)
  check_means(x)
  if (is.list(contrasts) && length(contrasts) > 0L && all(vapply(contrasts, is.numeric, NA))) {
    contrasts <- do.call(rbind, contrasts)
  }
  if (!is.numeric(contrasts) || anyNA(contrasts) || length(contrasts) == 0L) {
    abort_argument("contrasts", contrasts, "a matrix of numbers, or a list of its rows")
  }
  if (!is.matrix(contrasts)) contrasts <- matrix(contrasts, 1L)
  if (is.null(rownames(contrasts))) rownames(contrasts) <- seq_len(nrow(contrasts))
  compared(x, adjust, level, function(labels, values) {
    if (ncol(contrasts) != length(labels)) {
      abort_argument("contrasts", contrasts, paste("one number for each of", toString(labels)))
    }
    contrasts
  })
}

difference_rows <- function(labels, at) {
  rows <- matrix(0, ncol(at), length(labels))
  rows[cbind(seq_len(ncol(at)), at[1L, ])] <- 1
  rows[cbind(seq_len(ncol(at)), at[2L, ])] <- -1
  rownames(rows) <- paste(labels[at[1L, ]], "-", labels[at[2L, ]])
  rows
}

# The contrasts of each group of means. make: their rows from the labels of its means, and from the
# values of these where they are of one variable.
compared <- function(x, adjust, level, make) {
  check_means(x)
  adjust <- check_choice(adjust, c("tukey", "single-step", stats::p.adjust.methods), "adjust")
  level <- check_level(level %||% attr(x, "level"))
  by <- attr(x, "by")
  own <- setdiff(attr(x, "variables"), by)
  groups <- split(seq_len(nrow(x)), factor(by_groups(x), unique(by_groups(x))))
  tables <- lapply(unname(groups), function(rows) {
    cells <- as.data.frame(x)[rows, , drop = FALSE]
    labels <- cell_names(cells[own])
    contrasts <- make(labels, if (length(own) == 1L) cells[[own]] else labels)
    whole <- matrix(0, nrow(contrasts), nrow(x))
    whole[, rows] <- contrasts
    found <- contrast_table(contrast_moments(x, whole), adjust, level, length(rows))
    given <- cells[rep.int(1L, nrow(contrasts)), by, drop = FALSE]
    data.frame(contrast = rownames(contrasts), given, found, check.names = FALSE, row.names = NULL)
  })
  structure(do.call(rbind, tables), class = c("mean_contrasts", "data.frame"), adjust = adjust,
    by = by, level = level, ddf = attr(x, "moments")[c("ddf", "information")])
}

contrast_table <- function(found, adjust, level, n_means) {
  se <- sqrt(pmax(diag(found$covariance), 0))
  statistic <- ifelse(se > 0, found$estimate / se, NA_real_)
  adjusted <- adjusted_tests(statistic, found, adjust, level, n_means)
  half <- adjusted$quantile * se
  data.frame(estimate = found$estimate, se = ifelse(is.na(found$estimate), NA_real_, se),
    df = found$df, lower = found$estimate - half, upper = found$estimate + half,
    statistic = statistic, p.value = adjusted$p)
}

#' @rdname mean-contrasts
#' @export
mean_letters <- function(x, adjust = "tukey", alpha = 0.05, ...) {
  check_given(x, ...)
  check_level(alpha, "alpha")
  check_means(x)
  need_package("multcompView", "mean_letters()")
  compared <- stats::setNames(pairs(x, adjust = adjust), NULL)
  p <- compared[[ncol(compared)]]
  table <- as.data.frame(x)
  table$letters <- ""
  first <- 0L
  for (rows in split(seq_len(nrow(x)), factor(by_groups(x), unique(by_groups(x))))) {
    count <- choose(length(rows), 2L)
    table$letters[rows] <- letters_of(x$estimate[rows], p[first + seq_len(count)] < alpha)
    first <- first + count
  }
  by <- attr(x, "by")
  groups <- match(by_groups(x), unique(by_groups(x)))
  structure(table[order(groups, -table$estimate), ], class = c("mean_letters", "data.frame"))
}

# differ: for each pair of values, in the order of combn(). The largest gets "a".
letters_of <- function(values, differ) {
  told <- which(!is.na(values))
  out <- rep.int("", length(values))
  if (length(told) == 0L) return(out)
  if (length(told) == 1L) return(replace(out, told, "a"))
  at <- utils::combn(length(values), 2L)
  kept <- at[1L, ] %in% told & at[2L, ] %in% told
  place <- rank(-values, ties.method = "first", na.last = TRUE)
  n <- length(told)
  different <- matrix(FALSE, n, n)
  ends <- matrix(place[at[, kept, drop = FALSE]], 2L)
  different[t(ends)] <- different[t(ends[2:1, , drop = FALSE])] <- differ[kept]
  dimnames(different) <- list(seq_len(n), seq_len(n))
  found <- multcompView::multcompLetters(different)$Letters
  out[told] <- found[as.character(place[told])]
  out
}

#' @method print mean_letters
#' @export
print.mean_letters <- function(x, digits = 5L, ...) {
  # As marginal_means() are printed: `[` may have taken columns away.
  numbers <- intersect(c("estimate", "se", "lower", "upper"), names(x))
  table <- as.data.frame(x)
  table[numbers] <- lapply(table[numbers], format_numbers, digits)
  if ("df" %in% names(table)) table$df <- df_text(table$df)
  others <- setdiff(names(table), c(numbers, "df"))
  table[others] <- lapply(table[others], as.character)
  print_table(table, others)
  invisible(x)
}

#' @method print mean_contrasts
#' @export
print.mean_contrasts <- function(x, digits = 5L, ...) {
  if (is.null(attr(x, "ddf"))) return(print(structure(x, class = "data.frame"), ...))
  cat(contrasts_heading(x, "\n"), "\n", sep = "")
  print_table(contrast_columns(x, digits), c("contrast", attr(x, "by")))
  invisible(x)
}

contrasts_heading <- function(x, gap) {
  how <- attr(x, "ddf")
  adjust <- attr(x, "adjust")
  paste0("Contrasts of means, ", ddf_text(how$ddf, how$information),
    if (adjust != "none") paste0(gap, "p-values and intervals adjusted: ", adjust))
}

contrast_columns <- function(x, digits) {
  text <- lapply(x[attr(x, "by")], as.character)
  numbers <- lapply(x[c("estimate", "se", "lower", "upper")], format_numbers, digits)
  columns <- c(list(contrast = x$contrast), text, numbers, test_columns(x))
  lapply(columns, function(column) ifelse(is.na(column), "NA", column))
}
