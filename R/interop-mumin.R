# What MuMIn asks of a model beyond its terms, log-likelihood and AIC.

# The arguments of a call with a subset of the fixed terms, the random ones kept.
makeArgs.lmmfit <- function(obj, termNames, opt, ...) {  # nolint: object_name_linter.
  default <- utils::getS3method("makeArgs", "default", envir = asNamespace("MuMIn"))
  made <- default(obj, termNames, opt, ...)
  if (!is.null(opt$random)) made$formula <- stats::update.formula(made$formula, opt$random)
  made
}

coeffs.lmmfit <- function(model) fixef(model)

# R2m, R2c: of the fixed effects, and of these with the random ones.
r.squaredGLMM.lmmfit <- function(object, ...) {  # nolint: object_name_linter.
  # What MuMIn itself takes: the null model and where to look for data.
  check_unused(..., .ignored = c("null", "envir", "pj2014"))
  found <- R2(object)
  matrix(found[c("marginal", "conditional"), "estimate"], 1L,
    dimnames = list(NULL, c("R2m", "R2c")))
}
