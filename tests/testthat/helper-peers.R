# Peers at their best: lme4 and nlme with tight tolerances, and their answers under the names of
# this package, so that the tests compare like with like.

# Models that this package, lme4 and (where `nlme` is given) nlme can all fit.
peer_models <- function() {
  from_lme4 <- function(name) {
    env <- new.env()
    utils::data(list = name, package = "lme4", envir = env)
    env[[name]]
  }
  unordered <- function(data) {
    data <- as.data.frame(data)
    is_group <- vapply(data, is.ordered, NA)
    data[is_group] <- lapply(data[is_group], factor, ordered = FALSE)
    data
  }
  sleepstudy <- from_lme4("sleepstudy")
  orthodont <- unordered(nlme::Orthodont)
  oats <- unordered(nlme::Oats)
  machines <- unordered(nlme::Machines)
  pastes <- from_lme4("Pastes")
  list(
    "sleepstudy line" = list(
      formula = Reaction ~ Days + (1 + Days | Subject), data = sleepstudy,
      nlme = list(Reaction ~ Days, list(Subject = ~ 1 + Days))
    ),
    "sleepstudy uncorrelated" = list(
      formula = Reaction ~ Days + (1 + Days || Subject), data = sleepstudy,
      nlme = list(Reaction ~ Days, list(Subject = nlme::pdDiag(~ 1 + Days)))
    ),
    "sleepstudy intercept" = list(
      formula = Reaction ~ Days + (1 | Subject), data = sleepstudy,
      nlme = list(Reaction ~ Days, list(Subject = ~1))
    ),
    "sleepstudy slope only" = list(
      formula = Reaction ~ Days + (0 + Days | Subject), data = sleepstudy,
      nlme = list(Reaction ~ Days, list(Subject = ~ 0 + Days))
    ),
    "sleepstudy curve" = list(
      formula = Reaction ~ poly(Days, 2) + (poly(Days, 2) | Subject), data = sleepstudy
    ),
    "Orthodont line" = list(
      formula = distance ~ age * Sex + (1 + age | Subject), data = orthodont,
      nlme = list(distance ~ age * Sex, list(Subject = ~ 1 + age))
    ),
    "Orthodont line, centred" = list(
      formula = distance ~ I(age - 11) * Sex + (I(age - 11) | Subject), data = orthodont,
      nlme = list(distance ~ I(age - 11) * Sex, list(Subject = ~ I(age - 11)))
    ),
    "Orthodont intercept" = list(
      formula = distance ~ age * Sex + (1 | Subject), data = orthodont,
      nlme = list(distance ~ age * Sex, list(Subject = ~1))
    ),
    "Oats split plot" = list(
      formula = yield ~ Variety * factor(nitro) + (1 | Block / Variety), data = oats,
      nlme = list(yield ~ Variety * factor(nitro), list(Block = ~1, Variety = ~1))
    ),
    "Oats line" = list(
      formula = yield ~ nitro + (1 | Block) + (1 | Block:Variety), data = oats,
      nlme = list(yield ~ nitro, list(Block = ~1, Variety = ~1))
    ),
    "Machines nested" = list(
      formula = score ~ Machine + (1 | Worker / Machine), data = machines,
      nlme = list(score ~ Machine, list(Worker = ~1, Machine = ~1))
    ),
    "Machines by worker" = list(
      formula = score ~ Machine + (0 + Machine | Worker), data = machines,
      nlme = list(score ~ Machine, list(Worker = ~ 0 + Machine))
    ),
    "Machines by worker, treatment coded" = list(
      formula = score ~ Machine + (Machine | Worker), data = machines
    ),
    "Pastes" = list(
      formula = strength ~ 1 + (1 | batch / cask), data = pastes,
      nlme = list(strength ~ 1, list(batch = ~1, cask = ~1))
    ),
    "Pastes by sample" = list(
      formula = strength ~ 1 + (1 | sample) + (1 | batch), data = pastes
    ),
    "Penicillin" = list(
      formula = diameter ~ 1 + (1 | plate) + (1 | sample), data = from_lme4("Penicillin")
    ),
    "cake" = list(
      formula = angle ~ recipe * temperature + (1 | recipe:replicate), data = from_lme4("cake")
    ),
    "cake line" = list(
      formula = angle ~ recipe + temp + (1 | replicate) + (1 | recipe:replicate),
      data = from_lme4("cake")
    ),
    "Dyestuff" = list(
      formula = Yield ~ 1 + (1 | Batch), data = from_lme4("Dyestuff"),
      nlme = list(Yield ~ 1, list(Batch = ~1))
    ),
    "Dyestuff2" = list(formula = Yield ~ 1 + (1 | Batch), data = from_lme4("Dyestuff2")),
    "cbpp as numbers" = list(
      formula = incidence / size ~ period + (1 | herd), data = from_lme4("cbpp"), weights = "size"
    )
  )
}

# lme4 ---------------------------------------------------------------------------------------------

# lmer() by its modules: two optimisers with tight tolerances, then Newton steps on its own deviance
# function from the better one, because an optimiser without derivatives stops near 1e-5.
fit_lme4 <- function(formula, data, method = "REML", weights = NULL) {
  reml <- method == "REML"
  control <- lme4::lmerControl(check.conv.singular = "ignore", check.rankX = "silent.drop.cols")
  arguments <- list(formula = formula, data = data, REML = reml, control = control)
  if (!is.null(weights)) arguments$weights <- data[[weights]]
  parsed <- suppressMessages(do.call(lme4::lFormula, arguments))
  deviance_of <- do.call(lme4::mkLmerDevfun, c(parsed, list(control = control)))
  lower <- parsed$reTrms$lower
  # Not the theta of `parsed`: lme4 writes the current value into that very memory.
  start <- as.numeric(lower == 0)
  ends <- list(
    quiet_optimum(deviance_of, start, "nloptwrap", list(xtol_abs = 1e-10, ftol_abs = 1e-12)),
    quiet_optimum(deviance_of, start, "bobyqa", list(rhoend = 1e-8))
  )
  best <- ends[[which.min(vapply(ends, `[[`, 0, "fval"))]]
  theta <- polish(deviance_of, best$par, lower)
  optimum <- list(par = theta, fval = deviance_of(theta), conv = 0L, message = NULL)
  fit <- lme4::mkMerMod(environment(deviance_of), optimum, parsed$reTrms, fr = parsed$fr)
  lme4_answers(fit)
}

quiet_optimum <- function(deviance_of, start, optimizer, settings) {
  suppressWarnings(suppressMessages(lme4::optimizeLmer(
    deviance_of,
    start = list(theta = start), optimizer = optimizer, control = settings, calc.derivs = FALSE
  )))
}

# Newton on the free entries of theta; those at a bound stay there.
polish <- function(objective, theta, lower) {
  at_bound <- lower == 0 & theta < 1e-4
  if (any(at_bound) && objective(replace(theta, at_bound, 0)) <= objective(theta) + 1e-9) {
    theta[at_bound] <- 0
  } else {
    at_bound[] <- FALSE
  }
  free <- which(!at_bound)
  if (length(free) == 0L || length(free) > 8L) return(theta)
  on_free <- function(values) objective(replace(theta, free, values))
  for (step in 1:4) {
    here <- theta[free]
    gradient <- numeric_gradient(on_free, here, 1e-3)
    hessian <- stats::optimHess(here, on_free, control = list(ndeps = rep(1e-3, length(free))))
    move <- tryCatch(solve(hessian, gradient), error = function(e) 0)
    if (on_free(here - move) > on_free(here) + 1e-9) break
    theta[free] <- here - move
  }
  theta
}

# The answers of a merMod under this package's names.
lme4_answers <- function(fit) {
  covariance <- lme4::VarCorr(fit)
  group <- names(fit@cnms)
  values <- unlist(lapply(seq_along(group), function(k) {
    named_triangle(as.matrix(covariance[[k]]), group[k])
  }))
  effects <- lme4::ranef(fit, condVar = FALSE)
  list(
    minus2loglik = -2 * as.numeric(stats::logLik(fit)),
    variances = canonical_names(c(values, residual = stats::sigma(fit)^2)),
    fixef = lme4::fixef(fit), se = sqrt(diag(as.matrix(stats::vcov(fit)))),
    ranef = canonical_effects(lapply(effects, as.matrix))
  )
}

# Lower triangle row by row: Subject.Intercept, Subject.Intercept.Days, Subject.Days.
named_triangle <- function(sigma, label) {
  coefs <- sub("(Intercept)", "Intercept", rownames(sigma), fixed = TRUE)
  row <- rep.int(seq_along(coefs), seq_along(coefs))
  col <- sequence(seq_along(coefs))
  names <- paste(label, coefs[col], coefs[row], sep = ".")
  names[row == col] <- paste(label, coefs[row[row == col]], sep = ".")
  stats::setNames(sigma[cbind(row, col)], names)
}

# One spelling for both programs: a lone intercept is the label alone, the factors of an interaction
# stand in alphabetical order.
canonical_label <- function(label) {
  vapply(strsplit(label, ":", fixed = TRUE), function(x) {
    paste(sort(x, method = "radix"), collapse = ":")
  }, "")
}

canonical_names <- function(values) {
  is_residual <- names(values) == "residual"
  parts <- regmatches(names(values), regexpr("[.]", names(values)), invert = TRUE)
  label <- canonical_label(vapply(parts, `[`, "", 1L))
  coefs <- vapply(parts, function(x) if (length(x) > 1L) x[2L] else "Intercept", "")
  names(values) <- ifelse(is_residual, "residual", paste(label, coefs, sep = "."))
  values[order(names(values), method = "radix")]
}

# A named list of level x coefficient matrices -> one long vector label|level|coefficient.
canonical_effects <- function(effects) {
  one <- function(label, u) {
    factors <- strsplit(label, ":", fixed = TRUE)[[1L]]
    levels <- rownames(u)
    # A level of one factor may have a colon of its own.
    if (length(factors) > 1L) {
      levels <- vapply(strsplit(levels, ":", fixed = TRUE), function(x) {
        paste(x[order(factors, method = "radix")], collapse = ":")
      }, "")
    }
    coefs <- sub("(Intercept)", "Intercept", colnames(u), fixed = TRUE)
    stats::setNames(as.numeric(u), paste(
      canonical_label(label), rep(levels, ncol(u)), rep(coefs, each = nrow(u)),
      sep = "|"
    ))
  }
  all <- unlist(unname(Map(one, names(effects), effects)))
  all[order(names(all), method = "radix")]
}

# nlme ---------------------------------------------------------------------------------------------

fit_nlme <- function(model, data, method = "REML") {
  # lme() evaluates the call that it stores: the arguments must be values.
  fit <- suppressWarnings(do.call(nlme::lme, list(
    fixed = model$nlme[[1L]], random = model$nlme[[2L]], data = data, method = method,
    control = nlme::lmeControl(
      msTol = 1e-12, tolerance = 1e-12, msMaxIter = 500L, maxIter = 200L, msMaxEval = 2000L,
      returnObject = TRUE
    )
  )))
  list(
    minus2loglik = -2 * as.numeric(stats::logLik(fit)),
    fixef = nlme::fixef(fit), se = sqrt(diag(stats::vcov(fit))), residual = stats::sigma(fit)^2
  )
}

# lme4's fit as it is, stopped later than by default.
fit_lme4_exactly <- function(formula, data, ...) {
  lme4::lmer(formula, data, control = lme4::lmerControl(optimizer = "bobyqa",
    optCtrl = list(rhoend = 1e-9)), ...)
}
