# Priors that are improper, and whether the posterior is proper all the same. At a variance of zero
# the likelihood of a random term is positive, so a density that is not integrable there (1/v) has
# no posterior. Towards infinity the likelihood falls like s^-e, e the rank that the term adds to X:
# a flat density of one standard deviation needs e > 1, of t together e > t (Gelman 2006).

check_posterior_proper <- function(found, model) {
  shared <- unlist(lapply(found$shares, `[[`, "at"))
  for (block in found$blocks) {
    priors <- number_priors(block)
    at <- number_places(block)
    for (k in which(!at %in% shared)) {
      if (k <= length(priors)) check_prior_proper(priors[[k]], at[k], model)
    }
  }
  for (share in found$shares) check_total_proper(share$prior)
  invisible(found)
}

# Data that alone do not tell the variances: too few records or levels. With proper priors the
# posterior is proper all the same: averaged over them the density of the contrasts of y that X
# leaves is a density, so it is finite but for y of probability zero. What a function of the user is
# nobody knows.
has_scarce_data <- function(found, model) {
  short <- tryCatch(check_enough_data(model), henderson_error = identity)
  if (!inherits(short, "condition")) return(FALSE)
  priors <- unlist(lapply(found$blocks, number_priors), recursive = FALSE)
  known <- vapply(priors, function(prior) prior$family != "user" && is_proper(prior), NA)
  if (!all(known)) stop(short)
  inform_scarce_data()
  TRUE
}

check_prior_proper <- function(prior, at, model) {
  if (is_proper(prior)) return(invisible())
  parameters <- model$parameters
  name <- parameters$name[at]
  of_term <- parameters$index[at] > 0L
  if (of_term && prior$family == "inverse_gamma" && prior$scale == 0) {
    abort_prior_improper(name, prior_text(prior), paste(
      "its density has no finite integral near a variance of zero, where the likelihood is not zero"
    ))
  }
  if (!of_term || prior$family != "flat") return(invisible())
  own <- which(parameters$index == parameters$index[at] & parameters$kind == "variance")
  k <- parameters$index[at]
  adds <- added_rank(model, k, coefs_of_rows(model, k)[[parameters$row[at]]])
  if (adds < 2L) {
    abort_prior_improper(name, prior_text(prior), paste0("the data have ", adds,
      " independent contrast", if (adds != 1L) "s", " of its levels, and need 2 or more"))
  }
  whole <- if (length(own) > 1L) added_rank(model, k) else Inf
  if (whole <= length(own)) {
    abort_prior_improper(name, prior_text(prior), paste("the data have", whole,
      "independent contrasts for", length(own), "standard deviations"))
  }
}

check_total_proper <- function(prior) {
  if (!is_proper(prior$total)) {
    abort_prior_improper("total", prior_text(prior$total), "a total needs a proper prior")
  }
}

# The rank of [X, Z_k] less that of X, Z_k of some coefficients or of all of a term; of more than
# some hundred levels it is far above what is asked for.
added_rank <- function(model, k, coef = NULL, many = 500L) {
  term <- model$spec$random[[k]]
  matrices <- engine_matrices(model$spec)
  Z <- matrices$Z[[k]]
  if (!is.null(coef)) {
    Z <- Z[, ((seq_len(ncol(Z)) - 1L) %% term$n_coef + 1L) %in% coef, drop = FALSE]
  }
  X <- matrices$X
  if (ncol(Z) > many && ncol(Z) > 2L * ncol(X)) return(ncol(Z) - ncol(X))
  rank <- function(A) as.integer(Matrix::rankMatrix(A, method = "qr"))
  if (ncol(X) == 0L) return(rank(Z))
  rank(cbind(X, Z)) - rank(X)
}
