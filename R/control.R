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
#' @param ... Nothing more: what is not an argument is an error.
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
                        keep_effects = FALSE, ...) {
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
      keep_effects = check_flag(keep_effects, "keep_effects")
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
