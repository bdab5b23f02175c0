# Settings of other optimisers: no part of the model, and left out with a message. What those of
# mmrm say of tests is read.

foreign_controls <- c("lmerControl", "lmeControl", "glsControl", "mmrm_control", "glmmTMBControl",
  "asreml.options")
foreign_control_classes <- c("merControl", "mmrm_control", "glmmTMBControl")

# `given` is what was typed, or a symbol for it, in `env`.
is_foreign_control <- function(given, env) {
  x <- typed_expression(given, env)
  if (is.call(x)) return(sub("^.*:::?", "", deparse_one(x[[1L]])) %in% foreign_controls)
  value <- if (is.symbol(x)) tryCatch(eval(given, env), error = function(e) NULL) else x
  inherits(value, foreign_control_classes)
}

with_foreign_control <- function(call, env) {
  if (!is_foreign_control(call$control, env)) return(call)
  read <- "lmm_control()"
  value <- typed_expression(call$control, env)
  given <- if (is.symbol(value)) eval(call$control, env) else value
  if (is_call_to(given, "mmrm_control") || inherits(given, "mmrm_control")) {
    call <- with_mmrm_tests(call, given, env)
    if (!is.null(call$ddf)) read <- paste0(read, ", ddf = ", deparse_one(call$ddf))
  }
  call["control"] <- NULL
  inform_read_as(paste("control =", short_text(value, 200L)), paste("control =", read))
  call
}

# Its `method` is our ddf; another covariance of the fixed effects is one too.
with_mmrm_tests <- function(call, control, env) {
  method <- if (is.call(control)) eval(control$method, env) else control$method
  vcov <- if (is.call(control)) eval(control$vcov, env)
  if (!is.null(vcov) && !vcov %in% c("Asymptotic", "Kenward-Roger")) {
    abort_foreign("control", short_text(control, 200L), "this {.arg vcov} is not read",
      "Write {.code ddf = \"CR0\"} or {.code \"CR2\"} for a robust covariance.")
  }
  if (!is.null(method) && is.null(call$ddf)) call$ddf <- method
  call
}
