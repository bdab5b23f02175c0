# The rows of the table of peers.R: `kind` tells which programs can fit the model, `formula` is
# henderson's (and lme4's, where there is no gr()), `input` makes the data and the relationship.

packaged <- function(name, package) {
  function() {
    env <- new.env()
    utils::data(list = name, package = package, envir = env)
    list(data = as.data.frame(env[[name]]))
  }
}

crossed_input <- function() {
  set.seed(1)
  n <- 1e5
  a <- factor(sample(5000, n, replace = TRUE), 1:5000)
  b <- factor(sample(2000, n, replace = TRUE), 1:2000)
  x <- rnorm(n)
  y <- 1 + 0.5 * x + rnorm(5000)[a] + rnorm(2000, sd = 0.7)[b] + rnorm(n)
  list(data = data.frame(y, x, a, b))
}

# InstEval with the interaction as a column too, for programs that do not make it.
evaluations_input <- function() {
  data <- packaged("InstEval", "lme4")()$data
  data$dept_service <- interaction(data$dept, data$service, drop = TRUE)
  list(data = data)
}

# G of VanRaden (2008) from 5000 markers, blended with a twentieth of the identity.
genomic_input <- function(n) {
  set.seed(n)
  frequency <- stats::runif(5000, 0.1, 0.9)
  markers <- vapply(frequency, function(p) stats::rbinom(n, 2L, p) - 2 * p, numeric(n))
  G <- 0.95 * tcrossprod(markers) / sum(2 * frequency * (1 - frequency)) + diag(0.05, n)
  effect <- stats::rnorm(5000, sd = sqrt(0.5 / sum(2 * frequency * (1 - frequency))))
  line <- sprintf("L%05d", seq_len(n))
  dimnames(G) <- list(line, line)
  y <- 3 + as.vector(markers %*% effect) + stats::rnorm(n, sd = sqrt(0.5))
  list(data = data.frame(y, line = factor(line, levels = line)), G = G)
}

growth_input <- function() {
  set.seed(3)
  id <- rep(seq_len(2000), each = 10)
  x <- stats::runif(20000, -1, 1)
  sigma <- matrix(c(1, 0.3, 0.1, 0.3, 0.5, 0, 0.1, 0, 0.3), 3)
  u <- matrix(stats::rnorm(6000), 2000) %*% chol(sigma)
  y <- 5 + 2 * x - x^2 + rowSums(u[id, ] * cbind(1, x, x^2)) + stats::rnorm(20000, sd = 0.5)
  list(data = data.frame(y, x, id = factor(id)))
}

animal_row <- function(n, hold = NULL) {
  list(
    kind = "animal", size = n, hold = hold, groups = "animal",
    formula = y ~ season + herd + (1 | gr(animal, precision = Ainv)), fixed = y ~ season + herd,
    input = function() simulate_animals(n)
  )
}

genomic_row <- function(n) {
  list(
    kind = "genomic", size = n, groups = "line",
    formula = y ~ 1 + (1 | gr(line, cov = G)), fixed = y ~ 1, input = function() genomic_input(n)
  )
}

# Quick rows first: a run that is cut has most of the table.
bench_rows <- list(
  sleepstudy = list(
    kind = "slope", formula = Reaction ~ Days + (1 + Days | Subject), fixed = Reaction ~ Days,
    random = ~ 1 + Days, groups = "Subject", input = packaged("sleepstudy", "lme4")
  ),
  `animal-1000` = animal_row(1e3),
  `GBLUP-1000` = genomic_row(1000),
  `random-regression` = list(
    kind = "slope", formula = y ~ x + I(x^2) + (1 + x + I(x^2) | id), fixed = y ~ x + I(x^2),
    random = ~ 1 + x + I(x^2), groups = "id", input = growth_input
  ),
  InstEval = list(
    kind = "crossed", formula = y ~ service + (1 | s) + (1 | d) + (1 | dept:service),
    fixed = y ~ service, groups = c("s", "d", "dept:service"),
    columns = c("s", "d", "dept_service"), input = evaluations_input
  ),
  `crossed-5000x2000` = list(
    kind = "crossed", formula = y ~ x + (1 | a) + (1 | b), fixed = y ~ x, groups = c("a", "b"),
    columns = c("a", "b"), input = crossed_input
  ),
  `animal-10000` = animal_row(1e4),
  `GBLUP-3000` = genomic_row(3000),
  `GBLUP-5000` = genomic_row(5000),
  `repeatability-20000x4` = list(
    kind = "repeated", groups = c("animal", "permanent"),
    formula = y ~ season + herd + (1 | gr(animal, precision = Ainv)) + (1 | animal),
    fixed = y ~ season + herd, input = function() simulate_animals(2e4, 4L)
  ),
  `animal-50000` = animal_row(5e4),
  `animal-100000` = animal_row(1e5)
)

# Fitted by million.R only.
million_rows <- list(
  `animal-1000000-held` = animal_row(1e6, hold = c(animal = 0.3, residual = 0.7)),
  `animal-1000000` = animal_row(1e6)
)
