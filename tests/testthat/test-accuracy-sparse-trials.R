# Trials in which a line is seen in few environments: the engine leaves out the cells that no record
# meets. Against dense V: likelihood, fixed effects and their errors, effects of all cells.

# sigma: of the coefficients; residual: a variance for each environment.
dense_trial <- function(trial, G, sigma, residual) {
  d <- trial$data
  env <- as.integer(d$env)
  line <- match(d$line, rownames(G))
  V <- sigma[env, env] * G[line, line] + diag(residual[env])
  X <- stats::model.matrix(~ 0 + env, d)
  Vi <- solve(V)
  XVX <- crossprod(X, Vi %*% X)
  beta <- solve(XVX, crossprod(X, Vi %*% d$y))
  Py <- Vi %*% (d$y - X %*% beta)
  Z <- matrix(0, nrow(d), nrow(G))
  Z[cbind(seq_len(nrow(d)), line)] <- 1
  log_det <- function(x) as.numeric(determinant(x)$modulus)
  list(
    minus2loglik = (nrow(d) - ncol(X)) * log(2 * pi) + log_det(V) + log_det(XVX) + sum(d$y * Py),
    beta = as.vector(beta), se = sqrt(diag(solve(XVX))),
    u = vapply(seq_len(nrow(sigma)),
      function(e) as.vector(G %*% crossprod(Z, sigma[e, env] * Py)), numeric(nrow(G)))
  )
}

expect_dense_trial <- function(fit, trial, G) {
  sigma <- as.matrix(VarCorr(fit)[[1L]])
  v <- varcomp(fit)
  residual <- rep_len(v$estimate[v$term == "residual"], nrow(sigma))
  dense <- dense_trial(trial, G, sigma, residual)
  expect_equal(-2 * as.numeric(logLik(fit)), dense$minus2loglik, tolerance = 1e-10)
  expect_equal(unname(fixef(fit)), dense$beta, tolerance = 1e-8)
  expect_equal(unname(sqrt(diag(as.matrix(vcov(fit))))), unname(dense$se), tolerance = 1e-8)
  u <- as.matrix(ranef(fit)[[1L]])[rownames(G), ]
  expect_lt(max(abs(u - dense$u)), 1e-8)
}

test_that("factor analytic and diagonal effects of lines seen in some environments", {
  set.seed(3)
  trial <- sparse_trial(6L, 60L, 20L)
  for (G in list(blend(trial$G, share = 0.05), trial$G)) {
    fits <- list(
      lmmfit(y ~ 0 + env + fa(0 + env | gr(line, cov = G), k = 1), trial$data,
        residual = ~ diag(env)),
      lmmfit(y ~ 0 + env + fa(0 + env | gr(line, cov = G), k = 2), trial$data),
      lmmfit(y ~ 0 + env + diag(0 + env | gr(line, cov = G)), trial$data, residual = ~ diag(env)),
      lmmfit(y ~ 0 + env + rr(0 + env | gr(line, cov = G), k = 1), trial$data)
    )
    for (fit in fits) expect_dense_trial(fit, trial, G)
    # A cell of a specific effect has equations where it is seen, a line those of its scores.
    expect_lte(fits[[1L]]$equations$n_columns, 60 + 6 * 20 + 6)
  }
})

test_that("lines without records in GBLUP have no equations, and their effects", {
  set.seed(5)
  trial <- sparse_trial(1L, 80L, 15L)
  G <- blend(trial$G, share = 0.05)
  fit <- lmmfit(y ~ 1 + (1 | gr(line, cov = G)), trial$data)
  expect_identical(fit$equations$n_columns, 15L + 1L)
  # The textbook equations of all lines, and the inverse of their coefficients.
  whole <- mme(fit)
  errors <- ranef(fit, se = TRUE)[[1L]]
  expect_length(whole$solution, 81L)
  expect_equal(as.matrix(errors)[, 1L], whole$solution[-1L], tolerance = 1e-8,
    ignore_attr = TRUE)
  expect_equal(attr(errors, "se")[[1L]], sqrt(diag(solve(as.matrix(whole$coefficient)))[-1L]),
    tolerance = 1e-8, ignore_attr = TRUE)
})

# Sigma of fa(k = 1), and the residual variances, at the values that varcomp() prints.
dense_at <- function(values, n_env, trial, G) {
  sigma <- tcrossprod(values[n_env + seq_len(n_env)]) + diag(values[seq_len(n_env)])
  dense_trial(trial, G, sigma, utils::tail(values, n_env))
}

# Satterthwaite's degrees of freedom of each fixed effect, 2 v^2 / g'Wg: W twice the inverse of the
# Hessian of -2l, which like g comes from differences of the V form.
dense_df <- function(values, n_env, trial, G) {
  at <- function(x) dense_at(x, n_env, trial, G)
  n <- length(values)
  h <- 1e-3 * pmax(abs(values), 0.1)
  step <- function(i) replace(numeric(n), i, h[i])
  value <- function(x) at(x)$minus2loglik
  hessian <- matrix(0, n, n)
  for (i in seq_len(n)) {
    for (j in seq_len(i)) {
      a <- step(i)
      b <- step(j)
      hessian[i, j] <- hessian[j, i] <- (value(values + a + b) - value(values + a - b) -
        value(values - a + b) + value(values - a - b)) / (4 * h[i] * h[j])
    }
  }
  variances <- function(x) at(x)$se^2
  gradient <- vapply(seq_len(n), function(i) {
    (variances(values + step(i)) - variances(values - step(i))) / (2 * h[i])
  }, numeric(n_env))
  W <- 2 * solve(hessian)
  2 * variances(values)^2 / rowSums((gradient %*% W) * gradient)
}

test_that("the information takes the seen cells, the expected one where it is asked for", {
  set.seed(27)
  trial <- sparse_trial(4L, 60L, 38L)
  G <- blend(trial$G, share = 0.05)
  fit <- lmmfit(y ~ 0 + env + fa(0 + env | gr(line, cov = G), k = 1), trial$data,
    residual = ~ diag(env))
  expect_true(fit$equations$seen_cells)
  v <- varcomp(fit)
  expect_true(all(v$status == "free"))
  expect_equal(coef(summary(fit))[, "df"], dense_df(v$estimate, 4L, trial, G), tolerance = 2e-5,
    ignore_attr = TRUE)
  # Of few cells it comes along; of many when it is asked for, beside what is known.
  found <- variance_information(fit)
  expect_true(found$has_expected)
  asked <- question("information", with_expected = TRUE, observed = found$observed)
  again <- ask(fit, list(information = asked))$information
  for (part in c("jacobian", "average", "observed", "expected")) {
    expect_equal(again[[part]], found[[part]], tolerance = 1e-12)
  }
  kr <- anova(fit, ddf = "Kenward-Roger")
  expect_match(attr(kr, "heading")[2L], "expected information", fixed = TRUE)
  # Of one coefficient and of separate ones the scores tell all.
  for (other in list(
    lmmfit(y ~ 1 + (1 | gr(line, cov = G)), trial$data[trial$data$env == 1, ]),
    lmmfit(y ~ 0 + env + diag(0 + env | gr(line, cov = G)), trial$data, residual = ~ diag(env))
  )) {
    expect_true(other$equations$seen_cells)
    expect_true(variance_information(other)$has_expected)
  }
})

test_that("differences that take long are announced, by two scores for each parameter", {
  set.seed(27)
  trial <- sparse_trial(4L, 60L, 28L)
  G <- blend(trial$G, share = 0.05)
  fit <- lmmfit(y ~ 0 + env + fa(0 + env | gr(line, cov = G), k = 1), trial$data,
    residual = ~ diag(env))
  expect_no_message(announce_differences(fit))
  n <- sum(varcomp(fit)$status == "free")
  # An hour at 10^10 operations a second.
  fit$equations$factor_flops <- 3600e10 / (6 * n)
  fit$equations$inverse_flops <- 3600e10 / (3 * n)
  expect_message(announce_differences(fit), "60 minutes", class = "henderson_message_information")
  # Separate variances have theirs from the equations.
  separate <- lmmfit(y ~ 0 + env + diag(0 + env | gr(line, cov = G)), trial$data)
  separate$equations$factor_flops <- 1e15
  expect_true(separate$equations$seen_cells)
  expect_no_message(announce_differences(separate))
})

test_that("a search that is cut short is judged by the seen cells", {
  set.seed(12)
  trial <- sparse_trial(5L, 60L, 20L)
  G <- blend(trial$G, share = 0.05)
  fit <- lmmfit(y ~ 0 + env + fa(0 + env | gr(line, cov = G), k = 1), trial$data,
    residual = ~ diag(env))
  values <- stats::setNames(1.1 * varcomp(fit)$estimate, varcomp(fit)$parameter)
  expect_equal(likelihood_at(fit_spec(fit), unname(values)),
    dense_at(values, 5L, trial, G)$minus2loglik, tolerance = 1e-10)
})

# Var(beta^, u^ - u) of all cells, level by level, in V form; P; tr(GZ'PZ).
dense_errors <- function(fit, trial, G) {
  d <- trial$data
  sigma <- as.matrix(VarCorr(fit)[[1L]])
  v <- varcomp(fit)
  residual <- rep_len(v$estimate[v$term == "residual"], nrow(sigma))
  n_env <- nrow(sigma)
  Gu <- kronecker(G, sigma)
  Z <- matrix(0, nrow(d), nrow(Gu))
  Z[cbind(seq_len(nrow(d)), (match(d$line, rownames(G)) - 1L) * n_env + as.integer(d$env))] <- 1
  X <- stats::model.matrix(if (n_env > 1L) ~ 0 + env else ~ 1, d)
  GZ <- tcrossprod(Gu, Z)
  V <- Z %*% GZ + diag(residual[as.integer(d$env)])
  Vi <- solve(V)
  B <- solve(crossprod(X, Vi %*% X))
  P <- Vi - Vi %*% X %*% B %*% crossprod(X, Vi)
  across <- -B %*% crossprod(X, Vi) %*% t(GZ)
  list(errors = rbind(cbind(B, across), cbind(t(across), Gu - GZ %*% P %*% t(GZ))),
    P = P, dimension = sum(diag(P %*% Z %*% GZ)))
}

expect_dense_errors <- function(fit, trial, G) {
  dense <- dense_errors(fit, trial, G)
  n_coef <- nrow(as.matrix(VarCorr(fit)[[1L]]))
  p <- length(fixef(fit))
  errors <- prediction_errors(fit)[[1L]]
  levels <- match(dimnames(as.matrix(ranef(fit)[[1L]]))[[1L]], rownames(G))
  order <- c(seq_len(p), p + as.vector(outer(seq_len(n_coef), (levels - 1L) * n_coef, "+")))
  expected <- dense$errors[order, order]
  for (l in seq_along(levels)) {
    at <- p + (l - 1L) * n_coef + seq_len(n_coef)
    expect_lt(max(abs(errors[, , l] - expected[at, at])), 1e-9)
  }
  K <- Matrix::Matrix(stats::rnorm(nrow(expected) * 5L), nrow(expected), sparse = TRUE)
  K[, 2:3] <- 0
  K[c(1L, p + 2L, nrow(expected)), 2L] <- c(1, -1, 2)
  K[p + c(3L, 40L), 3L] <- c(1, -1)
  K <- methods::as(K, "CsparseMatrix")
  full <- as.matrix(K)
  asked <- ask(fit, list(
    covariance = question("error_covariance", K = K), columns = question("error_columns", K = K),
    variances = question("error_variances", K = K)
  ))
  expect_equal(asked$covariance, crossprod(full, expected %*% full), tolerance = 1e-9,
    ignore_attr = TRUE)
  expect_equal(asked$columns, expected %*% full, tolerance = 1e-9, ignore_attr = TRUE)
  expect_equal(as.vector(asked$variances), diag(crossprod(full, expected %*% full)),
    tolerance = 1e-9)
  expect_equal(as.vector(from_inverse(fit, "effective_dimensions")), dense$dimension,
    tolerance = 1e-8)
  if (!has_iid_residual(fit)) return(invisible())
  residual <- utils::tail(varcomp(fit)$estimate, 1L)
  expect_equal(1 - as.vector(from_inverse(fit, "leverages")), residual * diag(dense$P),
    tolerance = 1e-8)
}

test_that("errors of seen and unseen cells are those of all equations", {
  set.seed(31)
  trial <- sparse_trial(5L, 50L, 16L)
  one <- trial
  one$data <- droplevels(trial$data[trial$data$env == 1, ])
  for (G in list(blend(trial$G, share = 0.05), trial$G)) {
    fits <- list(
      lmmfit(y ~ 0 + env + fa(0 + env | gr(line, cov = G), k = 1), trial$data,
        residual = ~ diag(env)),
      lmmfit(y ~ 0 + env + fa(0 + env | gr(line, cov = G), k = 2), trial$data),
      lmmfit(y ~ 0 + env + diag(0 + env | gr(line, cov = G)), trial$data),
      lmmfit(y ~ 0 + env + rr(0 + env | gr(line, cov = G), k = 1), trial$data)
    )
    for (fit in fits) {
      expect_true(fit$equations$seen_cells)
      expect_dense_errors(fit, trial, G)
    }
    expect_dense_errors(lmmfit(y ~ 1 + (1 | gr(line, cov = G)), one$data), one, G)
  }
})

test_that("variances of all cells are the diagonals of their errors, and many are announced", {
  set.seed(37)
  trial <- sparse_trial(5L, 50L, 16L)
  G <- blend(trial$G, share = 0.05)
  fit <- lmmfit(y ~ 0 + env + fa(0 + env | gr(line, cov = G), k = 1) + (1 | line), trial$data)
  expect_true(fit$equations$seen_cells)
  found <- ask_one(fit, "prediction_variances")
  for (k in seq_along(found)) {
    errors <- prediction_errors(fit)[[k]]
    expect_identical(dim(found[[k]]), dim(errors)[2:3])
    expect_equal(found[[k]], coefficient_errors(errors), tolerance = 1e-10)
  }
  expect_equal(standard_errors(found[1L]), standard_errors(prediction_errors(fit)[1L]))
  fit$cache <- new.env()
  expect_no_message(announce_errors(fit))
  cells <- sum(lengths(lapply(found, as.vector)))
  fit$equations$n_entries_factor <- 3600e10 / (2 * cells)
  expect_message(announce_errors(fit), "60 minutes", class = "henderson_message_errors")
})
