# Cells of records that agree in all their levels, reduced to a few rows each.
#
# The records of a cell, each times the root of its weight, are the rows of [1, x, y]. An orthogonal
# matrix takes them to the rows of the Cholesky factor of their cross products, and to rows that
# have zeros for 1 and x: the likelihood, whatever effects 1 and x have in the cell, stays what it
# is. Of the latter it needs only how many there are and their sum of squares, the pure error. The
# first row of the factor, divided by the root of the weight of the cell, is its mean: a record with
# that weight. Where x is constant in the cell its row is zero, and left out.

# What is left of x in a cell is rounding below this share of its sum of squares.
negligible_pivot <- 1e-13

# cells: list(count, weight, sums, squares): by cell the number of records and the sum of their
# weights, the weighted sums of the columns of [x, y] (cells x columns) and of their products (cells
# x columns x columns), both of values less `centre`. Gives list(cell, one, values, weight, count)
# by row, the first rows of all cells first, and df and sum_of_squares of the pure error by cell.
reduced_cells <- function(cells, centre) {
  n <- length(cells$count)
  m <- length(centre)
  mean <- cells$sums / cells$weight
  left <- within_cells(cells, mean)
  room <- cells$count - 1
  rows <- list(list(cell = seq_len(n), values = mean + rep(centre, each = n)))
  for (j in seq_len(m - 1L)) {
    used <- which(left[, j, j] > negligible_pivot * cells$squares[, j, j] & room > 0)
    if (length(used) == 0L) next
    found <- matrix(0, length(used), m)
    found[, j:m] <- left[used, j:m, j] / sqrt(left[used, j, j])
    for (i in seq.int(j + 1L, m)) {
      left[used, i:m, i] <- left[used, i:m, i] - found[, i:m] * found[, i]
    }
    room[used] <- room[used] - 1
    rows <- c(rows, list(list(cell = used, values = found)))
  }
  squares <- ifelse(room > 0, pmax(left[, m, m], 0), 0)
  size <- vapply(rows, function(row) length(row$cell), 0L)
  further <- sum(size) - n
  list(
    cell = unlist(lapply(rows, `[[`, "cell")), one = rep.int(c(1, 0), c(n, further)),
    values = do.call(rbind, lapply(rows, `[[`, "values")),
    weight = c(cells$weight, rep.int(1, further)), count = c(cells$count, numeric(further)),
    df = room, sum_of_squares = squares
  )
}

# Cross products about the means of the cells.
within_cells <- function(cells, mean) {
  left <- cells$squares
  for (i in seq_len(ncol(mean))) left[, , i] <- left[, , i] - cells$sums[, i] * mean
  left
}
