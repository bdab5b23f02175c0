# By which way the equations of a model are solved, what that takes, and the fit without a factor.

# The estimates of a model, with the engine's control list: by `search(spec, engine)`, which makes
# the factor, if that fits into memory.
by_solver <- function(model, control, engine, search) {
  if (control$solver == "pcg" || has_operators(model)) return(by_gradients(model, engine))
  engine$most_bytes <- memory_limit(control)
  engine$most_flops <- if (control$solver == "auto") most_flops(model) else Inf
  est <- tryCatch(search(model$spec, engine), henderson_error = identity)
  if (is.null(est$too_large)) return(est)
  cost <- est$too_large
  if (control$solver %in% c("factor", "rotated") || !takes_gradients(model)) {
    abort_memory(cost$bytes, engine$most_bytes, takes_gradients(model))
  }
  inform_gradients(cost$bytes, engine$most_bytes, cost$flops)
  by_gradients(model, engine)
}

# Whether the engine turns a dense relationship to a band: where it searches, by count.
rotation_wish <- function(model, control) {
  searches <- if (isTRUE(control$keeps_rotation)) "kept" else "by_count"
  switch(control$solver,
    rotated = "always",
    auto = if (length(free_of(model)) > 0L) searches else "never",
    "never"
  )
}

# The value of `code`, whose fits share what the engine keeps of one relationship as a band.
sharing_rotation <- function(code) {
  on.exit({
    forget_rotation_cpp()
    rm(list = ls(shared_covariances), envir = shared_covariances)
  })
  code
}

# K of the relationships that such fits turn: a fit has the inverse alone.
shared_covariances <- new.env(parent = emptyenv())

# As level_covariance(), by the engine.
covariance_of <- function(relationship) {
  K <- symmetric_inverse_cpp(unname(as.matrix(level_precision(relationship))), 2L)$inverse
  combination <- relationship$combination
  if (is.null(combination)) return(K)
  K <- as.matrix(Matrix::crossprod(combination, K %*% combination))
  (K + t(K)) / 2
}

with_shared_covariances <- function(spec) {
  for (k in seq_along(spec$random)) {
    relationship <- spec$random[[k]]$relationship
    if (!methods::is(relationship$precision, "dsyMatrix")) next
    key <- as.character(k)
    known <- shared_covariances[[key]]
    if (is.null(known) || !identical(known$precision, relationship$precision)) {
      known <- list(precision = relationship$precision, covariance = covariance_of(relationship))
      assign(key, known, envir = shared_covariances)
    }
    spec$random[[k]]$relationship$covariance <- known$covariance
  }
  spec
}

# Bytes that a fit may take: of the user, or what the system has left. Inf where that is not known.
memory_limit <- function(control) {
  if (!is.null(control$memory)) return(control$memory * 1e9)
  available_memory()
}

# What Linux says is available to this process: of the machine, and of its control group.
available_memory <- function(meminfo = "/proc/meminfo", group = "/sys/fs/cgroup") {
  lines <- grep("^MemAvailable:", readable_lines(meminfo), value = TRUE)
  machine <- if (length(lines) == 1L) 1024 * as.numeric(gsub("[^0-9]", "", lines)) else Inf
  of_group <- function(file) {
    value <- suppressWarnings(as.numeric(readable_lines(file.path(group, file))))
    if (length(value) == 1L && !is.na(value)) value else NA_real_
  }
  left <- of_group("memory.max") - of_group("memory.current")
  min(machine, left, na.rm = TRUE)
}

readable_lines <- function(file) {
  if (file.access(file, 4L) != 0L) return(character())
  tryCatch(readLines(file, warn = FALSE), error = function(e) character())
}

# Conjugate gradients take a minute where a factor of so many operations takes hours.
most_flops <- function(model) if (takes_gradients(model)) 1e14 else Inf

# Known variances, or REML: for ML the expectations are others.
takes_gradients <- function(model) {
  estimated <- length(free_of(model)) > 0L
  model$spec$method %in% c("REML", if (!estimated) "ML") && length(model$spec$random) > 0L &&
    !(estimated && (has_constraints(model) || is_pooled(model$frame)))
}

free_of <- function(model) setdiff(model$parameters$name, names(model$asked$hold))

has_constraints <- function(model) !is.null(model$asked$constraints)

check_takes_gradients <- function(model) {
  free <- free_of(model)
  if (!model$spec$method %in% c("REML", "ML")) abort_gradients_method(model$spec$method)
  if (length(free) > 0L && model$spec$method == "ML") abort_gradients_free(free)
  if (length(free) > 0L && has_constraints(model)) abort_gradients_constraints()
  if (length(free) > 0L && is_pooled(model$frame)) abort_gradients_database(free)
}

# Estimates as the engine gives them after a search, without what needs a factor.
by_gradients <- function(model, engine) {
  found <- in_words(fit_gradients_cpp(model$spec, engine))
  if (found$reached > engine$solver_tolerance) {
    warn_rounds(found$rounds, found$reached, engine$solver_tolerance)
  }
  se <- sqrt(diag(found$covariance))
  searched <- length(free_of(model)) > 0L
  list(
    marker_effects = found$marker_effects,
    parameters = list(estimate = found$values, se = se, status = found$status,
      covariance = found$covariance),
    fixed = list(estimate = found$beta, se = rep(NA_real_, length(found$beta)),
      covariance = NULL, rank = found$rank),
    random = found$random, fitted = found$fitted, fitted_fixed = found$fitted_fixed,
    minus2loglik = NA_real_, n = spec_count(model$spec), rank = found$rank,
    convergence = list(status = if (found$converged) "converged" else "iteration_limit",
      iterations = found$iterations, evaluations = found$iterations + 1L,
      expected_gain = found$expected_gain),
    equations = list(n_columns = found$n_columns), seconds = found$seconds,
    solver = list(name = "pcg", rounds = found$rounds, reached = found$reached,
      tolerance = engine$solver_tolerance, n_in_factor = found$n_in_factor,
      search_rounds = found$search_rounds,
      simulations = if (searched) engine$simulations,
      mc_error = if (searched) sqrt(diag(found$monte_carlo)))
  )
}

# Relationships of single-step evaluation: formed for a factor, unless that is not asked for and
# they are too many for it.
with_solver <- function(model, control) {
  if (!has_operators(model)) return(model)
  n <- n_genotyped(model)
  auto <- control$solver == "auto"
  iterates <- control$solver == "pcg" || auto && n > most_formed && takes_gradients(model)
  cost <- single_step_cost(model$spec)
  needed <- if (iterates) cost$operator_bytes else cost$formed_bytes
  if (needed > memory_limit(control)) {
    abort_genotypes_memory(needed, memory_limit(control), !iterates)
  }
  if (!iterates) return(with_formed_relationships(model))
  if (auto) inform_operator(n)
  model
}

# What a fit will take, from patterns and a measured product: estimate_cost() is lmmfit() up to
# here.
model_cost <- function(model, control) {
  engine <- engine_control(control, model$parameters, model$asked)
  engine$rotation <- rotation_wish(model, control)
  cost <- in_words(cost_cpp(with_descent_alone(model$spec), engine))
  if (has_operators(model)) {
    cost <- with_single_step(cost, model$spec, packed_seconds_cpp(control$threads))
  }
  c(cost, list(n_records = spec_count(model$spec), held = length(free_of(model)) == 0L))
}
