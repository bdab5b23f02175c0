# Data and models of bench/large.R: eight generations; the parents of a generation are a twentieth
# of the one before as sires and a quarter as dams; herds of 50 records and four seasons as fixed
# factors. `held` are the variances that the data were drawn with.

# Parents by number.
parents_of <- function(n) {
  size <- n %/% 8L
  sire <- dam <- rep(NA_integer_, n)
  for (g in 1:7) {
    born <- born_in(g, n)
    first <- (g - 1L) * size
    sire[born] <- first + sample.int(size %/% 20L, length(born), TRUE)
    dam[born] <- first + size %/% 20L + sample.int(size %/% 4L, length(born), TRUE)
  }
  list(sire = sire, dam = dam)
}

born_in <- function(g, n) {
  size <- n %/% 8L
  if (g < 7L) g * size + seq_len(size) else (7L * size + 1L):n
}

# u ~ N(0, A x Sigma), a column for each coefficient; Mendelian variance 1/2, as without inbreeding.
drawn_effects <- function(n, parents, Sigma) {
  u <- matrix(rnorm(n * ncol(Sigma)), n) %*% chol(Sigma)
  for (g in 1:7) {
    born <- born_in(g, n)
    u[born, ] <- sqrt(0.5) * u[born, ] + (u[parents$sire[born], , drop = FALSE] +
      u[parents$dam[born], , drop = FALSE]) / 2
  }
  u
}

drawn_normal <- function(n, Sigma) matrix(rnorm(n * ncol(Sigma)), n) %*% chol(Sigma)

covariance <- function(...) {
  x <- c(...)
  m <- (sqrt(8 * length(x) + 1) - 1) / 2
  Sigma <- matrix(0, m, m)
  Sigma[upper.tri(Sigma, TRUE)] <- x
  Sigma + t(Sigma) - diag(diag(Sigma), m)
}

# By row: records of an animal, the formula, the variances held, and the response less the level of
# its herd and season, of a data frame with animal, dam and x in (-1, 1).
large_models <- list(
  blup = list(
    records = 1L, formula = y ~ herd + season + (1 | gr(animal, pedigree = ped)),
    held = c(animal = 0.3, residual = 0.7),
    draw = function(d, n, parents) {
      drawn_effects(n, parents, covariance(0.3))[d$animal, ] + rnorm(nrow(d), sd = sqrt(0.7))
    }
  ),
  repeated = list(
    records = 4L,
    formula = y ~ herd + season + (1 | gr(animal, pedigree = ped)) + (1 | animal),
    held = c(animal = 0.3, animal.iid = 0.2, residual = 0.5),
    draw = function(d, n, parents) {
      drawn_effects(n, parents, covariance(0.3))[d$animal, ] +
        rnorm(n, sd = sqrt(0.2))[d$animal] + rnorm(nrow(d), sd = sqrt(0.5))
    }
  ),
  maternal = list(
    records = 1L,
    formula = y ~ herd + season + (1 | gr(direct = animal, maternal = dam, pedigree = ped)),
    held = c(animal.direct = 0.3, animal.direct.maternal = -0.05, animal.maternal = 0.15,
      residual = 0.6),
    draw = function(d, n, parents) {
      u <- drawn_effects(n, parents, covariance(0.3, -0.05, 0.15))
      u[d$animal, 1L] + u[d$dam, 2L] + rnorm(nrow(d), sd = sqrt(0.6))
    }
  ),
  traits = list(
    records = 1L, formula = cbind(y1, y2, y3) ~ herd + season + (1 | gr(animal, pedigree = ped)),
    held = c(animal.y1 = 0.3, animal.y1.y2 = 0.2, animal.y2 = 0.5, animal.y1.y3 = -0.1,
      animal.y2.y3 = 0.1, animal.y3 = 0.4, residual.y1 = 0.7, residual.y1.y2 = 0.2,
      residual.y2 = 1, residual.y1.y3 = 0.1, residual.y2.y3 = 0.2, residual.y3 = 0.8),
    draw = function(d, n, parents) {
      drawn_effects(n, parents, covariance(0.3, 0.2, 0.5, -0.1, 0.1, 0.4))[d$animal, ] +
        drawn_normal(nrow(d), covariance(0.7, 0.2, 1, 0.1, 0.2, 0.8))
    }
  ),
  curves = list(
    records = 10L,
    formula = y ~ herd + x + (1 + x | gr(animal, pedigree = ped)) + (1 + x | animal),
    held = c(animal.Intercept = 0.3, animal.Intercept.x = 0.05, animal.x = 0.1,
      animal.iid.Intercept = 0.2, animal.iid.Intercept.x = 0.02, animal.iid.x = 0.1,
      residual = 0.5),
    draw = function(d, n, parents) {
      u <- drawn_effects(n, parents, covariance(0.3, 0.05, 0.1))[d$animal, ]
      p <- drawn_normal(n, covariance(0.2, 0.02, 0.1))[d$animal, ]
      u[, 1L] + u[, 2L] * d$x + p[, 1L] + p[, 2L] * d$x + rnorm(nrow(d), sd = sqrt(0.5))
    }
  )
)

# REML is of the models of BLUP: "reml" of "blup", "reml-repeated" of "repeated", ...
model_of <- function(row) {
  large_models[[if (row == "reml") "blup" else sub("^reml-", "", row)]]
}

records_of <- function(model, n, parents) {
  animal <- rep(seq_len(n), each = model$records)
  if ("dam" %in% all.vars(model$formula)) animal <- animal[!is.na(parents$dam[animal])]
  m <- length(animal)
  herd <- sample.int(m %/% 50L, m, TRUE)
  season <- sample.int(4L, m, TRUE)
  level <- rnorm(m %/% 50L)[herd] + rnorm(4L)[season]
  used <- all.vars(model$formula)
  d <- data.frame(animal = animal)
  if ("dam" %in% used) d$dam <- parents$dam[animal]
  if ("x" %in% used) d$x <- runif(m, -1, 1)
  y <- level + model$draw(d, n, parents)
  d[if (is.matrix(y)) paste0("y", seq_len(ncol(y))) else "y"] <- y
  d$herd <- factor(herd)
  if ("season" %in% used) d$season <- factor(season)
  d
}

make_data <- function(row, n, place) {
  set.seed(1)
  parents <- parents_of(n)
  saveRDS(data.frame(id = seq_len(n), sire = parents$sire, dam = parents$dam),
    file.path(place, "pedigree.rds"), compress = FALSE)
  saveRDS(records_of(model_of(row), n, parents), file.path(place, "records.rds"),
    compress = FALSE)
}
