# The data sets of the package are as their help pages say.

test_that("rows, classes and missing values", {
  expect_identical(dim(growth), c(192L, 5L))
  expect_identical(sort(unique(growth$age)), c(2, 4, 6, 9, 12))
  expect_false(anyDuplicated(growth[c("id", "visit")]) > 0)
  expect_identical(as.vector(table(trial$env, trial$rep)), rep(24L, 6))
  expect_true(all(table(trial$env, trial$line) == 2L))
  expect_identical(sum(is.na(trial$yield)), 2L)
  expect_identical(sum(is.na(lambs$weaning)), 25L)
})

test_that("lambs and markers have their animals in the pedigree", {
  ped <- pedigree(flock)
  expect_identical(sum(is.na(flock$sire)), 52L)
  expect_true(all(c(lambs$animal, lambs$dam, rownames(lamb_markers)) %in% ped$id))
  expect_setequal(rownames(lamb_markers), lambs$animal[lambs$year == "2022"])
  # Genes were dropped through the pedigree: relationships by markers follow those by descent.
  A <- as.matrix(Amatrix(ped, rownames(lamb_markers)))
  expect_gt(cor(grm(lamb_markers)[lower.tri(A)], A[lower.tri(A)]), 0.6)
})
