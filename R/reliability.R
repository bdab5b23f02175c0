#' Reliabilities and breeding values
#'
#' `reliability()` is 1 - PEV / (k sigma2) for each level of a random term: PEV is the prediction
#' error variance of its effect, sigma2 the variance of the coefficient, and k the relationship of
#' the level with itself, 1 + F for an animal of a pedigree. Its square root is the accuracy, the
#' correlation of the predicted and the true effect. The variances are taken as known.
#'
#' With groups of unknown parents in the pedigree (see [gr()]) `estimate`, `se` and `pev` are those
#' of the total \eqn{Qg + a}{Q g + a}; groups that were dropped count as 0, so where one was dropped
#' totals are relative to it, while contrasts of animals by `blup_contrasts()` are not.
#' `reliability` and `accuracy` are those of a, the part that the groups do not explain.
#'
#' `breeding_values()` puts predictions and reliabilities of a term together. With a larger
#' `pedigree` it also predicts animals that were added after the fit. `blup_contrasts()` compares
#' levels.
#'
#' @section Fits without a factor: Where a model was solved by conjugate gradients (see
#'   [lmm_control()]), or where `simulations` is given, prediction error variances are by simulation
#'   (García-Cortés et al. 1995; Hickey et al. 2009): so many data sets are drawn under the fit
#'   and solved, and the predictions compared with what was drawn. The mean squares of errors and of
#'   predictions are independent, and PEV is what makes both most likely. The column
#'   `mc_error` is the Monte Carlo standard error of `reliability`: 0.05 at most with 100 data sets,
#'   less near 0 and 1, and half of it with 400. Each data set costs a solution of the equations. Of
#'   single-step relationships that are not formed (see [gr()]) the variance of a level is not known
#'   beside: it is the sum of both mean squares.
#'
#' @references García-Cortés, Moreno, Varona & Altarriba (1995) J. Anim. Breed. Genet. 112:176.
#'   Hickey, Veerkamp, Calus, Mulder & Thompson (2009) Genet. Sel. Evol. 41:23.
#'
#' @param object A fit by [lmmfit()].
#' @param term Label of the random term, by default the first that has a relationship.
#' @param pedigree A pedigree that has the animals of the fit with the same parents, and new
#'   animals that descend from them.
#' @param K A matrix with a row for each contrast, whose columns are named by levels; or a list of
#'   vectors `c("first", "second")` for differences of two levels.
#' @param coefficient Names of coefficients, by default the first alone.
#' @param simulations Number of data sets for prediction error variances by simulation. By default
#'   they are exact where the fit has a factor, and from 100 data sets where it has none.
#' @param seed Seed of their random numbers.
#' @param ... Nothing more: what is not an argument is an error.
#' @return `reliability()`: a data frame with a row for each level: `level`, `coefficient`,
#'   `estimate`, `se` (the square root of PEV), `pev`, `reliability`, `accuracy`; by simulation
#'   `mc_error`.
#'   `breeding_values()`: the same, with `inbreeding` and `new` (TRUE for animals added) if there is
#'   a pedigree. `blup_contrasts()`: a data frame with `contrast`, `coefficient`, `estimate`, `se`
#'   (of the prediction error) and `z`. Where a variance is 0 reliabilities are `NA`.
#' @examples
#' ped <- pedigree(data.frame(id = 4:8, sire = c(1, 3, 1, 4, 3), dam = c(NA, 2, 2, 5, 6)))
#' calves <- data.frame(
#'   calf = 4:8, sex = c("M", "F", "F", "M", "M"), gain = c(4.5, 2.9, 3.9, 3.5, 5)
#' )
#' fit <- lmmfit(gain ~ sex + (1 | gr(calf, pedigree = ped)), calves,
#'   hold = c(calf = 20, residual = 40))
#' reliability(fit)
#' blup_contrasts(fit, list(c("4", "5"), c("7", "8")))
#'
#' # A calf of 7 and 8 that is not yet born
#' born <- rbind(as.data.frame(ped)[c("id", "sire", "dam")], c("9", "7", "8"))
#' tail(breeding_values(fit, pedigree = pedigree(born)), 2)
#' @export
reliability <- function(object, term = NULL, simulations = NULL, seed = 1L, ...) {
  check_given(object, ...)
  check_fit(object)
  k <- find_term(object, term)
  if (is.null(simulations) && !is_iterative(object)) return(exact_reliability(object, k))
  simulations <- if (is.null(simulations)) 100L else check_count(simulations, "simulations", 2)
  simulated_reliability(object, k, simulations, check_count(seed, "seed", 0))
}

exact_reliability <- function(fit, k) {
  term <- fit$random[[k]]
  if (has_groups(term)) {
    errors <- prediction_errors(fit)[[k]]
    own <- coefficient_errors(errors)
    total <- coefficient_errors(total_errors(fit, k, errors))
  } else {
    own <- total <- prediction_variances(fit)[[k]]
  }
  whole <- outer(diag(term_covariance(term, k, fit$parameters)), level_variances(term))
  as_long_table(effect_rows(term, term$levels, total_effects(fit, k), total, 1 - own / whole))
}

simulated_reliability <- function(fit, k, simulations, seed) {
  term <- fit$random[[k]]
  found <- simulated_errors(fit, k, simulations, seed)
  rows <- effect_rows(term, term$levels, term$effects, found$pev, found$reliability)
  rows$mc_error <- as.vector(t(found$mc_error))
  as_long_table(rows)
}

# A data frame with a row for each coefficient of each level, of matrices coefficient x level.
effect_rows <- function(term, levels, effects, pev, reliability) {
  reliability[!is.finite(reliability)] <- NA_real_
  reliability[] <- pmin(pmax(reliability, 0), 1)
  by_coefficient <- function(x) as.vector(t(x))
  rows <- data.frame(
    level = rep.int(levels, term$n_coef),
    coefficient = rep(term$coef_names, each = length(levels)),
    estimate = by_coefficient(effects), se = by_coefficient(sqrt(pev)), pev = by_coefficient(pev),
    reliability = by_coefficient(reliability)
  )
  rows$accuracy <- sqrt(rows$reliability)
  rows
}

# The number of the term: a label, or by default the first with a relationship.
find_term <- function(fit, term) {
  if (!is_mixed(fit)) abort_no_random("`reliability()`")
  if (is.null(term)) {
    related <- vapply(fit$random, `[[`, NA, "related")
    return(if (any(related)) which(related)[1L] else 1L)
  }
  if (!is.character(term) || length(term) != 1L) {
    abort_argument("term", term, "the label of one random term")
  }
  found <- match(term, term_labels(fit))
  if (is.na(found)) abort_term("term", term, unique(term_labels(fit)))
  found
}
