# What a fit to records in a database does not answer, as the records are not here.

needs_records <- function(what) {
  force(what)
  function(object, ...) abort_needs_records(what)
}

#' @export
fitted.lmmfit_database <- needs_records("{.fn fitted}")

#' @export
residuals.lmmfit_database <- needs_records("{.fn residuals}")

#' @export
weights.lmmfit_database <- needs_records("{.fn weights}")

#' @export
simulate.lmmfit_database <- function(object, ..., newdata = NULL) {
  if (is.null(newdata)) abort_needs_records("{.fn simulate} without {.arg newdata}")
  NextMethod()
}

#' @export
predict.lmmfit_database <- function(object, newdata = NULL, ..., classify = NULL) {
  if (is.null(newdata) && is.null(classify)) {
    abort_needs_records("{.fn predict} without {.arg newdata}")
  }
  NextMethod()
}

#' @export
model.matrix.lmmfit_database <- function(object, ..., data = NULL) {
  if (is.null(data)) abort_needs_records("{.fn model.matrix} without {.arg data}")
  NextMethod()
}

#' @export
model.frame.lmmfit_database <- function(formula, ...) abort_needs_records("{.fn model.frame}")

#' @export
hatvalues.lmmfit_database <- function(model, ...) abort_needs_records("{.fn hatvalues}")

#' @export
rstandard.lmmfit_database <- function(model, ...) abort_needs_records("{.fn rstandard}")

#' @export
rstudent.lmmfit_database <- function(model, ...) abort_needs_records("{.fn rstudent}")

#' @export
cooks.distance.lmmfit_database <- function(model, ...) abort_needs_records("{.fn cooks.distance}")

#' @export
dfbeta.lmmfit_database <- function(model, ...) abort_needs_records("{.fn dfbeta}")

#' @export
dfbetas.lmmfit_database <- function(model, ...) abort_needs_records("{.fn dfbetas}")

#' @export
influence.lmmfit_database <- function(model, ...) abort_needs_records("{.fn influence}")

#' @export
qqnorm.lmmfit_database <- function(y, ...) abort_needs_records("{.fn qqnorm}")

#' @export
scan.lmmfit_database <- function(x, ...) abort_needs_records("{.fn scan}")
