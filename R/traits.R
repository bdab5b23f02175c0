# Several responses at once: `cbind(y1, y2) ~ ...` becomes one response with a record for each
# observed trait of each row, and the factors `trait` and `unit` (the row). What does not mention
# `trait` means one effect for each trait.

is_multitrait <- function(formula) is_call_to(formula[[2L]], "cbind")

default_residual <- function(formula) {
  if (!is_multitrait(formula)) return(~iid)
  stats::as.formula("~ us(trait | unit)", env = environment(formula))
}

# `input` is list(formula, data, weights, subset, residual); gives the same of the records, and
# `traits`: names and responses, and the formula as it was written.
stack_traits <- function(input) {
  input$data <- plain_data(input$data)
  formula <- input$formula
  env <- environment(formula)
  traits <- trait_responses(formula, input$data, env)
  n <- length(traits$values[[1L]])
  weights <- input$weights
  if (!is.null(weights) && length(weights) != n) abort_weights_length(length(weights), n)
  used <- seq_len(n)
  if (!is.null(input$subset)) used <- rows_of_subset(input$subset, input$data, n)
  written <- formula
  formula[[3L]] <- per_trait_formula(formula, input$data, all.vars(formula[[2L]]))
  formula[[2L]] <- as.name(deparse_one(formula[[2L]]))
  data <- stacked_data(formula, input$residual, input$data, env, n)
  list(
    formula = formula, data = stacked_rows(data, traits, used, as.character(formula[[2L]])),
    weights = rep(weights[used], each = length(traits$names)), subset = NULL,
    residual = input$residual,
    traits = list(names = traits$names, formula = written, response = as.character(formula[[2L]]))
  )
}

# list(names, values): the arguments of cbind().
trait_responses <- function(formula, data, env) {
  check_variables(looked_up(formula[[2L]]), data, env)
  arguments <- as.list(formula[[2L]])[-1L]
  if (length(arguments) < 2L) abort_traits_single()
  given <- names(arguments) %||% rep.int("", length(arguments))
  names <- ifelse(given == "", vapply(arguments, deparse_one, ""), given)
  if (anyDuplicated(names)) abort_trait_names(names[anyDuplicated(names)])
  values <- lapply(seq_along(arguments), function(k) {
    y <- eval(arguments[[k]], data, env)
    if (!is_number_like(y) || NCOL(y) > 1L) abort_trait_type(names[k], y)
    as_plain_number(y)
  })
  n <- if (is.data.frame(data)) nrow(data) else length(values[[1L]])
  for (k in seq_along(values)) {
    if (length(values[[k]]) != n) abort_trait_length(names[k], length(values[[k]]), n)
  }
  list(names = unname(names), values = values)
}

rows_of_subset <- function(subset, data, n) {
  if (is.logical(subset)) return(which(rep_len(subset, n)))
  if (is.character(subset)) return(match(subset, row.names(data)))
  seq_len(n)[subset]
}

# The columns that the formulas use, a row for each row of data.
stacked_data <- function(formula, residual, data, env, n) {
  for (name in intersect(c("trait", "unit"), names(data))) abort_trait_column(name)
  wanted <- setdiff(c(looked_up(formula[[3L]]), residual_names(residual)), c("trait", "unit"))
  columns <- list()
  for (name in wanted) {
    x <- if (name %in% names(data)) data[[name]] else get0(name, env)
    # Constants and relationship matrices stay where they are.
    if (is.atomic(x) && NROW(x) == n && (name %in% names(data) || length(x) == n)) {
      columns[[name]] <- x
    }
  }
  names <- if (is.data.frame(data)) row.names(data) else as.character(seq_len(n))
  list(columns = columns, names = names)
}

# The variables of `residual` as it was given: a formula, or a list by the levels of a factor.
residual_names <- function(residual) {
  if (inherits(residual, "formula")) return(looked_up(residual[[length(residual)]]))
  if (!is.list(residual)) return(character())
  inner <- residual[[1L]]
  if (inherits(inner, "formula")) inner <- list(inner)
  c(names(residual)[1L], unlist(lapply(Filter(is.call, inner), residual_names)))
}

# The records: row 1 trait 1, row 1 trait 2, ..., those without a value left out.
stacked_rows <- function(data, traits, used, response) {
  t <- length(traits$names)
  rows <- rep(used, each = t)
  trait <- rep.int(seq_len(t), length(used))
  y <- do.call(cbind, traits$values)[cbind(rows, trait)]
  check_traits(y, trait, traits$names)
  stacked <- lapply(data$columns, function(x) {
    if (is.matrix(x)) x[rows, , drop = FALSE] else x[rows]
  })
  stacked[[response]] <- y
  stacked$trait <- structure(trait, levels = traits$names, class = "factor")
  stacked$unit <- rows
  structure(stacked,
    row.names = paste(data$names[rows], traits$names[trait], sep = ":"), class = "data.frame"
  )
}

check_traits <- function(y, trait, names) {
  for (k in seq_along(names)) {
    own <- y[trait == k & !is.na(y)]
    if (length(own) == 0L) abort_trait_empty(names[k])
    if (all(is.finite(own)) && min(own) == max(own)) abort_trait_constant(names[k], own[1L])
  }
}

# Formula ------------------------------------------------------------------------------------------

# The right-hand side with effects by trait.
per_trait_formula <- function(formula, data, responses) {
  split <- split_splines(formula[[3L]])
  rhs <- wrap_markers(split$rest %||% 1)
  env <- environment(formula)
  bars <- bar_addends(rhs)
  fixed <- reformulas::nobars(as_one_sided(rhs, env))[[2L]]
  if ("." %in% all.vars(fixed)) {
    groups <- unlist(lapply(bars, function(bar) all.vars(bar[[2L]][[3L]])))
    columns <- unclass(data)[setdiff(names(data), c(groups, responses))]
    fixed <- stats::formula(stats::terms(as_one_sided(fixed), data = columns))[[2L]]
  }
  if (!"trait" %in% all.vars(fixed)) fixed <- by_trait(fixed)
  Reduce(function(a, b) call("+", a, b), c(list(fixed), lapply(bars, random_by_trait),
    lapply(split$splines, spline_by_trait)))
}

# A spline that does not mention trait is one for each trait.
spline_by_trait <- function(call) {
  if ("trait" %in% all.vars(call)) return(call)
  if ("by" %in% names(call)) abort_trait_spline(call)
  call$by <- quote(trait)
  call
}

# 1 + x becomes 0 + trait + trait:x.
by_trait <- function(expression) {
  terms <- stats::terms(as_one_sided(expression))
  labels <- lapply(attr(terms, "term.labels"), str2lang)
  offsets <- as.list(attr(terms, "variables"))[-1L][attr(terms, "offset")]
  parts <- c(
    list(0), if (attr(terms, "intercept") == 1L) list(quote(trait)),
    lapply(labels, function(label) call(":", quote(trait), label)), offsets
  )
  Reduce(function(a, b) call("+", a, b), parts)
}

# A random term that does not mention trait has its coefficients for each trait, correlated.
random_by_trait <- function(addend) {
  bar <- addend[[2L]]
  if ("trait" %in% all.vars(bar)) return(addend)
  name <- as.character(addend[[1L]])[1L]
  if (name != "(" && !is_unstructured(name)) abort_trait_structure(name, addend)
  bar[[2L]] <- by_trait(bar[[2L]])
  addend[[2L]] <- bar
  addend
}

# New data without the factor `trait`: a record for each trait of each row.
stack_new_data <- function(fit, newdata) {
  traits <- fit$parts$traits
  if (is.null(traits) || !is.data.frame(newdata)) return(newdata)
  if (!"trait" %in% names(newdata)) {
    t <- length(traits$names)
    rows <- rep(seq_len(nrow(newdata)), each = t)
    names <- paste(row.names(newdata)[rows], traits$names, sep = ":")
    newdata <- newdata[rows, , drop = FALSE]
    newdata$trait <- factor(rep_len(traits$names, length(rows)), traits$names)
    row.names(newdata) <- names
  }
  newdata
}
