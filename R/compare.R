#' Two stages beside one
#'
#' Sets a two-stage analysis beside the single-stage mixed model of the same data: fixed effects,
#' standard errors, covariances of the subjects' coefficients, error variance.
#'
#' `efficiency` is \eqn{(SE_{one}/SE_{two})^2}{(SE one / SE two)^2}: the share of the information
#' that the two-stage analysis reports. It compares reported standard errors: where the two-stage
#' analysis is wrong about its own error, so is the ratio.
#'
#' @param two An analysis by [two_stage()] or [two_stage_met()].
#' @param one A fit by [lmmfit()] to the same records: for `two_stage()`,
#'   `y ~ w * (z + I(z^2)) + (1 + z + I(z^2) | id)`; for `two_stage_met()`, the model with the
#'   entries random.
#' @return A list of class `compare_stages` with the data frames `fixed` (`two`, `se_two`, `one`,
#'   `se_one`, `efficiency`), `variances` (D entry by entry and sigma2, or the variances that both
#'   models have), and, for `two_stage_met()`, `effects`: the predicted effects of the entries.
#' @seealso [compare_methods()]
#' @examples
#' growth <- nlme::Orthodont
#' two <- two_stage(distance ~ age | Subject, ~ Sex, growth)
#' one <- lmmfit(distance ~ Sex * age + (1 + age | Subject), growth)
#' compare_stages(two, one)
#' @export
compare_stages <- function(two, one, ...) {
  check_given(two, one, ...)
  check_fit(one, "one")
  if (inherits(two, "two_stage_met")) return(compare_met(two, one))
  if (!inherits(two, "two_stage")) {
    abort_argument("two", class(two)[1L], "an analysis by two_stage() or two_stage_met()")
  }
  if (two$summary) abort_compare("Summary statistics have no single-stage model.",
    "Compare the coefficients: leave {.arg summary} out.")
  fixed <- side_by_side(two$coefficients, vcov(two), one)
  new_compare_stages(fixed, compare_d(two, one), NULL, two, one)
}

new_compare_stages <- function(fixed, variances, effects, two, one) {
  structure(
    list(fixed = fixed, variances = variances, effects = effects, weights = two$weights,
      records = c(two = two$n_records, one = one$n)),
    class = "compare_stages"
  )
}

side_by_side <- function(estimate, covariance, one) {
  at <- match(unordered_names(names(estimate)), unordered_names(one$fixed$names))
  if (all(is.na(at))) abort_compare("The two analyses share no fixed effect.",
    "Fit the single stage as {.code y ~ w * z + (1 + z | id)}.")
  se <- rep(NA_real_, length(estimate))
  se[match(rownames(covariance), names(estimate))] <- sqrt(diag(covariance))
  table <- data.frame(two = estimate, se_two = se, one = one$fixed$estimate[at],
    se_one = one$fixed$se[at], row.names = names(estimate))
  table$efficiency <- (table$se_one / table$se_two)^2
  table
}

# a:b and b:a are the same effect.
unordered_names <- function(names) {
  vapply(strsplit(names, ":", fixed = TRUE), function(parts) paste(sort(parts), collapse = ":"), "")
}

# D of both, entry by entry; the random term of the single stage with these coefficients.
compare_d <- function(two, one) {
  names <- colnames(two$D)
  at <- entries_us(length(names))
  label <- ifelse(at$row == at$col, names[at$row], paste(names[at$col], names[at$row], sep = ", "))
  own <- rep(NA_real_, length(label))
  for (covariance in term_covariances(one)) {
    known <- match(names, rownames(covariance))
    if (nrow(covariance) > length(names) || all(is.na(known))) next
    own <- as.matrix(covariance)[cbind(known[at$row], known[at$col])]
  }
  data.frame(
    parameter = c(label, "error"), two = c(two$D[cbind(at$row, at$col)], two$sigma2),
    one = c(own, if (is_one_variance(one)) residual_variance(one) else NA)
  )
}

compare_met <- function(two, one) {
  fixed <- side_by_side(coef(two), vcov(two), one)
  ours <- met_variances(two)
  theirs <- varcomp(one)
  interaction <- unordered_names(paste(two$environment, two$entry, sep = ":"))
  name <- ifelse(ours$parameter == "residual", interaction, unordered_names(ours$parameter))
  variances <- data.frame(parameter = name, two = ours$estimate,
    one = theirs$estimate[match(name, unordered_names(theirs$parameter))])
  new_compare_stages(fixed, variances, compare_effects(two, one), two, one)
}

compare_effects <- function(two, one) {
  ours <- as.data.frame(ranef(two, se = TRUE))
  theirs <- as.data.frame(ranef(one, se = TRUE))
  key <- function(table) paste(table$group, table$level, table$coefficient)
  at <- match(key(ours), key(theirs))
  table <- data.frame(ours[c("group", "level")], two = ours$estimate, se_two = ours$se,
    one = theirs$estimate[at], se_one = theirs$se[at])
  table[!is.na(at), , drop = FALSE]
}

#' @rdname compare_stages
#' @param x A comparison.
#' @param ... For `plot()` further arguments of [graphics::plot()]; else not used.
#' @method print compare_stages
#' @export
print.compare_stages <- function(x, ...) {
  check_unused(...)
  cat("Two stages (", if (x$weights == "none") "unweighted" else paste("weights:", x$weights),
    ") beside one stage\n\nFixed effects\n", sep = "")
  f <- x$fixed
  print_table(list(
    ` ` = row.names(f), two = format_numbers(f$two), SE = format_numbers(f$se_two, 4L),
    one = format_numbers(f$one), ` SE` = format_numbers(f$se_one, 4L),
    efficiency = decimals_text(f$efficiency, 3L)
  ))
  cat("\nVariances\n")
  v <- x$variances
  print_table(list(
    Parameter = v$parameter, two = format_numbers(v$two), one = format_numbers(v$one)
  ))
  if (!is.null(x$effects) && nrow(x$effects) > 1L) {
    cat("\nPredicted effects: correlation ",
      formatC(stats::cor(x$effects$two, x$effects$one), format = "f", digits = 4L), ", ",
      nrow(x$effects), " levels\n", sep = "")
  }
  invisible(x)
}

#' @rdname compare_stages
#' @method plot compare_stages
#' @export
plot.compare_stages <- function(x, ...) {
  if (!is.null(x$effects)) {
    ends <- range(x$effects$one, x$effects$two)
    old <- panels()
    on.exit(graphics::par(old))
    draw <- function(xlab = "One stage", ylab = "Two stages", ...) {
      base_plot(x$effects$one, x$effects$two, xlab = xlab, ylab = ylab, xlim = ends, ylim = ends,
        type = "n", ...)
      graphics::abline(0, 1, col = "grey50")
      graphics::points(x$effects$one, x$effects$two, pch = 20)
    }
    draw(...)
    return(invisible(x$effects))
  }
  draw_estimates(stage_estimates(x), ...)
  invisible(x$fixed)
}

stage_estimates <- function(x) {
  estimates_data(row.names(x$fixed), x$fixed[c("two", "one")], x$fixed[c("se_two", "se_one")],
    c("two stages", "one stage"))
}

#' @rdname compare_stages
#' @param object A comparison.
#' @rawNamespace S3method(ggplot2::autoplot, compare_stages)
autoplot.compare_stages <- function(object, ...) {
  check_unused(...)
  if (is.null(object$effects)) return(estimates_ggplot(stage_estimates(object)))
  .data <- ggplot2::.data
  look_ggplot(object$effects, ggplot2::aes(.data[["one"]], .data[["two"]])) +
    ggplot2::geom_abline(colour = "grey50") + ggplot2::geom_point(size = 1) +
    ggplot2::coord_equal() + ggplot2::labs(x = "One stage", y = "Two stages")
}
