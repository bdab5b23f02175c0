# Means whose functions K and L are written here cell by cell, from the V form of BLUE and BLUP with
# matrices that are made here of indicator columns: nothing of the fit but its variance parameters.

# (beta, u) and the covariance of (beta_hat, u_hat - u).
dense_solution <- function(y, X, Z, G, R) {
  Vi <- solve(Z %*% G %*% t(Z) + R)
  phi <- solve(t(X) %*% Vi %*% X)
  beta <- phi %*% t(X) %*% Vi %*% y
  back <- G %*% t(Z) %*% Vi
  u <- back %*% (y - X %*% beta)
  with_beta <- -back %*% X %*% phi
  errors <- G - back %*% Z %*% G - with_beta %*% t(X) %*% t(back)
  list(value = c(beta, u), covariance = rbind(cbind(phi, t(with_beta)), cbind(with_beta, errors)))
}

expect_functions <- function(means, solution, K, L, label, new = 0) {
  k <- cbind(K, L)
  expect_equal(means$estimate, as.vector(k %*% solution$value), tolerance = 1e-8, label = label)
  covariance <- k %*% solution$covariance %*% t(k) + diag(new, nrow(k))
  expect_equal(unname(vcov(means)), unname(covariance), tolerance = 1e-7,
    label = paste(label, "covariance"))
  variance <- diag(covariance)
  sed <- sqrt(pmax(outer(variance, variance, "+") - 2 * covariance, 0))
  expect_equal(unname(sed(means)), unname(sed), tolerance = 1e-7, label = paste(label, "SED"))
}

indicator <- function(x, levels = sort(unique(as.character(x)))) {
  outer(as.character(x), levels, "==") * 1
}

multi_environment <- function() {
  set.seed(7)
  data <- expand.grid(line = paste0("L", 1:9), env = c("cold", "dry", "wet"), rep = factor(1:2))
  data$x <- rnorm(nrow(data))
  own <- matrix(rnorm(27), 9)
  data$y <- 10 + as.integer(data$env) + rnorm(9, 0, 2)[data$line] +
    own[cbind(data$line, data$env)] + 0.5 * data$x + rnorm(nrow(data), 0, 0.7)
  data[!(data$line == "L1" & data$env == "dry"), ][-c(3, 11, 50), ]
}

test_that("average, ignore, present, weights and new cells of random lines", {
  data <- multi_environment()
  fit <- lmmfit(y ~ env + x + (1 | line) + (1 | env:line) + (1 | rep), data)
  v <- varcomp(fit)$estimate
  cells <- as.vector(t(outer(levels(data$env), paste0("L", 1:9), paste, sep = ":")))
  cells <- setdiff(cells, "dry:L1")
  X <- cbind(1, data$env == "dry", data$env == "wet", data$x)
  Z <- cbind(indicator(data$line), indicator(paste(data$env, data$line, sep = ":"), cells),
    indicator(data$rep))
  solution <- dense_solution(data$y, X, Z, diag(rep(v[1:3], c(9, 26, 2))),
    diag(v[4], nrow(data)))
  lines <- diag(9)
  of_cells <- function(share) {
    t(vapply(paste0("L", 1:9), function(line) {
      share[sub(":.*", "", cells)] * (sub(".*:", "", cells) == line)
    }, double(26)))
  }
  third <- c(cold = 1, dry = 1, wet = 1) / 3
  none <- function(n, m) matrix(0, n, m)
  K <- matrix(c(1, 1 / 3, 1 / 3, mean(data$x)), 9, 4, byrow = TRUE)
  plain <- cbind(lines, of_cells(third), none(9, 2))
  # The cell without records is a new level: its variance counts with the square of its share.
  expect_functions(predict(fit, classify = ~ line), solution, K, plain, "line",
    new = c(v[2] / 9, rep(0, 8)))
  expect_functions(predict(fit, classify = ~ line, ignore = "env:line"), solution, K,
    cbind(lines, none(9, 28)), "ignored")
  expect_functions(predict(fit, classify = ~ line, average = "rep", ignore = "env:line"), solution,
    K, cbind(lines, none(9, 26), matrix(1 / 2, 9, 2)), "averaged over replicates")
  weights <- c(cold = 0.2, dry = 0.5, wet = 0.3)
  weighted <- K
  weighted[, 2:3] <- rep(c(0.5, 0.3), each = 9)
  expect_functions(predict(fit, classify = ~ line, average = list(env = weights)), solution,
    weighted, cbind(lines, of_cells(weights), none(9, 2)), "weighted", c(v[2] / 4, rep(0, 8)))
  # L1 over the two environments that have it
  K[1, 2:3] <- c(0, 1 / 2)
  present <- plain
  present[1, 10:35] <- 1 / 2 * (cells %in% c("cold:L1", "wet:L1"))
  expect_functions(predict(fit, classify = ~ line, present = TRUE), solution, K, present, "present")
  # Environments alone: about the population of lines, or about these
  K <- cbind(1, c(0, 1, 0), c(0, 0, 1), mean(data$x))
  expect_functions(marginal_means(fit, ~ env), solution, K, none(3, 37), "env")
  expect_functions(marginal_means(fit, ~ env, average = "line", ignore = "env:line"), solution, K,
    cbind(matrix(1 / 9, 3, 9), none(3, 28)), "env over these lines")
})

test_that("covariances of environments: lines over all of them, and in each", {
  data <- multi_environment()
  X <- cbind(1, data$env == "dry", data$env == "wet")
  Z <- t(vapply(seq_len(nrow(data)), function(i) {
    as.vector(outer(levels(data$env) == data$env[i], paste0("L", 1:9) == data$line[i]))
  }, double(27)))
  K <- cbind(1, c(0, 1, 0), c(0, 0, 1))
  for (structure in c("us", "diag", "cs", "fa")) {
    fit <- suppressWarnings(lmmfit(stats::as.formula(
      paste0("y ~ env + ", structure, "(env | line)")), data))
    sigma <- as.matrix(VarCorr(fit)[[1]])[1:3, 1:3]
    attributes(sigma) <- list(dim = c(3L, 3L))
    residual <- varcomp(fit)$estimate[nrow(varcomp(fit))]
    solution <- dense_solution(data$y, X, Z, kronecker(diag(9), sigma),
      diag(residual, nrow(data)))
    over <- matrix(colMeans(K), 9, 3, byrow = TRUE)
    expect_functions(predict(fit, classify = ~ line), solution, over,
      kronecker(diag(9), matrix(1 / 3, 1, 3)), structure)
    each <- predict(fit, classify = ~ env + line)
    expect_identical(as.character(each$env[1:3]), levels(data$env))
    expect_functions(each, solution, K[rep(1:3, 9), ], diag(27), paste(structure, "by env"))
  }
})

test_that("an age on a curve of Legendre polynomials, written out", {
  data <- as.data.frame(nlme::Orthodont)
  fit <- lmmfit(distance ~ age * Sex + (0 + legendre(age, 2) | Subject), data,
    hold = c(residual = 1.5))
  phi <- function(age) {
    t <- (age - 11) / 3
    cbind(sqrt(1 / 2), sqrt(3 / 2) * t, sqrt(5 / 2) * (3 * t^2 - 1) / 2)
  }
  subjects <- levels(data$Subject)
  female <- data$Sex == "Female"
  X <- cbind(1, data$age, female, data$age * female)
  Z <- t(vapply(seq_len(nrow(data)), function(i) {
    as.vector(outer(drop(phi(data$age[i])), subjects == data$Subject[i]))
  }, double(81)))
  sigma <- matrix(varcomp(fit)$estimate[c(1, 2, 4, 2, 3, 5, 4, 5, 6)], 3)
  solution <- dense_solution(data$distance, X, Z, kronecker(diag(27), sigma), diag(1.5, 108))
  means <- predict(fit, classify = ~ Subject, at = list(age = 13, Sex = "Female"))
  K <- matrix(c(1, 13, 1, 13), 27, 4, byrow = TRUE)
  expect_functions(means, solution, K, kronecker(diag(27), phi(13)), "at 13")
})

test_that("direct and maternal effects are asked for one by one", {
  ped <- pedigree(data.frame(id = 1:12, sire = c(NA, NA, NA, NA, 1, 1, 2, 2, 1, 1, 2, 2),
    dam = c(NA, NA, NA, NA, 3, 4, 3, 4, 5, 5, 6, 7)))
  calves <- data.frame(calf = 5:12, dam = c(3, 4, 3, 4, 5, 5, 6, 7), sex = gl(2, 1, 8),
    y = c(5.2, 4.1, 6.3, 5.5, 4.4, 6.1, 5.3, 5.9))
  fit <- lmmfit(y ~ sex + (1 | gr(direct = calf, maternal = dam, pedigree = ped)), calves,
    hold = c(calf.direct = 1, calf.maternal = 0.5, calf.direct.maternal = -0.1, residual = 1))
  # A by the tabular method
  sire <- ped$sire
  dam <- ped$dam
  A <- diag(12)
  for (i in 1:12) {
    parents <- c(sire[i], dam[i])
    parents <- parents[parents > 0]
    for (j in seq_len(i - 1L)) A[i, j] <- A[j, i] <- sum(A[j, parents]) / 2
    if (length(parents) == 2L) A[i, i] <- 1 + A[parents[1], parents[2]] / 2
  }
  place <- match(1:12, ped$id)
  A <- A[place, place]
  X <- cbind(1, calves$sex == 2)
  Z <- cbind(indicator(calves$calf, as.character(1:12)), indicator(calves$dam, as.character(1:12)))
  G <- kronecker(matrix(c(1, -0.1, -0.1, 0.5), 2), A)
  solution <- dense_solution(calves$y, X, Z, G, diag(8))
  K <- matrix(c(1, 1 / 2), 12, 2, byrow = TRUE)
  direct <- predict(fit, classify = ~ calf)
  order <- match(as.character(direct$calf), 1:12)
  expect_functions(direct, solution, K, cbind(diag(12), matrix(0, 12, 12))[order, ], "direct")
  maternal <- predict(fit, classify = ~ dam)
  order <- match(as.character(maternal$dam), 1:12)
  expect_functions(maternal, solution, K, cbind(matrix(0, 12, 12), diag(12))[order, ], "maternal")
  both <- predict(fit, classify = ~ calf:dam)
  pair <- which(both$calf == "9" & both$dam == "6")
  expect_equal(both$estimate[pair], drop(c(1, 1 / 2, 1:12 == 9, 1:12 == 6) %*% solution$value),
    tolerance = 1e-8)
})

test_that("points of a spline and of a surface are what records there are expected to be", {
  set.seed(2)
  field <- expand.grid(row = 1:8, column = 1:6)
  field$line <- factor(sample(rep(paste0("L", 1:12), 4)))
  field$y <- sin(field$row / 3) + field$column / 4 + rnorm(12)[field$line] + rnorm(48, 0, 0.3)
  fit <- lmmfit(y ~ row * column + spl2(column, row, nseg = c(4, 4)) + (1 | line), field)
  X <- as.matrix(model.matrix(fit))
  V <- mme(fit, form = "V")
  solution <- dense_solution(field$y, X, V$Z, V$G, diag(sigma(fit)^2, 48))
  at <- which(field$row == 3 & field$column == 5)
  surface <- V$Z[at, ] * !grepl("^line ", colnames(V$G))
  point <- marginal_means(fit, ~ 1, at = list(row = 3, column = 5))
  k <- c(X[at, ], surface)
  expect_equal(point$estimate, sum(k * solution$value), tolerance = 1e-7)
  expect_equal(point$se, sqrt(drop(k %*% solution$covariance %*% k)), tolerance = 1e-6)
})

test_that("LSD has the standard error and degrees of freedom of each difference", {
  skip_if_not_installed("emmeans")
  skip_if_not_installed("pbkrtest")
  data <- as.data.frame(nlme::Oats)[-c(5, 40, 41), ]
  data$nitro <- factor(data$nitro)
  formula <- yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety)
  peer <- peer_lmer(formula, data)
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    means <- marginal_means(lmmfit(formula, data), ~ nitro | Variety, ddf = ddf)
    grid <- suppressMessages(emmeans::emmeans(peer, ~ nitro * Variety, lmer.df = tolower(ddf)))
    expected <- as.data.frame(pairs(grid, adjust = "none"))
    found <- lsd(means, 0.99)
    expect_relative(found[t(utils::combn(12, 2))], stats::qt(0.995, expected$df) * expected$SE,
      1e-3, ddf)
  }
})
