# Conditions about fits by Bayes: priors, draws, samplers.

abort_prior_class <- function(name, value) {
  shown <- deparse_one(value)
  name <- if (name == "") "..." else name
  abort("prior", "The prior of {.val {name}} is not understood: {.code {shown}}.",
    paste("Give one of {.fn half_t}, {.fn half_normal}, {.fn half_cauchy}, {.fn exponential},",
      "{.fn pc}, {.fn log_normal}, {.fn flat}, {.fn inverse_gamma}, {.fn scaled_inverse_chisq},",
      "{.fn inverse_wishart}, {.fn lkj}, {.fn uniform}, {.fn beta_prior}, {.fn normal}, or a",
      "function that gives a log density."), "prior", value
  )
}

abort_prior_unnamed <- function(family, name) {
  if (family == "shares") {
    abort("prior", "{.fn shares} stands in {.fn lmm_prior} without a name, not as {.val {name}}.",
      "It has the names of its variances inside.", "prior", name
    )
  }
  abort("prior", "A prior {.fn {family}} has no name.",
    "Name the parameter that it is for, as in {.code lmm_prior(residual = half_t(3))}.", "prior",
    family
  )
}

abort_prior_twice <- function(name) {
  abort("prior", "{.fn lmm_prior} has two priors for {.val {name}}.", "Give one.", "prior", name)
}

abort_prior_nu <- function(nu, t) {
  abort("prior",
    "{.arg nu} is {nu}, too small for a {t} x {t} matrix {.arg V}: the prior is improper.",
    "It must be above {t - 1}; {t + 1} makes each correlation uniform.", "nu", nu
  )
}

abort_prior_density <- function(label, sampler) {
  abort("prior",
    paste("{.arg prior}: the expanded {.fn inverse_wishart} of {.val {label}} has no density in",
      "closed form, which {.code sampler = {.val {sampler}}} needs."),
    c("Leave {.arg sampler} out, or ask for {.code sampler = \"gibbs\"}, which needs none.",
      paste("It has one where {.arg V} and {.arg alpha.V} are diagonal and {.arg alpha.mu} is",
        "zero.")), "sampler"
  )
}

abort_prior_gibbs_only <- function(label, name, why) {
  abort("gibbs",
    paste("{.arg prior}: the expanded {.fn inverse_wishart} of {.val {label}} has no density in",
      "closed form, so it needs Gibbs sampling, which has no conditional distribution of",
      "{.val {name}}: {why}."),
    paste("Give {.arg V} and {.arg alpha.V} that are diagonal and no {.arg alpha.mu}, or conjugate",
      "priors to all variances."), "prior", name
  )
}

abort_prior_name <- function(name, known) {
  near <- nearest_of(name, known)
  abort("prior_name",
    paste("{.arg prior}: there {cli::qty(length(name))}{?is/are} no parameter{?s} or term{?s}",
      "{.val {name}} to have a prior."),
    c(did_you_mean(near), "This model has {.val {known}}."), "prior", name
  )
}

abort_prior_held <- function(name) {
  abort("prior_name", "{.arg prior}: {.val {name}} is held or tied, and has no prior of its own.",
    "Leave out its prior, or let it move.", "prior", name
  )
}

abort_prior_covariance <- function(name, label) {
  matrix <- paste0(label, ".cor")
  abort("prior_name", "{.arg prior}: {.val {name}} is a covariance, and has no prior of its own.",
    paste("Give one for the correlations, {.val {matrix}}, and for the standard deviations, or",
      "{.fn inverse_wishart} for {.val {label}}."), "prior", name
  )
}

abort_prior_loading <- function(name, label) {
  whole <- paste0(label, ".loadings")
  abort("prior_name", "{.arg prior}: {.val {name}} is a loading, and has no prior of its own.",
    paste("Its rotation is free. Give one for all loadings of the term, as",
      "{.code {whole} = normal(0, 1)}."), "prior", name
  )
}

abort_prior_loadings_mean <- function(name, mean) {
  abort("prior", "{.arg prior}: {.val {name}} cannot have a normal prior with mean {mean}.",
    "The rotation of loadings is free, so the mean of each is zero.", "prior", name
  )
}

abort_prior_loadings_partial <- function(label) {
  abort_not_available_bayes(
    paste0("A posterior of ", label, ", of which some loadings are held or tied,"),
    "Hold or tie all loadings of the term, or none.", label)
}

abort_prior_kind <- function(name, kind) {
  abort_not_available_bayes(paste0("A posterior of ", name, ", a ", kind, ","),
    "Use {.code method = \"REML\"}.", name)
}

abort_prior_banded <- function(label) {
  abort("prior",
    paste("{.arg prior}: {.val {label}} cannot have the prior {.fn inverse_wishart}: some of its",
      "covariances are zero."),
    "Give priors of its standard deviations, and {.code {label}.cor = lkj(2)}.", "prior", label)
}

abort_prior_endless <- function(name) {
  abort_not_available_bayes(paste0("A posterior of ", name, ", a parameter without ends,"),
    "Give finite {.arg lower} and {.arg upper} in {.code own()}.", name)
}

abort_prior_partial <- function(label) {
  abort_not_available_bayes(
    paste0("A posterior of ", label, ", of which some values are held or tied,"),
    "Hold or tie all values of the covariance matrix, or none.", label)
}

abort_not_available_bayes <- function(what, remedy, value = NULL) {
  abort("not_available", "{what} is not available with {.code method = \"Bayes\"}.", remedy,
    "method", value
  )
}

abort_prior_range <- function(name, prior, ends) {
  ends <- format_numbers(ends, 4L)
  abort("prior",
    "{.arg prior}: {.val {name}} cannot be everywhere between {prior$lower} and {prior$upper}.",
    "This parameter is between {ends[1L]} and {ends[2L]}.", "prior", name
  )
}

abort_prior_fits <- function(name, family, type) {
  remedy <- switch(type,
    sd = "A variance has a prior of its standard deviation, as {.fn half_t}, or of the variance.",
    positive = "A range has a prior of a positive number, as {.fn log_normal}.",
    interval = "A correlation has {.fn uniform}, {.fn beta_prior}, or a function.",
    matrix = "A correlation matrix has {.fn lkj}; of two coefficients also {.fn beta_prior}.",
    loadings = "Loadings have {.fn normal} with mean zero.",
    fixed = "Fixed effects have {.fn normal}, or no prior."
  )
  abort("prior", "{.arg prior}: {.val {name}} cannot have the prior {.fn {family}}.", remedy,
    "prior", name
  )
}

abort_prior_size <- function(label, given, t) {
  abort("prior", paste("{.arg prior}: {.arg V} for {.val {label}} is {given} x {given}, its",
    "covariance matrix {t} x {t}."), "Give a matrix of that size.", "prior", given
  )
}

abort_prior_shares <- function(name) {
  abort("prior", "{.fn shares}: {.val {name}} is no variance with a prior of its own.",
    "Name variances that are neither held nor part of an {.fn inverse_wishart}.", "prior", name
  )
}

abort_prior_function <- function(x, value) {
  shown <- deparse_one(value)
  abort("prior", "A prior function gave {.code {shown}} at {x}.",
    "It must give the logarithm of a density, one number (or {.code -Inf}).", "prior", value
  )
}

abort_prior_improper <- function(name, prior, why) {
  abort("prior_improper",
    "The posterior of {.val {name}} under the prior {.code {prior}} is improper: {why}.",
    "Use a proper prior, as the default, {.code half_t(3)}.", "prior", name
  )
}

inform_scarce_data <- function() {
  inform("scarce_data", paste("Records or levels are too few to estimate all variances from the",
    "data alone: where these tell nothing the posterior is the prior."), "prior")
}

# Draws --------------------------------------------------------------------------------------------

abort_bayes_argument <- function(argument, method) {
  abort("bayes_argument",
    paste("{.arg {argument}} is of {.code method = \"Bayes\"}, and this is",
      "{.code method = \"{method}\"}."),
    "Leave it out, or fit by {.code method = \"Bayes\"}.", argument, method
  )
}

abort_bayes_package <- function(packages) {
  install <- deparse_one(packages)
  abort("package",
    "{.code method = \"Bayes\"} needs the package{?s} {.pkg {packages}}, which {?is/are} not here.",
    "Install by {.code install.packages({install})}.", "method", packages
  )
}

abort_draws_target <- function(name) {
  wrong <- if (name == "most") "{.val most}, which is no target" else "no target {.val {name}}"
  abort("draws_target", paste0("{.arg draws} has ", wrong, "."),
    paste("Give a number of draws, or a target: {.code draws = c(ess = 4000)}, the effective size,",
      "and {.code mc_error = 0.01}, the Monte Carlo error in posterior standard deviations, with",
      "{.code most = 50000} at most."), "draws", name
  )
}

warn_draws_target <- function(n, reached) {
  ess <- round(reached$ess)
  error <- signif(reached$mc_error, 2L)
  warn("draws_target",
    paste("After {n} draws the effective size is {ess}, the Monte Carlo error {error} standard",
      "deviations: less than {.arg draws} asks."),
    "Ask for less, or allow more: {.code draws = c(ess = , mc_error = , most = )}.", "draws", n
  )
}

inform_chains_unused <- function() {
  inform("chains", paste("{.arg chains} is not used: importance sampling was enough.",
    "{.code sampler = \"hmc\"} asks for chains."), "chains")
}

abort_chains_unused <- function(sampler) {
  abort("bayes_argument",
    "{.arg chains} is of Markov chains, and the sampler is {.val {sampler}}.",
    "Leave it out, or ask for {.code sampler = \"hmc\"} or {.code \"gibbs\"}.", "chains", sampler
  )
}

abort_posterior_start <- function() {
  abort("posterior", "The posterior density is zero or not finite where the search begins.",
    paste("Priors, {.arg bounds} and data contradict each other, or a prior is far from what the",
      "data allow."), "prior"
  )
}

abort_gibbs <- function(name, why) {
  abort("gibbs", "Gibbs sampling has no conditional distribution of {.val {name}}: {why}.",
    paste("Leave {.arg sampler} out: importance sampling or {.code sampler = \"hmc\"} takes any",
      "structure and prior."), "sampler", name
  )
}

abort_bayes_question <- function(what, remedy) {
  abort("bayes_question", "{what} is not for a fit by {.code method = \"Bayes\"}.", remedy,
    "object"
  )
}

abort_no_marginal <- function(sampler, cut) {
  if (sampler == "importance") {
    why <- if (cut) "a prior is cut off by the range of its parameter or by {.arg bounds}" else
      "a prior of a variance is improper"
    return(abort("marginal", paste0("The density of the data is not known: ", why, "."),
      "Give proper priors over the whole range of their parameters.", "fit"))
  }
  abort("marginal", paste("The density of the data is the mean weight of importance sampling, and",
    "these are draws of chains."),
    "Fit with {.code sampler = \"importance\"}, as far as its k-hat is below 0.7.", "fit")
}

abort_left_out_residual <- function() {
  abort_bayes_question("Leaving out groups whose residuals are correlated with those of others",
    "Let {.arg group} be the subjects of the residual structure, or whole sets of them.")
}

abort_nothing_missing <- function(response) {
  abort("impute", "No response {.field {response}} is missing: there is nothing to impute.",
    "Give the data with its missing responses by {.arg data}.", "data", response
  )
}

abort_data_not_found <- function() {
  abort("impute", "The data of the fit are not found where it was called.",
    "Give them by {.arg data}, with the records whose response is missing.", "data"
  )
}

abort_reference_unused <- function(argument) {
  abort("impute", "{.arg {argument}} has no meaning for {.code strategy = \"MAR\"}.",
    "Leave it out, or give {.code strategy = \"JR\"} or {.code \"CIR\"}.", argument
  )
}

inform_not_imputed <- function(n) {
  inform("impute", "{n} response{?s} of records with missing covariates stay{?s/} missing.", "data")
}

warn_khat <- function(khat) {
  khat <- formatC(khat, format = "f", digits = 2L)
  warn("khat",
    "The weights of the draws have heavy tails (Pareto k-hat {khat}): their means may be wrong.",
    "Ask for {.code sampler = \"hmc\"}, or for more draws.", "sampler", khat
  )
}

warn_concentrated <- function(n, size) {
  warn("khat", "Few draws have nearly all of the weight: {n} count as {size}.",
    "Ask for {.code sampler = \"hmc\"}, or for more draws.", "sampler", size
  )
}

warn_chains <- function(rhat, ess) {
  rhat <- formatC(rhat, format = "f", digits = 3L)
  ess <- round(ess)
  warn("chains",
    "The chains have not mixed well: largest R-hat {rhat}, smallest effective size {ess}.",
    "Ask for more {.arg draws}, or hold parameters that the data do not tell.", "draws", ess
  )
}

abort_bayes_ddf <- function() {
  abort_bayes_question("An argument `ddf` or `information`",
    "Leave it out: the posterior needs no degrees of freedom.")
}
