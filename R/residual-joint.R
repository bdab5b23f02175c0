# The residuals of new rows together with those of the records of the fit: what the records of a
# subject tell of another one.

# list(old, place, among, between): the records that share a subject with new rows, the place of
# each new row, the covariance of the residuals of new rows, and that with the residuals of these
# records (records x rows). A new row at the place of a record has its residual.
joint_residual <- function(fit, newdata) {
  n_new <- nrow(newdata)
  if (is_uncorrelated_residual(fit)) {
    variance <- new_residual_variances(fit, newdata) / new_weights(fit, newdata)
    return(list(old = integer(), place = seq_len(n_new), among = Matrix::Diagonal(n_new, variance),
      between = Matrix::sparseMatrix(integer(), integer(), x = double(), dims = c(0L, n_new))))
  }
  joint <- joined_frame(fit, newdata)
  weights <- c(fit_weights(fit), new_weights(fit, newdata))[joint$rows]
  sections <- quietly(residual_design(fit$parts$residual,
    column_source(joint$frame, fit$contrasts)))$sections
  entries <- lapply(sections, function(section) {
    section <- with_rows_of(section, joint$new)
    if (length(section$records) == 0L) return(NULL)
    k <- section_of_fit(fit, section, joint$new)
    section_entries(section, k, fit$parameters, fit$parameters$estimate)
  })
  i <- unlist(lapply(entries, `[[`, "i"))
  j <- unlist(lapply(entries, `[[`, "j"))
  x <- unlist(lapply(entries, `[[`, "x")) / sqrt(weights[i] * weights[j])
  R <- Matrix::sparseMatrix(i, j, x = x, dims = rep.int(length(joint$rows), 2L))
  old <- sort(unique(i[i <= fit$n]))
  list(old = old, place = joint$new, among = R[joint$new, joint$new, drop = FALSE],
    between = R[old, joint$new, drop = FALSE])
}

is_uncorrelated_residual <- function(fit) {
  has_iid_residual(fit) || all(vapply(fit$parts$residual$blocks, is_uncorrelated_block, NA))
}

is_uncorrelated_block <- function(block) {
  length(block$factors) == 0L || length(block$factors) == 1L &&
    has_diagonal_alone(block$factors[[1L]]$name)
}

# list(frame, rows, new): the variables of the structure for the records and for new rows at other
# places; which of c(records, new rows) they are, and the place of each new row among them.
joined_frame <- function(fit, newdata) {
  variables <- residual_variables(fit$parts$residual)
  formula <- as_one_sided(Reduce(function(a, b) call("+", a, b), variables),
    environment(fit$formula))
  new <- newdata_frame(formula, fit$frame, newdata, character())
  columns <- Map(function(old, new, name) joined_column(old, in_fitted_units(new, old, name)),
    fit$frame[names(new)], new, names(new))
  key <- row_keys(columns)
  block <- new_sections(fit$parts$residual, fit_residual(fit)$sections, newdata)$block
  has_place <- vapply(block, function(block) {
    !is_uncorrelated_block(block) &&
      all(vapply(block$factors, function(factor) length(factor$variables) > 0L, NA))
  }, NA)
  first <- seq_along(key)
  at_place <- fit$n + which(has_place)
  first[at_place] <- match(key[at_place], key)
  rows <- which(first == seq_along(key))
  columns <- lapply(columns, `[`, rows)
  list(frame = structure(columns, class = "data.frame", row.names = seq_along(rows),
    order = attr(fit$frame, "order")), rows = rows, new = match(first[fit$n + seq_len(nrow(new))],
    rows))
}

joined_column <- function(old, new) {
  if (!is_factor_like(old)) return(c(old, new))
  levels <- column_levels(old) %||% c(FALSE, TRUE)
  values <- c(as.character(old), as.character(new))
  if (is.logical(old)) return(as.logical(values))
  factor(values, union(levels, values), ordered = is.ordered(old))
}

# The subjects of a section that have some of these rows.
with_rows_of <- function(section, rows) {
  kept <- which(section$subject %in% section$subject[section$records %in% rows])
  for (what in c("records", "subject", "position")) section[[what]] <- section[[what]][kept]
  section$subject <- match(section$subject, unique(section$subject))
  section
}

# The number of the section of the fit that has this label, if it says the same of its own places.
section_of_fit <- function(fit, section, new) {
  sections <- fit_residual(fit)$sections
  name <- function(section) {
    if (is_iid_section(section)) paste0("residual.", section$coefs) else section$label
  }
  k <- match(name(section), vapply(sections, name, ""))
  if (is.na(k)) abort_new_residual(sub("^residual[.]", "", name(section)))
  own <- sections[[k]]
  if (identical(own$coefs, section$coefs)) return(k)
  parameters <- fit$parameters
  values <- parameters$estimate
  at <- match(own$coefs, section$coefs)
  # So many of its places tell whether new ones between them have changed what is known.
  p <- utils::head(seq_along(own$coefs), 100L)
  q <- c(p[-1L], 1L)
  same <- !anyNA(at) && n_values(own$structure) == n_values(section$structure) &&
    isTRUE(all.equal(covariance_between(own, k, parameters, values, p, q),
      covariance_between(section, k, parameters, values, at[p], at[q])))
  if (!same) {
    asked <- section$coefs[section$position[section$records %in% new]]
    abort_new_residual(setdiff(asked, own$coefs))
  }
  k
}

# Draws of the residuals of new rows, a column for each draw; rows at one place share one.
new_residual_draws <- function(fit, newdata, nsim) {
  joint <- joint_residual(fit, newdata)
  first <- which(!duplicated(joint$place))
  among <- joint$among
  if (length(first) < nrow(among)) among <- among[first, first, drop = FALSE]
  draws <- draws_with_covariance(among, matrix(stats::rnorm(length(first) * nsim), length(first)))
  draws[match(joint$place, joint$place[first]), , drop = FALSE]
}

# P'Lz for a sparse covariance PSP' = LL'; by its eigenvalues where it is singular.
draws_with_covariance <- function(covariance, z, limit = 4000L) {
  if (methods::is(covariance, "diagonalMatrix")) return(sqrt(Matrix::diag(covariance)) * z)
  factor <- tryCatch(
    Matrix::Cholesky(Matrix::forceSymmetric(covariance), LDL = FALSE), error = function(e) NULL
  )
  if (!is.null(factor)) {
    return(as.matrix(Matrix::solve(factor, methods::as(factor, "sparseMatrix") %*% z,
      system = "Pt")))
  }
  if (nrow(z) > limit) {
    abort_size("`simulate(newdata = )` with residuals of a singular covariance", nrow(z), limit,
      "Simulate parts of them.")
  }
  covariance_root(as.matrix(covariance)) %*% z
}

# Rows of a prediction that has the residual of each row too, given those of the records:
# x - X'a, z - Z'a for the columns a of R_oo^-1 R_on, and `residual`, list(value, variance).
with_residual_rows <- function(fit, rows, newdata) {
  joint <- joint_residual(fit, newdata)
  rows$partial <- TRUE
  rows$residual <- list(value = 0, variance = Matrix::diag(joint$among))
  if (length(joint$old) == 0L) return(rows)
  R <- build_residual_matrix(fit)[joint$old, joint$old]
  a <- tryCatch(Matrix::solve(Matrix::Cholesky(R, LDL = FALSE), joint$between),
    error = function(e) abort_singular_residual())
  matrices <- fit_matrices(fit)
  less <- function(new, old) new - Matrix::crossprod(a, old[joint$old, , drop = FALSE])
  e <- frame_response(fit$frame) - fit$fitted
  rows$shifted <- list(X = less(rows$X, matrices$X), Z = Map(less, rows$Z, matrices$Z))
  rows$residual <- list(value = as.vector(Matrix::crossprod(a, e[joint$old])),
    variance = rows$residual$variance - Matrix::colSums(a * joint$between))
  rows
}
