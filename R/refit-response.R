# The same model with another response, as lme4::refit(): started at the estimates. Registered when
# lme4 is loaded (zzz.R).
refit.lmmfit <- function(object, newresp = NULL, ...) {
  check_fit(object)
  if (object$method == "ANOVA") {
    abort_not_available("`refit()` of a fit by ANOVA", "Use {.code update(fit, data = )}.",
      "object", object$method)
  }
  y <- new_response(object, newresp)
  design <- fit_design(object)
  object$frame[[1L]][] <- y
  spec <- fit_spec(object, design)
  est <- refit_held(object, spec, numeric())
  if (est$convergence$status != "converged") {
    warn_convergence(est$convergence$status, est$convergence$iterations)
  }
  known <- setdiff(names(object$parameters), c("estimate", "se", "status"))
  new_lmmfit(object$call, object$parts, object$frame, design, object$parameters[known], spec, est,
    object$control, object$ddf, object$constraints)
}

# A value for each record: a vector, or one column as simulate() gives it.
new_response <- function(fit, newresp) {
  if (is.null(newresp)) return(fit$frame[[1L]])
  if (is.list(newresp) && length(newresp) == 1L) newresp <- newresp[[1L]]
  if (!is.numeric(newresp) || length(newresp) != fit$n || !all(is.finite(newresp))) {
    abort_argument("newresp", newresp, paste("a finite number for each of", fit$n, "records"))
  }
  as.double(newresp)
}
