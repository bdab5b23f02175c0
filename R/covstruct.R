# The table of covariance structures of random terms. A structure with t coefficients says which
# entries (row, column) of its t x t covariance matrix are parameters, in the order in which the
# engine has them, and how many further arguments it takes in a formula. A new structure is a line
# here and a file in the engine.

# us: the lower triangle row by row, (1,1), (2,1), (2,2), (3,1), ...
entries_us <- function(t) {
  row <- rep.int(seq_len(t), seq_len(t))
  list(row = row, col = sequence(seq_len(t)))
}

entries_diag <- function(t) list(row = seq_len(t), col = seq_len(t))

# Each entry of the table: label, entries(t) and further (how many further arguments it takes).
covariance_structures <- list(
  us = list(label = "unstructured", entries = entries_us, further = 0L),
  diag = list(label = "diagonal", entries = entries_diag, further = 0L)
)

n_parameters <- function(structure, t) {
  length(covariance_structures[[structure]]$entries(t)$row)
}

# Names that varcomp() prints: the label alone for a random intercept, else label.coef for a
# variance and label.coef1.coef2 for a covariance, the coefficient of the lower index first.
parameter_names <- function(structure, label, coefs) {
  if (identical(coefs, "(Intercept)")) return(label)
  coefs[coefs == "(Intercept)"] <- "Intercept"
  at <- covariance_structures[[structure]]$entries(length(coefs))
  ifelse(at$row == at$col,
    paste(label, coefs[at$row], sep = "."),
    paste(label, coefs[at$col], coefs[at$row], sep = ".")
  )
}

# The covariance matrix Sigma (t x t) of the values of one term.
covariance_matrix <- function(structure, values, coefs) {
  t <- length(coefs)
  at <- covariance_structures[[structure]]$entries(t)
  sigma <- matrix(0, t, t, dimnames = list(coefs, coefs))
  sigma[cbind(at$row, at$col)] <- values
  sigma[cbind(at$col, at$row)] <- values
  sigma
}

is_semidefinite <- function(sigma) {
  if (any(diag(sigma) < 0)) return(FALSE)
  scale <- sqrt(diag(sigma))
  zero <- scale == 0
  if (any(sigma[zero, ] != 0)) return(FALSE)
  if (all(zero)) return(TRUE)
  correlation <- sigma[!zero, !zero, drop = FALSE] / outer(scale[!zero], scale[!zero])
  values <- eigen(correlation, symmetric = TRUE, only.values = TRUE)$values
  min(values) >= -1e-10
}

# A root F with FF' = Sigma. Sigma may be singular.
covariance_root <- function(sigma) {
  if (nrow(sigma) == 1L) return(sqrt(sigma))
  parts <- eigen(sigma, symmetric = TRUE)
  parts$vectors %*% diag(sqrt(pmax(parts$values, 0)), nrow(sigma))
}
