#' Covariance structures
#'
#' A random term `structure(coefficients | group)` and a residual `structure(index | subject)` of
#' [lmmfit()] take the same structures. \eqn{\Sigma}{Sigma} is the covariance matrix of the t
#' coefficients of one level of the group, or of the residuals of one subject, with rows and columns
#' i, j = 1, ..., t.
#'
#' # Structures of coefficients or levels
#'
#' The covariance \eqn{\Sigma_{ij}}{Sigma[i, j]}, and how many parameters it has:
#'
#' * `us`: \eqn{\sigma_{ij}}{s[i, j]}, any covariance matrix. Parameters: t (t + 1) / 2.
#' * `diag`: \eqn{\sigma_i^2}{s[i]^2} where i = j, else 0. Parameters: t.
#' * `id`: \eqn{\sigma^2}{s^2} where i = j, else 0. Parameters: 1.
#' * `cs`: \eqn{\sigma^2}{s^2} where i = j, else \eqn{\sigma^2 \rho}{s^2 rho};
#'   \eqn{-1/(t-1) < \rho < 1}{-1 / (t - 1) < rho < 1}. Parameters: 2.
#' * `csh`: \eqn{\sigma_i^2}{s[i]^2} where i = j, else \eqn{\sigma_i \sigma_j \rho}{s[i] s[j] rho}.
#'   Parameters: t + 1.
#' * `corg`: \eqn{\sigma^2}{s^2} where i = j, else \eqn{\sigma^2 \rho_{ij}}{s^2 rho[i, j]}, any
#'   correlations. Parameters: 1 + t (t - 1) / 2.
#' * `fa`: \eqn{\sum_{l \le k} \gamma_{il} \gamma_{jl}}{sum over l <= k of g[i, l] g[j, l]}, plus
#'   \eqn{\psi_i}{psi[i]} where i = j. Parameters: (k + 1) t - k (k - 1) / 2.
#' * `rr`: \eqn{\sum_{l \le k} \gamma_{il} \gamma_{jl}}{sum over l <= k of g[i, l] g[j, l]}.
#'   Parameters: k t - k (k - 1) / 2.
#'
#' In these a bare factor means its levels (`us(visit | id)`) and a formula its columns
#' (`us(1 + time | id)`). `fa(env | line, k = 2)` and `rr(env | line, k = 2)` have `k` factors, by
#' default one. Their loadings are zero above the diagonal, \eqn{\gamma_{il} = 0}{g[i, l] = 0} for i
#' < l, which makes them unique but for signs; [loadings_of()] rotates them to principal axes. With
#' k = t - 1 factors `fa` is `us`, and has more parameters than that: they are not unique. A
#' specific variance \eqn{\psi_i}{psi[i]} may be zero.
#'
#' # Structures of an order
#'
#' The index is a factor, whose levels are equally spaced steps in their order, or a number. Levels
#' without any record are not steps: keep the levels of the data together. The lag is d = |i - j|.
#' Numbers of `ar1` that are whole steps apart, `ar1(time | id)`, keep their lags; of the other
#' structures only their order counts. Labels such as "1", "2", "4" are numbers.
#'
#' * `ar1`: \eqn{\sigma^2 \rho^d}{s^2 rho^d}. Parameters: 2.
#' * `ar1h`: \eqn{\sigma_i \sigma_j \rho^d}{s[i] s[j] rho^d}. Parameters: t + 1.
#' * `ar2`, `ar3`: those of \eqn{x_t = \phi_1 x_{t-1} + \phi_2 x_{t-2} + \dots + e_t}{x[t] = phi1
#'   x[t-1] + phi2 x[t-2] + ... + e[t]}, stationary. Parameters: 3, 4.
#' * `ma1`, `ma2`: those of \eqn{x_t = e_t + \theta_1 e_{t-1} + \theta_2 e_{t-2}}{x[t] = e[t] +
#'   theta1 e[t-1] + theta2 e[t-2]}, invertible; ASReml gives theta the other sign. Parameters: 2,
#'   3.
#' * `sar`: an `ar2` with coefficients \eqn{\phi}{phi} and \eqn{-\phi^2/4}{-phi^2 / 4}, as
#'   competition between neighbours makes it; `sar2`: an `ar3` with the roots
#'   \eqn{\gamma_1}{gamma1} and twice \eqn{\gamma_2}{gamma2}. Parameters: 2, 3.
#' * `arma11`: \eqn{\sigma^2}{s^2} where d = 0, else
#'   \eqn{\sigma^2 \gamma \rho^{d-1}}{s^2 gamma rho^(d - 1)};
#'   \eqn{(\rho-1)/2 < \gamma < (\rho+1)/2}{(rho - 1) / 2 < gamma < (rho + 1) / 2}. Parameters: 3.
#' * `toep`: \eqn{\sigma^2 \rho_d}{s^2 rho[d]}, \eqn{\rho_0 = 1}{rho[0] = 1}. Parameters: t.
#' * `toeph`: \eqn{\sigma_i \sigma_j \rho_d}{s[i] s[j] rho[d]}. Parameters: 2 t - 1.
#' * `ante`: \eqn{\sigma_i \sigma_j \rho_i \cdots \rho_{j-1}}{s[i] s[j] rho[i] ... rho[j - 1]}, i <
#'   j. Parameters: 2 t - 1.
#' * `ante(, k = 2)`: each level depends on the `k` before it. `rho1`, `rho2`, ... are the
#'   correlations of neighbours, `rho1.3` that of levels 1 and 3 given the one between; those of
#'   levels more than k apart given all between are zero. With k = t - 1 it is `us`. Parameters:
#'   (k + 1) t - k (k + 1) / 2.
#' * `chol(, k = 2)`: \eqn{\sigma_{ij}}{s[i, j]} where |i - j| <= k (by default 1), else 0: the
#'   covariances whose Cholesky factor has k bands below its diagonal. With k = t - 1 it is `us`.
#'   Parameters: (k + 1) t - k (k + 1) / 2.
#'
#' `ar2h`, `ar3h`, `ma1h` and `ma2h` have a variance for each level. The coefficients of processes
#' move so that all stationary (invertible) ones, and no others, are tried: as partial
#' autocorrelations between -1 and 1 (Barndorff-Nielsen & Schou 1973).
#'
#' `toep(visit | id, bands = 4)` has correlations at lags 1 to 3 only: `bands` counts the diagonal,
#' as in SAS.
#'
#' # Structures of a distance
#'
#' The index is one or more numeric coordinates, `exp(time | id)` or `exp(x + y | field)`, and d the
#' Euclidean distance, but for `iexp`. The coefficients are the distinct positions.
#'
#' * `exp`: \eqn{\sigma^2 \exp(-d/r)}{s^2 exp(-d / r)}. Parameters: 2.
#' * `iexp`: the same with d the sum of the distances in each direction, as along the sides of a
#'   field (city block), so that in a regular grid it is `ar1(row):ar1(col)` with one correlation
#'   by unit of distance. Parameters: 2.
#' * `gau`: \eqn{\sigma^2 \exp(-(d/r)^2)}{s^2 exp(-(d / r)^2)}. Parameters: 2.
#' * `matern`:
#'   \eqn{\sigma^2 x^\nu K_\nu(x) 2^{1-\nu} / \Gamma(\nu)}{s^2 x^nu K_nu(x) 2^(1 - nu) / Gamma(nu)},
#'   \eqn{x = d/r}{x = d / r}. Parameters: 3.
#'
#' K is the modified Bessel function of the second kind. `matern(x + y | field, nu = 1.5)` has a
#' known smoothness, and two parameters; `nu = 0.5` is `exp`. `gau` and `matern` have 1e-10 of the
#' variance added to the diagonal, so that a factor of the matrix exists.
#'
#' Where each subject has times of its own, a random term has the times of all subjects as its
#' coefficients, and a residual is far faster: `lmmfit(y ~ x + (1 | record), data, residual = ~
#' exp(time | id))`, in which `record` has a level for each record, is the model of `y ~ x +
#' exp(time | id)`; the variance of `record` is that of the error of measurement. (A `gau` with such
#' an error is better a random term: its matrix without the error is nearly singular.)
#'
#' # Variances that follow covariates
#'
#' * `loglin`: independent, with the variance \eqn{\sigma^2 \exp((x - \bar x)'\gamma)}{s^2 exp((x -
#'   mean(x))'g)}. Parameters: 1 + the number of covariates.
#'
#' As a residual, `residual = ~ loglin(heat + age)`: each record has the variance of its own
#' covariates, numbers without gaps. `residual.variance` is the one at their means over the records,
#' `residual.slope.heat` the change of its logarithm by unit of `heat`. `loglin(log(x))` is a power
#' of x; `~ loglin(heat | herd / 1)` has parameters by herd, and a factor enters by 0 and 1. It is
#' nlme's `varExp(form = ~ heat)`, whose exponent is half the slope, and SAS's `LOCAL = EXP()`.
#' As a random term, `loglin(heat | id)`, each value of `heat` has an effect for each level of `id`.
#' Where the variance of some positions goes to zero, slopes go to infinity: they are at their
#' boundary then, all else has the values and errors of that limit, and a warning says so.
#'
#' # A function of the user
#'
#' `own(visit | id, f = fun, start = c(v = 1, r = 0.5), lower = c(0, -1), upper = c(Inf, 1))` has
#' \eqn{\Sigma}{Sigma} = `fun(par)`, a t x t covariance matrix (with its variances) of the
#' parameters in `start`, whose names they keep. `fun` may return `list(matrix, derivatives)`, with
#' a matrix for each parameter; otherwise they are central differences. Given derivatives are
#' compared with differences at the start. `lower` and `upper` are the open range of each parameter,
#' one number for all, one for each, or some by name; by default there is none. Where a function
#' fails or its matrix is not positive definite the search turns back. The index is that of `us`.
#' Name the function, as a `|` inside the formula would be read as a bar. It is kept in the fit.
#'
#' # Products
#'
#' A product of structures, \eqn{\Sigma = \Sigma_1 \otimes \Sigma_2}{Sigma = Sigma1 x Sigma2}, is
#' written with a colon, as in the residual `~ ar1(row):ar1(col)`. The variances are those of the
#' first factor; the others are structures with one variance, which is left out.
#'
#' As a random term it stands in parentheses with its group, `(us(trait):ar1(time) | id)`, or
#' without one, `ar1(row):ar1(col)` of a single field, and has up to 400 coefficients in all. Larger
#' fields are residuals, which stay sparse; an independent nugget beside them is a random term with
#' a level for each plot: `lmmfit(y ~ gen + (1 | plot), field, residual = ~ ar1(row):ar1(col))`.
#'
#' # Names of the parameters
#'
#' With the label of the term (its group, or `residual`) before them: `line.A` a variance,
#' `line.A.B` a covariance (`us`), `id.variance` the one variance of a structure that has one,
#' `id.rho`, `id.rho1`, ..., `id.gamma`, `id.range`, `id.smoothness`, `id.slope.x`, and of `fa` the
#' specific variance `line.A.psi` and the loadings `line.A.fa1`, `line.A.fa2` (`rr1` of `rr`). These
#' names stand in [varcomp()], and `hold` and `start` take them.
#'
#' @return Nothing: these names have a meaning only in a formula.
#' @references Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, ch. 5. Zimmerman &
#'   Nunez-Anton (2010), Antedependence Models for Longitudinal Data. Smith, Cullis & Thompson
#'   (2001), Biometrics 57:1138. Harvey (1976), Econometrica 44:461. Barndorff-Nielsen & Schou
#'   (1973), J. Multivar. Anal. 3:408.
#' @examples
#' orth <- transform(nlme::Orthodont, visit = factor(age))
#' lmmfit(distance ~ age * Sex, orth, residual = ~ ar1(visit | Subject))
#' lmmfit(yield ~ nitro + cs(Variety | Block), nlme::Oats)
#'
#' # A damped exponential: correlation r^(lag^p)
#' damped <- function(par) par[["v"]] * par[["r"]]^(abs(outer(1:4, 1:4, "-"))^par[["p"]])
#' lmmfit(distance ~ age * Sex, orth, residual = ~ own(visit | Subject, f = damped,
#'   start = c(v = 5, r = 0.6, p = 0.5), lower = 0, upper = c(Inf, 1, 2)))
#' @name structures
NULL
