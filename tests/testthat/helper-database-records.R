# Records for tests of data that are not in memory, and how their fits compare with those that are.

suppressWarnings({
  school_records <- local({
    set.seed(20)
    n <- 900
    pupil <- sample(60, n, TRUE)
    d <- data.frame(
      pupil = sprintf("p%02d", pupil),
      school = sample(c("north", "south", "east", "west"), n, TRUE),
      year = sample(2001:2004, n, TRUE), sex = ifelse(pupil %% 2 == 0, "f", "m"),
      minutes = round(runif(n, 10, 60), 2), size = round(exp(rnorm(n, 3, 0.3)), 3),
      reliability = round(runif(n, 0.5, 2), 2)
    )
    effect <- matrix(rnorm(120), 60) %*% diag(c(2, 0.05))
    d$score <- 50 + 0.1 * d$minutes + (d$year - 2001) + effect[pupil, 1] +
      effect[pupil, 2] * d$minutes + c(north = 1, south = 0, east = -1, west = 2)[d$school] +
      rnorm(n, 0, 3 / sqrt(d$reliability))
    d
  })
})

# All that a fit says, in one list of numbers.
said_by <- function(fit) {
  parameters <- varcomp(fit)
  table <- summary(fit)$coefficients
  list(
    variances = parameters$estimate, se = parameters$se, fixed = fixef(fit), coefficients = table,
    covariance = vcov(fit), likelihood = as.numeric(logLik(fit)), df = attr(logLik(fit), "df"),
    AIC = AIC(fit), BIC = BIC(fit), n = nobs(fit),
    effects = if (length(fit$random) > 0L) lapply(ranef(fit), as.matrix)
  )
}

# Errors of variances count in their standard errors, others by their size.
expect_same_fit <- function(found, expected, tolerance = 1e-8) {
  one <- said_by(found)
  other <- said_by(expected)
  # Degrees of freedom come from differences of the score.
  expect_relative(one$coefficients[, "df"], other$coefficients[, "df"], 1e-6, "df")
  for (name in c("coefficients", "covariance")) {
    one[[name]] <- one[[name]][, colnames(one[[name]]) != "df", drop = FALSE]
    other[[name]] <- other[[name]][, colnames(other[[name]]) != "df", drop = FALSE]
  }
  one <- unlist(one)
  other <- unlist(other)
  testthat::expect_identical(names(one), names(other))
  scale <- max(abs(other[grepl("^effects", names(other))]), 1e-3)
  expect_relative(one, other, tolerance, "the fit", scale = ifelse(grepl("^effects", names(other)),
    scale, 1e-3 * max(abs(other[grepl("^fixed", names(other))]))))
}

# By records in memory and in the table, with the same arguments.
expect_same_as_in_memory <- function(formula, data, ..., table = NULL, tolerance = 1e-8) {
  env <- parent.frame()
  if (is.null(table)) table <- sqlite_table(data, env = env)
  arguments <- as.list(substitute(list(...)))[-1L]
  call <- function(data) {
    quietly_told(eval(as.call(c(quote(lmmfit), formula, list(data = data), arguments)), env))
  }
  found <- call(table)
  expected <- call(data)
  expect_s3_class(found, "lmmfit_database")
  expect_same_fit(found, expected, tolerance)
  invisible(list(found = found, expected = expected))
}

quietly_told <- function(expression) {
  withCallingHandlers(expression, henderson_message = function(m) invokeRestart("muffleMessage"))
}

models_of_records <- list(
  score ~ factor(year) + minutes + (1 | pupil) + (1 | school),
  score ~ year + sex + (1 | pupil) + (1 | school),
  score ~ sex * minutes + (1 + minutes | pupil),
  score ~ minutes + (1 + minutes || pupil) + (1 | school:year),
  log(score) ~ I(minutes^2) + minutes + log(size) + (1 | pupil),
  score ~ minutes:size + I(ifelse(minutes > 30, minutes - 30, 0)) + (0 + minutes | pupil),
  score ~ 0 + school + scale(minutes) + I(size - mean(size)) + (1 | pupil),
  score ~ sex + diag(school | pupil) + (1 | school),
  score ~ cut(minutes, c(0, 20, 40, 60)) + I(minutes > 30) + (1 | pupil),
  score ~ minutes + offset(2 * size) + (1 | pupil),
  score ~ sex + minutes,
  score ~ minutes + ar1(year | pupil)
)
