#' Records that stay in a database
#'
#' `data` of [lmmfit()] may be a table of a database, `dplyr::tbl(con, "records")`, or what dplyr
#' makes of one by verbs that dbplyr translates. SQLite, PostgreSQL and DuckDB are tested; what
#' others are asked is the SQL that dbplyr has for them. The records do not enter R. The database
#' groups them by the levels of all factors of the model and adds up, within each group, the
#' covariates, the response and their products; the fit is that of all records, to rounding.
#'
#' # What is done
#'
#' With independent residuals of one variance, or of one for each level of a factor (`residual =
#' ~ diag(school)`), the likelihood needs of the records their cross products alone. A first pass
#' over the table counts the records, those with missing values, and finds means; a second one is a
#' `GROUP BY` over the combinations of levels with sums of values less these means, so that no
#' digits are lost. The records of a combination are then replaced by at most as many rows as the
#' model has covariates, and one: the factor of their cross products, an orthogonal change of the
#' records. What it leaves out is pure error, of which the number and sum of squares enter the
#' likelihood, so that REML, ML, information, `nobs()`, `AIC()`, `BIC()` and the degrees of freedom
#' are those of all records. That the two passes saw the same number of records is checked.
#'
#' Memory here is that of the combinations, not of the records: some hundred bytes each; it is
#' checked while they arrive. Where nearly every record has a combination of its own nothing is
#' gained. Some drivers (RPostgreSQL) keep the whole result of a query before the first row is read.
#'
#' A fit writes nothing into the database. After an interrupt the connection is usable; the prompt
#' is back when the driver returns, which RPostgreSQL and RSQLite do at the end of the query.
#'
#' # What is understood
#'
#' Factors are texts, truth values, and numbers within `factor()` or among the groups of random
#' terms; covariates are numbers. `I(x^2)`, `log(x)`, `ifelse(x > 5, x, 5)`, `x:f`, `cut(x,
#' breaks)`, `offset()`, `weights` and `subset` are computed in the database, `mean(x)`, `sd(x)`,
#' `min(x)`, `max(x)` and `scale(x)` from one query more; numbers may come from R. What is computed
#' there is compared with R on some records first, as SQL may mean something else by a name.
#' Splines, `poly()` and other functions that SQL does not have are errors that say what to write;
#' so are residuals that depend on each other, several responses and `method = "Bayes"`. Missing
#' values are left out, as by [stats::na.omit()], or with `na_random = "zero"` have no effect of a
#' random term.
#'
#' A fit does not keep its connection, and can be saved. What needs no records answers as always:
#' [summary()][summary.lmmfit], [anova()][anova.lmmfit], [contest()], [ranef()], [varcomp()],
#' [vpredict()], [confint()][confint.lmmfit], [marginal_means()], and [predict()][predict.lmmfit]
#' for a data frame `newdata`. `fitted()`, `residuals()` and what is made of them are errors, and so
#' are robust and between-within degrees of freedom; `augment(fit, data, table =)` leaves fitted
#' values and residuals in the database.
#'
#' # Batches of Arrow
#'
#' `data` may be a dataset, a table, a query or a reader of the package arrow, or a stream of
#' nanoarrow, as other programs export it. The columns that the model needs are written, a batch at
#' a time, into a table of an SQLite file (packages nanoarrow and RSQLite), which is removed once
#' its records are summed; from there on all is as above. A column with a dictionary is a factor
#' with its levels in that order, a truth value is one, dates and times are numbers. A stream or a
#' reader can be read once. `arrow::to_duckdb()` makes a table of a database of a dataset without a
#' copy, and `augment()` needs such a table.
#'
#' @return `augment()`: the table that it made, with the columns of `data` and `.fitted`, `.resid`
#'   and `.fixed` (without random effects), as in [augment()][augment.lmmfit] of other fits. It is a
#' view, which the database computes when it is read.
#' @references Bates, D. and others, issue 387 of lme4: one pass over the data is enough.
#' @examplesIf all(vapply(c("RSQLite", "dplyr", "dbplyr"), requireNamespace, NA, quietly = TRUE))
#' con <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
#' DBI::dbWriteTable(con, "growth", as.data.frame(nlme::Orthodont))
#' records <- dplyr::tbl(con, "growth")
#' fit <- lmmfit(distance ~ age * Sex + (1 | Subject), records)
#' fit
#' predict(fit, data.frame(age = 9, Sex = "Male", Subject = "M01"))
#'
#' # The same records in batches
#' if (requireNamespace("nanoarrow", quietly = TRUE)) {
#'   growth <- transform(as.data.frame(nlme::Orthodont), Subject = as.character(Subject))
#'   stream <- nanoarrow::as_nanoarrow_array_stream(growth)
#'   fixef(lmmfit(distance ~ age * Sex + (1 | Subject), stream))
#' }
#'
#' # Fitted values and residuals stay there
#' augment(fit, records, table = "fitted_growth")
#' DBI::dbDisconnect(con)
#' @name databases
NULL
