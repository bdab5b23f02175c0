# Sigma of each structure, written out entry by entry, and the engine against it.

visits <- 4L
sds <- sqrt(c(2, 0.5, 1.5, 3))
place <- cbind(c(0, 0.7, 1.1, 3))
field <- cbind(c(0, 1, -0.3, 1.5), c(0, 0.5, 2, 1.5))
by_entry <- function(f, t = visits) outer(seq_len(t), seq_len(t), Vectorize(f))
apart <- function(x) as.matrix(dist(x))

recipe_of <- function(name, order = 0L, constants = double(), coordinates = NULL, t = visits) {
  new_recipe(name, t, list(order = order, constants = constants), coordinates)
}

# By name: the recipe, its values, and Sigma.
bessel_correlation <- function(x, nu) {
  ifelse(x == 0, 1, 2 * (x / 2)^nu * besselK(x, nu) / gamma(nu))
}

structure_cases <- list(
  id = list(recipe_of("id"), 2, diag(2, 4)),
  cs = list(recipe_of("cs"), c(2, -0.2), by_entry(function(i, j) if (i == j) 2 else -0.4)),
  csh = list(recipe_of("csh"), c(sds^2, 0.6),
    by_entry(function(i, j) sds[i] * sds[j] * if (i == j) 1 else 0.6)),
  ar1 = list(recipe_of("ar1"), c(2, -0.7), by_entry(function(i, j) 2 * (-0.7)^abs(i - j))),
  ar1h = list(recipe_of("ar1h"), c(sds^2, 0.6),
    by_entry(function(i, j) sds[i] * sds[j] * 0.6^abs(i - j))),
  toep = list(recipe_of("toep"), c(2, 0.5, 0.1, -0.3),
    by_entry(function(i, j) 2 * c(1, 0.5, 0.1, -0.3)[abs(i - j) + 1])),
  `toep banded` = list(recipe_of("toep", order = 2L), c(2, 0.5),
    by_entry(function(i, j) 2 * c(1, 0.5, 0, 0)[abs(i - j) + 1])),
  toeph = list(recipe_of("toeph"), c(sds^2, 0.5, 0.1, -0.3),
    by_entry(function(i, j) sds[i] * sds[j] * c(1, 0.5, 0.1, -0.3)[abs(i - j) + 1])),
  ante = list(recipe_of("ante"), c(sds^2, 0.5, -0.8, 0.9),
    by_entry(function(i, j) {
      between <- seq_len(abs(i - j)) + min(i, j) - 1
      sds[i] * sds[j] * prod(c(0.5, -0.8, 0.9)[between])
    })),
  # By partial correlations, Corr(1, 3) = rho1 rho2 + rho1.3 sqrt((1 - rho1^2) (1 - rho2^2)), and
  # level 1 with 4 through 2 and 3.
  `ante 2` = list(recipe_of("ante", order = 2L), c(sds^2, 0.5, -0.8, 0.9, 0.3, -0.4), {
    r <- diag(4)
    r[1, 2] <- 0.5
    r[2, 3] <- -0.8
    r[3, 4] <- 0.9
    r[1, 3] <- 0.5 * -0.8 + 0.3 * sqrt(0.75 * 0.36)
    r[2, 4] <- -0.8 * 0.9 - 0.4 * sqrt(0.36 * 0.19)
    r[1, 4] <- (r[1, 2] * (r[2, 4] - r[2, 3] * r[3, 4]) + r[1, 3] * (r[3, 4] - r[2, 3] * r[2, 4])) /
      (1 - r[2, 3]^2)
    r[lower.tri(r)] <- t(r)[lower.tri(r)]
    outer(sds, sds) * r
  }),
  `chol 2` = list(recipe_of("chol", order = 2L), c(2, 0.4, 0.5, -0.3, 0.1, 1.5, 0.2, 0.6, 3),
    cbind(c(2, 0.4, -0.3, 0), c(0.4, 0.5, 0.1, 0.2), c(-0.3, 0.1, 1.5, 0.6), c(0, 0.2, 0.6, 3))),
  arma11 = list(recipe_of("arma11"), c(2, 0.6, 0.4),
    by_entry(function(i, j) 2 * if (i == j) 1 else 0.4 * 0.6^(abs(i - j) - 1))),
  # Written out by their recursions, not by stats::ARMAacf().
  ar2 = list(recipe_of("ar2"), c(2, 1.2, -0.5),
    by_entry(function(i, j) 2 * c(1, 0.8, 0.46, 0.152)[abs(i - j) + 1])),
  ar2h = list(recipe_of("ar2h"), c(sds^2, 1.2, -0.5),
    by_entry(function(i, j) sds[i] * sds[j] * c(1, 0.8, 0.46, 0.152)[abs(i - j) + 1])),
  ar3 = list(recipe_of("ar3"), c(2, 0.5, 0.2, -0.3), {
    # rho1 = (phi1 + phi2 phi3) / (1 - phi2 - phi3 (phi1 + phi3)), Yule-Walker by hand
    rho <- (0.5 - 0.2 * 0.3) / (1 - 0.2 + 0.3 * (0.5 - 0.3))
    rho[2] <- 0.5 * rho + 0.2 - 0.3 * rho
    rho[3] <- 0.5 * rho[2] + 0.2 * rho[1] - 0.3
    by_entry(function(i, j) 2 * c(1, rho)[abs(i - j) + 1])
  }),
  ma1 = list(recipe_of("ma1"), c(2, -0.5),
    by_entry(function(i, j) 2 * c(1, -0.4, 0, 0)[abs(i - j) + 1])),
  ma2 = list(recipe_of("ma2"), c(2, 0.6, 0.3),
    by_entry(function(i, j) 2 * c(1, 0.78 / 1.45, 0.3 / 1.45, 0)[abs(i - j) + 1])),
  ma2h = list(recipe_of("ma2h"), c(sds^2, 0.6, 0.3),
    by_entry(function(i, j) sds[i] * sds[j] * c(1, 0.78 / 1.45, 0.3 / 1.45, 0)[abs(i - j) + 1])),
  # With a double root r: rho_d = (1 + d (1 - r^2) / (1 + r^2)) r^d.
  sar = list(recipe_of("sar"), c(2, 0.8), by_entry(function(i, j) {
    2 * (1 + abs(i - j) * 0.84 / 1.16) * 0.4^abs(i - j)
  })),
  sar2 = list(recipe_of("sar2"), c(2, 0, 0.4), by_entry(function(i, j) {
    2 * (1 + abs(i - j) * 0.84 / 1.16) * 0.4^abs(i - j)
  })),
  corg = list(recipe_of("corg"), c(2, 0.5, -0.3, 0.1, 0.2, 0, 0.4), {
    corg <- diag(4)
    corg[upper.tri(corg)] <- c(0.5, -0.3, 0.1, 0.2, 0, 0.4)
    2 * (corg + t(corg) - diag(4))
  }),
  exp = list(recipe_of("exp", coordinates = place), c(2, 1.3), 2 * exp(-apart(place) / 1.3)),
  `exp in a plane` = list(recipe_of("exp", coordinates = field), c(2, 1.3),
    2 * exp(-apart(field) / 1.3)),
  # In each direction by itself.
  iexp = list(recipe_of("iexp", coordinates = field), c(2, 1.3),
    2 * exp(-apart(field[, 1L]) / 1.3) * exp(-apart(field[, 2L]) / 1.3)),
  gau = list(recipe_of("gau", coordinates = field), c(2, 1.3), 2 * exp(-apart(field)^2 / 1.69)),
  # Half an odd integer: (1 + x) exp(-x).
  `matern 3/2` = list(recipe_of("matern", constants = 1.5, coordinates = field), c(2, 0.8),
    2 * (1 + apart(field) / 0.8) * exp(-apart(field) / 0.8)),
  matern = list(recipe_of("matern", coordinates = field), c(2, 0.8, 2.5),
    2 * (1 + apart(field) / 0.8 + (apart(field) / 0.8)^2 / 3) * exp(-apart(field) / 0.8)),
  # Rough and smooth, with R's Bessel function.
  `matern 0.37` = list(recipe_of("matern", coordinates = field), c(2, 0.8, 0.37),
    2 * bessel_correlation(apart(field) / 0.8, 0.37)),
  `matern 7.8` = list(recipe_of("matern", coordinates = field), c(2, 0.3, 7.8),
    2 * bessel_correlation(apart(field) / 0.3, 7.8)),
  loglin = list(recipe_of("loglin", constants = c(0.5, 1), coordinates = field), c(2, 0.3, -0.4),
    by_entry(function(i, j) {
      if (i == j) 2 * exp(0.3 * (field[i, 1] - 0.5) - 0.4 * (field[i, 2] - 1)) else 0
    })),
  `fa(1)` = list(recipe_of("fa", order = 1L), c(0.3, 0.1, 0, 0.7, 1, -0.5, 0.8, 0.2),
    tcrossprod(c(1, -0.5, 0.8, 0.2)) + diag(c(0.3, 0.1, 0, 0.7))),
  `fa(2)` = list(recipe_of("fa", order = 2L),
    c(0.3, 0.1, 0.2, 0.7, 1, -0.5, 0.8, 0.2, 0.9, 0.4, -1),
    tcrossprod(cbind(c(1, -0.5, 0.8, 0.2), c(0, 0.9, 0.4, -1))) + diag(c(0.3, 0.1, 0.2, 0.7))),
  `rr(2)` = list(recipe_of("rr", order = 2L), c(1, -0.5, 0.8, 0.2, 0.9, 0.4, -1),
    tcrossprod(cbind(c(1, -0.5, 0.8, 0.2), c(0, 0.9, 0.4, -1)))),
  `ar1 x ar1` = list(
    product_recipe(list(recipe_of("ar1", t = 2L), recipe_of("ar1", t = 2L)), c("row", "col")),
    c(2, 0.5, -0.3), 2 * kronecker(matrix(c(1, 0.5, 0.5, 1), 2), matrix(c(1, -0.3, -0.3, 1), 2))),
  `us x cs` = list(
    product_recipe(list(list(name = "us", n_coef = 2L, order = 0L), recipe_of("cs", t = 2L)),
      c("trait", "time")),
    c(2, 0.5, 1), kronecker(matrix(c(2, 0.5, 0.5, 1), 2), matrix(c(1, 0.4, 0.4, 1), 2)))
)
structure_cases[["us x cs"]][[2]] <- c(2, 0.5, 1, 0.4)
# Smooth ones have 1e-10 of the variance more on the diagonal, as ?structures says.
for (name in grep("^gau|^matern", names(structure_cases), value = TRUE)) {
  case <- structure_cases[[name]]
  structure_cases[[name]][[3]] <- case[[3]] + diag(2e-10, nrow(case[[3]]))
}

test_that("the matrices are those of their formulas", {
  for (name in names(structure_cases)) {
    case <- structure_cases[[name]]
    expect_equal(unname(sigma_of(case[[1]], case[[2]])), unname(case[[3]]), info = name,
      tolerance = 1e-12)
    expect_identical(length(parameter_kinds(case[[1]])$kind), length(case[[2]]), info = name)
  }
})

# Records of 12 groups at 4 positions, some of them twice, some missing.
structure_spec <- function(recipe, method) {
  set.seed(5)
  cells <- expand.grid(position = factor(1:4), group = factor(1:12))
  cells <- cells[sort(c(sample(48, 40), sample(48, 20))), ]
  x <- rnorm(nrow(cells))
  hand_spec(rnorm(nrow(cells)) + rnorm(12)[cells$group], list(hand_columns(),
    hand_columns(hand_numeric(x))), list(modifyList(
      hand_random(cells$group, list(hand_columns(hand_identity(cells$position)))),
      list(n_coef = 4L, structure = recipe)
    )), method = method)
}

test_that("the engine's likelihood and score are those of V with these matrices", {
  for (method in c("REML", "ML")) {
    for (name in names(structure_cases)) {
      case <- structure_cases[[name]]
      values <- c(case[[2]], 0.8)
      # The score at a variance of exactly zero is one-sided.
      values[values == 0] <- 0.05
      spec <- structure_spec(case[[1]], method)
      dense <- function(values) {
        sigma <- sigma_of(case[[1]], values[-length(values)])
        oracle_minus2loglik(oracle_model(spec, list(sigma), values[length(values)]),
          REML = method == "REML")
      }
      at <- likelihood_cpp(spec, values)
      expect_within(at$minus2loglik, dense(values), 1e-7, paste(name, method))
      slope <- numeric_gradient(dense, values, 0.005)
      expect_relative(at$gradient, slope, 2e-6, paste("score of", name, method),
        scale = 0.1 * max(abs(slope)))
    }
  }
})

test_that("the average information of correlations is that of V", {
  for (name in c("ar1h", "toep", "fa(2)", "matern")) {
    case <- structure_cases[[name]]
    values <- c(case[[2]], 0.8)
    spec <- structure_spec(case[[1]], "REML")
    dense <- function(values) {
      oracle_model(spec, list(sigma_of(case[[1]], values[-length(values)])),
        values[length(values)])
    }
    model <- dense(values)
    P <- solve(model$V)
    P <- P - P %*% model$X %*% solve(t(model$X) %*% P %*% model$X, t(model$X) %*% P)
    q <- vapply(seq_along(values), function(i) {
      h <- 1e-5
      up <- dense(replace(values, i, values[i] + h))$V
      down <- dense(replace(values, i, values[i] - h))$V
      drop((up - down) %*% P %*% model$y) / (2 * h)
    }, double(length(model$y)))
    expected <- crossprod(q, P %*% q) / 2
    found <- likelihood_cpp(spec, values)$average_information
    expect_within(as.numeric(found), as.numeric(expected), 1e-6 * max(abs(expected)), name)
  }
})
