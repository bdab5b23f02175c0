# Functions of the variance parameters and of the fixed effects: their posterior.

# The posterior of functions of the variance parameters.
posterior_functions <- function(fit, functions, level) {
  draws <- fit$posterior
  values <- Map(function(expression, name) draws_of(expression, name, draws$values),
    functions$expressions, functions$names)
  values <- matrix(unlist(values), nrow(draws$values))
  table <- draw_table(values, draws, level)
  row.names(table) <- functions$names
  covariance <- stats::cov.wt(values, draws$weight, method = "ML")$cov
  dimnames(covariance) <- list(functions$names, functions$names)
  structure(table, covariance = covariance)
}

# One value for each draw: all at once where the expression allows it, else one by one.
draws_of <- function(expression, name, values) {
  columns <- stats::setNames(as.list(as.data.frame(values)), colnames(values))
  evaluate <- function(at) {
    tryCatch(eval(expression, at, baseenv_with_stats()), error = function(e) {
      abort_function_value(name, conditionMessage(e))
    })
  }
  at_once <- tryCatch(eval(expression, columns, baseenv_with_stats()), error = function(e) NULL)
  if (is.numeric(at_once) && length(at_once) == nrow(values)) return(at_once)
  vapply(seq_len(nrow(values)), function(i) {
    value <- evaluate(lapply(columns, `[[`, i))
    if (!is.numeric(value) || length(value) != 1L) {
      abort_function_value(name, "it is not one number")
    }
    as.double(value)
  }, 0)
}

# Estimates of K beta: the mixture of their normal distributions given the draws.
contest_posterior <- function(fit, K, rhs, L = NULL, level = 0.95) {
  K <- as_hypotheses(K, fit$fixed$names)
  L <- random_functions(L, fit, nrow(K))
  rhs <- check_rhs(rhs, nrow(K))
  estimable <- estimable_rows(fit, K)
  table <- data.frame(estimate = rep(NA_real_, nrow(K)), rhs = rhs, se = NA_real_, lower = NA_real_,
    median = NA_real_, upper = NA_real_, mcse = NA_real_, above = NA_real_,
    estimable = unname(estimable), row.names = rownames(K))
  if (any(estimable)) {
    moments <- both_function_moments(fit, K, L, which(estimable))
    own <- mixture_table(moments$mean, moments$variance, fit$posterior, level)
    table[estimable, names(own)] <- own
    table$above[estimable] <- vapply(which(estimable), function(r) {
      k <- match(r, which(estimable))
      mixture_above(moments$mean[, k], moments$variance[, k], fit$posterior$weight, rhs[r])
    }, 0)
  }
  structure(list(table = table, joint = NULL, ddf = "none", information = NULL),
    class = c("contest_bayes", "contest"))
}

# K beta + L u, of these rows.
both_function_moments <- function(fit, K, L, rows) {
  if (is.null(L)) return(fixed_function_moments(fit, K[rows, fit$posterior$kept, drop = FALSE]))
  K[, is.na(fit$fixed$estimate)] <- 0
  function_moments(fit, transposed_dgc(cbind(K[rows, , drop = FALSE], L[rows, , drop = FALSE])))
}

# Of all fixed effects, NA where a column was dropped.
fixed_posterior <- function(fit, level = 0.95) {
  kept <- fit$posterior$kept
  moments <- fixed_function_moments(fit, sparse_identity(length(kept)))
  own <- mixture_table(moments$mean, moments$variance, fit$posterior, level)
  table <- own[rep(NA_integer_, length(fit$fixed$names)), ]
  table[kept, ] <- own
  row.names(table) <- fit$fixed$names
  table
}
