# Power by simulation.

#' Power of a test, by simulation
#'
#' Draws responses from a fit, or from what it becomes with other `effect`s, fits the model to each
#' anew with all its variances and tests; the power is the share of tests with p below `alpha`. With
#' `n` the experiment has so many levels of `along` (subjects, blocks): those of the fit with their
#' records, fewer or copied, and what is nested in them. Treatments that are constant within levels
#' keep their proportions.
#'
#' With `effect = 0` for all that is tested the result is the size of the test.
#'
#' @param fit A fit by [lmmfit()], `"REML"` or `"ML"`, of a pilot study or to made-up data (with
#'   variances of your own by `hold` in [lmmfit()]).
#' @param test The label of a term of the fixed effects, tested by its F test of type 3, or
#'   hypotheses as `K` in [contest()], tested together.
#' @param n Numbers of levels of `along`; by default the experiment as it is. Not of fits with
#'   weights.
#' @param along The name of a factor, by default the grouping factor of the first random term.
#' @param effect True fixed effects where they are others than the estimates: a vector named as
#'   [fixef()].
#' @param nsim Number of data sets for each `n`.
#' @param alpha Level of the test.
#' @param ddf,information As in [contest()]; by default those of the fit.
#' @param seed A whole number: the same draws again.
#' @param data The data of the fit, where its variables cannot be had from it.
#' @param level Confidence level of the interval of the power (Clopper and Pearson).
#' @param progress `TRUE` shows a bar; by default in an interactive session.
#' @param ... Nothing more: what is not an argument is an error.
#' @return A data frame of class `power_curve` with a row for each `n`: `n`, `records`, `power`,
#'   `lower`, `upper`, `tests` (data sets with a test) and `failed` (those whose fit failed or did
#'   not converge). It can be printed and drawn.
#' @references Green, P. and MacLeod, C. J. (2016) SIMR: an R package for power analysis of
#'   generalized linear mixed models by simulation. Methods in Ecology and Evolution 7, 493-498.
#' @seealso [lmmfit_many()], which does the fits, on the workers of `future::plan()`.
#' @examples
#' pilot <- lmmfit(distance ~ age * Sex + (age | Subject), nlme::Orthodont)
#' power_curve(pilot, "age:Sex", n = c(14, 27, 54), effect = c("age:SexFemale" = -0.25),
#'   nsim = 100, seed = 1)
#' @export
power_curve <- function(fit, test, n = NULL, along = NULL, effect = NULL, nsim = 1000,
                        alpha = 0.05, ddf = NULL, information = NULL, seed = NULL, data = NULL,
                        level = 0.95, progress = someone_waits(), ...) {
  check_given(fit, test, ...)
  check_fit(fit, "fit")
  check_has_records(fit, "{.fn power_curve}")
  check_power_fit(fit, n)
  settings <- many_settings(ddf %||% fit$ddf, information, fit$control,
    power_hypotheses(fit, test), effects = FALSE)
  nsim <- check_count(nsim, "nsim")
  alpha <- check_level(alpha, "alpha")
  level <- check_level(level)
  check_flag(progress, "progress")
  truth <- with_effects(fit, effect)
  along <- power_factor(fit, along, n)
  n <- if (is.null(n)) NA_integer_ else vapply(n, check_count, 0L, argument = "n", least = 2)
  records <- if (!all(is.na(n))) data %||% raw_records(fit)
  rows <- with_seed_of(seed, lapply(n, function(n) {
    new <- if (!is.na(n)) extended_records(records, along, n, replicated_factors(fit))
    simulated_tests(truth, new, nsim, settings, progress)
  }))
  levels <- if (is.null(along)) NA_integer_ else length(unique(fit$frame[[along]]))
  table <- power_table(rows, ifelse(is.na(n), levels, n), alpha, level)
  structure(table, test = test_text(test), along = along, alpha = alpha, level = level,
    ddf = settings$ddf, class = c("power_curve", "data.frame"))
}

check_power_fit <- function(fit, n) {
  if (is_bayes(fit)) abort_power_fit("by Bayes")
  if (fit$method == "ANOVA") abort_power_fit("by ANOVA")
  if (!is.null(fit$parts$traits)) abort_power_fit("of several traits")
  # New records have no weights.
  if (!is.null(n) && length(frame_weights(fit$frame)) > 0L) abort_power_fit("with weights and `n`")
}

# The rows that are tested together, over all fixed effects.
power_hypotheses <- function(fit, test) {
  is_label <- is.character(test) && length(test) == 1L && !test %in% fit$fixed$names
  if (!is_label) return(as_hypotheses(test, fit$fixed$names, "test"))
  if (!test %in% fit$fixed$labels) abort_power_test(test, fit$fixed$labels)
  kept <- !is.na(fit$fixed$estimate)
  rows <- as.matrix(term_hypotheses(fit, 3L)[[test]])
  K <- matrix(0, nrow(rows), length(kept), dimnames = list(NULL, fit$fixed$names))
  K[, kept] <- rows
  as_hypotheses(K, fit$fixed$names, "test")
}

with_effects <- function(fit, effect) {
  if (is.null(effect)) return(fit)
  known <- fit$fixed$names[!is.na(fit$fixed$estimate)]
  if (!is.numeric(effect) || !has_names(effect) || !all(names(effect) %in% known) ||
        !all(is.finite(effect))) {
    abort_argument("effect", effect, paste("numbers named by fixed effects:", toString(known)))
  }
  fit$fixed$estimate[match(names(effect), fit$fixed$names)] <- effect
  fit$cache <- new.env(parent = emptyenv())
  fit
}

replicated_factors <- function(fit) {
  random <- lapply(fit$parts$random, function(term) level_variables(term$group))
  residual <- fit$parts$residual
  blocks <- if (!is_iid(residual)) lapply(residual$blocks, function(block) {
    names_in(c(block$group, block$subject))
  })
  unique(unlist(c(random, blocks)))
}

# The factor whose levels are more or fewer; NULL where no number of them was given.
power_factor <- function(fit, along, n) {
  groups <- replicated_factors(fit)
  if (is.null(along) && is.null(n)) return(groups[1L][length(groups) > 0L])
  along <- along %||% groups[1L]
  known <- names(fit$frame)[vapply(fit$frame, is_factor_like, NA)]
  known <- union(groups, known)
  if (!is.character(along) || length(along) != 1L || !along %in% known) {
    abort_argument("along", along, paste("the name of a factor:", toString(known)))
  }
  for (k in which(vapply(fit$random, `[[`, NA, "related"))) {
    if (along %in% level_variables(fit$parts$random[[k]]$group)) abort_power_related(along)
  }
  along
}

# p-values of nsim data sets on new records, or on those of the fit: NA where a fit failed or did
# not converge.
simulated_tests <- function(truth, new, nsim, settings, progress) {
  Y <- as.matrix(stats::simulate(truth, nsim, newdata = new))
  model <- if (is.null(new))
    model_of_parts(with_kept_relationships(truth$parts, truth), truth$frame, truth) else
    model_on(truth, new, Y[, 1L])
  found <- fit_many(unname_rows(Y), NULL, always(model), settings, progress)
  p <- found$joint$p.value[match(colnames(Y), found$joint$response)]
  p[found$fits$status != "converged"] <- NA
  list(p = p, records = nrow(Y))
}

unname_rows <- function(Y) {
  rownames(Y) <- NULL
  Y
}

# The model of a fit on other records.
model_on <- function(fit, data, y) {
  data[[deparse_one(fit$parts$response)]] <- y
  model_of_parts(fit$parts, quietly(new_frame(fit$parts, data)), fit)
}

model_of_parts <- function(parts, frame, fit) {
  row.names(frame) <- NULL
  asked <- fit_values(fit)
  model <- quietly(with_solver(
    build_model(parts, frame, fit$method, fit$contrasts, list(hold = asked$hold)), fit$control))
  if (is.null(model$asked$constraints)) model$asked$constraints <- asked$constraints
  model
}

# As model_builder(), where all responses have one model.
always <- function(model) {
  force(model)
  function(y, weights) model
}

with_seed_of <- function(seed, code) {
  if (is.null(seed)) return(code)
  if (!is.numeric(seed) || length(seed) != 1L || !isTRUE(abs(seed) <= .Machine$integer.max)) {
    abort_argument("seed", seed, "a whole number")
  }
  with_stream(seed, code)
}

power_table <- function(rows, n, alpha, level) {
  p <- lapply(rows, `[[`, "p")
  tests <- vapply(p, function(p) sum(!is.na(p)), 0L)
  below <- vapply(p, function(p) sum(p < alpha, na.rm = TRUE), 0L)
  tail <- (1 - level) / 2
  data.frame(n = n, records = vapply(rows, `[[`, 0L, "records"),
    power = ifelse(tests > 0L, below / tests, NA),
    lower = ifelse(below > 0L, stats::qbeta(tail, below, tests - below + 1), 0),
    upper = ifelse(below < tests, stats::qbeta(1 - tail, below + 1, tests - below), 1),
    tests = tests, failed = lengths(p) - tests)
}

test_text <- function(test) {
  if (is.character(test)) toString(test) else "rows of `test`"
}
