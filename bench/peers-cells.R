# One cell of the table: a row fitted by a program in a fresh R process, with limits of time and
# memory. Needs peers-rows.R, peers-programs.R and common.R, and `root`, the folder of the scripts.

all_rows <- c(bench_rows, million_rows)

# In the child -------------------------------------------------------------------------------------

# Fits of less than five seconds are repeated: the median counts, so the first fit, which pays for
# loading and for R's compiler, does not. The peak of memory is that of the first fit.
run_cell <- function(row_name, program_name, file) {
  row <- all_rows[[row_name]]
  program <- bench_programs[[program_name]]
  suppressPackageStartupMessages(library(program$package, character.only = TRUE))
  fit_of <- program$fits[[row$kind]](row, readRDS(file))
  invisible(gc())
  reset_peak()
  seconds <- numeric()
  repeat {
    seconds <- c(seconds, system.time(fit <- suppressMessages(fit_of$run()))[["elapsed"]])
    if (length(seconds) == 1L) peak <- memory_mb("VmHWM")
    if (seconds[1L] > 5 || (sum(seconds) > 0.5 && length(seconds) >= 3L)) break
  }
  answer <- list(
    seconds = stats::median(seconds), memory = peak,
    components = as.numeric(fit_of$components(fit)),
    note = if (is.null(fit_of$note)) "" else fit_of$note(fit)
  )
  cat("\nRESULT", deparse1(answer), "\n")
}

# In the parent ------------------------------------------------------------------------------------

# A cell is a list: row, program, status ("done" or why not), seconds, memory (MB), components,
# note.
new_cell <- function(row, program, status, seconds = NA, memory = NA, components = NULL,
                     note = "") {
  list(
    row = row, program = program, status = status, seconds = seconds, memory = memory,
    components = components, note = note
  )
}

# A quarter of a minute is allowed on top of the limit for the start of R and reading of the data.
fit_cell <- function(row_name, program_name, file, limits) {
  program <- bench_programs[[program_name]]
  if (!nzchar(system.file(package = program$package))) {
    return(new_cell(row_name, program_name, "not installed"))
  }
  limit <- if (program$package == "henderson") limits$own_time else limits$time
  blas <- if (is.null(program$blas)) "" else paste0("OPENBLAS_NUM_THREADS=", program$blas)
  command <- paste(
    "ulimit -v", ceiling(limits$memory * 2^20), "; exec env", blas, "timeout -k 5", limit + 15,
    "Rscript", shQuote(file.path(root, "peers.R")), "--cell",
    shQuote(row_name), shQuote(program_name), shQuote(file)
  )
  arguments <- c("-c", shQuote(command))
  output <- suppressWarnings(system2("bash", arguments, stdout = TRUE, stderr = TRUE))
  line <- grep("^RESULT ", output, value = TRUE)
  if (length(line) == 1L) {
    answer <- eval(str2lang(sub("^RESULT ", "", line)))
    return(do.call(new_cell, c(list(row_name, program_name, "done"), answer)))
  }
  status <- attr(output, "status")
  if (!is.null(status) && status %in% c(124L, 137L)) {
    return(new_cell(row_name, program_name, sprintf("> %g s", limit), seconds = limit))
  }
  new_cell(row_name, program_name, failure(output))
}

# What R said last of an error, in a few words.
failure <- function(output) {
  text <- paste(output, collapse = " ")
  no_memory <- "cannot allocate|bad_alloc|out of memory|Cholmod error 'out"
  if (grepl(no_memory, text)) return("out of memory")
  at <- grep("^Error", output)
  if (length(at)) text <- paste(output[at[1L]:min(at[1L] + 2L, length(output))], collapse = " ")
  paste("failed:", substr(gsub("[|[:space:]]+", " ", text), 1L, 120L))
}

# Why a program is not tried: it could not do a smaller model of the same kind, or it is not meant
# for so many levels. NULL if it is tried.
not_tried <- function(cells, row_name, program_name) {
  row <- all_rows[[row_name]]
  if (is.null(row$size)) return(NULL)
  largest <- bench_programs[[program_name]]$largest
  if (!is.null(largest) && row$size > largest) {
    return(sprintf("not tried: above %s levels", format(largest, big.mark = " ")))
  }
  failed <- vapply(cells, function(cell) {
    before <- all_rows[[cell$row]]
    cell$program == program_name && cell$status != "done" && before$kind == row$kind &&
      isTRUE(before$size < row$size)
  }, NA)
  if (any(failed)) "not tried: could not do a smaller model" else NULL
}

# Adds to `cells` those of a row that are not there yet; `keep` is called with all cells after each.
fit_row <- function(row_name, program_names, limits, cells = list(), keep = function(cells) NULL) {
  kind <- all_rows[[row_name]]$kind
  able <- Filter(function(name) !is.null(bench_programs[[name]]$fits[[kind]]), program_names)
  there <- vapply(cells_of(cells, row_name), `[[`, "", "program")
  missing <- setdiff(able, there)
  if (length(missing) == 0L) return(cells)
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(all_rows[[row_name]]$input(), file, compress = FALSE)
  for (name in missing) {
    reason <- not_tried(cells, row_name, name)
    cell <- if (!is.null(reason)) {
      new_cell(row_name, name, reason)
    } else {
      fit_cell(row_name, name, file, limits)
    }
    message(row_name, ", ", name, ": ", if (cell$status == "done") {
      sprintf("%.3g s, %.0f MB", cell$seconds, cell$memory)
    } else {
      cell$status
    })
    cells <- c(cells, list(cell))
    keep(cells)
  }
  cells
}
