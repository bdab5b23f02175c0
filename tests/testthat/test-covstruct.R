test_that("parameters are named as varcomp() prints them, in the engine's order", {
  expect_identical(parameter_names("us", "id", "(Intercept)"), "id")
  expect_identical(parameter_names("us", "id", "age"), "id.age")
  expect_identical(
    parameter_names("us", "id", c("(Intercept)", "age", "sex")),
    c("id.Intercept", "id.Intercept.age", "id.age", "id.Intercept.sex", "id.age.sex", "id.sex")
  )
  expect_identical(
    parameter_names("diag", "id", c("(Intercept)", "age")), c("id.Intercept", "id.age")
  )
  expect_identical(n_parameters("us", 4L), 10L)
  expect_identical(n_parameters("diag", 4L), 4L)
})

test_that("values fill the covariance matrix", {
  sigma <- covariance_matrix("us", 1:6, c("a", "b", "c"))
  expect_equal(unname(sigma), matrix(c(1, 2, 4, 2, 3, 5, 4, 5, 6), 3))
  expect_equal(unname(covariance_matrix("diag", 1:2, c("a", "b"))), diag(c(1, 2)))
})

test_that("semidefinite matrices are told from others at any scale", {
  for (scale in c(1e-12, 1, 1e12)) {
    expect_true(is_semidefinite(scale * matrix(c(4, 2, 2, 1), 2)))
    expect_false(is_semidefinite(scale * matrix(c(4, 2.1, 2.1, 1), 2)))
  }
  expect_true(is_semidefinite(matrix(0, 2, 2)))
  expect_false(is_semidefinite(matrix(c(0, 1, 1, 2), 2)))
  expect_false(is_semidefinite(matrix(c(-1, 0, 0, 2), 2)))
})

test_that("a root gives back the matrix, singular or not", {
  singular <- matrix(c(4, 2, 2, 1), 2)
  for (sigma in list(matrix(4), singular, matrix(c(2, 1, 1, 2), 2), matrix(0, 2, 2))) {
    expect_equal(tcrossprod(covariance_root(sigma)), sigma)
  }
})

test_that("R and the engine know the same structures", {
  expect_setequal(names(covariance_structures), structure_names_cpp())
})
