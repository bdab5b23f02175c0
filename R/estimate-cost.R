#' What a fit will take
#'
#' Memory, operations and time of a fit before it is made, by the sparse factor of the mixed model
#' equations and by conjugate gradients without one. The factor is known from the pattern of the
#' equations; nothing is factorised. Times come from rates that are measured here: of the dense
#' kernels of the factor, and of one product with the equations.
#'
#' @param formula,data,... A model as [lmmfit()] takes it, with all its arguments.
#' @param control Settings, see [lmm_control()]: its `memory` is what the need is compared with.
#' @param iterations Iterations that a search for the variances is taken to need. Each takes a
#'   factor, its selected inverse, and for the average information a solve for each parameter; where
#'   all variances are held there is one factor, with its inverse for the standard errors of more
#'   than 1000 fixed effects.
#' @param rounds Rounds that conjugate gradients are taken to need for a solution; a search by
#'   simulation is taken to need five steps, each with solutions of all data sets in step. For
#'   animal models it is 30 to 60; where levels have many correlated coefficients, or relationships
#'   are genomic, it may be several times that.
#' @return A list of class `estimate_cost`: `solver`, a data frame with a row for `factor` and
#'   `pcg` and the columns `bytes` (of the engine: the model and what it is solved with; the data in
#'   R are not counted), `flops` (of an iteration, or of a round), `seconds` (of the
#'   whole fit) and `fits` (whether the memory is there); and `n_equations`, `n_records`,
#'   `factor_entries`, `kernel_rate` (operations a second), `memory` (bytes; `Inf` where the system
#'   does not say) and `held` (whether all variances are known).
#' @details
#' The pattern of the equations is analysed as for a fit, which itself takes time and memory for
#' very large models: some seconds for 10^6 animals. Of animal models of 10^5 animals memory was
#' within 5 % of what the engine took, and the time of an iteration within a third.
#' @seealso [lmm_control()] for the choice of the solver.
#' @examples
#' estimate_cost(distance ~ age + (1 + age | Subject), nlme::Orthodont)
#' @export
estimate_cost <- function(formula, data = NULL, ..., control = lmm_control(), iterations = 10L,
                          rounds = 60L) {
  call <- match.call()
  own <- c("control", "iterations", "rounds")
  for (name in setdiff(names(call)[-1L], c(own, names(formals(lmmfit))))) {
    is_near <- length(nearest_names(name, own)) > 0L
    if (is_near) abort_unused(name, call[[name]], quote(estimate_cost), own)
  }
  if (!is_control(control)) abort_control(control)
  check_count(iterations, "iterations")
  check_count(rounds, "rounds")
  call[c("iterations", "rounds")] <- NULL
  call[[1L]] <- quote(henderson::lmmfit)
  control$only_cost <- TRUE
  call$control <- control
  cost <- eval(call, parent.frame())
  new_cost(cost, control, iterations, rounds)
}

# `cost` as model_cost() gives it, with n_records and held.
new_cost <- function(cost, control, iterations, rounds) {
  memory <- memory_limit(control)
  threads <- control$threads
  inverse <- !cost$held || cost$errors_by_inverse
  searched <- if (cost$held) 0 else 1
  flops <- c(cost$factor_flops + if (inverse) cost$inverse_flops else 0, cost$round_flops)
  flops[1L] <- flops[1L] + searched * cost$information_flops
  work <- if (cost$held) 1 else iterations
  # Of drawn data sets: their right-hand sides and vectors side by side, at about half the time of
  # as many vectors one by one.
  sets <- if (cost$held) 0 else control$simulations
  bytes <- cost$model_bytes + c(
    cost$factor_bytes + searched * cost$information_bytes, (1 + 1.5 * sets) * cost$round_bytes)
  solutions <- if (cost$held) 1 else 5 * (1 + sets / 2)
  solver <- data.frame(
    bytes = bytes, flops = flops,
    seconds = c(work * flops[1L] / (cost$kernel_rate * min(threads, 2L)),
      solutions * rounds * 1.5 * cost$product_seconds),
    fits = bytes <= memory, row.names = c("factor", "pcg")
  )
  structure(
    list(solver = solver, n_equations = cost$n_equations, n_records = cost$n_records,
      factor_entries = cost$factor_entries, kernel_rate = cost$kernel_rate, memory = memory,
      held = cost$held, iterations = if (cost$held) 1L else as.integer(iterations),
      rounds = as.integer(rounds)),
    class = "estimate_cost"
  )
}

#' @rdname estimate_cost
#' @param x What `estimate_cost()` gives.
#' @method print estimate_cost
#' @export
print.estimate_cost <- function(x, ...) {
  check_unused(...)
  cat(format(x$n_records, big.mark = ","), "records,", format(x$n_equations, big.mark = ","),
    "equations; memory available:", bytes_text(x$memory), "\n\n")
  print_table(list(
    Solver = row.names(x$solver), Memory = bytes_text(x$solver$bytes),
    Operations = paste0(signif(x$solver$flops, 3L), c(" an iteration", " a round")),
    Time = seconds_text(x$solver$seconds),
    ` ` = ifelse(x$solver$fits, "", "more memory than there is")
  ))
  cat("\nTaken to need ", x$iterations, if (x$iterations == 1L) " factor, " else " iterations, ",
    x$rounds, " rounds; kernels at ", signif(x$kernel_rate / 1e9, 3L), "e9 operations a second\n",
    sep = "")
  invisible(x)
}

bytes_text <- function(bytes) {
  unit <- findInterval(bytes, c(0, 1e6, 1e9, 1e12))
  scaled <- bytes / c(1e3, 1e6, 1e9, 1e12)[unit]
  ifelse(is.finite(bytes), paste(signif(scaled, 3L), c("KB", "MB", "GB", "TB")[unit]), "not known")
}

seconds_text <- function(seconds) {
  unit <- findInterval(seconds, c(0, 1, 120, 7200))
  scaled <- seconds / c(1e-3, 1, 60, 3600)[unit]
  paste(signif(scaled, 2L), c("ms", "s", "minutes", "hours")[unit])
}
