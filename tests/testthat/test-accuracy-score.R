# The likelihood of the engine against the dense form through V, and its score against central
# differences, at random points (not at the optimum), for every type of parameter.

unbalanced_group <- function(n, n_levels) {
  group <- factor(sample(n_levels, n, replace = TRUE, prob = seq_len(n_levels)), seq_len(n_levels))
  group[seq_len(n_levels)] <- seq_len(n_levels)
  group
}

# A sparse precision of n levels that is not diagonal: an autoregression along the levels.
chain_precision <- function(n, rho = 0.6) {
  precision <- Matrix::bandSparse(
    n,
    k = -1:1,
    diagonals = list(rep(-rho, n - 1), c(1, rep(1 + rho^2, n - 2), 1), rep(-rho, n - 1))
  ) / (1 - rho^2)
  methods::as(methods::as(precision, "generalMatrix"), "CsparseMatrix")
}

# Specifications by what they exercise; all have the fixed part 1 + x + f unless said.
score_specs <- function(method) {
  set.seed(20)
  n <- 60L
  x <- runif(n, -1, 2)
  time <- rnorm(n)
  f <- factor(rep_len(c("a", "b", "c"), n))
  g <- unbalanced_group(n, 9L)
  h <- unbalanced_group(n, 6L)
  y <- 3 + x + rnorm(9)[g] * (1 + time) + rnorm(6)[h] + rnorm(n)
  fixed <- list(hand_columns(), hand_columns(hand_numeric(x)), hand_columns(hand_treatment(f)))
  line <- list(hand_columns(), hand_columns(hand_numeric(time)))
  curve <- c(line, list(hand_columns(hand_numeric(time^2))))
  spec <- function(random, fixed_part = fixed, ...) {
    hand_spec(y, fixed_part, random, method = method, ...)
  }
  list(
    "residual only" = spec(list()),
    "scalar" = spec(list(hand_random(g))),
    "crossed scalars" = spec(list(hand_random(g), hand_random(h, label = "h"))),
    "nested scalars" = spec(list(
      hand_random(h, label = "h"), hand_random(interaction(h, f, drop = TRUE), label = "h:f")
    )),
    "slope without intercept" = spec(list(hand_random(g, line[2]))),
    "us 2x2" = spec(list(hand_random(g, line))),
    "us 3x3" = spec(list(hand_random(g, curve))),
    "diag" = spec(list(hand_random(g, curve, structure = "diag"))),
    "us and crossed scalar" = spec(list(hand_random(g, line), hand_random(h, label = "h"))),
    "weights" = spec(list(hand_random(g, line)), weights = exp(runif(n, -1, 1))),
    "precision, scalar" = spec(list(hand_random(g, precision = chain_precision(9L)))),
    "precision, us 2x2" = spec(list(hand_random(g, line, precision = chain_precision(9L)))),
    "precision, diag" = spec(list(
      hand_random(g, line, structure = "diag", precision = chain_precision(9L))
    )),
    "precision and identity on one factor" = spec(list(
      hand_random(g, precision = chain_precision(9L)), hand_random(g, label = "g.iid")
    )),
    "levels without records" = spec(list(
      hand_random(factor(as.integer(g), 1:14), line, precision = chain_precision(14L))
    )),
    "dependent columns" = spec(
      list(hand_random(g, line)),
      c(fixed, list(hand_columns(hand_identity(f)), hand_columns(hand_numeric(2 * x - 1))))
    ),
    "many dependent columns" = spec(
      list(hand_random(h)),
      list(hand_columns(), hand_columns(hand_identity(g)), hand_columns(
        hand_identity(g), hand_identity(f)
      ))
    )
  )
}

for (method in c("REML", "ML")) {
  specs <- score_specs(method)
  for (name in names(specs)) {
    test_that(sprintf("likelihood and score at random points: %s, %s", name, method), {
      spec <- specs[[name]]
      minus2loglik <- function(values) likelihood_cpp(spec, values)$minus2loglik
      set.seed(7)
      for (point in 1:4) {
        values <- hand_values(spec, scale = 10^stats::runif(1, -0.5, 0.7))
        at <- likelihood_cpp(spec, values)
        expect_relative(
          at$minus2loglik, dense_minus2loglik(spec, values), 1e-9, "-2 log-likelihood through V"
        )
        difference <- numeric_gradient(minus2loglik, values)
        # 1e-6 of the entry; of the largest entry / 100 where an entry happens to be near zero.
        expect_relative(
          at$gradient, difference, 1e-6, "score against differences",
          scale = 0.01 * max(abs(difference))
        )
      }
    })
  }
}

test_that("the score holds at extreme scales of the parameters", {
  specs <- score_specs("REML")
  for (name in c("scalar", "us 2x2", "diag", "precision, us 2x2")) {
    spec <- specs[[name]]
    for (scale in c(1e-8, 1e8)) {
      scaled <- spec
      scaled$response <- spec$response * sqrt(scale)
      set.seed(3)
      values <- hand_values(spec)
      at <- likelihood_cpp(spec, values)
      at_scale <- likelihood_cpp(scaled, values * scale)
      expect_relative(at_scale$gradient * scale, at$gradient, 1e-8, paste("score of", name))
    }
  }
})

test_that("average information is half the curvature where the model is linear in one parameter", {
  # Residual only, REML: -2l = (n - p) log s + RSS / s; AI = y'PPPy / 2 = RSS / (2 s^3).
  spec <- score_specs("REML")[["residual only"]]
  x <- expand_recipe(spec$fixed, 60L)
  rss <- sum(qr.resid(qr(x), spec$response)^2)
  for (s in c(0.5, 2, 7)) {
    at <- likelihood_cpp(spec, s)
    expect_relative(as.numeric(at$average_information), rss / (2 * s^3), 1e-10, "information")
    expect_relative(at$gradient, (60 - 4) / s - rss / s^2, 1e-10, "score")
  }
})

test_that("average information equals its definition through V", {
  # AI_ij = y'P V_i P V_j P y / 2 (Gilmour, Thompson & Cullis 1995), with dense V and P.
  for (method in c("REML", "ML")) {
    specs <- score_specs(method)
    for (name in c("us 2x2", "us 3x3", "diag", "weights", "precision, us 2x2",
                   "dependent columns")) {
      spec <- specs[[name]]
      set.seed(11)
      values <- hand_values(spec)
      found <- likelihood_cpp(spec, values)$average_information
      expected <- dense_average_information(spec, values)
      expect_relative(
        as.numeric(found), as.numeric(expected), 1e-7, paste("AI of", name, method),
        scale = 1e-3 * max(abs(expected))
      )
    }
  }
})
