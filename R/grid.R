# Data frames of columns as they come: data.frame() would check and change them, and `[` by rows
# would make a name of every row.

as_grid <- function(columns, n) {
  structure(columns, class = "data.frame", row.names = seq_len(n))
}

# A text for each row of some columns.
row_keys <- function(columns) {
  do.call(paste, c(unname(lapply(columns, as.character)), sep = "\r"))
}
