# What marginaleffects asks of a model: its coefficients, their covariance, and the model with other
# coefficients, from which it differences predictions. Random effects stay as they are, as with fits
# by lme4. Registered when it is loaded (zzz.R).

get_coef.lmmfit <- function(model, ...) {
  beta <- fixef(model)
  beta[!is.na(beta)]
}

set_coef.lmmfit <- function(model, coefs, ...) {
  model$fixed$estimate[match(names(coefs), model$fixed$names)] <- as.numeric(coefs)
  model
}

# `vcov` is a matrix, or an adjustment as the argument `ddf` of vcov() names them.
get_vcov.lmmfit <- function(model, vcov = NULL, ...) {
  if (isFALSE(vcov)) return(NULL)
  if (is.matrix(vcov)) return(vcov)
  kept <- names(get_coef.lmmfit(model))
  covariance <- stats::vcov(model, ddf = if (is.character(vcov)) vcov else "none")
  covariance[kept, kept, drop = FALSE]
}

get_predict.lmmfit <- function(model, newdata, type = "response", ...) {
  asked <- list(...)[intersect(...names(), c("re.form", "random", "allow_new_levels"))]
  values <- do.call(stats::predict, c(list(model, as.data.frame(newdata)), asked))
  data.frame(rowid = newdata[["rowid"]] %||% seq_along(values), estimate = unname(values))
}

# The list of classes that are not its own.
allow_in_marginaleffects <- function(...) {
  known <- getOption("marginaleffects_model_classes")
  options(marginaleffects_model_classes = unique(c(known, "lmmfit")))
}
