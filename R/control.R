#' Settings of the maximiser
#'
#' @param max_iterations Largest number of iterations, at least 1.
#' @param tolerance The maximiser stops when the gain in -2 log-likelihood that it still expects
#'   from another step is below this: an error of about `sqrt(2 * tolerance)` standard errors.
#' @param trace `TRUE` prints a line for each iteration.
#' @param progress `TRUE` shows where a fit stands that takes longer than two seconds, a number one
#'   that takes longer than so many; by default `TRUE` in an interactive session, and not while a
#'   document is knitted.
#' @param threads Largest number of threads of the engine. The results do not depend on it, bit for
#'   bit; small models use one thread whatever it is.
#' @param truncate For `method = "ANOVA"`: `TRUE` reports a negative estimate of a variance as 0.
#' @param identify What to do where the likelihood cannot tell variance parameters apart, or does
#'   not contain them: `"error"` names them; `"report"` fits the model and gives them the status
#'   `not identified`, and `NA` for all that depends on them.
#' @param keep_effects For `method = "Bayes"`: `TRUE` draws all effects together with the variances
#'   and keeps them with the fit, 8 bytes for each effect and draw. By default they are drawn, the
#'   same ones, when [posterior::as_draws()] asks for them, which takes as long as the fit again.
#' @param solver How the mixed model equations are solved: `"factor"` by a sparse factor,
#'   `"rotated"` by the factor of a band, see the section on one dense relationship, `"pcg"` by
#'   conjugate gradients without a factor, or `"auto"`: of factors the one that takes fewer
#'   operations, unless none fits into memory, see the section on large models.
#' @param solver_tolerance,solver_rounds Conjugate gradients stop when what is left of the
#'   right-hand side, in the norm of the preconditioner, is this share of it, or after so many
#'   rounds.
#' @param simulations,simulation_seed Number of data sets that REML by simulation draws, and the
#'   seed of their random numbers: the same one gives the same estimates.
#' @param memory Memory that a fit may take, in GB; by default what the system says is available.
#' @param ... Nothing more: what is not an argument is an error.
#' @section Large models: A factor gives all answers, and fills in: of a pedigree of 10^6 animals it
#'   takes 12 GB. Before it is made its size is known from the pattern of the equations, and a fit
#'   that would take more than `memory` ends there, with an error that says how much is needed;
#'   [estimate_cost()] says it before a fit. With `solver = "pcg"` the equations are solved by
#'   conjugate gradients (Stranden & Lidauer 1999): W'W, the inverse of the relationship matrix (by
#'   the rules of the pedigree) and the small covariance matrices multiply vectors, and no matrix of
#'   the size of the equations is made. The preconditioner has a factor of the fixed effects with
#'   the small random terms, and a block for the coefficients of each other level.
#'
#'   Estimates and predictions come with the tolerance that was reached: `fixef()`, `ranef()`,
#'   `fitted()`, `predict()`; [reliability()] has prediction error variances by simulation. A
#'   standard error takes a solution of the equations: [contest()], `vcov()`, `confint()`,
#'   [marginal_means()] and `predict()` of new records have them, with z tests, and so has
#'   `summary()` of up to 50 fixed effects. The likelihood, degrees of freedom and the errors of all
#'   random effects need a factor: they are `NA`, or an error that says so.
#'   With `solver = "auto"` a message says where conjugate gradients were chosen, and why.
#'
#'   Variances that are not held are estimated by REML by simulation (García-Cortés et al. 1992;
#'   Matilainen et al. 2012): the expectations in the score are means over `simulations` data sets,
#'   drawn at the current variances from the same random numbers in each iteration, and Newton's
#'   method with the average information goes to where the score is zero. The estimates are as far
#'   from those of REML as `mc_error` says: in large data the standard error divided by the root of
#'   `simulations`, in small ones, where the observed information is not the expected one, more or
#'   less than that, by the average information of drawn data sets. [varcomp()] and
#'   [print][print.lmmfit] have it.
#' @section One dense relationship: With genomic relationships of n levels each evaluation of the
#'   likelihood takes n^3 operations. Where a search then takes fewer, records and effects are
#'   turned by an orthogonal matrix that makes the relationship of the levels with records a band
#'   of width 64 (Bischof et al. 2000), once, for 4/3 n^3; what follows takes nearly nothing. That
#'   is possible for one term with such a relationship where the records of all levels are alike:
#'   one coefficient, with any number of records of a level, covariate and weights, beside
#'   independent residuals; or several coefficients, as traits, that each level has in the same
#'   way, beside residuals that all subjects have in the same way. Fixed effects and other random
#'   terms become dense columns, at most 200. Estimates and predictions are those of the whole
#'   equations, up to rounding; `solver = "factor"` keeps those, `"rotated"` asks for the band
#'   whatever it saves, and [estimate_cost()] has both.
#' @references Bischof, Lang & Sun (2000) ACM Trans. Math. Softw. 26:581. Stranden & Lidauer
#'   (1999) J. Dairy Sci. 82:2779. García-Cortés, Moreno, Varona & Altarriba (1992) J. Anim.
#'   Breed. Genet. 109:358. Matilainen et al. (2012) J. Anim. Breed. Genet. 129:457.
#' @section Kernels: The engine takes the widest vector instructions that the processor has. The
#'   environment variable `HENDERSON_KERNELS`, set before the package does its first fit, names
#'   others: `portable`, `avx2` or `avx512`; what the processor does not have is an error. Estimates
#'   then differ by rounding alone, and no verdict of a search may.
#' @return A list of class `lmm_control`.
#' @examples
#' lmm_control(max_iterations = 50)
#' @export
lmm_control <- function(max_iterations = 200L, tolerance = 1e-10, trace = FALSE, threads = 2L,
                        truncate = FALSE, identify = c("error", "report"), progress = NULL,
                        keep_effects = FALSE, solver = c("auto", "factor", "rotated", "pcg"),
                        solver_tolerance = 1e-8, solver_rounds = 5000L, simulations = 8L,
                        simulation_seed = 1L, memory = NULL, ...) {
  check_unused(...)
  structure(
    list(
      max_iterations = check_count(max_iterations, "max_iterations"),
      tolerance = check_positive(tolerance, "tolerance"),
      trace = check_flag(trace, "trace"),
      threads = check_count(threads, "threads"),
      truncate = check_flag(truncate, "truncate"),
      identify = check_choice(identify, c("error", "report"), "identify"),
      progress = check_progress(progress),
      keep_effects = check_flag(keep_effects, "keep_effects"),
      solver = check_choice(solver, c("auto", "factor", "rotated", "pcg"), "solver"),
      solver_tolerance = check_level(solver_tolerance, "solver_tolerance"),
      solver_rounds = check_count(solver_rounds, "solver_rounds"),
      simulations = check_count(simulations, "simulations"),
      simulation_seed = check_count(simulation_seed, "simulation_seed", 0),
      memory = if (!is.null(memory)) check_positive(memory, "memory")
    ),
    class = "lmm_control"
  )
}

control_settings <- setdiff(names(formals(lmm_control)), "...")

# As lmm_control() makes it, with each of its settings.
is_control <- function(x) inherits(x, "lmm_control") && all(control_settings %in% names(x))

check_progress <- function(progress) {
  if (is.null(progress) || isTRUE(progress) || isFALSE(progress)) return(progress)
  if (!is.numeric(progress) || length(progress) != 1L || is.na(progress) || progress < 0) {
    abort_argument("progress", progress, "TRUE, FALSE or a number of seconds")
  }
  progress
}
