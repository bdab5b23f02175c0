ped <- pedigree(data.frame(id = 4:8, sire = c(1, 3, 1, 4, 3), dam = c(NA, 2, 2, 5, 6)))
calves <- data.frame(
  calf = 4:8, sex = c("M", "F", "F", "M", "M"), gain = c(4.5, 2.9, 3.9, 3.5, 5)
)
fit <- lmmfit(gain ~ sex + (1 | gr(calf, pedigree = ped)), calves,
  hold = c(calf = 20, residual = 40))
years <- c("4" = 2020, "5" = 2020, "6" = 2021, "7" = 2022, "8" = 2022)

test_that("means by year and their errors are those of the inverse of the equations", {
  trend <- genetic_trend(fit, years)
  X <- stats::model.matrix(~ sex, calves)
  Z <- cbind(matrix(0, 5, 3), diag(5))
  A <- Amatrix(ped)
  W <- cbind(X, Z)
  C <- crossprod(W) / 40
  animals <- 2 + seq_len(8)
  A <- as.matrix(A)[as.character(1:8), as.character(1:8)]
  C[animals, animals] <- C[animals, animals] + solve(A) / 20
  u <- solve(C, crossprod(W, calves$gain) / 40)[animals]
  K <- matrix(0, 3, 8)
  K[1, 4:5] <- K[3, 7:8] <- 0.5
  K[2, 6] <- 1
  pev <- solve(C)[animals, animals]
  expect_equal(trend$mean, as.vector(K %*% u))
  expect_equal(trend$se, sqrt(diag(K %*% pev %*% t(K))))
  slope <- c(-0.5, 0, 0.5) %*% K
  expect_equal(attr(trend, "gain")$estimate, as.vector(slope %*% u))
  expect_equal(attr(trend, "gain")$se, sqrt(as.vector(slope %*% pev %*% t(slope))))
})

test_that("years come as a data frame or as names, and have to fit", {
  frame <- data.frame(calf = names(years), born = years)
  expect_equal(genetic_trend(fit, frame), genetic_trend(fit, years))
  named <- genetic_trend(fit, stats::setNames(paste("year", years), names(years)))
  expect_null(attr(named, "gain"))
  expect_error(genetic_trend(fit, c(a = 1)), class = "henderson_error_argument")
  expect_error(genetic_trend(fit, 1:5), class = "henderson_error_argument")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_identical(plot(named)$n, c(2L, 1L, 2L))
  skip_if_not_installed("ggplot2")
  expect_no_error(ggplot2::ggplot_build(ggplot2::autoplot(named)))
})
