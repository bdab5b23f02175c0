#' Means of factors, fixed and random
#'
#' Predicted means for the levels of some factors, averaged over the levels of the others: adjusted
#' or least-squares means of fixed factors (`LSMEANS` of SAS, emmeans), and predictions of random
#' ones (`predict(classify = )` of ASReml). `predict(fit, classify = ~ line)` is the same function.
#'
#' # What is averaged
#'
#' The means are those of a table of cells (Gilmour et al. 2004): the variables of `specs` by all
#' others of the fixed part, which are averaged over. A covariate is at its mean, and an offset too.
#' Numbers that a factor is made of in the formula (`factor(year)`, `cut(age, 3)`) have the values
#' of the records, as in emmeans; they are crossed with the other factors as the formula crosses
#' them. (Where each value has records with one level of a factor alone, emmeans takes it as nested
#' in that and says so; `nesting = NULL` there gives the means of here.)
#'
#' A factor that is nested in another (`trt / clinic`: it is in no term without it, and each of its
#' levels has records with one level of the other) is averaged within the levels of that.
#'
#' Variables of random terms alone are not in the table unless they are in `specs` or `average`.
#' A random term is part of the means where its levels can be told by the table and some of its
#' variables are not in the fixed part; the others count as 0, as for a new level. So the means of a
#' fixed factor are about the population of blocks, unless `average = "block"`; those of
#' `~ line` include `(1 | line)`, and `(1 | env:line)` averaged over the environments, unless
#' `ignore = "env:line"`. Of `mm(p1, p2)` the members count that are in the table. Smooth curves and
#' surfaces are always part of them, at the values of their variables.
#'
#' @param fit A fit by [lmmfit()].
#' @param specs A formula or names of variables: `~ trt`, `~ trt | visit`, `~ env:line` and
#'   `c("trt", "visit")` give a mean for each combination, `~ 1` the mean over all. Comparisons are
#'   made within the levels of what stands after `|`.
#' @param at A named list of values of variables. By default a factor has all its levels, and a
#'   covariate its mean over the records.
#' @param weights How levels that are averaged over count: `"equal"`, or `"proportional"` to their
#'   numbers of records.
#' @param average Names of further variables to average over, or a list of weights named by
#'   variables: by level, as in `list(nitro = c("0" = 0.5, "0.6" = 0.5))`, or one for each level in
#'   their order.
#' @param use,ignore Labels of random terms (as [varcomp()] has them) that are to be part of the
#'   means, or not to be.
#' @param only Labels of terms, fixed and random (`"(Intercept)"` too), that alone make the means,
#'   as in ASReml: of a random term by itself its effects.
#' @param present `TRUE` averages only over the combinations of factors that have records; names of
#'   factors, over the combinations of these that have.
#' @param level Confidence level.
#' @param ddf,information See [contest()]. Means with random effects for more than 256 levels have
#'   `ddf = "none"` unless it is given.
#' @param ... Nothing more: what is not an argument is an error.
#' @return A data frame of class `marginal_means` with the variables of `specs`, `estimate`, `se`,
#'   `df`, `lower`, `upper` and `estimable`; `NA` where a mean is not estimable, of which the
#'   printed table gives the reason. The standard errors of means with random effects are those of
#'   the prediction error. `vcov()` gives the whole covariance, [sed()] and [lsd()] the standard
#'   errors and least significant differences of pairs, [pairs()][mean-contrasts] and others
#'   compare. The attributes `K` and `L` have the linear functions of fixed and random effects, for
#'   [contest()].
#' @references Gilmour, A. R., Cullis, B. R., Welham, S. J., Gogel, B. J. and Thompson, R. (2004)
#'   Computational Statistics & Data Analysis 44, 571-586.
#' @examples
#' fit <- lmmfit(yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats)
#' marginal_means(fit, ~ Variety)
#' marginal_means(fit, ~ Variety | nitro, at = list(nitro = c(0, 0.6)))
#' # The means in these six blocks
#' marginal_means(fit, ~ Variety, average = "Block")
#'
#' # Random varieties
#' fit <- lmmfit(yield ~ factor(nitro) + (1 | Variety) + (1 | Block), nlme::Oats)
#' predict(fit, classify = ~ Variety)
#' @export
marginal_means <- function(fit, specs, at = list(), weights = c("equal", "proportional"),
                           average = NULL, use = NULL, ignore = NULL, present = FALSE,
                           level = 0.95, ddf = NULL, information = NULL, only = NULL, ...) {
  check_given(fit, specs)
  check_fit(fit, "fit")
  check_unused(...)
  choices <- list(at = at, weights = check_choice(weights, c("equal", "proportional"), "weights"),
    average = average, use = use, ignore = ignore, present = present, only = only,
    variables = mean_variables(fit))
  check_present(present, choices$variables)
  level <- check_level(level)
  wanted <- spec_names(specs, names(choices$variables))
  check_mean_choices(choices)
  check_only(only, fit)
  plan <- mean_plan(fit, wanted$names, choices)
  functions <- mean_functions(fit, plan)
  if (is_bayes(fit)) {
    if (!is.null(ddf) || !is.null(information)) abort_bayes_ddf()
    return(posterior_means(fit, plan, functions, wanted$by, level))
  }
  if (is.null(ddf) && !is.null(functions$L) && nrow(functions$K) > most_mean_tests) ddf <- "none"
  ddf <- check_ddf(fit, ddf)
  information <- check_information(information, ddf)
  moments <- mean_moments_of(fit, functions, ddf, information)
  moments <- with_df(moments, df_of_variables(fit, ddf, wanted$names))
  new_means(fit, plan, functions, moments, wanted$by, level)
}

# So many means have degrees of freedom of their own by default where they are predictions.
most_mean_tests <- 256L

# A whole covariance of n means over m effects is made where n m, the numbers of their functions,
# and n^2 m, the work, are at most these.
most_mean_numbers <- 5e7
most_mean_work <- 2e10

check_mean_choices <- function(choices) {
  known <- names(choices$variables)
  if (!is.list(choices$at) || length(setdiff(names(choices$at), known)) > 0L ||
        length(choices$at) > 0L && is.null(names(choices$at))) {
    abort_argument("at", names(choices$at), paste("a list named by variables:", toString(known)))
  }
  unknown <- setdiff(average_names(choices$average), known)
  if (length(unknown) > 0L) {
    abort_argument("average", unknown, paste("names of variables:", toString(known)))
  }
}

mean_columns <- c("estimate", "se", "df", "lower", "upper", "estimable")

# list(names, by) of a formula or names; `argument` is what the user calls them.
spec_names <- function(specs, known, argument = "specs") {
  by <- character()
  if (inherits(specs, "formula")) {
    right <- specs[[length(specs)]]
    if (identical(right, 1)) return(list(names = character(), by = by))
    if (is_bar(right)) by <- all.vars(right[[3L]])
    specs <- all.vars(right)
  } else if (is.character(specs)) {
    whole <- specs %in% known
    specs <- unlist(ifelse(whole, as.list(specs), strsplit(specs, ":", fixed = TRUE)))
  }
  if (!is.character(specs) || length(specs) == 0L) {
    abort_specs(argument, "must name variables of the model", "Write {.code ~ trt | visit}.")
  }
  taken <- intersect(specs, mean_columns)
  if (length(taken) > 0L) {
    abort_specs(argument, paste0("names \"", taken[1L], "\", as a column of the means is called"),
      "Give that variable another name.")
  }
  unknown <- setdiff(specs, known)
  if (length(unknown) > 0L) {
    abort_specs(argument, paste0("names \"", unknown[1L], "\", which is not in the model"),
      "The variables are {.val {known}}.")
  }
  list(names = unique(specs), by = by)
}

# What tests of the means need (see test_moments()), over all means: NA for those that are not
# estimable. Without the whole covariance where that is too large.
mean_moments_of <- function(fit, functions, ddf, information) {
  estimable <- estimable_rows(fit, functions$K) & !functions$empty
  kept <- !is.na(fit$fixed$estimate)
  K <- functions$K[estimable, kept, drop = FALSE]
  L <- if (!is.null(functions$L)) functions$L[estimable, , drop = FALSE]
  n <- sum(estimable)
  value <- variance <- df <- rep.int(NA_real_, length(estimable))
  value[estimable] <- as.vector(K %*% fit$fixed$estimate[kept]) + random_values(fit, L) +
    functions$offset[estimable]
  moments <- list(ddf = ddf, information = if (needs_derivatives(fit, ddf)) information,
    estimable = unname(estimable), value = value)
  new <- functions$new[estimable]
  numbers <- as.double(n) * (ncol(K) + n_random_effects(fit))
  if (numbers > most_mean_numbers || n * numbers > most_mean_work) {
    variance[estimable] <- effect_covariance(fit, engine_columns(fit, K, L), diagonal = TRUE) +
      new
    df[estimable] <- simple_df(fit, "none")
  } else if (n > 0L) {
    whole <- test_moments(fit, K, ddf, information, L)
    kept <- intersect(c("covariance", "gradients", "w", "df_of"), names(whole))
    moments <- c(moments, whole[kept],
      list(K = K, used = as.matrix(whole$used) + diag(new, n)), list(simple = simple_df(fit, ddf)))
    variance[estimable] <- diag(moments$used)
    df[estimable] <- vapply(seq_len(n), function(i) row_df(fit, whole, i, ddf), 0)
  }
  df[functions$new > 0 & estimable] <- Inf
  moments$se <- sqrt(pmax(variance, 0))
  moments$df <- df
  moments
}

# Means, and their comparisons, with the degrees of freedom of their term.
with_df <- function(moments, df) {
  if (is.null(df)) return(moments)
  moments$df[is.finite(moments$df)] <- df
  moments$df_of <- function(K) rep.int(df, nrow(K))
  moments
}

new_means <- function(fit, plan, functions, moments, by, level) {
  # What is known, as effects of variance zero, has no degrees of freedom.
  half <- ifelse(moments$se == 0, 0, stats::qt(1 - (1 - level) / 2, moments$df) * moments$se)
  table <- data.frame(plan$cells, estimate = moments$value, se = moments$se, df = moments$df,
    lower = moments$value - half, upper = moments$value + half, estimable = moments$estimable,
    check.names = FALSE)
  row.names(table) <- NULL
  gaps <- which(!moments$estimable)
  why <- vapply(utils::head(gaps, 5L), function(i) {
    if (functions$empty[i]) "no records" else functions$why(i)
  }, "")
  moments$cells <- cell_names(plan$cells)
  structure(table, class = c("marginal_means", "data.frame"), K = functions$K, L = functions$L,
    moments = moments, variables = names(plan$cells), by = by, level = level,
    why = stats::setNames(why, moments$cells[utils::head(gaps, 5L)]),
    over = over_text(plan), random = term_labels(fit)[plan$terms],
    response = deparse_one(fit$parts$response))
}

# Of a fit by Bayes: posterior means, standard deviations and intervals.
posterior_means <- function(fit, plan, functions, by, level) {
  found <- contest_posterior(fit, functions$K, 0, functions$L, level)$table
  found$estimable <- found$estimable & !functions$empty
  shift <- ifelse(found$estimable, functions$offset, NA)
  moments <- list(ddf = "none", estimable = found$estimable, value = found$estimate + shift,
    se = found$se, df = ifelse(found$estimable, Inf, NA))
  means <- new_means(fit, plan, functions, moments, by, level)
  means$lower <- found$lower + shift
  means$upper <- found$upper + shift
  attr(means, "moments")$quantiles <- "posterior quantiles"
  means
}

# What was averaged over, and where covariates stand.
over_text <- function(plan) {
  over <- plan$over
  if (!is.null(plan$choices$only)) {
    used <- lapply(plan$choices$only, function(label) all.vars(str2lang(label)))
    over <- intersect(over, unlist(used))
  }
  factors <- counted_variables(plan, over)
  asked <- names(plan$choices$at)[lengths(plan$choices$at) == 1L]
  factors <- setdiff(factors, asked)
  at <- vapply(setdiff(over, factors), function(name) {
    paste(name, "=", toString(format(plan$values[[name]], digits = 5L)))
  }, "")
  how <- if (plan$choices$weights == "proportional") " (by numbers of records)" else
    if (is.list(plan$choices$average)) " (by the weights given)" else ""
  c(if (length(factors) > 0L) paste0("averaged over ", toString(factors), how),
    if (length(at) > 0L) paste("at", toString(at)))
}
