# Methods for generics of packages that are only suggested are registered when those are loaded.
.onLoad <- function(libname, pkgname) {
  register_later("emmeans", "recover_data", "lmmfit")
  register_later("emmeans", "emm_basis", "lmmfit")
  register_later("multcomp", "modelparm", "lmmfit")
  for (generic in c("refit", "getME", "ngrps")) register_later("lme4", generic, "lmmfit")
  register_later("lmerTest", "contest", "lmmfit")
  for (generic in c("getData", "getVarCov", "intervals")) register_later("nlme", generic, "lmmfit")
  setHook(packageEvent("lmerTest", "attach"), tell_masked)
  register_later("DHARMa", "getFixedEffects", "lmmfit")
  for (generic in c("linearHypothesis", "Anova", "deltaMethod", "vif")) {
    register_later("car", generic, "lmmfit")
  }
  register_later("emmeans", "emm_basis", "lmmfit_bayes")
  formats <- c("as_draws", "as_draws_df", "as_draws_matrix", "as_draws_array", "as_draws_list",
    "as_draws_rvars")
  for (generic in formats) register_later("posterior", generic, "lmmfit_bayes")
  for (generic in c("as.mcmc", "as.mcmc.list")) register_later("coda", generic, "lmmfit_bayes")
  insight <- c("find_formula", "find_parameters", "get_parameters", "get_statistic", "model_info",
    "is_mixed_model", "link_inverse", "get_variance")
  for (generic in insight) register_later("insight", generic, "lmmfit")
  for (generic in c("get_loglikelihood", "get_df")) register_later("insight", generic, "lmmfit")
  register_later("parameters", "model_parameters", "lmmfit")
  for (generic in c("get_coef", "set_coef", "get_vcov", "get_predict")) {
    register_later("marginaleffects", generic, "lmmfit")
  }
  if (isNamespaceLoaded("marginaleffects")) allow_in_marginaleffects()
  setHook(packageEvent("marginaleffects", "onLoad"), allow_in_marginaleffects)
  for (generic in c("r2", "check_singularity", "check_convergence", "model_performance")) {
    register_later("performance", generic, "lmmfit")
  }
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
