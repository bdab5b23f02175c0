# The residual variance of rows that are not records of the fit: by their places in its structure.

# The variance at each row of new data, for a record of weight 1. Only columns that variances differ
# by are asked for.
new_residual_variances <- function(fit, newdata) {
  if (has_iid_residual(fit)) return(rep.int(residual_variances(fit)[1L], nrow(newdata)))
  sections <- fit_residual(fit)$sections
  variances <- lapply(seq_along(sections), function(k) {
    section_variances(sections[[k]], k, fit$parameters)
  })
  if (all_equal_numbers(unlist(variances))) return(rep.int(variances[[1L]][1L], nrow(newdata)))
  found <- rep.int(NA_real_, nrow(newdata))
  section <- new_sections(fit$parts$residual, sections, newdata)
  for (k in unique(section$number)) {
    rows <- which(section$number == k)
    values <- variances[[k]]
    block <- section$block[[rows[1L]]]
    own <- newdata[rows, , drop = FALSE]
    found[rows] <- if (all_equal_numbers(values)) values[1L] else
      if (is_centred(sections[[k]]$structure)) {
        variances_at_covariates(fit, sections[[k]], k, block, own)
      } else {
        values[new_positions(block, sections[[k]], own)]
      }
  }
  found
}

# Variances that follow covariates are those of any values of them.
variances_at_covariates <- function(fit, section, k, block, newdata) {
  variables <- block$factors[[1L]]$variables
  check_variables(unique(unlist(lapply(variables, all.vars))), newdata, emptyenv(), "newdata")
  recipe <- section$structure
  recipe$n_coef <- nrow(newdata)
  recipe$coordinates <- vapply(variables, function(variable) {
    as.double(eval(variable, newdata, environment(fit$formula)))
  }, double(nrow(newdata)))
  dim(recipe$coordinates) <- c(nrow(newdata), length(variables))
  variances_in(recipe, section_values(fit$parameters, k))
}

all_equal_numbers <- function(x) max(x) - min(x) <= 1e-12 * max(abs(x))

# list(number, block): the section of each row, and the part of the formula that it comes from.
new_sections <- function(residual, sections, newdata) {
  n <- nrow(newdata)
  label <- rep.int("residual", n)
  block <- rep.int(residual$blocks[1L], n)
  if (!is.null(residual$by)) {
    by <- new_labels(list(residual$by), newdata)
    label <- paste0("residual.", by)
    if (!is.null(names(residual$blocks))) block <- residual$blocks[by]
  }
  grouped <- which(!vapply(block, function(x) is.null(x$group), NA))
  for (i in grouped) {
    label[i] <- paste(label[i], new_labels(block[[i]]$group, newdata[i, , drop = FALSE]), sep = ".")
  }
  known <- vapply(sections, function(section) {
    if (is_iid_section(section)) paste0("residual.", section$coefs) else section$label
  }, "")
  number <- match(label, known)
  if (anyNA(number)) abort_new_residual(sub("^residual[.]", "", label[is.na(number)]))
  list(number = number, block = block)
}

# The positions of rows in the structure of their section, by the labels of its index.
new_positions <- function(block, section, newdata) {
  labels <- lapply(block$factors, function(factor) {
    if (length(factor$variables) == 0L) {
      abort_variance_by_age("residual variances that differ by a column, not by order of records")
    }
    alone <- length(factor$variables) == 1L
    kind <- structure_index(factor$name)
    parts <- lapply(factor$variables, function(variable) {
      values <- as_numbers(new_column(variable, newdata))
      numbered <- kind == "coordinates" || kind == "levels" && alone
      if (numbered && !is.null(values)) return(format_position(values))
      new_labels(list(variable), newdata)
    })
    do.call(paste, c(parts, sep = ":"))
  })
  labels <- do.call(paste, c(labels, sep = ":"))
  position <- match(labels, section$coefs)
  if (anyNA(position)) abort_new_residual(labels[is.na(position)])
  position
}

new_column <- function(variable, newdata) {
  name <- deparse_one(variable)
  check_variables(name, newdata, emptyenv(), "newdata")
  newdata[[name]]
}

# The label of each row in an interaction of factors, as group_codes() makes it.
new_labels <- function(variables, newdata) {
  parts <- lapply(variables, function(variable) {
    found <- level_codes(new_column(variable, newdata))
    found$levels[found$codes]
  })
  do.call(paste, c(parts, sep = ":"))
}

# The weights of new rows: the expression of the call, in the new data.
new_weights <- function(fit, newdata) {
  if (!has_weights(fit)) return(rep.int(1, nrow(newdata)))
  expression <- fit$call$weights
  missing <- setdiff(all.vars(expression), names(newdata))
  if (length(missing) > 0L) abort_new_weights(deparse_one(expression), missing)
  weights <- eval(expression, newdata, environment(fit$formula))
  if (!is.numeric(weights) || length(weights) != nrow(newdata)) {
    abort_new_weights(deparse_one(expression), all.vars(expression))
  }
  weights
}
