#' Variances and heritability over age
#'
#' In a random regression the variance of each term changes with age. `variance_by_age()` gives it
#' at chosen ages, with the share of each term in the phenotypic variance: that of the additive
#' genetic term is the heritability.
#'
#' @param object A fit by [lmmfit()] with terms such as `(0 + legendre(age, 2) | animal)`.
#' @param newdata A data frame with the ages (and whatever else the coefficients of random terms
#'   use), a row for each point. Where the residual variance changes with a factor, as with
#'   `residual = ~ diag(age_class)`, it has that factor too.
#' @param x For `plot()`: what `variance_by_age()` gave.
#' @param what For pictures: `"share"` of the phenotypic variance, or `"variance"`.
#' @param ... For `plot()` further arguments of [graphics::plot()]; else nothing more.
#' @return A data frame of class `variance_by_age`: `newdata` with, for each random term, its
#'   variance and `share.` of the sum, and the residual variance `residual` of a record of weight 1.
#' @examples
#' fit <- lmmfit(height ~ sex * age + I(age^2) + (0 + legendre(age, 1) | id), growth)
#' v <- variance_by_age(fit, data.frame(age = 2:12, sex = "girl"))
#' v
#' plot(v)
#' @export
variance_by_age <- function(object, newdata, ...) {
  check_given(object, newdata, ...)
  check_fit(object)
  if (!is_mixed(object)) abort_no_random("`variance_by_age()`")
  if (!is.data.frame(newdata)) abort_data(newdata)
  values <- lapply(seq_along(object$random), function(k) {
    z <- coefficient_rows(object, k, newdata)
    rowSums((z %*% term_covariance(object$random[[k]], k, object$parameters)) * z)
  })
  names(values) <- term_labels(object)
  values <- as.data.frame(values, optional = TRUE)
  values$residual <- new_residual_variances(object, newdata)
  shares <- values / rowSums(values)
  names(shares) <- paste0("share.", names(values))
  structure(cbind(newdata, values, shares), class = c("variance_by_age", "data.frame"),
    terms = names(values), axis = names(newdata)[1L])
}

# The coefficients of term k at the rows of new data: Z without its levels.
coefficient_rows <- function(fit, k, newdata) {
  parsed <- fit$parts$random[[k]]
  if (!is_single(parsed$group)) {
    abort_variance_by_age("one level of each group in a record")
  }
  formula <- fit$parts$fixed
  formula[[3L]] <- parsed$coefs
  check_variables(all.vars(parsed$coefs), newdata, baseenv(), "newdata")
  frame <- newdata_frame(formula, fit$frame, newdata, variable_names(stats::terms(formula)))
  source <- column_source(frame, fit$contrasts)
  recipe <- column_recipe(coefficient_terms(parsed, source), source)
  as.matrix(expanded_columns(nrow(frame), recipe$terms)$X)
}
