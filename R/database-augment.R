# Fitted values and residuals of records in a database, left there.

#' @rdname databases
#' @param x A fit by [lmmfit()] to records in a database.
#' @param data The same table, `dplyr::tbl(con, "records")`: a fit does not keep its connection.
#' @param table A name for the view that is made, of a table that does not exist. The coefficients
#'   of each combination of levels are written to a table of this name with `_cells` behind it.
#'   Where the data are a temporary table, as [dplyr::copy_to()] makes, so are these.
#' @param ... Nothing more: what is not an argument is an error.
#' @method augment lmmfit_database
#' @export
augment.lmmfit_database <- function(x, data = NULL, table = NULL, ...) {
  check_unused(...)
  if (!is_database(data)) abort_needs_records("{.fn augment} without {.arg data}, a table,")
  check_connection(data)
  con <- dbplyr::remote_con(data)
  names <- view_names(table, con)
  plan <- pooled_records(x$frame)$plan
  cells <- cell_coefficients(x, plan)
  lasting <- tryCatch(new_view(data, names, cells, plan), henderson_error_database = identity)
  if (!inherits(lasting, "condition")) return(lasting)
  # A table of the session alone, as dplyr::copy_to() makes, can only have a view of the session.
  passing <- tryCatch(new_view(data, names, cells, plan, TRUE), henderson_error_database = identity)
  if (inherits(passing, "condition")) stop(lasting)
  inform_temporary(names$view)
  passing
}

# The view with its table of coefficients, or neither.
new_view <- function(data, names, cells, plan, temporary = FALSE) {
  con <- dbplyr::remote_con(data)
  view <- DBI::dbQuoteIdentifier(con, names$view)
  done <- FALSE
  on.exit(if (!done) {
    try(DBI::dbExecute(con, paste("DROP VIEW IF EXISTS", view)), silent = TRUE)
    try(DBI::dbRemoveTable(con, names$cells), silent = TRUE)
  })
  in_database(if (temporary) DBI::dbWriteTable(con, names$cells, cells, temporary = TRUE) else
    DBI::dbWriteTable(con, names$cells, cells), "write a table")
  query <- fitted_query(data, dplyr::tbl(con, names$cells), plan)
  text <- paste("CREATE", if (temporary) "TEMPORARY", "VIEW", view, "AS",
    dbplyr::sql_render(query))
  in_database(DBI::dbExecute(con, text), "make a view")
  found <- in_database(dplyr::tbl(con, names$view), "read the view")
  done <- TRUE
  found
}

view_names <- function(table, con) {
  if (!is.character(table) || length(table) != 1L || is.na(table) || !nzchar(table)) {
    abort_augment_table("the name of the view to make is needed.")
  }
  names <- list(view = table, cells = paste0(table, "_cells"))
  for (name in names) {
    if (isTRUE(in_database(DBI::dbExistsTable(con, name), "be asked"))) {
      abort_augment_table(paste0("there is a table ", as_text(name), "."))
    }
  }
  names
}

# A row for each combination of levels: .g1, ... and, of the fitted value and of its fixed part, the
# constant (.a, .c) and the coefficients of the varying products (.b1, ..., .d1, ...).
cell_coefficients <- function(fit, plan) {
  pooled <- pooled_records(fit$frame)
  first <- which(pooled$count > 0)
  groups <- lapply(pooled$levels, function(x) if (is.logical(x)) as.integer(x) else x)
  groups <- lapply(groups, function(x) if (is.factor(x)) as.character(x) else x)
  names(groups) <- dotted("g", groups)
  if (is.null(pooled$one)) {
    return(as_grid(c(groups, list(.a = fit$fitted[first], .c = fit$fitted_fixed[first])),
      length(first)))
  }
  unit <- unit_rows(fit, first)
  values <- function(x, letters) {
    found <- as.data.frame(matrix(x, length(first)))
    stats::setNames(found, c(letters[1L], aliases(letters[2L], pooled$products)))
  }
  as_grid(c(groups, values(unit$fitted, c(".a", ".b")), values(unit$fixed, c(".c", ".d"))),
    length(first))
}

# What the effects make of the constant and of each product, one below the other: fitted and fixed.
unit_rows <- function(fit, first) {
  pooled <- pooled_records(fit$frame)
  n <- length(first)
  blocks <- length(pooled$products) + 1L
  at <- rep.int(first, blocks)
  frame <- fit$frame[at, , drop = FALSE]
  attributes(frame)[c("terms", "sources", "order", "optional")] <-
    attributes(fit$frame)[c("terms", "sources", "order", "optional")]
  block <- rep(seq_len(blocks), each = n)
  pooled$one <- as.double(block == 1L)
  for (k in seq_along(pooled$products)) pooled$products[[k]] <- as.double(block == k + 1L)
  attr(frame, "pooled") <- pooled
  fit$frame <- frame
  matrices <- fit_matrices(fit)
  fixed <- as.vector(matrices$X %*% ifelse(is.na(fit$fixed$estimate), 0, fit$fixed$estimate))
  random <- Map(function(Z, term) as.vector(Z %*% as.vector(term$effects)), matrices$Z, fit$random)
  list(fixed = fixed, fitted = Reduce(`+`, random, fixed))
}

dotted <- function(letter, x) if (length(x) > 0L) paste0(".", aliases(letter, x)) else character()

# The records of the fit with .fitted, .fixed and .resid behind their columns.
fitted_query <- function(table, cells, plan) {
  con <- dbplyr::remote_con(table)
  columns <- colnames(table)
  if (!is.null(plan$subset)) {
    table <- do.call(dplyr::filter, list(table, dplyr::sql(sql_text(plan$subset, con))))
  }
  own <- c(
    stats::setNames(lapply(plan$groups, sql_group, con), dotted("g", plan$groups)),
    stats::setNames(lapply(plan$numbers, sql_number, con), dotted("v", plan$numbers)),
    list(.y = sql_number(plan$response, con),
      .o = if (is.null(plan$offset)) dplyr::sql("0.0") else sql_number(plan$offset, con))
  )
  table <- do.call(dplyr::mutate, c(list(table), own))
  keys <- dotted("g", plan$groups)
  if (length(keys) == 0L) {
    # One combination, of all records.
    keys <- ".all"
    table <- do.call(dplyr::mutate, list(table, .all = 1L))
    cells <- do.call(dplyr::mutate, list(cells, .all = 1L))
  }
  table <- dplyr::inner_join(table, cells, by = keys)
  for (name in c(".y", dotted("v", plan$numbers))) {
    table <- do.call(dplyr::filter, list(table, call("!", call("is.na", as.name(name)))))
  }
  products <- column_expressions(plan, ".")[seq_along(plan$keys)]
  has_products <- ".b1" %in% colnames(cells)
  value <- function(constant, letter) {
    parts <- if (has_products) Map(function(name, x) call("*", as.name(name), x),
      dotted(letter, products), products)
    Reduce(function(a, b) call("+", a, b), c(list(as.name(".o"), as.name(constant)), unname(parts)))
  }
  values <- list(.fitted = value(".a", "b"), .fixed = value(".c", "d"))
  table <- do.call(dplyr::mutate, c(list(table), values))
  table <- do.call(dplyr::mutate, list(table, .resid = quote(.y - .fitted)))
  do.call(dplyr::select, c(list(table), lapply(c(columns, ".fitted", ".resid", ".fixed"), as.name)))
}
