#' Priors of variance parameters
#'
#' `lmm_prior()` has the priors of a fit by `lmmfit(method = "Bayes")`, by the names that
#' [varcomp()] prints. The other functions are the distributions that may stand there.
#'
#' # Names
#'
#' * A variance parameter: `Subject`, `residual`, `Subject.Days`. Of a variance the prior is that of
#'   its standard deviation, but for `inverse_gamma()`, `scaled_inverse_chisq()` and
#'   `inverse_wishart()`. Of a correlation or a range it is that of the parameter.
#' * A term: all its standard deviations; with `inverse_wishart()` its covariance matrix.
#' * A set of residual parameters, as `residual.treated`: the same for it alone.
#' * `<term>.cor`: the correlation matrix of a `us`, `chol` or `corg` term, by `lkj()`; of two
#'   coefficients of `us` also by `uniform()` or `beta_prior()`.
#' * `<term>.loadings`: all loadings of an `fa` or `rr` term, by `normal(0, sd)`.
#' * A fixed effect, or `beta` for all of them: `normal()`. Without one their prior is flat.
#' * No name: [shares()].
#'
#' Terms and residuals are named alike. What is not named has the default: a half-t distribution
#' with 3 degrees of freedom for each standard deviation, with 2.5 times the standard deviation of
#' the least-squares residual as scale, divided by the root mean square of the covariate of the
#' coefficient; LKJ(2) for correlation matrices; log-normal for ranges and smoothness
#' (`log_normal(0, 1)`, ranges in units of the mean distance). Other correlations, and the
#' coefficients of processes, are uniform over all values that are those of a model: `rho` of `cs`
#' from -1 / (t - 1) to 1, `phi` of `ar2` and `ar3` over the stationary processes, `theta` of `ma1`
#' and `ma2` over the invertible ones, the correlations of `toep` over its correlation matrices. The
#' prior of one of several that have such a region together is multiplied to that. So the posterior
#' is the same in any unit of the response and of the covariates. LKJ of a banded `chol` has the
#' density of LKJ over the correlation matrices with its zeros.
#'
#' The loadings of `fa` and `rr` are independent and normal with mean zero, of each coefficient with
#' 2.5 times its scale as standard deviation: the same however the factors are rotated. What
#' `varcomp()` prints are those rotated to zeros above the diagonal and a diagonal above zero, which
#' has chi distributions then, `k - j + 1` degrees of freedom for factor j of k.
#'
#' An improper prior is refused where the posterior is improper. With proper priors of all variances
#' the data may have fewer records than the model has variances, one level of a term, or a level for
#' each record: a message says so, and the posterior is the prior where the data tell nothing.
#'
#' @param ... Of `lmm_prior()` priors by name, and at most one [shares()] without a name for each
#'   set of variances; of the others nothing.
#' @param df Degrees of freedom: above 0.
#' @param location,scale Location and scale on the scale of the standard deviation. `scale = NULL`
#'   is that of the default. Of `inverse_gamma()` the scale is that of the variance.
#' @param rate Rate: the mean is its inverse. `NULL`: the inverse of the default scale.
#' @param u,alpha The standard deviation is above `u` with probability `alpha`: an exponential
#'   distribution, the penalised-complexity prior of Simpson et al. (2017).
#' @param shape Shape.
#' @param s2 Prior guess of the variance.
#' @param V,nu Expected scale (a number, or a matrix) and degrees of freedom, as in MCMCglmm: the
#'   density of the covariance matrix is inverse Wishart with scale matrix `nu V`; of a single
#'   variance inverse gamma with shape `nu / 2` and scale `nu V / 2`.
#' @param alpha.mu,alpha.V Mean and variance of the parameters that expand the model, as in
#'   MCMCglmm: the covariance matrix is \eqn{D S D}, S inverse Wishart with `V` and `nu`, and D
#'   diagonal with normal entries. A number for all, a vector, or, of the variance, a matrix. Where
#'   `V` and `alpha.V` are diagonal and the means zero, the covariance matrix has a density that any
#'   sampler takes. Otherwise that is a mean of products of powers of correlated normal numbers,
#'   without a closed form, and the posterior is drawn by Gibbs sampling. Of a single variance the
#'   mean is zero, and the standard deviation half-t with `nu` degrees of freedom and scale
#'   `sqrt(V * alpha.V)`.
#' @param eta Shape of the LKJ distribution: above 0; 1 is uniform over correlation matrices, larger
#'   values favour small correlations.
#' @param lower,upper Ends of the interval.
#' @param a,b Shapes of the beta distribution, over the interval.
#' @param meanlog,sdlog Mean and standard deviation of the logarithm.
#' @param mean,sd Mean and standard deviation.
#' @return `lmm_prior()`: a list of class `lmm_prior`; the others: a prior, to stand in it. A
#'   function of one number that gives the logarithm of a density is a prior, too.
#' @references Gelman, A. (2006) Bayesian Analysis 1, 515-533. Lewandowski, D., Kurowicka, D. and
#'   Joe, H. (2009) Journal of Multivariate Analysis 100, 1989-2001. Simpson, D., Rue, H., Riebler,
#'   A., Martins, T. G. and Sorbye, S. H. (2017) Statistical Science 32, 1-28.
#' @examples
#' lmm_prior(Subject = half_t(3, 0, 20), Subject.cor = lkj(2), residual = pc(50, 0.05))
#' lmm_prior(animal = inverse_wishart(1, 0.002), residual = inverse_gamma(0.001, 0.001))
#' lmm_prior(shares(animal = 2, residual = 3), beta = normal(0, 100))
#' @name lmm_prior
#' @export
lmm_prior <- function(...) {
  priors <- list(...)
  names <- names(priors) %||% rep("", length(priors))
  for (k in seq_along(priors)) priors[[k]] <- check_prior(priors[[k]], names[k])
  repeated <- names[duplicated(names) & names != ""]
  if (length(repeated) > 0L) abort_prior_twice(repeated[1L])
  structure(stats::setNames(priors, names), class = "lmm_prior")
}

check_prior <- function(prior, name) {
  if (is.function(prior)) prior <- new_prior("user", log_density = prior)
  if (!inherits(prior, "lmm_density")) abort_prior_class(name, prior)
  needs_name <- prior$family != "shares"
  if (needs_name && name == "" || !needs_name && name != "") abort_prior_unnamed(prior$family, name)
  prior
}

new_prior <- function(family, ...) structure(list(family = family, ...), class = "lmm_density")

#' @rdname lmm_prior
#' @export
half_t <- function(df = 3, location = 0, scale = NULL, ...) {
  check_given(...)
  new_prior("half_t", df = check_positive(df, "df"), location = check_number(location, "location"),
    scale = check_scale(scale))
}

#' @rdname lmm_prior
#' @export
half_normal <- function(scale = NULL, ...) {
  check_given(...)
  new_prior("half_normal", scale = check_scale(scale))
}

#' @rdname lmm_prior
#' @export
half_cauchy <- function(scale = NULL, ...) {
  check_given(...)
  half_t(1, 0, scale)
}

#' @rdname lmm_prior
#' @export
exponential <- function(rate = NULL, ...) {
  check_given(...)
  new_prior("exponential", scale = if (!is.null(rate)) 1 / check_positive(rate, "rate"))
}

#' @rdname lmm_prior
#' @export
pc <- function(u, alpha = 0.05, ...) {
  check_given(u, ...)
  u <- check_positive(u, "u")
  new_prior("exponential", scale = -u / log(check_level(alpha, "alpha")))
}

#' @rdname lmm_prior
#' @export
log_normal <- function(meanlog = 0, sdlog = 1, ...) {
  check_given(...)
  new_prior("log_normal", meanlog = check_number(meanlog, "meanlog"),
    sdlog = check_positive(sdlog, "sdlog"))
}

#' @rdname lmm_prior
#' @export
flat <- function(...) {
  check_given(...)
  new_prior("flat")
}

#' @rdname lmm_prior
#' @export
inverse_gamma <- function(shape, scale, ...) {
  check_given(shape, scale, ...)
  new_prior("inverse_gamma", shape = check_not_negative(shape, "shape"),
    scale = check_not_negative(scale, "scale"))
}

#' @rdname lmm_prior
#' @export
scaled_inverse_chisq <- function(df, s2, ...) {
  check_given(df, s2, ...)
  df <- check_not_negative(df, "df")
  new_prior("inverse_gamma", shape = df / 2, scale = df * check_not_negative(s2, "s2") / 2)
}

#' @rdname lmm_prior
#' @export
lkj <- function(eta = 2, ...) {
  check_given(...)
  new_prior("lkj", eta = check_positive(eta, "eta"))
}

#' @rdname lmm_prior
#' @export
uniform <- function(lower, upper, ...) {
  check_given(lower, upper, ...)
  lower <- check_number(lower, "lower")
  upper <- check_number(upper, "upper")
  if (lower >= upper) abort_argument("upper", upper, paste("above `lower`,", format(lower)))
  new_prior("beta", a = 1, b = 1, lower = lower, upper = upper)
}

#' @rdname lmm_prior
#' @export
beta_prior <- function(a, b, lower = -1, upper = 1, ...) {
  check_given(a, b, ...)
  prior <- uniform(lower, upper)
  prior$a <- check_positive(a, "a")
  prior$b <- check_positive(b, "b")
  prior
}

#' @rdname lmm_prior
#' @export
normal <- function(mean = 0, sd, ...) {
  check_given(sd, ...)
  new_prior("normal", mean = check_number(mean, "mean"), sd = check_positive(sd, "sd"))
}

#' Priors of shares of variance
#'
#' A prior of how a total variance is divided among components: of heritabilities, of intraclass
#' correlations. The shares have a Dirichlet distribution (of two components: a beta distribution),
#' the standard deviation of the total a distribution of its own (Fuglstad et al. 2020).
#'
#' @param ... At least two variance parameters, by the names that [varcomp()] prints, with the
#'   parameters of the Dirichlet distribution: `shares(animal = 1, residual = 1)` is a uniform
#'   distribution of the heritability.
#' @param total Prior of the standard deviation of the total, see [lmm_prior()].
#' @return A prior, to stand without a name in [lmm_prior()].
#' @references Fuglstad, G.-A., Hem, I. G., Knight, A., Rue, H. and Riebler, A. (2020) Bayesian
#'   Analysis 15, 1109-1137.
#' @examples
#' lmm_prior(shares(animal = 2, residual = 3, total = half_t(3)))
#' @export
shares <- function(..., total = half_t(3)) {
  alpha <- unlist(list(...))
  if (length(alpha) < 2L || !has_names(alpha) ||
    anyDuplicated(names(alpha))) {
    abort_argument("...", alpha, "the names and parameters of two variances or more")
  }
  for (name in names(alpha)) check_positive(alpha[[name]], name)
  total <- check_prior(total, "total")
  if (prior_scale(total$family) != "sd") {
    abort_argument("total", total$family, "a prior of a standard deviation")
  }
  new_prior("shares", alpha = alpha, total = total)
}

# Arguments ----------------------------------------------------------------------------------------

check_number <- function(value, argument) {
  valid <- is.numeric(value) && length(value) == 1L && is.finite(value)
  if (!valid) abort_argument(argument, value, "one finite number")
  as.double(value)
}

check_not_negative <- function(value, argument) {
  valid <- is.numeric(value) && length(value) == 1L && is.finite(value) && value >= 0
  if (!valid) abort_argument(argument, value, "one number of at least 0")
  as.double(value)
}

check_scale <- function(scale) if (!is.null(scale)) check_positive(scale, "scale")

#' @rdname lmm_prior
#' @param x Priors.
#' @method print lmm_prior
#' @export
print.lmm_prior <- function(x, ...) {
  for (k in seq_along(x)) {
    name <- names(x)[k]
    cat(if (name == "") "" else paste0(name, ": "), prior_text(x[[k]]), "\n", sep = "")
  }
  if (length(x) == 0L) cat("The default priors, see ?lmm_prior\n")
  invisible(x)
}

prior_text <- function(prior) {
  if (prior$family == "user") return("a function of the user")
  values <- prior[setdiff(names(prior), c("family", "total"))]
  shown <- Map(function(value, name) {
    if (is.null(value)) return(NULL)
    text <- prior_value_text(value)
    if (name == "alpha") text else paste(name, "=", text)
  }, values, names(values))
  paste0(prior$family, "(", paste(unlist(shown), collapse = ", "), ")")
}

prior_value_text <- function(value) {
  if (is.matrix(value) && any(value[upper.tri(value)] != 0)) return("matrix")
  text <- toString(signif(if (is.matrix(value)) diag(value) else value, 4L))
  if (is.matrix(value)) return(paste0("diag(", text, ")"))
  if (!is.null(names(value))) return(toString(paste(names(value), "=", signif(value, 4L))))
  if (length(value) > 1L) paste0("c(", text, ")") else text
}
