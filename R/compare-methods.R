#' Methods of estimating variances, side by side
#'
#' Fits one model by several methods: analysis of variance (Henderson's Method 3), ML, REML, Bayes.
#'
#' @param formula,data As in [lmmfit()].
#' @param methods The methods, in the order of the columns. A method that cannot fit the model has
#'   `NA`, and the reason is printed. Of `"Bayes"` the estimates are posterior means, the standard
#'   errors posterior standard deviations. By default all but Bayes, which comes to them where one
#'   of its arguments is given.
#' @param ... Further arguments of [lmmfit()], the same for all methods; `prior`, `draws`, `seed`,
#'   `sampler` and `chains` are for `"Bayes"` alone.
#' @return A list of class `compare_methods` with the data frames `variances` and `fixed` (an
#'   estimate and a standard error for each method, in columns such as `REML` and `se_REML`), the
#'   `criterion` (-2 log-likelihood), the `fits` and the `reasons` of those that failed.
#' @seealso [anova_table()], [compare_stages()]
#' @examples
#' both <- compare_methods(yield ~ nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats)
#' both
#' plot(both)
#' @export
compare_methods <- function(formula, data = NULL, methods = c("ANOVA", "ML", "REML"), ...) {
  check_given(formula)
  own <- list(...)
  if (missing(methods) && any(bayes_arguments %in% names(own))) methods <- c(methods, "Bayes")
  check_names(methods, "methods", "names of methods")
  if (length(methods) == 0L) abort_argument("methods", methods, "names of methods")
  methods <- unique(vapply(methods, check_choice, "", names(estimation_methods), "methods",
    USE.NAMES = FALSE))
  if (!"Bayes" %in% methods) {
    used <- intersect(names(own), bayes_arguments)
    if (length(used) > 0L) abort_bayes_argument(used[1L], methods[1L])
  }
  fits <- lapply(methods, function(method) {
    more <- if (method == "Bayes") own else own[setdiff(names(own), bayes_arguments)]
    tryCatch(do.call(lmmfit, c(list(formula, data, method = method), more)),
      henderson_error = identity)
  })
  names(fits) <- methods
  failed <- vapply(fits, inherits, NA, "error")
  if (all(failed)) stop(fits[[length(fits)]])
  reasons <- vapply(fits[failed], conditionMessage, "")
  fits <- fits[!failed]
  structure(
    list(
      formula = fits[[1L]]$formula, methods = methods,
      variances = method_table(fits, methods, function(fit) varcomp(fit), "parameter"),
      fixed = method_table(fits, methods, function(fit) {
        data.frame(effect = fit$fixed$names, estimate = fit$fixed$estimate, se = fit$fixed$se)
      }, "effect"),
      criterion = vapply(fits, `[[`, 0, "minus2loglik"), fits = fits, reasons = reasons
    ),
    class = "compare_methods"
  )
}

method_table <- function(fits, methods, read, key) {
  tables <- lapply(fits, read)
  names <- unique(unlist(lapply(tables, `[[`, key)))
  table <- data.frame(names)
  names(table) <- key
  for (method in methods) {
    own <- tables[[method]]
    at <- if (is.null(own)) rep(NA_integer_, length(names)) else match(names, own[[key]])
    table[[method]] <- if (is.null(own)) NA_real_ else own$estimate[at]
    table[[paste0("se_", method)]] <- if (is.null(own)) NA_real_ else own$se[at]
  }
  table
}

#' @rdname compare_methods
#' @param x A comparison.
#' @method print compare_methods
#' @export
print.compare_methods <- function(x, ...) {
  check_unused(...)
  cat(strwrap(deparse_one(x$formula), exdent = 4L), sep = "\n")
  cat("\nVariance parameters (standard errors beside them)\n")
  print_table(method_columns(x$variances, x$methods))
  cat("\nFixed effects\n")
  print_table(method_columns(utils::head(x$fixed, 40L), x$methods))
  likelihood <- setdiff(names(x$criterion), c("ANOVA", "Bayes"))
  if (length(likelihood) > 0L) {
    cat("\n-2 log-likelihood: ", paste(likelihood,
      formatC(x$criterion[likelihood], format = "f", digits = 3L), collapse = ", "), "\n", sep = "")
  }
  for (method in names(x$reasons)) cat("\n", method, ": ", x$reasons[[method]], "\n", sep = "")
  invisible(x)
}

method_columns <- function(table, methods) {
  columns <- list(table[[1L]])
  names(columns) <- " "
  for (k in seq_along(methods)) {
    columns[[methods[k]]] <- format_numbers(table[[methods[k]]])
    se <- table[[paste0("se_", methods[k])]]
    columns[[paste0(strrep(" ", k), "SE")]] <- format_numbers(se, 4L)
  }
  columns
}

#' @rdname compare_methods
#' @param what Which estimates to draw: `"variances"`, with intervals on the scale of their
#'   logarithms, or `"fixed"`. The intervals of Bayes are those between posterior quantiles.
#' @method plot compare_methods
#' @export
plot.compare_methods <- function(x, what = c("variances", "fixed"), ...) {
  what <- check_choice(what, c("variances", "fixed"), "what")
  draw_estimates(method_estimates(x, what), ...)
  invisible(x[[what]])
}

#' @rdname compare_methods
#' @param object A comparison.
#' @rawNamespace S3method(ggplot2::autoplot, compare_methods)
autoplot.compare_methods <- function(object, what = c("variances", "fixed"), ...) {
  check_unused(...)
  what <- check_choice(what, c("variances", "fixed"), "what")
  estimates_ggplot(method_estimates(object, what))
}

method_estimates <- function(x, what) {
  table <- x[[what]]
  shown <- names(x$fits)
  kinds <- x$fits[[1L]]$parameters
  positive <- what == "variances" &
    kinds$kind[match(table[[1L]], kinds$name)] %in% c("variance", "specific")
  data <- estimates_data(table[[1L]], table[shown], table[paste0("se_", shown)], shown, positive)
  if (is.null(x$fits$Bayes)) data else with_posterior_intervals(data, x$fits$Bayes, what)
}

# A standard deviation tells little of a posterior near a boundary.
with_posterior_intervals <- function(data, fit, what) {
  own <- if (what == "variances") varcomp(fit) else fixed_posterior(fit, 0.95)
  at <- which(data$analysis == "Bayes")
  data[at, c("lower", "upper")] <- own[as.character(data$effect[at]), c("lower", "upper")]
  data
}
