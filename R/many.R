# One model for many responses.

#' Fit one model to many responses
#'
#' The same model for each column of `Y`, as for thousands of genes, metabolites or simulated data
#' sets on one design: formula, factors and columns are read once, then each response has its own
#' variances, effects and tests, just as [lmmfit()] gives them. A fit that fails is kept with its
#' reason and stops nothing.
#'
#' Responses are fitted on the workers of `future::plan()` where there is a plan and future.apply is
#' installed, with the same result on any number of them.
#'
#' @param Y The responses: a numeric matrix or data frame with a row for each row of `data` and a
#'   column, named, for each response. Missing values leave that record out of that response.
#' @param formula The right side of a model of [lmmfit()]: `~ treatment + age + (1 | donor)`.
#' @param data A data frame.
#' @param residual,method,weights,hold,start,tie,bounds,contrasts,control As in [lmmfit()], the same
#'   for all; `weights` also a matrix like `Y`, with weights of each response. Not by `"Bayes"`.
#' @param K Hypotheses as in [contest()], tested for each response: its rows, and together.
#' @param ddf,information As in [contest()].
#' @param progress `TRUE` shows a bar; by default in an interactive session.
#' @param directory A directory in which finished parts are kept: after an interrupt the same call
#'   goes on where it was. It is made if need be; remove it at the end.
#' @param ... Nothing more: what is not an argument is an error.
#' @return An object of class `lmmfit_many`, a list of data frames:
#' * `effects`: `response`, `term`, `estimate`, `se`, `df`, `statistic`, `p.value`;
#' * `variances`: `response`, `parameter`, `estimate`, `status`;
#' * `fits`: `response`, `n`, `minus2loglik`, `status` (`"converged"`, another end of the search, or
#'   `"failed"`) and `message`, what went wrong or was warned of;
#' * with `K`, `contrasts` (as `effects`, with `row`) and `joint` (`response`, `F`, `ndf`, `ddf`,
#'   `p.value`).
#'
#' `as.data.frame()` gives the effects, `tidy()` and `glance()` the first and third in broom's
#' names. For everything else of one response fit it by [lmmfit()].
#' @references Hoffman, G. E. and Roussos, P. (2021) Dream: powerful differential expression
#'   analysis for repeated measures designs. Bioinformatics 37, 192-201.
#' @seealso [power_curve()], `stats::p.adjust()`.
#' @examples
#' set.seed(1)
#' design <- data.frame(donor = gl(20, 3), tissue = gl(3, 1, 60), age = rep(rnorm(20), each = 3))
#' Y <- matrix(rnorm(60 * 50), 60, dimnames = list(NULL, paste0("gene", 1:50))) +
#'   matrix(rnorm(20 * 50), 20)[design$donor, ]
#' many <- lmmfit_many(Y, ~ tissue + age + (1 | donor), design, K = c("tissue2", "tissue3"))
#' many
#' head(many$joint)
#' @export
lmmfit_many <- function(Y, formula, data, residual = ~iid, method = "REML", weights = NULL,
                        hold = NULL, start = NULL, ddf = "Satterthwaite", K = NULL,
                        information = NULL, contrasts = NULL, control = lmm_control(), tie = NULL,
                        bounds = NULL, progress = someone_waits(), directory = NULL, ...) {
  check_given(Y, formula, data, ...)
  if (!is.data.frame(data)) abort_argument("data", class(data)[1L], "a data frame")
  check_front_door(data, control)
  Y <- check_responses(Y, nrow(data))
  weights <- check_many_weights(weights, Y)
  check_flag(progress, "progress")
  directory <- check_directory(directory)
  asked <- list(hold = hold, start = start, tie = tie, bounds = bounds)
  model_for <- model_builder(many_formula(formula), data, residual, many_method(method), asked,
    check_contrasts(contrasts))
  # What is wrong with the model is told before anything is fitted.
  model <- model_for(as.double(seq_len(nrow(data))), if (is.matrix(weights)) NULL else weights)
  if (!is.null(K)) K <- as_hypotheses(K, model$design$fixed$names)
  settings <- many_settings(ddf, information, control, K)
  key <- list(deparse_one(formula), data, deparse_one(residual), method, asked, contrasts, settings)
  found <- fit_many(Y, weights, model_for, settings, progress, directory, key)
  structure(found, call = match.call(), formula = formula, method = model$spec$method,
    ddf = settings$ddf, class = "lmmfit_many")
}

# A function of a response and weights that makes their model. It holds what it needs alone: it goes
# to other processes.
model_builder <- function(formula, data, residual, method, asked, contrasts) {
  data <- as.data.frame(data)
  row.names(data) <- NULL
  formula <- with_own_objects(formula, names(data))
  if (inherits(residual, "formula")) residual <- with_own_objects(residual, names(data))
  force(method)
  force(asked)
  force(contrasts)
  function(y, weights) {
    data[[response_name]] <- y
    parts <- parse_formula(formula, data, residual, NULL)
    with_solver(build_model(parts, new_frame(parts, data, weights), method, contrasts, asked),
      lmm_control(solver = "factor"))
  }
}

# The formula with an environment of just the objects of the session that it uses, as other
# processes do not have them.
with_own_objects <- function(formula, columns) {
  env <- environment(formula) %||% globalenv()
  own <- new.env(parent = globalenv())
  for (name in setdiff(all.names(formula, unique = TRUE), columns)) {
    if (is_own_object(name, env)) assign(name, get(name, env), own)
  }
  environment(formula) <- own
  formula
}

# Whether a name is found before the packages.
is_own_object <- function(name, env) {
  while (!identical(env, emptyenv()) && !exists(name, env, inherits = FALSE)) env <- parent.env(env)
  of_package <- isNamespace(env) || identical(env, baseenv()) || identical(env, emptyenv()) ||
    startsWith(environmentName(env), "package:")
  !of_package
}

# effects: whether each fixed effect and row of K is tested, or K as a whole alone.
many_settings <- function(ddf, information, control, K = NULL, effects = TRUE) {
  control$trace <- control$progress <- FALSE
  list(ddf = as_ddf(ddf), information = information, control = control, K = K, effects = effects)
}

response_name <- ".response"

many_formula <- function(formula) {
  if (!inherits(formula, "formula")) {
    abort_argument("formula", formula, "the right side of a model, such as `~ x + (1 | g)`")
  }
  if (length(formula) == 3L) abort_many_response(deparse_one(formula[[2L]]))
  made <- stats::as.formula(call("~", as.name(response_name), formula[[2L]]))
  environment(made) <- environment(formula)
  made
}

many_method <- function(method) {
  method <- check_method(method)
  if (method == "Bayes") abort_many_bayes()
  method
}

# A numeric matrix with a row for each record and a name for each column.
check_responses <- function(Y, n) {
  if (is.data.frame(Y) && all(vapply(Y, is.numeric, NA))) Y <- as.matrix(Y)
  if (!is.matrix(Y) || !is.numeric(Y)) {
    abort_argument("Y", class(Y)[1L], "a numeric matrix or data frame, a column for each response")
  }
  if (nrow(Y) != n) abort_many_rows(nrow(Y), n, ncol(Y) == n)
  if (ncol(Y) == 0L) abort_argument("Y", Y, "a matrix with columns")
  if (is.null(colnames(Y))) colnames(Y) <- paste0("y", seq_len(ncol(Y)))
  twice <- anyDuplicated(colnames(Y))
  if (twice > 0L) abort_many_names(colnames(Y)[twice])
  Y
}

# NULL, a vector, or a matrix like Y.
check_many_weights <- function(weights, Y) {
  if (is.null(weights)) return(NULL)
  if (is.data.frame(weights)) weights <- as.matrix(weights)
  fits <- if (is.matrix(weights)) identical(dim(weights), dim(Y)) else length(weights) == nrow(Y)
  if (!is.numeric(weights) || !fits) {
    abort_argument("weights", weights,
      paste("a number for each of", nrow(Y), "records, or for each record and response"))
  }
  weights
}
