# The conditional distributions of variances given effects and errors, for Gibbs sampling.
#
# A variance with an inverse gamma prior, and a covariance matrix with an inverse Wishart prior,
# have conditionals of the same family. A half-t standard deviation is a mixture of them: v given a
# is inverse gamma (df / 2, df / a), a is inverse gamma (1/2, 1 / scale^2) (Huang & Wand 2013,
# Bayesian Analysis 8:439). So is an expanded matrix: Sigma given alpha is inverse Wishart with
# scale matrix diag(alpha) nu V diag(alpha), and alpha_i^2 given Sigma has a gamma distribution of
# shape (nu + 1) / 2 and rate (nu V_ii (Sigma^-1)_ii + 1 / a_i) / 2. Residuals of visits that a
# subject lacks are drawn with the others.

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

# `extra` are the squares of alpha, all one without an expansion.
draw_matrix <- function(block, errors, effects, values, extra) {
  nu <- block$whole$nu
  squares <- if (block$residual) {
    crossprod(whole_errors(block, errors, symmetric_of(values, block, block$t)))
  } else {
    u <- matrix(effects[block$rows], block$t)
    u %*% precision_times(block$precision, t(u))
  }
  scale <- nu * block$whole$V * outer(sqrt(extra), sqrt(extra)) + (squares + t(squares)) / 2
  inverse <- matrix(stats::rWishart(1L, nu + block$levels, solve(scale)), block$t)
  expansion <- block$whole$alpha.V
  if (!is.null(expansion)) {
    rate <- (nu * diag(block$whole$V) * diag(inverse) + 1 / expansion) / 2
    extra <- stats::rgamma(block$t, (nu + 1) / 2, rate)
  }
  list(values = solve(inverse)[cbind(block$row, block$col)], extra = extra)
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
