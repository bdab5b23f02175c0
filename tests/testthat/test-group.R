# Codes and levels of groups against factor() and interaction().

test_that("codes and levels are those of factor()", {
  set.seed(2)
  columns <- list(
    sample(letters, 50, TRUE), sample(c(3L, 7L, -2L), 50, TRUE), sample(c(0.5, 2, 10), 50, TRUE),
    sample(c(TRUE, FALSE), 50, TRUE), factor(sample(letters, 200, TRUE)), c(1L, 2000000000L, 5L),
    as.Date("2020-01-01") + sample(5, 50, TRUE), rep(TRUE, 5), c(TRUE, FALSE, TRUE)
  )
  for (x in columns) {
    expected <- factor(x)
    found <- level_codes(x)
    expect_identical(found$levels, levels(expected))
    expect_identical(as.integer(found$codes), as.integer(expected))
  }
})

test_that("crossed codes are those of interaction() without its empty levels", {
  set.seed(3)
  for (q in c(3, 40, 3000)) {
    a <- factor(sample(q, 60, TRUE))
    b <- factor(sample(q, 60, TRUE))
    expected <- interaction(a, b, sep = ":", lex.order = TRUE, drop = TRUE)
    found <- cross_codes(level_codes(a), level_codes(b))
    expect_identical(found$levels, levels(expected))
    expect_identical(as.integer(found$codes), as.integer(expected))
  }
})

test_that("the number of possible combinations may pass the largest integer", {
  a <- list(codes = c(1L, 70000L, 70000L), levels = as.character(1:70000))
  found <- cross_codes(a, a)
  expect_identical(found$levels, c("1:1", "70000:70000"))
  expect_identical(found$codes, c(1L, 2L, 2L))
})

test_that("levels of new data are matched by label", {
  found <- level_codes(c("b", "z", "a"))
  expect_error(match_groups(found, c("a", "b"), "g", FALSE), class = "henderson_error_new_level")
  # found$levels is a, b, z.
  expect_identical(match_groups(found, c("a", "b"), "g", TRUE), 1:3)
  expect_identical(match_groups(found, c("b", "a", "c"), "g", TRUE), c(2L, 1L, 4L))
})

test_that("labels of interactions do not collide, whatever the levels contain", {
  pairs <- list(
    list(a = c("x:y", "x", "x:y", "x"), b = c("z", "y:z", "q", "q")),
    list(a = c("x\"", "x", "x", "x\""), b = c("y", "\"y", "q", "q")),
    list(a = c("\"x:y\"", "x:y", "1", "2"), b = c("z", "z", "z", "z"))
  )
  for (pair in pairs) {
    source <- column_source(as.data.frame(pair))
    found <- group_codes(list(variables = list(quote(a), quote(b))), source)
    expect_identical(anyDuplicated(found$levels), 0L)
    expect_length(found$levels, 4L)
  }
  set.seed(1)
  data <- data.frame(a = rep(pairs[[1]]$a, 6), b = rep(pairs[[1]]$b, 6), y = rnorm(24))
  fit <- lmmfit(y ~ 1 + (1 | a:b), data)
  expect_equal(predict(fit, data[1:4, ]), predict(fit)[1:4])
  expect_identical(nrow(ranef(fit)[["a:b"]]), 4L)
})

test_that("one level is enough where its variance is known", {
  data <- data.frame(y = c(1.2, 0.4, 2.1, 0.9), g = "a", x = gl(2, 2))
  expect_error(lmmfit(y ~ 1 + (1 | g), data), "hold = c(g = 1)", fixed = TRUE,
    class = "henderson_error_one_level")
  fit <- lmmfit(y ~ 1 + (1 | g), data, hold = c(g = 2))
  expect_equal(unname(ranef(fit)$g[[1]]), 0, tolerance = 1e-8)
  expect_equal(unname(fixef(fit)), mean(data$y))
})
