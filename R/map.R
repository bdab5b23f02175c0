# One task after another, or on the workers of future::plan() where there are any. Tasks are
# independent of each other, and what they draw is drawn before: any number of workers gives the
# same.

# With a directory what a task gives is kept there, and not made again after an interrupt: files are
# named by what they come from, the task and `key`.
map_over <- function(x, f, progress = FALSE, directory = NULL, key = NULL, what = "Refitting") {
  if (!is.null(directory)) f <- kept_in(directory, f, key)
  if (requireNamespace("future.apply", quietly = TRUE) && future::nbrOfWorkers() > 1L) {
    return(future.apply::future_lapply(x, f, future.seed = NULL))
  }
  if (!progress) return(lapply(x, f))
  bar <- cli::cli_progress_bar(what, total = length(x))
  on.exit(cli::cli_progress_done(bar))
  lapply(x, function(i) {
    value <- f(i)
    cli::cli_progress_update(id = bar)
    value
  })
}

kept_in <- function(directory, f, key) {
  force(f)
  key <- content_code(key)
  function(task) {
    file <- file.path(directory, paste0("henderson-", content_code(list(key, task)), ".rds"))
    if (file.exists(file)) return(readRDS(file))
    value <- f(task)
    # Whole or not at all, whenever the session ends.
    partial <- tempfile("partial-", directory)
    saveRDS(value, partial)
    file.rename(partial, file)
    value
  }
}

content_code <- function(x) {
  file <- tempfile()
  on.exit(unlink(file))
  writeBin(serialize(x, NULL, version = 3L)[-seq_len(14L)], file)
  unname(tools::md5sum(file))
}

# Neighbours in so many groups at most, of nearly one size.
in_chunks <- function(x, most) {
  split(x, ceiling(seq_along(x) * min(most, length(x)) / length(x)))
}

# Why a task gave nothing: the first line of what it said.
reason_of <- function(condition) {
  strsplit(cli::ansi_strip(conditionMessage(condition)), "\n", fixed = TRUE)[[1L]][1L]
}

# Reasons and how often each was given, in words.
counted_reasons <- function(reasons) {
  times <- sort(table(reasons), decreasing = TRUE)
  paste0(names(times), " (", times, ")")
}
