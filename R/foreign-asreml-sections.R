# Residuals of ASReml's grammar that differ by the levels of a factor: `~ dsum(~ ar1(row):ar1(col) |
# env)`, of several models `~ dsum(~ id(units) + ar1(row):ar1(col) | env, levels = list("A", c("B",
# "C")))`, and as in its earlier versions `~ at(env):ar1(row):ar1(col)`.

has_sections <- function(x) {
  is_call_to(x, "dsum") || all(vapply(asreml_products(x), function(addend) {
    any(vapply(split_interaction(addend), is_call_to, NA, "at"))
  }, NA))
}

# list(env = ~ model), list(env = list(A = ~ model, ...)), or ~ diag(env). `read` makes a formula of
# ours of a model.
sectioned_residual <- function(x, env, data, read) {
  parts <- if (is_call_to(x, "dsum")) dsum_parts(x, env) else at_parts(x, env)
  by <- deparse_one(parts$by)
  models <- lapply(parts$models, read, env, data)
  if (!all(vapply(models, inherits, NA, "formula"))) {
    refuse_sections(x, "a model of it has sections of its own")
  }
  if (is.null(parts$levels)) {
    if (length(models) > 1L) {
      refuse_sections(x, paste0("it does not say which levels of {.code ", by,
        "} have which model"))
    }
    if (is_named_iid(models[[1L]][[2L]])) return(as_one_sided(call("diag", parts$by), env))
    return(stats::setNames(models, by))
  }
  levels <- lapply(parts$levels, section_levels, data[[by]], x)
  if (length(levels) != length(models) || anyDuplicated(unlist(levels))) {
    refuse_sections(x, "its levels are not a set for each of its models")
  }
  each <- rep(models, lengths(levels))
  stats::setNames(list(stats::setNames(each, unlist(levels))), by)
}

# list(by, models, levels), levels NULL where one model is that of all.
dsum_parts <- function(x, env) {
  given <- as.list(x)[-1L]
  bar <- if (is_call_to(given[[1L]], "~")) given[[1L]][[2L]]
  if (!is_bar(bar) || !is.symbol(bar[[3L]]) || length(setdiff(names(given), c("", "levels")))) {
    refuse_sections(x, "its arguments are not read")
  }
  levels <- if (length(given) > 1L) evaluated_levels(given[[2L]], env, x)
  list(by = bar[[3L]], models = asreml_products(bar[[2L]]), levels = levels)
}

# A level for each at(env, "A"), all levels where none are named.
at_parts <- function(x, env) {
  addends <- lapply(asreml_products(x), split_interaction)
  at <- lapply(addends, function(factors) Filter(function(f) is_call_to(f, "at"), factors))
  by <- unique(lapply(at, function(masks) masks[[1L]][[2L]]))
  if (any(lengths(at) != 1L) || length(by) > 1L || !is.symbol(by[[1L]])) {
    refuse_sections(x, "{.fn at} of one factor stands in each addend")
  }
  models <- lapply(addends, function(factors) {
    product_of(Filter(function(f) !is_call_to(f, "at"), factors)) %||% quote(units)
  })
  masks <- lapply(at, `[[`, 1L)
  named <- lengths(masks) > 2L
  if (!any(named)) return(list(by = by[[1L]], models = models))
  if (!all(named)) refuse_sections(x, "some of its addends are of all levels")
  levels <- lapply(masks, function(mask) evaluated_levels(mask[[3L]], env, x)[[1L]])
  list(by = by[[1L]], models = models, levels = levels)
}

# A list of vectors of levels.
evaluated_levels <- function(levels, env, x) {
  value <- tryCatch(eval(levels, env), error = function(e) {
    refuse_sections(x, paste0("{.code ", deparse_one(levels), "} was not found"))
  })
  if (is.list(value)) value else list(value)
}

# Numbers count the levels.
section_levels <- function(levels, column, x) {
  if (!is.numeric(levels)) return(as.character(levels))
  own <- levels(as.factor(column))
  if (!all(levels %in% seq_along(own))) {
    refuse_sections(x, paste("there are", length(own), "levels, and it has others by number"))
  }
  own[levels]
}

refuse_sections <- function(x, problem) {
  abort_foreign("residual", deparse_one(x), problem,
    paste("Write {.code dsum(~ ar1(row):ar1(col) | env)} for all levels, or",
      "{.code residual = list(env = list(A = ~ ar1(row), B = ~ iid))} for each its own."))
}
