# Random calls of what is exported: right first arguments, and others that are right, odd, of other
# functions, or none's.

odd_values <- list(NULL, NA, Inf, -1, 0, 1, "a", "REML", TRUE, c(residual = 1), c(g = 1), c(1, NA),
  list(), quote(x), ~x, 1:3, character(), factor("a"), matrix(1, 2, 2), c(residual = NA), "kr",
  NaN, "", list(1, "a"), data.frame(), data.frame(x = 1:2), function(x) x, as.Date("2024-01-01"),
  complex(real = 1), c(TRUE, NA), y ~ x, matrix("a"), structure(list(), class = "lmm_control"),
  structure(list(), class = "lmmfit"), NA_character_, array(0, c(2, 2, 2)), -1:1, 1e10, list(a = 1))

fuzz_objects <- function() {
  set.seed(7)
  d <- data.frame(y = rnorm(24), x = rnorm(24), g = gl(6, 4), t = rep(1:4, 6), f = gl(2, 1, 24),
    id = as.character(rep(1:8, 3)))
  ped <- suppressMessages(pedigree(data.frame(id = 1:8, sire = c(NA, NA, NA, 1, 1, 2, 2, 4),
    dam = c(NA, NA, NA, 3, 3, 3, 3, 5))))
  quietly <- function(x) suppressMessages(suppressWarnings(x))
  M <- matrix(sample(0:2, 8 * 12, TRUE), 8, dimnames = list(1:8, NULL))
  list(
    data = d, ped = ped, M = M, K = grm(M),
    plain = lmmfit(y ~ x, d), mixed = lmmfit(y ~ x * f + (1 | g), d),
    lines = quietly(lmmfit(y ~ x + us(0 + f | g), d, residual = ~ diag(f))),
    animal = quietly(lmmfit(y ~ f + (1 | gr(id, pedigree = ped)), d,
      hold = c(id = 0.5, residual = 1))),
    means = marginal_means(lmmfit(y ~ f + (1 | g), d), ~f),
    stages = quietly(two_stage(y ~ t | g, data = d)),
    file = {
      path <- tempfile()
      writeLines(c("1 0 0", "2 0 0", "3 1 2"), path)
      path
    }
  )
}

# By function: the names of the objects that its first argument may be, and arguments that it has
# besides those of its own formals.
fuzz_table <- function() {
  fits <- c("plain", "mixed", "lines", "animal")
  of_fit <- c("varcomp", "VarCorr", "fixef", "ranef", "predict", "contest", "anova", "ranova",
    "drop1", "confint", "vcov", "residuals", "fitted", "simulate", "update", "logLik", "summary",
    "model.matrix", "model.frame", "nobs", "sigma", "deviance", "weights", "coef", "formula",
    "marginal_means", "vpredict", "heritability", "R2", "icc", "repeatability", "reliability",
    "breeding_values", "effective_dimensions", "loadings_of", "is_estimable", "mme", "outlier_test",
    "residual_matrix", "tidy", "glance", "augment", "wald", "lrt", "in_henderson", "in_asreml",
    "compare_structures", "genetic_trend", "variance_by_age", "influence", "hatvalues",
    "cooks.distance", "anova_table", "profile", "blup_contrasts", "marginal_likelihood")
  of_pedigree <- c("Ainverse", "Amatrix", "inbreeding", "dominance_matrix", "genetic_groups",
    "prune", "a_multiply", "Hinverse")
  others <- list(pedigree = "data", lmm_control = NULL, estimate_cost = NULL, grm = "M",
    bend = "K", blend = "K",
    legendre = "data", spl = "data", spl2 = "data", at = "data", read_pedigree = "file",
    read_records = "file", lmm_prior = NULL, two_stage = NULL, two_stage_met = NULL,
    compare_methods = NULL, compare_stages = "stages", mean_contrasts = "means",
    mean_letters = "means", sed = "means", lsd = "means", vs_control = "means", vs_first = "means",
    polynomial_contrasts = "means", half_normal = NULL, half_t = NULL, uniform = NULL, pc = NULL,
    inverse_gamma = NULL, lkj = NULL, normal = NULL, log_normal = NULL, exponential = NULL,
    beta_prior = NULL, inverse_wishart = NULL, scaled_inverse_chisq = NULL)
  c(stats::setNames(rep(list(fits), length(of_fit)), of_fit),
    stats::setNames(rep(list("ped"), length(of_pedigree)), of_pedigree), others)
}

# The formals of what will answer.
fuzz_formals <- function(name, first) {
  fun <- get(name, mode = "function")
  method <- utils::getS3method(name, class(first)[1L], optional = TRUE)
  setdiff(names(formals(method %||% fun)), "...")
}

right_values <- function(objects) {
  list(newdata = objects$data[1:3, ], K = c(0, 1), parm = "fixed", level = 0.9, method = "ML",
    ddf = "Kenward-Roger", specs = ~f, classify = ~f, term = "g", type = "response", nsim = 2,
    data = objects$data, formula = y ~ x + (1 | g), residual = list(~iid, ~ diag(f)), se = TRUE,
    random = FALSE, G = objects$K, animals = "3", time = "t", information = "expected", seed = 1,
    form = "V", contrasts = "pairwise", x = objects$data$x, degree = 2)
}

# What a function is asked about. Generics of other packages answer for what is no fit of ours.
fuzz_object <- function(name, first, objects) {
  if (is.null(first)) return(sample(odd_values, 1L)[[1L]])
  object <- objects[[sample(first, 1L)]]
  if (!name %in% getNamespaceExports("henderson")) return(object)
  if (stats::runif(1) < 0.12) object <- sample(odd_values, 1L)[[1L]]
  if (stats::runif(1) < 0.05) object <- sample(objects, 1L)[[1L]]
  object
}

fuzz_call <- function(table, objects, right) {
  name <- sample(names(table), 1L)
  first <- table[[name]]
  object <- fuzz_object(name, first, objects)
  call <- if (is.null(first) && stats::runif(1) < 0.5) list() else list(object)
  known <- utils::tail(fuzz_formals(name, object), -length(call))
  chosen <- sample(known, min(length(known), sample(0:3, 1L)))
  for (argument in chosen) {
    value <- if (stats::runif(1) < 0.4 && argument %in% names(right)) right[[argument]] else
      sample(odd_values, 1L)[[1L]]
    call[argument] <- list(value)
  }
  if (stats::runif(1) < 0.15) call[["unheard_of"]] <- sample(odd_values, 1L)[[1L]]
  list(name = name, call = call)
}

# R's own words for arguments say what is wrong.
is_clear_message <- function(error) {
  inherits(error, "henderson_error") || grepl(paste0("unused argument|",
    "is missing, with no default|formal argument .* matched by multiple|no applicable method|",
    "No .* method for objects|argument .* matches multiple"), conditionMessage(error))
}

fuzz_text <- function(call, what) {
  arguments <- names(call$call) %||% ""
  paste(call$name, paste(arguments, vapply(call$call, function(x) {
    substr(paste(deparse(x), collapse = ""), 1L, 40L)
  }, ""), sep = "=", collapse = ", "), what, sep = " | ")
}
