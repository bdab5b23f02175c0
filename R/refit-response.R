# The same model with another response, as lme4::refit(): started at the estimates. Registered when
# lme4 is loaded (zzz.R).
refit.lmmfit <- function(object, newresp = NULL, ...) {
  # lme4::bootMer() hands the settings of lmer() on.
  check_unused(..., .ignored = "control")
  check_fit(object)
  check_has_records(object, "{.fn refit}")
  if (object$method == "ANOVA") {
    abort_not_available("`refit()` of a fit by ANOVA", "Use {.code update(fit, data = )}.",
      "object", object$method)
  }
  y <- new_response(object, newresp)
  design <- fit_design(object)
  object$frame[[1L]][] <- y
  model <- fit_model(object, design)
  est <- sharing_rotation(refit_held(object, model$spec, numeric()))
  warn_unconverged(est, model$spec$weights)
  new_lmmfit(object$call, model, est, object$control, object$ddf)
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
