# The conditional distributions of variances given effects and errors, for Gibbs sampling.
#
# A variance with an inverse gamma prior, and a covariance matrix with an inverse Wishart prior,
# have conditionals of the same family. A half-t standard deviation is a mixture of them: v given a
# is inverse gamma (df / 2, df / a), a is inverse gamma (1/2, 1 / scale^2) (Huang & Wand 2013,
# Bayesian Analysis 8:439). So is an expanded matrix: Sigma given alpha is inverse Wishart with
# scale matrix diag(alpha) nu V diag(alpha), and alpha given Sigma has a density proportional to
#
#   prod |alpha_i|^nu exp(-(alpha - mu)' A^-1 (alpha - mu) / 2 - alpha' (nu V * Sigma^-1) alpha / 2)
#
# (* by entry), A and mu of the normal distribution of alpha: independent squares with gamma
# distributions where V and A are diagonal and mu is zero. Residuals of visits that a subject lacks
# are drawn with the others.

# What the conditional of a block takes: its prior, and where its effects or its records stand.
gibbs_block <- function(block, posterior) {
  parameters <- posterior$parameters
  term <- parameters$index[block$at[1L]]
  coef <- parameters$row[block$at[1L]]
  if (term == 0L) return(c(block, residual_part(posterior, parameters$section[block$at[1L]], coef)))
  own <- posterior$spec$random[[term]]
  n_fixed <- posterior$moved$p - length(posterior$moved$values)
  rows <- effect_places(n_fixed, posterior$spec$random)[[term]]$rows
  if (block$type == "sd" && own$n_coef > 1L && !is_exchangeable(own$structure)) {
    rows <- rows[seq.int(coef, length(rows), own$n_coef)]
  }
  precision <- if (own$relationship$type != "identity") {
    Matrix::forceSymmetric(level_precision(own$relationship))
  }
  c(block, list(residual = FALSE, rows = rows, levels = own$n_levels, precision = precision))
}

# The records of a variance; of a matrix, where each is among subjects x positions.
residual_part <- function(posterior, section, coef) {
  own <- posterior$spec$residual$sections[[max(section, 1L)]]
  if (is.null(own)) return(list(residual = TRUE, records = NULL))
  n_coef <- own$structure$n_coef
  if (is_uncorrelated(own$structure)) {
    return(list(residual = TRUE, records = own$records[own$position == coef]))
  }
  cells <- cbind(own$subject, own$position)
  list(residual = TRUE, records = own$records, levels = max(own$subject), cells = cells,
    lacking = subjects_lacking(cells, max(own$subject), n_coef))
}

# A list of list(subjects, gone): those that lack the same visits.
subjects_lacking <- function(cells, n, n_coef) {
  lacking <- matrix(TRUE, n, n_coef)
  lacking[cells] <- FALSE
  pattern <- do.call(paste0, rev(as.data.frame(lacking + 0L)))
  found <- lapply(unname(split(seq_len(n), pattern)), function(own) {
    list(subjects = own, gone = lacking[own[1L], ])
  })
  Filter(function(own) any(own$gone), found)
}

# A draw of the values of a block from the present ones: list(values, extra). Errors, effects and
# values are those of one chain.
draw_block <- function(block, errors, effects, values, extra) {
  if (block$residual && !is.null(block$records)) errors <- errors[block$records]
  if (block$type == "matrix") return(draw_matrix(block, errors, effects, values, extra))
  if (block$residual) return(draw_variance(block$prior, sum(errors^2), length(errors), extra))
  own <- effects[block$rows]
  u <- matrix(own, length(own) %/% block$levels)
  squares <- sum(u * t(precision_times(block$precision, t(u))))
  draw_variance(block$prior, squares, length(own), extra)
}

precision_times <- function(precision, u) if (is.null(precision)) u else as.matrix(precision %*% u)

# `extra` is the mixing variable of a half-t prior.
draw_variance <- function(prior, squares, n, extra) {
  if (prior$family != "half_t") {
    rate <- prior$scale + squares / 2
    return(list(values = 1 / stats::rgamma(1L, prior$shape + n / 2, rate), extra = extra))
  }
  v <- 1 / stats::rgamma(1L, (prior$df + n) / 2, prior$df / extra + squares / 2)
  list(values = v,
    extra = 1 / stats::rgamma(1L, (prior$df + 1) / 2, prior$df / v + 1 / prior$scale^2))
}

# `extra` is alpha, all one without an expansion.
draw_matrix <- function(block, errors, effects, values, extra) {
  nu <- block$whole$nu
  squares <- if (block$residual) {
    crossprod(whole_errors(block, errors, symmetric_of(values, block, block$t)))
  } else {
    u <- matrix(effects[block$rows], block$t)
    u %*% precision_times(block$precision, t(u))
  }
  scale <- nu * block$whole$V * outer(extra, extra) + (squares + t(squares)) / 2
  root <- wishart_root(scale, nu + block$levels)
  if (!is.null(block$whole$alpha.V)) extra <- draw_expansion(block$whole, solve(root), extra)
  list(values = tcrossprod(root)[cbind(block$row, block$col)], extra = extra)
}

# alpha given Sigma with this root of its inverse. `alpha` is the present one.
draw_expansion <- function(whole, root, alpha) {
  if (is_closed_form(whole)) {
    rate <- (whole$nu * diag(whole$V) * colSums(root^2) + 1 / whole$alpha.V) / 2
    return(sqrt(stats::rgamma(nrow(root), (whole$nu + 1) / 2, rate)))
  }
  own <- solve(whole$alpha.V)
  draw_tilted(alpha, whole$nu, whole$nu * whole$V * crossprod(root) + own,
    drop(own %*% whole$alpha.mu))
}

# Steps that leave prod |a_i|^nu exp(b'a - a'Ma / 2) as it is: each a_i in turn is proposed with the
# square of its gamma distribution without the others, and either sign, and taken by what the others
# add (Metropolis and Hastings).
draw_tilted <- function(a, nu, M, b, sweeps = 5L) {
  for (i in rep.int(seq_along(a), sweeps)) {
    proposed <- sample(c(-1, 1), 1L) * sqrt(stats::rgamma(1L, (nu + 1) / 2, M[i, i] / 2))
    slope <- b[i] - sum(M[i, -i] * a[-i])
    if (log(stats::runif(1L)) < slope * (proposed - a[i])) a[i] <- proposed
  }
  a
}

# A root of an inverse Wishart matrix with this scale matrix, from an upper triangular root Q of
# that and W = T'T of unit scale: Q T^-1. The inverse of a matrix that is nearly singular would lose
# its least direction.
wishart_root <- function(scale, df) {
  back <- rev(seq_len(nrow(scale)))
  Q <- t(chol(scale[back, back, drop = FALSE]))[back, back, drop = FALSE]
  W <- stats::rWishart(1L, df, diag(nrow(scale)))[, , 1L]
  t(forwardsolve(t(chol(W)), t(Q)))
}

# Errors, subjects x positions: those of visits without a record are drawn given the others, of
# subjects that lack the same ones together.
whole_errors <- function(block, errors, sigma) {
  whole <- matrix(NA_real_, block$levels, block$t)
  whole[block$cells] <- errors
  for (set in block$lacking) {
    own <- set$subjects
    gone <- set$gone
    B <- sigma[gone, !gone, drop = FALSE] %*% solve(sigma[!gone, !gone, drop = FALSE])
    left <- sigma[gone, gone, drop = FALSE] - B %*% sigma[!gone, gone, drop = FALSE]
    z <- matrix(stats::rnorm(length(own) * sum(gone)), length(own))
    whole[own, gone] <- tcrossprod(whole[own, !gone, drop = FALSE], B) +
      z %*% chol((left + t(left)) / 2)
  }
  whole
}

# What a posterior has no conditional for ----------------------------------------------------------

# list(name, why) of the first block without one; NULL where all have one.
gibbs_obstacle <- function(posterior) {
  names <- posterior$parameters$name
  if (length(posterior$prior$shares) > 0L) {
    return(list(name = "shares",
      why = "variances whose prior is one of shares depend on each other"))
  }
  follow <- which(posterior$start$lead != seq_along(posterior$start$lead))
  if (length(follow) > 0L) return(list(name = names[follow[1L]], why = "it is tied to another one"))
  if (!is.null(posterior$limits)) {
    return(list(name = names[posterior$limits$at[1L]], why = "it has bounds"))
  }
  for (block in posterior$prior$blocks) {
    why <- structure_obstacle(block, posterior) %||% prior_obstacle(block)
    name <- if (block$type == "matrix") block$label else names[block$at[1L]]
    if (!is.null(why)) return(list(name = name, why = why))
  }
  NULL
}

structure_obstacle <- function(block, posterior) {
  term <- posterior$parameters$index[block$at[1L]]
  if (term == 0L) {
    section <- max(posterior$parameters$section[block$at[1L]], 1L)
    own <- posterior$spec$residual$sections[[section]]$structure
    plain <- is.null(own) || is_whole_matrix(block, own) || is_uncorrelated(own)
    return(if (!plain) "the residuals have a structure")
  }
  own <- posterior$spec$random[[term]]
  if (!is.null(own$relationship$combination)) return("its levels are combinations of others")
  structure <- own$structure
  plain <- is_whole_matrix(block, structure) || own$n_coef == 1L || is_uncorrelated(structure) ||
    is_exchangeable(structure) && n_parameters(structure, own$n_coef) == 1L
  if (!plain) "its term has a structure"
}

# Not the first factor of a product.
is_whole_matrix <- function(block, structure) {
  block$type == "matrix" && !is_product_recipe(structure)
}

prior_obstacle <- function(block) {
  if (!is.null(block$whole)) return(NULL)
  if (block$type == "matrix") return("it needs `inverse_wishart()`")
  if (block$type != "sd") return("it is no variance")
  prior <- block$prior
  conjugate <- prior$family == "inverse_gamma" || prior$family == "half_t" && prior$location == 0
  if (!conjugate) {
    paste("it needs `inverse_gamma()`, `half_t()` or `half_cauchy()`, not", prior_text(prior))
  }
}
