# What a long fit shows while it runs.

# `wanted` is that of lmm_control(). `say(text)` shows a line in place of the last one, and with ""
# the last one anew: nothing before its time. `say` is NULL where nothing is to be shown. `done()`
# takes the line away.
new_progress <- function(wanted) {
  if (is.null(wanted)) wanted <- someone_waits()
  if (isFALSE(wanted)) return(list(say = NULL, done = function() invisible()))
  after <- if (isTRUE(wanted)) 2 else wanted
  began <- proc.time()[["elapsed"]]
  line <- "Fitting"
  status <- line
  bar <- NULL
  here <- environment()
  say <- function(text) {
    if (nzchar(text)) line <<- text
    seconds <- proc.time()[["elapsed"]] - began
    if (seconds < after) return(invisible())
    status <<- paste0(line, " (", round(seconds), " s)")
    first <- is.null(bar)
    if (first) bar <<- open_progress_bar(here)
    # Later lines as often as cli thinks fit.
    cli::cli_progress_update(id = bar, force = first, .envir = here)
    invisible()
  }
  done <- function() {
    if (!is.null(bar)) cli::cli_progress_done(id = bar, .envir = here)
    invisible()
  }
  list(say = say, done = done)
}

# cli waits as well before it shows a bar: this one has waited.
open_progress_bar <- function(env) {
  old <- options(cli.progress_show_after = 0)
  on.exit(options(old))
  cli::cli_progress_bar(format = "{status}", clear = TRUE, .auto_close = FALSE, .envir = env)
}

# A line of `lmm_control(trace = TRUE)`.
trace_line <- function(text) if (nzchar(text)) message(text)

# A person who waits: not a script, and not a document that is being made.
someone_waits <- function() interactive() && !isTRUE(getOption("knitr.in.progress"))
