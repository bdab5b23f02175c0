# Databases for tests: SQLite in memory, PostgreSQL as a server on loopback, started here.

database_packages <- c("DBI", "dplyr", "dbplyr", "RSQLite")

skip_without_databases <- function() {
  for (package in database_packages) skip_if_not_installed(package)
}

# A table in a new SQLite database that is closed with the test.
sqlite_table <- function(data, name = "records", env = parent.frame()) {
  con <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  defer_in(env, DBI::dbDisconnect(con))
  DBI::dbWriteTable(con, name, data)
  dplyr::tbl(con, name)
}

# DuckDB in memory, and another driver of PostgreSQL: packages that the tests do not ask for.
duckdb_connection <- function(env = parent.frame()) {
  skip_if_not_installed("duckdb")
  con <- DBI::dbConnect(getExportedValue("duckdb", "duckdb")())
  defer_in(env, DBI::dbDisconnect(con))
  con
}

# Runs an expression when the frame of a test ends.
defer_in <- function(env, expression) {
  expression <- substitute(expression)
  call <- as.call(list(as.function(list(expression), envir = parent.frame())))
  do.call(base::on.exit, list(call, add = TRUE, after = FALSE), envir = env)
}

connection_of <- function(table) dbplyr::remote_con(table)

# Where Debian and others have the programs of the server.
postgres_programs <- function() {
  places <- c(dirname(Sys.which("initdb")), Sys.glob("/usr/lib/postgresql/*/bin"))
  found <- places[nzchar(places) & file.exists(file.path(places, "initdb"))]
  if (length(found) > 0L) found[length(found)]
}

# The server runs under a user of its own: it refuses to run as root.
postgres_user <- function() {
  if (Sys.info()[["effective_user"]] != "root") return(NULL)
  known <- tryCatch(system2("id", c("-u", "postgres"), stdout = TRUE, stderr = FALSE),
    warning = function(w) character(), error = function(e) character())
  if (length(known) == 1L && nzchar(Sys.which("su"))) "postgres" else NA
}

run_as <- function(user, command) {
  quietly <- list(stdout = FALSE, stderr = FALSE)
  if (is.null(user)) return(do.call(system2, c(list("sh", c("-c", shQuote(command))), quietly)))
  do.call(system2, c(list("su", c(user, "-s", "/bin/sh", "-c", shQuote(command))), quietly))
}

# A connection to a server that lives as long as the test, or a skip that says what is missing.
local_postgres <- function(env = parent.frame()) {
  skip_if_not_installed("RPostgreSQL")
  programs <- postgres_programs()
  user <- postgres_user()
  if (is.null(programs)) skip("PostgreSQL is not installed")
  if (!is.null(user) && is.na(user)) skip("there is no user for PostgreSQL beside root")
  place <- tempfile("postgres", "/tmp")
  port <- sample(20000:40000, 1L)
  dir.create(place)
  if (!is.null(user)) system2("chown", c(user, place))
  programs <- shQuote(programs)
  begun <- run_as(user, sprintf("%s/initdb -D %s/data -A trust -U tester", programs, place)) == 0 &&
    run_as(user, sprintf("%s/pg_ctl -w -D %s/data -l %s/log -o '-p %d -k %s -h 127.0.0.1' start",
      programs, place, place, port, place)) == 0
  defer_in(env, {
    run_as(user, sprintf("%s/pg_ctl -w -m immediate -D %s/data stop", programs, place))
    unlink(place, recursive = TRUE)
  })
  if (!begun) skip("PostgreSQL could not be started")
  con <- DBI::dbConnect(RPostgreSQL::PostgreSQL(), dbname = "postgres", host = "127.0.0.1",
    port = port, user = "tester")
  defer_in(env, DBI::dbDisconnect(con))
  con
}
