#' Marginal means
#'
#' Predicted means for the levels of some factors, averaged over the levels of the others, at given
#' values of the covariates: adjusted or least-squares means, as `predict(classify = )` of ASReml
#' and emmeans make them.
#'
#' @param fit A fit by [lmmfit()].
#' @param specs A formula or names of variables: `~ trt`, `~ trt | visit` and `c("trt", "visit")`
#'   give a mean for each combination.
#' @param at A named list of values of variables. By default a factor has all its levels, and a
#'   covariate its mean over the records.
#' @param weights How levels that are averaged over count: `"equal"`, or `"proportional"` to their
#'   numbers of records.
#' @param level Confidence level.
#' @param ddf,information See [contest()].
#' @return A data frame with the variables of `specs`, `estimate`, `se`, `df`, `lower` and `upper`;
#'   `NA` where a mean is not estimable. The attribute `K` has the rows, for [contest()].
#' @examples
#' fit <- lmmfit(yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats)
#' means <- marginal_means(fit, ~ Variety)
#' means
#' # Differences from the first
#' contest(fit, sweep(attr(means, "K")[-1, ], 2, attr(means, "K")[1, ]))
#' marginal_means(fit, ~ Variety | nitro, at = list(nitro = c(0, 0.6)))
#' @export
marginal_means <- function(fit, specs, at = list(), weights = c("equal", "proportional"),
                           level = 0.95, ddf = NULL, information = NULL) {
  check_fit(fit, "fit")
  weights <- check_choice(weights, c("equal", "proportional"), "weights")
  level <- check_level(level)
  ddf <- check_ddf(fit, ddf)
  information <- check_information(information, ddf)
  data <- fixed_variables(fit)
  wanted <- spec_names(specs, names(data))
  if (!is.list(at) || length(setdiff(names(at), names(data))) > 0L) {
    abort_argument("at", names(at), "a list named by variables of the fixed part")
  }
  values <- lapply(stats::setNames(names(data), names(data)), function(name) {
    grid_values(data[[name]], at[[name]])
  })
  grid <- expand.grid(values, KEEP.OUT.ATTRS = FALSE, stringsAsFactors = FALSE)
  if (nrow(grid) > 1e5) abort_size("The reference grid", nrow(grid), 1e5, "Fix variables by `at`.")
  counts <- if (weights == "equal") rep(1, nrow(grid)) else grid_counts(grid, data, wanted)
  X <- fixed_rows(fit, grid)
  cells <- interaction(grid[wanted], drop = TRUE, lex.order = FALSE)
  first <- match(levels(cells), cells)
  total <- drop(rowsum(counts, as.integer(cells)))
  average <- Matrix::sparseMatrix(as.integer(cells), seq_along(cells),
    x = counts / total[as.integer(cells)])
  K <- as.matrix(average %*% X)
  dimnames(K) <- list(levels(cells), fit$fixed$names)
  table <- contest_table(fit, K, numeric(nrow(K)), estimable_rows(fit, K), ddf, information)
  half <- stats::qt(1 - (1 - level) / 2, table$df) * table$se
  means <- data.frame(grid[first, wanted, drop = FALSE], estimate = table$estimate, se = table$se,
    df = table$df, lower = table$estimate - half, upper = table$estimate + half)
  row.names(means) <- NULL
  structure(means, K = K)
}

# The variables of the fixed part, as columns of the data: of the frame, or, where the formula has
# functions of them, of the data of the call.
fixed_variables <- function(fit) {
  names <- all.vars(fit$parts$fixed[[3L]])
  names <- setdiff(names, "pi")
  if (all(names %in% names(fit$frame))) return(as.list(fit$frame)[names])
  data <- eval(fit$call$data, environment(fit$formula))
  rows <- match(row.names(fit$frame), row.names(data))
  columns <- lapply(stats::setNames(names, names), function(name) data[[name]][rows])
  missing <- vapply(columns, is.null, NA)
  columns[!missing]
}

spec_names <- function(specs, known) {
  if (inherits(specs, "formula")) specs <- all.vars(specs)
  if (!is.character(specs) || length(specs) == 0L) {
    abort_specs("must name variables of the fixed part", "Write {.code ~ trt | visit}.")
  }
  unknown <- setdiff(specs, known)
  if (length(unknown) > 0L) {
    abort_specs(paste0("names \"", unknown[1L], "\", which is not in the fixed part"),
      "The variables are {.val {known}}.")
  }
  specs
}

grid_values <- function(x, given) {
  if (!is_factor_like(x)) return(if (is.null(given)) mean(x) else as.double(given))
  levels <- if (is.factor(x)) levels(x) else sort(unique(x))
  if (is.null(given)) return(levels)
  if (!all(given %in% levels)) abort_argument("at", given, "levels of the factor")
  given
}

# Records with the levels of the factors that are averaged over.
grid_counts <- function(grid, data, wanted) {
  over <- setdiff(names(data)[vapply(data, is_factor_like, NA)], wanted)
  if (length(over) == 0L) return(rep(1, nrow(grid)))
  key <- function(columns) do.call(paste, c(lapply(columns, as.character), sep = "\r"))
  counts <- table(key(data[over]))
  found <- as.numeric(counts[key(grid[over])])
  ifelse(is.na(found), 0, found)
}

# Rows of X for new values of the variables.
fixed_rows <- function(fit, grid) new_rows(fit, grid, integer(), FALSE, "mean")$X
