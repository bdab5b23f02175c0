# snp(): the equations of SNP-BLUP written out, with one variance for all markers (Meuwissen, Hayes
# & Goddard 2001), and the equivalent GBLUP by grm().

genotypes <- function(n, p, seed) {
  set.seed(seed)
  frequency <- stats::runif(p, 0.2, 0.8)
  M <- matrix(stats::rbinom(n * p, 2, rep(frequency, each = n)), n)
  dimnames(M) <- list(paste0("L", seq_len(n)), paste0("m", seq_len(p)))
  M
}

trial <- function(M, seed = 3) {
  set.seed(seed)
  data <- data.frame(line = rownames(M), x = stats::rnorm(nrow(M)))
  data$M <- unname(M)
  data$y <- 2 + data$x + drop(M %*% stats::rnorm(ncol(M), 0, 0.2)) + stats::rnorm(nrow(M))
  data
}

# Effects and their error variances: (W'W + diag(0, lambda I))^-1 of W = [X, Z].
snp_blup <- function(y, X, Z, variance, residual) {
  W <- cbind(X, Z)
  C <- crossprod(W) / residual + diag(c(rep(0, ncol(X)), rep(1 / variance, ncol(Z))))
  inverse <- solve(C)
  solution <- inverse %*% crossprod(W, y) / residual
  markers <- ncol(X) + seq_len(ncol(Z))
  list(beta = solution[-markers], effect = solution[markers], pev = unname(diag(inverse)[markers]),
    C = inverse)
}

test_that("markers fewer and more than lines: SNP-BLUP and GBLUP are one model", {
  for (p in c(25, 150)) {
    M <- genotypes(60, p, p)
    data <- trial(M)
    G <- grm(M)
    held <- c(line = 2, residual = 1.3)
    gblup <- lmmfit(y ~ x + (1 | gr(line, cov = G)), data, hold = held)
    by_line <- lmmfit(y ~ x + snp(M | line), data, hold = held)
    fit <- lmmfit(y ~ x + snp(M), data, hold = c(M = 2, residual = 1.3))
    expect_identical(varcomp(fit)$parameter, c("M", "residual"))
    for (other in list(by_line, fit)) {
      expect_equal(logLik(other), logLik(gblup), tolerance = 1e-10)
      expect_equal(unname(ranef(other)[[1L]][[1L]]), ranef(gblup)$line[data$line, 1L],
        tolerance = 1e-8)
      expect_equal(reliability(other)$pev, reliability(gblup)$pev, tolerance = 1e-8)
    }
    q <- colMeans(M) / 2
    Z <- sweep(M, 2L, 2 * q)
    divisor <- sum(2 * q * (1 - q))
    dense <- snp_blup(data$y, cbind(1, data$x), Z, 2 / divisor, 1.3)
    found <- marker_effects(fit, se = TRUE)
    expect_equal(unname(fixef(fit)), dense$beta, tolerance = 1e-9)
    expect_equal(found$estimate, dense$effect, tolerance = 1e-8)
    expect_equal(found$pev, dense$pev, tolerance = 1e-7)
    expect_equal(found$frequency, unname(q))
    expect_identical(marker_effects(by_line)$marker, colnames(M))
    expect_equal(marker_effects(by_line)$estimate, dense$effect, tolerance = 1e-8)
    expect_equal(drop(Z %*% dense$effect), ranef(by_line)$line[rownames(M), 1L],
      tolerance = 1e-8, ignore_attr = TRUE)
    free <- lmmfit(y ~ x + snp(M), data)
    expect_equal(logLik(free), logLik(lmmfit(y ~ x + (1 | gr(line, cov = G)), data)),
      tolerance = 1e-8)
  }
})

test_that("new genotypes are predicted by the effects of markers, with what these do not tell", {
  for (p in c(25, 150)) {
    M <- genotypes(60, p, p)
    data <- trial(M)
    fit <- lmmfit(y ~ x + snp(M), data, hold = c(M = 2, residual = 1.3))
    expect_equal(predict(fit, data), fitted(fit))
    q <- colMeans(M) / 2
    divisor <- sum(2 * q * (1 - q))
    dense <- snp_blup(data$y, cbind(1, data$x), sweep(M, 2L, 2 * q), 2 / divisor, 1.3)
    new <- data.frame(x = c(0, 1, -1))
    new$M <- unname(genotypes(3, p, 99))
    new$M[3, ] <- data$M[7, ]
    w <- cbind(1, new$x, sweep(new$M, 2L, 2 * q))
    found <- predict(fit, new, se = TRUE)
    expect_equal(unname(found$fit), drop(w %*% c(dense$beta, dense$effect)), tolerance = 1e-8)
    expect_equal(unname(found$se.fit^2), diag(w %*% dense$C %*% t(w)), tolerance = 1e-7)
    draws <- as.matrix(simulate(fit, 5000, seed = 1, newdata = new))
    expect_equal(unname(rowMeans(draws)), drop(w[, 1:2] %*% fixef(fit)), tolerance = 0.1)
  }
  short <- new
  short$M <- new$M[, -1]
  expect_error(predict(fit, short), "lacks the column", class = "henderson_error_new_level")
})

test_that("the codings of grm(), records of one genotype, and missing genotypes", {
  M <- genotypes(40, 90, 5)
  M[cbind(c(1, 5, 9), c(2, 2, 80))] <- NA
  for (method in c("VanRaden1", "VanRaden2", "dominance")) {
    data <- trial(genotypes(40, 90, 5))[rep(1:40, 2), ]
    data$M <- unname(M)[rep(1:40, 2), ]
    data$y <- data$y + rnorm(80)
    G <- suppressMessages(grm(M, method))
    label <- if (method == "VanRaden1") "M" else paste0("M.", method)
    expect_message(fit <- lmmfit(as.formula(paste0("y ~ x + snp(M, method = \"", method, "\")")),
      data, hold = stats::setNames(c(2, 1), c(label, "residual"))), "3 missing genotypes")
    expect_identical(nobs(fit), 80L)
    expect_identical(nrow(ranef(fit)[[label]]), 40L)
    other <- suppressMessages(lmmfit(y ~ x + (1 | gr(line, cov = G)), data,
      hold = c(line = 2, residual = 1)))
    expect_equal(logLik(fit), logLik(other), tolerance = 1e-10)
    expect_equal(predict(fit, data), fitted(other), tolerance = 1e-8, ignore_attr = TRUE)
    same <- suppressMessages(lmmfit(y ~ x + (1 | gr(line, markers = snp(M, method))), data,
      hold = c(line = 2, residual = 1)))
    expect_equal(logLik(same), logLik(other), tolerance = 1e-10)
    # Effects are those of copies of the allele: the breeding values are their sums.
    effect <- marker_effects(same)
    q <- effect$frequency
    Z <- t(M) - 2 * q
    if (method == "dominance") {
      Z <- t(apply(cbind(q, t(M)), 1L, function(x) {
        c(-2 * x[1]^2, 2 * x[1] * (1 - x[1]), -2 * (1 - x[1])^2)[x[-1] + 1]
      }))
    }
    Z[is.na(Z)] <- 0
    expect_equal(drop(crossprod(Z, effect$estimate)), ranef(same)$line[rownames(M), 1L],
      tolerance = 1e-8, ignore_attr = TRUE)
  }
  both <- suppressMessages(lmmfit(y ~ x + snp(M) + snp(M, method = "dominance"), data,
    hold = c(M = 1, M.dominance = 0.5, residual = 1)))
  expect_identical(names(ranef(both)), c("M", "M.dominance"))
  expect_false(isTRUE(all.equal(marker_effects(both)$estimate,
    marker_effects(both, "M.dominance")$estimate)))
})

test_that("other ploidy, and genotypes in a file", {
  set.seed(11)
  M <- matrix(stats::rbinom(30 * 60, 4, 0.4), 30, dimnames = list(paste0("L", 1:30), NULL))
  data <- trial(M)
  for (method in c("VanRaden1", "VanRaden2")) {
    G <- grm(M, method, ploidy = 4)
    fit <- lmmfit(y ~ x + (1 | gr(line, markers = snp(M, method, ploidy = 4))), data,
      hold = c(line = 2, residual = 1))
    expect_equal(logLik(fit), logLik(lmmfit(y ~ x + (1 | gr(line, cov = G)), data,
      hold = c(line = 2, residual = 1))), tolerance = 1e-10)
    effect <- marker_effects(fit)
    expect_equal(drop((M - 4 * rep(effect$frequency, each = 30)) %*% effect$estimate),
      ranef(fit)$line[rownames(M), 1L], tolerance = 1e-8, ignore_attr = TRUE)
  }
  # 0x38 and 0x0e: genotypes of three animals at two bits each, read by read_plink().
  prefix <- tempfile()
  writeBin(as.raw(c(0x6c, 0x1b, 0x01, 0x38, 0x0e)), paste0(prefix, ".bed"))
  writeLines(c("1 m1 0 100 A G", "1 m2 0 200 C T"), paste0(prefix, ".bim"))
  writeLines(paste("f", c("a", "b", "c"), "0 0 0 -9"), paste0(prefix, ".fam"))
  markers <- read_plink(prefix)
  data <- data.frame(line = rep(c("a", "b", "c"), 4), y = stats::rnorm(12))
  held <- c(line = 1, residual = 1)
  G <- grm(as.matrix(markers))
  fit <- lmmfit(y ~ 1 + snp(markers | line), data, hold = held)
  expect_equal(logLik(fit), logLik(lmmfit(y ~ 1 + (1 | gr(line, cov = G)), data, hold = held)),
    tolerance = 1e-10)
  expect_identical(marker_effects(fit)$marker, c("m1", "m2"))
})

test_that("structures of coefficients, lines without records, and a fit that was saved", {
  M <- genotypes(30, 70, 8)
  data <- rbind(transform(trial(M), env = "A"), transform(trial(M, 4), env = "B"))[-(1:2), ]
  held <- c(line.A = 1, line.A.B = 0.4, line.B = 2, residual = 1)
  G <- grm(M)
  fit <- lmmfit(y ~ env + us(env | gr(line, markers = M)), data, hold = held)
  other <- lmmfit(y ~ env + us(env | gr(line, cov = G)), data, hold = held)
  expect_equal(logLik(fit), logLik(other), tolerance = 1e-10)
  file <- tempfile()
  saveRDS(fit, file)
  effect <- marker_effects(readRDS(file), se = TRUE)
  expect_setequal(effect$coefficient, c("envA", "envB"))
  # Cov(a, y): of both environments at once.
  q <- colMeans(M) / 2
  Z <- sweep(M, 2L, 2 * q)[data$line, ]
  divisor <- sum(2 * q * (1 - q))
  Sigma <- matrix(c(1, 0.4, 0.4, 2), 2)
  wide <- cbind(Z * (data$env == "A"), Z * (data$env == "B"))
  G0 <- kronecker(Sigma, diag(70)) / divisor
  V <- wide %*% G0 %*% t(wide) + diag(nrow(data))
  X <- model.matrix(~env, data)
  P <- solve(V) - solve(V, X) %*% solve(t(X) %*% solve(V, X), t(X) %*% solve(V))
  expect_equal(effect$estimate, drop(G0 %*% t(wide) %*% P %*% data$y), tolerance = 1e-8,
    ignore_attr = TRUE)
  expect_equal(effect$pev, diag(G0 - G0 %*% t(wide) %*% P %*% wide %*% G0), tolerance = 1e-7)
  few <- lmmfit(y ~ 1 + snp(M | line), data[data$line != "L9", ], hold = c(line = 1, residual = 1))
  expect_true("L9" %in% rownames(ranef(few)$line))
  expect_identical(rownames(ranef(lmmfit(y ~ env + diag(env | snp(M)), data,
    hold = c(M.A = 1, M.B = 1)))$M)[1:2], rownames(data)[1:2])
})

test_that("several responses, all other columns, and weights", {
  M <- genotypes(30, 70, 8)
  data <- trial(M)
  data$z <- data$y + stats::rnorm(30)
  G <- grm(M)
  two <- lmmfit(cbind(y, z) ~ x + (1 | gr(line, cov = G)), data)
  for (formula in c(cbind(y, z) ~ x + snp(M), cbind(y, z) ~ x + us(0 + trait | snp(M)),
    cbind(y, z) ~ x + snp(M | line))) {
    by_line <- "line" %in% all.vars(formula)
    own <- if (by_line) replace(data, "M", list(NULL)) else data
    environment(formula) <- environment()
    expect_equal(logLik(lmmfit(formula, own)), logLik(two), tolerance = 1e-8)
  }
  expect_equal(logLik(lmmfit(y ~ . + snp(M), data[c("y", "x", "M")])),
    logLik(lmmfit(y ~ x + (1 | gr(line, cov = G)), data)), tolerance = 1e-8)
  data$w <- stats::runif(30, 0.5, 2)
  held <- lmmfit(y ~ x + snp(M), data, weights = w, hold = c(M = 2, residual = 1))
  expect_equal(logLik(held), logLik(lmmfit(y ~ x + (1 | gr(line, cov = G)), data, weights = w,
    hold = c(line = 2, residual = 1))), tolerance = 1e-10)
})

test_that("what cannot be used is refused", {
  M <- genotypes(20, 30, 1)
  data <- trial(M)
  refused <- function(formula, text, class) {
    expect_error(suppressMessages(lmmfit(formula, data)), text,
      class = paste0("henderson_error_", class))
  }
  refused(y ~ snp(x), "no numeric matrix", "relationship")
  refused(y ~ snp(), "not understood", "grm")
  refused(y ~ x * snp(M), "within another term", "bar")
  refused(y ~ snp(M, chromosome = 4), "not understood", "grm")
  refused(y ~ (1 | snp(M | line)), "more than one bar", "bar")
  refused(y ~ snp(M[1:10, ] | line), "10 levels of the data", "relationship")
  refused(y ~ snp(unname(M) | line), "no row names", "relationship")
  refused(y ~ snp(M, method = "Yang"), "VanRaden1", "argument")
  data$M[3, 4] <- 5
  refused(y ~ snp(M), "between 0 and 2", "grm")
  fit <- lmmfit(y ~ x, data)
  expect_error(marker_effects(fit), "no term", class = "henderson_error_term")
  expect_error(in_asreml(lmmfit(y ~ x + snp(M | line), data)), class = "henderson_error_asreml")
  expect_output(print(snp(M)), "20 individuals, 30 of 30 markers")
})

test_that("columns of a matrix under one level have one variance, or are told how", {
  set.seed(1)
  d <- data.frame(y = rnorm(20), all = "all")
  d$M <- matrix(rnorm(100), 20)
  one <- lmmfit(y ~ 1 + id(0 + M | all), d)
  expect_equal(logLik(one), logLik(lmmfit(y ~ 1 + (1 | mm(M)), d)), ignore_attr = TRUE,
    tolerance = 1e-8)
  expect_error(lmmfit(y ~ 1 + diag(0 + M | all), d), "`\\(1 \\| snp\\(M\\)\\)` of markers")
})
