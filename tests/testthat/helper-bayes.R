# Draws need packages that a fit by REML does not.
skip_without_bayes <- function() {
  for (package in c("qrng", "loo", "posterior")) skip_if_not_installed(package)
}
