# Models of several traits, environments and parents against V made densely, from incidences and
# relationships that the package has no part in.

# -2l by REML and BLUE of independent definitions.
expect_dense_model <- function(fit, y, X, V) {
  inverse <- solve(V)
  XtVX <- crossprod(X, inverse %*% X)
  b <- solve(XtVX, crossprod(X, inverse %*% y))
  e <- y - X %*% b
  minus2 <- (length(y) - ncol(X)) * log(2 * pi) + c(determinant(V)$modulus) +
    c(determinant(XtVX)$modulus) + sum(e * (inverse %*% e))
  expect_equal(-2 * c(logLik(fit)), minus2, tolerance = 1e-10)
  known <- !is.na(fixef(fit))
  expect_equal(unname(fixef(fit)[known]), c(b), tolerance = 1e-8)
  expect_equal(unname(vcov(fit)[known, known]), unname(solve(XtVX)), tolerance = 1e-8,
    ignore_attr = TRUE)
  inverse %*% e
}

set.seed(77)
family <- data.frame(id = 1:40, sire = c(rep(0, 10), rep(1:5, 6)),
  dam = c(rep(0, 10), rep(6:10, each = 6)))
A <- tabular_a(family$sire, family$dam)
ped <- pedigree(family)
animals <- data.frame(id = 11:40, herd = factor(rep(1:3, 10)), sex = factor(rep(1:2, each = 15)),
  y1 = rnorm(30, 10), y2 = rnorm(30, 50, 3))

test_that("fixed effects of one trait", {
  held <- c(id.y1 = 0.5, id.y1.y2 = 0.4, id.y2 = 4, residual.y1 = 0.6, residual.y1.y2 = -0.3,
    residual.y2 = 5)
  G0 <- matrix(c(0.5, 0.4, 0.4, 4), 2)
  R0 <- matrix(c(0.6, -0.3, -0.3, 5), 2)
  for (gone in list(integer(), c(3, 8))) {
    data <- animals
    data$y2[gone] <- NA
    fit <- lmmfit(cbind(y1, y2) ~ 0 + trait + at(trait, "y1"):herd + trait:sex +
      us(0 + trait | gr(id, pedigree = ped)), data, residual = ~ us(trait | unit), hold = held)
    trait <- rep(1:2, each = 30)
    Z <- outer(rep(animals$id, 2), 1:40, "==")
    V <- kronecker(G0, matrix(1, 30, 30)) * (Z %*% A %*% t(Z)) + kronecker(R0, diag(30))
    # Dependent on the trait, as the columns of a covariate are: the last one is.
    herd <- model.matrix(~ 0 + herd, animals)[, -3]
    X <- cbind(trait == 1, trait == 2, rbind(herd, 0 * herd),
      (trait == 1) * (rep(animals$sex, 2) == 2), (trait == 2) * (rep(animals$sex, 2) == 2))
    y <- c(data$y1, data$y2)
    kept <- !is.na(y)
    expect_identical(names(fixef(fit))[is.na(fixef(fit))], "at(trait, \"y1\"):herd3")
    expect_dense_model(fit, y[kept], X[kept, ], V[kept, kept])
  }
})

test_that("reaction norms: related intercepts and slopes, with variances by environment", {
  data <- data.frame(id = rep(11:40, each = 4), heat = rep(c(-1.2, -0.1, 0.4, 0.9), 30),
    env = factor(rep(1:4, 30)), y = rnorm(120, 20))
  held <- c(id.Intercept = 1.5, id.Intercept.heat = -0.4, id.heat = 0.5, id.iid = 0.3,
    residual.1 = 1, residual.2 = 2, residual.3 = 0.5, residual.4 = 1.4)
  fit <- lmmfit(y ~ heat + (1 + heat | gr(id, pedigree = ped)) + (1 | id), data,
    residual = ~ diag(env), hold = held)
  expect_setequal(varcomp(fit)$parameter, names(held))
  G0 <- matrix(c(1.5, -0.4, -0.4, 0.5), 2)
  Z <- outer(data$id, 1:40, "==")
  wide <- cbind(Z, Z * data$heat)
  V <- wide %*% kronecker(G0, A) %*% t(wide) + 0.3 * tcrossprod(Z) +
    diag(c(1, 2, 0.5, 1.4)[data$env])
  Py <- expect_dense_model(fit, data$y, cbind(1, data$heat), V)
  u <- matrix(kronecker(G0, A) %*% t(wide) %*% Py, 40)
  expect_equal(unname(as.matrix(ranef(fit)[[1L]])[as.character(1:40), ]), u, tolerance = 1e-8)
})

test_that("maternal effects: an unknown dam has a name of its own, or no effect", {
  parents <- family
  parents$dam[c(15, 27, 28)] <- 0
  data <- data.frame(id = 11:40, dam = parents$dam[11:40], y = rnorm(30, 30))
  held <- c(id.direct = 1, id.direct.maternal = -0.2, id.maternal = 0.4, dam = 0.3, residual = 1)
  G0 <- matrix(c(1, -0.2, -0.2, 0.4), 2)
  dense <- function(A, dam, pe) {
    Zd <- outer(data$id, seq_len(nrow(A)), "==")
    Zm <- outer(dam, seq_len(nrow(A)), "==")
    wide <- cbind(Zd, Zm)
    wide %*% kronecker(G0, A) %*% t(wide) + 0.3 * tcrossprod(Zm) + diag(30)
  }
  formula <- y ~ 1 + (1 | gr(direct = id, maternal = dam, pedigree = ped)) + (1 | dam)
  # By name: three dams without records, founders of the pedigree.
  dam <- data$dam
  dam[dam == 0] <- 41:43
  extended <- rbind(parents, data.frame(id = 41:43, sire = 0, dam = 0))
  extended$dam[c(15, 27, 28)] <- 41:43
  order <- c(1:10, 41:43, 11:40)
  ped <- pedigree(extended[order, ])
  named <- data
  named$dam <- dam
  fit <- lmmfit(formula, named, hold = held)
  place <- match(seq_len(43), order)
  parent <- function(x) ifelse(x > 0, place[pmax(x, 1)], 0)
  full <- tabular_a(parent(extended$sire[order]), parent(extended$dam[order]))[place, place]
  expect_dense_model(fit, data$y, matrix(1, 30), dense(full, dam))
  # Without: the record stays with its direct effect alone.
  ped <- pedigree(parents)
  fit <- suppressMessages(lmmfit(formula, data, hold = held, na_random = "zero"))
  expect_dense_model(fit, data$y, matrix(1, 30), dense(tabular_a(parents$sire, parents$dam),
    data$dam))
})
