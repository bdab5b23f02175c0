# Single-step relationships, gr(animal, pedigree = , markers = ): as an operator without H or G, and
# formed for a factor.

# 300 animals, genes of 80 markers dropped through the pedigree, 110 animals with genotypes and some
# of these missing.
step_example <- function() {
  set.seed(8)
  n <- 300L
  founders <- 40L
  m <- 80L
  sire <- dam <- rep(NA_integer_, n)
  first <- second <- matrix(rbinom(n * m, 1L, rep(runif(m, 0.1, 0.5), each = n)), n)
  for (i in (founders + 1L):n) {
    parents <- sample(max(1L, i - 120L):(i - 1L), 2L)
    sire[i] <- parents[1L]
    dam[i] <- parents[2L]
    pick <- function(parent) ifelse(runif(m) < 0.5, first[parent, ], second[parent, ])
    first[i, ] <- pick(parents[1L])
    second[i, ] <- pick(parents[2L])
  }
  id <- sprintf("a%03d", seq_len(n))
  genotyped <- sample(80:n, 110L)
  M <- (first + second)[genotyped, ]
  M[sample(length(M), 60L)] <- NA
  dimnames(M) <- list(id[genotyped], paste0("m", seq_len(m)))
  u <- rowSums((first + second)[, 1:40]) / 6
  who <- sample(n, 420L, TRUE)
  data <- data.frame(animal = id[who], dam = id[ifelse(is.na(dam[who]), 1L, dam[who])],
    herd = factor(sample(8L, 420L, TRUE)), y = u[who] + rnorm(420L))
  ped <- pedigree(data.frame(id = id, sire = id[sire], dam = id[dam]), both_sexes = "allow")
  list(ped = ped, M = M, data = data)
}

step <- step_example()
held <- c(animal = 0.5, residual = 1)
tight <- function(...) lmm_control(solver = "pcg", solver_tolerance = 1e-11, ...)

largest <- function(a, b) max(abs(a - b)) / max(abs(b))

effects_of <- function(fit) as.matrix(ranef(fit)$animal)

fit_step <- function(formula, control, hold = held, data = step$data) {
  ped <- step$ped
  M <- step$M
  environment(formula) <- environment()
  suppressMessages(lmmfit(formula, data, hold = hold, control = control))
}

# By Hinverse() and grm(), which the tests of grm() compare with published numbers.
expect_hinverse <- function(formula, ..., markers = list()) {
  G <- suppressMessages(do.call(grm, c(list(step$M), markers)))
  Hinv <- Hinverse(step$ped, G, ...)
  exact <- lmmfit(y ~ herd + (1 | gr(animal, precision = Hinv)), step$data, hold = held)
  found <- fit_step(formula, tight())
  formed <- fit_step(formula, lmm_control(solver = "factor"))
  expect_lt(largest(effects_of(found), effects_of(exact)), 1e-6)
  expect_lt(largest(fixef(found), fixef(exact)), 1e-6)
  expect_lt(largest(effects_of(formed), effects_of(exact)), 1e-8)
  expect_equal(as.numeric(logLik(formed)), as.numeric(logLik(exact)), tolerance = 1e-8)
  expect_lt(largest(marker_effects(found)$estimate, marker_effects(formed)$estimate), 1e-5)
  found
}

test_that("with all settings it is the model of Hinverse()", {
  expect_hinverse(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M)))
  expect_hinverse(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M, blend = 0.01)),
    blend = 0.01)
  expect_hinverse(
    y ~ herd + (1 | gr(animal, pedigree = ped, markers = M, blend = 0.3, tune = FALSE)),
    blend = 0.3, tune = FALSE)
  expect_hinverse(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M, tau = 1.4, omega = 0.7)),
    tau = 1.4, omega = 0.7)
  expect_hinverse(
    y ~ herd + (1 | gr(animal, pedigree = ped, markers = snp(M, method = "VanRaden2"))),
    markers = list(method = "VanRaden2"))
  expect_hinverse(
    y ~ herd + (1 | gr(animal, pedigree = ped, markers = snp(M, frequency = 0.5), tune = FALSE)),
    tune = FALSE, markers = list(frequency = 0.5))
})

# H of Legarra, Aguilar & Misztal (2009), J. Dairy Sci. 92:4656, and BLUP by V: no inverse of H.
test_that("it is BLUP by V with H of dense matrices", {
  A <- Amatrix(step$ped)
  two <- rownames(step$M)
  G <- suppressMessages(grm(step$M))
  A22 <- A[two, two]
  G <- 0.9 * G + 0.1 * A22
  J <- A[, two] %*% solve(A22)
  H <- A + J %*% (G - A22) %*% t(J)
  Z <- H[, step$data$animal]
  V <- 0.5 * H[step$data$animal, step$data$animal] + diag(nrow(step$data))
  X <- model.matrix(~herd, step$data)
  inverse <- solve(V)
  beta <- solve(t(X) %*% inverse %*% X, t(X) %*% inverse %*% step$data$y)
  u <- 0.5 * Z %*% inverse %*% (step$data$y - X %*% beta)
  found <- fit_step(
    y ~ herd + (1 | gr(animal, pedigree = ped, markers = M, blend = 0.1, tune = FALSE)), tight())
  expect_lt(largest(fixef(found), as.vector(beta)), 1e-7)
  expect_lt(largest(effects_of(found), u), 1e-7)
})

test_that("with the whole weight on the pedigree it is the pedigree's model", {
  found <- fit_step(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M, blend = 1)), tight())
  exact <- fit_step(y ~ herd + (1 | gr(animal, pedigree = ped)), lmm_control(solver = "factor"))
  expect_lt(largest(effects_of(found), effects_of(exact)), 1e-7)
  expect_true(all(marker_effects(found)$estimate == 0))
})

# The bytes that PLINK writes: 00 two copies, 10 one, 11 none, 01 missing.
write_bed <- function(M, prefix) {
  codes <- matrix(c(3L, 2L, 0L)[M + 1L], nrow(M))
  codes[is.na(M)] <- 1L
  codes <- rbind(codes, matrix(0L, -nrow(M) %% 4L, ncol(M)))
  bytes <- colSums(array(codes * c(1L, 4L, 16L, 64L), c(4L, nrow(codes) / 4L, ncol(M))))
  writeBin(as.raw(c(0x6c, 0x1b, 0x01, bytes)), paste0(prefix, ".bed"))
  writeLines(paste("1", colnames(M), "0", seq_len(ncol(M)), "A G"), paste0(prefix, ".bim"))
  writeLines(paste("f", rownames(M), "0 0 0 -9"), paste0(prefix, ".fam"))
}

test_that("a packed file, a matrix of integers and one of doubles are the same, on any threads", {
  prefix <- tempfile()
  write_bed(step$M, prefix)
  file <- read_plink(prefix)
  fits <- lapply(list(file, step$M, step$M + 0), function(genotypes) {
    ped <- step$ped
    suppressMessages(lmmfit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = genotypes)),
      step$data, hold = held, control = tight(threads = 1L)))
  })
  expect_identical(effects_of(fits[[1L]]), effects_of(fits[[2L]]))
  expect_identical(effects_of(fits[[1L]]), effects_of(fits[[3L]]))
  expect_identical(marker_effects(fits[[1L]]), marker_effects(fits[[2L]]))
  two <- fit_step(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M)), tight(threads = 2L))
  expect_identical(effects_of(two), effects_of(fits[[1L]]))
})

test_that("dosages between whole counts, and markers that do not vary", {
  local <- step
  local$M <- cbind(same = 1 + 0 * step$M[, 1L], step$M * 0.97, none = 0)
  local$M[is.na(local$M)] <- 1.2
  G <- grm(local$M[, -1L])
  Hinv <- Hinverse(step$ped, G)
  exact <- lmmfit(y ~ herd + (1 | gr(animal, precision = Hinv)), step$data, hold = held)
  ped <- step$ped
  dosages <- local$M[, -1L]
  found <- lmmfit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = dosages)), step$data,
    hold = held, control = tight())
  expect_lt(largest(effects_of(found), effects_of(exact)), 1e-6)
  expect_false("none" %in% marker_effects(found)$marker)
})

test_that("several coefficients: direct and maternal effects", {
  hold <- c(animal.direct = 0.4, animal.direct.maternal = -0.05, animal.maternal = 0.2,
    residual = 1)
  formula <- y ~ herd + (1 | gr(direct = animal, maternal = dam, pedigree = ped, markers = M))
  found <- fit_step(formula, tight(), hold)
  exact <- fit_step(formula, lmm_control(solver = "factor"), hold)
  expect_lt(largest(effects_of(found), effects_of(exact)), 1e-6)
  expect_lt(largest(marker_effects(found)$estimate, marker_effects(exact)$estimate), 1e-5)
})

test_that("REML and reliabilities by simulation are near the exact ones", {
  formula <- y ~ herd + (1 | gr(animal, pedigree = ped, markers = M))
  exact <- fit_step(formula, lmm_control(solver = "factor"), NULL)
  found <- fit_step(formula, lmm_control(solver = "pcg", simulations = 60L), NULL)
  distance <- abs(varcomp(found)$estimate - varcomp(exact)$estimate)
  expect_true(all(distance < 3 * found$solver$mc_error))
  share <- reliability(fit_step(formula, lmm_control(solver = "factor")))
  drawn <- reliability(fit_step(formula, tight()), simulations = 400L)
  expect_lt(mean(((drawn$reliability - share$reliability) / drawn$mc_error)^2), 1.3)
  expect_lt(abs(mean(drawn$pev / share$pev) - 1), 0.02)
})

test_that("standard errors of functions of the effects are those of the factor", {
  formula <- y ~ herd + (1 | gr(animal, pedigree = ped, markers = M))
  found <- fit_step(formula, tight())
  exact <- fit_step(formula, lmm_control(solver = "factor"))
  expect_equal(vcov(found), vcov(exact), tolerance = 1e-6)
})

# Rounds of single-step SNP-BLUP are known to be many where it is small.
test_that("a small polygenic share takes no more rounds", {
  rounds <- vapply(c(0.2, 0.05, 0.005), function(w) {
    formula <- eval(bquote(
      y ~ herd + (1 | gr(animal, pedigree = ped, markers = M, blend = .(w)))))
    fit_step(formula, lmm_control(solver = "pcg"))$solver$rounds
  }, 0)
  expect_lt(max(rounds), 1.5 * min(rounds))
})

test_that("what cannot be fitted is an error that says why", {
  ped <- step$ped
  M <- step$M
  fit <- function(formula, ...) {
    environment(formula) <- parent.frame()
    suppressMessages(lmmfit(formula, step$data, hold = held, ...))
  }
  other <- M
  rownames(other)[3L] <- "nobody"
  nameless <- unname(M)
  foreign <- M
  rownames(foreign) <- paste0("x", seq_len(nrow(M)))
  expect_snapshot(error = TRUE, {
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = other)))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = foreign)))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = nameless)))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M, blend = 0)))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M, blend = 1.2)))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M, tau = 0)))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M, omega = NA)))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M, tune = "yes")))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, blend = 0.1)))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = snp(M, method = "dominance"))))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = snp(M, frequency = 0.5))))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M[, 1] * 0)))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = gone)))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M)),
      control = lmm_control(solver = "pcg", memory = 1e-6))
    fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M)),
      control = lmm_control(solver = "factor", memory = 1e-6))
    marker_effects(fit(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M))), se = TRUE)
  })
})

test_that("the cost knows the genotypes", {
  ped <- step$ped
  M <- step$M
  plain <- estimate_cost(y ~ herd + (1 | gr(animal, pedigree = ped)), step$data, hold = held)
  cost <- suppressMessages(estimate_cost(
    y ~ herd + (1 | gr(animal, pedigree = ped, markers = M)), step$data, hold = held))
  expect_gt(cost$solver["pcg", "bytes"], plain$solver["pcg", "bytes"])
  expect_gt(cost$solver["factor", "flops"], plain$solver["factor", "flops"])
})

test_that("a fit without a factor survives saving, and is updated", {
  found <- fit_step(y ~ herd + (1 | gr(animal, pedigree = ped, markers = M)), tight())
  file <- tempfile()
  saveRDS(found, file)
  again <- readRDS(file)
  expect_equal(vcov(again), vcov(found))
  expect_error(mme(again), class = "henderson_error_solver")
  expect_error(ranef(again, se = TRUE), class = "henderson_error_solver")
})
