# One task after another, or on the workers of future::plan() where there are any. Tasks are
# independent of each other, and what they draw is drawn before: any number of workers gives the
# same.

# With a directory what a task gives is kept there, and not made again after an interrupt: files are
# named by what they come from, the task and `key`.
map_over <- function(x, f, progress = FALSE, directory = NULL, key = NULL, what = "Refitting") {
  if (!is.null(directory)) f <- kept_in(directory, f, key)
  if (requireNamespace("future.apply", quietly = TRUE) && future::nbrOfWorkers() > 1L) {
    return(map_with_bar(x, f, progress, what))
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

# A bar where progressr is installed: workers signal each task that they have done.
map_with_bar <- function(x, f, progress, what) {
  if (!progress || !requireNamespace("progressr", quietly = TRUE)) return(map_on_workers(x, f))
  bar <- progressr::handler_cli(format = paste(what, "{cli::pb_bar} {cli::pb_percent}"),
    enable = TRUE)
  progressr::with_progress(map_on_workers(x, telling(f, progressr::progressor(length(x)))),
    handlers = bar, enable = TRUE)
}

# What an interrupted worker still sends is not the answer to the next question: new workers then.
map_on_workers <- function(x, f) {
  is_done <- FALSE
  plan <- future::plan("list")
  on.exit(if (!is_done) future::plan(plan))
  found <- future.apply::future_lapply(x, f, future.seed = NULL)
  is_done <- TRUE
  found
}

telling <- function(f, tell) {
  force(f)
  force(tell)
  function(task) {
    value <- f(task)
    tell()
    value
  }
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
