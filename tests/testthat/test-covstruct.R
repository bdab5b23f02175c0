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

test_that("R and the engine have the same table of structures", {
  engine <- structure_table_cpp()
  expect_setequal(engine$name, names(covariance_structures))
  for (trait in c("is_unstructured", "is_uncorrelated")) {
    own <- vapply(engine$name, structure_trait(trait), NA)
    expect_identical(unname(own), engine[[trait]], info = trait)
  }
  # A trait that no row may have is a misspelled one.
  known <- c("is_heterogeneous", "is_uncorrelated", "is_unstructured", "values_are_entries",
    "name_is_recipe", "may_be_zero", "contains_intercept", "is_exchangeable", "keeps_lags",
    "is_field", "has_nugget", "walks_by_steps", "walks_by_range", "is_loadings_alone", "is_centred",
    "takes_function")
  expect_setequal(unlist(lapply(covariance_structures, `[[`, "traits")), known)
})

# Recipes of all structures for n coefficients, those of an argument with and without it.
table_recipes <- function(n) {
  large_enough <- vapply(written_structures, least_coefficients, 0) <= n
  written <- lapply(written_structures[large_enough], function(name) {
    given <- list(order = 0L, constants = double(), own = list(
      f = function(par) diag(par[["v"]], n), start = c(v = 1, w = 2), lower = c(0, 0),
      upper = c(Inf, Inf)
    ))
    at <- cbind(seq_len(n)^2, 1)
    argument <- covariance_structures[[name]]$arguments
    if ("k" %in% argument) given$order <- 1L
    default <- new_recipe(name, n, given, at)
    if ("k" %in% argument || "bands" %in% argument) given$order <- 2L
    if ("nu" %in% argument) given$constants <- 1.5
    list(default, new_recipe(name, n, given, at))
  })
  written <- unlist(written, recursive = FALSE)
  second <- Filter(function(recipe) recipe$name %in% c("ar1", "toep", "matern"), written)
  products <- lapply(written, function(recipe) {
    product_recipe(c(list(recipe), second), letters[seq_len(1L + length(second))])
  })
  c(written, products)
}

test_that("R and the engine count the same values of the same kinds", {
  for (n in 3:5) {
    for (recipe in table_recipes(n)) {
      kinds <- recipe_values(recipe)$kind
      type <- ifelse(kinds %in% c("variance", "covariance", "specific"), "variances",
        ifelse(kinds == "loading", "loadings", "others"))
      counts <- value_counts_cpp(recipe, recipe$n_coef)
      info <- paste(recipe$name, recipe$factors[[1L]]$name, n, recipe$order)
      expect_identical(rep.int(names(counts), counts), type, info = info)
      first <- first_factor(recipe)
      # One unit for each coefficient, or one for all.
      in_units <- sum(counts[c("variances", "loadings")])
      if (!takes_function(first)) expect_identical(in_units > 1L, is_heterogeneous(first), info)
    }
  }
})
