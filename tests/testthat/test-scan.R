# Scans of markers, against P = V^-1 - V^-1 X (X'V^-1 X)^- X'V^-1 written densely (the score test of
# Kang et al. 2010) and against fits with the marker as a covariate.

genotypes <- function(n, m, seed, gaps = 0) {
  set.seed(seed)
  M <- matrix(stats::rbinom(n * m, 2L, rep(stats::runif(m, 0.1, 0.9), each = n)), n)
  M[stats::runif(n * m) < gaps] <- NA
  dimnames(M) <- list(paste0("L", seq_len(n)), paste0("m", seq_len(m)))
  M
}

# Lines in two environments, one record in each, some in one alone.
line_records <- function(M, seed = 1) {
  set.seed(seed)
  d <- expand.grid(line = rownames(M), env = c("E1", "E2"), stringsAsFactors = FALSE)
  d <- d[-seq.int(1, nrow(d), 7), ]
  d$x <- stats::rnorm(nrow(d))
  d$y <- 10 + (d$env == "E2") + as.vector(M[d$line, 1:5] %*% stats::rnorm(5)) +
    stats::rnorm(nrow(d), sd = ifelse(d$env == "E1", 1, 2))
  d
}

dense_projection <- function(fit, X) {
  V <- as.matrix(mme(fit, form = "V")$V)
  W <- solve(V)
  W - W %*% X %*% solve(crossprod(X, W %*% X), crossprod(X, W))
}

M <- genotypes(40, 30, 1)
d <- line_records(M)
G <- grm(M) + diag(0.01, 40)
two_variances <- lmmfit(y ~ env + x + (1 | gr(line, cov = G)), d, residual = ~ diag(env))

test_that("effects, errors and tests of one effect a marker are those of the dense formula", {
  fits <- list(
    two_variances,
    lmmfit(y ~ env + (1 | gr(line, cov = grm(M))), d, weights = 1 + x^2),
    lmmfit(y ~ x + (1 | gr(line, cov = G)), d, residual = ~ us(env | line)),
    lmmfit(y ~ env + x, d),
    lmmfit(y ~ env + us(env | gr(line, cov = G)), d, method = "ML", hold = c(line.E1.E2 = 0.2))
  )
  fixed <- list(~ env + x, ~ env, ~ x, ~ env + x, ~ env)
  for (k in seq_along(fits)) {
    P <- dense_projection(fits[[k]], model.matrix(fixed[[k]], d))
    found <- scan(fits[[k]], M, d$line)
    x <- M[d$line, ]
    information <- colSums(x * (P %*% x))
    effect <- unname(drop(crossprod(x, P %*% d$y)) / information)
    expect_equal(found$effect, effect, tolerance = 1e-8)
    expect_equal(found$se, unname(1 / sqrt(information)), tolerance = 1e-8)
    expect_equal(found$p.value, 2 * pnorm(-abs(found$effect / found$se)), tolerance = 1e-12)
    expect_equal(found$frequency, unname(colMeans(M[unique(d$line), ]) / 2), tolerance = 1e-14)
  }
})

test_that("they are those of a fit with the marker and the same variances", {
  v <- varcomp(two_variances)
  held <- stats::setNames(v$estimate, v$parameter)
  found <- scan(two_variances, M)
  for (j in c(3, 17)) {
    d$marker <- M[d$line, j]
    again <- lmmfit(y ~ env + x + marker + (1 | gr(line, cov = G)), d, residual = ~ diag(env),
      hold = held)
    table <- contest(again, c(marker = 1), joint = FALSE, ddf = "none")$table
    expect_equal(found$effect[j], table$estimate, tolerance = 1e-8)
    expect_equal(found$se[j], table$se, tolerance = 1e-8)
    expect_equal(found$statistic[j], table$statistic, tolerance = 1e-8)
  }
})

test_that("several effects of a marker are tested together and by their interaction", {
  P <- dense_projection(two_variances, model.matrix(~ env + x, d))
  centred <- scale(M, scale = FALSE, center = colMeans(M[unique(d$line), ]))
  for (by in list(~ 0 + env, ~ env, ~ x)) {
    found <- scan(two_variances, M, by = by)
    D <- model.matrix(by, d)
    for (j in c(1, 12)) {
      x <- centred[d$line, j] * D
      A <- solve(crossprod(x, P %*% x))
      b <- drop(A %*% crossprod(x, P %*% d$y))
      expect_equal(unlist(found[j, paste0("effect.", colnames(D))]), b, ignore_attr = TRUE,
        tolerance = 1e-8)
      expect_equal(unlist(found[j, paste0("se.", colnames(D))]), sqrt(diag(A)), ignore_attr = TRUE,
        tolerance = 1e-8)
      chi_square <- drop(crossprod(b, solve(A, b)))
      expect_equal(found$statistic[j], chi_square, tolerance = 1e-8)
      expect_equal(found$p.value[j], pchisq(chi_square, ncol(D), lower.tail = FALSE),
        tolerance = 1e-8)
      if (identical(by, ~ 0 + env)) expect_null(found$p.interaction) else
        expect_equal(found$p.interaction[j], pchisq(b[2]^2 / A[2, 2], 1, lower.tail = FALSE),
          ignore_attr = TRUE, tolerance = 1e-8)
    }
  }
})

test_that("several responses have an effect each", {
  set.seed(3)
  w <- data.frame(line = rownames(M), a = rnorm(40) + M[, 1], b = rnorm(40) + M[, 2])
  fit <- lmmfit(cbind(a, b) ~ trait + us(0 + trait | gr(line, cov = G)), w,
    residual = ~ us(trait | unit))
  found <- scan(fit, M, by = ~ 0 + trait)
  long <- fit$frame
  P <- dense_projection(fit, model.matrix(~ trait, long))
  x <- M[as.character(long$line), 4] * model.matrix(~ 0 + trait, long)
  b <- solve(crossprod(x, P %*% x), crossprod(x, P %*% long[[1]]))
  expect_equal(unlist(found[4, c("effect.traita", "effect.traitb")]), drop(b), ignore_attr = TRUE,
    tolerance = 1e-7)
})

test_that("a missing genotype is the mean of its marker", {
  gaps <- genotypes(40, 30, 1, gaps = 0.1)
  filled <- apply(gaps, 2, function(x) replace(x, is.na(x), mean(x, na.rm = TRUE)))
  found <- scan(two_variances, gaps)
  expect_equal(found$effect, scan(two_variances, filled)$effect, tolerance = 1e-10)
  expect_identical(found$missing, unname(colSums(is.na(gaps))) + 0)
})

test_that("what a marker does not tell apart is NA", {
  S <- cbind(M[, 1:3], same = 1, all = as.numeric(rownames(M) %in% rownames(M)[1:20]))
  d$group <- as.numeric(d$line %in% rownames(M)[1:20])
  fit <- lmmfit(y ~ env + group + (1 | line), d)
  found <- scan(fit, S)
  expect_identical(is.na(found$p.value), c(FALSE, FALSE, FALSE, TRUE, TRUE))
  expect_identical(is.na(found$effect), is.na(found$p.value))
  # In E2 alone it varies: no effect in E1.
  one <- matrix(0, 40, 2, dimnames = list(rownames(M), c("one", "m1")))
  one[, 2] <- M[, 1]
  one[setdiff(d$line[d$env == "E2"], d$line[d$env == "E1"])[1:2], 1] <- 1
  found <- scan(two_variances, one, by = ~ 0 + env)
  expect_identical(found$df, c(1, 2))
  expect_identical(is.na(found$effect.envE1), c(TRUE, FALSE))
  z <- (found$effect.envE2 / found$se.envE2)[1]
  expect_equal(found$p.value[1], pchisq(z^2, 1, lower.tail = FALSE))
})

test_that("calibrated denominators are a mean ratio, and exact for the best", {
  M <- genotypes(60, 800, 5)
  d <- line_records(M, 5)
  d$y <- d$y + 3 * M[d$line, 100]
  fit <- lmmfit(y ~ env + (1 | gr(line, cov = grm(M))), d)
  exact <- scan(fit, M)
  found <- scan(fit, M, denominators = "calibrated")
  best <- found$p.value < 1e-3
  expect_gt(sum(best), 0)
  expect_equal(found$se[best], exact$se[best], tolerance = 1e-12)
  m <- scale(M[unique(d$line), ], scale = FALSE)
  ratio <- 1 / exact$se^2 / colSums(m^2)
  used <- attr(found, "scan")$calibration[1, "ratio"]
  expect_equal(1 / found$se[!best]^2, unname(used * colSums(m^2)[!best]), tolerance = 1e-10)
  expect_lt(abs(used - mean(ratio)), 4 * sd(ratio) / sqrt(500))
  expect_equal(found$effect[!best] / found$se[!best]^2, exact$effect[!best] / exact$se[!best]^2,
    tolerance = 1e-10)
})

test_that("each chromosome is tested under the relationship of the others", {
  map <- data.frame(marker = rev(colnames(M)), chromosome = rev(rep(c("2", "10", "X"), each = 10)),
    position = rep(10:1, 3))
  fit <- lmmfit(y ~ env + x + (1 | gr(line, cov = grm(M))), d, residual = ~ diag(env))
  found <- scan(fit, M, map = map, loco = TRUE)
  for (chromosome in unique(map$chromosome)) {
    own <- map$marker[map$chromosome == chromosome]
    others <- grm(M[, setdiff(colnames(M), own)])
    by_hand <- lmmfit(y ~ env + x + (1 | gr(line, cov = others)), d, residual = ~ diag(env))
    expected <- scan(by_hand, M[, own])
    at <- match(own, found$marker)
    expect_equal(found$statistic[at], expected$statistic, tolerance = 1e-6)
    expect_identical(found$chromosome[at], rep(chromosome, 10))
  }
  expect_identical(found$marker, colnames(M))
})

test_that("the best are fitted with all variances estimated", {
  found <- scan(two_variances, M, refit = 2)
  refitted <- attr(found, "refitted")
  best <- order(found$p.value)[1:2]
  expect_identical(refitted$marker, colnames(M)[best])
  d$marker <- M[d$line, best[2]]
  again <- lmmfit(y ~ env + x + marker + (1 | gr(line, cov = G)), d, residual = ~ diag(env))
  expect_equal(unlist(refitted[2, -1]), coef(summary(again))["marker", ], ignore_attr = TRUE,
    tolerance = 1e-5)
})

# Genotypes by hand: 00 two copies, 10 one, 11 none, 01 missing, the first in the lowest bits.
write_plink <- function(M, prefix) {
  code <- ifelse(is.na(M), 1L, c(3L, 2L, 0L)[M + 1L])
  code <- rbind(code, matrix(0L, -nrow(M) %% 4L, ncol(M)))
  bytes <- apply(code, 2L, function(x) colSums(matrix(x, 4L) * c(1L, 4L, 16L, 64L)))
  writeBin(as.raw(c(0x6c, 0x1b, 0x01, bytes)), paste0(prefix, ".bed"))
  chromosome <- rep(1:2, length.out = ncol(M))
  writeLines(paste(sort(chromosome), colnames(M), 0, seq_len(ncol(M)), "A", "G"),
    paste0(prefix, ".bim"))
  writeLines(paste("fam", rownames(M), 0, 0, 0, -9), paste0(prefix, ".fam"))
}

test_that("files of PLINK give the same numbers", {
  prefix <- tempfile()
  gaps <- genotypes(41, 30, 1, gaps = 0.1)
  write_plink(gaps, prefix)
  markers <- read_plink(prefix)
  expect_identical(dim(markers), dim(gaps))
  expect_identical(dimnames(markers), dimnames(gaps))
  expect_equal(as.matrix(markers), gaps + 0)
  expect_equal(suppressMessages(grm(markers)), suppressMessages(grm(gaps)), tolerance = 1e-12)
  found <- scan(two_variances, markers)
  expect_equal(found$p.value, scan(two_variances, gaps)$p.value, tolerance = 1e-10)
  expect_identical(found$chromosome, rep(c("1", "2"), each = 15))
  expect_snapshot(print(markers), transform = function(x) sub("in .*bed", "in file.bed", x))
  loco <- scan(two_variances, markers, loco = TRUE)
  expect_equal(loco$p.value,
    scan(two_variances, gaps, map = markers$map, loco = TRUE)$p.value, tolerance = 1e-7)
  writeBin(as.raw(c(0x6c, 0x1b, 0x01, 1, 2)), paste0(prefix, ".bed"))
  expect_error(read_plink(prefix), "has 5 bytes, not the 333 of 41 animals and 30 markers")
  writeBin(as.raw(c(0x6c, 0x1b, 0x00, 1, 2)), paste0(prefix, ".bed"))
  expect_error(read_plink(prefix), "no genotypes marker by marker")
  writeLines("1 m1 0 3 A", paste0(prefix, ".bim"))
  expect_error(read_plink(prefix), "line 1 has 5 columns, not 6")
  expect_error(read_plink("nowhere"), "there is no such file")
})

test_that("dosages of any ploidy", {
  four <- genotypes(40, 30, 1) + genotypes(40, 30, 2)
  found <- scan(two_variances, four, ploidy = 4)
  expect_equal(found$frequency, unname(colMeans(four[unique(d$line), ])) / 4, tolerance = 1e-14)
  expect_error(scan(two_variances, four), "genotypes that are not between 0 and 2")
  p <- colMeans(four) / 4
  Z <- scale(four, scale = FALSE)
  expect_equal(grm(four, ploidy = 4), tcrossprod(Z) / sum(4 * p * (1 - p)), ignore_attr = TRUE,
    tolerance = 1e-12)
  expect_error(grm(four), "must lie between 0 and 2")
  expect_error(grm(four, "dominance", ploidy = 4), "2 for dominance")
})

test_that("what is wrong is said", {
  expect_error(scan(two_variances), "`markers`")
  expect_error(scan(two_variances, M[-1, ]),
    "No grouping factor .* `individual = \"id\"`.*\"line\"")
  expect_error(scan(two_variances, M[-1, ], "line"),
    "1 level of `line` is not in `markers`: \"L1\"")
  expect_error(scan(two_variances, M[-(1:2), ], "line"), "2 levels of `line` are not in `markers`")
  expect_error(scan(two_variances, M, "lien"), "no factor \"lien\".*Did you mean \"line\"")
  expect_error(scan(two_variances, unname(M)), "40 rows without names, and the fit 68 records")
  expect_error(scan(two_variances, "M"), "must be a numeric matrix")
  expect_error(scan(two_variances, M, by = ~ row), "no variable \"row\"")
  expect_error(scan(two_variances, M, by = "env"), "`by` must be a formula")
  expect_error(scan(lmmfit(y ~ env + (0 + x | line), d), M, by = ~ x),
    "`x` is not in the fixed part")
  expect_error(scan(two_variances, M, loco = TRUE), "needs the chromosomes")
  expect_error(scan(two_variances, M, map = data.frame(chromosome = 1, pos = 1)),
    "no column \"position\"")
  expect_error(scan(two_variances, M, map = data.frame(chromosome = 1, position = 1)),
    "has 1 row for 30 markers")
  map <- data.frame(marker = colnames(M)[-3], chromosome = 1, position = 1:29)
  expect_error(scan(two_variances, M, map = map), "1 marker is not in `map`: \"m3\"")
  one <- data.frame(chromosome = 1, position = 1:30)
  expect_error(scan(two_variances, M, map = one, loco = TRUE), "All markers are on one chromosome")
  no_term <- lmmfit(y ~ env + (1 | line), d)
  expect_error(scan(no_term, M, map = data.frame(chromosome = rep(1:2, 15), position = 1:30),
    loco = TRUE), "needs a random term with a relationship")
  expect_error(scan(two_variances, M, by = ~ env, denominators = "calibrated"), "for one effect")
  expect_error(scan(two_variances, M, refits = 3), "refits.*refit")
})

test_that("base::scan() is what it was", {
  expect_identical(scan(text = "1 2 3", quiet = TRUE), c(1, 2, 3))
  file <- tempfile()
  writeLines("a b", file)
  expect_identical(scan(file, "", quiet = TRUE), c("a", "b"))
  expect_identical(scan(file = file, what = "", quiet = TRUE), c("a", "b"))
})

test_that("a scan prints and draws", {
  local_reproducible_output(width = 100)
  map <- data.frame(chromosome = rep(1:3, each = 10), position = rep(1:10, 3))
  found <- scan(two_variances, M, map = map, refit = 1)
  expect_snapshot(print(found, 3))
  expect_snapshot(print(scan(two_variances, M, denominators = "calibrated"), 0))
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  for (type in c("manhattan", "qq")) {
    expect_s3_class(plot(found, type), "data.frame")
    expect_s3_class(ggplot2::ggplot_build(ggplot2::autoplot(found, type)), "ggplot_built")
  }
  data <- plot(found)
  expect_equal(data$height, -log10(found$p.value))
  expect_true(all(diff(data$at) > 0))
})
