#' Fit a linear mixed model
#'
#' Fits \eqn{y = X\beta + Zu + e}{y = Xb + Zu + e} with \eqn{u \sim N(0, G)}{u ~ N(0, G)} and
#' \eqn{e \sim N(0, R)}{e ~ N(0, R)} through Henderson's mixed model equations. The variances are
#' estimated by REML, maximum likelihood or analysis of variance, or held at known values.
#'
#' # Formula
#'
#' Random terms are added to the fixed ones as `(coefficients | group)`, as in lme4, or as
#' `structure(coefficients | group)`:
#'
#' * `(1 | g)`: a random intercept for each level of `g`.
#' * `(1 + x | g)`, the same as `us(1 + x | g)`: intercept and slope with their covariance.
#' * `(1 + x || g)`, the same as `diag(1 + x | g)`: without their covariance.
#' * `diag(env | g)`: a variance for each level of the factor `env`. Inside a *named* structure a
#'   bare factor means its levels; a model formula such as `0 + env` means its columns.
#' * `(1 | a/b)` is `(1 | a) + (1 | b:a)`; `(1 | b:a)` has a level for each combination with
#'   records.
#' * `(1 | units)`: a level for each record, unless there is a column of this name: an error of
#'   measurement beside correlated residuals.
#' * `(1 | gr(g, cov = K))`: related levels, see [gr()].
#' * `(1 | mm(p1, p2))`: several levels that add up, see [mm()]; `snp(M)`: markers, see [snp()].
#' * `x + spl(x)`: a smoothing spline, see [spl()]; `col * row + spl2(col, row)`: a smooth surface,
#'   see [spl2()].
#'
#' A model without random terms is fitted by least squares. Columns of X that depend on the others
#' are dropped, and their effects reported as `NA`.
#'
#' # Residuals
#'
#' `residual` is one formula `~ structure(index | subject)`: the residuals of a subject are
#' correlated, those of different subjects are independent. The index says which record of a
#' subject is which; two records of a subject at one index are an error. Records may be missing, and
#' may stand in any order.
#'
#' * `~ iid`: independent, with one variance (the default).
#' * `~ us(visit | id)`, `cs`, `ar1`, `toep`, `exp`, ...: repeated measures, see [structures].
#'   Numbers in `ar1` keep their lags (visits 1, 2, 4); the other structures of an order take the
#'   distinct values as equally spaced, with a warning where they are not. `exp`, `gau` and `matern`
#'   use distances: `~ exp(time | id)`, `~ exp(x + y | field)`. `~ cs(1 | id)` needs no index.
#' * `~ us(visit | arm / id)`: a set of parameters for each arm.
#' * `~ diag(env)`: independent, with a variance for each level of `env`.
#' * `~ loglin(x + z)`: independent, with the logarithm of the variance linear in covariates.
#' * `~ ar1(row):ar1(col)`: a field, whose plots without a record may be missing from `data`; with
#'   several trials `~ ar1(row):ar1(col) | trial`, or `| trial / 1` for parameters by trial.
#' * `list(env = list(A = ~ ar1(row):ar1(col), B = ~ iid))`: a structure for each level of a factor.
#'   `list(env = ~ ar1(row):ar1(col))` has the same one for all, with parameters by level.
#'
#' The parameters are named `residual`, `residual.<level>`, `residual.<level>.<level>` for a
#' covariance, `residual.variance`, `residual.rho`, `residual.row.rho` and so on, with the level of
#' a group after the first word. Known sampling variances are weights with `hold = c(residual = 1)`.
#' A random intercept of the subject is part of `us`, `cs` and `toep`, and refused beside them.
#'
#' # Several responses
#'
#' In `cbind(wwt, ywt) ~ sex + (1 | gr(animal, pedigree = ped))` each value is a record; a row may
#' lack some of them. The factor `trait` has a level for each response, and `unit` is the row. A
#' fixed part that does not mention `trait` has its effects for each trait
#' (`0 + trait + trait:sex`), and a random term that does not has its coefficients for each trait,
#' correlated (`0 + trait`); what mentions it is taken as written. The default residual is `~
#' us(trait | unit)`. `fitted()`, `residuals()` and `predict()` have a value for each record, named
#' `row:trait`.
#'
#' # Other grammars
#'
#' What is written for lme4 or nlme is understood where there is one meaning, and a message says how
#' it was read: `REML = FALSE`, `offset =`, `verbose =`, `family = gaussian()`; `fixed =` with
#' `random = ~ 1 + x | g` or `random = list(g = pdDiag(~ x))`, `correlation = corAR1(form = ~ t |
#' g)`, `weights = varIdent(form = ~ 1 | s)` or `varExp(form = ~ x)`; `ginverse = list(animal =
#' Ainv)`. So is the grammar of ASReml, `lmmfit(fixed = yield ~ env, random = ~ fa(env, 2):vm(gen,
#' G) + at(env):block, residual = ~ dsum(~ ar1(row):ar1(col) | env), data = d)`; see
#' [in_henderson()]. What cannot be had is an error that says what to write instead.
#'
#' @param formula A formula: response, fixed effects and random terms. `.` stands for every column
#'   of `data` but the response and the grouping factors.
#' @param data A data frame with the variables of the formula, or a table of a database, whose
#'   records stay there: see [databases].
#' @param residual A one-sided formula with the structure of the residuals, `~ iid` or
#'   `~ structure(index | subject)`, or a list of such formulas by level of a factor: see below.
#' @param method `"REML"`, `"ML"`, `"Bayes"` (see [bayes]) or `"ANOVA"`: Henderson's Method 3, which
#'   equates reductions in sums of squares to their expectations, see [anova_table()]. It is for
#'   independent random terms with one coefficient each. Negative estimates are reported as they
#'   come out, unless `lmm_control(truncate = TRUE)`; BLUE and BLUP are then made with 0 in their
#'   place.
#' @param weights Weights > 0, evaluated in `data`: the variance of the residual of a record is the
#'   residual variance divided by its weight.
#' @param hold Known values of variance parameters: a numeric vector with the names that
#'   [varcomp()] prints, as in `c(residual = 1)`. The others are estimated; of a covariance matrix
#'   that is held in part, among all that have these values, singular ones too. Values that no
#'   covariance matrix has are an error.
#' @param start Starting values, named in the same way. By default they come from the data.
#' @param prior,draws,seed,sampler,chains Of `method = "Bayes"` only, see [bayes]: priors by
#'   [lmm_prior()]; the number of draws, by default 4000, or the precision that they must have; a
#'   whole number that makes them reproducible; `"importance"`, `"hmc"` or `"gibbs"`, by default
#'   chosen; and the number of chains of the last two, by default 4.
#' @param tie,bounds Ties and bounds of variance parameters, see [constraints]:
#'   `tie = ~ residual.A == residual.B`, `bounds = list(id.rho = c(0, 0.9))`.
#' @param ddf Degrees of freedom of tests and intervals of the fixed effects: `"Satterthwaite"`,
#'   `"Kenward-Roger"`, `"Kenward-Roger2"`, `"residual"` or `"none"`, see [contest()]. They are
#'   computed when they are asked for, and can be chosen there again.
#' @param subset Records to use, evaluated in `data`.
#' @param na.action What to do with missing values, by default `getOption("na.action")`. With
#'   `na.exclude`, `fitted()` and `residuals()` have an `NA` for each record left out.
#' @param na_random What to do with a record that has no level of a grouping factor (an unknown dam,
#'   a check without a genotype): `"drop"` leaves it out, `"zero"` gives it no effect of that term.
#' @param contrasts A named list of contrasts for factors, as in [stats::lm()].
#' @param control Settings of the maximiser, see [lmm_control()].
#' @param ... Arguments as other packages call them, see the section on other grammars; anything
#'   else is an error.
#' @return A list of class `lmmfit`. Extract from it with [varcomp()], [fixef()], [ranef()],
#'   [summary()][summary.lmmfit], [predict()][predict.lmmfit] and the other methods; it can be
#'   saved by [saveRDS()].
#' @seealso [mme()] for the mixed model equations of a fit.
#' @examples
#' fit <- lmmfit(distance ~ age * Sex + (1 + age | Subject), nlme::Orthodont)
#' fit
#' varcomp(fit)
#'
#' # Known variances: BLUE and BLUP
#' lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont, hold = c(Subject = 4, residual = 2))
#'
#' # Repeated measures: a covariance matrix for each sex
#' lmmfit(distance ~ age * Sex, nlme::Orthodont, residual = ~ ar1(age | Sex / Subject))
#'
#' # Known sampling variances: a meta-analysis
#' trials <- data.frame(study = factor(1:6), effect = c(0.3, 0.5, 0.1, 0.6, 0.2, 0.4),
#'   variance = c(0.02, 0.05, 0.01, 0.08, 0.03, 0.02))
#' lmmfit(effect ~ 1 + (1 | study), trials, weights = 1 / variance, hold = c(residual = 1))
#'
#' # Two responses
#' lmmfit(cbind(birth, weaning) ~ sex + year + (1 | dam), lambs)
#' @export
lmmfit <- function(formula, data = NULL, residual = ~iid, method = "REML", weights = NULL,
                   hold = NULL, start = NULL, ddf = "Satterthwaite", subset = NULL,
                   na.action = NULL, contrasts = NULL, control = lmm_control(), tie = NULL,
                   bounds = NULL, na_random = c("drop", "zero"), prior = NULL, draws = NULL,
                   seed = NULL, sampler = NULL, chains = NULL, ...) {
  call <- match.call()
  own <- setdiff(names(formals(sys.function())), "...")
  if (is_foreign_call(call, own, parent.frame())) {
    return(eval(native_call(call, parent.frame(), own), parent.frame()))
  }
  if (missing(formula)) abort_missing_formula()
  if (inherits(data, "formula") && is.data.frame(formula)) abort_swapped()
  check_front_door(data, control)
  method <- check_method(method)
  if (method == "Bayes" && !missing(ddf)) abort_bayes_ddf()
  ddf <- as_ddf(ddf)
  na_random <- check_choice(na_random, c("drop", "zero"), "na_random")
  formula <- check_formula(formula, parent.frame())
  in_database <- is_database(data)
  if (in_database) check_in_database(method, formula)
  if (is_batched(data)) data <- batches_of(data)
  residual <- if (missing(residual)) default_residual(formula) else
    given_residual(substitute(residual), residual, parent.frame())
  input <- c(list(formula = formula, residual = residual),
    records_of(data, list(weights = substitute(weights), subset = substitute(subset)),
      environment(formula)))
  if (is_multitrait(formula)) input <- stack_traits(input)
  parts <- parse_formula(input$formula, input$data, input$residual, input$traits)
  frame <- if (in_database) {
    new_database_frame(parts, data, list(sample = input$data, weights = input$weights,
      subset = input$subset, na_action = na.action, na_random = na_random,
      memory = memory_limit(control)))
  } else {
    new_frame(parts, input$data, input$weights, input$subset, na.action, na_random)
  }
  model <- build_model(parts, frame, method, check_contrasts(contrasts),
    list(hold = hold, start = start, tie = tie, bounds = bounds))
  model$bayes <- bayes_settings(
    list(prior = prior, draws = draws, seed = seed, sampler = sampler, chains = chains,
      keep_effects = if (control$keep_effects) TRUE), method, model)
  if (isTRUE(control$only_cost)) return(model_cost(model, control))
  model <- with_solver(model, control)
  if (isTRUE(control$only_model)) return(list(model = model, ddf = ddf))
  est <- estimate(model, control)
  new_lmmfit(call, model, est, control, ddf)
}

check_in_database <- function(method, formula) {
  if (method == "Bayes") abort_database_bayes()
  if (is_multitrait(formula)) abort_database_traits()
}

# Data, weights and subset; of a table of a database a sample, and the expressions as they stand.
records_of <- function(data, given, env) {
  if (is_database(data)) return(c(list(data = sampled_records(data)), given))
  list(data = data, weights = evaluate_in(given$weights, data, env, "weights"),
    subset = evaluate_in(given$subset, data, env, "subset"))
}

check_front_door <- function(data, control) {
  if (is_database(data)) check_database_packages()
  if (is_batched(data)) check_batch_packages()
  is_known <- is.null(data) || is.list(data) || is.environment(data) || is_batched(data)
  if (!is_known) abort_data(data)
  if (!is_control(control)) abort_control(control)
}

check_contrasts <- function(contrasts) {
  if (is.null(contrasts)) return(NULL)
  if (!is.list(contrasts)) contrasts <- as.list(contrasts)
  if (!has_names(contrasts)) {
    abort_argument("contrasts", contrasts, "a list named by factors")
  }
  contrasts
}

check_subset <- function(value) {
  of_one_sign <- is.numeric(value) && length(unique(sign(value[!is.na(value) & value != 0]))) < 2L
  known <- is.logical(value) || is.character(value) || of_one_sign
  if (is.null(value) || known && is.null(dim(value))) return(invisible())
  abort_argument("subset", value, "a logical vector, or numbers or names of records")
}

# The value of an argument that may use the columns of the data, as stats::lm() evaluates it.
evaluate_in <- function(expression, data, env, argument) {
  if (is.null(expression)) return(NULL)
  check_variables(looked_up(expression), data, env, argument)
  value <- tryCatch(eval(expression, data, env), error = function(e) {
    abort_evaluation(argument, conditionMessage(e))
  })
  if (argument == "subset") check_subset(value)
  if (argument == "weights") value <- plain_weights(value)
  if (argument == "weights" && !is.null(value) && (!is.numeric(value) || length(dim(value)) > 1L)) {
    abort_weights_type(value)
  }
  if (argument == "subset" && is.logical(value) && anyNA(value)) value <- value & !is.na(value)
  value
}
