# Fits that end at the edge of their space: families x seeds, with counts of false errors, false
# "not converged", ends below the best known, and wrong status.
#
#   Rscript bench/edge.R [seeds per family, 20] [csv [families]]      prints a table by family, and
#   writes each fit to a file, bench/results/edge.csv where none is named. FROM:TO are these seeds.
#
# Best known: the V form at its optimum by nlminb() from several starts where it is small, lme4
# where it can fit the model, and the fit itself. A status is wrong where a variance that is nearly
# zero is called free though the model without it (by ranova(), where there is such a row) has the
# same likelihood. -2l as reported is compared with the V form at the estimates, but where these
# cannot be told in double precision (correlations within 1e-9 of 1).
library(henderson)

tolerance <- 1e-4

dense_minus2loglik <- function(y, X, V) {
  L <- tryCatch(chol(V), error = function(e) NULL)
  if (is.null(L)) return(1e10)
  fixed <- qr(backsolve(L, X, transpose = TRUE))
  z <- backsolve(L, y, transpose = TRUE)
  (length(y) - fixed$rank) * log(2 * pi) + 2 * sum(log(diag(L))) +
    2 * sum(log(abs(diag(qr.R(fixed))))) + sum(qr.resid(fixed, z)^2)
}

# A symmetric matrix from its upper triangle, column by column.
symmetric <- function(values) {
  n <- (sqrt(8 * length(values) + 1) - 1) / 2
  S <- matrix(0, n, n)
  S[upper.tri(S, diag = TRUE)] <- values
  S[lower.tri(S)] <- t(S)[lower.tri(S)]
  S
}

# Z G Z' of coefficients of the levels of a factor.
spread <- function(model, data, levels, S) {
  x <- model.matrix(model, data)
  (x %*% S %*% t(x)) * outer(levels, levels, "==")
}

dense_best <- function(objective, starts) {
  min(vapply(starts, function(start) {
    stats::nlminb(start, objective,
      control = list(rel.tol = 1e-14, iter.max = 500L, eval.max = 2000L))$objective
  }, 0))
}

lme4_best <- function(formula, data) {
  optimizers <- c("nloptwrap", "bobyqa")
  found <- lapply(optimizers, function(optimizer) {
    tryCatch(suppressMessages(suppressWarnings(lme4::lmer(formula, data,
      control = lme4::lmerControl(optimizer = optimizer, calc.derivs = FALSE,
        check.nobs.vs.nRE = "ignore", check.nobs.vs.nlev = "ignore")))),
      error = function(e) NULL)
  })
  values <- vapply(found[lengths(found) > 0L], function(m) -2 * as.numeric(stats::logLik(m)), 0)
  min(c(values, Inf))
}

# A family: a function of the seed that gives list(fit = , best = , dense = ), the last a function
# of the estimates in their order.
families <- list(
  "one precise environment, diag" = function(seed) {
    n <- 25
    g <- rnorm(n)
    d <- expand.grid(line = factor(1:n), env = LETTERS[1:4])
    d$y <- g[d$line] + rnorm(4 * n, 0, rep(c(.05, 1, 1, 1), each = n))
    d <- d[sample(nrow(d)), ]
    X <- model.matrix(~ env, d)
    ZZ <- tcrossprod(model.matrix(~ 0 + line, d))
    list(
      dense = function(p) {
        dense_minus2loglik(d$y, X, p[1] * ZZ + diag(p[-1][as.integer(d$env)]))
      },
      fit = function() lmmfit(y ~ env + (1 | line), d, residual = ~ diag(env)),
      best = function() {
        dense_best(function(p) {
          dense_minus2loglik(d$y, X, p[1]^2 * ZZ + diag((p[-1]^2)[as.integer(d$env)]))
        }, list(rep(.7, 5), c(1, 0, 1, 1, 1), c(.5, .3, .8, .9, 1.2)))
      }
    )
  },
  "two traits, residual correlation -1" = function(seed) {
    n <- 60
    ped <- data.frame(id = 1:n, sire = c(rep(0, 16), sample(1:8, n - 16, TRUE)),
      dam = c(rep(0, 16), sample(9:16, n - 16, TRUE)))
    P <- pedigree(ped)
    A <- as.matrix(Amatrix(P))[as.character(1:n), as.character(1:n)]
    U <- t(chol(A)) %*% matrix(rnorm(2 * n), n) %*% chol(matrix(c(1, .5, .5, 1), 2))
    E <- matrix(rnorm(2 * n), n) %*% chol(matrix(c(.5, -.45, -.45, .5), 2))
    d <- data.frame(an = 1:n, y1 = U[, 1] + E[, 1], y2 = U[, 2] + E[, 2])
    X <- kronecker(diag(2), matrix(1, n))
    root <- function(p) matrix(c(p[1], p[2], 0, p[3]), 2)
    list(
      dense = function(p) {
        V <- kronecker(symmetric(p[1:3]), A) + kronecker(symmetric(p[4:6]), diag(n))
        dense_minus2loglik(c(d$y1, d$y2), X, V)
      },
      fit = function() lmmfit(cbind(y1, y2) ~ 1 + (1 | gr(an, pedigree = P)), d),
      best = function() {
        dense_best(function(p) {
          V <- kronecker(tcrossprod(root(p[1:3])), A) + kronecker(tcrossprod(root(p[4:6])), diag(n))
          dense_minus2loglik(c(d$y1, d$y2), X, V)
        }, list(c(1, .5, .8, .7, -.6, .3), c(1, .5, .8, .7, -.7, 0)))
      }
    )
  },
  "fa over G, unreplicated lines" = function(seed) {
    n <- 40
    e <- 5
    M <- matrix(rbinom(n * 300, 2, .4), n, dimnames = list(sprintf("L%03d", 1:n), NULL))
    G <- grm(M) + diag(.01, n)
    S <- tcrossprod(runif(e, .5, 1.5)) + diag(runif(e, .05, .4))
    U <- t(chol(G)) %*% matrix(rnorm(n * e), n) %*% chol(S)
    x <- expand.grid(line = 1:n, env = 1:e)
    x$y <- U[cbind(x$line, x$env)] + rnorm(n * e, 0, rep(runif(e, .5, 1.2), each = n))
    x$line <- factor(rownames(M)[x$line])
    x$env <- factor(paste0("E", x$env))
    x <- x[sample(nrow(x), round(.7 * nrow(x))), ]
    X <- model.matrix(~ env, x)
    K <- G[as.character(x$line), as.character(x$line)]
    at <- as.integer(x$env)
    list(
      dense = function(p) {
        V <- (tcrossprod(p[e + 1:e]) + diag(p[1:e]))[at, at] * K + diag(p[2 * e + 1:e][at])
        dense_minus2loglik(x$y, X, V)
      },
      fit = function() {
        lmmfit(y ~ env + fa(env | gr(line, cov = G), k = 1), x, residual = ~ diag(env))
      },
      best = function() {
        dense_best(function(p) {
          V <- (tcrossprod(p[1:e]) + diag(p[e + 1:e]^2))[at, at] * K + diag((p[2 * e + 1:e]^2)[at])
          dense_minus2loglik(x$y, X, V)
        }, list(c(rep(1, e), rep(.3, e), rep(.6, e)), c(rep(1, e), rep(.5, e), rep(.1, e))))
      }
    )
  },
  "random slopes of two crossed factors and their cells" = function(seed) {
    n <- 150
    d <- data.frame(a = factor(sample(10, n, TRUE)), b = factor(sample(8, n, TRUE)),
      x = rnorm(n, 5))
    d$y <- 10 * rnorm(10)[d$a] + 10 * rnorm(10)[d$a] * d$x + rnorm(n)
    model <- y ~ x + (x | a) + (x | b) + (x | a:b)
    list(
      fit = function() lmmfit(model, d), best = function() lme4_best(model, d),
      dense = function(p) {
        V <- spread(~ x, d, d$a, symmetric(p[1:3])) + spread(~ x, d, d$b, symmetric(p[4:6])) +
          spread(~ x, d, interaction(d$a, d$b), symmetric(p[7:9])) + diag(p[10], n)
        dense_minus2loglik(d$y, model.matrix(~ x, d), V)
      }
    )
  },
  "maximal model of subjects and items" = function(seed) {
    d <- expand.grid(s = factor(1:12), i = factor(1:8))
    d$c1 <- (as.integer(d$s) + as.integer(d$i)) %% 2 - .5
    d$c2 <- sample(c(-.5, .5), 96, TRUE)
    d$y <- rnorm(12)[d$s] + .5 * rnorm(8)[d$i] + .4 * rnorm(12)[d$s] * d$c1 + rnorm(96)
    model <- y ~ c1 * c2 + (c1 * c2 | s) + (c1 * c2 | i)
    list(
      fit = function() lmmfit(model, d), best = function() lme4_best(model, d),
      dense = function(p) {
        V <- spread(~ c1 * c2, d, d$s, symmetric(p[1:10])) +
          spread(~ c1 * c2, d, d$i, symmetric(p[11:20])) + diag(p[21], 96)
        dense_minus2loglik(d$y, model.matrix(~ c1 * c2, d), V)
      }
    )
  },
  "us of visits beside a term for each record" = function(seed) {
    d <- expand.grid(visit = factor(1:3), id = factor(1:30))
    d$y <- as.vector(t(rnorm(30) %*% t(c(1, .8, .5)))) + .6 * rnorm(90)
    d$block <- factor(sample(8, 90, TRUE))
    d <- d[sample(90), ]
    X <- model.matrix(~ visit, d)
    ZZ <- tcrossprod(model.matrix(~ 0 + block, d))
    same <- outer(d$id, d$id, "==")
    at <- as.integer(d$visit)
    list(
      dense = function(p) {
        V <- p[1] * ZZ + symmetric(p[-1])[at, at] * same
        dense_minus2loglik(d$y, X, V)
      },
      fit = function() lmmfit(y ~ visit + (1 | block), d, residual = ~ us(visit | id)),
      best = function() {
        dense_best(function(p) {
          L <- matrix(0, 3, 3)
          L[lower.tri(L, TRUE)] <- p[-1]
          dense_minus2loglik(d$y, X, p[1]^2 * ZZ + tcrossprod(L)[at, at] * same)
        }, list(c(.3, 1, .5, .3, 1, .3, 1), c(.1, 1, .8, .5, .6, 0, .6)))
      }
    )
  },
  "fa over G, one environment of few plots" = function(seed) {
    n <- 40
    e <- 4
    M <- matrix(rbinom(n * 300, 2, .4), n, dimnames = list(sprintf("L%03d", 1:n), NULL))
    G <- grm(M) + diag(.01, n)
    S <- tcrossprod(runif(e, .5, 1.5)) + diag(runif(e, .05, .4))
    U <- t(chol(G)) %*% matrix(rnorm(n * e), n) %*% chol(S)
    x <- expand.grid(line = 1:n, env = 1:e)
    x$y <- U[cbind(x$line, x$env)] + rnorm(n * e, 0, .8)
    x <- x[x$env < e | x$line %in% sample(n, 6), ]
    x$line <- factor(rownames(M)[x$line])
    x$env <- factor(paste0("E", x$env))
    x <- x[sample(nrow(x)), ]
    X <- model.matrix(~ env, x)
    K <- G[as.character(x$line), as.character(x$line)]
    at <- as.integer(x$env)
    list(
      dense = function(p) {
        V <- (tcrossprod(p[e + 1:e]) + diag(p[1:e]))[at, at] * K + diag(p[2 * e + 1:e][at])
        dense_minus2loglik(x$y, X, V)
      },
      fit = function() {
        lmmfit(y ~ env + fa(env | gr(line, cov = G), k = 1), x, residual = ~ diag(env))
      },
      best = function() {
        dense_best(function(p) {
          V <- (tcrossprod(p[1:e]) + diag(p[e + 1:e]^2))[at, at] * K + diag((p[2 * e + 1:e]^2)[at])
          dense_minus2loglik(x$y, X, V)
        }, list(c(rep(1, e), rep(.3, e), rep(.8, e)), c(rep(1, e), rep(.5, e), rep(.1, e))))
      }
    )
  },
  "us residual beside an animal effect, rows shuffled" = function(seed) {
    n <- 40
    ped <- data.frame(id = 1:n, sire = c(rep(0, 10), sample(1:5, n - 10, TRUE)),
      dam = c(rep(0, 10), sample(6:10, n - 10, TRUE)))
    P <- pedigree(ped)
    A <- as.matrix(Amatrix(P))[as.character(1:n), as.character(1:n)]
    d <- expand.grid(visit = factor(1:3), an = 1:n)
    permanent <- rnorm(n)
    d$y <- (t(chol(A)) %*% rnorm(n))[d$an] + permanent[d$an] * c(1, .9, .7)[d$visit] +
      rnorm(3 * n, 0, .05)
    d <- d[sample(nrow(d)), ]
    X <- model.matrix(~ visit, d)
    own <- A[d$an, d$an]
    same <- outer(d$an, d$an, "==")
    at <- as.integer(d$visit)
    list(
      dense = function(p) {
        V <- p[1] * own + symmetric(p[-1])[at, at] * same
        dense_minus2loglik(d$y, X, V)
      },
      fit = function() {
        lmmfit(y ~ visit + (1 | gr(an, pedigree = P)), d, residual = ~ us(visit | an))
      },
      best = function() {
        dense_best(function(p) {
          L <- matrix(0, 3, 3)
          L[lower.tri(L, TRUE)] <- p[-1]
          dense_minus2loglik(d$y, X, p[1]^2 * own + tcrossprod(L)[at, at] * same)
        }, list(c(1, 1, .9, .7, .1, 0, .1), c(.3, 1, 1, 1, .05, .05, .05)))
      }
    )
  },
  "gau over many positions of each subject" = function(seed) {
    d <- data.frame(id = factor(rep(1:12, each = 6)), t = sort(runif(72, 0, 30)))
    d$t <- sample(d$t)
    same <- outer(d$id, d$id, "==")
    distance <- as.matrix(dist(d$t))
    R <- exp(-(distance / runif(1, 1, 8))^2) * same
    d$y <- as.vector(t(chol(R + diag(1e-6, 72))) %*% rnorm(72))
    X <- matrix(1, 72)
    list(
      dense = function(p) {
        R <- exp(-(distance / p[2])^2) * same + diag(1e-10, 72)
        dense_minus2loglik(d$y, X, p[1] * R)
      },
      fit = function() lmmfit(y ~ 1, d, residual = ~ gau(t | id)),
      best = function() {
        dense_best(function(p) {
          R <- exp(-(distance / exp(p[2]))^2) * same + diag(1e-10, 72)
          dense_minus2loglik(d$y, X, exp(p[1]) * R)
        }, list(c(0, 0), c(0, 1), c(0, 2), c(0, -1)))
      }
    )
  },
  "cs of weighings that differ by 1e-5 of their spread" = function(seed) {
    d <- expand.grid(id = factor(1:15), again = factor(1:3))
    d$y <- (50 * rnorm(15))[d$id] + rnorm(45, 0, 10^runif(1, -4, -2))
    d <- d[sample(45), ]
    list(
      fit = function() lmmfit(y ~ 1, d, residual = ~ cs(again | id)),
      best = function() {
        # Closed form of balanced data: 30 and 14 directions of their own variance.
        within <- sum((d$y - ave(d$y, d$id))^2) / 30
        between <- 3 * var(tapply(d$y, d$id, mean))
        44 * (log(2 * pi) + 1) + 30 * log(within) + 14 * log(between) + log(45)
      },
      dense = function(p) NA_real_
    )
  }
)

# What -2l gains by the coefficient of a variance "b.x", in the row "x in b".
gain_of <- function(fit, parameter) {
  rows <- ranova(fit)
  row <- paste(sub(".*[.]", "", parameter), "in", sub("[.][^.]*$", "", parameter))
  min(rows$Chisq[rownames(rows) == row], Inf)
}

judge <- function(family, seed) {
  set.seed(seed)
  made <- families[[family]](seed)
  warned <- FALSE
  time <- system.time(fit <- tryCatch(
    withCallingHandlers(made$fit(), warning = function(w) {
      warned <<- TRUE
      invokeRestart("muffleWarning")
    }), error = function(e) NULL))[[3L]]
  best <- made$best()
  value <- if (is.null(fit)) NA else -2 * as.numeric(stats::logLik(fit))
  parameters <- if (!is.null(fit)) varcomp(fit)
  near_zero <- which(parameters$estimate < 1e-6 * max(parameters$estimate, 0) &
    parameters$estimate >= 0 & parameters$status == "free" &
    !grepl("[.].*[.]", parameters$parameter))
  gains <- vapply(parameters$parameter[near_zero], function(name) gain_of(fit, name), 0)
  data.frame(family = family, seed = seed, error = is.null(fit),
    unconverged = !is.null(fit) && fit$convergence$status != "converged",
    below = !is.null(fit) && value > best + tolerance,
    status = any(is.infinite(gains) | gains < tolerance),
    lost = value - best, seconds = time,
    wrong = if (is.null(fit)) NA else abs(made$dense(fit$parameters$estimate) - value))
}

counted <- function(result) {
  counts <- aggregate(cbind(error, unconverged, below, status) ~ family, result, sum)
  counts$largest_loss <- signif(max(result$lost, na.rm = TRUE), 2)
  wrong <- result$wrong[!is.na(result$wrong)]
  counts$largest_wrong <- signif(max(wrong, 0), 2)
  counts$seconds <- signif(sum(result$seconds), 3)
  counts
}

arguments <- commandArgs(TRUE)
range <- as.integer(strsplit(c(arguments, "20")[1L], ":")[[1L]])
seeds <- if (length(range) == 2L) seq(range[1L], range[2L]) else seq_len(range)
file <- if (length(arguments) > 1L) arguments[2L] else "bench/results/edge.csv"
dir.create(dirname(file), showWarnings = FALSE)
chosen <- if (length(arguments) > 2L) arguments[-(1:2)] else names(families)
result <- NULL
for (family in chosen) {
  own <- do.call(rbind, lapply(seeds, function(seed) judge(family, seed)))
  print(counted(own), row.names = FALSE)
  result <- rbind(result, own)
  utils::write.csv(result, file, row.names = FALSE)
}
