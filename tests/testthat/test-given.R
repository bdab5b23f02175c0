# Every function of the user says which argument it lacks.

test_that("each exported function names an argument that is missing", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  # Generics of R and other packages, and what has a meaning only in a formula.
  others <- c("augment", "fixef", "glance", "ranef", "tidy", "toLatex", "VarCorr", "gr", "mm",
    "scan")
  for (name in setdiff(getNamespaceExports("henderson"), others)) {
    fun <- getExportedValue("henderson", name)
    if (!is.function(fun)) next
    needed <- vapply(formals(fun), function(x) is.symbol(x) && !nzchar(x), NA)
    needed <- setdiff(names(needed)[needed], c("...", "by"))
    if (length(needed) == 0L) next
    call <- as.call(list(as.name(name)))
    expect_error(eval(call), "is missing", fixed = TRUE, class = "henderson_error", label = name)
    if (length(needed) > 1L) {
      call[[needed[1L]]] <- fit
      expect_error(eval(call), class = "henderson_error", label = name)
    }
  }
})

test_that("the message has the call as it could be, of a method the generic's", {
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  expect_snapshot(error = TRUE, {
    compare_structures(fit)
    compare_structures()
    Hinverse(pedigree(flock))
    henderson::two_stage_met(data = trial)
    lapply(list(NULL), function(x) genetic_trend(fit))
  })
  lacks <- function(object) icc(object)
  expect_error(lacks(), "`object` of `icc()` is missing", fixed = TRUE)
})

# R's own "unused argument" says neither what there is nor what is nearest.
test_that("each exported function stops at an argument that it does not have", {
  # What dots are for: names of the user's, generics of others, arguments passed on after a check of
  # what is needed.
  others <- c("augment", "fixef", "glance", "ranef", "tidy", "toLatex", "VarCorr", "gr", "mm",
    "lmm_prior", "shares", "vpredict", "scan")
  passes_on <- c("contest", "compare_methods", "compare_structures", "impute", "read_pedigree",
    "marginal_means", "ranova")
  for (name in setdiff(getNamespaceExports("henderson"), others)) {
    fun <- getExportedValue("henderson", name)
    if (!is.function(fun)) next
    expect_true("..." %in% names(formals(fun)), label = name)
    call <- as.call(list(as.name(name), nosuch = 1))
    expect_error(eval(call), class = "henderson_error_argument", label = name)
    # With the second and the third letter swapped; where dots are also passed on, of one that is
    # needed.
    takes <- setdiff(names(formals(fun)), "...")
    is_needed <- vapply(formals(fun)[takes], function(x) is.symbol(x) && !nzchar(x), NA)
    if (name %in% passes_on) takes <- takes[is_needed]
    takes <- takes[nchar(takes) > 3L]
    if (length(takes) == 0L) next
    target <- takes[which.max(nchar(takes))]
    names(call)[2L] <- sub("^(.)(.)(.)", "\\1\\3\\2", target)
    expect_error(eval(call), paste0("Did you mean .*`", target, "`"), label = name,
      class = "henderson_error_argument")
  }
})

test_that("a mistyped argument is told with the nearest one, a further one by its value", {
  expect_snapshot(error = TRUE, {
    two_stage(distance ~ age, data = nlme::Orthodont, methd = "ML")
    inbreeding(x = flock)
    R2(by_grp = TRUE)
    half_cauchy(2, 5)
    flat(1)
    bend(diag(2), lest = 1e-3)
  })
  # Beginnings of names are names, as they are everywhere in R.
  M <- matrix(rep(0:2, length.out = 40), 10)
  expect_identical(grm(M, freq = 0.4), grm(M, frequency = 0.4))
})
