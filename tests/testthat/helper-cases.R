# Validation cases with outside answers live beside the repository, in ../shared/cases: they belong
# to their owners and are not copied. HENDERSON_CASES may name another place.

cases_dir <- function() {
  given <- Sys.getenv("HENDERSON_CASES")
  if (nzchar(given)) return(if (dir.exists(given)) given)
  folder <- normalizePath(".")
  while (dirname(folder) != folder) {
    candidate <- file.path(dirname(folder), "shared", "cases")
    if (dir.exists(candidate)) return(candidate)
    folder <- dirname(folder)
  }
  NULL
}

# The case as list(data, pedigree, models by name, source); characters are factors in alphabetical
# order, as the cases' README says.
read_case <- function(id) {
  skip_if_not_installed("jsonlite")
  folder <- cases_dir()
  if (is.null(folder)) skip("no ../shared/cases beside the source tree (or set HENDERSON_CASES)")
  folder <- file.path(folder, id)
  read_table <- function(name) {
    file <- Filter(file.exists, file.path(folder, paste0(name, c(".csv", ".csv.gz"))))
    if (length(file) == 1L) utils::read.csv(file, stringsAsFactors = TRUE)
  }
  json <- jsonlite::read_json(file.path(folder, "case.json"))
  models <- json$models
  names(models) <- vapply(models, `[[`, "", "name")
  list(
    data = read_table("data"), pedigree = read_table("ped"), models = models,
    source = paste0(id, " (", strtrim(json$source$citation, 100L), ")")
  )
}

# Compares numbers with one leaf {value, tol, refit} or a list of them by name. `refit` is the
# optimum to more digits than were printed: it is compared with too, at the digits of the refit.
expect_case <- function(found, leaves, source, what) {
  if (!is.null(leaves$value)) leaves <- list(leaves)
  found <- found[if (is.null(names(leaves))) seq_along(leaves) else names(leaves)]
  value <- vapply(leaves, function(leaf) as.numeric(leaf$value), 0)
  tol <- vapply(leaves, function(leaf) as.numeric(leaf$tol), 0)
  # Numbers are written with ten digits: half a unit of the last one is no error.
  expect_within(found, value, pmax(tol, 5e-10 * abs(value)), paste0(what, ", ", source))
  refit <- vapply(leaves, function(leaf) as.numeric(leaf$refit %||% NA), 0)
  known <- !is.na(refit)
  # A refit has nine digits and comes from an optimiser that stopped near 1e-6.
  expect_within(
    found[known], refit[known], pmin(tol[known], 2e-5 * abs(refit[known]) + 1e-9),
    paste0(what, ", refit of ", source)
  )
}

`%||%` <- function(x, y) if (is.null(x)) y else x

# Inverse of the numerator relationship matrix by Henderson's (1976) rules, with inbreeding from the
# tabular method. For small pedigrees, parents before offspring: an oracle, independent of the
# package.
ainverse_oracle <- function(pedigree) {
  id <- as.character(pedigree$id)
  sire <- match(as.character(pedigree$sire), id, nomatch = 0L)
  dam <- match(as.character(pedigree$dam), id, nomatch = 0L)
  n <- length(id)
  stopifnot(sire < seq_len(n), dam < seq_len(n))
  a <- matrix(0, n, n)
  for (i in seq_len(n)) {
    parents <- c(sire[i], dam[i])
    known <- parents[parents > 0L]
    before <- seq_len(i - 1L)
    if (i > 1L) {
      a[i, before] <- a[before, i] <- if (length(known)) {
        rowSums(a[before, known, drop = FALSE]) / 2
      } else {
        0
      }
    }
    a[i, i] <- 1 + if (all(parents > 0L)) a[sire[i], dam[i]] / 2 else 0
  }
  inbreeding <- diag(a) - 1
  inverse <- matrix(0, n, n, dimnames = list(id, id))
  for (i in seq_len(n)) {
    parents <- c(sire[i], dam[i])
    known <- parents[parents > 0L]
    # Mendelian sampling variance: 1 - (1 + F_s)/4 - (1 + F_d)/4.
    variance <- 1 - sum((1 + inbreeding[known]) / 4)
    who <- c(i, known)
    contribution <- c(1, rep(-0.5, length(known)))
    for (j in seq_along(who)) {
      for (k in seq_along(who)) {
        inverse[who[j], who[k]] <- inverse[who[j], who[k]] +
          contribution[j] * contribution[k] / variance
      }
    }
  }
  methods::as(methods::as(inverse, "generalMatrix"), "CsparseMatrix")
}

# HENDERSON_TEST_LEVEL=slow turns on the tests that take minutes.
is_slow_level <- function() identical(Sys.getenv("HENDERSON_TEST_LEVEL"), "slow")

skip_unless_slow <- function() {
  if (!is_slow_level()) skip("slow: set HENDERSON_TEST_LEVEL=slow")
}
