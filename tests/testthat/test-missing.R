# Missing values: which records go, and which stay without an effect.

set.seed(1)
records <- data.frame(id = 1:60, sire = c(rep(0, 20), rep(1:10, 4)),
  dam = c(rep(0, 20), rep(11:20, each = 4)))
ped <- pedigree(records)
data <- data.frame(an = 1:60, dam = records$dam, y = rnorm(60), herd = gl(6, 10))
known <- c(an.direct = 1, an.direct.maternal = 0, an.maternal = 0.3, residual = 1)

test_that("what is left out is told, with counts and variables", {
  data$y[3] <- NA
  data$herd[c(3, 5)] <- NA
  expect_message(fit <- lmmfit(y ~ herd, data),
    "2 of 60 records are left out, with missing values: `y` in 1, `herd` in 2",
    class = "henderson_message_dropped")
  expect_identical(nobs(fit), 58L)
  expect_message(lmmfit(y ~ 1 + (1 | herd), data), "na_random = \"zero\"", fixed = TRUE)
  expect_silent(lmmfit(y ~ herd, data, na.action = na.omit))
  expect_silent(lmmfit(y ~ herd, data, na.action = na.exclude))
})

test_that("an unknown dam has no maternal effect, on request", {
  formula <- y ~ 1 + (1 | gr(direct = an, maternal = dam, pedigree = ped))
  # The equations with a column of Z of zeros for the records without a dam, by hand.
  Z <- diag(60)
  M <- outer(data$dam, 1:60, `==`) + 0
  A <- as.matrix(Amatrix(ped))[as.character(1:60), as.character(1:60)]
  V <- Z %*% A %*% t(Z) + 0.3 * M %*% A %*% t(M) + diag(60)
  mean <- sum(solve(V, data$y)) / sum(solve(V))
  for (code in list(NA, 0, "*", "?")) {
    d <- data
    d$dam[d$dam == 0] <- code
    fit <- lmmfit(formula, d, hold = known, na_random = "zero")
    expect_identical(nobs(fit), 60L)
    expect_equal(unname(fixef(fit)), mean, tolerance = 1e-8)
    expect_message(fit <- lmmfit(formula, d, hold = known), "20 of 60 records")
    expect_identical(nobs(fit), 40L)
  }
})

test_that("plain groups, interactions and several members", {
  data$line <- gl(12, 5)
  data$line[c(2, 17, 33)] <- NA
  data$mate <- gl(12, 1, 60)
  fit <- lmmfit(y ~ 1 + (1 | line), data, hold = c(line = 0.4, residual = 1), na_random = "zero")
  Z <- outer(as.integer(data$line), 1:12, function(a, b) !is.na(a) & a == b) + 0
  V <- 0.4 * tcrossprod(Z) + diag(60)
  expect_equal(unname(fixef(fit)), sum(solve(V, data$y)) / sum(solve(V)), tolerance = 1e-10)
  expect_equal(unname(fitted(fit)[2]), unname(fixef(fit)))
  expect_equal(predict(fit, data[c(2, 3), ]), fitted(fit)[c(2, 3)])
  fit <- lmmfit(y ~ 1 + (1 | line:herd), data, hold = c("line:herd" = 0.4, residual = 1),
    na_random = "zero")
  expect_identical(nobs(fit), 60L)
  fit <- lmmfit(y ~ 1 + (1 | mm(line, mate)), data, hold = c(line.mate = 0.4, residual = 1),
    na_random = "zero")
  Z <- Z + outer(as.integer(data$mate), 1:12, `==`)
  V <- 0.4 * tcrossprod(Z) + diag(60)
  expect_equal(unname(fixef(fit)), sum(solve(V, data$y)) / sum(solve(V)), tolerance = 1e-10)
  # A group that is also a fixed factor is needed there.
  expect_message(lmmfit(y ~ line + (1 | line:herd), data, na_random = "zero",
    hold = c("line:herd" = 0.4)), "3 of 60 records")
})

test_that("an effect of some records needs its variables there alone", {
  data$age <- ifelse(data$herd == "2", rnorm(60), NA)
  own <- lmmfit(y ~ herd + x, transform(data, x = ifelse(herd == "2", age, 0)))
  for (formula in c(y ~ herd + I((herd == "2") * age), y ~ herd + at(herd, "2"):age,
    y ~ herd + at(herd, 2):age)) {
    fit <- lmmfit(formula, data)
    expect_identical(nobs(fit), 60L)
    expect_equal(unname(fixef(fit)), unname(fixef(own)))
    expect_equal(predict(fit, data[c(1, 15), ]), predict(fit)[c(1, 15)])
  }
  expect_message(lmmfit(y ~ herd + at(herd, c("2", "3")):age, data), "left out")
  expect_error(lmmfit(y ~ herd + at(herd, "7"):age, data), "no level \"7\"")
})

test_that("of several responses too", {
  set.seed(2)
  two <- data.frame(g = gl(10, 6), y1 = rnorm(60), y2 = rnorm(60), age = c(rep(NA, 5), rnorm(55)))
  two$y2[1:5] <- NA
  fit <- lmmfit(cbind(y1, y2) ~ 0 + trait + I((trait == "y2") * age), two)
  expect_identical(nobs(fit), 115L)
})
