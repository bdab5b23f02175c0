# Records in a database against the same records in memory: one model, two ways to its likelihood.

test_that("estimates, likelihood and effects are those of the records in memory", {
  skip_without_databases()
  table <- sqlite_table(school_records)
  for (formula in models_of_records) {
    expect_same_as_in_memory(formula, school_records, table = table)
  }
  for (formula in models_of_records[c(1, 3)]) {
    expect_same_as_in_memory(formula, school_records, method = "ML", table = table)
  }
})

# Positions have units of their own, of other rows than the records: a search takes other steps.
test_that("a residual variance by group is that of the records in memory", {
  skip_without_databases()
  d <- school_records
  d$score[c(7, 50)] <- NA
  d$sex[20] <- NA
  d$visit <- ave(d$year, d$pupil, FUN = seq_along) %% 3
  table <- sqlite_table(d)
  plain <- score ~ factor(year) + minutes + (1 | pupil) + (1 | school)
  exactly <- lmm_control(tolerance = 1e-16)
  by_school <- expect_same_as_in_memory(plain, d, residual = ~ diag(school), table = table,
    control = exactly)$found
  expect_identical(nrow(varcomp(by_school)), 6L)
  expect_same_as_in_memory(plain, d, residual = ~ diag(school), weights = reliability,
    table = table, control = exactly)
  expect_same_as_in_memory(plain, d, residual = list(sex = ~ iid), table = table, method = "ML",
    control = exactly)
  expect_same_as_in_memory(score ~ minutes + (1 | pupil), d, residual = ~ diag(year | sex),
    table = table, control = exactly)
  expect_same_as_in_memory(score ~ sex * minutes, d, residual = ~ diag(factor(year):sex),
    table = table, control = exactly)
  expect_same_as_in_memory(score ~ sex + (1 + minutes | pupil), d, residual = ~ diag(visit | pupil),
    table = table, control = exactly)
  expect_same_as_in_memory(score ~ sex + (1 | pupil), d, residual = ~ loglin(year), table = table,
    control = exactly)
  held <- c(residual.east = 4, residual.north = 9)
  expect_same_as_in_memory(plain, d, residual = ~ diag(school), hold = held, table = table,
    control = exactly)
})

test_that("weights, subset, missing values, contrasts and Method 3 are as in memory", {
  skip_without_databases()
  d <- school_records
  d$minutes[c(3, 50, 51)] <- NA
  d$score[c(7, 50)] <- NA
  d$school[c(9, 11)] <- NA
  d$reliability[13] <- NA
  table <- sqlite_table(d)
  mixed <- score ~ factor(year) + sex:minutes + (1 | pupil) + (1 | school)
  expect_same_as_in_memory(mixed, d, weights = reliability, table = table)
  expect_same_as_in_memory(mixed, d, weights = 1 / size^2, table = table, method = "ML")
  expect_same_as_in_memory(mixed, d, subset = year > 2001 & sex == "f" | minutes < 30,
    table = table)
  expect_same_as_in_memory(mixed, d, na_random = "zero", table = table)
  by_year <- score ~ school * I(year - 2001) + minutes + (1 | pupil)
  expect_same_as_in_memory(by_year, d, table = table,
    contrasts = list(school = "contr.sum"))
  expect_same_as_in_memory(score ~ minutes + (1 | pupil) + (1 | school), d, method = "ANOVA",
    table = table)
  expect_same_as_in_memory(mixed, d, hold = c(pupil = 4), table = table)
  expect_message(lmmfit(mixed, table), "6 of 900 records are left out.*`score` in 2")
  expect_identical(lmmfit(mixed, table, na.action = na.omit)$n, 894)
  bound <- 20
  expect_same_as_in_memory(score ~ I(pmin(minutes, bound)) + (1 | pupil), d, table = table,
    subset = minutes > bound / 2)
})

test_that("relationships, nested and multiple memberships are as in memory", {
  skip_without_databases()
  d <- school_records
  d$friend <- d$pupil[sample(nrow(d))]
  pupils <- sort(unique(d$pupil))
  K <- 0.5^abs(outer(seq_along(pupils), seq_along(pupils), "-"))
  dimnames(K) <- list(pupils, pupils)
  table <- sqlite_table(d)
  expect_same_as_in_memory(score ~ minutes + (1 | gr(pupil, cov = K)), d, table = table)
  expect_same_as_in_memory(score ~ minutes + (1 | school / sex), d, table = table)
  expect_same_as_in_memory(score ~ minutes + (1 | mm(pupil, friend)), d, table = table)
})

test_that("tests, intervals, means and predictions are as in memory", {
  skip_without_databases()
  table <- sqlite_table(school_records)
  pair <- expect_same_as_in_memory(
    score ~ factor(year) * sex + minutes + size + (1 + minutes | pupil), school_records,
    table = table)
  same <- function(ask, tolerance = 1e-7) {
    testthat::expect_equal(ask(pair$found), ask(pair$expected), tolerance = tolerance)
  }
  for (ddf in c("Satterthwaite", "Kenward-Roger", "residual", "contain")) {
    same(function(fit) as.data.frame(anova(fit, ddf = ddf)))
    same(function(fit) coef(summary(fit, ddf = ddf)))
  }
  same(function(fit) contest(fit, c(minutes = 10, size = -1)))
  same(function(fit) confint(fit, method = "profile", parm = "residual"), 1e-6)
  same(function(fit) vpredict(fit, share ~ residual / (residual + `pupil.(Intercept)`)))
  same(function(fit) ranef(fit, se = TRUE))
  same(function(fit) reliability(fit, "pupil"))
  same(function(fit) as.data.frame(marginal_means(fit, "sex")))
  same(function(fit) {
    as.data.frame(marginal_means(fit, c("year", "sex"), weights = "proportional"))
  })
  new <- data.frame(year = c(2001, 2004), sex = c("f", "m"), minutes = c(20, 35), size = 21,
    pupil = c("p02", "p01"))
  same(function(fit) predict(fit, new, se = TRUE))
  same(function(fit) predict(fit, classify = "sex"))
  same(function(fit) simulate(fit, 2, seed = 1, newdata = new))
  skip_if_not_installed("emmeans")
  same(function(fit) as.data.frame(emmeans::emmeans(fit, ~ sex | year)))
  same(function(fit) as.data.frame(emmeans::emtrends(fit, ~ sex, var = "minutes")))
})

test_that("a fit is saved without its connection, and says what needs records", {
  skip_without_databases()
  table <- sqlite_table(school_records)
  fit <- lmmfit(score ~ sex + minutes + (1 | pupil), table)
  file <- tempfile(fileext = ".rds")
  saveRDS(fit, file)
  again <- readRDS(file)
  expect_identical(unlist(said_by(again)), unlist(said_by(fit)))
  expect_output(print(fit), "900 records")
  needing <- list(fitted, residuals, weights, predict, simulate, model.matrix, model.frame,
    hatvalues, rstandard, rstudent, cooks.distance, dfbeta, dfbetas, influence, qqnorm, plot,
    R2, icc, residual_matrix, outlier_test, mme, cross_validate, impute,
    function(fit) power_curve(fit, "sex", nsim = 2), function(fit) augment(fit),
    function(fit) summary(fit, ddf = "CR2"), function(fit) summary(fit, ddf = "BW"))
  for (ask in needing) expect_error(ask(fit), class = "henderson_error_needs_records")
})

test_that("fitted values and residuals are left in the database", {
  skip_without_databases()
  d <- school_records
  d$minutes[5] <- NA
  d$id <- seq_len(nrow(d))
  table <- sqlite_table(d)
  con <- connection_of(table)
  for (formula in models_of_records[c(1, 3, 9, 10)]) {
    pair <- suppressMessages(expect_same_as_in_memory(formula, d, table = table,
      subset = year < 2004))
    made <- augment(pair$found, table, table = "made")
    got <- as.data.frame(dplyr::collect(made))
    got <- got[order(got$id), ]
    expected <- augment(pair$expected, subset(d, year < 2004 & !is.na(minutes)))
    for (column in c(".fitted", ".resid", ".fixed")) {
      expect_within(got[[column]], expected[[column]], 1e-8, column)
    }
    expect_identical(names(got), c(names(d), ".fitted", ".resid", ".fixed"))
    expect_error(augment(pair$found, table, table = "made"), "there is a table made")
    DBI::dbExecute(con, "DROP VIEW made")
    DBI::dbRemoveTable(con, "made_cells")
  }
  expect_identical(DBI::dbListTables(con), "records")
})

test_that("without factors all records are one combination", {
  skip_without_databases()
  table <- sqlite_table(school_records)
  fit <- lmmfit(score ~ minutes, table)
  here <- lmmfit(score ~ minutes, school_records)
  expect_equal(fixef(fit), fixef(here), tolerance = 1e-10)
  expect_equal(as.numeric(logLik(fit)), as.numeric(logLik(here)), tolerance = 1e-12)
  made <- as.data.frame(dplyr::collect(augment(fit, table, table = "made")))
  expect_identical(names(made), c(names(school_records), ".fitted", ".resid", ".fixed"))
  expect_equal(sort(made$.fitted), unname(sort(fitted(here))), tolerance = 1e-10)
})

test_that("a temporary table has a temporary view", {
  skip_without_databases()
  con <- connection_of(sqlite_table(school_records, "others"))
  dplyr::copy_to(con, school_records, "passing")
  table <- dplyr::tbl(con, "passing")
  fit <- lmmfit(score ~ minutes + (1 | school), table)
  expect_message(made <- augment(fit, table, table = "made"), "ends with the connection",
    class = "henderson_message_database")
  here <- lmmfit(score ~ minutes + (1 | school), school_records)
  expect_equal(sort(dplyr::collect(made)$.fitted), unname(sort(fitted(here))), tolerance = 1e-8)
})

test_that("update() asks the table again, and says where there is none", {
  skip_without_databases()
  table <- sqlite_table(school_records)
  fit <- lmmfit(score ~ minutes + (1 | school), table, method = "ML")
  smaller <- update(fit, . ~ . - minutes)
  here <- lmmfit(score ~ minutes + (1 | school), school_records, method = "ML")
  expect_equal(as.numeric(logLik(smaller)), as.numeric(logLik(update(here, . ~ . - minutes))),
    tolerance = 1e-10)
  expect_equal(anova(smaller, fit)$Chisq, anova(update(here, . ~ . - minutes), here)$Chisq,
    tolerance = 1e-8)
  rm(table)
  expect_error(update(fit, . ~ . - minutes), "`table` of the fit is not found",
    class = "henderson_error_database")
})

test_that("what cannot be is one message, and leaves the connection as it was", {
  skip_without_databases()
  d <- school_records
  d$note <- as.character(d$minutes)
  table <- sqlite_table(d)
  con <- connection_of(table)
  expect_refused <- function(expression, class, text) {
    found <- expect_error(expression, class = paste0("henderson_error_", class))
    expect_match(conditionMessage(found), text)
    expect_identical(DBI::dbListTables(con), "records")
    expect_identical(as.integer(DBI::dbGetQuery(con, "SELECT COUNT(*) AS n FROM records")$n), 900L)
  }
  plain <- score ~ minutes + (1 | pupil)
  expect_refused(lmmfit(score ~ minute + (1 | pupil), table), "unknown_column", "minutes")
  expect_refused(lmmfit(score ~ poly(minutes, 2) + (1 | pupil), table), "database_function",
    "I\\(x\\^2\\)")
  expect_refused(lmmfit(score ~ minutes + spl(minutes) + (1 | pupil), table), "database_function",
    "spl\\(")
  expect_refused(lmmfit(score ~ lgamma(minutes) + (1 | pupil), table), "database_function",
    "lgamma")
  expect_refused(lmmfit(score ~ I(minutes %% 7) + (1 | pupil), table), "database_function",
    "otherwise")
  three <- 1:3
  expect_refused(lmmfit(score ~ I(minutes - three), table), "database_variable", "3 values")
  expect_refused(lmmfit(plain, table, weights = three), "database_variable", "weights")
  expect_refused(lmmfit(plain, table, weights = reliability - 1), "argument", "weights")
  expect_refused(lmmfit(note ~ year + (1 | pupil), table), "variable_type", "note")
  expect_refused(lmmfit(plain, table, subset = year > 2010), "no_records", "subset")
  expect_refused(lmmfit(plain, dplyr::filter(table, year > 2010)), "no_records", "empty")
  expect_refused(lmmfit(plain, table, residual = ~ ar1(year | pupil)), "database_model", "collect")
  expect_refused(lmmfit(cbind(score, size) ~ 1, table), "database_model", "collect")
  expect_refused(lmmfit(plain, table, method = "Bayes"), "database_model", "collect")
  expect_refused(lmmfit(plain, table, control = lmm_control(memory = 1e-6)), "memory", "more than")
  expect_refused(lmmfit(plain, dplyr::mutate(table, minutes = no_such(minutes))), "database",
    "no such function")
  DBI::dbExecute(con, "UPDATE records SET minutes = 'none' WHERE rowid = 500")
  expect_refused(lmmfit(plain, table), "variable_type", "texts")
  gone <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  DBI::dbWriteTable(gone, "records", d)
  closed <- dplyr::tbl(gone, "records")
  DBI::dbDisconnect(gone)
  expect_error(lmmfit(plain, closed), "connection of `data` is closed")
})

# What stands between a table and the frame of a model, for tests of single steps.
steps_of <- function(formula, table) {
  given <- list(sample = sampled_records(table), na_random = "drop", memory = Inf)
  parts <- parse_formula(formula, given$sample)
  given$env <- environment(formula)
  prototype <- sampled_frame(parts, given)
  given <- with_expressions(given, prototype, table)
  plan <- in_sql(database_plan(parts, prototype, given, table), given, table)
  list(plan = plan, count = counted_records(table, plan, given, parts, character()))
}

test_that("a level that appears between the two passes is noticed by counts", {
  skip_without_databases()
  table <- sqlite_table(school_records)
  steps <- steps_of(score ~ minutes + (1 | pupil), table)
  sums <- function() summed_records(table, steps$plan, c(30, 50), steps$count, character(), Inf)
  expect_identical(sums()$n_cells, 60L)
  DBI::dbExecute(connection_of(table),
    "INSERT INTO records SELECT 'new', school, year, sex, minutes, size, reliability, score
     FROM records WHERE rowid = 1")
  expect_error(sums(), class = "henderson_error_database_changed")
})

test_that("combinations that arrive in pieces are those that arrive at once", {
  skip_without_databases()
  table <- sqlite_table(school_records)
  steps <- steps_of(score ~ factor(year) + minutes + (1 | pupil), table)
  sums <- function(...) {
    found <- summed_records(table, steps$plan, c(30, 50), steps$count, character(), Inf, ...)
    rows <- cbind(found$one, found$values) * sqrt(found$weight)
    c(found["pure_error"], list(products = crossprod(rows), n = sum(found$count)))
  }
  expect_equal(sums(piece = 7), sums(), tolerance = 1e-13)
})

test_that("PostgreSQL gives the same fits", {
  skip_without_databases()
  con <- local_postgres()
  DBI::dbWriteTable(con, "records", school_records, row.names = FALSE)
  table <- suppressWarnings(dplyr::tbl(con, "records"))
  for (formula in models_of_records[c(1, 5, 7, 9)]) {
    suppressWarnings(expect_same_as_in_memory(formula, school_records, table = table))
  }
  suppressWarnings(expect_same_as_in_memory(score ~ sex + minutes + (1 | pupil), school_records,
    weights = reliability, subset = year > 2001, table = table))
  expect_identical(DBI::dbListTables(con), "records")
})

test_that("DuckDB gives the same fits, and keeps fitted values", {
  skip_without_databases()
  con <- duckdb_connection()
  DBI::dbWriteTable(con, "records", school_records)
  table <- dplyr::tbl(con, "records")
  for (formula in models_of_records) {
    expect_same_as_in_memory(formula, school_records, table = table)
  }
  plain <- score ~ sex + minutes + (1 | pupil)
  expect_same_as_in_memory(plain, school_records, weights = reliability, subset = year > 2001,
    table = table)
  expect_same_as_in_memory(plain, school_records, residual = ~ diag(school), table = table,
    control = lmm_control(tolerance = 1e-16))
  left <- as.data.frame(augment(lmmfit(plain, table), table, table = "fitted_records"))
  left <- left[order(left$pupil, left$score, left$minutes), ]
  here <- lmmfit(plain, school_records)
  order <- order(school_records$pupil, school_records$score, school_records$minutes)
  expect_relative(left$.fitted, unname(fitted(here))[order], 1e-8, "fitted values")
  expect_identical(sort(DBI::dbListTables(con)),
    c("fitted_records", "fitted_records_cells", "records"))
})

test_that("an interrupt in a query: the connection is usable, and nothing is left behind", {
  skip_without_databases()
  skip_on_os("windows")
  con <- local_postgres()
  DBI::dbWriteTable(con, "records", school_records, row.names = FALSE)
  # Each record takes 4 milliseconds: the second pass is under way when the signal comes.
  DBI::dbExecute(con, "CREATE VIEW slow AS SELECT score, sex, pupil,
    minutes + CASE WHEN pg_sleep(0.004) IS NULL THEN 1 ELSE 0 END AS minutes
    FROM records LIMIT 300")
  slow <- suppressWarnings(dplyr::tbl(con, "slow"))
  begun <- proc.time()[["elapsed"]]
  suppressWarnings(lmmfit(score ~ sex + minutes + (1 | pupil), slow))
  whole <- proc.time()[["elapsed"]] - begun
  system(sprintf("(sleep %.1f; kill -INT %d) &", 0.8 * whole, Sys.getpid()))
  answer <- tryCatch(suppressWarnings(lmmfit(score ~ sex + minutes + (1 | pupil), slow)),
    interrupt = function(condition) "interrupted")
  expect_identical(answer, "interrupted")
  expect_length(DBI::dbListResults(con), 0L)
  expect_identical(DBI::dbListTables(con), "records")
  temporary <- DBI::dbGetQuery(con, "SELECT relname FROM pg_class WHERE relpersistence = 't'")
  expect_identical(nrow(temporary), 0L)
  table <- suppressWarnings(dplyr::tbl(con, "records"))
  expect_s3_class(suppressWarnings(lmmfit(score ~ sex + (1 | pupil), table)), "lmmfit_database")
})

test_that("other databases are asked in their own SQL", {
  skip_without_databases()
  table <- sqlite_table(school_records)
  plan <- pooled_records(lmmfit(log(score) ~ sex + I(minutes^2) + (1 | pupil), table,
    weights = reliability)$frame)$plan
  for (name in c("hive", "postgres", "mssql")) {
    con <- getExportedValue("dbplyr", paste0("simulate_", name))()
    lazy <- dbplyr::lazy_frame(school_records, con = con, .name = "records")
    expect_snapshot({
      cat(name, "\n")
      cat(dbplyr::sql_render(count_query(lazy, plan)))
      cat(dbplyr::sql_render(sums_query(lazy, plan, c(1000.5, -3), whole = TRUE)))
    })
  }
})
