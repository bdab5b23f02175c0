# Constants that need all values of a column: means and standard deviations become numbers, as the
# database has them, over all its records as in model.frame().
with_column_constants <- function(x, table, columns) {
  if (!is.call(x)) return(x)
  if (is_call_to(x, "scale")) return(with_column_constants(scaled_expression(x), table, columns))
  if (is_call_to(x, c("mean", "sd", "min", "max"))) return(column_constant(x, table, columns))
  x[-1L] <- lapply(as.list(x)[-1L], with_column_constants, table, columns)
  x
}

# scale(x, center, scale) as (x - mean) / sd.
scaled_expression <- function(x) {
  given <- as.list(match.call(function(x, center = TRUE, scale = TRUE) NULL, x))[-1L]
  value <- call("(", given$x)
  centre <- given$center %||% TRUE
  size <- given$scale %||% TRUE
  if (isTRUE(centre)) centre <- bquote(mean(.(given$x), na.rm = TRUE))
  if (isTRUE(size)) {
    if (isFALSE(centre)) {
      abort_database_function("scale", x,
        "Write {.code scale(x)} or {.code scale(x, scale = FALSE)}.")
    }
    size <- bquote(sd(.(given$x), na.rm = TRUE))
  }
  if (!isFALSE(centre)) value <- call("-", value, centre)
  if (isFALSE(size)) value else call("/", call("(", value), size)
}

column_constant <- function(x, table, columns) {
  given <- as.list(x)[-1L]
  con <- dbplyr::remote_con(table)
  inner <- database_expression(given[[1L]], columns, emptyenv())
  check_translated(inner, con)
  values <- do.call(dplyr::transmute, list(table, v = sql_number(inner, con)))
  fun <- as.character(x[[1L]])
  asked <- list(n = quote(n()), known = quote(sum(ifelse(is.na(v), 0L, 1L))),
    mean = quote(mean(v, na.rm = TRUE)), min = quote(min(v, na.rm = TRUE)),
    max = quote(max(v, na.rm = TRUE)))
  moments <- fetch_all(do.call(dplyr::summarise, c(list(values), asked)))
  if (moments$n > moments$known && !isTRUE(given$na.rm)) {
    abort_database_function(fun, x, paste0("The column has missing values: write {.code ",
      deparse_one(as.call(c(x[[1L]], given[1L], na.rm = TRUE))), "}."))
  }
  if (fun != "sd") return(moments[[fun]])
  centre <- moments$mean
  asked <- list(ss = bquote(sum((v - .(centre)) * (v - .(centre)), na.rm = TRUE)))
  squares <- do.call(dplyr::summarise, c(list(values), asked))
  sqrt(fetch_all(squares)$ss / (moments$known - 1))
}
