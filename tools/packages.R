# The R packages that the repository needs, read from DESCRIPTION. Used by tools/setup.sh:
#   Rscript tools/packages.R missing run|dev   prints those that are not installed, one a line
#   Rscript tools/packages.R install run|dev   installs them from CRAN, fails if one is missing
#   Rscript tools/packages.R try PACKAGE ...   installs peers that tests compare with, if it can

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
  needed[vapply(needed, is_missing, NA)]
}

install_all <- function(packages, at_once = cores()) {
  if (identical(unname(getOption("repos")["CRAN"]), "@CRAN@")) {
    utils::chooseCRANmirror(ind = 1L, local.only = TRUE)
  }
  utils::install.packages(packages, lib = .libPaths()[1], Ncpus = at_once, quiet = TRUE)
}

cores <- function() max(1L, parallel::detectCores(), na.rm = TRUE)

is_missing <- function(package) !nzchar(system.file(package = package))

main <- function(action, purpose) {
  if (action == "try") return(try_packages(purpose))
  missing <- missing_packages(purpose)
  if (action == "missing") return(writeLines(missing))
  if (length(missing) == 0L) return(invisible())
  install_all(missing)
  still_missing <- missing_packages(purpose)
  if (length(still_missing) > 0L) {
    message("Could not be installed: ", toString(still_missing), ". Is there a network?")
    quit(status = 1L)
  }
}

try_packages <- function(packages) {
  missing <- packages[vapply(packages, is_missing, NA)]
  # One is large: its files at once, not the packages.
  Sys.setenv(MAKEFLAGS = paste0("-j", cores()))
  if (length(missing) > 0L) install_all(missing, at_once = 1L)
  missing <- missing[vapply(missing, is_missing, NA)]
  if (length(missing) > 0L) message("Not installed, their tests are skipped: ", toString(missing))
}

arguments <- commandArgs(trailingOnly = TRUE)
main(arguments[1], arguments[-1])
