# Model specifications made by hand, as they cross to the engine, and what helper-oracle.R makes of
# them. Nothing here uses the package: R's own factors and dense matrices only.

hand_identity <- function(factor) {
  list(codes = as.integer(factor), contrast = Matrix::Diagonal(nlevels(factor)) |>
    methods::as("generalMatrix") |> methods::as("CsparseMatrix"))
}

hand_treatment <- function(factor) {
  coding <- stats::contr.treatment(nlevels(factor), sparse = TRUE)
  coding <- methods::as(methods::as(coding, "generalMatrix"), "CsparseMatrix")
  list(codes = as.integer(factor), contrast = Matrix::t(coding))
}

hand_columns <- function(...) list(parts = list(...))
hand_numeric <- function(...) cbind(...) |> unname()

hand_random <- function(group, terms = list(hand_columns()), structure = "us", precision = NULL,
                        label = "g") {
  relationship <- if (is.null(precision)) {
    list(type = "identity")
  } else {
    list(type = "precision", precision = precision)
  }
  list(
    label = label, structure = structure, n_coef = length(terms), n_levels = nlevels(group),
    incidence = list(list(levels = as.integer(group), terms = terms, first_coef = 1L)),
    relationship = relationship
  )
}

hand_spec <- function(response, fixed, random, method = "REML", weights = double(0)) {
  list(
    response = as.numeric(response), weights = as.numeric(weights), fixed = fixed, random = random,
    residual = list(structure = "iid"), method = method
  )
}

# The covariance of each term's coefficients, from the values in the order of the specification.
small_covariances <- function(spec, values) {
  used <- 0L
  lapply(spec$random, function(term) {
    n_coef <- term$n_coef
    sigma <- matrix(0, n_coef, n_coef)
    if (term$structure == "diag") {
      diag(sigma) <- values[used + seq_len(n_coef)]
      used <<- used + n_coef
    } else {
      n_values <- n_coef * (n_coef + 1L) / 2L
      # Row by row of the lower triangle is column by column of the upper one.
      sigma[upper.tri(sigma, diag = TRUE)] <- values[used + seq_len(n_values)]
      sigma[lower.tri(sigma)] <- t(sigma)[lower.tri(sigma)]
      used <<- used + n_values
    }
    sigma
  })
}

# The matrices of helper-oracle.R at a vector of values.
dense_model <- function(spec, values) {
  oracle_model(spec, small_covariances(spec, values), values[length(values)])
}

# -2 log-likelihood through V.
dense_minus2loglik <- function(spec, values) {
  oracle_minus2loglik(dense_model(spec, values), REML = spec$method == "REML")
}

# AI_ij = y'P V_i P V_j P y / 2, V_i the derivative of V, P = V^-1 - V^-1 X (X'V^-1 X)^- X'V^-1.
dense_average_information <- function(spec, values) {
  model <- dense_model(spec, values)
  v_inverse <- solve(model$V)
  x <- model$X[, independent_columns(model$X), drop = FALSE]
  vx <- v_inverse %*% x
  p <- v_inverse - vx %*% solve(crossprod(x, vx), t(vx))
  py <- p %*% model$y
  # V is linear in the values: its derivative is V at a unit vector.
  q <- vapply(seq_along(values), function(i) {
    as.numeric(dense_model(spec, replace(numeric(length(values)), i, 1))$V %*% py)
  }, numeric(length(py)))
  0.5 * crossprod(q, p %*% q)
}

# A random point inside the parameter space: well-conditioned covariances on the scale of `scale`.
hand_values <- function(spec, scale = 1) {
  per_term <- lapply(spec$random, function(term) {
    n_coef <- term$n_coef
    if (term$structure == "diag") return(scale * exp(stats::runif(n_coef, -1.5, 1.5)))
    root <- diag(exp(stats::runif(n_coef, -0.7, 0.7)), n_coef)
    root[lower.tri(root)] <- stats::runif(n_coef * (n_coef - 1) / 2, -0.6, 0.6)
    sigma <- scale * tcrossprod(root)
    sigma[upper.tri(sigma, diag = TRUE)]
  })
  c(unlist(per_term), scale * exp(stats::runif(1, -1, 1)))
}

# Gradient by central differences with Richardson extrapolation (three step sizes: error h^6).
numeric_gradient <- function(objective, values, relative_step = 0.02) {
  # A covariance may be near 0: its step follows the size of the variances.
  step <- relative_step * pmax(abs(values), 0.3 * stats::median(abs(values)))
  vapply(seq_along(values), function(i) {
    slope <- function(h) {
      up <- down <- values
      up[i] <- up[i] + h
      down[i] <- down[i] - h
      (objective(up) - objective(down)) / (2 * h)
    }
    d1 <- slope(step[i])
    d2 <- slope(step[i] / 2)
    d4 <- slope(step[i] / 4)
    r1 <- (4 * d2 - d1) / 3
    r2 <- (4 * d4 - d2) / 3
    (16 * r2 - r1) / 15
  }, 0)
}
