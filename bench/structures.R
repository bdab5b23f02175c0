# Time of residual structures, beside each package that has them: mmrm, nlme, glmmTMB. Each fit has
# a fresh R process with one thread; fits of less than half a second are repeated and the median
# counts. A package that is not installed, fails, or takes longer than the limit is shown so.
#   Rscript bench/structures.R                        all rows, into bench/results
#   Rscript bench/structures.R --limit=60 fev-us ...  some rows
#   Rscript bench/structures.R --one ROW PROGRAM      (its own child process)

root <- if (file.exists("bench/common.R")) "bench" else "."
source(file.path(root, "common.R"))
programs <- c("henderson", "mmrm", "nlme", "glmmTMB")

# Data ---------------------------------------------------------------------------------------------

# The trial of mmrm: 200 subjects, four visits, 537 records. From mmrm, or the case beside the
# repository, or else simulated to the same size.
fev_data <- function() {
  case <- "../shared/cases/fev-us/data.csv"
  data <- if (requireNamespace("mmrm", quietly = TRUE)) as.data.frame(mmrm::fev_data) else
    if (file.exists(case)) utils::read.csv(case)
  if (is.null(data)) {
    data <- repeated_measures(200L, 4L)
    return(data[seq_len(nrow(data)) %% 3L != 0L, ])
  }
  data <- data[!is.na(data$FEV1), ]
  visits(data.frame(y = data$FEV1, arm = factor(data$ARMCD), id = factor(data$USUBJID),
    visit = factor(data$AVISIT)))
}

# Correlations 0.6 of a subject and 0.5^lag of the rest, a tenth of the records missing.
repeated_measures <- function(n_subjects, n_visits) {
  set.seed(3)
  data <- expand.grid(visit = factor(seq_len(n_visits)), id = factor(seq_len(n_subjects)))
  data$arm <- factor(as.integer(data$id) %% 2L)
  serial <- replicate(n_subjects, as.numeric(stats::arima.sim(list(ar = 0.5), n_visits)))
  data$y <- 1.2 * stats::rnorm(n_subjects)[data$id] + as.vector(serial) +
    as.integer(data$visit) / 5
  visits(data[stats::runif(nrow(data)) > 0.1, ])
}

# The index in the forms that the packages want.
visits <- function(data) {
  data <- data[order(data$id, data$visit), ]
  data$step <- as.integer(data$visit)
  data$visit <- factor(paste0("v", formatC(data$step, width = 2L, flag = "0")))
  if (requireNamespace("glmmTMB", quietly = TRUE)) data$position <- glmmTMB::numFactor(data$step)
  data
}

# Rows x columns plots with an AR1 x AR1 trend, a tenth of them missing, and lines.
field_data <- function(n_rows = 50L, n_columns = 100L) {
  set.seed(4)
  data <- expand.grid(row = seq_len(n_rows), col = seq_len(n_columns))
  root <- function(n, rho) chol(rho^abs(outer(seq_len(n), seq_len(n), "-")))
  trend <- t(root(n_rows, 0.7)) %*% matrix(stats::rnorm(nrow(data)), n_rows) %*%
    root(n_columns, 0.5)
  data$line <- factor(sample(rep_len(seq_len(200L), nrow(data))))
  data$y <- as.vector(trend) + stats::rnorm(200L)[data$line]
  data[stats::runif(nrow(data)) > 0.1, ]
}

data_sets <- list(
  fev = fev_data, trial = function() repeated_measures(2000L, 10L), field = field_data
)

# Calls --------------------------------------------------------------------------------------------

# How each package writes a structure; NULL where it has none. nlme: correlation and variances.
structures <- list(
  us = list(mmrm = "us", glmmTMB = "us(0 + visit | id)",
    nlme = list("corSymm(form = ~ step | id)", TRUE)),
  cs = list(mmrm = "cs", nlme = list("corCompSymm(form = ~ 1 | id)", FALSE)),
  csh = list(mmrm = "csh", glmmTMB = "cs(0 + visit | id)",
    nlme = list("corCompSymm(form = ~ 1 | id)", TRUE)),
  ar1 = list(mmrm = "ar1", glmmTMB = "ar1(0 + visit | id)",
    nlme = list("corAR1(form = ~ step | id)", FALSE)),
  ar1h = list(mmrm = "ar1h", nlme = list("corAR1(form = ~ step | id)", TRUE)),
  toep = list(mmrm = "toep"),
  toeph = list(mmrm = "toeph", glmmTMB = "toep(0 + visit | id)"),
  ante = list(mmrm = "adh"),
  arma11 = list(nlme = list("corARMA(form = ~ step | id, p = 1, q = 1)", FALSE)),
  diag = list(glmmTMB = "diag(0 + visit | id)", nlme = list(NULL, TRUE)),
  exp = list(mmrm = "sp_exp", glmmTMB = "exp(0 + position | id)",
    nlme = list("corExp(form = ~ step | id)", FALSE)),
  gau = list(glmmTMB = "gau(0 + position | id)",
    nlme = list("corGaus(form = ~ step | id)", FALSE))
)

call_henderson <- function(structure) {
  index <- if (structure %in% c("exp", "gau")) "step" else "visit"
  residual <- stats::as.formula(sprintf("~ %s(%s | id)", structure, index))
  function(data) henderson::lmmfit(y ~ arm * visit, data, residual = residual)
}

call_mmrm <- function(structure) {
  index <- if (structure == "sp_exp") "step" else "visit"
  formula <- stats::as.formula(sprintf("y ~ arm * visit + %s(%s | id)", structure, index))
  function(data) mmrm::mmrm(formula, data)
}

call_nlme <- function(structure) {
  correlation <- if (!is.null(structure[[1L]])) {
    eval(str2lang(paste0("nlme::", structure[[1L]])))
  }
  weights <- if (structure[[2L]]) nlme::varIdent(form = ~ 1 | visit)
  function(data) nlme::gls(y ~ arm * visit, data, correlation = correlation, weights = weights)
}

call_glmmtmb <- function(structure) {
  formula <- stats::as.formula(paste("y ~ arm * visit +", structure))
  function(data) {
    suppressWarnings(glmmTMB::glmmTMB(formula, data, dispformula = ~0, REML = TRUE))
  }
}

# The function that fits row `data-structure` with a program, or NULL.
call_of <- function(row, program) {
  if (row == "field-ar1xar1") {
    fit <- function(data) {
      henderson::lmmfit(y ~ 1 + (1 | line), data, residual = ~ ar1(row):ar1(col))
    }
    return(if (program == "henderson") fit)
  }
  name <- sub(".*-", "", row)
  if (program == "henderson") return(call_henderson(name))
  structure <- structures[[name]][[program]]
  if (is.null(structure)) return(NULL)
  switch(program, mmrm = call_mmrm(structure), nlme = call_nlme(structure),
    glmmTMB = call_glmmtmb(structure))
}

# One process --------------------------------------------------------------------------------------

run_one <- function(row, program) {
  fit_by <- call_of(row, program)
  loadNamespace(program)
  data <- data_sets[[sub("-.*", "", row)]]()
  if (program == "henderson") henderson::lmmfit(y ~ 1, data)
  elapsed <- numeric()
  repeat {
    elapsed <- c(elapsed, system.time(fit <- fit_by(data))[["elapsed"]])
    if (sum(elapsed) > 0.5 && (elapsed[1L] > 5 || length(elapsed) >= 3L)) break
  }
  answer <- list(row = row, program = program, seconds = stats::median(elapsed),
    minus2loglik = -2 * as.numeric(stats::logLik(fit)), records = nrow(data))
  cat("RESULT", deparse1(answer), "\n")
}

# The whole table ----------------------------------------------------------------------------------

run_child <- function(row, program, limit) {
  empty <- data.frame(row = row, program = program, seconds = NA, minus2loglik = NA, records = NA)
  failed <- function(state) cbind(empty, state = state)
  if (is.null(call_of(row, program))) return(failed("-"))
  if (!requireNamespace(program, quietly = TRUE)) return(failed("not installed"))
  output <- suppressWarnings(system2("timeout", c(limit, "Rscript",
    file.path(root, "structures.R"), "--one", row, program), stdout = TRUE, stderr = FALSE,
    env = c("OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")))
  if (identical(attr(output, "status"), 124L)) return(failed(paste(">", limit, "s")))
  line <- grep("^RESULT ", output, value = TRUE)
  if (length(line) != 1L) return(failed("failed"))
  cbind(as.data.frame(eval(str2lang(sub("^RESULT ", "", line)))), state = "")
}

# A cell: time, ratio to henderson, and by how much -2 log-likelihood is above henderson's.
cell <- function(result, ours) {
  if (result$state != "") return(result$state)
  if (result$program == "henderson") return(format_time(result$seconds))
  sprintf("%s (%.1f x, %+.4f)", format_time(result$seconds), result$seconds / ours$seconds,
    result$minus2loglik - ours$minus2loglik)
}

table_row <- function(row, limit) {
  message(row)
  results <- lapply(programs, run_child, row = row, limit = limit)
  cells <- vapply(results, cell, "", ours = results[[1L]])
  paste0("| ", paste(c(row, results[[1L]]$records, cells), collapse = " | "), " |")
}

all_rows <- c(paste0("fev-", names(structures)), paste0("trial-", names(structures)),
  "field-ar1xar1")

main <- function(arguments) {
  if (identical(arguments[1L], "--one")) return(run_one(arguments[2L], arguments[3L]))
  limit <- option(arguments, "limit", "120")
  rows <- grep("^--", arguments, value = TRUE, invert = TRUE)
  unknown <- setdiff(rows, all_rows)
  if (length(unknown) > 0L) stop("no row ", unknown[1L], "; rows: ", toString(all_rows))
  if (length(rows) == 0L) rows <- all_rows
  installed <- Filter(function(program) requireNamespace(program, quietly = TRUE), programs)
  lines <- c(
    "# Residual structures", "", machine(installed), "",
    paste("Time of a fit by REML; in parentheses its ratio to henderson's, and how much higher",
      "-2 log-likelihood ends."), "",
    paste0("| row | records | ", paste(programs, collapse = " | "), " |"),
    paste0("|", strrep(" --- |", length(programs) + 2L))
  )
  cat(lines, sep = "\n")
  for (row in rows) {
    made <- table_row(row, limit)
    cat(made, "\n")
    lines <- c(lines, made)
  }
  file <- file.path(root, "results", sprintf("structures-%s.md", Sys.Date()))
  writeLines(lines, file)
  message("written to ", file)
}

main(commandArgs(TRUE))
