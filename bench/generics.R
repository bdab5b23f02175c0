# Which generics that know a fit by lme4, lmerTest, nlme or mmrm know one by lmmfit(): each is
# called, and the page says yes, or why not. The list is read from the method tables of the
# packages that are installed; the script stops where a generic neither works nor has a reason.
#   Rscript bench/generics.R [file]    writes bench/results/generics.md, or the file

suppressPackageStartupMessages(library(henderson))
source("bench/generics-calls.R")

peers <- c("lme4", "nlme", "lmerTest", "mmrm", "broom.mixed", "insight", "parameters",
  "performance", "bayestestR", "emmeans", "car", "multcomp", "pbkrtest", "clubSandwich", "sandwich",
  "generics", "lattice")
fit_classes <- c("merMod", "lmerMod", "lmerModLmerTest", "lme", "gls", "mmrm", "mmrm_fit",
  "mmrm_tmb")
# Objects made from a fit, whose methods are named after both: print.summary.lme.
made_from_fit <- c("summary", "VarCorr", "ranef", "anova", "intervals", "influence", "simulate")

quietly <- function(expr) {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  utils::capture.output(value <- suppressMessages(suppressWarnings(expr)))
  value
}

loaded_peers <- function() {
  Filter(function(package) quietly(requireNamespace(package, quietly = TRUE)), peers)
}

# A row for each generic: the package that it is of, and the classes that it has methods for.
methods_of_fits <- function() {
  rows <- lapply(loadedNamespaces(), function(package) {
    known <- names(asNamespace(package)$.__S3MethodsTable__.)
    rows <- lapply(fit_classes, function(class) {
      own <- known[endsWith(known, paste0(".", class))]
      if (length(own) == 0L) return(NULL)
      data.frame(package, generic = substr(own, 1L, nchar(own) - nchar(class) - 1L), class)
    })
    do.call(rbind, rows)
  })
  found <- do.call(rbind, rows)
  # Draws of arm::sim() are no fits; car::S() has a print method of its own.
  found <- found[!grepl("[.](sim|S)$", found$generic), ]
  found <- stats::aggregate(class ~ package + generic, found, toString)
  found[order(found$package, tolower(found$generic)), ]
}

unexplained <- "Neither works nor has a reason: "

# "yes" with the call, or the reason.
verdict <- function(package, generic, examples) {
  reason <- reasons[[generic]]
  if (!is.null(reason)) return(reason)
  call <- calls[[generic]] %||% default_call(package, generic)
  value <- tryCatch(quietly(eval(call, examples, globalenv())), error = identity)
  if (inherits(value, "error") || is.null(value)) {
    return(paste0(unexplained, package, "::", generic, "(): ",
      if (is.null(value)) "NULL" else conditionMessage(value)))
  }
  paste0("yes: `", paste(deparse(call, 500L), collapse = " "), "`")
}

`%||%` <- function(a, b) if (is.null(a)) b else a

default_call <- function(package, generic) {
  made <- sub("^.*[.]", "", generic)
  if (!made %in% made_from_fit || made == generic) return(call_of(package, generic, quote(fit)))
  first <- substr(generic, 1L, nchar(generic) - nchar(made) - 1L)
  home <- c(VarCorr = "nlme", ranef = "nlme", intervals = "nlme")
  maker <- if (made %in% names(home)) home[[made]] else "stats"
  if (made == "summary") maker <- "base"
  call_of(package, first, call_of(maker, made, quote(fit)))
}

call_of <- function(package, generic, argument) {
  name <- as.name(generic)
  base <- package %in% c("base", "stats", "graphics")
  as.call(list(if (base) name else call("::", as.name(package), name), argument))
}

# Packages whose functions have no methods of their own for fits by others: what was called of them
# with a fit, by hand.
others <- c(
  "MuMIn 1.48.19" = paste("`AICc`, `dredge`, `model.avg`, `coefTable`, `r.squaredGLMM`: lmer's",
    "numbers (`test-interop-lme4.R`, where MuMIn is installed)"),
  "DHARMa 0.5.0" = paste("`simulateResiduals` (also `refit = TRUE`), `recalculateResiduals`,",
    "`testUniformity`, `testDispersion`, `testOutliers`, `plot`; it warns that the class is not on",
    "its list (`test-interop-dharma.R` has what it calls)"),
  "marginaleffects 1.0.0" = paste("`predictions`, `avg_slopes`, `avg_comparisons`, `hypotheses`:",
    "lmer's numbers"),
  "modelsummary 2.6.0" = "`modelsummary` with estimates and criteria, beside fits by lmer",
  "sjPlot 2.8.12" = paste("`tab_model`, `plot_model` (`est`, `re`, `pred`, `diag`, `std`, `slope`,",
    "`resid`, `eff`, `emm`): lmer's numbers, with t limits where sjPlot takes normal ones of lmer"),
  "ggeffects 1.2.0" = "`ggpredict` (`test-interop-easystats.R`)",
  "gtsummary" = paste("not called: it needs a newer dplyr than was at hand. What it reads of a",
    "fit are `broom.mixed`'s columns of `tidy(exponentiate = FALSE)` and `model.frame()`")
)

page <- function(table, versions) {
  yes <- startsWith(table$henderson, "yes")
  c("# Generics of other packages for a fit by `lmmfit()`", "",
    paste0("Every S3 generic for which ", paste(versions, collapse = ", "), " have a method for a ",
      "fit of theirs. \"yes\" was called by `bench/generics.R` as written, with `fit` by REML, ",
      "`ml` by ML; else there is the reason why not. ", sum(yes), " of ", nrow(table), " work."),
    "", "| generic | of | known to peers for | henderson |", "|---|---|---|---|",
    sprintf("| `%s` | %s | %s | %s |", table$generic, table$package, table$class,
      gsub("|", "\\|", table$henderson, fixed = TRUE)),
    "", "## Packages without methods by class", "", "| package | called with a fit |", "|---|---|",
    sprintf("| %s | %s |", names(others), others))
}

main <- function(file = "bench/results/generics.md") {
  present <- loaded_peers()
  versions <- paste(present, vapply(present, function(p) format(packageVersion(p)), ""))
  table <- methods_of_fits()
  extra <- more_functions[more_functions$package %in% present, ]
  table <- rbind(table, data.frame(package = extra$package, generic = extra$generic,
    class = "any fit"))
  examples <- example_fits()
  table$henderson <- vapply(seq_len(nrow(table)), function(i) {
    verdict(table$package[i], table$generic[i], examples)
  }, "")
  wrong <- table$henderson[startsWith(table$henderson, unexplained)]
  if (length(wrong) > 0L) stop(paste(c("", wrong), collapse = "\n"), call. = FALSE)
  writeLines(page(table, versions), file)
  cat(sum(startsWith(table$henderson, "yes")), "of", nrow(table), "written to", file, "\n")
}

do.call(main, as.list(commandArgs(trailingOnly = TRUE)))
