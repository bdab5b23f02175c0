#' Variance parameters
#'
#' `varcomp()` gives a row for each variance parameter, with the names that `hold` and `start` of
#' [lmmfit()] take. `VarCorr()` gives the covariance matrix of each random term, as in lme4.
#'
#' @param object,x A fit by [lmmfit()]; for the methods of `VarCorr`, its value.
#' @param sigma Not used: the matrices are on the scale of the data.
#' @param ... Not used.
#' @return `varcomp()`: a data frame with `term`, `parameter`, `estimate`, `se` (from the average
#'   information; `NA` where held or at a boundary) and `status`: free, held, or at boundary.
#'   `VarCorr()`: a list of covariance matrices by term, with attributes `stddev` and `correlation`,
#'   and the residual standard deviation in the attribute `sc`.
#' @examples
#' fit <- lmmfit(distance ~ age + (1 + age | Subject), nlme::Orthodont)
#' varcomp(fit)
#' VarCorr(fit)
#' @export
varcomp <- function(object, ...) UseMethod("varcomp")

#' @rdname varcomp
#' @export
varcomp.lmmfit <- function(object, ...) {
  parameters <- object$parameters
  data.frame(
    term = parameters$term, parameter = parameters$name, estimate = parameters$estimate,
    se = parameters$se, status = parameters$status
  )
}

#' @rdname varcomp
#' @export
VarCorr.lmmfit <- function(x, sigma = 1, ...) {
  matrices <- lapply(term_covariances(x), function(covariance) {
    sd <- sqrt(diag(covariance))
    attr(covariance, "stddev") <- sd
    attr(covariance, "correlation") <- correlation_matrix(covariance)
    covariance
  })
  structure(stats::setNames(matrices, term_labels(x)),
    sc = sigma(x), structures = vapply(x$random, `[[`, "", "structure"), class = "VarCorr.lmmfit"
  )
}

# NaN where a variance is zero.
correlation_matrix <- function(covariance) {
  sd <- sqrt(diag(covariance))
  correlation <- covariance / outer(sd, sd)
  diag(correlation) <- 1
  correlation
}

#' @rdname varcomp
#' @param row.names,optional As in [as.data.frame()].
#' @export
as.data.frame.VarCorr.lmmfit <- function(x, row.names = NULL, optional = FALSE, ...) {
  rows <- Map(function(covariance, label, structure) {
    coefs <- rownames(covariance)
    at <- covariance_structures[[structure]]$entries(nrow(covariance))
    order <- order(at$row != at$col)
    row <- at$row[order]
    col <- at$col[order]
    correlation <- attr(covariance, "correlation")[cbind(row, col)]
    data.frame(
      grp = label, var1 = coefs[col], var2 = ifelse(row == col, NA, coefs[row]),
      vcov = covariance[cbind(row, col)],
      sdcor = ifelse(row == col, attr(covariance, "stddev")[row], correlation)
    )
  }, unclass(x), names(x), attr(x, "structures"))
  residual <- data.frame(
    grp = "Residual", var1 = NA, var2 = NA, vcov = attr(x, "sc")^2, sdcor = attr(x, "sc")
  )
  do.call(rbind, c(unname(rows), list(residual)))
}

#' @method print VarCorr.lmmfit
#' @export
print.VarCorr.lmmfit <- function(x, ...) {
  table <- variance_table(x, attr(x, "sc")^2)
  print_table(table, left = c("Term", "Coefficient"))
  invisible(x)
}
