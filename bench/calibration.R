# Simulation-based calibration of method = "Bayes" (Talts, Betancourt, Simpson, Vehtari & Gelman
# 2018, arXiv 1804.06788): parameters from the prior, data from them, and the posterior probability
# below the truth, which must be uniform.
#   Rscript bench/calibration.R [--n=1000] [--rows=slopes,boundary] [--sampler=importance]
#     [--output=bench/results/calibration]
# sampler=gibbs takes the rows wishart and crossed, whose priors have conditional distributions.
# For each parameter: the largest distance of the distribution function from that of the uniform,
# the p-value of Kolmogorov and Smirnov, and a picture with its simultaneous 95 % band.

source("bench/common.R")
suppressMessages(library(henderson))

arguments <- commandArgs(trailingOnly = TRUE)
n <- as.integer(option(arguments, "n", "1000"))
wanted <- strsplit(option(arguments, "rows", "slopes,pedigree,near_zero,repeated,boundary"),
  ",")[[1]]
sampler <- option(arguments, "sampler", "")
output <- option(arguments, "output", "")

half <- function(n = 1) abs(rnorm(n))
half1 <- half_normal(1)

# Each makes list(truth by the names of the parameters, data) and has a formula and a prior.
rows <- list(
  slopes = list(
    formula = y ~ x + (1 + x | g), prior = function() {
      lmm_prior(g = half1, g.cor = lkj(2), residual = half1, beta = normal(0, 2))
    },
    make = function() {
      data <- data.frame(g = gl(12, 5), x = rep(seq(-1, 1, 0.5), 12))
      s <- half(2)
      r <- 2 * rbeta(1, 2, 2) - 1
      S <- diag(s) %*% matrix(c(1, r, r, 1), 2) %*% diag(s)
      e <- half()
      b <- rnorm(2, 0, 2)
      u <- matrix(rnorm(24), 12) %*% chol(S)
      data$y <- b[1] + b[2] * data$x + u[data$g, 1] + u[data$g, 2] * data$x + rnorm(60, 0, e)
      list(truth = c(S[1, 1], S[1, 2], S[2, 2], e^2), beta = b, data = data)
    }
  ),
  near_zero = list(
    formula = y ~ 1 + (1 | g) + (1 | h), prior = function() {
      lmm_prior(g = half1, h = half_normal(0.05), residual = half1, beta = normal(0, 2))
    },
    make = function() {
      data <- expand.grid(g = factor(1:8), h = factor(1:6))
      s <- c(half(), half() * 0.05, half())
      b <- rnorm(1, 0, 2)
      data$y <- b + rnorm(8, 0, s[1])[data$g] + rnorm(6, 0, s[2])[data$h] + rnorm(48, 0, s[3])
      list(truth = s^2, beta = b, data = data)
    }
  ),
  boundary = list(
    formula = y ~ 1 + (1 | g), prior = function() {
      lmm_prior(g = half1, residual = half1, beta = normal(0, 2))
    },
    make = function() {
      data <- data.frame(g = gl(4, 3))
      s <- half(2)
      b <- rnorm(1, 0, 2)
      data$y <- b + rnorm(4, 0, s[1])[data$g] + rnorm(12, 0, s[2])
      list(truth = s^2, beta = b, data = data)
    }
  ),
  repeated = list(
    formula = y ~ 1, residual = ~ us(visit | id), prior = function() {
      lmm_prior(residual = half1, residual.cor = lkj(2), beta = normal(0, 2))
    },
    make = function() {
      data <- data.frame(id = gl(20, 3), visit = factor(rep(1:3, 20)))
      repeat {
        R <- diag(3)
        R[lower.tri(R)] <- runif(3, -1, 1)
        R[upper.tri(R)] <- t(R)[upper.tri(R)]
        # LKJ(2): by rejection, density proportional to the determinant.
        if (min(eigen(R)$values) > 0 && runif(1) < det(R)) break
      }
      S <- R * tcrossprod(half(3))
      b <- rnorm(1, 0, 2)
      data$y <- b + as.vector(t(matrix(rnorm(60), 20) %*% chol(S)))
      list(truth = S[upper.tri(S, diag = TRUE)], beta = b, data = data)
    }
  ),
  wishart = list(
    formula = y ~ x + (1 + x | g), prior = function() {
      lmm_prior(g = inverse_wishart(diag(2), 6), residual = inverse_gamma(3, 2),
        beta = normal(0, 2))
    },
    make = function() {
      data <- data.frame(g = gl(12, 5), x = rep(seq(-1, 1, 0.5), 12))
      # V is divided by nu, as in MCMCglmm.
      S <- solve(stats::rWishart(1, 6, diag(2) / 6)[, , 1])
      e <- 1 / rgamma(1, 3, 2)
      b <- rnorm(2, 0, 2)
      u <- matrix(rnorm(24), 12) %*% chol(S)
      data$y <- b[1] + b[2] * data$x + u[data$g, 1] + u[data$g, 2] * data$x +
        rnorm(60, 0, sqrt(e))
      list(truth = c(S[upper.tri(S, diag = TRUE)], e), beta = b, data = data)
    }
  ),
  crossed = list(
    formula = y ~ 1 + (1 | g) + (1 | h), prior = function() {
      lmm_prior(g = half_t(5, 0, 1), h = half_t(5, 0, 0.05), residual = half_t(5, 0, 1),
        beta = normal(0, 2))
    },
    make = function() {
      data <- expand.grid(g = factor(1:8), h = factor(1:6))
      s <- abs(rt(3, 5)) * c(1, 0.05, 1)
      b <- rnorm(1, 0, 2)
      data$y <- b + rnorm(8, 0, s[1])[data$g] + rnorm(6, 0, s[2])[data$h] + rnorm(48, 0, s[3])
      list(truth = s^2, beta = b, data = data)
    }
  ),
  pedigree = list(
    formula = y ~ 1 + (1 | gr(animal, pedigree = ped)), prior = function() {
      lmm_prior(shares(animal = 1, residual = 1, total = half1), beta = normal(0, 2))
    },
    make = function() {
      total <- half()^2
      h2 <- runif(1)
      b <- rnorm(1, 0, 2)
      a <- drop(sqrt(total * h2) * pedigree_root %*% rnorm(60))
      data <- data.frame(animal = factor(rep(1:60, 2)))
      data$y <- b + a[data$animal] + rnorm(120, 0, sqrt(total * (1 - h2)))
      list(truth = total * c(h2, 1 - h2), beta = b, data = data)
    }
  )
)

set.seed(1)
ped <- pedigree(data.frame(id = 1:60, sire = c(rep(NA, 20), sample(1:10, 40, TRUE)),
  dam = c(rep(NA, 20), sample(11:20, 40, TRUE))))
pedigree_root <- t(chol(as.matrix(Amatrix(ped))))

ranks_of <- function(row, k) {
  made <- row$make()
  more <- if (nzchar(sampler)) list(sampler = sampler)
  fit <- suppressWarnings(do.call(lmmfit, c(list(row$formula, made$data,
    residual = row$residual %||% ~iid, method = "Bayes", prior = row$prior(), draws = 512,
    seed = k), more)))
  weight <- fit$posterior$weight
  variances <- vapply(seq_along(made$truth), function(j) {
    sum(weight[fit$posterior$values[, j] < made$truth[j]])
  }, 0)
  above <- vapply(seq_along(made$beta), function(j) {
    contest(fit, diag(length(made$beta))[j, , drop = FALSE], rhs = made$beta[j])$table$above
  }, 0)
  stats::setNames(c(variances, 1 - above), c(varcomp(fit)$parameter, names(fixef(fit))))
}

`%||%` <- function(x, y) if (is.null(x)) y else x

# Distances of the distribution functions of the ranks from the diagonal, in the band of Kolmogorov
# and Smirnov.
draw_bands <- function(ranks, file) {
  grDevices::png(file, 900, 500)
  on.exit(grDevices::dev.off())
  band <- 1.36 / sqrt(ncol(ranks))
  graphics::plot(c(0, 1), c(-1, 1) * 1.4 * band, type = "n", xlab = "probability below the truth",
    ylab = "distribution function less the diagonal")
  graphics::abline(h = c(-band, 0, band), col = "grey60", lty = c(2, 1, 2))
  colours <- grDevices::hcl.colors(nrow(ranks), "Dark 2")
  for (k in seq_len(nrow(ranks))) {
    at <- sort(ranks[k, ])
    graphics::lines(at, seq_along(at) / length(at) - at, type = "s", col = colours[k], lwd = 2)
  }
  graphics::legend("topright", rownames(ranks), col = colours, lwd = 2, bty = "n", cex = 0.8)
}

tables <- lapply(wanted, function(name) {
  set.seed(match(name, names(rows)))
  ranks <- vapply(seq_len(n), function(k) ranks_of(rows[[name]], k), ranks_of(rows[[name]], 1))
  if (nzchar(output)) draw_bands(ranks, paste0(output, "-", name, ".png"))
  data.frame(row = name, parameter = rownames(ranks),
    distance = apply(ranks, 1, function(r) suppressWarnings(ks.test(r, "punif"))$statistic),
    p = apply(ranks, 1, function(r) suppressWarnings(ks.test(r, "punif"))$p.value))
})
table <- do.call(rbind, tables)
text <- c(sprintf("# Calibration: %d data sets each%s", n,
  if (nzchar(sampler)) paste(", sampler", sampler) else ""), "",
  "| model | parameter | largest distance | p (Kolmogorov-Smirnov) |", "|---|---|---|---|",
  sprintf("| %s | %s | %.3f | %.3f |", table$row, table$parameter, table$distance, table$p))
if (nzchar(output)) writeLines(text, paste0(output, ".md")) else writeLines(text)
