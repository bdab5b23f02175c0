# Records that stay in a database: n records of 10^5 pupils in 10^3 schools and ten years, with a
# covariate that varies in all of them, made inside the database. Seconds of the two queries alone,
# of the fit, and of R itself, with the peak memory of the R process (GNU time).
#   Rscript bench/database.R [--sizes=1e6,1e7] [--engines=postgres,sqlite] [--lme4=1e6]
#     [--output=FILE]
#   Rscript bench/database.R --cell=postgres,1e6,PLACE     one cell: a line of numbers
# The server is Debian's PostgreSQL with its defaults but for memory of 1 GB for a hash table; it is
# started here, on loopback.

suppressPackageStartupMessages(library(testthat))
root <- if (file.exists("bench/common.R")) "bench" else "."
source(file.path(root, "common.R"))
source(file.path(root, "..", "tests", "testthat", "helper-database.R"))
arguments <- commandArgs(trailingOnly = TRUE)

n_pupils <- 1e5
n_schools <- 1e3
n_years <- 10

# Effects by tables of their own; a pupil changes school once in two years.
fill_postgres <- function(con, n) {
  run <- function(text, ...) DBI::dbExecute(con, sprintf(text, ...))
  run("SELECT setseed(0.5)")
  normal <- "(sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))"
  run("CREATE UNLOGGED TABLE pupils AS SELECT p AS pupil, %s AS effect
    FROM generate_series(0, %d) p", normal, as.integer(n_pupils) - 1L)
  run("CREATE UNLOGGED TABLE schools AS SELECT s AS school, %s AS effect
    FROM generate_series(0, %d) s", normal, as.integer(n_schools) - 1L)
  run("ANALYZE")
  run("CREATE UNLOGGED TABLE records AS
    SELECT r.pupil, r.school, r.year, r.minutes,
      50 + 0.1 * r.minutes + 0.5 * r.year + 2 * p.effect + s.effect + 3 * r.e AS score
    FROM (SELECT (i %% %d)::int AS pupil, ((i / %d) %% %d)::int AS year,
        ((i %% %d) / 100 + 37 * (((i / %d) %% %d) / 2)) %% %d AS school,
        10 + 50 * random() AS minutes, %s AS e
      FROM generate_series(0::bigint, %.0f) i) r
    JOIN pupils p USING (pupil) JOIN schools s USING (school)",
    as.integer(n_pupils), as.integer(n_pupils), as.integer(n_years), as.integer(n_pupils),
    as.integer(n_pupils), as.integer(n_years), as.integer(n_schools), normal, n - 1)
  run("VACUUM ANALYZE records")
}

fill_sqlite <- function(con, n) {
  set.seed(1)
  effect <- list(pupil = 2 * rnorm(n_pupils), school = rnorm(n_schools))
  DBI::dbExecute(con, "PRAGMA synchronous = OFF")
  DBI::dbExecute(con, "PRAGMA journal_mode = OFF")
  for (first in seq(0, n - 1, by = 1e6)) {
    i <- first + seq_len(min(1e6, n - first)) - 1
    pupil <- as.integer(i %% n_pupils)
    year <- as.integer((i %/% n_pupils) %% n_years)
    school <- as.integer((pupil %/% 100 + 37 * (year %/% 2)) %% n_schools)
    minutes <- runif(length(i), 10, 60)
    DBI::dbWriteTable(con, "records", append = TRUE, data.frame(pupil, school, year, minutes,
      score = 50 + 0.1 * minutes + 0.5 * year + effect$pupil[pupil + 1L] +
        effect$school[school + 1L] + 3 * rnorm(length(i))))
  }
}

connect <- function(engine, place) {
  if (engine == "sqlite") return(DBI::dbConnect(RSQLite::SQLite(), place))
  con <- DBI::dbConnect(RPostgreSQL::PostgreSQL(), dbname = "postgres", host = "127.0.0.1",
    port = as.integer(place), user = "tester")
  DBI::dbExecute(con, "SET work_mem = '1GB'")
  con
}

model <- score ~ factor(year) + minutes + (1 | pupil) + (1 | school)

# The fit with its queries, and the same queries again with their rows thrown away.
run_cell <- function(engine, n, place) {
  suppressPackageStartupMessages(library(henderson))
  con <- connect(engine, place)
  records <- dplyr::tbl(con, "records")
  seconds <- function(expression) system.time(expression)[["elapsed"]]
  of_fit <- system.time(fit <- lmmfit(model, records))
  pooled <- attr(fit$frame, "pooled")
  centre <- rep(30, length(pooled$plan$keys) + 1L)
  own <- asNamespace("henderson")
  of_queries <- seconds({
    own$fetch_rows(own$count_query(records, pooled$plan), function(rows) NULL)
    own$fetch_rows(own$sums_query(records, pooled$plan, centre, whole = TRUE),
      function(rows) NULL)
  })
  of_process <- of_fit[["user.self"]] + of_fit[["sys.self"]]
  cat("cell", engine, n, of_queries, of_fit[["elapsed"]], of_process, fit$seconds,
    nrow(pooled$levels), varcomp(fit)$estimate, as.numeric(logLik(fit)), "\n")
}

run_lme4 <- function(n, place) {
  con <- connect("postgres", place)
  of_reading <- system.time(records <- DBI::dbReadTable(con, "records"))[["elapsed"]]
  of_fit <- system.time(fit <- lme4::lmer(model, records))[["elapsed"]]
  cat("cell", "lme4", n, of_reading, of_reading + of_fit, of_fit, of_fit, NA,
    as.data.frame(lme4::VarCorr(fit))$vcov, as.numeric(logLik(fit)), "\n")
}

# A cell in a process of its own, under GNU time.
measured_cell <- function(engine, n, place) {
  report <- tempfile()
  out <- system2("/usr/bin/time", c("-v", "-o", report, file.path(R.home("bin"), "Rscript"),
    file.path(root, "database.R"), sprintf("--cell=%s,%.0f,%s", engine, n, place)), stdout = TRUE)
  line <- strsplit(grep("^cell ", out, value = TRUE), " +")[[1L]]
  numbers <- suppressWarnings(as.numeric(line[-(1:2)]))
  memory <- grep("Maximum resident", readLines(report), value = TRUE)
  data.frame(engine = engine, records = n, queries = numbers[2L], fit = numbers[3L],
    R = numbers[4L], engine_seconds = numbers[5L], combinations = numbers[6L],
    pupil = numbers[7L], school = numbers[8L], residual = numbers[9L], logLik = numbers[10L],
    memory = as.numeric(sub(".*: ", "", memory)) / 1e6)
}

# All cells of one size: tables are made, read and dropped.
cells_of_size <- function(n, engines, with_lme4) {
  table <- NULL
  if ("postgres" %in% engines) {
    con <- local_postgres()
    fill_postgres(con, n)
    port <- DBI::dbGetInfo(con)$port
    table <- rbind(table, measured_cell("postgres", n, port))
    if (with_lme4) table <- rbind(table, measured_cell("lme4", n, port))
  }
  if ("sqlite" %in% engines) {
    file <- tempfile(fileext = ".sqlite")
    con <- DBI::dbConnect(RSQLite::SQLite(), file)
    fill_sqlite(con, n)
    DBI::dbDisconnect(con)
    table <- rbind(table, measured_cell("sqlite", n, file))
    unlink(file)
  }
  table
}

# Seconds as a line in the records: a and b of a + b n.
line_of <- function(table, column) {
  stats::coef(stats::lm(table[[column]] ~ table$records))
}

lines_text <- function(own) {
  queries <- line_of(own, "queries")
  fit <- line_of(own, "fit")
  sprintf("- %s: queries take %.1f s and %.2f s for 10^6 records, fits %.1f s and %.2f s; by these
  lines 10^9 records take %.0f minutes.", own$engine[1L], queries[1L], 1e6 * queries[2L], fit[1L],
    1e6 * fit[2L], (fit[1L] + 1e9 * fit[2L]) / 60)
}

draw_growth <- function(table, file) {
  kinds <- function(own, columns) {
    do.call(rbind, lapply(names(columns), function(name) {
      data.frame(size = own$records, seconds = own[[name]],
        kind = paste0(own$engine[1L], columns[[name]]))
    }))
  }
  grown <- split(table, table$engine)
  data <- do.call(rbind, lapply(grown, function(own) {
    if (own$engine[1L] == "lme4") kinds(own, c(fit = "")) else
      kinds(own, c(fit = ": fit", queries = ": queries"))
  }))
  growth_picture(data, "records", sub("[.]md$", ".png", file))
}

write_table <- function(table, file) {
  rows <- sprintf("| %s | %s | %.1f | %.1f | %.1f | %.1f | %s | %.2f | %.10g |", table$engine,
    format(table$records, big.mark = ",", scientific = FALSE), table$queries, table$fit, table$R,
    table$engine_seconds, format(table$combinations, big.mark = ",", scientific = FALSE),
    table$memory, table$logLik)
  grown <- Filter(function(own) nrow(own) > 1L, split(table, table$engine))
  slopes <- vapply(grown, lines_text, "")
  writeLines(c(
    "# Records that stay in a database", "",
    paste("10^5 pupils, 10^3 schools, ten years, a covariate that varies in all records;",
      "`score ~ factor(year) +"),
    paste("minutes + (1 | pupil) + (1 | school)`. Seconds: `queries` are the two passes alone (of",
      "lme4 reading the table),"),
    "`R` is processor time of the R process during the fit, with what the driver takes to fetch",
    "rows; `engine` is the part of it in C++. Memory is the peak of the R process in GB",
    "(`/usr/bin/time -v`). By `Rscript bench/database.R`.", "",
    "| database | records | queries | fit | R | engine | combinations | memory | logLik |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|", rows, "", slopes[lengths(slopes) > 0L], "",
    paste0("Machine: ", machine(c("henderson", "lme4", "dbplyr", "RSQLite", "RPostgreSQL")), ".")
  ), file)
}

main <- function() {
  numbers <- function(name, default) {
    as.numeric(strsplit(option(arguments, name, default), ",")[[1L]])
  }
  engines <- strsplit(option(arguments, "engines", "postgres,sqlite"), ",")[[1L]]
  file <- option(arguments, "output", file.path(root, "results", "database.md"))
  table <- NULL
  for (n in numbers("sizes", "1e6,1e7")) {
    table <- rbind(table, cells_of_size(n, engines, n %in% numbers("lme4", "1e6")))
    write_table(table, file)
  }
  draw_growth(table, file)
  print(table)
}

cell <- option(arguments, "cell", "")
if (nzchar(cell)) {
  cell <- strsplit(cell, ",")[[1L]]
  if (cell[1L] == "lme4") run_lme4(as.numeric(cell[2L]), cell[3L]) else
    run_cell(cell[1L], as.numeric(cell[2L]), cell[3L])
} else {
  main()
}
