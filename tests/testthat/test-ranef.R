growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)

test_that("effects stand by group, with levels and coefficients named", {
  fit <- lmmfit(distance ~ age + (1 + age | Subject), growth)
  effects <- ranef(fit)
  expect_named(effects, "Subject")
  expect_identical(dimnames(effects$Subject), list(levels(growth$Subject), c("(Intercept)", "age")))
  expect_equal(t(as.matrix(effects$Subject)), fit$random[[1]]$effects, ignore_attr = TRUE)
})

test_that("two terms of one factor share a table", {
  fit <- lmmfit(distance ~ age + (1 | Subject) + (0 + age | Subject), growth)
  together <- lmmfit(distance ~ age + (1 + age || Subject), growth)
  expect_equal(ranef(fit), ranef(together), tolerance = 1e-5)
  expect_equal(coef(fit), coef(together), tolerance = 1e-5)
})

test_that("prediction error variances are the oracle's", {
  fit <- lmmfit(distance ~ age + (1 + age | Subject), growth)
  values <- fit$parameters$estimate
  model <- oracle_model(fit_spec(fit), list(matrix(values[c(1, 2, 2, 3)], 2)), values[4])
  expected <- oracle_solution(model)$pev
  effects <- ranef(fit, se = TRUE)$Subject
  expect_equal(as.vector(t(as.matrix(attr(effects, "se")))), sqrt(diag(expected)), tolerance = 1e-7)
  expect_equal(attr(effects, "pev")[, , 3], expected[5:6, 5:6], tolerance = 1e-7)
  expect_output(print(ranef(fit, se = TRUE)), "age SE")
  long <- as.data.frame(ranef(fit, se = TRUE))
  expect_identical(nrow(long), 54L)
  expect_identical(names(long), c("group", "level", "coefficient", "estimate", "se"))
})

# Var(u | y) = (Z'R^-1 Z + G^-1)^-1 sigma^2: the equations without fixed effects.
test_that("conditional variances are lme4's and those of the equations without fixed effects", {
  fit <- lmmfit(distance ~ age + (1 + age | Subject), growth)
  v <- fit$parameters$estimate
  model <- mme(fit, form = "V")
  expected <- model$G - model$G %*% t(model$Z) %*% solve(model$V, model$Z %*% model$G)
  found <- ranef(fit, condVar = TRUE)
  postVar <- attr(found$Subject, "postVar")
  expect_equal(postVar[, , 3], unname(expected[5:6, 5:6]), tolerance = 1e-8)
  expect_null(attr(found$Subject, "se"))
  expect_equal(as.data.frame(found)$condsd[c(3, 30)], sqrt(c(postVar[1, 1, 3], postVar[2, 2, 3])))
  expect_true(all(as.data.frame(ranef(fit, se = TRUE))$se > as.data.frame(found)$condsd))
  both <- ranef(fit, se = TRUE, condVar = TRUE)
  expect_equal(attr(both$Subject, "pev"), attr(ranef(fit, se = TRUE)$Subject, "pev"))
  expect_named(as.data.frame(both), c(names(as.data.frame(found))[1:4], "se", "condsd"))

  skip_if_not_installed("lme4")
  models <- list(
    list(diameter ~ 1 + (1 | plate) + (1 | sample), lme4::Penicillin),
    list(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject), lme4::sleepstudy),
    list(Reaction ~ Days + (Days | Subject), lme4::sleepstudy),
    list(angle ~ recipe * temperature + (1 | recipe:replicate), lme4::cake[-(1:7), ])
  )
  for (model in models) {
    own <- ranef(lmmfit(model[[1L]], model[[2L]]), condVar = TRUE)
    peer <- lme4::ranef(peer_lmer(model[[1L]], model[[2L]]))
    for (group in names(peer)) {
      expect_equal(attr(own[[group]], "postVar"), attr(peer[[group]], "postVar"),
        tolerance = 1e-4, ignore_attr = TRUE, label = paste(deparse1(model[[1L]]), group))
    }
  }
})

test_that("a model without random terms has none", {
  expect_error(ranef(lmmfit(distance ~ age, growth)), class = "henderson_error_no_random")
})
