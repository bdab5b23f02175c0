# The layer check, on small trees with one violation each.

tools <- function() {
  at <- test_path("..", "..", "tools")
  skip_if_not(file.exists(file.path(at, "check-layers.R")), "the source tree is not there")
  made <- new.env()
  for (file in c("check-layers.R", "r-layers.R", "r-ranks.R", "r-structures.R")) {
    sys.source(file.path(at, file), made)
  }
  made
}

ranks <- list(low = "low*.R", high = "high*.R")

# A clean tree with two layers on each side, and the files that are given in its place.
tree <- function(...) {
  files <- list(
    "src/core/base/a.h" = "int a();",
    "src/core/base/a.cpp" = c("#include \"core/base/a.h\"", "int a() { return 1; }"),
    "src/core/linalg/b.h" = "#include \"core/base/a.h\"",
    "src/glue_b.cpp" = c("#include <Rcpp.h>", "#include \"core/linalg/b.h\""),
    "R/low.R" = "low <- function(x) a_cpp(x)", "R/low-table.R" = "low_table <- list(low)",
    "R/high.R" = "high <- function(x) vapply(x, low, 0)"
  )
  files <- utils::modifyList(files, list(...))
  root <- tempfile("tree")
  for (name in names(files)) {
    path <- file.path(root, name)
    dir.create(dirname(path), FALSE, TRUE)
    licence <- if (startsWith(name, "src")) "// SPDX-License-Identifier: GPL-3.0-or-later"
    writeLines(c(licence, files[[name]]), path)
  }
  objects <- sub("cpp$", "o", grep("cpp$", names(files), value = TRUE))
  listed <- paste(c("OBJECTS =", sub("src/", "", objects)), collapse = " ")
  writeLines(listed, file.path(root, "src/Makevars"))
  root
}

problems <- function(...) tools()$layer_problems(tree(...), ranks, "low.R")

test_that("a tree that keeps its layers has no problems, and neither has this one", {
  expect_identical(problems(), character())
  made <- tools()
  expect_identical(made$layer_problems(test_path("..", "..")), character())
})

test_that("an include upward, a foreign header and R in the core are found", {
  up <- problems("src/core/base/a.h" = "#include \"core/linalg/b.h\"")
  expect_match(up, "src/core/base/a.h: core/base must not include core/linalg", fixed = TRUE)
  r <- problems("src/core/base/a.h" = "#include <Rcpp.h>")
  expect_match(r, "<Rcpp.h> is not allowed in core", fixed = TRUE)
  nowhere <- problems("src/core/attic/c.h" = "int c();")
  expect_match(nowhere, "folder `attic` has no place in the layers", fixed = TRUE)
})

test_that("a call upward is found: a call, a function passed on, a name, at the top of a file", {
  upward <- "`low` uses `high` of R/high.R, which is above it (low, high)"
  ways <- c("high(x)", "lapply(x, high)", "do.call(\"high\", x)", "{f <- function() high; f}")
  for (body in ways) {
    found <- problems("R/low.R" = paste("low <- function(x) {", body, "; a_cpp(x) }"))
    expect_match(found[1L], paste("R/low.R:", upward), fixed = TRUE)
  }
  top <- problems("R/low-table.R" = "low_table <- list(high)")
  expect_match(top[1L], "R/low-table.R: `low_table` uses `high`", fixed = TRUE)
})

test_that("names that are not the function of the other file are no calls", {
  expect_identical(problems("R/low.R" = c(
    "low <- function(x, high) high + a_cpp(x)", "other <- function(x) x$high + quote(high(x))"
  )), character())
})

test_that("a generic is called where it is defined, whoever has the methods", {
  expect_identical(problems(
    "R/low-table.R" = c("shown <- function(x) UseMethod(\"shown\")", "b <- function(x) shown(x)"),
    "R/high.R" = "shown.high <- function(x) print(low(x))"
  ), character())
})

test_that("files of one rank that call each other are found", {
  found <- problems("R/low.R" = "low <- function(x) c(low_table, a_cpp(x))")
  expect_match(found, "R/low-table.R, R/low.R: call each other", fixed = TRUE)
  expect_match(found, "low.R: `low` uses `low_table` of low-table.R", fixed = TRUE)
  three <- problems(
    "R/high-a.R" = "a <- function() b()", "R/high-b.R" = "b <- function() d()",
    "R/high-c.R" = "d <- function() a()"
  )
  expect_match(three, "R/high-a.R, R/high-b.R, R/high-c.R: call each other", fixed = TRUE)
})

test_that("a name that two files define, or one twice, is found", {
  expect_match(problems("R/high-a.R" = "low <- function(x) 1"),
    "`low` is defined more than once", fixed = TRUE, all = FALSE)
  expect_match(problems("R/high-a.R" = c("a <- 1", "a <- 2")),
    "R/high-a.R: `a` is defined more than once; keep one", fixed = TRUE, all = FALSE)
})

test_that("a file without a rank, a rank without a file and a stray call of the engine are found", {
  expect_match(problems("R/new.R" = "new <- 1"), "R/new.R: has no rank", fixed = TRUE)
  made <- tools()
  stale <- made$layer_problems(tree(), c(ranks, list(top = "gone.R")), "low.R")
  expect_match(stale, "`gone.R` is no file of R/", fixed = TRUE)
  expect_match(problems("R/high.R" = "high <- function(x) a_cpp(x)"),
    "R/high.R: `high` calls the engine (a_cpp)", fixed = TRUE)
  stray <- made$layer_problems(tree(), ranks, c("low.R", "high.R"))
  expect_match(stray, "R/high.R does not call the engine", fixed = TRUE)
})

test_that("a test of the name of a structure is found outside of the table", {
  table <- list("R/covstruct.R" = c(
    "covariance_structures <- list(us = 1, ar1 = 2)", "of_table <- function(x) x == \"us\""
  ))
  made <- tools()
  asked <- function(body) {
    root <- do.call(tree, c(table, list("R/high.R" = paste("high <- function(x, y)", body))))
    made$layer_problems(root, c(ranks, list(table = "covstruct.R")), "low.R")
  }
  ways <- c("x$name == \"ar1\"", "if (!(y %in% c(\"diag\", \"ar1\"))) x", "switch(x, ar1 = , y)",
    "lapply(x, function(z = y != (\"ar1\")) z)", "is_call_to(x, \"ar1\")", "identical(x, \"ar1\")")
  for (body in ways) {
    expect_match(asked(body), "R/high.R: `high` asks for the structure \"ar1\"", fixed = TRUE)
  }
  expect_match(asked("x == \"iid\""), "asks for the structure \"iid\"", fixed = TRUE)
  for (body in c("x == \"toep\"", "list(us = x)", "paste(x, \"us\")", "x$us == y")) {
    expect_identical(asked(body), character())
  }
})
