#' Predicted random effects
#'
#' Best linear unbiased predictions (BLUP) of the random effects: for each grouping factor a data
#' frame with a row for each level and a column for each coefficient.
#'
#' With groups of unknown parents in a pedigree (see [gr()]) the effect of an animal is the total of
#' its groups and its own, \eqn{Qg + a}{Q g + a}, and so is its prediction error; effects of groups
#' that were dropped count as 0.
#'
#' @param object A fit by [lmmfit()].
#' @param se `TRUE` adds the standard errors of prediction: the square roots of the prediction error
#'   variance Var(u_hat - u), which counts the error of the estimated fixed effects.
#' @param condVar `TRUE` adds lme4's conditional variances, Var(u | y) with the fixed effects taken
#'   as known. They are less than the prediction error variances; of a fit by Bayes both are the
#'   posterior variance.
#' @param ... Nothing more: what is not an argument is an error.
#' @return A list of data frames, of class `ranef.lmmfit`. With `se = TRUE` each data frame has the
#'   attribute `se`, a data frame of the same shape, and `pev`, the prediction error covariance of
#'   the coefficients of each level: an array coefficient x coefficient x level, or a list of them
#'   where several terms share the grouping factor; not where these would be more than 5e7 numbers.
#'   With `condVar = TRUE` the attribute `postVar` has the conditional covariances in the same
#'   shape. As a data frame (by [as.data.frame()]) it has a row for each effect, with `se` and
#'   `condsd`.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
#' ranef(fit)
#' head(as.data.frame(ranef(fit, se = TRUE)))
#' @export
ranef.lmmfit <- function(object, se = FALSE, condVar = FALSE, ...) {
  check_unused(...)
  check_flag(se, "se")
  check_flag(condVar, "condVar")
  if (!is_mixed(object)) abort_no_random("`ranef()`")
  tables <- effect_tables(object, se)
  if (condVar) tables <- with_conditional_variances(object, tables)
  structure(tables, class = "ranef.lmmfit")
}

with_conditional_variances <- function(fit, tables) {
  errors <- split(conditional_errors(fit), factor(term_labels(fit), names(tables)))
  Map(function(table, own) structure(table, postVar = of_terms(own)), tables, errors)
}

# One array, or a list of them by term.
of_terms <- function(errors) {
  if (length(errors) == 1L) errors[[1L]] else unname(errors)
}

# total: with the effects of genetic groups.
effect_tables <- function(object, se, total = TRUE) {
  errors <- if (se) effect_errors(object)
  groups <- term_labels(object)
  effects <- lapply(unique(groups), function(group) {
    in_group <- which(groups == group)
    terms <- object$random[in_group]
    errors <- errors[in_group]
    if (total) {
      terms <- lapply(in_group, function(k) {
        replace(object$random[[k]], "effects", list(total_effects(object, k)))
      })
      errors <- Map(function(k, pev) total_errors(object, k, pev), in_group[se], errors)
    }
    bind_terms(terms, errors)
  })
  stats::setNames(effects, unique(groups))
}

# Arrays of so many numbers are not made for their diagonals.
most_errors <- 5e7

# Of each term an array of covariances, or where they are very many a matrix of variances.
effect_errors <- function(fit) {
  any_groups <- any(vapply(fit$random, has_groups, NA))
  if (count_errors(fit) > most_errors && !any_groups) prediction_variances(fit) else
    prediction_errors(fit)
}

bind_terms <- function(terms, errors) {
  values <- do.call(rbind, lapply(terms, `[[`, "effects"))
  table <- effect_table(values, terms)
  if (length(errors) > 0L) {
    attr(table, "se") <- effect_table(standard_errors(errors), terms)
    if (length(dim(errors[[1L]])) == 3L) attr(table, "pev") <- of_terms(errors)
  }
  table
}

# coefficient x level, from arrays of covariances by term, or their variances.
standard_errors <- function(errors) {
  variances <- lapply(errors, function(pev) {
    if (is.matrix(pev)) return(pev)
    do.call(rbind, lapply(seq_len(dim(pev)[1L]), function(i) pev[i, i, ]))
  })
  sqrt(do.call(rbind, variances))
}

effect_table <- function(values, terms) {
  table <- as.data.frame(t(values), optional = TRUE)
  dimnames(table) <- list(terms[[1L]]$levels, unlist(lapply(terms, `[[`, "coef_names")))
  table
}

#' @method print ranef.lmmfit
#' @export
print.ranef.lmmfit <- function(x, ...) print_grouped(x, ...)

#' @export
as.data.frame.ranef.lmmfit <- function(x, ...) {
  check_unused(..., .ignored = "stringsAsFactors")
  rows <- Map(function(table, group) {
    long <- data.frame(
      group = group, level = rep(row.names(table), ncol(table)),
      coefficient = rep(names(table), each = nrow(table)),
      estimate = unlist(table, use.names = FALSE)
    )
    se <- attr(table, "se")
    if (!is.null(se)) long$se <- unlist(se, use.names = FALSE)
    errors <- attr(table, "postVar")
    if (is.array(errors)) errors <- list(errors)
    if (!is.null(errors)) long$condsd <- as.vector(t(standard_errors(errors)))
    long
  }, unclass(x), names(x))
  do.call(rbind, unname(rows))
}

# A list of data frames by group: the first rows of each.
print_grouped <- function(x, n = 10L, digits = 5L, ...) {
  for (group in names(x)) {
    table <- x[[group]]
    more <- if (nrow(table) > n) sprintf(" (first %d of %d levels)", n, nrow(table))
    cat(group, more, "\n", sep = "")
    print(with_errors(utils::head(table, n), attr(table, "se")), digits = digits, ...)
    if (group != names(x)[length(x)]) cat("\n")
  }
  invisible(x)
}

# Each coefficient with its standard error beside it.
with_errors <- function(table, se) {
  if (is.null(se)) return(table)
  names <- names(table)
  se <- se[seq_len(nrow(table)), , drop = FALSE]
  columns <- Map(function(value, error) list(value, error), table, se)
  columns <- unlist(columns, recursive = FALSE)
  names(columns) <- paste0(rep(names, each = 2L), c("", " SE"))
  data.frame(columns, row.names = row.names(table), check.names = FALSE)
}
