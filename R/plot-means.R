# Means with intervals, and what tells which of them differ.

#' Pictures of means
#'
#' Means with their confidence intervals, and letters or arrows that say which of them differ: means
#' that share a letter do not differ, nor do those whose arrows overlap. `plot()` draws with base
#' graphics, `ggplot2::autoplot()` with ggplot2.
#'
#' The arrows have lengths such that those of two means overlap just where their difference is not
#' significant: the sums of lengths are fitted to the least significant differences, closest where a
#' difference is near its own (as in emmeans). Where the standard errors of differences are not
#' equal no such lengths may exist; the attribute `misled` of the plotted data then counts the pairs
#' that the arrows show otherwise than the tests, and the picture says so.
#'
#' Intervals of single means are not made for comparing them: means with overlapping intervals may
#' differ, above all where blocks are random.
#'
#' @param x,object Means by [marginal_means()] or `predict(fit, classify = )`.
#' @param compare `"letters"` by [mean_letters()], `"arrows"` or `"none"`; by default letters for at
#'   most 30 means, if multcompView is installed.
#' @param adjust,alpha Of the comparisons, see [mean-contrasts].
#' @param sort `TRUE` draws the means in order, the largest at the top.
#' @param ... Further arguments for [graphics::plot()].
#' @return `plot()` the plotted data frame, invisibly; `autoplot()` a ggplot. Means of a number with
#'   three or more values (`at = list(x = ...)`) are drawn against it.
#' @examples
#' fit <- lmmfit(yield ~ Variety * factor(nitro) + (1 | Block) + (1 | Block:Variety), nlme::Oats)
#' plot(marginal_means(fit, ~ nitro | Variety), compare = "arrows")
#' plot(marginal_means(fit, ~ nitro + Variety), compare = "none")
#' @name plot_means
NULL

#' @rdname plot_means
#' @method plot marginal_means
#' @export
plot.marginal_means <- function(x, compare = NULL, adjust = "tukey", alpha = 0.05, sort = FALSE,
                                ...) {
  data <- mean_plot_data(x, compare, adjust, alpha, sort)
  if (is.null(attr(data, "axis"))) draw_means(data, ...) else draw_mean_curves(data, ...)
  invisible(data)
}

#' @rdname plot_means
#' @rawNamespace S3method(ggplot2::autoplot, marginal_means)
autoplot.marginal_means <- function(object, compare = NULL, adjust = "tukey", alpha = 0.05,
                                    sort = FALSE, ...) {
  check_unused(...)
  data <- mean_plot_data(object, compare, adjust, alpha, sort)
  if (is.null(attr(data, "axis"))) means_ggplot(data) else mean_curves_ggplot(data)
}

# A row for each mean: its name, its panel (what stands after `|`), interval, letters and the ends
# of its arrow. The attribute `axis` names a number that the means are drawn against.
mean_plot_data <- function(x, compare, adjust, alpha, sort) {
  check_means(x)
  table <- as.data.frame(x)
  by <- attr(x, "by")
  own <- setdiff(attr(x, "variables"), by)
  compare <- check_choice(compare %||% usual_marks(x, own),
    c("letters", "arrows", "none"), "compare")
  level <- check_level(1 - alpha)
  axis <- mean_axis(table, own, compare)
  data <- data.frame(label = pasted(table[own]),
    panel = if (length(by) > 0L) pasted(table[by]) else "",
    curve = mean_curves(table, own, axis),
    x = if (is.null(axis)) NA_real_ else table[[axis]],
    table[c("estimate", "se", "lower", "upper")])
  data$letters <- if (compare == "letters") letters_in_place(x, adjust, alpha) else ""
  arrows <- if (compare == "arrows") comparison_arrows(x, adjust, level)
  data$arrow_left <- data$estimate - (arrows$left %||% NA_real_)
  data$arrow_right <- data$estimate + (arrows$right %||% NA_real_)
  order <- if (check_flag(sort, "sort")) order(data$estimate) else rev(seq_len(nrow(data)))
  data$label <- factor(data$label, unique(data$label[order]))
  data$panel <- factor(data$panel, unique(data$panel))
  structure(data, axis = axis, own = toString(own), others = toString(setdiff(own, axis)),
    name = attr(x, "response"),
    misled = arrows$misled)
}

pasted <- function(cells) do.call(paste, c(lapply(unname(cells), as.character), list(sep = ", ")))

usual_marks <- function(x, own) {
  told <- !is.null(attr(x, "moments")$used) && nrow(x) <= 30L && nrow(x) > 1L
  if (told && !is_drawn_along(as.data.frame(x), own) &&
        requireNamespace("multcompView", quietly = TRUE)) "letters" else "none"
}

is_drawn_along <- function(table, own) {
  is.numeric(table[[own[1L]]]) && length(unique(table[[own[1L]]])) > 2L
}

mean_axis <- function(table, own, compare) {
  if (compare == "none" && is_drawn_along(table, own)) own[1L]
}

# The cells of the other variables, of means that are drawn along a number.
mean_curves <- function(table, own, axis) {
  others <- setdiff(own, axis)
  if (is.null(axis) || length(others) == 0L) return(factor(rep.int("", nrow(table))))
  names <- pasted(table[others])
  factor(names, unique(names))
}

# Half-lengths to the left and to the right of each mean, none beyond the least and the greatest.
comparison_arrows <- function(x, adjust, level) {
  tests <- pairs(x, adjust = adjust, level = level)
  half <- (tests$upper - tests$lower) / 2
  left <- right <- rep.int(NA_real_, nrow(x))
  first <- misled <- 0L
  for (rows in split(seq_len(nrow(x)), factor(by_groups(x), unique(by_groups(x))))) {
    at <- first + seq_len(choose(length(rows), 2L))
    first <- first + length(at)
    length <- arrow_lengths(x$estimate[rows], half[at])
    misled <- misled + attr(length, "misled")
    ends <- range(x$estimate[rows], na.rm = TRUE)
    left[rows] <- ifelse(x$estimate[rows] > ends[1L], length, 0)
    right[rows] <- ifelse(x$estimate[rows] < ends[2L], length, 0)
  }
  list(left = left, right = right, misled = misled)
}

# Least squares of h_i + h_j on the least significant differences of the pairs, in the order of
# combn(); pairs near their own count most.
arrow_lengths <- function(estimate, lsd) {
  n <- length(estimate)
  if (n < 2L) return(structure(rep.int(0, n), misled = 0L))
  at <- utils::combn(n, 2L)
  gap <- abs(estimate[at[1L, ]] - estimate[at[2L, ]])
  told <- which(is.finite(gap) & is.finite(lsd))
  at <- at[, told, drop = FALSE]
  rows <- matrix(0, length(told), n)
  rows[cbind(seq_along(told), at[1L, ])] <- rows[cbind(seq_along(told), at[2L, ])] <- 1
  weight <- 0.01 + exp(-8 * (gap[told] / lsd[told] - 1)^2)
  # A little of equal lengths, where the pairs leave them open.
  ridge <- 1e-4 * diag(n)
  found <- solve(crossprod(rows, weight * rows) + ridge,
    crossprod(rows, weight * lsd[told]) + ridge %*% rep.int(mean(lsd[told]) / 2, n))
  length <- pmax(as.vector(found), 0)
  length[is.na(estimate)] <- NA
  overlap <- gap[told] < length[at[1L, ]] + length[at[2L, ]]
  structure(length, misled = sum(overlap != (gap[told] < lsd[told])))
}
