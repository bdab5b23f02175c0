# Rows of a query. Nothing is written into the database, and no temporary table is made.

rows_of_a_fetch <- 1e5

# All rows of a query with few of them, its numbers as doubles.
fetch_all <- function(query) {
  found <- NULL
  fetch_rows(query, function(rows) found <<- rbind(found, rows))
  found
}

# Calls take(rows) with the rows of a query, some at a time. Whatever happens, the result is
# cleared, so that the connection can be used.
fetch_rows <- function(query, take, piece = rows_of_a_fetch) {
  con <- dbplyr::remote_con(query)
  text <- tryCatch(suppressWarnings(dbplyr::sql_render(query)), error = function(e) {
    abort_database("be asked", conditionMessage(e))
  })
  before <- open_results(con)
  result <- NULL
  on.exit(if (is.null(result)) clear_others(con, before) else DBI::dbClearResult(result))
  result <- in_database(DBI::dbSendQuery(con, text), "answer")
  repeat {
    rows <- in_database(DBI::dbFetch(result, n = piece), "send its rows")
    take(plain_rows(rows))
    if (nrow(rows) == 0L || DBI::dbHasCompleted(result)) break
  }
}

# Results of which a driver keeps a list.
open_results <- function(con) {
  suppressWarnings(tryCatch(DBI::dbListResults(con), error = function(e) list()))
}

# An interrupt may come when the database has answered, before the result has a name here.
clear_others <- function(con, before) {
  for (result in open_results(con)) {
    known <- vapply(before, identical, NA, result)
    if (!any(known)) DBI::dbClearResult(result)
  }
}

in_database <- function(expression, what) {
  tryCatch(suppressWarnings(expression), error = function(e) {
    if (inherits(e, "henderson_error")) stop(e)
    abort_database(what, conditionMessage(e))
  })
}

plain_rows <- function(rows) plain_data(as.data.frame(rows, stringsAsFactors = FALSE))

check_connection <- function(table) {
  con <- dbplyr::remote_con(table)
  valid <- tryCatch(DBI::dbIsValid(con), error = function(e) TRUE)
  if (!isTRUE(valid)) abort_connection()
}

# Some records, for the types of columns and to compare what SQL computes.
n_sampled <- 200L

sampled_records <- function(table) {
  if (is_batched(table)) return(table$sample)
  check_connection(table)
  fetch_all(utils::head(table, n_sampled))
}
