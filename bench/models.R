# The models of the benchmark: a name, a formula that lme4 understands too, and a function that
# gives the data. Simulated data come from a fixed seed.

packaged <- function(name, package) {
  function() {
    env <- new.env()
    utils::data(list = name, package = package, envir = env)
    as.data.frame(env[[name]])
  }
}

simulated_crossed <- function() {
  set.seed(1)
  n <- 1e5
  a <- factor(sample(5000, n, replace = TRUE), 1:5000)
  b <- factor(sample(2000, n, replace = TRUE), 1:2000)
  x <- rnorm(n)
  y <- 1 + 0.5 * x + rnorm(5000)[a] + rnorm(2000, sd = 0.7)[b] + rnorm(n)
  data.frame(y, x, a, b)
}

simulated_one_factor <- function() {
  set.seed(2)
  n <- 1e6
  g <- factor(sample(1e5, n, replace = TRUE), 1:1e5)
  x <- rnorm(n)
  y <- 1 + 0.5 * x + rnorm(1e5)[g] + rnorm(n)
  data.frame(y, x, g)
}

bench_models <- list(
  sleepstudy = list(
    formula = Reaction ~ Days + (1 + Days | Subject), data = packaged("sleepstudy", "lme4")
  ),
  Orthodont = list(
    formula = distance ~ age * Sex + (1 + age | Subject), data = packaged("Orthodont", "nlme")
  ),
  Oats = list(
    formula = yield ~ Variety * factor(nitro) + (1 | Block / Variety),
    data = packaged("Oats", "nlme")
  ),
  Machines = list(
    formula = score ~ Machine + (0 + Machine | Worker), data = packaged("Machines", "nlme")
  ),
  Pastes = list(formula = strength ~ 1 + (1 | batch / cask), data = packaged("Pastes", "lme4")),
  Penicillin = list(
    formula = diameter ~ 1 + (1 | plate) + (1 | sample), data = packaged("Penicillin", "lme4")
  ),
  cake = list(
    formula = angle ~ recipe * temperature + (1 | recipe:replicate), data = packaged("cake", "lme4")
  ),
  Dyestuff = list(formula = Yield ~ 1 + (1 | Batch), data = packaged("Dyestuff", "lme4")),
  Dyestuff2 = list(formula = Yield ~ 1 + (1 | Batch), data = packaged("Dyestuff2", "lme4")),
  InstEval = list(
    formula = y ~ service + (1 | s) + (1 | d) + (1 | dept:service),
    data = packaged("InstEval", "lme4")
  ),
  `crossed 5000 x 2000, 1e5 records` = list(
    formula = y ~ x + (1 | a) + (1 | b), data = simulated_crossed
  ),
  `one factor of 1e5 levels, 1e6 records` = list(
    formula = y ~ x + (1 | g), data = simulated_one_factor
  )
)
