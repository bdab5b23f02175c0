# Column recipes: how the columns of X and of each Z arise from the variables of the model frame.
# The engine expands them into sparse matrices; R never forms them. The columns and their names are
# those of stats::model.matrix(): see the details of `factors` in ?terms.object.

# A source of columns: a frame, the contrasts, and what has already been made from them, so that a
# variable used twice is one object. It lives only while a design is made.
column_source <- function(frame, contrasts = NULL) {
  source <- new.env(parent = emptyenv())
  source$frame <- frame
  source$contrasts <- contrasts
  source$order <- attr(frame, "order")
  source$made <- list()
  source$used_contrasts <- list()
  source
}

cached <- function(source, key, make) {
  found <- source$made[[key]]
  if (is.null(found)) {
    found <- make()
    source$made[[key]] <- found
  }
  found
}

# The codes of a parsed group.
group_codes <- function(group, source) {
  if (length(group$variables) == 0L) {
    return(list(codes = rep.int(1L, nrow(source$frame)), levels = "all"))
  }
  parts <- lapply(group$variables, function(variable) {
    name <- deparse_one(variable)
    column <- source$frame[[name]]
    if (is.null(column) || is.matrix(column)) abort_group(name)
    cached(source, paste("codes", name), function() level_codes(column))
  })
  Reduce(cross_codes, if (length(parts) > 1L) lapply(parts, with_quoted_levels) else parts)
}

# Recipes -----------------------------------------------------------------------------------------

# list(terms, names, short, assign, labels) of a terms object. In `short` a level stands for itself,
# without the name of its factor.
column_recipe <- function(terms, source) {
  variables <- variable_names(terms)
  codes <- term_codes(terms, variables, source)
  made <- lapply(seq_len(ncol(codes)), function(j) {
    used <- which(codes[, j] > 0L)
    shown <- rownames(codes)[used]
    made <- Map(variable_part, variables[used], codes[used, j], shown, list(source))
    names <- cross_names(lapply(made, `[[`, "names"))
    short <- cross_names(lapply(made, function(part) {
      part$short %||% gsub("`", "", part$names, fixed = TRUE)
    }))
    list(parts = unname(lapply(made, `[[`, "part")), names = names, short = short)
  })
  if (attr(terms, "intercept") == 1L) {
    made <- c(list(list(parts = list(), names = "(Intercept)", short = "(Intercept)")), made)
  }
  names <- lapply(made, `[[`, "names")
  list(
    terms = lapply(made, `[`, "parts"),
    names = as.character(unlist(names)),
    short = as.character(unlist(lapply(made, `[[`, "short"))),
    assign = rep.int(seq_along(made) - attr(terms, "intercept"), lengths(names)),
    labels = attr(terms, "term.labels")
  )
}

# How each variable enters each term: 0 not, 1 by contrasts, 2 by all levels.
term_codes <- function(terms, variables, source) {
  codes <- attr(terms, "factors")
  if (length(codes) == 0L) return(matrix(0L, 0L, 0L))
  if (attr(terms, "intercept") == 0L) {
    # As model.matrix() does: without an intercept the first factor of the first term that has one
    # is coded by all its levels.
    is_factor <- vapply(variables, function(name) is_factor_like(source$frame[[name]]), NA)
    first <- which(codes > 0L & is_factor)[1L]
    if (!is.na(first)) codes[first] <- 2L
  }
  codes
}

cross_names <- function(names) {
  if (length(names) == 1L) return(names[[1L]])
  Reduce(function(a, b) paste(rep.int(a, length(b)), rep(b, each = length(a)), sep = ":"), names)
}

# list(part, names, short): the part as the engine takes it, and the names of its columns. `name` is
# the column of the frame, `shown` the same as formulas write it, with its backticks.
variable_part <- function(name, code, shown, source) {
  x <- source$frame[[name]]
  if (!is_factor_like(x)) {
    return(cached(source, name, function() with_variable(numeric_part(x, shown), name, source)))
  }
  cached(source, paste(code, name), function() {
    found <- cached(source, paste("codes", name), function() column_codes(x))
    if (length(found$levels) < 2L) abort_one_level(name, found$levels)
    if (code == 2L) {
      coding <- sparse_identity(length(found$levels))
      columns <- found$levels
    } else {
      contrast <- contrast_matrix(x, name, found$levels, source)
      coding <- transposed_dgc(contrast)
      columns <- colnames(contrast) %||% seq_len(ncol(contrast))
    }
    list(part = list(codes = found$codes, contrast = coding), names = paste0(shown, columns),
      short = if (code == 2L) columns)
  })
}

# Of pooled records the variable of a part is known, see over_pooled().
with_variable <- function(part, name, source) {
  if (is_pooled(source$frame)) attr(part$part, "variable") <- name
  part
}

numeric_part <- function(x, name) {
  if (mode(x) != "numeric") abort_variable_type(name, x)
  columns <- colnames(x) %||% seq_len(NCOL(x))
  names <- if (NCOL(x) == 1L) name else paste0(name, columns)
  list(part = matrix(as.double(x), ncol = NCOL(x)), names = names)
}

# The contrast matrix (levels x columns), made from a factor with one record a level.
contrast_matrix <- function(x, name, levels, source) {
  value <- source$contrasts[[name]] %||% attr(x, "contrasts") %||%
    getOption("contrasts")[[if (is.ordered(x)) 2L else 1L]]
  made <- tryCatch(
    if (is.character(value) && length(levels) <= 50L) {
      list(coding = get(value, mode = "function")(levels, contrasts = TRUE), used = value)
    } else {
      any_contrasts(factor(levels, levels = levels, ordered = is.ordered(x)), value)
    },
    error = function(e) abort_contrasts(name, conditionMessage(e))
  )
  source$used_contrasts[[name]] <- made$used
  made$coding
}

# By a matrix, a function, or for many levels.
any_contrasts <- function(small, value) {
  # As in model.matrix(), a matrix that is given has all its columns used, no more.
  how_many <- if (is.matrix(value)) ncol(value)
  stats::contrasts(small, how_many) <- value
  # A contrast function without a sparse form is taken as it is.
  coding <- suppressWarnings(stats::contrasts(small, sparse = nlevels(small) > 50L))
  list(coding = coding, used = attr(small, "contrasts"))
}

# X and the list of Z that recipes of terms give over n records, sparse, without names.
expanded_columns <- function(n, fixed = list(), random = list()) {
  design_cpp(list(
    response = numeric(n), weights = double(), fixed = fixed, random = random,
    residual = list(structure = "iid"), method = "REML"
  ))
}
