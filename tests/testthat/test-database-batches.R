# Records in batches of Arrow against the same records in memory.

skip_without_batches <- function() {
  skip_without_databases()
  skip_if_not_installed("nanoarrow")
}

# Batches of so many records, with the schema of all.
stream_of <- function(data, size = 250L) {
  pieces <- split(data, (seq_len(nrow(data)) - 1L) %/% size)
  whole <- nanoarrow::infer_nanoarrow_schema(data)
  nanoarrow::basic_array_stream(lapply(pieces, nanoarrow::as_nanoarrow_array, schema = whole),
    schema = whole)
}

temporary_tables <- function() list.files(tempdir(), "^henderson.*[.]sqlite$")

test_that("fits to batches are those of the records in memory, whatever their size", {
  skip_without_batches()
  for (formula in models_of_records[c(1, 3, 5, 7, 8, 9)]) {
    expect_same_as_in_memory(formula, school_records, table = stream_of(school_records))
  }
  plain <- score ~ sex * minutes + (1 | pupil) + (1 | school)
  for (size in c(1000L, 899L, 40L)) {
    expect_same_as_in_memory(plain, school_records, table = stream_of(school_records, size))
  }
  expect_same_as_in_memory(plain, school_records, weights = reliability, subset = year > 2001,
    method = "ML", table = stream_of(school_records))
  expect_same_as_in_memory(plain, school_records, residual = ~ diag(school),
    table = stream_of(school_records), control = lmm_control(tolerance = 1e-16))
  expect_identical(temporary_tables(), character())
})

test_that("levels of a dictionary keep their order, truth values and dates their meaning", {
  skip_without_batches()
  d <- school_records
  d$size_class <- cut(d$size, c(0, 17, 22, Inf), c("small", "middle", "large"))
  d$size_class <- factor(d$size_class, c("small", "none", "middle", "large"))
  d$late <- d$year > 2002
  d$day <- as.Date("2020-01-01") + seq_len(nrow(d)) %% 97L
  d$code <- bit64::as.integer64(match(d$pupil, unique(d$pupil))) + 2^40
  found <- expect_same_as_in_memory(score ~ size_class + late + (1 | code), d,
    table = stream_of(d))$found
  expect_identical(names(fixef(found)),
    c("(Intercept)", "size_classmiddle", "size_classlarge", "lateTRUE"))
  expect_same_as_in_memory(score ~ minutes + (0 + late | pupil), d, subset = late | minutes > 30,
    table = stream_of(d))
  expect_same_as_in_memory(score ~ I(as.numeric(day) - 18262) + (1 | pupil), d,
    table = stream_of(d))
  expect_same_as_in_memory(score ~ day + (1 | pupil), transform(d, day = as.numeric(day)),
    table = stream_of(d))
  contrasts <- list(size_class = "contr.sum")
  expect_same_as_in_memory(score ~ size_class + (1 | pupil), d, contrasts = contrasts,
    table = stream_of(d))
})

test_that("an ordered dictionary is an ordered factor", {
  skip_without_batches()
  d <- school_records[c("score", "minutes", "pupil")]
  d$size_class <- cut(school_records$size, c(0, 17, 22, Inf), c("small", "middle", "large"))
  # nanoarrow makes no such array of R's factors: the flag is set afterwards.
  schema <- nanoarrow::na_struct(list(score = nanoarrow::na_double(),
    minutes = nanoarrow::na_double(), pupil = nanoarrow::na_string(),
    size_class = nanoarrow::na_dictionary(nanoarrow::na_string(), nanoarrow::na_int32(),
      ordered = TRUE)))
  d$pupil <- as.character(d$pupil)
  arrays <- lapply(split(d, (seq_len(nrow(d)) - 1L) %/% 250L), function(piece) {
    array <- nanoarrow::as_nanoarrow_array(piece)
    nanoarrow::nanoarrow_array_set_schema(array, schema, validate = FALSE)
    array
  })
  found <- expect_same_as_in_memory(score ~ size_class + minutes + (1 | pupil),
    transform(d, size_class = factor(size_class, ordered = TRUE)),
    table = nanoarrow::basic_array_stream(arrays))$found
  expect_identical(names(fixef(found))[2:3], c("size_class.L", "size_class.Q"))
})

test_that("missing values in batches are left out as in memory", {
  skip_without_batches()
  d <- school_records
  d$score[c(3, 300)] <- NA
  d$minutes[c(4, 700)] <- NA
  d$pupil[900] <- NA
  expect_same_as_in_memory(score ~ minutes + (1 | pupil), d, table = stream_of(d))
  expect_message(lmmfit(score ~ minutes + (1 | pupil), stream_of(d)), "5 of 900")
  all_missing <- transform(d, score = NA_real_)
  expect_error(lmmfit(score ~ minutes + (1 | pupil), stream_of(all_missing)),
    class = "henderson_error_no_records")
})

test_that("what cannot be done with batches is one message, and leaves no table behind", {
  skip_without_batches()
  d <- school_records
  expect_error(lmmfit(score ~ minuts + (1 | pupil), stream_of(d)), "minutes")
  expect_error(lmmfit(score ~ poly(minutes, 2) + (1 | pupil), stream_of(d)),
    class = "henderson_error_database_function")
  expect_error(lmmfit(score ~ minutes, stream_of(d[0, ])), class = "henderson_error_no_records")
  expect_error(lmmfit(score ~ minutes + (1 | pupil), stream_of(d), method = "Bayes", seed = 1),
    class = "henderson_error_database_model")
  stream <- stream_of(d)
  fit <- lmmfit(score ~ minutes + (1 | pupil), stream)
  expect_error(update(fit, . ~ . + sex), "was read before")
  expect_error(residuals(fit), class = "henderson_error_needs_records")
  stream$release()
  expect_error(lmmfit(score ~ minutes + (1 | pupil), stream), class = "henderson_error_batches")
  nested <- nanoarrow::as_nanoarrow_array(data.frame(score = 1:3))
  expect_error(lmmfit(score ~ parts, nanoarrow::basic_array_stream(list(nested))), "parts")
  text <- nanoarrow::basic_array_stream(list(c("a", "b")))
  expect_error(lmmfit(score ~ minutes, text), class = "henderson_error_batches")
  expect_identical(temporary_tables(), character())
})

# In the place of a dataset of arrow: it gives a new stream each time, of chosen columns.
test_that("what can be read again is, with the columns that are needed, also by update()", {
  skip_without_batches()
  asked <- list()
  of_class <- function(data) structure(list(data = data), class = c("stand_in", "ArrowObject"))
  registerS3method("select", "stand_in", function(.data, ...) {
    columns <- names(dplyr::select(.data$data[0L, ], ...))
    asked <<- c(asked, list(columns))
    of_class(.data$data[columns])
  }, asNamespace("dplyr"))
  registerS3method("as_nanoarrow_array_stream", "stand_in",
    function(x, ..., schema = NULL) stream_of(x$data), asNamespace("nanoarrow"))
  dataset <- of_class(school_records)
  expect_same_as_in_memory(score ~ sex * minutes + (1 | pupil), school_records,
    weights = reliability, table = dataset)
  expect_setequal(asked[[1L]], c("score", "sex", "minutes", "pupil", "reliability"))
  fit <- lmmfit(score ~ minutes + (1 | pupil), dataset)
  expect_same_fit(update(fit, . ~ . + sex),
    lmmfit(score ~ minutes + sex + (1 | pupil), school_records))
  expect_identical(temporary_tables(), character())
})

test_that("datasets, tables, queries and readers of the arrow package are read in batches", {
  skip_without_batches()
  skip_if_not_installed("arrow")
  arrow <- asNamespace("arrow")
  d <- school_records
  d$school <- factor(d$school, c("west", "north", "east", "south"))
  place <- tempfile("dataset")
  on.exit(unlink(place, recursive = TRUE))
  arrow$write_dataset(d, place, format = "feather", partitioning = "year")
  formula <- score ~ school + minutes + (1 | pupil) + (1 | year)
  table <- arrow$arrow_table(d)
  expect_same_as_in_memory(formula, d, table = table)
  expect_same_as_in_memory(formula, d, table = arrow$open_dataset(place, format = "feather"))
  expect_same_as_in_memory(formula, d, table = arrow$as_record_batch_reader(table))
  doubled <- dplyr::mutate(table, minutes = minutes * 2)
  expect_same_as_in_memory(formula, transform(d, minutes = 2 * minutes), table = doubled)
  fit <- lmmfit(formula, table)
  expect_relative(fixef(update(fit, . ~ . - minutes)),
    fixef(lmmfit(score ~ school + (1 | pupil) + (1 | year), d)), 1e-8, "fixed effects")
  expect_identical(temporary_tables(), character())
})
