# Objects that were altered by hand or damaged in a file, and the engine's exports called with what
# does not fit: an error that names it, never the end of R.
engine <- asNamespace("henderson")

ped <- pedigree(data.frame(
  id = c("a", "b", "c", "d", "e"), sire = c(NA, NA, "a", "a", "c"), dam = c(NA, NA, "b", "b", "d")
))
listed <- unclass(ped)
altered <- function(x, ...) utils::modifyList(x, list(...), keep.null = TRUE)

test_that("pedigrees: parents, groups, inbreeding and rows are looked at", {
  expect_error(engine$sort_pedigree_cpp(list(sire = c(0L, 9L), dam = c(0L, 0L))), "out of range")
  expect_error(engine$sort_pedigree_cpp(list(sire = c(0L, -7L), dam = c(0L, 0L))), "out of range")
  expect_error(engine$sort_pedigree_cpp(list(sire = 0L, dam = c(0L, 0L))), "dam has size 2")
  expect_error(engine$ancestors_cpp(listed, c(1L, 40L)), "rows: an index is out of range")
  expect_error(engine$ancestors_cpp(listed, NA_integer_), "rows: an index is out of range")
  expect_error(engine$ainverse_cpp(listed, 0), "inbreeding has size 1, needed 5")
  expect_error(engine$amatrix_cpp(listed, ped$inbreeding, 6L, 1L), "rows: an index is out of range")
  expect_error(engine$amultiply_cpp(listed, 0, diag(5), 1L), "inbreeding has size 1")
  expect_error(engine$amultiply_cpp(listed, ped$inbreeding, diag(2), 1L), "rows of x")
  expect_error(engine$group_shares_cpp(altered(listed, n_groups = 9L)), "n_groups")
})

test_that("matrices: shapes and slots are looked at", {
  expect_error(engine$grm_cpp(matrix(0:2, 3, 4), 1:3, 1:4, c(0.5, 0.5), "VanRaden1", 2, 1L),
    "frequency has")
  expect_error(engine$has_completion_cpp(matrix(1, 2, 3)), "matrix, columns has size 3, needed 2")
  expect_error(engine$has_completion_cpp(matrix(1, 0, 0)), "no rows")
  expect_error(engine$symmetric_inverse_cpp(matrix(1, 2, 3), 1L), "columns")
  expect_error(engine$symmetry_cpp(matrix(1, 3, 2)), "columns")
})

animals <- data.frame(
  id = rep(c("a", "b", "c", "d", "e"), 4), visit = factor(rep(1:4, each = 5)),
  y = c(
    5.1, 4.2, 3.9, 6.0, 5.5, 4.8, 4.1, 4.4, 6.2, 5.2,
    5.0, 3.7, 4.1, 5.9, 6.1, 5.3, 4.0, 3.8, 6.4, 5.0
  )
)
fit <- lmmfit(y ~ visit + (1 | gr(id, precision = Ainverse(ped))), animals)
spec <- fit_spec(fit)
with_slot <- function(name, value) {
  broken <- spec
  methods::slot(broken$random[[1]]$relationship$precision, name, check = FALSE) <- value
  broken
}
values <- fit$parameters$estimate

test_that("a precision: its slots are looked at", {
  precision <- spec$random[[1]]$relationship$precision
  expect_error(engine$likelihood_cpp(with_slot("i", rep(99L, length(precision@i))), values),
    "precision: slot i is out of range")
  expect_error(engine$likelihood_cpp(with_slot("p", rev(precision@p)), values), "slot p")
  expect_error(engine$likelihood_cpp(with_slot("p", precision@p[-1]), values), "slot p has size")
  expect_error(engine$likelihood_cpp(with_slot("x", precision@x[-1]), values), "slot x has size")
  expect_error(engine$likelihood_cpp(with_slot("Dim", c(9L, 9L)), values), "slot p has size")
  expect_error(engine$likelihood_cpp(with_slot("Dim", 5L), values), "dimensions")
})

test_that("a term: its coefficients and levels are looked at", {
  with_term <- function(...) {
    broken <- spec
    broken$random[[1]] <- altered(broken$random[[1]], ...)
    broken
  }
  expect_error(engine$design_cpp(with_term(n_coef = 0L)), "n_coef")
  expect_error(engine$design_cpp(with_term(n_coef = NA_integer_)), "n_coef")
  expect_error(engine$design_cpp(with_term(n_levels = -3L)), "n_levels")
  expect_error(engine$design_cpp(with_term(n_levels = 2L)), "out of range|precision")
  expect_error(engine$design_cpp(with_term(n_levels = 7L)), "precision")
  expect_error(engine$design_cpp(with_term(n_coef = 2000000000L)), "effects")
  broken <- spec
  broken$random[[1]]$incidence[[1]]$first_coef <- 5L
  expect_error(engine$design_cpp(broken), "coefficients")
  broken <- spec
  broken$random[[1]]$incidence[[1]]$levels[3] <- 77L
  expect_error(engine$design_cpp(broken), "levels: an index")
})

test_that("questions: what is asked has the size of the fit", {
  K <- Matrix::sparseMatrix(1, 1, x = 1, dims = c(3, 1))
  ask <- function(...) {
    engine$ask_cpp(spec, fit_control(fit), list(list(...)))
  }
  expect_error(ask(topic = "error_covariance", K = K), "rows of K")
  n <- nrow(fit$frame)
  expect_error(ask(topic = "deletion_changes", group = 1:2, n_groups = 2L), "has size 2, needed")
  for (group in c(0L, 3L, NA)) {
    expect_error(ask(topic = "deletion_distances", group = rep(group, n), n_groups = 2L),
      "no such group")
  }
  K@i <- 8L
  expect_error(ask(topic = "error_columns", K = K), "K: slot i is out of range")
})

# One entry somewhere in a nested list is cut, repeated, or set to what does not fit.
damaged <- function(x) {
  if (methods::is(x, "sparseMatrix")) {
    name <- sample(c("i", "p", "x", "Dim"), 1)
    methods::slot(x, name, check = FALSE) <- damaged(methods::slot(x, name))
    return(x)
  }
  if (is.list(x) && !is.object(x) && length(x) > 0L) {
    at <- sample(length(x), 1)
    x[at] <- list(damaged(x[[at]]))
    return(x)
  }
  if (!is.atomic(x) || length(x) == 0L) return(x)
  at <- sample(length(x), 1)
  switch(sample(5, 1),
    x[-at],
    c(x, x[at]),
    replace(x, at, NA),
    if (is.numeric(x)) replace(x, at, if (is.integer(x)) 1999999999L else 1e300) else x,
    if (is.numeric(x)) replace(x, at, x[at] - x[at] - 5L) else rev(x)
  )
}
survives <- function(call) tryCatch(utils::capture.output(suppressWarnings(call)), error = identity)

test_that("R lives through damaged specs, controls and fits", {
  # `||` of vectors is an error, as in R 4.3; R CMD check would end the process.
  old <- Sys.getenv("_R_CHECK_LENGTH_1_LOGIC2_")
  on.exit(Sys.setenv("_R_CHECK_LENGTH_1_LOGIC2_" = old))
  Sys.setenv("_R_CHECK_LENGTH_1_LOGIC2_" = "true")
  set.seed(20)
  slopes <- lmmfit(y ~ visit + (1 | id), animals, residual = ~ ar1(visit | id), hold = c(id = 0.2))
  for (one in list(fit, slopes)) {
    own <- fit_spec(one)
    control <- fit_control(one)
    for (k in 1:60) {
      broken <- damaged(own)
      survives(engine$design_cpp(broken))
      survives(engine$likelihood_cpp(broken, one$parameters$estimate))
      survives(engine$ask_cpp(own, damaged(control), list(list(topic = "prediction_errors"))))
      file <- tempfile(fileext = ".rds")
      saveRDS(structure(damaged(unclass(one)), class = "lmmfit"), file)
      kept <- readRDS(file)
      unlink(file)
      survives(print(summary(kept)))
      survives(predict(kept, animals[1:3, ]))
      survives(vcov(kept))
    }
  }
  succeed("R is alive")
})

test_that("too little memory is said in words", {
  skip_on_os(c("windows", "mac", "solaris"))
  skip_on_cran()
  script <- tempfile(fileext = ".R")
  writeLines(c(
    "library(henderson, warn.conflicts = FALSE)",
    "n <- 40000L",
    "parents <- list(sire = rep(0L, n), dam = rep(0L, n), n_groups = 0L, dam_weight = 0.5,",
    "  gamma = NULL)",
    "said <- tryCatch(henderson:::amatrix_cpp(parents, rep(0, n), seq_len(n), 1L),",
    "  error = conditionMessage)",
    "cat(said)"
  ), script)
  rscript <- file.path(R.home("bin"), "Rscript")
  paths <- paste(.libPaths(), collapse = ":")
  said <- system2("sh", c("-c", shQuote(paste(
    "ulimit -v 3000000; R_LIBS=", shQuote(paths), " ", rscript, " ", script, sep = ""
  ))), stdout = TRUE, stderr = FALSE)
  expect_match(paste(said, collapse = " "), "not enough memory")
})
