# The README as a stranger pastes it, from top to bottom.

test_that("the code of the README runs, and gives the numbers beside it", {
  file <- testthat::test_path("..", "..", "README.md")
  skip_if_not(file.exists(file), "README.md is not in the tests of a package")
  lines <- readLines(file)
  fences <- grep("^```", lines)
  starts <- fences[lines[fences] == "```r"]
  code <- unlist(lapply(starts, function(start) {
    lines[seq(start + 1L, fences[fences > start][1L] - 1L)]
  }))
  scope <- new.env(parent = globalenv())
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  output <- capture.output(suppressMessages(
    for (expression in parse(text = code)) print(eval(expression, scope))
  ))
  expect_s3_class(scope$fit, "lmmfit")
  # The summary stands below its call, the predictions beside theirs.
  shown <- lines[seq(grep("^Linear mixed model by REML", lines), grep("^Converged in", lines))]
  expect_true(all(trimws(shown) %in% trimws(output)))
  for (number in c("23.68806", "25.04545")) expect_match(output, number, fixed = TRUE, all = FALSE)
})

test_that("links of the README hold in the package that is built from it", {
  root <- testthat::test_path("..", "..")
  skip_if_not(file.exists(file.path(root, ".Rbuildignore")), "not in the repository")
  text <- paste(readLines(file.path(root, "README.md")), collapse = "\n")
  links <- regmatches(text, gregexpr("(?<=\\]\\()[^)#]+", text, perl = TRUE))[[1L]]
  links <- grep("^[a-z]+://", links, value = TRUE, invert = TRUE)
  expect_gt(length(links), 3L)
  expect_true(all(file.exists(file.path(root, links))))
  for (pattern in readLines(file.path(root, ".Rbuildignore"))) {
    left_out <- grepl(pattern, c(links, unique(sub("/.*", "", links))), perl = TRUE)
    expect_false(any(left_out), label = pattern)
  }
})
