# Against lme4 and nlme on real data: likelihood, variances, BLUE, standard errors and BLUP.
# -2 log-likelihood: 1e-5 or lower; variances: 1e-4 relative to the better optimum; effects: 1e-5.

# A variance is compared on the size of its own term: a covariance near zero is judged by the
# variances around it, a variance of zero by the residual variance.
expect_variances <- function(found, expected, tolerance, what) {
  expect_setequal(names(found), names(expected))
  found <- found[names(expected)]
  expect_relative(found, expected, tolerance, what, scale = covariance_scale(expected))
}

covariance_scale <- function(values) {
  scale <- vapply(names(values), function(name) {
    term <- values[sub("[.].*", "", names(values)) == sub("[.].*", "", name)]
    coefs <- strsplit(sub("^[^.]*[.]", "", name), ".", fixed = TRUE)[[1L]]
    own <- vapply(coefs, function(coef) {
      term[paste(sub("[.].*", "", name), coef, sep = ".")]
    }, 0)
    if (length(coefs) == 2L && !anyNA(own)) sqrt(prod(own)) else 0
  }, 0)
  pmax(scale, ifelse(values == 0, values[["residual"]] * 1e-2, 0))
}

expect_like_peer <- function(ours, peer, what) {
  expect_no_higher(ours$minus2loglik, peer$minus2loglik, 1e-5, paste(what, "-2 log-likelihood"))
  if (ours$minus2loglik < peer$minus2loglik - 1e-5) {
    # A better optimum than the peer's: the rest is not comparable, and said.
    message(sprintf(
      "%s: -2 log-likelihood %.6f is below the peer's %.6f", what, ours$minus2loglik,
      peer$minus2loglik
    ))
    return(invisible())
  }
  expect_variances(ours$variances, peer$variances, 1e-4, paste(what, "variances"))
  expect_equal(names(ours$fixef), names(peer$fixef))
  expect_relative(ours$fixef, peer$fixef, 1e-5, paste(what, "BLUE"), scale = peer$se)
  expect_relative(ours$se, peer$se, 1e-5, paste(what, "standard errors"))
  expect_setequal(names(ours$ranef), names(peer$ranef))
  largest <- effect_scale(peer$ranef)
  expect_relative(
    ours$ranef[names(peer$ranef)], peer$ranef, 1e-5, paste(what, "BLUP"), largest
  )
}

# The largest BLUP of the same coefficient; where the variance is zero all are, to 1e-8.
effect_scale <- function(effects) {
  coefficient <- sub("[|].*[|]", "|", names(effects))
  unname(pmax(tapply(abs(effects), coefficient, max)[coefficient], 1e-3))
}

for (method in c("REML", "ML")) {
  models <- peer_models()
  for (name in names(models)) {
    test_that(sprintf("lme4 agrees: %s, %s", name, method), {
      skip_if_not_installed("lme4")
      model <- models[[name]]
      # do.call(): `weights` is evaluated as in lm(), so it gets the values themselves.
      arguments <- list(formula = model$formula, data = model$data, method = method)
      arguments$weights <- model$data[[model$weights %||% "none"]]
      ours <- do.call(fit_ours, arguments)
      peer <- fit_lme4(model$formula, model$data, method, model$weights)
      expect_like_peer(our_answers(ours), peer, paste("lme4,", name, method))
    })

    # nlme has no crossed factors.
    if (is.null(models[[name]]$nlme)) next
    test_that(sprintf("nlme agrees: %s, %s", name, method), {
      model <- models[[name]]
      ours <- our_answers(fit_ours(model$formula, model$data, method))
      peer <- fit_nlme(model, model$data, method)
      what <- paste("nlme,", name, method)
      expect_no_higher(ours$minus2loglik, peer$minus2loglik, 1e-5, paste(what, "-2l"))
      expect_relative(ours$variances[["residual"]], peer$residual, 1e-4, paste(what, "residual"))
      expect_relative(ours$fixef, peer$fixef, 1e-5, paste(what, "BLUE"), scale = peer$se)
      # nlme's optimum is within 1e-5 relative of lme4's; its standard errors follow.
      expect_relative(ours$se, peer$se, 1e-4, paste(what, "standard errors"))
    })
  }
}

test_that("lm agrees where there is no random term", {
  data <- as.data.frame(nlme::Orthodont)
  formula <- distance ~ age * Sex
  peer <- stats::lm(formula, data)
  for (method in c("REML", "ML")) {
    ours <- fit_ours(formula, data, method)
    expect_relative(
      -2 * as.numeric(logLik(ours)), -2 * as.numeric(logLik(peer, REML = method == "REML")),
      1e-10, "-2l"
    )
    expect_relative(fixef(ours), stats::coef(peer), 1e-10, "coefficients")
  }
  ours <- fit_ours(formula, data)
  expect_relative(sqrt(diag(as.matrix(vcov(ours)))), sqrt(diag(vcov(peer))), 1e-9, "SE")
  expect_relative(sigma(ours), stats::sigma(peer), 1e-9, "sigma")
})

test_that("a rank-deficient X gives NA where lm does, and lme4's likelihood", {
  skip_if_not_installed("lme4")
  data <- as.data.frame(nlme::Machines)
  data$Worker <- factor(data$Worker, ordered = FALSE)
  data$shop <- factor(ifelse(data$Machine == "A", "old", "new"))
  formula <- score ~ Machine + shop + (1 | Worker)
  for (method in c("REML", "ML")) {
    ours <- fit_ours(formula, data, method)
    least_squares <- stats::lm(score ~ Machine + shop, data)
    expect_identical(is.na(fixef(ours)), is.na(stats::coef(least_squares)))
    peer <- fit_lme4(score ~ Machine + (1 | Worker), data, method)
    expect_no_higher(-2 * as.numeric(logLik(ours)), peer$minus2loglik, 1e-5, "rank deficient")
    expect_relative(fixef(ours)[!is.na(fixef(ours))], peer$fixef, 1e-5, "BLUE")
  }
})

test_that("lme4 agrees: InstEval, 73,421 records", {
  skip_unless_slow()
  skip_if_not_installed("lme4")
  utils::data("InstEval", package = "lme4", envir = environment())
  formula <- y ~ service + (1 | s) + (1 | d) + (1 | dept:service)
  for (method in c("REML", "ML")) {
    ours <- fit_ours(formula, InstEval, method)
    # lmer()'s default; its deviance is too slow here for polishing.
    fit <- lme4::lmer(formula, InstEval, REML = method == "REML")
    peer <- lme4_answers(fit)
    ours <- our_answers(ours)
    expect_no_higher(ours$minus2loglik, peer$minus2loglik, 1e-5, "InstEval -2l")
    expect_variances(ours$variances, peer$variances, 2e-3, "InstEval variances")
    expect_relative(ours$fixef, peer$fixef, 1e-3, "InstEval BLUE", scale = peer$se)
  }
})
