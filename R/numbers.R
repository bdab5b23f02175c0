# Columns that stand for numbers: dates and times, differences of times, 64-bit integers, labelled
# values of other statistical packages. Dates stay what they are in the frame, as groups and axes
# show them; where a number is needed it is their number, as for lm().

is_number_like <- function(x) {
  if (is.factor(x)) return(FALSE)
  is.numeric(x) || is.numeric(unclass(x)) && inherits(x, c("Date", "POSIXct", "difftime"))
}

as_plain_number <- function(x) as.double(unclass(x))

# Numbers, also those that a factor or a text has as labels; NULL for other labels.
as_numbers <- function(x) {
  if (is_number_like(x)) return(as_plain_number(x))
  if (!is.factor(x) && !is.character(x)) return(NULL)
  labels <- if (is.factor(x)) levels(x) else unique(x)
  if (length(labels) > 0L && !grepl(number_begins, labels[1L])) return(NULL)
  numbers <- suppressWarnings(as.double(labels))
  if (anyNA(numbers)) return(NULL)
  if (is.factor(x)) numbers[as.integer(x)] else as.double(x)
}

# A label that does not begin so is no number; to find it by conversion would take a warning.
number_begins <- "^\\s*[-+]?([0-9.]|[Ii][Nn][Ff])"

# The columns of a data frame in types that R itself knows.
plain_data <- function(data) {
  if (!is.data.frame(data)) return(data)
  odd <- vapply(data, function(x) inherits(x, c("integer64", "POSIXlt", "haven_labelled")), NA)
  for (name in names(data)[odd]) data[[name]] <- plain_column(data[[name]], name)
  data
}

plain_column <- function(x, name) {
  if (inherits(x, "POSIXlt")) return(as.POSIXct(x))
  if (inherits(x, "haven_labelled")) return(without_user_missing(x))
  if (!requireNamespace("bit64", quietly = TRUE)) abort_integer64(name)
  # Names of animals with more than 15 digits stay exact as text.
  numbers <- suppressWarnings(bit64::as.double.integer64(x))
  large <- any(abs(numbers) > 2^53, na.rm = TRUE)
  if (large) bit64::as.character.integer64(x) else numbers
}

# The values that SPSS was told to take as missing are missing.
without_user_missing <- function(x) {
  values <- as.vector(unclass(x))
  range <- attr(x, "na_range")
  gone <- values %in% attr(x, "na_values")
  if (length(range) == 2L) gone <- gone | !is.na(values) & values >= range[1L] & values <= range[2L]
  values[gone] <- NA
  values
}

# Weights that stand for numbers; a date is no weight.
plain_weights <- function(weights) {
  if (inherits(weights, "difftime")) return(as_plain_number(weights))
  if (inherits(weights, c("integer64", "haven_labelled"))) return(plain_column(weights, "weights"))
  weights
}

# FALSE times what is missing is nothing: I((trait == "y2") * age) has no effect on a record of y1,
# whose age may be missing.
masked_product <- function(e1, e2) {
  product <- base::`*`(e1, e2)
  for (mask in list(e1, e2)) {
    if (is.logical(mask) && length(mask) == length(product)) {
      product[which(!mask & is.na(product))] <- 0
    }
  }
  product
}

with_masked_product <- function(env) {
  child <- new.env(parent = env)
  child$`*` <- masked_product
  child
}

# Text in the order in which people count: R2 before R10.
order_naturally <- function(labels) {
  # Numbers of one width in one place stand in the order of their digits.
  if (length(unique(gsub("[0-9]", "0", labels))) == 1L) return(order(labels, method = "radix"))
  runs <- regmatches(labels, gregexpr("[0-9]+", labels))
  width <- max(1L, nchar(unlist(runs)))
  padded <- lapply(runs, function(run) {
    paste0(strrep("0", width - nchar(run)), run)
  })
  keys <- labels
  regmatches(keys, gregexpr("[0-9]+", keys)) <- padded
  order(tolower(keys), labels, method = "radix")
}
