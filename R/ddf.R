# Degrees of freedom of tests of fixed effects, from the derivatives of (X'V^-1X)^-1 with respect to
# the variance parameters and from their information. The engine's parameters are its own theta; as
# the score is zero, what is made of them here does not depend on the parametrisation.

# list(variance, df) of the rows of K (kept columns). Many rows go in groups.
row_tests <- function(fit, K, ddf, information, L = NULL) {
  n <- length(estimated_columns(fit))
  if (is.null(L) && n <= small_rank && nrow(K) > n) return(tests_of_many(fit, K, ddf, information))
  groups <- split(seq_len(nrow(K)), (seq_len(nrow(K)) - 1L) %/% 256L)
  found <- lapply(unname(groups), function(rows) {
    moments <- test_moments(fit, K[rows, , drop = FALSE], ddf, information,
      L = if (!is.null(L)) L[rows, , drop = FALSE])
    list(variance = diag(moments$used), df = vapply(seq_along(rows), function(i) {
      row_df(fit, moments, i, ddf)
    }, 0))
  })
  list(variance = as.double(unlist(lapply(found, `[[`, "variance"))),
    df = as.double(unlist(lapply(found, `[[`, "df"))))
}

# More rows than fixed effects: from the moments of these.
tests_of_many <- function(fit, K, ddf, information) {
  all <- test_moments(fit, sparse_identity(ncol(K)), ddf, information)
  df <- if (!is.null(all$df_of)) all$df_of(K) else
    if (is.null(all$w)) simple_df(fit, ddf) else df_of_rows(all, K)
  list(variance = Matrix::rowSums((K %*% as.matrix(all$used)) * K), df = rep_len(df, nrow(K)))
}

# Satterthwaite's df of each row of K, from the moments of what its columns are.
df_of_rows <- function(moments, K) {
  products <- function(matrix) Matrix::rowSums((K %*% matrix) * K)
  gradients <- matrix(vapply(moments$gradients, products, numeric(nrow(K))), nrow(K))
  2 * products(moments$covariance)^2 / rowSums((gradients %*% moments$w) * gradients)
}

# What tests of K need: the covariance that is used, the plain one, its gradients, and w.
test_moments <- function(fit, K, ddf, information, L = NULL) {
  if (is_robust(ddf)) {
    if (!is.null(L)) abort_robust_effects()
    return(robust_moments(fit, K, ddf))
  }
  if (is_by_design(ddf) && !has_exact_t(fit)) {
    df_of <- row_df_of_columns(column_df(fit, ddf))
    covariance <- plain_covariance(fit, K, L)
    return(list(used = covariance, covariance = covariance, df = df_of(K), df_of = df_of))
  }
  if (!needs_derivatives(fit, ddf)) {
    covariance <- plain_covariance(fit, K, L)
    return(list(used = covariance, covariance = covariance))
  }
  whole <- needs_whole_model(fit, K, ddf, L)
  w <- theta_covariance(fit, information, whole)$covariance
  moments <- mean_moments(fit, K, ddf, information, w, L)
  moments$used <- if (is_kenward_roger(ddf)) moments$adjusted else moments$covariance
  moments$w <- w
  moments
}

# Satterthwaite: 2 c^2 / g'Wg. For one row Kenward and Roger's is the same, with their W.
row_df <- function(fit, moments, i, ddf) {
  if (!is.null(moments$df)) return(moments$df[i])
  if (is.null(moments$w)) return(simple_df(fit, ddf))
  gradient <- vapply(moments$gradients, function(matrix) matrix[i, i], 0)
  2 * moments$covariance[i, i]^2 / sum(gradient * (moments$w %*% gradient))
}

simple_df <- function(fit, ddf) {
  exact <- has_exact_t(fit) && ddf != "none"
  if (ddf == "residual" || exact) fit$n - fit$rank else Inf
}

# F test of K beta = rhs for independent rows of K: list(F, ndf, ddf, scale). There is none where an
# error is not known.
joint_test <- function(fit, K, difference, ddf, information, L = NULL) {
  if (is_robust(ddf)) return(robust_joint(fit, K, difference, ddf))
  moments <- test_moments(fit, K, ddf, information, L)
  if (!all(is.finite(moments$used))) {
    return(list(F = NA_real_, ndf = nrow(K), ddf = NA_real_, scale = 1))
  }
  if (!is.null(moments$w) && is_kenward_roger(ddf)) return(kenward_roger(moments, difference))
  parts <- eigen(moments$covariance, symmetric = TRUE)
  t_squared <- drop(crossprod(parts$vectors, difference))^2 / parts$values
  df <- if (!is.null(moments$df_of)) moments$df_of(matrix(colSums(abs(K)), 1L)) else
    if (is.null(moments$w)) simple_df(fit, ddf) else fai_cornelius(moments, parts)
  list(F = mean(t_squared), ndf = nrow(K), ddf = df, scale = 1)
}

# Fai & Cornelius (1996, J Stat Comput Simul 54:363): the degrees of freedom of an F whose mean is
# that of the sum of squared t's along the principal axes. As lmerTest, 2 where one of them has no
# more than 2.
fai_cornelius <- function(moments, parts) {
  q <- length(parts$values)
  gradients <- vapply(moments$gradients, function(matrix) {
    colSums(parts$vectors * (matrix %*% parts$vectors))
  }, numeric(q))
  gradients <- matrix(gradients, q)
  df <- 2 * parts$values^2 / rowSums((gradients %*% moments$w) * gradients)
  if (anyNA(df)) return(NA_real_)
  if (q == 1L || max(df) - min(df) < 1e-8 * max(df)) return(mean(df))
  if (any(df <= 2)) return(2)
  expected <- sum(df / (df - 2))
  2 * expected / (expected - q)
}

# Kenward & Roger (1997), sections 3 and 4, in the space of K: with S = K Phi K' and
# G_i = dS/dtheta_i, tr(Theta Phi P_i Phi) = -tr(S^-1 G_i).
kenward_roger <- function(moments, difference) {
  q <- nrow(moments$covariance)
  if (anyNA(moments$w)) return(list(F = NA_real_, ndf = q, ddf = NA_real_, scale = NA_real_))
  inverse <- solve(moments$covariance)
  turned <- lapply(moments$gradients, function(matrix) inverse %*% matrix)
  traces <- vapply(turned, function(matrix) sum(diag(matrix)), 0)
  a1 <- sum(moments$w * outer(traces, traces))
  products <- vapply(turned, function(a) {
    vapply(turned, function(b) sum(a * t(b)), 0)
  }, numeric(length(turned)))
  a2 <- sum(moments$w * products)
  found <- kenward_roger_scale(q, a1, a2)
  wald <- sum(difference * solve(moments$adjusted, difference))
  list(F = found$scale * wald / q, ndf = q, ddf = found$df, scale = found$scale)
}

kenward_roger_scale <- function(q, a1, a2) {
  b <- (a1 + 6 * a2) / (2 * q)
  g <- ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
  below <- 3 * q + 2 * (1 - g)
  c1 <- g / below
  c2 <- (q - g) / below
  c3 <- (q + 2 - g) / below
  mean <- 1 / (1 - a2 / q)
  variance <- 2 / q * (1 + c1 * b) / ((1 - c2 * b)^2 * (1 - c3 * b))
  rho <- variance / (2 * mean^2)
  df <- 4 + (q + 2) / (q * rho - 1)
  # As pbkrtest: near 2 the mean of F does not exist, and it is not scaled.
  scale <- if (!is.finite(df) || abs(df - 2) < 1e-2) 1 else df / (mean * (df - 2))
  list(df = df, scale = scale)
}

two_sided_p <- function(t, df) 2 * stats::pt(abs(t), df, lower.tail = FALSE)
