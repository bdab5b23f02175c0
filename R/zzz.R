# Methods for generics of packages that are only suggested are registered when those are loaded.
suggested_generics <- list(
  lmmfit = list(
    emmeans = c("recover_data", "emm_basis"),
    multcomp = "modelparm",
    lme4 = c("refit", "refitML", "getME", "ngrps", "isLMM", "isGLMM", "isNLMM", "isREML", "rePCA"),
    lmerTest = c("contest", "ls_means", "lsmeansLT", "difflsmeans"),
    nlme = c("getData", "getVarCov", "intervals", "getResponse", "getGroups", "ACF"),
    DHARMa = "getFixedEffects",
    MuMIn = c("makeArgs", "coeffs", "r.squaredGLMM"),
    car = c("linearHypothesis", "Anova", "deltaMethod", "vif", "matchCoefs"),
    insight = c("find_formula", "find_parameters", "get_parameters", "get_statistic", "model_info",
      "is_mixed_model", "link_inverse", "get_variance", "is_converged", "find_algorithm",
      "get_loglikelihood", "get_df", "get_predicted"),
    parameters = c("model_parameters", "p_value", "degrees_of_freedom"),
    bayestestR = "ci",
    marginaleffects = c("get_coef", "set_coef", "get_vcov", "get_predict"),
    performance = c("r2", "check_singularity", "check_convergence", "check_heteroscedasticity",
      "model_performance")
  ),
  lmmfit_bayes = list(
    emmeans = "emm_basis",
    posterior = c("as_draws", "as_draws_df", "as_draws_matrix", "as_draws_array", "as_draws_list",
      "as_draws_rvars"),
    coda = c("as.mcmc", "as.mcmc.list"),
    tidybayes = "tidy_draws"
  )
)

.onLoad <- function(libname, pkgname) {
  for (class in names(suggested_generics)) {
    own <- suggested_generics[[class]]
    for (package in names(own)) {
      for (generic in own[[package]]) register_later(package, generic, class)
    }
  }
  setHook(packageEvent("lmerTest", "attach"), tell_masked)
  if (isNamespaceLoaded("marginaleffects")) allow_in_marginaleffects()
  setHook(packageEvent("marginaleffects", "onLoad"), allow_in_marginaleffects)
}

# lmerTest::ranova() is no generic: attached later it hides ours.
tell_masked <- function(...) {
  if (!"package:henderson" %in% search()) return(invisible())
  packageStartupMessage("lmerTest hides ranova() of henderson: write henderson::ranova(fit).")
}

register_later <- function(package, generic, class) {
  method <- get(paste(generic, class, sep = "."), envir = asNamespace("henderson"))
  register <- function(...) registerS3method(generic, class, method, envir = asNamespace(package))
  if (isNamespaceLoaded(package)) register()
  setHook(packageEvent(package, "onLoad"), register)
}

.onUnload <- function(libpath) {
  library.dynam.unload("henderson", libpath)
}
