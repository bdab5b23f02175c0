# Frames whose rows stand for cells of records, not for records: what the design and the spec make
# of them. A frame of pooled records has the attribute `pooled`, a list of
#
#   plan      what was asked of the database, see database_plan()
#   levels    a data frame with a row for each combination of levels
#   n         number of records
#   left_out  number of those with missing values
#   count     records by row: of a cell in its first row, 0 in the others
#   one       by row the value of the column of ones; NULL where that is 1 in all rows
#   varying   names of variables that vary within cells
#   products  by row their products, named by product_key(); their own rows are not 1 nor x, but
#             what an orthogonal change of the records of a cell makes of 1 and x (cells.R)
#   means, ranges   by name, of numbers, over the records
#   response  mean and sum of squares of the response, by which fits to the same records are known
#   pure_error  list(df, sum_of_squares, sum_log_weights): what the rows leave of the records
#   stands_for  by row the records that it stands for, where pure error has rows: one for each
#               residual variance, which no effect sees; else NULL

pooled_records <- function(frame) attr(frame, "pooled")

is_pooled <- function(frame) !is.null(pooled_records(frame))

product_key <- function(names) paste(sort(names), collapse = ":")

# The columns of terms over pooled records: products of varying covariates in the place of the
# covariates, and where there are none what the rows have of the intercept.
over_pooled <- function(terms, pooled) {
  if (is.null(pooled$one)) return(terms)
  lapply(terms, function(term) {
    variables <- vapply(term$parts, function(part) attr(part, "variable") %||% "", "")
    varies <- variables %in% pooled$varying
    column <- if (any(varies)) pooled$products[[product_key(variables[varies])]] else pooled$one
    list(parts = c(term$parts[!varies], list(matrix(column))))
  })
}

design_over_pooled <- function(design, pooled) {
  if (is.null(pooled$one)) return(design)
  design$fixed$terms <- over_pooled(design$fixed$terms, pooled)
  design$random <- lapply(design$random, function(term) {
    term$incidence <- lapply(term$incidence, function(member) {
      member$terms <- over_pooled(member$terms, pooled)
      member
    })
    term
  })
  design
}

# The mean of a number over the records.
record_mean <- function(frame, x, name = NULL) {
  pooled <- pooled_records(frame)
  if (is.null(pooled)) return(mean(x))
  known <- if (!is.null(name)) pooled$means[[name]]
  known %||% (sum(pooled$count * as_plain_number(x)) / pooled$n)
}

# How many records have each key.
record_counts <- function(keys, count = NULL) {
  if (is.null(count)) return(table(keys))
  tapply(count, keys, sum)
}
