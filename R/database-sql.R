# Expressions of R as SQL. dbplyr translates them; what it would hand on untranslated, or would
# translate to something else, is refused.

is_database <- function(data) inherits(data, "tbl_lazy") || is_batched(data)

# Of Arrow, see database-batches.R.
is_batched <- function(data) {
  inherits(data, c("ArrowObject", "arrow_dplyr_query", "nanoarrow_array_stream", "record_batches"))
}

check_database_packages <- function() {
  for (package in c("DBI", "dplyr", "dbplyr")) {
    if (!requireNamespace(package, quietly = TRUE)) abort_database_package(package)
  }
}

# What is computed from all values of a column needs them.
basis_functions <- c("poly", "ns", "bs", "spl", "spl2", "leg", "pspline", "snp")

# The expression with what stands for single values in R, and without what SQL does not have.
database_expression <- function(x, columns, env, argument = "formula") {
  if (is.symbol(x)) {
    name <- as.character(x)
    if (name %in% columns) return(x)
    value <- get0(name, envir = env)
    single <- is.atomic(value) && length(value) == 1L && !is.null(value)
    if (!single) abort_database_variable(name, argument, value)
    return(value)
  }
  if (!is.call(x)) return(x)
  within <- function(x) database_expression(x, columns, env, argument)
  if (is_call_to(x, "I")) return(call("(", within(x[[2L]])))
  # A vector of constants.
  if (is_call_to(x, "c") && length(all.vars(x)) == 0L) return(x)
  arguments <- lapply(as.list(x)[-1L], within)
  # In SQL the quotient of whole numbers is a whole number.
  if (is_call_to(x, "/")) arguments[[1L]] <- call("*", 1, arguments[[1L]])
  as.call(c(x[[1L]], arguments))
}

# Names of functions that the database has under the meaning of R.
check_translated <- function(expression, con) {
  translation <- dbplyr::sql_translation(con)$scalar
  for (name in unique(called_functions(expression))) {
    if (name %in% basis_functions || !is_translated(name, translation)) {
      abort_database_function(name, expression,
        if (name %in% basis_functions) basis_advice else
          "Make a column of it in the database, by {.fn dplyr::mutate} or SQL, and use its name.")
    }
  }
}

is_translated <- function(name, translation) {
  name == "(" || exists(name, envir = translation, inherits = TRUE)
}

name_of_call <- function(x) if (is.call(x)) deparse_one(x[[1L]]) else deparse_one(x)

# SQL text of an expression over the columns of a table.
sql_text <- function(expression, con) {
  tryCatch(
    suppressWarnings(as.character(
      dbplyr::translate_sql_(list(expression), con = con, window = FALSE))),
    error = function(e) {
      abort_database_function(name_of_call(expression), expression,
        "Make a column of it in the database, by {.fn dplyr::mutate} or SQL, and use its name.")
    })
}

# A number in double precision: SQL adds up whole numbers as such.
sql_number <- function(expression, con) {
  dplyr::sql(paste0("CAST(", sql_text(expression, con), " AS ", double_type(con), ")"))
}

double_type <- function(con) {
  if (inherits(con, c("Spark SQL", "Hive", "Impala", "spark_connection"))) return("DOUBLE")
  tryCatch(DBI::dbDataType(con, 1.5), error = function(e) "DOUBLE PRECISION")
}

# Whether SQL has the functions of an expression with levels as its values.
is_computed_there <- function(expression, columns, env, table) {
  con <- dbplyr::remote_con(table)
  own <- tryCatch(database_expression(expression, columns, env), henderson_error = identity)
  if (inherits(own, "condition")) return(FALSE)
  known <- all(vapply(called_functions(own), is_translated, NA,
    dbplyr::sql_translation(con)$scalar))
  known && !inherits(tryCatch(sql_text(own, con), henderson_error = identity), "condition")
}

# A value of a group as SQL gives it. A truth value is a number, which every database can return.
sql_group <- function(group, con) {
  if (!is.null(group$column)) return(dplyr::sql(sql_text(group$expression, con)))
  expression <- group$expression
  if (is.logical(group$prototype)) expression <- call("ifelse", expression, 1L, 0L)
  dplyr::sql(sql_text(expression, con))
}

# Values of a group as R has them.
group_values <- function(x, group) {
  prototype <- group$prototype
  if (is.null(prototype)) return(x)
  if (is.logical(prototype)) return(x == 1)
  if (is.factor(prototype)) {
    return(factor(as.character(x), levels(prototype), ordered = is.ordered(prototype)))
  }
  x
}
