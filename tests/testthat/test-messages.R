# Every message of the package with its text. Each constructor of a condition is called with plain
# values for its arguments: a new one is in the snapshot as soon as it exists.

plain_values <- list(
  n = 12L, limit = 10L, rows = 12L, row = "7", level = "a", levels = c("a", "b"), value = 3,
  name = "x", names = c("x", "z"), label = "herd", known = c("herd", "residual"),
  nearest = character(), argument = "hold", problem = "it is wrong", remedy = "Write it so.",
  term = quote(1 + x | herd), what = "this", bad = 2L, fun = "gr", kind = "cov",
  arguments = alist(factor = , level = 0.95)
)

texts <- function() {
  package <- asNamespace("henderson")
  constructors <- grep("^(abort|warn|inform)_", sort(ls(package)), value = TRUE)
  vapply(constructors, function(constructor) {
    make <- get(constructor, package)
    needed <- vapply(formals(make), function(default) is.symbol(default) && !nzchar(default), NA)
    needed[names(needed) == "..."] <- FALSE
    arguments <- lapply(names(formals(make)), function(argument) plain_values[[argument]] %||% "x")
    names(arguments) <- names(formals(make))
    tryCatch(
      {
        do.call(make, arguments[needed])
        ""
      },
      condition = function(condition) {
        if (!inherits(condition, c("henderson_error", "henderson_warning", "henderson_message"))) {
          return(NA_character_)
        }
        conditionMessage(condition)
      }
    )
  }, "")
}

test_that("every message is a message, and says something", {
  found <- texts()
  # Those that need an object (a term, a fit) are called by the tests of their files.
  spoken <- found[!is.na(found)]
  expect_gt(length(spoken), 0.75 * length(found))
  expect_true(all(nzchar(spoken)))
  expect_false(any(grepl("Could not evaluate cli|object '.*' not found|[{][.?]", spoken)))
  expect_snapshot(for (name in names(spoken)) cat(name, "\n", spoken[[name]], "\n\n", sep = ""))
})

test_that("the front door says what to write", {
  s <- lme4::sleepstudy
  s$f <- factor(s$Reaction)
  fit <- lmmfit(Reaction ~ Days + (1 | Subject), s)
  expect_snapshot(error = TRUE, {
    lmmfit()
    lmmfit(s, Reaction ~ Days)
    lmmfit(f ~ Days, s)
    lmmfit(Reaction ~ Days, s, residual = ~ us(Days))
    lmmfit(Reaction ~ Days, s, control = list(maxit = 5))
    predict(fit, data.frame(Days = 1))
    predict(fit, level = 0)
    mme(lmmfit(Reaction ~ Days, s[rep(1:180, 20), ]), form = "V")
  })
})
