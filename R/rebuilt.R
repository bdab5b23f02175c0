# A fit again with other parts or other records, without going through formulas.

# `hold`: values of parameters by name, by default those that were held.
rebuilt <- function(fit, parts = with_kept_relationships(fit$parts, fit), frame = fit$frame,
                    hold = held_parameters(fit)) {
  model <- quietly(build_model(parts, frame, fit$method, fit$contrasts,
    list(hold = if (length(hold) > 0L) hold)))
  if (is.null(model$asked$constraints)) model$asked$constraints <- fit$constraints
  new_lmmfit(fit$call, model, estimate(model, fit$control), fit$control, fit$ddf)
}

held_parameters <- function(fit, held = fit$parameters$status == "held") {
  stats::setNames(fit$parameters$estimate[held], fit$parameters$name[held])
}
