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
#'   animal models it is 30 to 60; where levels have many correlated coefficients it may be several
#'   times that, and with single-step relationships ([gr()] with `pedigree` and `markers`) it is 100
#'   to 300.
#' @return A list of class `estimate_cost`: `solver`, a data frame with a row for `factor`, for
#'   `rotated` where one dense relationship can be turned to a band (see [lmm_control()]), and for
#'   `pcg`, and the columns `bytes` (of the engine: the model and what it is solved with; the data
#'   in R are not counted), `flops` (of an iteration, or of a round), `seconds` (of the
#'   whole fit) and `fits` (whether the memory is there); and `n_equations`, `n_records`,
#'   `factor_entries`, `kernel_rate` (operations a second), `memory` (bytes; `Inf` where the system
#'   does not say), `held` (whether all variances are known), `turn_flops` (operations of the
#'   reduction to a band, beside those of the iterations) and `is_rotated` (whether
#'   `solver = "auto"` takes that way).
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
  work <- if (cost$held) 1L else as.integer(iterations)
  rate <- cost$kernel_rate * min(control$threads, 2L)
  ways <- list(
    factor = factor_cost(cost, work, rate),
    rotated = rotated_cost(cost, work, rate),
    pcg = gradients_cost(cost, control, rounds)
  )
  ways <- ways[lengths(ways) > 0L]
  memory <- memory_limit(control)
  column <- function(field) unname(vapply(ways, `[[`, 0, field))
  solver <- data.frame(
    bytes = cost$model_bytes + column("bytes"), flops = column("flops"),
    seconds = column("seconds"), fits = cost$model_bytes + column("bytes") <= memory,
    row.names = names(ways)
  )
  structure(
    list(solver = solver, n_equations = cost$n_equations, n_records = cost$n_records,
      factor_entries = cost$factor_entries, kernel_rate = cost$kernel_rate, memory = memory,
      held = cost$held, iterations = work, rounds = as.integer(rounds),
      turn_flops = cost$rotation$turn_flops, is_rotated = cost$is_rotated),
    class = "estimate_cost"
  )
}

# bytes beside the model, operations of an iteration or a round, and seconds.
factor_cost <- function(cost, work, rate) {
  inverse <- !cost$held || cost$errors_by_inverse
  searched <- if (cost$held) 0 else 1
  flops <- cost$factor_flops + (if (inverse) cost$inverse_flops else 0) +
    searched * cost$information_flops
  list(bytes = cost$factor_bytes + searched * cost$information_bytes, flops = flops,
    seconds = work * flops / rate)
}

# NULL where no relationship can be turned to a band.
rotated_cost <- function(cost, work, rate) {
  own <- cost$rotation
  if (is.null(own)) return(NULL)
  list(bytes = own$bytes, flops = own$banded_flops,
    seconds = (own$turn_flops + work * own$banded_flops) / rate)
}

# Of drawn data sets: their right-hand sides and vectors side by side, at about half the time of
# as many vectors one by one.
gradients_cost <- function(cost, control, rounds) {
  sets <- if (cost$held) 0 else control$simulations
  solutions <- if (cost$held) 1 else 5 * (1 + sets / 2)
  list(bytes = (1 + 1.5 * sets) * cost$round_bytes, flops = cost$round_flops,
    seconds = solutions * rounds * 1.5 * cost$product_seconds)
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
    Operations = operations_text(x),
    Time = seconds_text(x$solver$seconds),
    ` ` = ifelse(x$solver$fits, "", "more memory than there is")
  ))
  if (isTRUE(x$is_rotated)) cat("\nThe relationship is turned to a band: fewer operations.\n")
  cat("\nTaken to need ", x$iterations, if (x$iterations == 1L) " factor, " else " iterations, ",
    x$rounds, " rounds; kernels at ", signif(x$kernel_rate / 1e9, 3L), "e9 operations a second\n",
    sep = "")
  invisible(x)
}

operations_text <- function(x) {
  ways <- row.names(x$solver)
  once <- ifelse(ways == "rotated", paste(signif(x$turn_flops %||% 0, 3L), "+ "), "")
  paste0(once, signif(x$solver$flops, 3L), ifelse(ways == "pcg", " a round", " an iteration"))
}

bytes_text <- function(bytes) {
  unit <- findInterval(bytes, c(0, 1e6, 1e9, 1e12))
  scaled <- bytes / c(1e3, 1e6, 1e9, 1e12)[unit]
  ifelse(is.finite(bytes), paste(signif(scaled, 3L), c("KB", "MB", "GB", "TB")[unit]), "not known")
}
