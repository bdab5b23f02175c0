# Random calls at the front door, and of what answers behind it: an answer, or an error or message
# of ours; never one from the depths, never a crash, no argument that is ignored. Slow: 5000 calls
# of each; otherwise 150 and 250. The values are in helper-fuzz.R.

is_slow <- identical(Sys.getenv("HENDERSON_TEST_LEVEL"), "slow")
n_calls <- if (is_slow) 5000L else 150L

door_data <- function() {
  n <- 24
  columns <- list(
    y = rnorm(n), x = rnorm(n), g = gl(6, 4), t = rep(1:4, 6), text = paste0("R", rep(1:12, 2)),
    date = as.Date("2024-01-01") + rep(1:4, 6), logical = rep(c(TRUE, FALSE), 12),
    "my var" = rnorm(n), constant = rep(1, n), missing = rep(NA_real_, n),
    holes = replace(rnorm(n), c(2, 9), NA), inf = replace(rnorm(n), 3, Inf),
    list = as.list(seq_len(n)), complex = complex(real = rnorm(n)), one = factor(rep("a", n)),
    colon = rep(c("a:b", "a", "b:a", ":"), 6), each = factor(seq_len(n)),
    m = matrix(rnorm(2 * n), n)
  )
  data <- data.frame(row = seq_len(n))
  for (name in names(columns)) data[[name]] <- columns[[name]]
  data
}

random_formula <- function(names) {
  quoted <- function(name) paste0("`", name, "`")
  pick <- function(k = 1) quoted(sample(names, k))
  structure <- sample(c("", "us", "diag", "cs", "ar1", "AR1", "un", "fa", "exp", "nosuch", "id",
    "ante", "chol", "corg", "iexp", "ma2"), 1)
  coefficients <- sample(c("1", pick(), paste("1 +", pick())), 1)
  group <- sample(c(pick(), "1", sprintf("mm(at(%s))", pick()),
    sprintf("mm(%s, weights = at(%s))", pick(), pick())), 1, prob = c(0.7, 0.1, 0.1, 0.1))
  random <- sprintf("%s(%s | %s)", structure, coefficients, group)
  terms <- c(pick(), sprintf("%s:%s", pick(), pick()), random, sprintf("spl(%s)", pick()), "0",
    sprintf("spl(%s, by = at(%s))", pick(), pick()))
  response <- if (runif(1) < 0.8) "y" else pick()
  text <- paste(response, "~", paste(sample(terms, sample(3, 1)), collapse = " + "))
  stats::as.formula(text, env = globalenv())
}

random_call <- function(data) {
  names <- c(names(data), "absent")
  call <- list(random_formula(names), data)
  extra <- sample(c("residual", "method", "weights", "hold", "start", "ddf", "contrasts", "control",
    "tie", "bounds", "na_random", "REML", "family", "random", "correlation", "verbose", "offset",
    "foo", "pedigree"), sample(0:2, 1, prob = c(0.5, 0.35, 0.15)))
  for (name in extra) call[name] <- list(odd_values[[sample(length(odd_values), 1)]])
  if (runif(1) < 0.2) {
    index <- sample(names, 2)
    structure <- sample(c("us", "ar1", "cs", "diag"), 1)
    call$residual <- stats::as.formula(
      sprintf("~ %s(`%s` | `%s`)", structure, index[1], index[2]), env = globalenv())
  }
  call
}

test_that("no call gets an error from the depths", {
  skip_on_cran()
  set.seed(20240301)
  strange <- character()
  for (i in seq_len(n_calls)) {
    call <- random_call(door_data())
    result <- tryCatch(
      suppressWarnings(suppressMessages(do.call(lmmfit, call, quote = TRUE))), error = identity)
    if (inherits(result, "lmmfit") || inherits(result, "henderson_error")) next
    text <- paste(deparse(call[[1]])[1], paste(names(call)[-(1:2)], collapse = ","),
      conditionMessage(result), sep = " | ")
    strange <- c(strange, text)
  }
  expect_identical(strange, character())
})

test_that("no call of what answers gets an error from the depths, or ignores an argument", {
  skip_on_cran()
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  objects <- fuzz_objects()
  table <- fuzz_table()
  right <- right_values(objects)
  set.seed(20240302)
  strange <- character()
  for (i in seq_len(if (is_slow) 5000L else 250L)) {
    call <- fuzz_call(table, objects, right)
    result <- tryCatch(
      suppressWarnings(suppressMessages({
        value <- do.call(call$name, call$call, quote = TRUE)
        utils::capture.output(print(value))
        value
      })),
      error = identity
    )
    is_error <- inherits(result, "error")
    if (is_error && !is_clear_message(result)) {
      strange <- c(strange, fuzz_text(call, conditionMessage(result)))
    } else if (!is_error && !is.null(call$call$unheard_of)) {
      strange <- c(strange, fuzz_text(call, "an argument is ignored"))
    }
  }
  expect_identical(strange, character())
})
