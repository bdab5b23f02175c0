growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)

unequal_growth <- function() {
  set.seed(3)
  growth[sort(sample(nrow(growth), 75)), ]
}

test_that("stage 1 is lm() of every subject", {
  data <- unequal_growth()
  two <- two_stage(distance ~ age | Subject, ~Sex, data)
  for (id in two$subjects$subject[c(1, 5, 9)]) {
    own <- stats::lm(distance ~ age, data[data$Subject == id, ])
    row <- two$subjects[two$subjects$subject == id, ]
    expect_equal(unlist(row[c("(Intercept)", "age")]), stats::coef(own), tolerance = 1e-10)
  }
  counts <- table(data$Subject)
  expect_setequal(names(two$left_out), names(counts)[counts == 1])
  expect_output(print(two), "Left out, too few records")
  rss <- vapply(split(data, data$Subject), function(own) {
    sum(stats::resid(stats::lm(distance ~ age, own))^2)
  }, 0)
  enough <- counts >= 2
  expect_equal(two$sigma2, sum(rss[enough]) / sum(counts[enough] - 2), tolerance = 1e-10)
})

test_that("unweighted stage 2 is a multivariate regression", {
  two <- two_stage(distance ~ age | Subject, ~Sex, growth)
  B <- as.matrix(two$subjects[c("(Intercept)", "age")])
  sex <- growth$Sex[match(two$subjects$subject, growth$Subject)]
  many <- stats::lm(B ~ sex)
  expect_equal(unname(coef(two)), as.vector(stats::coef(many)), tolerance = 1e-10)
  expect_equal(unname(vcov(two)), unname(stats::vcov(many)), tolerance = 1e-10)
  expect_equal(two$D, stats::estVar(many), tolerance = 1e-10)
  p_value <- summary(stats::lm(B[, "age"] ~ sex))$coefficients[2, 4]
  expect_equal(summary(two)$coefficients["SexFemale:age", "p.value"], p_value, tolerance = 1e-10)
  ml <- two_stage(distance ~ age | Subject, ~Sex, growth, method = "ML")
  expect_equal(ml$D, two$D * 25 / 27, tolerance = 1e-10)
})

test_that("equal times: both stages and one stage have the same fixed effects", {
  one <- lmmfit(distance ~ Sex * age + (1 + age | Subject), growth)
  for (weights in c("none", "stage1")) {
    two <- two_stage(distance ~ age | Subject, ~Sex, growth, weights = weights)
    expect_equal(coef(two), fixef(one)[names(coef(two))], tolerance = 1e-8)
    # With equal Z_i the unweighted D is D + sigma^2 (Z'Z)^-1, so the standard errors agree too.
    expect_equal(sqrt(diag(vcov(two))), sqrt(diag(vcov(one)))[names(coef(two))], tolerance = 1e-6)
  }
  expect_equal(two$D, unclass(VarCorr(one)[[1]]), tolerance = 1e-5, ignore_attr = TRUE)
  plain <- two_stage(distance ~ age | Subject, ~Sex, growth)
  expect_equal(plain$D - plain$error, two$D, tolerance = 1e-5)
})

test_that("weighted with known variances reproduces the single stage on unbalanced data", {
  data <- unequal_growth()
  D <- matrix(c(5, -0.3, -0.3, 0.05), 2)
  two <- two_stage(distance ~ age | Subject, ~Sex, data, weights = "stage1", sigma2 = 1.7, D = D)
  kept <- data[!data$Subject %in% names(two$left_out), ]
  one <- lmmfit(distance ~ Sex * age + (1 + age | Subject), kept, hold = c(
    Subject.Intercept = 5, Subject.Intercept.age = -0.3, Subject.age = 0.05, residual = 1.7
  ))
  expect_equal(coef(two), fixef(one)[names(coef(two))], tolerance = 1e-8)
  expect_equal(vcov(two), vcov(one)[names(coef(two)), names(coef(two))], tolerance = 1e-8)
  # The same through the dense covariance of the coefficients.
  by_hand <- Reduce(`+`, lapply(split(kept, droplevels(kept$Subject)), function(own) {
    Z <- cbind(1, own$age)
    W <- kronecker(diag(2), t(c(1, own$Sex[1] == "Female")))
    inverse <- solve(D + 1.7 * solve(crossprod(Z)))
    b <- solve(crossprod(Z), crossprod(Z, own$distance))
    cbind(t(W) %*% inverse %*% W, t(W) %*% inverse %*% b)
  }))
  expect_equal(unname(coef(two)), drop(solve(by_hand[, 1:4], by_hand[, 5])), tolerance = 1e-8)
})

test_that("estimated weights come close to the single stage", {
  data <- unequal_growth()
  two <- two_stage(distance ~ age | Subject, ~Sex, data, weights = "stage1")
  kept <- data[!data$Subject %in% names(two$left_out), ]
  # Given sigma2 the likelihood of the coefficients is that of the records but for a constant.
  one <- lmmfit(distance ~ Sex * age + (1 + age | Subject), kept, hold = c(residual = two$sigma2))
  expect_equal(coef(two), fixef(one)[names(coef(two))], tolerance = 1e-5)
  expect_equal(two$D, unclass(VarCorr(one)[[1]]), tolerance = 1e-3, ignore_attr = TRUE)
})

test_that("summary statistics", {
  two <- two_stage(distance ~ age | Subject, ~Sex, growth, summary = c("mean", "max", "auc"))
  by_hand <- vapply(split(growth, growth$Subject), function(own) {
    own <- own[order(own$age), ]
    y <- own$distance
    c(mean(y), max(y), sum(diff(own$age) * (y[-1] + y[-4]) / 2))
  }, double(3))
  expect_equal(unname(t(as.matrix(two$subjects[3:5]))), unname(by_hand), tolerance = 1e-12)
  sex <- growth$Sex[match(two$subjects$subject, growth$Subject)]
  expect_equal(unname(coef(two)[1:2]), unname(stats::coef(stats::lm(by_hand[1, ] ~ sex))))
  at_last <- function(y, x) y[which.max(x)]
  rows <- two_stage(distance ~ age | Subject, ~Sex, growth, summary = at_last)
  last <- two_stage(distance ~ age | Subject, ~Sex, growth, summary = "last")
  expect_equal(unname(coef(rows)), unname(coef(last)))
  expect_length(coef(two_stage(distance ~ age | Subject, ~1, growth, summary = range)), 2)
})

test_that("order of rows, unused levels and missing values do not matter", {
  two <- two_stage(distance ~ age | Subject, ~Sex, growth, weights = "stage1")
  set.seed(1)
  mixed <- growth[sample(nrow(growth)), ]
  mixed <- rbind(mixed, transform(mixed[1, ], distance = NA))
  expect_equal(coef(two_stage(distance ~ age | Subject, ~Sex, mixed, weights = "stage1")),
    coef(two), tolerance = 1e-8)
  part <- two_stage(distance ~ age | Subject, ~1, growth[growth$Sex == "Male", ])
  expect_identical(nrow(part$subjects), 16L)
  expect_length(part$left_out, 0)
})

test_that("singular second stage has NA, as lm()", {
  growth$girl <- growth$Sex == "Female"
  two <- two_stage(distance ~ age | Subject, ~ Sex + girl, growth)
  expect_identical(names(coef(two))[is.na(coef(two))], c("girlTRUE", "girlTRUE:age"))
  expect_output(print(summary(two)), "girlTRUE")
})

test_that("mistakes are told", {
  two_error <- function(...) expect_error(two_stage(...), class = "henderson_error_two_stage")
  two_error(distance ~ age, ~Sex, growth)
  two_error(distance ~ age | Subject, ~age, growth)
  two_error(distance ~ age | Subject, ~Sex, growth, summary = "mean", weights = "stage1")
  two_error(distance ~ 1 | Subject, ~Sex, growth, summary = "auc")
  two_error(distance ~ age | Subject, ~Sex, growth[growth$age == 8, ])
  expect_error(two_stage(distance ~ age | Subjekt, ~Sex, growth),
    class = "henderson_error_unknown_column")
  expect_error(two_stage(distance ~ age | Subject, ~Sex, growth, summary = "mode"),
    class = "henderson_error_argument")
  expect_error(two_stage(distance ~ age | Subject, Sex ~ 1, growth),
    class = "henderson_error_argument")
})

test_that("print and plot work", {
  two <- two_stage(distance ~ age | Subject, ~Sex, growth)
  expect_snapshot(two)
  expect_snapshot(summary(two))
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  curves <- plot(two)
  expect_setequal(curves$kind, c("subject", "population"))
  population <- curves[curves$kind == "population" & curves$curve == "Female", ]
  expect_equal(population$y[1], sum(coef(two) * c(1, 1, 8, 8)), tolerance = 1e-10)
  plot(two, type = "coefficients")
  plot(two_stage(distance ~ age | Subject, ~Sex, growth, summary = "mean"))
})

test_that("autoplot() draws the curves and coefficients of plot(), a colour for each group", {
  skip_if_not_installed("ggplot2")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  two <- two_stage(distance ~ age | Subject, second = ~ Sex, data = nlme::Orthodont)
  made <- ggplot2::ggplot_build(ggplot2::autoplot(two))
  drawn <- plot(two)
  population <- drawn[drawn$kind == "population", ]
  expect_equal(sort(made$data[[3L]]$y), sort(population$y))
  expect_length(unique(made$data[[3L]]$colour), 2L)
  expect_identical(nrow(made$data[[1L]]), 108L)
  B <- two$subjects[-(1:2)]
  points <- ggplot2::ggplot_build(ggplot2::autoplot(two, "coefficients"))$data[[1L]]
  expect_equal(sort(points$x), sort(B[[1L]]))
  expect_equal(sort(points$y), sort(B[[2L]]))
  three <- two_stage(distance ~ age + I(age^2) | Subject, second = ~ Sex, data = nlme::Orthodont)
  pairs <- ggplot2::ggplot_build(ggplot2::autoplot(three, "coefficients"))$data[[1L]]
  expect_identical(nrow(pairs), 3L * nrow(B))
  alone <- two_stage(distance ~ 1 | Subject, second = ~ Sex, data = nlme::Orthodont)
  expect_s3_class(ggplot2::autoplot(alone, "coefficients"), "ggplot")
  expect_error(ggplot2::autoplot(two, lwd = 2), class = "henderson_error")
})
