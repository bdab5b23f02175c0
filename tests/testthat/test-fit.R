# The fit is a plain list: saved, read, and used in a clean session.

growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)

holds_pointer <- function(x) {
  if (typeof(x) == "externalptr") return(TRUE)
  if (is.environment(x) || is.function(x)) return(FALSE)
  parts <- c(attributes(x), if (is.list(x)) unclass(x))
  any(vapply(parts, holds_pointer, NA))
}

test_that("a fit survives saveRDS() whole", {
  fit <- lmmfit(distance ~ poly(age, 2) * Sex + (1 + age | Subject), growth)
  expect_false(holds_pointer(fit))
  file <- tempfile()
  on.exit(unlink(file))
  saveRDS(fit, file)
  back <- readRDS(file)
  plain <- setdiff(names(fit), c("formula", "parts", "frame", "cache"))
  expect_identical(unclass(back)[plain], unclass(fit)[plain])
  expect_equal(model.frame(back), model.frame(fit), ignore_attr = "terms")
  expect_identical(predict(back, growth[1:3, ], se = TRUE), predict(fit, growth[1:3, ], se = TRUE))
  expect_identical(ranef(back, se = TRUE), ranef(fit, se = TRUE))
  expect_identical(simulate(back, 1, seed = 1), simulate(fit, 1, seed = 1))
})

test_that("a fit carries none of the variables that were around when it was made", {
  formula <- distance ~ age + (1 + age | Subject)
  environment(formula) <- globalenv()
  make <- function() {
    ballast <- rnorm(1e6)
    lmmfit(formula, growth, weights = rep(2, 108))
  }
  expect_lt(length(serialize(make(), NULL)), 1e5)
})

test_that("options and data may change after the fit", {
  data <- growth
  K <- diag(27)
  dimnames(K) <- list(levels(data$Subject), levels(data$Subject))
  old <- options(contrasts = c("contr.sum", "contr.poly"))
  on.exit(options(old))
  fit <- lmmfit(distance ~ Sex * age + (1 | gr(Subject, cov = K)), data)
  options(old)
  X <- model.matrix(fit)
  expected <- predict(fit, data[1:5, ])
  data <- NULL
  K <- NULL
  expect_identical(model.matrix(fit), X)
  expect_identical(colnames(X), names(fixef(fit)))
  expect_equal(unname(predict(fit, growth[1:5, ])), unname(expected))
  expect_s3_class(ranef(fit, se = TRUE), "ranef.lmmfit")
})

test_that("estimates that do not fit the model are caught", {
  fit <- lmmfit(distance ~ age + (1 | Subject), growth)
  fit$fitted <- fit$fitted[-1]
  expect_error(validate_lmmfit(fit), class = "henderson_error_internal")
})
