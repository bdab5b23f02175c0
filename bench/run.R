# Times every model of models.R with henderson and lme4, each fit in a fresh R process on the
# same machine, and writes a table. See README.md beside this file.
#   Rscript bench/run.R                 all models
#   Rscript bench/run.R sleepstudy ...  some of them
#   Rscript bench/run.R --one MODEL PROGRAM DATA.rds   (its own child process)

root <- if (file.exists("bench/models.R")) "bench" else "."
source(file.path(root, "common.R"))
source(file.path(root, "models.R"))
programs <- c("henderson", "lme4")

# One process ------------------------------------------------------------------------------------

fit_once <- function(program, formula, data) {
  if (program == "henderson") {
    henderson::lmmfit(formula, data)
  } else {
    suppressWarnings(suppressMessages(lme4::lmer(formula, data)))
  }
}

describe_fit <- function(program, fit) {
  if (program == "henderson") {
    list(
      minus2loglik = fit$minus2loglik, iterations = fit$convergence$iterations,
      evaluations = fit$convergence$evaluations, status = fit$convergence$status
    )
  } else {
    list(
      minus2loglik = -2 * as.numeric(stats::logLik(fit)), iterations = NA_integer_,
      evaluations = fit@optinfo$feval, status = ""
    )
  }
}

# Small models are repeated until half a second has passed: the median counts. The first fit of
# a process pays for loading and compiling R code and is not counted.
run_one <- function(name, program, file) {
  model <- bench_models[[name]]
  loadNamespace(program)
  warm_up <- bench_models$sleepstudy
  fit_once(program, warm_up$formula, warm_up$data())
  invisible(gc())
  before <- memory_mb("VmRSS")
  data <- readRDS(file)
  reset_peak()
  seconds <- engine <- numeric()
  repeat {
    seconds <- c(seconds, system.time(fit <- fit_once(program, model$formula, data))[["elapsed"]])
    engine <- c(engine, if (program == "henderson") fit$seconds else NA_real_)
    if (length(seconds) == 1L) peak <- memory_mb("VmHWM")
    if (sum(seconds) > 0.5 && (seconds[1L] > 5 || length(seconds) >= 3L)) break
  }
  answer <- c(
    list(
      model = name, program = program, seconds = stats::median(seconds), repeats = length(seconds),
      outside = stats::median(seconds - engine), memory = peak - before,
      data = as.numeric(utils::object.size(data)) / 2^20
    ),
    describe_fit(program, fit)
  )
  cat("RESULT", deparse1(answer), "\n")
}

# The whole table --------------------------------------------------------------------------------

run_child <- function(name, program, file) {
  script <- file.path(root, "run.R")
  output <- system2("Rscript", c(script, "--one", shQuote(name), program, file), stdout = TRUE)
  line <- grep("^RESULT ", output, value = TRUE)
  if (length(line) != 1L) {
    message(name, ", ", program, ": no result\n", paste(output, collapse = "\n"))
    return(NULL)
  }
  as.data.frame(eval(str2lang(sub("^RESULT ", "", line))))
}

run_model <- function(name) {
  message(name)
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(bench_models[[name]]$data(), file, compress = FALSE)
  do.call(rbind, lapply(programs, run_child, name = name, file = file))
}

# Below a megabyte of data the memory is R's own.
format_memory <- function(row) {
  if (row$data < 1) "" else sprintf("%.0f MB (%.1f)", row$memory, row$memory / row$data)
}

table_row <- function(rows) {
  ours <- rows[rows$program == "henderson", ]
  peer <- rows[rows$program == "lme4", ]
  if (nrow(ours) == 0L || nrow(peer) == 0L) return(NULL)
  sprintf(
    "| %s | %s | %s | %.1f | %d | %d | %s | %.0f %% | %s | %s | %.1e |",
    ours$model, format_time(ours$seconds), format_time(peer$seconds), peer$seconds / ours$seconds,
    ours$iterations, peer$evaluations, format_time(ours$seconds - ours$outside),
    100 * ours$outside / ours$seconds,
    format_memory(ours), format_memory(peer), ours$minus2loglik - peer$minus2loglik
  )
}

write_report <- function(rows) {
  lines <- unlist(lapply(split(rows, factor(rows$model, unique(rows$model))), table_row))
  file <- file.path(root, "results", paste0(Sys.Date(), "-", commit(), ".md"))
  report <- c(
    paste("#", Sys.Date(), "REML beside lme4"), "",
    paste0(machine(c("henderson", "lme4", "Matrix")), "; one thread"), "",
    paste(
      "Ratio: lme4's time over ours. Engine: time inside the C++ engine; outside: the rest, as a",
      "part of the whole. Memory: the largest resident size above that before the data were read,",
      "in brackets as a multiple of the size of the data frame. Difference: our -2 log-likelihood",
      "less lme4's (below zero is better)."
    ), "",
    paste(
      "| model | henderson | lme4 | ratio | iterations | lme4's evaluations | engine | outside |",
      "memory | lme4's memory | difference |"
    ),
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|", lines
  )
  writeLines(report, file)
  writeLines(report)
  message("Written: ", file)
}

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) == 4L && arguments[1L] == "--one") {
  run_one(arguments[2L], arguments[3L], arguments[4L])
} else {
  names <- if (length(arguments)) arguments else names(bench_models)
  write_report(do.call(rbind, lapply(names, run_model)))
}
