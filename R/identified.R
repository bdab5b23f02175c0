# Parameters that the likelihood cannot tell apart, or does not contain: found by the engine from
# the model alone, where the information at the end of the search does not rule them out.
# `unidentified` has a column for each direction of the values along which the likelihood stays as
# it is.

# Gives them, or nothing; an error where that is asked for. Needs: a fit, or the condition that
# ended it.
check_identified <- function(est, model, engine) {
  directions <- if (!inherits(est, "condition")) est$unidentified
  if (length(directions) == 0L) return(NULL)
  if (engine$identify == "error") {
    groups <- unidentified_groups(directions)
    abort_unidentified(lapply(groups, function(group) model$parameters$name[group]),
      unique(unlist(lapply(groups, unidentified_remedies, model))))
  }
  directions
}

# The parameters that go together, as lists of their numbers: the directions in reduced echelon
# form, and those that share a parameter as one.
unidentified_groups <- function(directions, least = 1e-6) {
  rows <- t(directions)
  rank <- 0L
  for (j in seq_len(ncol(rows))) {
    left <- seq_len(nrow(rows)) > rank
    if (!any(left)) break
    pivot <- which(left)[which.max(abs(rows[left, j]))]
    if (abs(rows[pivot, j]) <= least * max(abs(rows[pivot, ]))) next
    rank <- rank + 1L
    rows[c(rank, pivot), ] <- rows[c(pivot, rank), ]
    rows[rank, ] <- rows[rank, ] / rows[rank, j]
    others <- setdiff(seq_len(nrow(rows)), rank)
    rows[others, ] <- rows[others, ] - outer(rows[others, j], rows[rank, ])
  }
  groups <- lapply(seq_len(nrow(rows)), function(i) {
    which(abs(rows[i, ]) > least * max(abs(rows[i, ])))
  })
  merged <- list()
  for (group in groups) {
    shares <- vapply(merged, function(other) any(group %in% other), NA)
    group <- sort(unique(c(group, unlist(merged[shares]))))
    merged <- c(merged[!shares], list(group))
  }
  merged
}

# Their estimates are what the start chose. So is all that changes with them: fixed effects and
# their covariances, predictions, found by a fit at another point of the same likelihood.
reported_unidentified <- function(est, directions, spec, engine) {
  est$unidentified <- directions
  if (is.null(directions)) return(est)
  which <- unlist(unidentified_groups(directions))
  est$parameters$status[which] <- match("not identified", parameter_status) - 1L
  est$parameters$se[which] <- NA_real_
  est$parameters$covariance[which, ] <- est$parameters$covariance[, which] <- NA_real_
  est$tests <- NULL
  other <- elsewhere(est, spec, engine)
  est$fixed$estimate <- where_equal(est$fixed$estimate, other$fixed$estimate)
  est$fixed <- errors_where_equal(est$fixed, other$fixed)
  est$random <- Map(where_equal, est$random, other$random)
  est
}

# Standard errors and covariances of fixed effects, as far as another fit has the same.
errors_where_equal <- function(fixed, other, ...) {
  fixed$se <- where_equal(fixed$se, other$se, ...)
  if (!is.null(fixed$covariance)) {
    fixed$covariance <- where_equal(fixed$covariance, other$covariance, ...)
  }
  fixed
}

# Values of a structure that has more of them than variances and covariances: what they are is what
# the start chose, its matrix is not, nor is anything else.
reported_redundant <- function(est, directions) {
  if (length(directions) == 0L) return(est)
  est$redundant <- directions
  est$unidentified <- cbind(est$unidentified, directions)
  which <- setdiff(unlist(unidentified_groups(directions)),
    which(est$parameters$status %in% (match(c("held", "at boundary"), parameter_status) - 1L)))
  est$parameters$status[which] <- match("not identified", parameter_status) - 1L
  est$parameters$se[which] <- NA_real_
  est$parameters$covariance[which, ] <- est$parameters$covariance[, which] <- NA_real_
  est
}

# The fit with all values held, away along the directions.
elsewhere <- function(est, spec, engine) {
  values <- est$parameters$estimate
  shift <- rowSums(est$unidentified)
  settings <- engine[c("max_iterations", "tolerance", "trace", "threads")]
  for (share in c(0.3, 0.1, 0.03, -0.03, -0.1)) {
    moved <- values + share * max(abs(values)) * shift / max(abs(shift))
    control <- search_control(settings, rep(TRUE, length(values)), moved)
    found <- tryCatch(by_likelihood(spec, control), error = function(e) NULL)
    if (!is.null(found)) return(found)
  }
  list()
}

# NA where two answers differ, or where there is no other.
where_equal <- function(one, other, tolerance = 1e-5) {
  if (is.null(other)) other <- NA * one
  scale <- max(abs(one), na.rm = TRUE)
  one[is.na(other) | abs(one - other) > tolerance * pmax(abs(one), 1e-3 * scale)] <- NA
  one
}

# What to write instead.
unidentified_remedies <- function(group, model) {
  terms <- unique(model$parameters$index[group])
  at <- setdiff(terms, 0L)
  random <- model$design$random[at]
  labels <- vapply(random, `[[`, "", "label")
  with_residual <- 0L %in% terms
  instead <- if (with_residual && length(random) == 1L && is_iid(model$design$residual)) {
    paste0(
      "{.code ", labels, "} has one record in each cell: write {.code residual = ~ ",
      residual_instead(random[[1L]], model$parts$random[[at]]$coefs), "} in its place."
    )
  } else if (with_residual && length(random) == 1L) {
    paste0("Where {.code ", labels, "} has one record, its effect is that record's residual: give ",
      "its records a residual variance that others share.")
  } else if (length(random) > 1L) {
    if (anyDuplicated(labels) > 0L) {
      coefs <- vapply(model$parts$random[at], function(term) deparse_one(term$coefs), "")
      labels <- paste(coefs, "|", labels)
    }
    paste0("Drop one of the terms ", paste0("{.code ", labels, "}", collapse = ", "), ".")
  } else if (length(random) == 1L && length(double_columns(at, model)) > 0L) {
    double_columns_remedy(at, model)
  } else if (length(random) == 1L) {
    paste0("Take {.code ", labels, "} out of the random or out of the fixed effects, ",
      "which leave its effects no room.")
  } else {
    "Give the residual fewer variances, or take fixed effects out that fit its records exactly."
  }
  c(instead, "Or give one of them a known value by {.arg hold}.")
}

# Columns of a term that the columns before them tell: a constant one beside the intercept, one that
# stands there twice. `columns`: those looked at.
double_columns <- function(at, model, columns = seq_len(model$spec$random[[at]]$n_coef)) {
  term <- model$spec$random[[at]]
  if (length(term$incidence) > 1L) return(integer())
  n <- nrow(model$frame)
  X <- expanded_columns(n, term$incidence[[1L]]$terms)$X[, columns, drop = FALSE]
  setdiff(columns, columns[independent_in_order(row_sketch(n, ncol(X)) %*% X)])
}

double_columns_remedy <- function(at, model) {
  term <- model$design$random[[at]]
  coefs <- deparse_one(model$parts$random[[at]]$coefs)
  beside <- setdiff(seq_len(term$n_coef), match("(Intercept)", term$coef_names))
  if (length(beside) < term$n_coef && length(double_columns(at, model, beside)) == 0L) {
    return(paste0("The columns of {.code ", coefs, "} make up an intercept: write {.code 0 + ",
      sub("^1 [+] ", "", coefs), " | ", term$label, "}."))
  }
  names <- term$coef_names[double_columns(at, model)]
  paste0("The other columns of {.code ", coefs, " | ", term$label, "} tell ",
    paste0("{.code ", names, "}", collapse = ", "), ": leave it out.")
}

# The term as a structure of the residual, over the variable whose levels its coefficients are.
residual_instead <- function(term, coefs) {
  index <- all.vars(coefs)
  if (length(index) != 1L) index <- "index"
  if (is_uncorrelated(term$structure)) return(paste0("diag(", index, ")"))
  paste0(plain_structure, "(", index, " | ", term$label, ")")
}
