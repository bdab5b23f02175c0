#' Linear mixed models through Henderson's mixed model equations
#'
#' [lmmfit()] fits Gaussian linear mixed models; [mme()] shows the equations behind a fit.
#'
#' # Lifecycle
#'
#' \strong{Experimental}: a first version. Names and arguments may change, with a line in NEWS that
#' says so; `lmmfit()`, its formulas, and the names of variance parameters are meant to stay.
#'
#' @useDynLib henderson, .registration = TRUE
#' @importFrom Rcpp sourceCpp
#' @importFrom stats AIC BIC coef confint deviance df.residual fitted formula logLik model.frame
#' @importFrom stats model.matrix nobs predict residuals sigma simulate terms update vcov weights
#' @importFrom stats anova extractAIC family naprint naresid napredict
#' @importFrom methods as is
#' @importFrom Matrix Diagonal
"_PACKAGE"

#' @importFrom nlme fixef
#' @export
nlme::fixef

#' @importFrom nlme ranef
#' @export
nlme::ranef

#' @importFrom nlme VarCorr
#' @export
nlme::VarCorr

#' @importFrom generics tidy
#' @export
generics::tidy

#' @importFrom generics glance
#' @export
generics::glance

#' @importFrom generics augment
#' @export
generics::augment
