# Whether REML recovers the parameters of a breeding programme's models: estimates of simulated data
# against the truth, and how often nominal 95 % intervals (Wald, on the scales of confint()) cover.
#   Rscript bench/recovery.R [--runs=100] [--models=loglin,rr] [name]
# prints a table, and with a name writes it to bench/results.

source(file.path(dirname(sub("--file=", "", grep("^--file=", commandArgs(), value = TRUE))),
  "common.R"))
suppressPackageStartupMessages(library(henderson))

# A pedigree of two generations, the second of random parents, and its relationships' factor.
family_of <- function(n_parents, n) {
  sires <- n_parents / 4
  parents <- cbind(sample(sires, n, TRUE), sires + sample(n_parents - sires, n, TRUE))
  frame <- data.frame(id = seq_len(n_parents + n), sire = c(rep(0, n_parents), parents[, 1L]),
    dam = c(rep(0, n_parents), parents[, 2L]))
  list(frame = frame, young = n_parents + seq_len(n), parents = parents, n_parents = n_parents,
    n = n)
}

# Breeding values of covariance G: of founders, and half the sum of the parents' with Mendelian
# sampling.
values_of <- function(family, G) {
  root <- chol(G)
  own <- matrix(stats::rnorm((family$n_parents + family$n) * nrow(G)), ncol = nrow(G)) %*% root
  young <- family$young
  own[young, ] <- (own[family$parents[, 1L], , drop = FALSE] +
    own[family$parents[, 2L], , drop = FALSE]) / 2 + sqrt(0.5) * own[young, , drop = FALSE]
  own
}

# Each model: fit() draws data and fits them; truth has the values by name.
loglin <- function() {
  data <- data.frame(g = gl(60, 8), x = stats::runif(480, -1.5, 1.5))
  data$x <- data$x - mean(data$x)
  list(
    truth = c(g = 0.8, residual.variance = 1.3, residual.slope.x = 0.7),
    fit = function() {
      data$y <- 5 + sqrt(0.8) * stats::rnorm(60)[data$g] +
        stats::rnorm(480) * sqrt(1.3 * exp(0.7 * data$x))
      lmmfit(y ~ x + (1 | g), data, residual = ~ loglin(x))
    }
  )
}

# Two covariates, one of them 0 and 1, beside related animals.
loglin_animals <- function() {
  family <- family_of(80, 800)
  ped <- pedigree(family$frame)
  data <- data.frame(id = family$young, heat = stats::rnorm(800), male = rep(0:1, 400))
  list(
    truth = c(id = 0.9, residual.variance = 1.2, residual.slope.heat = 0.5,
      residual.slope.male = -0.6, heat = -0.4),
    fit = function() {
      u <- values_of(family, matrix(0.9))[data$id, 1L]
      log_ratio <- 0.5 * (data$heat - mean(data$heat)) - 0.6 * (data$male - mean(data$male))
      data$y <- 10 - 0.4 * data$heat + u + sqrt(1.2 * exp(log_ratio)) * stats::rnorm(800)
      lmmfit(y ~ heat + male + (1 | gr(id, pedigree = ped)), data,
        residual = ~ loglin(heat + male))
    }
  )
}

social <- function() {
  family <- family_of(160, 1440)
  ped <- pedigree(family$frame)
  data <- data.frame(an = family$young, pen = factor(sample(rep(seq_len(360), each = 4))))
  mates <- t(vapply(seq_len(1440), function(i) {
    data$an[data$pen == data$pen[i] & seq_len(1440) != i]
  }, numeric(3L)))
  data[c("m1", "m2", "m3")] <- mates
  G <- matrix(c(1, -0.1, -0.1, 0.15), 2L)
  list(
    truth = c(an.direct = 1, an.direct.social = -0.1, an.social = 0.15, pen = 0.3, residual = 1.2),
    fit = function() {
      u <- values_of(family, G)
      data$y <- 10 + u[data$an, 1L] + u[data$m1, 2L] + u[data$m2, 2L] + u[data$m3, 2L] +
        sqrt(0.3) * stats::rnorm(360)[data$pen] + sqrt(1.2) * stats::rnorm(1440)
      lmmfit(y ~ 1 + (1 | gr(direct = an, social = mm(m1, m2, m3), pedigree = ped)) + (1 | pen),
        data)
    }
  )
}

# Pens of two to five, the effects of mates diluted by their number.
diluted <- function() {
  family <- family_of(160, 1400)
  ped <- pedigree(family$frame)
  pens <- split(family$young, rep(seq_len(400), times = rep(2:5, 100)))
  data <- do.call(rbind, lapply(seq_along(pens), function(p) {
    own <- pens[[p]]
    mates <- t(vapply(seq_along(own), function(i) c(own[-i], rep(NA, 5L - length(own))),
      numeric(4L)))
    data.frame(an = own, pen = p, m = mates, share = 1 / (length(own) - 1))
  }))
  data$pen <- factor(data$pen)
  G <- matrix(c(1, -0.15, -0.15, 0.5), 2L)
  list(
    truth = c(an.direct = 1, an.direct.social = -0.15, an.social = 0.5, residual = 1.2),
    fit = function() {
      u <- values_of(family, G)
      mates <- matrix(u[as.matrix(data[paste0("m.", 1:4)]), 2L], nrow(data))
      data$y <- 10 + u[data$an, 1L] + data$share * rowSums(mates, na.rm = TRUE) +
        sqrt(1.2) * stats::rnorm(nrow(data))
      lmmfit(y ~ 1 + (1 | gr(direct = an, social = mm(m.1, m.2, m.3, m.4,
        weights = cbind(share, share, share, share)), pedigree = ped)), data)
    }
  )
}

# Trees on a grid: the effects of up to eight neighbours by the inverse of their distance.
spaced <- function() {
  family <- family_of(160, 1440)
  ped <- pedigree(family$frame)
  place <- matrix(sample(family$young), 40L)
  steps <- Filter(function(step) any(step != 0),
    asplit(unname(as.matrix(expand.grid(-1:1, -1:1))), 1L))
  at <- which(place > 0, arr.ind = TRUE)
  neighbours <- vapply(steps, function(step) {
    there <- at + rep(step, each = nrow(at))
    outside <- there[, 1L] < 1 | there[, 1L] > 40 | there[, 2L] < 1 | there[, 2L] > 36
    there[outside, ] <- NA
    place[there]
  }, numeric(nrow(at)))
  closeness <- 1 / vapply(steps, function(step) sqrt(sum(step^2)), 0)
  data <- data.frame(an = place[at], n = neighbours)
  data[paste0("w.", 1:8)] <- rep(closeness, each = nrow(at))
  G <- matrix(c(1, -0.2, -0.2, 0.15), 2L)
  list(
    truth = c(an.direct = 1, an.direct.social = -0.2, an.social = 0.15, residual = 1),
    fit = function() {
      u <- values_of(family, G)
      others <- matrix(u[as.matrix(data[paste0("n.", 1:8)]), 2L], nrow(data))
      data$y <- 10 + u[data$an, 1L] + rowSums(others * rep(closeness, each = nrow(data)),
        na.rm = TRUE) + stats::rnorm(nrow(data))
      lmmfit(y ~ 1 + (1 | gr(direct = an, social = mm(n.1, n.2, n.3, n.4, n.5, n.6, n.7, n.8,
        weights = cbind(w.1, w.2, w.3, w.4, w.5, w.6, w.7, w.8)), pedigree = ped)), data)
    }
  )
}

# A tenth of the dams is not known: their records keep the direct effect.
maternal <- function() {
  family <- family_of(160, 1000)
  young <- family$young
  daughters <- young[1:400]
  dam <- sample(daughters, 1200, TRUE)
  sire <- sample(40, 1200, TRUE)
  frame <- rbind(family$frame, data.frame(id = 1160 + seq_len(1200), sire = sire, dam = dam))
  lost <- sample(1200, 120)
  known <- frame
  known$dam[1160 + lost] <- 0
  ped <- pedigree(known)
  G <- matrix(c(1, -0.2, -0.2, 0.5), 2L)
  data <- data.frame(id = c(young, 1160 + seq_len(1200)), dam = known$dam[-seq_len(160)])
  list(
    truth = c(id.direct = 1, id.direct.maternal = -0.2, id.maternal = 0.5, residual = 1.3),
    fit = function() {
      u <- rbind(values_of(family, G), matrix(0, 1200, 2L))
      noise <- matrix(stats::rnorm(2400), ncol = 2L) %*% chol(G)
      last <- 1160 + seq_len(1200)
      # An unknown dam is one of a base of her own, without a maternal effect on record.
      mother <- u[dam, ]
      mother[lost, ] <- matrix(stats::rnorm(240), ncol = 2L) %*% chol(G)
      u[last, ] <- (u[sire, ] + mother) / 2 + sqrt(0.5) * noise
      given <- ifelse(data$dam > 0, u[pmax(data$dam, 1L), 2L], 0)
      data$y <- 30 + u[data$id, 1L] + given + sqrt(1.3) * stats::rnorm(nrow(data))
      suppressMessages(lmmfit(y ~ 1 + (1 | gr(direct = id, maternal = dam, pedigree = ped)), data,
        na_random = "zero"))
    }
  )
}

markers <- function() {
  p <- stats::runif(300, 0.1, 0.5)
  M <- vapply(p, function(q) stats::rbinom(250, 2, q), numeric(250L))
  rownames(M) <- paste0("L", seq_len(250))
  Z <- scale(M, center = TRUE, scale = FALSE)
  used <- colMeans(M) / 2
  divisor <- sum(2 * used * (1 - used))
  data <- data.frame(line = rep(rownames(M), 2))
  list(
    truth = c(line = 0.9, residual = 1),
    fit = function() {
      u <- Z %*% (stats::rnorm(300) * sqrt(0.9 / divisor))
      data$y <- 2 + u[data$line, 1L] + stats::rnorm(500)
      lmmfit(y ~ 1 + snp(M | line), data)
    }
  )
}

# Herds for the first trait alone.
own_fixed <- function() {
  family <- family_of(80, 600)
  ped <- pedigree(family$frame)
  G <- matrix(c(1, 0.6, 0.6, 2), 2L)
  R <- matrix(c(1.5, -0.3, -0.3, 2.5), 2L)
  data <- data.frame(id = family$young, herd = gl(6, 100), x = stats::rnorm(600))
  list(
    truth = c(id.y1 = 1, id.y1.y2 = 0.6, id.y2 = 2, residual.y1 = 1.5, residual.y1.y2 = -0.3,
      residual.y2 = 2.5, `at(trait, "y1"):x` = 0.5),
    fit = function() {
      y <- values_of(family, G)[data$id, ] + matrix(stats::rnorm(1200), ncol = 2L) %*% chol(R)
      data$y1 <- y[, 1L] + 0.5 * data$x + as.integer(data$herd) / 3
      data$y2 <- y[, 2L]
      lmmfit(cbind(y1, y2) ~ 0 + trait + at(trait, "y1"):herd + at(trait, "y1"):x +
        us(0 + trait | gr(id, pedigree = ped)), data, residual = ~ us(trait | unit))
    }
  )
}

reaction_norm <- function() {
  family <- family_of(120, 1200)
  ped <- pedigree(family$frame)
  data <- data.frame(id = rep(family$young, each = 4), heat = rep(c(-1.2, -0.2, 0.5, 0.9), 1200))
  G <- matrix(c(1.5, -0.4, -0.4, 0.6), 2L)
  list(
    truth = c(id.Intercept = 1.5, id.Intercept.heat = -0.4, id.heat = 0.6, id.iid = 0.5,
      residual = 1),
    fit = function() {
      u <- values_of(family, G)
      own <- sqrt(0.5) * stats::rnorm(1320)
      data$y <- 20 + data$heat + u[data$id, 1L] + u[data$id, 2L] * data$heat + own[data$id] +
        stats::rnorm(4800)
      lmmfit(y ~ heat + (1 + heat | gr(id, pedigree = ped)) + (1 | id), data)
    }
  )
}

# Traits of one factor.
reduced_rank <- function(loadings, n) {
  family <- family_of(80, n)
  ped <- pedigree(family$frame)
  names <- paste0("y", seq_along(loadings))
  traits <- stats::as.formula(paste0("cbind(", paste(names, collapse = ", "),
    ") ~ trait + rr(0 + trait | gr(id, pedigree = ped), k = 1)"))
  list(
    truth = stats::setNames(c(loadings, rep(1.5, length(loadings))),
      c(paste0("id.", names, ".rr1"), paste0("residual.", names))),
    fit = function() {
      data <- data.frame(id = family$young)
      u <- values_of(family, matrix(1))
      data[names] <- u[data$id, 1L] %o% loadings + sqrt(1.5) * stats::rnorm(n * length(loadings))
      lmmfit(traits, data, residual = ~ diag(trait))
    }
  )
}
five_traits <- function() reduced_rank(c(1.2, 1, 0.9, 1.1, 0.8), 500L)
ten_traits <- function() reduced_rank(c(1.2, 1, 0.9, 1.1, 0.8, 0.7, 1.3, 1, 0.6, 0.9), 400L)

models <- list(loglin = loglin, `loglin animals` = loglin_animals, social = social,
  `social diluted` = diluted, maternal = maternal, snp = markers, `at(trait)` = own_fixed,
  `reaction norm` = reaction_norm, rr = five_traits, `social spaced` = spaced,
  `rr of ten` = ten_traits)

# c(estimate, lower, upper, status) of each true value.
one_run <- function(model) {
  fit <- suppressWarnings(model$fit())
  table <- varcomp(fit)
  at <- names(model$truth)
  estimate <- c(stats::setNames(table$estimate, table$parameter), fixef(fit))[at]
  fixed <- at %in% names(fixef(fit))
  limits <- rbind(confint(fit, "variance"), confint(fit, "fixed"))[at, , drop = FALSE]
  cbind(estimate, limits, converged = fit$convergence$status == "converged")
}

table_of <- function(name, runs) {
  set.seed(20261130)
  model <- models[[name]]()
  found <- lapply(seq_len(runs), function(i) one_run(model))
  truth <- model$truth
  part <- function(k) matrix(vapply(found, function(x) x[, k], truth), length(truth))
  estimate <- part(1L)
  inside <- truth >= part(2L) & truth <= part(3L)
  error <- apply(estimate, 1L, stats::sd) / sqrt(runs)
  data.frame(model = name, parameter = names(truth), truth = truth, mean = rowMeans(estimate),
    z = (rowMeans(estimate) - truth) / error, covered = 100 * rowMeans(inside, na.rm = TRUE),
    `no interval` = rowSums(is.na(inside)), runs = runs, check.names = FALSE)
}

page <- function(table) {
  c(
    "# Recovery of the parameters of breeding models by REML", "",
    "Mean of the estimates of simulated data, its distance from the truth in Monte Carlo standard",
    "errors (z), and per cent of nominal 95 % Wald intervals that cover the truth (none at a",
    "boundary). By `Rscript bench/recovery.R`.", "", machine("henderson"), "",
    "| model | parameter | truth | mean | z | covered, % | no interval | runs |",
    "|---|---|---:|---:|---:|---:|---:|---:|",
    sprintf("| %s | %s | %g | %.3f | %.2f | %.1f | %d | %d |", table$model, table$parameter,
      table$truth, table$mean, table$z, table$covered, as.integer(table[["no interval"]]),
      as.integer(table$runs))
  )
}

main <- function(arguments) {
  runs <- as.integer(option(arguments, "runs", "100"))
  chosen <- strsplit(option(arguments, "models", paste(names(models), collapse = ",")), ",")[[1L]]
  lines <- page(do.call(rbind, lapply(chosen, table_of, runs)))
  writeLines(lines)
  name <- grep("^--", arguments, value = TRUE, invert = TRUE)
  if (length(name) == 1L) writeLines(lines, file.path("bench/results", paste0(name, ".md")))
}

main(commandArgs(trailingOnly = TRUE))
