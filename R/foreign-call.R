# A call of lmmfit() with arguments of other packages becomes the same call in our own. Whatever has
# one meaning is read so, with a message; the rest is refused with what to write instead.

# `own` are the names of our arguments.
is_foreign_call <- function(call, own, env) {
  length(setdiff(names(call)[-1L], own)) > 0L ||
    is_call_to(typed_expression(call$na.action, env), "na.method") ||
    is_foreign_control(call$control, env) ||
    is_variance_function(typed_expression(call$weights, env)) ||
    is_asreml_residual(typed_formula(call$residual, env))
}

# `env` is where the call was made.
native_call <- function(call, env, own) {
  names(call) <- same_arguments(names(call))
  starts_only <- !is.null(call$start.values) &&
    check_flag(eval(call$start.values, env), "start.values")
  call["start.values"] <- NULL
  call <- without_workspace(call)
  call <- with_missing_method(call, env)
  call <- with_foreign_control(call, env)
  call <- with_parameter_tables(call, env)
  call <- with_column_groups(call, env)
  call <- with_asreml_columns(call, env)
  for (name in setdiff(names(call)[-1L], c(own, names(foreign_arguments)))) {
    place <- which(names(call) == name)[1L]
    abort_unused(name, call[[place]], quote(lmmfit), own)
  }
  for (name in intersect(names(foreign_arguments), names(call))) {
    value <- call[[name]]
    call[name] <- NULL
    call <- foreign_arguments[[name]](call, typed_expression(value, env), env, value)
  }
  call <- with_variance_function(with_asreml_residual(call, env), env)
  if (starts_only) with_starting_table(call) else call
}

# Memory is taken as it is needed.
without_workspace <- function(call) {
  for (name in intersect(c("workspace", "pworkspace"), names(call))) {
    inform_left_out(name)
    call[name] <- NULL
  }
  call
}

with_family <- function(call, value, env, given) {
  if (is_call_to(value, "asr_gaussian")) return(with_dispersion(call, value))
  family <- eval(given, env)
  if (is.function(family)) family <- tryCatch(family(), error = function(e) family)
  if (is.character(family) && length(family) == 1L) {
    family <- list(family = family, link = "identity")
  }
  if (!is.list(family)) abort_argument("family", family, "gaussian")
  if (!identical(family$family, "gaussian") || !identical(family$link, "identity")) {
    abort_foreign("family", short_text(value), "the models of this package are Gaussian",
      "Use {.code lme4::glmer()} or {.code glmmTMB::glmmTMB()}, or transform the response.")
  }
  call
}

# asr_gaussian(dispersion = 1) holds the residual variance.
with_dispersion <- function(call, value) {
  dispersion <- value$dispersion
  if (is.null(dispersion)) return(call)
  if (!is.null(call$hold)) {
    abort_foreign("family", deparse_one(value), "{.arg hold} is given too", "Give one of them.")
  }
  call$hold <- call("c", residual = dispersion)
  inform_read_as(paste("family =", deparse_one(value)), paste("hold =", deparse_one(call$hold)))
  call
}

# Arguments that are ours under another name: of sommer and mmrm.
same_arguments <- function(names) {
  other <- c(rcov = "residual", covariance = "residual", reml = "REML")
  for (name in intersect(names, names(other))) {
    if (other[[name]] %in% names) next
    inform_read_as(paste(name, "="), paste(other[[name]], "="))
    names[names == name] <- other[[name]]
  }
  names
}

# ASReml keeps records with a missing response, which changes neither the likelihood nor effects of
# levels that have other records.
with_missing_method <- function(call, env) {
  value <- typed_expression(call$na.action, env)
  if (!is_call_to(value, "na.method")) return(call)
  given <- as.list(match.call(function(y = "include", x = "fail") NULL, value))[-1L]
  call["na.action"] <- NULL
  read <- "na.action = na.omit"
  if (identical(given$x, "include")) {
    call$na_random <- "zero"
    read <- paste0(read, ", na_random = \"zero\"")
  }
  inform_read_as(paste("na.action =", deparse_one(value)), read)
  call$na.action <- quote(stats::na.omit)
  call
}

with_asreml_residual <- function(call, env) {
  value <- typed_formula(call$residual, env)
  if (!is_asreml_residual(value)) return(call)
  made <- if (inherits(value, "formula")) environment(value) else env
  residual <- asreml_residual(value[[2L]], made, foreign_scope(call, env)$data)
  shown <- if (is.list(residual)) as.call(c(quote(list), residual)) else residual
  if (is.list(residual) && !inherits(residual[[1L]], "formula")) {
    shown[[2L]] <- as.call(c(quote(list), residual[[1L]]))
  }
  inform_read_as(paste("residual =", deparse_one(value)), paste("residual =", deparse_one(shown)))
  call$residual <- residual
  call
}

# In the order in which they are read. Each takes the call without the argument, what was typed for
# it, where the call was made, and the argument as it is evaluated there.
foreign_arguments <- list(
  fixed = function(call, value, env, given) {
    if (!is.null(call$formula)) {
      abort_foreign("fixed", deparse_one(value), "{.arg formula} is given too", "Give one of them.")
    }
    call$formula <- given
    call
  },
  pedigree = function(call, value, env, given) with_relationships(call, value, env, "pedigree"),
  ginverse = function(call, value, env, given) with_relationships(call, value, env, "ginverse"),
  relmat = function(call, value, env, given) with_relationships(call, value, env, "relmat"),
  random = function(call, value, env, given) {
    formula <- check_formula(eval(call$formula, env), env)
    scope <- foreign_scope(call, env, environment(formula))
    formula <- with_matrices_of(formula, given, env, scope)
    scope$env <- environment(formula)
    addends <- random_addends(value, given, env, scope)
    formula[[3L]] <- Reduce(function(a, b) call("+", a, b), addends, formula[[3L]])
    if (length(addends) == 0L) addends <- list(1)
    text <- paste(vapply(addends, deparse_one, ""), collapse = " + ")
    inform_read_as(paste("random =", deparse_one(value)), text)
    call$formula <- formula
    call
  },
  # The equations are sparse, whatever terms are in them.
  sparse = function(call, value, env, given) {
    formula <- check_formula(eval(call$formula, env), env)
    terms <- eval(given, env)
    if (!inherits(terms, "formula") || length(terms) != 2L) {
      abort_foreign("sparse", deparse_one(value), "it is not a formula with one side",
        "Write {.code sparse = ~ f}.")
    }
    formula[[3L]] <- call("+", formula[[3L]], without_mv(terms[[2L]], foreign_scope(call, env)))
    inform_read_as(paste("sparse =", deparse_one(value)), paste("formula =", deparse_one(formula)))
    call$formula <- formula
    call
  },
  correlation = function(call, value, env, given) {
    with_correlation_function(call, value, env)
  },
  REML = function(call, value, env, given) {
    method <- if (check_flag(eval(given, env), "REML")) "REML" else "ML"
    if (!is.null(call$method) && !identical(check_method(eval(call$method, env)), method)) {
      abort_foreign("REML", deparse_one(value), "{.arg method} says otherwise", "Give one of them.")
    }
    inform_read_as(paste("REML =", deparse_one(value)), paste0("method = \"", method, "\""))
    call$method <- method
    call
  },
  family = function(call, value, env, given) with_family(call, value, env, given),
  verbose = function(call, value, env, given) with_trace(call, value, env, given, "verbose"),
  trace = function(call, value, env, given) with_trace(call, value, env, given, "trace"),
  maxit = function(call, value, env, given) with_iterations(call, value, env, given, "maxit"),
  maxiter = function(call, value, env, given) with_iterations(call, value, env, given, "maxiter"),
  # lm() evaluates an offset as a variable of the formula.
  offset = function(call, value, env, given) {
    formula <- check_formula(eval(call$formula, env), env)
    formula[[3L]] <- call("+", formula[[3L]], call("offset", value))
    call$formula <- formula
    call
  }
)

# What `random` names and only its own environment has, a matrix where that formula was made.
with_matrices_of <- function(formula, given, env, scope) {
  random <- tryCatch(eval(given, env), error = function(e) NULL)
  if (!inherits(random, "formula")) return(formula)
  names <- setdiff(all.vars(random), names(scope$data))
  lost <- Filter(function(name) {
    !exists(name, environment(formula)) && exists(name, environment(random))
  }, names)
  if (length(lost) == 0L) return(formula)
  found <- mget(lost, environment(random), inherits = TRUE)
  environment(formula) <- list2env(found, parent = environment(formula))
  formula
}

with_trace <- function(call, value, env, given, argument) {
  wanted <- eval(given, env)
  if (is.numeric(wanted) && length(wanted) == 1L) wanted <- wanted > 0
  with_setting(call, env, "trace", check_flag(wanted, argument), paste(argument, "=",
    deparse_one(value)))
}

with_iterations <- function(call, value, env, given, argument) {
  with_setting(call, env, "max_iterations", check_count(eval(given, env), argument),
    paste(argument, "=", deparse_one(value)))
}

# One setting of the control of the call.
with_setting <- function(call, env, name, value, typed) {
  control <- if (is.null(call$control)) lmm_control() else eval(call$control, env)
  if (!is_control(control)) abort_control(control)
  control[[name]] <- value
  inform_read_as(typed, paste0("control = lmm_control(", name, " = ", value, ")"))
  call$control <- control
  call
}

# `pedigree = list(animal = ped)` of pedigreemm, `ginverse = list(animal = Ainv)` of MCMCglmm and
# `relmat = list(animal = A)` of lme4qtl: the groups of the formula of these names are related.
with_relationships <- function(call, value, env, argument) {
  kind <- c(pedigree = "pedigree", ginverse = "precision", relmat = "cov")[[argument]]
  if (!is_call_to(value, "list") || is.null(names(value))) {
    abort_foreign(argument, short_text(value), "it does not say which factor it belongs to",
      "Write {.code (1 | gr(animal, {kind} = {text}))} in {.arg formula}.")
  }
  related <- as.list(value)[-1L]
  groups <- Map(function(matrix, name) {
    group <- call("gr", as.name(name), matrix)
    names(group)[3L] <- kind
    group
  }, related, names(related))
  place <- if (is.null(call$random)) "formula" else "random"
  formula <- eval(call[[place]], env)
  replaced <- related_groups(formula[[length(formula)]], groups, bare = place == "random")
  if (identical(replaced, formula[[length(formula)]])) {
    abort_foreign(argument, deparse_one(value),
      "no random term has the group {.val {names(related)}}",
      "The names are those of grouping factors of the model.")
  }
  formula[[length(formula)]] <- replaced
  inform_read_as(paste(argument, "=", deparse_one(value)),
    paste(vapply(groups, deparse_one, ""), collapse = ", "))
  call[[place]] <- formula
  call
}

# Groups to the right of bars; of a formula without bars (`bare`) the addends.
related_groups <- function(x, groups, bare = FALSE) {
  if (is.symbol(x)) {
    group <- groups[[as.character(x)]]
    return(if (bare && !is.null(group)) call("(", call("|", 1, group)) else x)
  }
  if (!is.call(x)) return(x)
  if (is_bar(x)) {
    group <- strip_parentheses(x[[3L]])
    if (is.symbol(group)) x[[3L]] <- groups[[as.character(group)]] %||% x[[3L]]
    return(x)
  }
  bare <- bare && is_call_to(x, c("+", "("))
  as.call(c(x[[1L]], lapply(as.list(x)[-1L], related_groups, groups, bare)))
}
