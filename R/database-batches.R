# Records that come in batches, as those of an Arrow dataset. They are written, a batch at a time,
# into a table of an SQLite file that lives as long as the two passes over the records; from there
# on they are records in a database.

check_batch_packages <- function() {
  for (package in c("nanoarrow", "RSQLite")) {
    if (!requireNamespace(package, quietly = TRUE)) abort_batch_package(package)
  }
}

# list(sample, columns, open): some records as R has them, the names of all columns, and
# open(columns), which gives a function whose calls return batch after batch, as data frames with
# these columns, and then NULL.
batches_of <- function(data) {
  read_once <- inherits(data, c("nanoarrow_array_stream", "RecordBatchReader"))
  stream <- batch_stream(data)
  columns <- names(in_batches(stream$get_schema())$children)
  if (length(columns) == 0L) abort_batches_empty()
  first <- next_batch(stream, columns)
  if (is.null(first) && read_once) abort_no_records(0L, "`data` has none, or was read before")
  sample <- if (is.null(first)) empty_sample(stream) else plain_data(utils::head(first, n_sampled))
  open <- function(columns) {
    if (!read_once) return(batch_reader(batch_stream(data, columns), columns))
    given <- FALSE
    following <- batch_reader(stream, columns)
    function() {
      if (given || is.null(first)) return(following())
      given <<- TRUE
      first[columns]
    }
  }
  structure(list(sample = sample, columns = names(sample), open = open), class = "record_batches")
}

# Columns that are not needed are not read where that can be said.
batch_stream <- function(data, columns = NULL) {
  if (!is.null(columns)) data <- in_batches(dplyr::select(data, dplyr::all_of(columns)))
  in_batches(nanoarrow::as_nanoarrow_array_stream(data))
}

batch_reader <- function(stream, columns) function() next_batch(stream, columns)

# NULL at the end; batches without records are passed over.
next_batch <- function(stream, columns) {
  repeat {
    array <- in_batches(stream$get_next())
    if (is.null(array)) return(NULL)
    if (array$length > 0L) break
  }
  schema <- nanoarrow::infer_nanoarrow_schema(array)
  is_ordered <- vapply(schema$children, has_order, NA)
  if (any(is_ordered)) array <- without_order(array, schema, is_ordered)
  batch <- in_batches(as.data.frame(array))[columns]
  # A list is no variable of a model.
  batch <- batch[!vapply(batch, is.list, NA)]
  for (name in names(batch)) {
    batch[[name]] <- as_variable(batch[[name]], array$children[[name]], is_ordered[[name]])
  }
  batch
}

has_order <- function(schema) bitwAnd(schema$flags, 1L) > 0L

# nanoarrow converts no dictionary whose levels have an order.
without_order <- function(array, schema, is_ordered) {
  plain <- function(column) {
    nanoarrow::nanoarrow_schema_modify(column, list(flags = column$flags - 1L), validate = FALSE)
  }
  children <- schema$children
  children[is_ordered] <- lapply(children[is_ordered], plain)
  nanoarrow::nanoarrow_array_set_schema(array,
    nanoarrow::nanoarrow_schema_modify(schema, list(children = children)))
  array
}

# A date or a time is a number; a column by codes is a factor, its dictionary the levels.
as_variable <- function(x, column, is_ordered) {
  if (inherits(x, c("Date", "POSIXct", "difftime"))) return(as.double(unclass(x)))
  if (is.null(column$dictionary)) return(x)
  factor(as.character(x), unique(as.character(as.vector(column$dictionary))), ordered = is_ordered)
}

empty_sample <- function(stream) {
  as.data.frame(nanoarrow::convert_array_stream(nanoarrow::basic_array_stream(list(),
    stream$get_schema())))
}

in_batches <- function(expression) {
  tryCatch(expression, error = function(e) abort_batches(conditionMessage(e)))
}

# list(table, stored): the columns of the model in a table, and of those with levels or truth values
# a vector without elements that has their class and levels. close_batches() ends the table.
stored_batches <- function(batches, names) {
  columns <- intersect(batches$columns, names)
  if (length(columns) == 0L) columns <- batches$columns[1L]
  file <- tempfile("henderson", fileext = ".sqlite")
  con <- DBI::dbConnect(RSQLite::SQLite(), file)
  done <- FALSE
  on.exit(if (!done) close_batches(con))
  for (setting in c("journal_mode = OFF", "synchronous = OFF")) {
    DBI::dbExecute(con, paste("PRAGMA", setting))
  }
  stored <- list()
  read <- batches$open(columns)
  while (!is.null(batch <- read())) {
    stored <- with_classes(stored, batch)
    rows <- as_grid(lapply(batch, stored_column), nrow(batch))
    in_database(DBI::dbWriteTable(con, "records", rows, append = TRUE), "store a batch")
  }
  done <- TRUE
  list(table = dplyr::tbl(con, "records"), stored = stored)
}

close_batches <- function(con) {
  file <- con@dbname
  DBI::dbDisconnect(con)
  unlink(file)
}

stored_column <- function(x) {
  if (is.factor(x)) return(as.character(x))
  if (is.logical(x)) return(as.integer(x))
  x
}

# Levels that a later batch adds come behind those of the first.
with_classes <- function(stored, batch) {
  for (name in names(batch)) {
    x <- batch[[name]]
    if (is.logical(x)) stored[[name]] <- logical()
    if (is.factor(x)) {
      stored[[name]] <- factor(levels = union(levels(stored[[name]]), levels(x)),
        ordered = is.ordered(x))
    }
  }
  stored
}
