trials <- function() {
  set.seed(1)
  gen <- factor(sprintf("g%02d", 1:12))
  met <- expand.grid(rep = 1:3, gen = gen, env = factor(paste0("e", 1:4)))
  met$block <- factor(paste0(met$env, "b", sample(4, nrow(met), TRUE)))
  met$y <- 10 + as.integer(met$env) + stats::rnorm(12)[met$gen] +
    stats::rnorm(48, sd = 0.7)[interaction(met$gen, met$env)] + stats::rnorm(16)[met$block] +
    stats::rnorm(nrow(met))
  met[-sample(nrow(met), 40), ]
}

test_that("the whole error covariance gives the single-stage answers at equal variances", {
  met <- trials()
  first <- c(block = 0.8, residual = 1.1)
  two <- two_stage_met(y ~ gen + (1 | block), "env", "gen", data = met,
    hold = list(first = first, second = c(gen = 1, residual = 0.5)))
  one <- lmmfit(y ~ env + (1 | gen) + (1 | env:gen) + (1 | block), met,
    hold = c(gen = 1, `env:gen` = 0.5, first))
  expect_equal(coef(two), fixef(one), tolerance = 1e-8)
  expect_equal(vcov(two), vcov(one), tolerance = 1e-8)
  both <- compare_stages(two, one)
  expect_equal(both$effects$two, both$effects$one, tolerance = 1e-8)
  expect_equal(both$effects$se_two, both$effects$se_one, tolerance = 1e-8)
  expect_equal(both$variances$one, c(1, 0.5), tolerance = 1e-12)
})

test_that("adjusted means of stage 1 are those of lm(), with their covariance", {
  met <- trials()
  two <- two_stage_met(y ~ gen + block, "env", "gen", data = met)
  own <- droplevels(met[met$env == "e2", ])
  fit <- stats::lm(y ~ 0 + gen + block, own)
  others <- colMeans(stats::model.matrix(fit)[, -seq_len(nlevels(own$gen)), drop = FALSE])
  q <- nlevels(own$gen)
  at <- cbind(diag(q), matrix(others, q, length(others), byrow = TRUE))
  means <- two$means[two$means$env == "e2", ]
  expect_equal(means$mean, drop(at %*% stats::coef(fit)), tolerance = 1e-10)
  expect_equal(as.matrix(two$error[means$unit, means$unit]), at %*% stats::vcov(fit) %*% t(at),
    tolerance = 1e-8, ignore_attr = TRUE)
})

test_that("balanced complete trials: every weighting agrees", {
  set.seed(2)
  met <- expand.grid(rep = factor(1:3), gen = factor(1:8), env = factor(1:5))
  met$y <- stats::rnorm(8)[met$gen] + stats::rnorm(40)[interaction(met$gen, met$env)] +
    stats::rnorm(120)
  first <- c(residual = 1)
  fits <- lapply(c("full", "none"), function(weights) {
    two_stage_met(y ~ gen + rep, "env", "gen", data = met, weights = weights,
      hold = list(first = first))
  })
  # Errors of the same size and correlation everywhere move from their own term to the residual.
  expect_equal(ranef(fits[[1]])$gen, ranef(fits[[2]])$gen, tolerance = 1e-5)
  expect_equal(varcomp(fits[[2]]$fit)$estimate[2], varcomp(fits[[1]]$fit)$estimate[3] + 1 / 3,
    tolerance = 1e-5)
})

test_that("columns of the entries may be used in stage 2, and mistakes are told", {
  met <- trials()
  met$type <- factor(ifelse(as.integer(met$gen) > 6, "new", "old"))
  two <- two_stage_met(y ~ gen, "env", "gen", second = ~ type + (1 | gen), data = met,
    weights = "diagonal")
  expect_true("typeold" %in% names(coef(two)))
  expect_output(print(two), "4 environments and 12 entries")
  expect_error(two_stage_met(y ~ block, "env", "gen", data = met),
    class = "henderson_error_two_stage")
  expect_error(two_stage_met(y ~ gen, "environment", "gen", data = met),
    class = "henderson_error_unknown_column")
  few <- rbind(met[met$env != "e1", ], met[met$env == "e1", ][1:2, ])
  part <- two_stage_met(y ~ gen, "env", "gen", data = few)
  expect_named(part$left_out, "e1")
})

# Fields of 6 x 5 plots with errors that are correlated along rows and columns.
fields <- function(n_env = 3, seed = 5) {
  set.seed(seed)
  gen <- sprintf("g%02d", 1:10)
  each <- lapply(seq_len(n_env), function(e) {
    x <- expand.grid(row = 1:6, col = 1:5)
    x$gen <- sample(rep(gen, 3))
    R <- kronecker(0.5^abs(outer(1:5, 1:5, "-")), 0.7^abs(outer(1:6, 1:6, "-")))
    x$env <- paste0("e", e)
    x$y <- 10 + e + drop(t(chol(R)) %*% stats::rnorm(30))
    x[-sample(30, 3), ]
  })
  met <- do.call(rbind, each)
  met$gen <- factor(met$gen)
  met$y <- met$y + stats::rnorm(10)[met$gen] +
    stats::rnorm(30, sd = 0.6)[interaction(met$gen, met$env)]
  met
}

ar1_fields <- c(residual.variance = 1, residual.row.rho = 0.7, residual.col.rho = 0.5)

# The error covariance of an own field at these values.
dense_field <- function(own) {
  0.7^abs(outer(own$row, own$row, "-")) * 0.5^abs(outer(own$col, own$col, "-"))
}

test_that("spatial residuals in stage 1: means by V, and the single stage at equal variances", {
  met <- fields()
  two <- two_stage_met(y ~ gen, "env", "gen", data = met, residual = ~ ar1(row):ar1(col),
    hold = list(first = ar1_fields, second = c(gen = 1, residual = 0.4)))
  for (e in c("e1", "e3")) {
    own <- met[met$env == e, ]
    X <- stats::model.matrix(~ 0 + gen, own)
    covariance <- solve(t(X) %*% solve(dense_field(own), X))
    means <- two$means[two$means$env == e, ]
    expect_equal(means$mean, drop(covariance %*% t(X) %*% solve(dense_field(own), own$y)),
      tolerance = 1e-9, ignore_attr = TRUE)
    expect_equal(unname(as.matrix(two$error[means$unit, means$unit])), unname(covariance),
      tolerance = 1e-9)
  }
  one <- lmmfit(y ~ env + (1 | gen) + (1 | env:gen), met,
    residual = list(env = ~ ar1(row):ar1(col)))
  held <- varcomp(one)$parameter
  values <- ifelse(grepl("row", held), 0.7, ifelse(grepl("col", held), 0.5, 1))
  values[held == "env:gen"] <- 0.4
  one <- update(one, hold = stats::setNames(values, held))
  expect_equal(coef(two), fixef(one), tolerance = 1e-8)
  expect_equal(vcov(two), vcov(one), tolerance = 1e-8)
  both <- compare_stages(two, one)
  expect_equal(both$effects$two, both$effects$one, tolerance = 1e-8)
  expect_equal(both$effects$se_two, both$effects$se_one, tolerance = 1e-8)
})

test_that("the weights of stage 2, by V", {
  met <- fields()
  for (weights in c("full", "Smith", "diagonal")) {
    two <- two_stage_met(y ~ gen, "env", "gen", data = met, residual = ~ ar1(row):ar1(col),
      weights = weights, hold = list(first = ar1_fields, second = c(gen = 1, residual = 0.4)))
    error <- as.matrix(two$error)
    R <- switch(weights, full = error, Smith = diag(1 / diag(solve(error))),
      diagonal = diag(diag(error)))
    Z <- stats::model.matrix(~ 0 + gen, two$means)
    X <- stats::model.matrix(~env, two$means)
    V <- tcrossprod(Z) + 0.4 * diag(nrow(X)) + R
    XVX <- t(X) %*% solve(V, X)
    b <- solve(XVX, t(X) %*% solve(V, two$means$mean))
    expect_equal(unname(coef(two)), drop(unname(b)), tolerance = 1e-8, label = weights)
    expect_equal(vcov(two), solve(XVX), tolerance = 1e-8, ignore_attr = TRUE)
    expect_equal(ranef(two)$gen[[1L]], drop(unname(t(Z) %*% solve(V, two$means$mean - X %*% b))),
      tolerance = 1e-8, label = weights)
  }
})

test_that("structures by environment, and chosen in each by AIC", {
  met <- fields()
  candidates <- list(~iid, field = ~ ar1(row):ar1(col), ~ ar1(row | col))
  two <- two_stage_met(y ~ gen, "env", "gen", data = met, residual = candidates)
  for (e in two$residual$environment) {
    own <- droplevels(met[met$env == e, ])
    table <- compare_structures(lmmfit(y ~ gen, own), candidates)
    expect_equal(two$structures[[e]]$AIC, table$AIC, tolerance = 1e-8)
    expect_identical(two$residual$residual[two$residual$environment == e],
      row.names(table)[which.min(table$AIC)])
  }
  expect_true("field" %in% two$residual$residual)
  expect_output(print(two), "Residual of stage 1: .*chosen by AIC")
  own <- two_stage_met(y ~ gen, "env", "gen", data = met,
    residual = list(e2 = ~ ar1(row):ar1(col), e3 = candidates))
  expect_identical(own$residual$residual[1:2], c("iid", "ar1(row):ar1(col)"))
  expect_named(own$structures, "e3")
})

test_that("random terms of stage 1, as lmmfit() and as ASReml write them", {
  met <- trials()
  met$rep <- factor(met$rep)
  plain <- two_stage_met(y ~ gen + (1 | block) + (1 | rep), "env", "gen", data = met)
  for (random in c(~ (1 | block) + (1 | rep), ~ block + rep)) {
    two <- two_stage_met(y ~ gen, "env", "gen", data = met, random = random)
    expect_equal(two$means, plain$means, tolerance = 1e-8)
  }
  two <- two_stage_met(y ~ gen + (1 | block), "env", "gen", data = met,
    random = list(e2 = ~ (1 | rep)))
  expect_identical(unique(two$first$environment[two$first$term == "rep"]), "e2")
  expect_equal(two$means[two$means$env == "e2", ], plain$means[plain$means$env == "e2", ],
    tolerance = 1e-8)
})

test_that("what cannot be given to stage 1 is refused", {
  met <- fields()
  refused <- function(text, class, ...) {
    expect_error(two_stage_met(y ~ gen, "env", "gen", data = met, ...), text,
      class = paste0("henderson_error_", class))
  }
  refused("no structure", "argument", residual = "ar1")
  refused("no structure", "argument", residual = list(e1 = 3))
  refused("no environment \"e9\"", "argument", residual = list(e1 = ~iid, e9 = ~iid))
  refused("one-sided formula", "argument", random = y ~ row)
  refused("no environment \"E1\"", "argument", random = list(e2 = ~row, E1 = ~row))
  refused("needs two environments", "two_stage", residual = ~ ar1(nowhere))
  refused("Smith", "argument", weights = "winter")
})
