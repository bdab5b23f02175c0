test_that("small sparse matrices are what Matrix makes", {
  expect_identical(as.matrix(sparse_identity(3)), diag(3))
  x <- matrix(c(1, 0, 2, 0, 0, 3), 2)
  expect_identical(as.matrix(transposed_dgc(x)), t(x))
  expect_identical(as.matrix(transposed_dgc(Matrix::Matrix(x, sparse = TRUE))), t(x))
  symmetric <- Matrix::Matrix(c(2, 1, 1, 3), 2, dimnames = list(c("a", "b"), c("a", "b")))
  for (made in list(sparse_identity(3), transposed_dgc(x), as_dgc(symmetric), as_dgc(diag(2)))) {
    expect_s4_class(made, "dgCMatrix")
    expect_true(methods::validObject(made))
    expect_identical(dimnames(made), list(NULL, NULL))
  }
})
