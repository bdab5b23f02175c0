# Mrode, Linear Models for the Prediction of Animal Breeding Values, table 2.1.
mrode <- data.frame(id = c(6, 5, 4, 3), sire = c(5, 4, 1, 1), dam = c(2, 3, NA, 2))

test_that("any order, any type, unknown parents and founders that are only parents", {
  numbers <- pedigree(mrode)
  expect_setequal(numbers$id, as.character(1:6))
  rows <- seq_along(numbers$id)
  expect_true(all(numbers$sire < rows & numbers$dam < rows))
  text <- data.frame(lapply(mrode, as.character))
  text$dam[3] <- ""
  factors <- data.frame(lapply(mrode, factor))
  zero <- mrode
  zero$dam[3] <- 0
  for (other in list(text, factors, zero, mrode[4:1, ])) {
    ped <- pedigree(other)
    expect_identical(inbreeding(ped)[numbers$id], inbreeding(numbers))
  }
  named <- stats::setNames(mrode, c("animal", "father", "mother"))
  expect_identical(pedigree(named, "animal", "father", "mother")$sire, numbers$sire)
  large <- data.frame(id = c(1e5, 2e5), sire = c(NA, 1e5), dam = NA)
  expect_setequal(pedigree(large)$id, c("100000", "200000"))
})

test_that("records in order stay in order; a pedigree can be read again", {
  sorted <- data.frame(id = letters[1:5], sire = c(NA, NA, "a", "a", "d"),
    dam = c(NA, NA, "b", NA, "c"))
  ped <- pedigree(sorted)
  expect_identical(ped$id, letters[1:5])
  expect_identical(as.data.frame(ped)[1:3], sorted)
  expect_identical(pedigree(as.data.frame(ped)), ped)
  expect_identical(pedigree(rbind(sorted, sorted[3, ])), ped)
})

test_that("errors name the animals", {
  cycle <- data.frame(id = c("a", "b", "c", "d"), sire = c("b", "c", "a", NA), dam = NA)
  expect_error(pedigree(cycle), class = "henderson_error_pedigree")
  # No warning of animals of both sexes before it.
  loop <- data.frame(id = c("a", "b", "c"), sire = c("b", NA, "b"), dam = c(NA, "a", "c"))
  expect_no_warning(expect_error(pedigree(loop), class = "henderson_error_pedigree"))
  self <- data.frame(id = "a", sire = "a", dam = NA)
  expect_error(pedigree(self), "own ancestor", class = "henderson_error_pedigree")
  again <- data.frame(id = c("a", "a", "b"), sire = c("x", "y", NA), dam = NA)
  unnamed <- data.frame(id = c("a", NA), sire = NA, dam = NA)
  both <- data.frame(id = c("c", "d"), sire = c("a", "b"), dam = c("b", "a"))
  expect_warning(pedigree(both), class = "henderson_warning_pedigree")
  expect_no_warning(pedigree(both, both_sexes = "allow"))
  expect_error(pedigree(both, both_sexes = "error"), class = "henderson_error_pedigree")
  for (bad in list(again, unnamed, mrode[0, ])) {
    expect_error(pedigree(bad), class = "henderson_error_pedigree")
  }
  expect_error(pedigree(1:3), class = "henderson_error_data")
  expect_error(pedigree(mrode, dam = "mother"), class = "henderson_error_pedigree")
  expect_error(pedigree(mrode, id = 1), class = "henderson_error_argument")
  expect_error(pedigree(mrode, groups = "6"), class = "henderson_error_pedigree")
  expect_error(pedigree(mrode, gamma = 1), class = "henderson_error_pedigree")
  expect_error(prune(pedigree(mrode), "99"), class = "henderson_error_pedigree")
  expect_snapshot(error = TRUE, {
    pedigree(cycle)
    pedigree(again)
    pedigree(mrode, dam = "mother")
    prune(pedigree(mrode), "99")
  })
})

test_that("a cycle is found in a long pedigree, in linear time and without recursion", {
  n <- 200000L
  chain <- data.frame(id = seq_len(n), sire = c(seq_len(n)[-1], 5), dam = NA)
  found <- tryCatch(pedigree(chain), error = function(e) e$value)
  expect_length(found, n - 4L)
  chain$sire[n] <- NA
  expect_identical(max(pedigree(chain)$generation), n - 1L)
})

test_that("prune keeps the ancestors and what is known of them", {
  set.seed(2)
  ped <- pedigree(pedigree_table(random_pedigree(120)), both_sexes = "allow")
  some <- ped$id[c(60, 75)]
  small <- prune(ped, some)
  expect_lt(length(small$id), 76)
  expect_equal(Amatrix(small), Amatrix(ped, small$id))
  expect_identical(inbreeding(small), inbreeding(ped, small$id))
  expect_identical(pedigree(as.data.frame(small), both_sexes = "allow")$sire, small$sire)
})

test_that("print, summary and plot", {
  ped <- pedigree(mrode)
  expect_snapshot({
    ped
    summary(ped)
    pedigree(data.frame(id = 1:2, sire = "g", dam = c("h", 1)), groups = c("g", "h"))
  })
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_identical(nrow(plot(ped)), 6L)
})

test_that("autoplot() has a line for each known parent, and no more animals than can be read", {
  skip_if_not_installed("ggplot2")
  ped <- pedigree(data.frame(id = letters[1:6], sire = c(NA, NA, "a", "a", "c", "c"),
    dam = c(NA, NA, "b", NA, "d", "d")))
  made <- ggplot2::ggplot_build(ggplot2::autoplot(ped))$data
  expect_identical(nrow(made[[1L]]), 7L)
  expect_identical(sort(made[[2L]]$label), letters[1:6])
  many <- pedigree(data.frame(id = 1:300, sire = NA, dam = NA))
  expect_error(ggplot2::autoplot(many), class = "henderson_error")
})
