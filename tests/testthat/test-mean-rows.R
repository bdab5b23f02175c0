# Means over fixed and random effects, against predictions of rows averaged by hand and the dense V
# form of BLUP.

# Value and covariance of the errors of K beta + L u, from V.
expect_dense_means <- function(means, fit, label) {
  X <- model.matrix(fit)
  Z <- as.matrix(model.matrix(fit, "random"))
  G <- as.matrix(Matrix::bdiag(lapply(seq_along(fit$random), henderson:::term_g, fit)))
  V <- Z %*% G %*% t(Z) + residual_matrix(fit)
  Vi <- solve(V)
  Phi <- solve(t(X) %*% Vi %*% X)
  y <- fit$frame[[1L]]
  beta <- Phi %*% t(X) %*% Vi %*% y
  K <- attr(means, "K")
  L <- as.matrix(attr(means, "L"))
  u <- G %*% t(Z) %*% Vi %*% (y - X %*% beta)
  a <- K - L %*% G %*% t(Z) %*% Vi %*% X
  pev <- a %*% Phi %*% t(a) + L %*% (G - G %*% t(Z) %*% Vi %*% Z %*% G) %*% t(L)
  expect_equal(means$estimate, as.vector(K %*% beta + L %*% u), tolerance = 1e-9, label = label)
  expect_equal(unname(vcov(means)), unname(pev), tolerance = 1e-9, label = paste(label, "PEV"))
  d <- diag(pev)
  expect_equal(unname(sed(means)), unname(sqrt(pmax(outer(d, d, `+`) - 2 * pev, 0))),
    tolerance = 1e-9, label = paste(label, "SED"))
}

trial <- function(seed = 7) {
  set.seed(seed)
  data <- expand.grid(line = paste0("L", 1:9), env = c("wet", "dry", "cold"), rep = factor(1:2))
  data$env <- factor(data$env, c("wet", "dry", "cold"))
  data$x <- rnorm(nrow(data))
  main <- rnorm(9, 0, 2)
  own <- matrix(rnorm(27), 9)
  data$y <- 10 + as.integer(data$env) + main[data$line] + own[cbind(data$line, data$env)] +
    0.5 * data$x + rnorm(nrow(data), 0, 0.7)
  data
}

# The mean of the predictions of a grid.
by_hand <- function(fit, grid, ...) mean(predict(fit, grid, ...))

test_that("random lines averaged over a fixed factor: value, PEV and SED", {
  data <- trial()[-c(3, 11, 50), ]
  fit <- lmmfit(y ~ env + x + (1 | line) + (1 | env:line) + (1 | rep), data)
  means <- predict(fit, classify = ~ line)
  expect_identical(levels(means$line), paste0("L", 1:9))
  expect_dense_means(means, fit, "line")
  grid <- expand.grid(env = levels(data$env), line = "L4", x = mean(data$x))
  with_both <- by_hand(fit, grid, random = c("line", "env:line"))
  expect_equal(means$estimate[4], with_both)
  alone <- marginal_means(fit, ~ line, ignore = "env:line")
  expect_equal(alone$estimate[4], by_hand(fit, grid, random = "line"))
  expect_dense_means(alone, fit, "line alone")
  both <- predict(fit, classify = "env:line", at = list(x = 0))
  expect_identical(nrow(both), 27L)
  expect_dense_means(both, fit, "env:line")
  blocks <- marginal_means(fit, ~ env, average = "rep")
  expect_dense_means(blocks, fit, "env in these blocks")
  expect_true(all(blocks$se <= marginal_means(fit, ~ env)$se))
})

test_that("structured terms: a covariance of environments, factor analytic and diagonal", {
  data <- trial(11)
  for (term in c("us(env | line)", "diag(env | line)", "fa(env | line)")) {
    formula <- stats::as.formula(paste("y ~ env +", term))
    fit <- suppressWarnings(lmmfit(formula, data))
    means <- predict(fit, classify = ~ line)
    grid <- expand.grid(env = levels(data$env), line = "L2")
    expect_equal(means$estimate[2], by_hand(fit, grid), label = term)
    expect_dense_means(means, fit, term)
    cells <- predict(fit, classify = ~ line | env)
    expect_equal(cells$estimate, unname(predict(fit, as.data.frame(cells)[c("line", "env")])))
    expect_dense_means(cells, fit, paste(term, "by env"))
  }
})

test_that("an age on a Legendre curve, a point of a spline, direct and maternal effects", {
  data <- as.data.frame(nlme::Orthodont)
  fit <- lmmfit(distance ~ age + (0 + legendre(age, 1) | Subject), data, ddf = "none")
  means <- predict(fit, classify = ~ Subject, at = list(age = 13))
  expect_equal(means$estimate, unname(predict(fit,
    data.frame(Subject = as.character(means$Subject), age = 13))))
  expect_dense_means(means, fit, "legendre")

  set.seed(2)
  curve <- data.frame(x = seq(0, 1, length.out = 60), arm = gl(2, 1, 60, c("b", "a")))
  curve$y <- sin(5 * curve$x) + (curve$arm == "a") + rnorm(60, 0, 0.2)
  fit <- lmmfit(y ~ arm + x + spl(x, 8), curve)
  means <- marginal_means(fit, ~ arm, at = list(x = 0.3))
  expect_equal(means$estimate, unname(predict(fit, data.frame(arm = c("b", "a"), x = 0.3))))
  expect_dense_means(means, fit, "spline")

  ped <- pedigree(data.frame(id = 1:12, sire = c(NA, NA, NA, NA, 1, 1, 2, 2, 1, 1, 2, 2),
    dam = c(NA, NA, NA, NA, 3, 4, 3, 4, 5, 5, 6, 7)))
  calves <- data.frame(calf = 5:12, dam = c(3, 4, 3, 4, 5, 5, 6, 7), sex = gl(2, 1, 8),
    y = c(5.2, 4.1, 6.3, 5.5, 4.4, 6.1, 5.3, 5.9))
  fit <- lmmfit(y ~ sex + (1 | gr(direct = calf, maternal = dam, pedigree = ped)), calves,
    hold = c(calf.direct = 1, calf.maternal = 0.5, calf.direct.maternal = -0.1, residual = 1))
  direct <- predict(fit, classify = ~ calf)
  effects <- ranef(fit)[[1]]
  expect_equal(diff(range(direct$estimate - effects$direct)), 0, tolerance = 1e-10)
  expect_dense_means(direct, fit, "direct")
  maternal <- predict(fit, classify = ~ dam)
  expect_equal(diff(range(maternal$estimate - effects$maternal)), 0, tolerance = 1e-10)
})

test_that("combinations without records count as new levels, or are left out by `present`", {
  data <- trial()
  data <- data[!(data$line == "L1" & data$env == "dry"), ]
  fit <- lmmfit(y ~ env + (1 | line) + (1 | env:line), data)
  means <- predict(fit, classify = ~ line)
  grid <- expand.grid(env = levels(data$env), line = "L1")
  expect_equal(means$estimate[1], by_hand(fit, grid, allow_new_levels = TRUE))
  variance <- varcomp(fit)$estimate[match("env:line", varcomp(fit)$term)]
  without <- marginal_means(fit, ~ line, ignore = "env:line")
  expect_gt(means$se[1]^2, variance / 9)
  present <- predict(fit, classify = ~ line, present = TRUE)
  expect_equal(present$estimate[1], by_hand(fit, grid[grid$env != "dry", ]))
  expect_equal(present$estimate[2], means$estimate[2])
  expect_dense_means(present, fit, "present")
  expect_false(without$se[1] == means$se[1])
})

test_that("an unbalanced split plot: means in these blocks, and the same by contest(K, L)", {
  data <- as.data.frame(nlme::Oats)[-c(3, 17, 40), ]
  data$nitro <- factor(data$nitro)
  fit <- lmmfit(yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety), data)
  plots <- c("Block", "Block:Variety")
  narrow <- list(
    marginal_means(fit, ~ Variety, average = "Block", use = plots),
    marginal_means(fit, ~ Variety | nitro, average = "Block", use = plots),
    marginal_means(fit, ~ Variety, average = "Block", use = plots, ignore = "Block:Variety")
  )
  for (means in narrow) {
    expect_dense_means(means, fit, "narrow")
    found <- contest(fit, attr(means, "K"), L = attr(means, "L"))$table
    expect_equal(found$estimate, means$estimate, tolerance = 1e-10)
    expect_equal(found$se, means$se, tolerance = 1e-10)
  }
})

test_that("groups of unknown parents count with the animals that are asked for", {
  ped <- data.frame(id = c(paste0("a", 1:8)),
    sire = c("g1", "g1", "g2", "a1", "a1", "a3", "a4", "a6"),
    dam = c("g2", "g2", "g1", "a2", "a3", "a2", "a5", "a5"))
  ped <- pedigree(ped, groups = c("g1", "g2"), both_sexes = "allow")
  data <- data.frame(animal = paste0("a", c(4:8, 4:8)), pen = gl(2, 5),
    y = c(3.1, 4.5, 2.2, 5.1, 4.0, 3.3, 4.9, 2.6, 5.5, 4.4))
  fit <- lmmfit(y ~ pen + (1 | gr(animal, pedigree = ped)), data,
    hold = c(animal = 1, residual = 1))
  means <- predict(fit, classify = ~ animal)
  total <- ranef(fit)[[1]]
  told <- means$estimable
  expect_true(any(told))
  at <- match(as.character(means$animal), row.names(total))
  expect_equal(diff(means$estimate[told]), diff(total[[1]][at][told]), tolerance = 1e-9)
})

test_that("narrow, intermediate and broad inference of Stroup's split plot", {
  case <- read_case("splitplot-stroup-sas")
  data <- case$data
  data[c("block", "A", "B")] <- lapply(data[c("block", "A", "B")], factor)
  fit <- lmmfit(y ~ A * B + (1 | block) + (1 | block:A), data)
  expected <- case$models$reml$expected
  broad <- marginal_means(fit, ~ A)
  intermediate <- marginal_means(fit, ~ A, average = "block", ignore = "block:A")
  narrow <- marginal_means(fit, ~ A, average = "block")
  found <- list(broad = broad$estimate[1], broad_se = broad$se[1],
    intermediate_se = intermediate$se[1], narrow_se = narrow$se[1])
  expect_case(unlist(found), expected$predicted_mean_a1, case$source, "mean of A 1")
  difference <- list(estimate = pairs(narrow)$estimate[1], narrow_se = sed(narrow)[1, 2],
    broad_se = sed(broad)[1, 2])
  expect_case(unlist(difference), expected$difference_a1_a2, case$source, "A 1 less A 2")
  K <- attr(narrow, "K")
  expect_equal(contest(fit, K, attr(narrow, "L"))$table$se, narrow$se)
  named <- contest(fit, K[1, , drop = FALSE], list(block = rep(1 / 4, 4),
    `block:A` = stats::setNames(rep(1 / 4, 4), paste0(1:4, ":1"))))
  expect_equal(named$table$se, narrow$se[1])
  expect_error(contest(fit, K, list(blok = 1)), class = "henderson_error_term")
  expect_error(contest(fit, K, list(block = 1:3)), class = "henderson_error_hypothesis")
})
