# Conditions about records that stay in a database.

abort_database <- function(what, detail) {
  detail <- sub("[.[:space:]]*$", "", sub("\n.*", "", detail))
  abort("database", paste0("The database could not ", what, ": ", as_text(detail), "."),
    "The connection can be used as before; {.fn dplyr::show_query} shows what {.arg data} asks.",
    "data", detail
  )
}

# Not a template of cli.
as_text <- function(x) gsub("}", "}}", gsub("{", "{{", x, fixed = TRUE), fixed = TRUE)

abort_database_package <- function(package) {
  abort("database_package", "Records in a database need the package {.pkg {package}}.",
    "Install it by {.code install.packages(\"{package}\")}.", "data", package
  )
}

abort_connection <- function() {
  abort("database", "The connection of {.arg data} is closed.",
    "Connect again by {.fn DBI::dbConnect}, and give {.code dplyr::tbl(con, \"records\")}.", "data"
  )
}

abort_database_model <- function(what, argument, why, value = NULL) {
  abort("database_model",
    "{what} cannot be fitted to records that stay in a database: {why}.",
    "Fetch the records that it needs: {.code data = dplyr::collect(data)}.", argument, value
  )
}

abort_database_traits <- function() {
  abort_database_model("Several responses", "formula",
    "the residuals of a row are correlated, and each row counts")
}

abort_database_bayes <- function() {
  abort_database_model(cli::format_inline("A model by {.code method = \"Bayes\"}"), "method",
    "its samplers look at each record")
}

abort_batch_package <- function(package) {
  abort("database_package", "Records in batches, as of Arrow, need the package {.pkg {package}}.",
    "Install it by {.code install.packages(\"{package}\")}.", "data", package
  )
}

abort_batches <- function(detail) {
  detail <- sub("[.[:space:]]*$", "", sub("\n.*", "", detail))
  abort("batches", paste0("The batches of {.arg data} could not be read: ", as_text(detail), "."),
    c("A stream is read once: make it anew for each fit.",
      "{.code dplyr::collect(data)} fetches all records."), "data", detail
  )
}

abort_batches_empty <- function() {
  abort("batches", "{.arg data} has no columns.",
    "Give an Arrow dataset, table or query, or a stream of record batches.", "data"
  )
}

basis_advice <- paste("Write powers, {.code x + I(x^2) + I(x^3)}, or pieces,",
  "{.code I(ifelse(x > 5, x - 5, 0))}; or fetch the records by {.code dplyr::collect(data)}.")

abort_database_function <- function(name, expression, advice) {
  text <- deparse_one(expression)
  abort("database_function",
    "{.code {text}} cannot be computed in the database: SQL has no {.fn {name}} as R has it.",
    advice, "formula", name
  )
}

# The database computes something else under the name: `log` may be decadic there.
abort_database_differs <- function(expression, sql, row, ours, theirs) {
  text <- deparse_one(expression)
  abort("database_function",
    paste("The database computes {.code {text}} otherwise: of one record {.val {theirs}}, which is",
      "{.val {ours}} in R."),
    paste0("Make a column of it in the database, and use its name; the SQL was ", as_text(sql),
      "."), "formula", text
  )
}

abort_database_type <- function(name, value, expected) {
  what <- class(value)[1L]
  abort("variable_type",
    "{.code {name}} is {what} in the database, and {expected} is needed.",
    "Change its type in the database: {.code dplyr::mutate(data, {name} = as.numeric({name}))}.",
    "data", name
  )
}

abort_mixed_types <- function(name, n) {
  abort("variable_type",
    "{.code {name}} has numbers and, in {n} record{?s}, texts.",
    "Change its type in the database: {.code CAST({name} AS REAL)}.", "data", name
  )
}

abort_database_variable <- function(name, argument, value) {
  abort("database_variable",
    "{.code {name}} in {.arg {argument}} has {length(value)} values and is no column of the table.",
    "Add it to the table in the database; single numbers and texts may come from R.", argument, name
  )
}

abort_database_not_finite <- function(name) {
  abort("not_finite", "{.code {name}} is not finite in every record.",
    "Leave these records out by {.arg subset}, or set them to NULL in the database.", "data", name
  )
}

abort_database_missing <- function(name, n) {
  abort("missing",
    "{.code {name}} is missing in {n} record{?s}, and {.arg na.action} does not leave them out.",
    "Use {.code na.action = na.omit}, or fill them in the database.", "na.action", n
  )
}

abort_table_changed <- function(before, after) {
  abort("database_changed",
    paste("The table changed while it was read: it had {before} records when they were counted and",
      "{after} when they were summed."),
    "Fit a copy, or read it in one transaction: {.fn DBI::dbBegin}.", "data", c(before, after)
  )
}

abort_database_memory <- function(cells, needed, limit) {
  needed <- gigabytes(needed)
  limit <- gigabytes(limit)
  abort("memory",
    paste("There are more than {cells} combinations of levels, which take {needed} here, and there",
      "is {limit}."),
    c("Use fewer factors, or coarser ones: records of one combination are one row here.",
      "{.code lmm_control(memory = )} allows more."), "data", cells
  )
}

abort_gradients_database <- function(free) {
  abort("solver",
    paste("REML by simulation draws records, which are in a database here; {.val {free}}",
      "{cli::qty(length(free))}{?is/are} not held."),
    "Use {.code solver = \"factor\"}, or give known values by {.arg hold}.", "solver", free
  )
}

abort_needs_records <- function(what) {
  abort("needs_records", paste(what, "needs the records, which are in a database."),
    c("{.fn augment} leaves fitted values and residuals there.",
      "Fit {.code dplyr::collect(data)} for all that needs the records."), "object", what
  )
}

abort_augment_table <- function(detail) {
  abort("argument", paste0("{.arg table}: ", detail),
    "Give a new name: {.code augment(fit, data, table = \"fitted_records\")}.", "table"
  )
}

abort_no_table <- function(expression) {
  abort("database", "The table {.code {deparse_one(expression)}} of the fit is not found.",
    "Give it as {.code data}.", "data", expression)
}

inform_temporary <- function(view) {
  inform("database",
    "The view {.val {view}} ends with the connection, as the temporary table that it is of.",
    "table", view)
}
