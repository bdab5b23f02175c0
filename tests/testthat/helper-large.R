# Data of large animal models, drawn here: eight generations, a twentieth of each sires and a
# quarter dams of the next, heritability about 0.3.

large_pedigree <- function(n) {
  size <- n %/% 8L
  sire <- dam <- rep(NA_integer_, n)
  for (g in 1:7) {
    born <- if (g < 7L) g * size + seq_len(size) else (7L * size + 1L):n
    parents <- (g - 1L) * size + sample.int(size)
    sires <- parents[seq_len(max(1L, size %/% 20L))]
    sire[born] <- sires[sample.int(length(sires), length(born), TRUE)]
    dams <- parents[length(sires) + seq_len(max(1L, size %/% 4L))]
    dam[born] <- dams[sample.int(length(dams), length(born), TRUE)]
  }
  data.frame(id = seq_len(n), sire = sire, dam = dam)
}

# u ~ N(0, A x Sigma), a column for each coefficient; Mendelian variance 1/2, as without inbreeding.
drawn_effects <- function(pedigree, Sigma) {
  n <- nrow(pedigree)
  u <- matrix(stats::rnorm(n * ncol(Sigma)), n) %*% chol(Sigma)
  with_parents <- which(!is.na(pedigree$sire))
  u[with_parents, ] <- u[with_parents, ] * sqrt(0.5)
  size <- n %/% 8L
  for (g in 1:7) {
    born <- with_parents[pmin((with_parents - 1L) %/% size, 7L) == g]
    u[born, ] <- u[born, ] + (u[pedigree$sire[born], , drop = FALSE] +
      u[pedigree$dam[born], , drop = FALSE]) / 2
  }
  u
}

# list(formula, data, hold) of a model of n animals. Its pedigree is `ped` of its formula.
large_model <- function(kind, n) {
  set.seed(n)
  pedigree <- large_pedigree(n)
  ped <- pedigree(pedigree)
  records <- switch(kind, animal = 1L, maternal = 1L, traits = 1L, 3L)
  animal <- rep(seq_len(n), each = records)
  if (kind == "maternal") animal <- animal[!is.na(pedigree$dam)]
  m <- length(animal)
  d <- data.frame(
    animal = animal, herd = factor(sample.int(max(3L, m %/% 50L), m, TRUE)),
    season = factor(sample.int(4L, m, TRUE)), dam = pedigree$dam[animal]
  )
  level <- stats::rnorm(nlevels(d$herd))[d$herd] + stats::rnorm(4L)[d$season]
  made <- switch(kind,
    animal = {
      d$y <- level + drawn_effects(pedigree, diag(0.3, 1L))[d$animal, ] + stats::rnorm(m, sd = 0.8)
      list(y ~ herd + season + (1 | gr(animal, pedigree = ped)), c(animal = 0.3, residual = 0.7))
    },
    repeated = {
      d$y <- level + drawn_effects(pedigree, diag(0.3, 1L))[d$animal, ] +
        stats::rnorm(n, sd = 0.4)[d$animal] + stats::rnorm(m, sd = 0.7)
      list(y ~ herd + season + (1 | gr(animal, pedigree = ped)) + (1 | animal),
        c(animal = 0.3, animal.iid = 0.2, residual = 0.5))
    },
    maternal = {
      u <- drawn_effects(pedigree, rbind(c(0.3, -0.05), c(-0.05, 0.15)))
      d$y <- level + u[d$animal, 1L] + u[d$dam, 2L] + stats::rnorm(m, sd = 0.7)
      list(y ~ herd + season + (1 | gr(direct = animal, maternal = dam, pedigree = ped)),
        c(animal.direct = 0.3, animal.direct.maternal = -0.05, animal.maternal = 0.15,
          residual = 0.6))
    },
    traits = {
      u <- drawn_effects(pedigree, rbind(c(0.3, 0.2), c(0.2, 0.5)))[d$animal, ]
      e <- matrix(stats::rnorm(2L * m), m) %*% chol(rbind(c(0.7, 0.2), c(0.2, 1)))
      d$y1 <- level + u[, 1L] + e[, 1L]
      d$y2 <- level + u[, 2L] + e[, 2L]
      list(cbind(y1, y2) ~ season + (1 | gr(animal, pedigree = ped)),
        c(animal.y1 = 0.3, animal.y1.y2 = 0.2, animal.y2 = 0.5, residual.y1 = 0.7,
          residual.y1.y2 = 0.2, residual.y2 = 1))
    },
    curves = {
      d$age <- stats::runif(m, -1, 1)
      u <- drawn_effects(pedigree, rbind(c(0.3, 0.05), c(0.05, 0.1)))[d$animal, ]
      p <- (matrix(stats::rnorm(2L * n), n) %*% diag(c(0.4, 0.3)))[d$animal, ]
      d$y <- level + u[, 1L] + u[, 2L] * d$age + p[, 1L] + p[, 2L] * d$age +
        stats::rnorm(m, sd = 0.7)
      list(y ~ herd + age + (1 + age | gr(animal, pedigree = ped)) + (1 + age | animal),
        c(animal.Intercept = 0.3, animal.Intercept.age = 0.05, animal.age = 0.1,
          animal.iid.Intercept = 0.2, animal.iid.Intercept.age = 0.02, animal.iid.age = 0.1,
          residual = 0.5))
    }
  )
  formula <- made[[1L]]
  environment(formula) <- list2env(list(ped = ped), parent = globalenv())
  list(formula = formula, data = d, hold = made[[2L]])
}
