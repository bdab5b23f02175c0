fit <- lmmfit(Reaction ~ Days + (Days | Subject), lme4::sleepstudy)

shown <- function(x, ...) utils::capture.output(print(x, ...))

test_that("a long table shows ten rows and says how many there are", {
  ped <- pedigree(data.frame(id = 1:40, sire = NA, dam = NA))
  animals <- data.frame(id = rep(1:40, 2), y = sin(1:80))
  own <- lmmfit(y ~ 1 + (1 | gr(id, pedigree = ped)), animals, hold = c(id = 1, residual = 1))
  tables <- list(reliability(fit), outlier_test(fit), outlier_test(fit, "Subject"),
    reliability(own), breeding_values(own))
  for (table in tables) {
    lines <- shown(table)
    expect_length(lines, 12L)
    expect_match(lines[12L], paste("10 of", nrow(table), "rows"), fixed = TRUE)
    expect_length(shown(table, n = Inf), nrow(table) + 1L)
    expect_length(shown(utils::head(table, 3L)), 4L)
    expect_identical(as.data.frame(table)$level, table$level)
    expect_identical(class(as.data.frame(table)), "data.frame")
  }
  expect_length(shown(blup_contrasts(fit, list(c("308", "309")))), 2L)
  expect_error(print(tables[[1L]], n = 0), class = "henderson_error_argument")
  expect_match(shown(reliability(fit), digits = 2, row.names = FALSE)[2L], "13.1  172 ")
  expect_error(print(tables[[1L]], rows = 3), class = "henderson_error_argument")
  expect_match(shown(tables[[1L]][0L, ]), "0 rows", all = FALSE)
})

test_that("a column that was added or taken away is printed as it is", {
  table <- reliability(fit)[c("level", "estimate")]
  table$best <- table$estimate > 20
  table$estimate[1L] <- NA
  lines <- shown(table)
  expect_match(lines[2L], "308 +NA +FALSE")
  expect_match(lines[5L], "330 +23[.]691 +TRUE")
})

test_that("outliers of a fit by Bayes say at which variances they are", {
  skip_without_bayes()
  bayes <- stats::update(fit, method = "Bayes", draws = 200, seed = 1)
  at_means <- "At the posterior means of the variance parameters"
  for (asked in list(outlier_test(bayes), outlier_test(bayes, "Subject"))) {
    expect_identical(shown(asked)[1L], at_means)
    expect_length(shown(asked), 13L)
  }
  expect_identical(shown(influence(bayes))[2L], at_means)
  for (asked in list(outlier_test(fit), influence(fit))) expect_false(at_means %in% shown(asked))
})
