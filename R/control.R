#' Settings of the maximiser
#'
#' @param max_iterations Largest number of iterations, at least 1.
#' @param tolerance Change of the -2 log-likelihood, relative to its size, below which the maximiser
#'   may stop. The gradient must be small as well.
#' @param gradient_tolerance Size of the gradient, on a scale free of units, below which the
#'   maximiser may stop.
#' @param trace `TRUE` prints a line for each iteration.
#' @param threads Number of threads of the engine. The results do not depend on it.
#' @return A list of class `lmm_control`.
#' @examples
#' lmm_control(max_iterations = 50)
#' @export
lmm_control <- function(max_iterations = 100L, tolerance = 1e-8, gradient_tolerance = 1e-5,
                        trace = FALSE, threads = 1L) {
  structure(
    list(
      max_iterations = check_count(max_iterations, "max_iterations"),
      tolerance = check_positive(tolerance, "tolerance"),
      gradient_tolerance = check_positive(gradient_tolerance, "gradient_tolerance"),
      trace = check_flag(trace, "trace"),
      threads = check_count(threads, "threads")
    ),
    class = "lmm_control"
  )
}
