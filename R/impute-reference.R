# Reference-based imputation: how far the mean of a record whose subject has dropped out is from
# that of its own group (Carpenter, Roger & Kenward 2013).
#
# Given the variances, what observed records tell of a missing one is a deviation from the mean, and
# the means of observed records stay: so the draw under another mean is that under the model, moved.

# Rows of X by which the means of missing records move, records x fixed effects.
reference_rows <- function(fit, data, missing, response, strategy, reference, subject, visit) {
  check_reference(reference, data)
  columns <- dropout_columns(fit, data, subject, visit)
  id <- as.character(columns$subject)
  order <- columns$visit
  observed <- which(!is.na(data[[response]]))
  last <- tapply(order[observed], id[observed], max)[id[missing]]
  after <- is.na(last) | order[missing] > last
  moved <- matrix(0, length(missing), length(fit$fixed$names))
  moved[after, ] <- group_difference(fit, data[missing[after], , drop = FALSE], reference)
  if (strategy == "CIR") {
    is_last <- observed[order[observed] == last_of(order, id, observed)]
    at <- is_last[match(id[missing], id[is_last])]
    own <- which(after & !is.na(at))
    moved[own, ] <- moved[own, , drop = FALSE] -
      group_difference(fit, data[at[own], , drop = FALSE], reference)
  }
  moved
}

last_of <- function(order, id, observed) {
  as.vector(tapply(order[observed], id[observed], max)[id[observed]])
}

# X of the reference group less that of the own one; NA where a covariate is missing.
group_difference <- function(fit, rows, reference) {
  if (nrow(rows) == 0L) return(matrix(0, 0L, length(fit$fixed$names)))
  switched <- rows
  old <- rows[[names(reference)]]
  switched[[names(reference)]] <- if (is.factor(old))
    factor(rep(reference, nrow(rows)), levels(old), ordered = is.ordered(old)) else
    rep(methods::as(unname(reference), class(old)[1L]), nrow(rows))
  X <- function(newdata) {
    made <- new_rows(fit, newdata, integer(), TRUE)
    found <- matrix(NA_real_, nrow(newdata), ncol(made$X))
    found[made$complete, ] <- as.matrix(made$X)
    found
  }
  X(switched) - X(rows)
}

check_reference <- function(reference, data) {
  name <- names(reference)
  valid <- length(reference) == 1L && is.atomic(reference) && !is.null(name) &&
    name %in% names(data) && as.character(reference) %in% as.character(data[[name]])
  if (!valid) {
    abort_argument("reference", reference,
      "a value of a column by its name, as c(arm = \"placebo\")")
  }
}

# list(subject, visit): the columns that tell which record of a subject is its last.
dropout_columns <- function(fit, data, subject, visit) {
  blocks <- fit$parts$residual$blocks
  own <- function(variables) {
    if (length(variables) == 1L) deparse_one(variables[[1L]])
  }
  if (length(blocks) > 0L && length(blocks[[1L]]$factors) == 1L) {
    subject <- subject %||% own(blocks[[1L]]$subject)
    visit <- visit %||% own(blocks[[1L]]$factors[[1L]]$variables)
  }
  found <- Map(function(name, argument) {
    if (!is.character(name) || length(name) != 1L || !name %in% names(data)) {
      abort_argument(argument, name, "the name of a column of the data")
    }
    data[[name]]
  }, list(subject = subject, visit = visit), c("subject", "visit"))
  if (is.character(found$visit)) {
    abort_argument("visit", visit, "a factor or a number, for its order")
  }
  found$visit <- as.numeric(found$visit)
  found
}
