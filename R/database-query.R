# The two passes over the records of a table: their number, missing values and means; then sums by
# group.

# The columns of the records that are summed: groups g1, ..., numbers v1, ..., y, w, o; t1, ... are
# 1 where SQLite, whose columns may have values of any type, has a text for a number.
prepared_records <- function(table, plan) {
  con <- dbplyr::remote_con(table)
  if (!is.null(plan$subset)) {
    table <- do.call(dplyr::filter, list(table, dplyr::sql(sql_text(plan$subset, con))))
  }
  columns <- c(
    stats::setNames(lapply(plan$groups, sql_group, con), aliases("g", plan$groups)),
    stats::setNames(lapply(plan$numbers, sql_number, con), aliases("v", plan$numbers)),
    list(y = sql_number(plan$response, con)),
    if (!is.null(plan$weights)) list(w = sql_number(plan$weights, con)),
    if (!is.null(plan$offset)) list(o = sql_number(plan$offset, con)),
    text_flags(plan, con)
  )
  do.call(dplyr::transmute, c(list(table), columns))
}

aliases <- function(letter, x) if (length(x) > 0L) paste0(letter, seq_along(x)) else character()

text_flags <- function(plan, con) {
  if (!inherits(con, "SQLiteConnection")) return(NULL)
  columns <- unique(unlist(lapply(c(plan$numbers, plan$response, plan$weights, plan$offset),
    all.vars)))
  flags <- lapply(columns, function(name) {
    quoted <- as.character(DBI::dbQuoteIdentifier(con, name))
    dplyr::sql(paste0("CASE WHEN typeof(", quoted, ") IN ('text', 'blob') THEN 1 ELSE 0 END"))
  })
  stats::setNames(flags, aliases("t", columns))
}

# Records without missing values have complete = 1. Those of `optional` groups may be missing.
with_complete <- function(prepared, plan, optional = character()) {
  needed <- setdiff(required_aliases(plan), optional)
  missing <- lapply(needed, function(name) call("is.na", as.name(name)))
  any_missing <- Reduce(function(a, b) call("|", a, b), missing)
  do.call(dplyr::mutate, list(prepared, complete = call("ifelse", any_missing, 0L, 1L)))
}

required_aliases <- function(plan) {
  c(aliases("g", plan$groups), number_aliases(plan))
}

number_aliases <- function(plan) {
  c(aliases("v", plan$numbers), "y", if (!is.null(plan$weights)) "w",
    if (!is.null(plan$offset)) "o")
}

# First pass: one row with n, complete, missing_<alias>, mean_, min_, max_<alias> of the numbers
# over the complete records, centre1, ... of the columns that are summed, and text_<alias>.
count_query <- function(table, plan, optional = character()) {
  prepared <- with_complete(prepared_records(table, plan), plan, optional)
  of <- function(prefix, names, make) {
    stats::setNames(lapply(names, function(name) make(as.name(name))),
      paste0(rep(prefix, length(names)), names))
  }
  numbers <- number_aliases(plan)
  kept <- function(x) bquote(ifelse(complete == 1L, .(x), NA))
  flags <- aliases("t", text_flags(plan, dbplyr::remote_con(table)))
  asked <- c(
    list(n = quote(n()), complete = quote(sum(complete, na.rm = TRUE))),
    of("missing_", required_aliases(plan),
      function(x) bquote(sum(ifelse(is.na(.(x)), 1L, 0L), na.rm = TRUE))),
    of("mean_", numbers, function(x) bquote(mean(.(kept(x)), na.rm = TRUE))),
    of("min_", numbers, function(x) bquote(min(.(kept(x)), na.rm = TRUE))),
    of("max_", numbers, function(x) bquote(max(.(kept(x)), na.rm = TRUE))),
    stats::setNames(lapply(column_expressions(plan), function(x) {
      bquote(mean(.(kept(x)), na.rm = TRUE))
    }), aliases("centre", column_expressions(plan))),
    of("text_", flags, function(x) bquote(sum(.(x), na.rm = TRUE)))
  )
  do.call(dplyr::summarise, c(list(prepared), asked))
}

# Second pass: by group n, sw and slw (sums of weights and of their logarithms), so (of the offset),
# and sums of the columns x1, ..., and of their products x1_1, x2_1, ..., of values less `centre`.
# The columns are the products of plan$keys, and then the response less its offset. `whole`: no
# record has missing values.
sums_query <- function(table, plan, centre, optional = character(), whole = FALSE) {
  prepared <- prepared_records(table, plan)
  if (!whole) prepared <- with_complete(prepared, plan, optional)
  kept <- if (whole) prepared else do.call(dplyr::filter, list(prepared, quote(complete == 1L)))
  columns <- Map(function(x, m) call("(", call("-", x, m)), column_expressions(plan), centre)
  weight <- if (!is.null(plan$weights)) as.name("w")
  total <- function(...) {
    call("sum", Reduce(function(a, b) call("*", a, b), c(weight, list(...))), na.rm = TRUE)
  }
  m <- length(columns)
  single <- lapply(columns, total)
  pairs <- unlist(lapply(seq_len(m), function(j) {
    stats::setNames(lapply(columns[j:m], total, columns[[j]]), paste0("x", j:m, "_", j))
  }), FALSE)
  asked <- c(list(n = quote(n())),
    if (!is.null(weight)) list(sw = quote(sum(w, na.rm = TRUE)),
      slw = quote(sum(log(w), na.rm = TRUE))),
    if (!is.null(plan$offset)) list(so = total(quote(o))),
    stats::setNames(single, paste0("x", seq_len(m))), pairs)
  groups <- lapply(aliases("g", plan$groups), as.name)
  if (length(groups) > 0L) kept <- do.call(dplyr::group_by, c(list(kept), groups))
  do.call(dplyr::summarise, c(list(kept), asked, if (length(groups) > 0L) list(.groups = "drop")))
}

column_expressions <- function(plan, prefix = "") {
  own <- paste0(rep(prefix, length(plan$numbers)), aliases("v", plan$numbers))
  names <- stats::setNames(lapply(own, as.name), names(plan$numbers))
  products <- lapply(plan$keys, function(key) {
    Reduce(function(a, b) call("*", a, b), unname(names[key]))
  })
  response <- if (is.null(plan$offset)) quote(y) else quote((y - o))
  c(unname(products), list(response))
}
