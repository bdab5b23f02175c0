# Every equality of the lecture that the package follows, to 1e-8, on small unbalanced data with a
# singular X, correlated G, and R with and without a structure. All matrices are made here.

gap <- function(a, b) max(abs(as.vector(a) - as.vector(b)))

relationship <- function() {
  sire <- c(NA, NA, NA, 1, 1, 1, 4, 7)
  dam <- c(NA, NA, NA, 2, 2, 3, 6, 5)
  A <- diag(8)
  for (i in 4:8) {
    A[i, 1:(i - 1)] <- A[1:(i - 1), i] <- (A[sire[i], 1:(i - 1)] + A[dam[i], 1:(i - 1)]) / 2
    A[i, i] <- 1 + A[sire[i], dam[i]] / 2
  }
  dimnames(A) <- list(1:8, 1:8)
  A
}

# Records of related animals over time; herd and season are confounded.
lecture_data <- function() {
  set.seed(5)
  data <- expand.grid(visit = factor(1:4), animal = factor(1:8))
  data$time <- c(0, 1, 2, 5)[data$visit]
  data$herd <- factor(c("a", "b")[1 + (as.integer(data$animal) %% 3 == 0)])
  data$season <- factor(ifelse(data$herd == "a", "dry", "wet"))
  data$y <- 20 + stats::rnorm(32, sd = 2) + data$time
  data[-c(1, 2, 3, 4, 9, 14, 30), ]
}

# list(fit, X, Z, G, R, y): a fit at known variances and its matrices by hand.
lecture_cases <- function() {
  A <- relationship()
  data <- lecture_data()
  X <- stats::model.matrix(~ herd + time, data)
  Z <- stats::model.matrix(~ 0 + animal, data)
  lines <- do.call(cbind, lapply(1:8, function(k) Z[, k] * cbind(1, data$time)))
  sigma <- matrix(c(2, 0.3, 0.3, 0.2), 2)
  n <- nrow(data)
  same <- outer(data$animal, data$animal, `==`)
  lag <- abs(outer(as.integer(data$visit), as.integer(data$visit), `-`))
  visits <- crossprod(matrix(c(1, 0.4, 0.2, 0.1, 0, 1.1, 0.3, 0.2, 0, 0, 0.9, 0.4, 0, 0, 0, 1.2), 4,
    byrow = TRUE)) + diag(4)
  us <- matrix(0, n, n)
  at <- as.integer(data$visit)
  us[same] <- visits[cbind(at[row(us)], at[col(us)])[same, ]]
  at <- which(lower.tri(visits, diag = TRUE), arr.ind = TRUE)
  us_names <- ifelse(at[, 1] == at[, 2], paste0("residual.", at[, 1]),
    paste0("residual.", at[, 2], ".", at[, 1]))
  slopes <- c(animal.Intercept = 2, animal.Intercept.time = 0.3, animal.time = 0.2)
  list(
    related = list(X = X, Z = Z, G = 2 * A, R = diag(3, n), y = data$y,
      fit = lmmfit(y ~ herd + season + time + (1 | gr(animal, cov = A)), data,
        hold = c(animal = 2, residual = 3))),
    slopes = list(X = X, Z = lines, G = kronecker(A, sigma), R = diag(3, n), y = data$y,
      fit = lmmfit(y ~ herd + season + time + (1 + time | gr(animal, cov = A)), data,
        hold = c(slopes, residual = 3))),
    autoregressive = list(X = X, Z = lines, G = kronecker(diag(8)[-1, -1], sigma),
      R = 3 * same * 0.5^lag, y = data$y,
      fit = lmmfit(y ~ herd + season + time + (1 + time | animal), data,
        residual = ~ ar1(visit | animal),
        hold = c(slopes, residual.variance = 3, residual.rho = 0.5))),
    unstructured = list(X = X, Z = Z, G = 2 * A, R = us, y = data$y,
      fit = lmmfit(y ~ herd + season + time + (1 | gr(animal, cov = A)), data,
        residual = ~ us(visit | animal),
        hold = c(animal = 2, stats::setNames(visits[at], us_names))))
  )
}

lecture <- lecture_cases()
lecture$autoregressive$Z <- lecture$autoregressive$Z[, -(1:2)]  # animal 1 has no records

test_that("least squares: Brassica napus", {
  data <- data.frame(y = c(3.4, 3.7, 3.2, 2.9, 2.5, 3.1, 2.6), a = c(-1, -1, -1, 0, 0, 1, 1))
  data$d <- 1 - abs(data$a)
  fit <- lmmfit(y ~ a + d, data)
  X <- cbind(1, data$a, data$d)
  beta <- solve(t(X) %*% X, t(X) %*% data$y)
  # mu and alpha are the mean and half the difference of the homozygotes' means.
  expect_equal(unname(fixef(fit)), c((103 / 30 + 2.85) / 2, (2.85 - 103 / 30) / 2,
    2.7 - (103 / 30 + 2.85) / 2), tolerance = 1e-10)
  expect_lt(gap(fixef(fit), beta), 1e-10)
  s2 <- sum((data$y - X %*% beta)^2) / 4
  expect_lt(gap(vcov(fit), solve(t(X) %*% X) * s2), 1e-10)
})

for (name in names(lecture)) {
  test_that(paste("BLUE and BLUP through V and through the equations:", name), {
    case <- lecture[[name]]
    X <- case$X
    Z <- case$Z
    y <- case$y
    fit <- case$fit
    kept <- !is.na(fixef(fit))
    expect_identical(names(fixef(fit))[!kept], "seasonwet")
    u_fit <- as.vector(t(as.matrix(ranef(fit)[[1]])))
    V <- Z %*% case$G %*% t(Z) + case$R
    Vi <- solve(V)
    beta <- solve(t(X) %*% Vi %*% X, t(X) %*% Vi %*% y)
    u <- case$G %*% t(Z) %*% Vi %*% (y - X %*% beta)
    expect_lt(gap(fixef(fit)[kept], beta), 1e-8)
    expect_lt(gap(u_fit, u), 1e-8)
    expect_lt(gap(vcov(fit)[kept, kept], solve(t(X) %*% Vi %*% X)), 1e-8)

    Ri <- solve(case$R)
    Gi <- solve(case$G)
    C <- rbind(cbind(t(X) %*% Ri %*% X, t(X) %*% Ri %*% Z),
      cbind(t(Z) %*% Ri %*% X, t(Z) %*% Ri %*% Z + Gi))
    solution <- solve(C, c(t(X) %*% Ri %*% y, t(Z) %*% Ri %*% y))
    expect_lt(gap(solution, c(beta, u)), 1e-8)
    equations <- mme(fit)
    expect_lt(gap(as.matrix(equations$coefficient), C), 1e-8)
    expect_lt(gap(equations$solution, solution), 1e-8)

    M <- solve(t(Z) %*% Ri %*% Z + Gi)
    expect_lt(gap(Ri - Ri %*% Z %*% M %*% t(Z) %*% Ri, Vi), 1e-8)
    expect_lt(gap(M %*% t(Z) %*% Ri %*% (y - X %*% beta), u), 1e-8)

    Ci <- solve(C)
    errors <- attr(ranef(fit, se = TRUE)[[1]], "se")
    expect_lt(gap(t(as.matrix(errors)), sqrt(diag(Ci)[-seq_len(ncol(X))])), 1e-8)
    through_v <- mme(fit, form = "V")
    expect_lt(gap(through_v$V, V), 1e-8)
    expect_lt(gap(through_v$blup, u), 1e-8)
    expect_lt(gap(through_v$pev, Ci[-seq_len(ncol(X)), -seq_len(ncol(X))]), 1e-8)

    # Both parts of the gradient of the joint density are zero at the solution.
    e <- y - X %*% fixef(fit)[kept] - Z %*% u_fit
    expect_lt(gap(c(t(X) %*% Ri %*% e, t(Z) %*% Ri %*% e - Gi %*% u_fit), 0), 1e-8)
  })

  test_that(paste("F of an estimable K'beta:", name), {
    case <- lecture[[name]]
    Vi <- solve(case$Z %*% case$G %*% t(case$Z) + case$R)
    covariance <- solve(t(case$X) %*% Vi %*% case$X)
    beta <- covariance %*% t(case$X) %*% Vi %*% case$y
    K <- rbind(c(0, 1, 0), c(0, 0, 1))
    by_hand <- t(K %*% beta) %*% solve(K %*% covariance %*% t(K), K %*% beta) / 2
    # season is dropped: with its column, herd + season is estimable and herd alone is not.
    found <- contest(case$fit, rbind(c(0, 1, 1, 0), c(0, 0, 0, 1)), ddf = "none")
    expect_lt(gap(found$joint$F, by_hand), 1e-8)
    expect_false(is_estimable(case$fit, c(0, 1, 0, 0)))
  })
}

test_that("BLUP is the conditional expectation: its regression on the true effects", {
  case <- lecture$related
  V <- case$Z %*% case$G %*% t(case$Z) + case$R
  blup <- case$G %*% t(case$Z) %*% solve(V)
  # Cov(u, E[u | y]) = Var(E[u | y]) at known beta.
  expect_lt(gap(case$G %*% t(case$Z) %*% t(blup), blup %*% V %*% t(blup)), 1e-10)
})

test_that("a model in one stage is the two stages put into each other: X_i = Z_i W_i", {
  growth <- as.data.frame(nlme::Orthodont)
  fit <- lmmfit(distance ~ Sex * age + (1 + age | Subject), growth)
  two <- two_stage(distance ~ age | Subject, ~Sex, growth)
  X <- model.matrix(fit)[, c("(Intercept)", "SexFemale", "age", "SexFemale:age")]
  by_subject <- lapply(levels(growth$Subject), function(id) {
    own <- growth[growth$Subject == id, ]
    Z <- cbind(1, own$age)
    W <- kronecker(diag(2), t(c(1, own$Sex[1] == "Female")))
    list(rows = which(growth$Subject == id), X = Z %*% W)
  })
  for (part in by_subject) expect_lt(gap(X[part$rows, ], part$X), 1e-12)
  expect_identical(names(coef(two)), colnames(X))
})
