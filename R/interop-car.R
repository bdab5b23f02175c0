# What car asks of a model. Registered when car is loaded (zzz.R). Tests go through contest(), so
# that F has the degrees of freedom of the fit, or of an argument `ddf`.

linearHypothesis.lmmfit <- function(model, hypothesis.matrix, rhs = NULL, test = c("Chisq", "F"),
                                    ddf = NULL, information = NULL, ...) {
  test <- check_choice(test, c("Chisq", "F"), "test")
  asked <- car_hypothesis(model, hypothesis.matrix, rhs)
  joint <- wald_test(model, asked$K, asked$rhs, test, ddf, information)
  text <- car::printHypothesis(asked$K, asked$rhs, model$fixed$names)
  table <- rbind(NA, joint)
  row.names(table) <- 1:2
  structure(table,
    heading = c("Linear hypothesis test\n", "Hypothesis:", text, "",
      "Model 1: restricted model", paste0("Model 2: ", model_text(model), "\n")),
    class = c("anova", "data.frame")
  )
}

# Text as car reads it ("a = b"), a vector or a matrix.
car_hypothesis <- function(fit, hypothesis, rhs) {
  names <- fit$fixed$names
  if (!is.character(hypothesis)) {
    K <- as.matrix(as_hypotheses(hypothesis, names))
    return(list(K = K, rhs = check_rhs(rhs %||% 0, nrow(K))))
  }
  made <- car::makeHypothesis(names, hypothesis, rhs)
  if (is.null(dim(made))) made <- t(made)
  last <- ncol(made)
  K <- made[, -last, drop = FALSE]
  dimnames(K) <- list(hypothesis, names)
  list(K = K, rhs = made[, last])
}

# One row: F, Df, Df.res and Pr(>F), or Chisq, Df and Pr(>Chisq).
wald_test <- function(fit, K, rhs, test, ddf, information) {
  ddf <- if (test == "Chisq") "none" else check_ddf(fit, ddf)
  joint <- kept_test(fit, K, rhs, ddf, information)
  if (test == "F") {
    return(data.frame(Df = joint$ndf, Df.res = joint$ddf, F = joint$F, `Pr(>F)` = joint$p.value,
      check.names = FALSE))
  }
  chisq <- joint$F * joint$ndf
  data.frame(Df = joint$ndf, Chisq = chisq,
    `Pr(>Chisq)` = stats::pchisq(chisq, joint$ndf, lower.tail = FALSE), check.names = FALSE)
}

# As in lme4 a dropped column counts as left out of the model: functions of the others are tested
# whether or not they are estimable with it. A term whose columns were all dropped has no rows.
kept_test <- function(fit, K, rhs, ddf, information) {
  kept <- !is.na(fit$fixed$estimate)
  if (nrow(K) > 0L && (all(kept) || any(K[, !kept] != 0))) {
    return(contest(fit, K, rhs = rhs, ddf = ddf, information = information)$joint)
  }
  rows <- K[, kept, drop = FALSE]
  independent <- independent_rows(rows)
  if (length(independent) == 0L) return(data.frame(F = NA, ndf = 0, ddf = NA, p.value = NA))
  rows <- rows[independent, , drop = FALSE]
  difference <- drop(rows %*% fit$fixed$estimate[kept]) - rep_len(rhs, nrow(K))[independent]
  test <- joint_test(fit, rows, difference, ddf, check_information(information, ddf))
  data.frame(F = test$F, ndf = test$ndf, ddf = test$ddf,
    p.value = stats::pf(test$F, test$ndf, test$ddf, lower.tail = FALSE))
}

# As car defines the types: those of type III depend on the contrasts of the factors (anova() has
# SAS's, which do not).
Anova.lmmfit <- function(mod, type = c("II", "III", 2, 3), test.statistic = c("Chisq", "F"),
                         ddf = NULL, information = NULL, ...) {
  type <- if (missing(type)) "II" else check_choice(as.character(type), c("II", "III", "2", "3"),
    "type")
  test <- check_choice(test.statistic, c("Chisq", "F"), "test.statistic")
  second <- type %in% c("II", "2")
  hypotheses <- if (second) car_second(mod) else car_third(mod)
  rows <- lapply(hypotheses, function(K) wald_test(mod, K, 0, test, ddf, information))
  table <- do.call(rbind, rows)
  row.names(table) <- names(hypotheses)
  order <- if (test == "F") c("F", "Df", "Df.res", "Pr(>F)") else c("Chisq", "Df", "Pr(>Chisq)")
  kind <- if (test == "F") paste("F tests,", check_ddf(mod, ddf), "degrees of freedom") else
    "chisquare tests"
  structure(table[order],
    heading = c(
      paste0("Analysis of Deviance Table (Type ", if (second) "II" else "III", " Wald ", kind,
        ")\n"),
      paste("Response:", deparse_one(mod$parts$response))
    ),
    class = c("anova", "data.frame")
  )
}

# Rows over all columns of X that pick the kept columns of some terms.
rows_of_terms <- function(fit, terms) {
  diag(length(fit$fixed$names))[which(fit$fixed$assign %in% terms & !is.na(fit$fixed$estimate)), ,
    drop = FALSE]
}

# Every coefficient of a term.
car_third <- function(fit) {
  labels <- fit$fixed$labels
  terms <- seq_along(labels)
  if (any(fit$fixed$assign == 0L)) {
    terms <- c(0L, terms)
    labels <- c("(Intercept)", labels)
  }
  stats::setNames(lapply(terms, function(j) rows_of_terms(fit, j)), labels)
}

# Each term after those that do not have all of its variables: its functions that are uncorrelated
# with the estimates of those that do.
car_second <- function(fit) {
  labels <- fit$fixed$labels
  factors <- attr(stats::terms(fit$parts$fixed[-2L]), "factors") > 0L
  covariance <- vcov(fit)
  covariance[is.na(covariance)] <- 0
  hypotheses <- lapply(seq_along(labels), function(j) {
    larger <- setdiff(which(vapply(seq_along(labels), function(i) {
      all(factors[, i] | !factors[, j])
    }, NA)), j)
    beside(rows_of_terms(fit, c(larger, j)), rows_of_terms(fit, larger), covariance)
  })
  stats::setNames(hypotheses, labels)
}

# Rows in the space of `all` that are orthogonal to those of `part` in the metric of `covariance`.
beside <- function(all, part, covariance) {
  if (nrow(part) == 0L) return(all)
  products <- qr(all %*% covariance %*% t(part))
  complement <- qr.Q(products, complete = TRUE)[, -seq_len(products$rank), drop = FALSE]
  t(complement) %*% all
}

deltaMethod.lmmfit <- function(object, g., vcov. = vcov(object), ...) {
  car::deltaMethod(fixef(object), g., vcov. = vcov., ...)
}

# Its own methods read the coefficients by coef(), which has a row for each level in mixed models.
vif.lmmfit <- function(mod, ...) car::vif(structure(list(fit = mod), class = "lmmfit_fixed"), ...)

#' @export
coef.lmmfit_fixed <- function(object, ...) {
  check_unused(..., .ignored = "complete")
  fixef(object$fit)
}

#' @export
vcov.lmmfit_fixed <- function(object, ...) {
  check_unused(..., .ignored = "complete")
  vcov(object$fit)
}

#' @export
model.matrix.lmmfit_fixed <- function(object, ...) model.matrix(object$fit)

#' @export
terms.lmmfit_fixed <- function(x, ...) terms(x$fit)

matchCoefs.lmmfit <- function(model, pattern, ...) {
  check_unused(...)
  grep(pattern, names(fixef(model)), value = TRUE)
}
