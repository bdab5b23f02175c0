# Arguments of lme4, pedigreemm and MCMCglmm: the same numbers as in those packages or in our own
# words, or an error that says what to write.

orth <- as.data.frame(nlme::Orthodont)
loglik <- function(fit) as.numeric(logLik(fit))

test_that("REML, family, verbose and offset are those of lmer()", {
  orth$o <- seq_along(orth$age) / 10
  expect_message(
    fit <- lmmfit(distance ~ age + (1 | Subject), orth, REML = FALSE, family = gaussian),
    "`REML = FALSE` is read as `method = \"ML\"`", class = "henderson_message_read_as"
  )
  peer <- lme4::lmer(distance ~ age + (1 | Subject), orth, REML = FALSE)
  expect_equal(loglik(fit), loglik(peer), tolerance = 1e-8)
  fit <- lmmfit(distance ~ age + (1 | Subject), orth, offset = 2 * o)
  peer <- lme4::lmer(distance ~ age + (1 | Subject), orth, offset = 2 * o)
  expect_equal(loglik(fit), loglik(peer), tolerance = 1e-8)
  expect_equal(predict(fit, orth[1:3, ]), predict(fit)[1:3])
  expect_message(fit <- lmmfit(distance ~ age, orth, verbose = 0), "trace = FALSE")
  expect_false(fit$control$trace)
})

test_that("the call that is kept is our own, so that update() works", {
  fit <- suppressMessages(lmmfit(distance ~ age, orth, random = ~ 1 | Subject, REML = FALSE))
  expect_setequal(names(fit$call), c("", "formula", "data", "method"))
  expect_identical(formula(update(fit, . ~ . - age)), distance ~ (1 | Subject),
    ignore_formula_env = TRUE)
  inside <- function(d) suppressMessages(lmmfit(distance ~ age, d, random = ~ 1 | Subject))
  expect_equal(loglik(inside(orth)), loglik(nlme::lme(distance ~ age, orth, ~ 1 | Subject)))
  expect_message(do.call(lmmfit, list(distance ~ age, data = orth, REML = TRUE)), "REML")
})

test_that("matrices by group are those of gr()", {
  levels <- levels(orth$Subject)
  Q <- diag(27) + 0.1
  dimnames(Q) <- list(levels, levels)
  own <- loglik(lmmfit(distance ~ age + (1 | gr(Subject, precision = Q)), orth))
  expect_message(fit <- lmmfit(distance ~ age + (1 | Subject), orth, ginverse = list(Subject = Q)),
    "gr(Subject, precision = Q)", fixed = TRUE)
  expect_equal(loglik(fit), own)
  fit <- suppressMessages(lmmfit(distance ~ age, orth, random = ~ 1 | Subject,
    ginverse = list(Subject = Q)))
  expect_equal(loglik(fit), own)
})

test_that("what cannot be had says what to write", {
  expect_error(lmmfit(distance ~ age, orth, family = poisson), "this package are Gaussian")
  expect_error(lmmfit(distance ~ age, orth, family = binomial()), "`lme4::glmer()`", fixed = TRUE)
  expect_error(lmmfit(distance ~ age, orth, REML = FALSE, method = "REML"), "says otherwise")
  expect_error(lmmfit(distance ~ age, orth, fixed = distance ~ age), "`formula` is given too")
  expect_error(lmmfit(distance ~ age, orth, fixd = 1), "no argument `fixd`")
  expect_error(lmmfit(distance ~ age, orth, nAGQ = 1), "no argument `nAGQ`")
  expect_error(lmmfit(distance ~ age, orth, verbose = "a"), "`verbose` must be TRUE or FALSE")
  expect_error(lmmfit(distance ~ age, orth, family = 3), "`family` must be gaussian")
  expect_error(lmmfit(distance ~ age + exp(1 | Subject), orth), "numeric coordinates")
  expect_error(lmmfit(distance ~ age, orth, REML = "yes"), "`REML` must be TRUE or FALSE")
  expect_error(lmmfit(distance ~ age + (1 | Subject), orth, pedigree = orth),
    "(1 | gr(animal, pedigree = orth))", fixed = TRUE)
  expect_error(lmmfit(distance ~ age + (1 | Subject), orth, ginverse = list(Subjct = diag(27))),
    "no random term has the group \"Subjct\"")
})

test_that("matrices by the name of their group, and kernels, as genetics packages have them", {
  A <- as.matrix(Amatrix(suppressMessages(pedigree(flock))))
  own <- lmmfit(birth ~ sex + (1 | gr(animal, cov = A)), lambs)
  theirs <- suppressMessages(lmmfit(birth ~ sex + (1 | animal), lambs, relmat = list(animal = A)))
  expect_equal(as.numeric(logLik(theirs)), as.numeric(logLik(own)), tolerance = 1e-10)
  for (call in list(quote(lmmfit(y = lambs$birth, K = A)), quote(lmmfit(birth ~ sex, lambs, K = A)),
                    quote(lmmfit(birth ~ sex, lambs, ETA = list(list(K = A, model = "RKHS")))))) {
    expect_error(eval(call), "Write", class = "henderson_error_argument")
  }
  expect_error(lmmfit(birth ~ sex, lambs, nitt = 1000), "draws", class = "henderson_error_argument")
})

test_that("a family that is no family, and a level that is none, are refused", {
  expect_error(lmmfit(distance ~ age, orth, family = function(x) x), "`family` must be gaussian")
  expect_error(lmmfit(distance ~ age, orth, family = list), "Gaussian|gaussian",
    class = "henderson_error")
  means <- marginal_means(lmmfit(distance ~ Sex + (1 | Subject), orth), ~Sex)
  for (ref in list(function(x) x, quote(x), structure(list(f = 1:2), class = "lmmfit"), ~x)) {
    expect_error(vs_control(means, ref = ref), "`ref` must be a level", class = "henderson_error")
  }
})
