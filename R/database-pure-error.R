# What the rows leave of the records of a database, where each residual variance needs it.

# Residuals are independent; their variance depends on levels at most.
has_variance_by_group <- function(residual) {
  if (is_iid(residual)) return(TRUE)
  all(vapply(residual$blocks, function(block) {
    length(block$factors) == 0L ||
      length(block$factors) == 1L && has_diagonal_alone(block$factors[[1L]]$name)
  }, NA))
}

# The columns by which records are grouped that tell the variance of a residual.
residual_columns <- function(parts, own_columns, groups) {
  variables <- vapply(residual_variables(parts$residual), deparse_one, "")
  intersect(names(groups), c(variables, unlist(own_columns[variables])))
}

# Of sums by combination of levels: with one variance list(df, sum_of_squares, sum_log_weights) as
# `pure_error`; else a row for each group with the root of its sum of squares as response, one = 0,
# so that no effect sees it, and by row stands_for, how many records it has.
with_pure_error <- function(pooled, plan) {
  pure_error <- list(df = sum(pooled$df), sum_of_squares = sum(pooled$sum_of_squares),
    sum_log_weights = pooled$sum_log_weights)
  if (length(plan$residual) > 0L) {
    pooled <- with_group_rows(pooled, plan$residual)
    pure_error[c("df", "sum_of_squares")] <- 0
  }
  pooled$pure_error <- pure_error
  pooled
}

with_group_rows <- function(pooled, columns) {
  key <- row_keys(pooled$levels[columns])
  key <- match(key, unique(key))
  df <- as.vector(rowsum(pooled$df, key))
  squares <- as.vector(rowsum(pooled$sum_of_squares, key))
  kept <- which(df > 0)
  m <- length(kept)
  values <- matrix(0, m, ncol(pooled$values))
  values[, ncol(values)] <- sqrt(squares[kept])
  pooled$stands_for <- c(rep.int(1, length(pooled$cell)), df[kept])
  pooled$cell <- c(pooled$cell, match(kept, key))
  pooled$one <- c(pooled$one, numeric(m))
  pooled$values <- rbind(pooled$values, values)
  pooled$weight <- c(pooled$weight, rep.int(1, m))
  pooled$count <- c(pooled$count, numeric(m))
  pooled
}
