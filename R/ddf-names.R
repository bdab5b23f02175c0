# Which degrees of freedom and which information, by name.

ddf_choices <- c(
  "Satterthwaite", "Kenward-Roger", "Kenward-Roger1", "Kenward-Roger2", "between-within",
  "containment", "CR0", "CR2", "residual", "none"
)
information_choices <- c("observed", "expected", "average")

# Of 1997, without its second derivatives, or with the improvement of 2009.
is_kenward_roger <- function(ddf) startsWith(ddf, "Kenward-Roger")

is_by_design <- function(ddf) ddf %in% c("between-within", "containment")

is_robust <- function(ddf) ddf %in% c("CR0", "CR2")

adjusts_covariance <- function(ddf) is_kenward_roger(ddf) || is_robust(ddf)

# As others call them.
ddf_synonyms <- c(
  kr = "Kenward-Roger", `kenward roger` = "Kenward-Roger", kenwardroger = "Kenward-Roger",
  `kenward-roger-1997` = "Kenward-Roger", kr1 = "Kenward-Roger1",
  `kenward-roger-linear` = "Kenward-Roger1", kr2 = "Kenward-Roger2", satt = "Satterthwaite",
  bw = "between-within", betwithin = "between-within", `between within` = "between-within",
  contain = "containment", empirical = "CR0", `empirical-bias-reduced` = "CR2", robust = "CR2",
  satterth = "Satterthwaite",
  satterthwaites = "Satterthwaite", sat = "Satterthwaite", residuals = "residual",
  asymptotic = "none", lme4 = "none", z = "none"
)

as_ddf <- function(ddf) check_choice(ddf, ddf_choices, "ddf", ddf_synonyms)

check_ddf <- function(fit, ddf) {
  if (is_bayes(fit)) {
    if (!is.null(ddf) && as_ddf(ddf) != "none") abort_bayes_ddf()
    return("none")
  }
  # Degrees of freedom from derivatives need a factor.
  if (is_iterative(fit) && is.null(ddf)) return("none")
  ddf <- as_ddf(ddf %||% fit$ddf %||% "Satterthwaite")
  if (is_kenward_roger(ddf) && fit$method == "ML" && !has_exact_t(fit)) {
    abort_kenward_roger(fit$method)
  }
  ddf
}

# Satterthwaite: observed (SAS, lmerTest, mmrm); Kenward-Roger: expected (their paper, pbkrtest).
check_information <- function(information, ddf) {
  if (is.null(information)) return(if (is_kenward_roger(ddf)) "expected" else "observed")
  check_choice(information, information_choices, "information")
}

needs_derivatives <- function(fit, ddf) {
  (ddf == "Satterthwaite" || is_kenward_roger(ddf)) && !has_exact_t(fit) && any(is_estimated(fit))
}
