# The R packages that the repository needs, read from DESCRIPTION. Used by tools/setup.sh:
#   Rscript tools/packages.R missing run|dev   prints those that are not installed, one a line
#   Rscript tools/packages.R install run|dev   installs them from CRAN, fails if one is missing

needed_packages <- function(purpose) {
  fields <- read.dcf("DESCRIPTION", c("Imports", "LinkingTo", "Suggests"))
  packages <- function(field) {
    trimws(sub("\\(.*\\)", "", strsplit(fields[, field], ",")[[1]]))
  }
  # lme4 has the data of the second example.
  used <- c(packages("Imports"), packages("LinkingTo"), "lme4")
  unique(if (purpose == "dev") c(used, packages("Suggests"), "roxygen2") else used)
}

missing_packages <- function(purpose) {
  needed <- needed_packages(purpose)
  needed[!vapply(needed, function(p) nzchar(system.file(package = p)), NA)]
}

main <- function(action, purpose) {
  missing <- missing_packages(purpose)
  if (action == "missing") return(writeLines(missing))
  if (length(missing) == 0L) return(invisible())
  if (identical(unname(getOption("repos")["CRAN"]), "@CRAN@")) {
    utils::chooseCRANmirror(ind = 1L, local.only = TRUE)
  }
  cores <- max(1L, parallel::detectCores(), na.rm = TRUE)
  utils::install.packages(missing, lib = .libPaths()[1], Ncpus = cores, quiet = TRUE)
  still_missing <- missing_packages(purpose)
  if (length(still_missing) > 0L) {
    message("Could not be installed: ", toString(still_missing), ". Is there a network?")
    quit(status = 1L)
  }
}

arguments <- commandArgs(trailingOnly = TRUE)
main(arguments[1], arguments[2])
