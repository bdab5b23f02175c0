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
