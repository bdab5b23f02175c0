growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)
fit <- lmmfit(distance ~ age + (1 + age | Subject), growth)
peer <- nlme::lme(distance ~ age, growth, ~ age | Subject,
  control = nlme::lmeControl(opt = "optim", reltol = 1e-12))

test_that("response, groups and autocorrelations are those of nlme", {
  expect_equal(unname(nlme::getResponse(fit)), as.vector(nlme::getResponse(peer)))
  expect_identical(as.character(nlme::getGroups(fit)), as.character(nlme::getGroups(peer)))
  expect_identical(levels(nlme::getGroups(fit, level = "Subject")), levels(growth$Subject))
  expect_error(nlme::getGroups(fit, level = 3), class = "henderson_error_argument")
  own <- nlme::ACF(fit)
  other <- nlme::ACF(peer)
  expect_equal(own$ACF, other$ACF, tolerance = 1e-4)
  expect_equal(attr(own, "n.used"), attr(other, "n.used"))
  expect_identical(nlme::ACF(fit, maxLag = 1)$lag, 0:1)
})

test_that("autocorrelations of structured residuals are by subject, groups may be uneven", {
  holes <- growth[-c(2, 7, 8, 50), ]
  own <- nlme::ACF(lmmfit(distance ~ age, holes, ~ ar1(age | Subject)), resType = "response")
  other <- nlme::ACF(nlme::gls(distance ~ age, holes,
    nlme::corAR1(form = ~ (age - 6) / 2 | Subject)), resType = "response")
  expect_equal(own$ACF, other$ACF, tolerance = 1e-2)
  expect_equal(attr(own, "n.used"), attr(other, "n.used"))
  plain <- lmmfit(distance ~ age, growth)
  expect_error(nlme::getGroups(plain), class = "henderson_error")
})
