# ASReml's polynomials and lin() as columns of our own.

asreml_polynomials <- c("pol", "leg")

is_polynomial <- function(x) is_call_to(x, asreml_polynomials)

# list(columns, intercept) of pol(x, k), without its constant column.
polynomial_parts <- function(x) {
  given <- tryCatch(as.list(match.call(function(obj, t = 1, init) NULL, x))[-1L],
    error = function(e) refuse_asreml(x, "its arguments are not read"))
  degree <- tryCatch(eval(given$t %||% 1, baseenv()), error = function(e) NULL)
  if (is.null(given$obj) || !is.numeric(degree) || length(degree) != 1L || degree %% 1 != 0 ||
        degree == 0) {
    refuse_asreml(x, "its degree is not a whole number other than 0")
  }
  columns <- if (is_call_to(x, "pol")) call("poly", given$obj, abs(degree)) else
    call("legendre", given$obj, abs(degree), intercept = FALSE)
  list(columns = columns, intercept = degree > 0)
}

# The scales and origins of the columns are no matter where the structure holds for any linear
# change of them (us); with a variance for each column their units are none.
polynomial_coefficients <- function(polynomial, structure) {
  if (!is_heterogeneous(structure)) return(scaled_polynomial(polynomial, structure))
  parts <- polynomial_parts(polynomial)
  columns <- parts$columns
  if (!is_unstructured(structure) && is_call_to(columns, "poly")) {
    columns$coefs <- bquote(attr(poly(unique(.(columns[[2L]])), .(columns[[3L]])), "coefs"))
  }
  call("+", as.numeric(parts$intercept), columns)
}

# With one variance for all columns they are normalised, as legendre() has them; how ASReml scales
# those of pol() its documentation does not say.
scaled_polynomial <- function(polynomial, structure = "id") {
  parts <- polynomial_parts(polynomial)
  if (is_call_to(polynomial, "leg")) {
    columns <- parts$columns
    if (parts$intercept) columns$intercept <- NULL
    return(call("+", 0, columns))
  }
  refuse_asreml(polynomial, "one variance of its columns depends on how that program scales them",
    paste0("Write {.code leg(x, k)}, {.code ", structure, "(0 + legendre(x, k) | id)}, or {.fn us}",
      " with {.fn pol}."))
}

# pol(), leg() and lin() in an expression. In a product with a constant column a factor is there by
# itself too.
asreml_columns <- function(x, scope) {
  if (!is.call(x)) return(x)
  if (is_polynomial(x)) return(polynomial_parts(x)$columns)
  if (is_call_to(x, c("lin", "con", column_functions)) && length(x) == 2L) {
    return(named_column(x, scope))
  }
  if (!is_call_to(x, c("+", "-", "*", ":", "/", "("))) return(x)
  factors <- if (is_call_to(x, ":")) split_interaction(x)
  constant <- vapply(factors, function(f) is_polynomial(f) && polynomial_parts(f)$intercept, NA)
  own <- as.call(c(x[[1L]], lapply(as.list(x)[-1L], asreml_columns, scope)))
  if (!any(constant) || all(constant)) return(own)
  call("+", asreml_columns(product_of(factors[!constant]), scope), own)
}

# The one variable of a call; lin() of a factor is the number of its level.
named_column <- function(x, scope) {
  inner <- x[[2L]]
  counted <- is_call_to(x, "lin") && is.symbol(inner) &&
    !is.numeric(scope$data[[as.character(inner)]])
  if (counted) call("as.integer", inner) else inner
}

# Of the fixed part of a call, unless the user has functions of these names.
with_asreml_columns <- function(call, env) {
  side <- if (is.null(call$fixed)) "formula" else "fixed"
  typed <- typed_formula(call[[side]], env)
  used <- intersect(c(asreml_polynomials, "lin", "con", column_functions), called_functions(typed))
  known <- vapply(used, exists, NA, envir = env, mode = "function")
  if (length(used) == 0L && !"mv" %in% all.names(typed) || any(known)) return(call)
  formula <- check_formula(eval(call[[side]], env), env)
  read <- formula
  scope <- foreign_scope(call, env)
  read[[3L]] <- asreml_columns(without_mv(formula[[3L]], scope), scope)
  if (length(used) > 0L) inform_read_as(deparse_one(formula), deparse_one(read))
  call[[side]] <- read
  if ("con" %in% used) call <- with_sum_contrasts(call, formula[[3L]])
  call
}

# con(f): effects that add up to zero.
with_sum_contrasts <- function(call, rhs) {
  if (!is.null(call$contrasts)) {
    abort_foreign("contrasts", short_text(call$contrasts), "{.fn con} in the formula says others",
      "Give one of them.")
  }
  names <- vapply(calls_of(rhs, "con"), function(x) deparse_one(x[[2L]]), "")
  contrasts <- rep("contr.sum", length(names))
  call$contrasts <- as.call(c(quote(list), stats::setNames(as.list(contrasts), names)))
  call
}

# All calls of a function within an expression.
calls_of <- function(x, name) {
  if (!is.call(x)) return(list())
  if (is_call_to(x, name)) return(list(x))
  unlist(lapply(as.list(x)[-1L], calls_of, name), FALSE)
}
