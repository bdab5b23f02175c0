# Rows of a table of means, and what they cannot be made from.

oats <- lmmfit(yield ~ Variety * factor(nitro) + (1 | Block) + (1 | Block:Variety),
  as.data.frame(nlme::Oats))

test_that("rows of a table of means, in any order, keep their covariance", {
  means <- marginal_means(oats, ~ Variety + nitro)
  rows <- c(7L, 2L, 11L)
  some <- means[rows, ]
  expect_equal(unname(vcov(some)), unname(vcov(means)[rows, rows]))
  expect_equal(unname(lsd(some)), unname(lsd(means)[rows, rows]))
  expect_equal(head(means, 3), means[1:3, ])
  sorted <- means[order(means$estimate), ]
  whole <- as.data.frame(pairs(means, adjust = "none"))
  there <- as.data.frame(pairs(sorted, adjust = "none"))
  one <- whole[whole$contrast == "Golden Rain.0 - Victory.0.6", ]
  same <- there[there$contrast == "Golden Rain.0 - Victory.0.6", ]
  expect_equal(unlist(one[-1]), unlist(same[-1]))
  expect_output(print(sorted), "SED")
  expect_output(print(some), "SED")
})

test_that("some means beside others that are not estimable", {
  data <- droplevels(subset(as.data.frame(nlme::Oats), !(Variety == "Victory" & nitro == 0.2)))
  fit <- lmmfit(yield ~ Variety * factor(nitro) + (1 | Block), data)
  means <- marginal_means(fit, ~ Variety + nitro)
  gap <- which(!means$estimable)
  expect_length(gap, 1L)
  some <- means[c(12L, gap, 1L), ]
  expect_equal(unname(sed(some)), unname(sed(means)[c(12L, gap, 1L), c(12L, gap, 1L)]))
  expect_output(print(some), "Not estimable")
  expect_output(print(means[1:2, ]), "SED")
  expect_false(any(grepl("Not estimable", capture.output(print(means[1:2, ])))))
})

test_that("columns are plain, and a table in another order is refused", {
  means <- marginal_means(oats, ~ Variety)
  expect_identical(class(means[c("Variety", "se")]), "data.frame")
  expect_identical(means[2, "se"], means$se[2])
  expect_identical(means[["df"]], means$df)
  expect_identical(class(means[, 1:3]), "data.frame")
  turned <- means
  turned$estimate <- rev(means$estimate)
  expect_error(pairs(turned), "as marginal_means", class = "henderson_error_argument")
  turned <- means
  turned$Variety <- rev(means$Variety)
  expect_error(sed(turned), class = "henderson_error_argument")
  expect_output(print(turned), "estimate")
})

test_that("weights and values that make no sense are refused", {
  expect_error(marginal_means(oats, ~ Variety, average = list(nitro = c(1, 2))), "4 levels",
    class = "henderson_error_argument")
  expect_error(marginal_means(oats, ~ Variety, average = list(nitro = c(a = 1))),
    class = "henderson_error_argument")
  expect_error(marginal_means(oats, ~ Variety, average = list(nitro = c(0, 0, 0, 0))),
    class = "henderson_error_argument")
  expect_error(marginal_means(oats, ~ Variety, average = list(nitro = "0.2")),
    class = "henderson_error_argument")
  by_place <- marginal_means(oats, ~ Variety, average = list(nitro = c(0, 0.5, 0.5, 0)))
  by_name <- marginal_means(oats, ~ Variety, average = list(nitro = c("0.4" = 1, "0.2" = 1)))
  expect_equal(by_place$estimate, by_name$estimate)
  cells <- marginal_means(oats, ~ Variety + nitro)
  expect_equal(by_place$estimate,
    as.vector(tapply(cells$estimate[cells$nitro %in% c(0.2, 0.4)], rep(1:3, 2), mean)))
  where <- marginal_means(oats, ~ Variety, average = list(nitro = c(1, 1, 2, 0)), present = TRUE)
  expect_equal(where$estimate,
    marginal_means(oats, ~ Variety, average = list(nitro = c(1, 1, 2, 0)))$estimate)
  growth <- lmmfit(distance ~ age + Sex + (1 | Subject), as.data.frame(nlme::Orthodont))
  for (bad in list("a", NA, Inf, TRUE, list(1))) {
    expect_error(marginal_means(growth, ~ Sex, at = list(age = bad)),
      class = "henderson_error_argument")
  }
})
