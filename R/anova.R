#' Analysis of variance, and comparison of nested fits
#'
#' Of one fit: F tests of the terms of its fixed part. Of several: likelihood ratio tests.
#'
#' # Types
#'
#' Of type 1 each term is tested after those before it in the formula, of type 2 after all terms
#' that do not contain it, of type 3 (the default) after all terms, with the hypotheses of SAS:
#' those of a term are orthogonal to those of the terms that contain it. A term is contained in
#' another that has the same covariates and all of its factors, and more. The types do not depend on
#' the contrasts of the factors.
#'
#' # Several fits
#'
#' Likelihood ratio tests of nested models. Fits that differ in their fixed effects must be by
#' `"ML"`; fits with the same fixed effects may be by `"REML"`. Where the smaller model is the
#' larger one with variances of zero (without a random term, or without a coefficient of one), they
#' are at the boundary of their range, and the p-value is from the mixture of chi-squares of
#' [ranova()]; the heading says so. Elsewhere, and where parameters are held, tied or bounded, it
#' is from the plain chi-square with `Df` degrees of freedom.
#'
#' @param object,... A fit by [lmmfit()], or several to the same records.
#' @param type 1, 2 or 3 (or `"I"`, `"II"`, `"III"`), for one fit.
#' @param ddf,information Degrees of freedom and information, for one fit: see [contest()].
#' @return A data frame of class `anova`: with a row for each term (`NumDF`, `DenDF`, `F value`,
#'   `Pr(>F)`), or with a row for each fit, in the order of their number of parameters.
#' @examples
#' a <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont, method = "ML")
#' b <- lmmfit(distance ~ age * Sex + (1 | Subject), nlme::Orthodont, method = "ML")
#' anova(a, b)
#' anova(lmmfit(yield ~ Variety * nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats))
#' @export
anova.lmmfit <- function(object, ..., type = 3, ddf = NULL, information = NULL) {
  fits <- list(object, ...)
  if (length(fits) == 1L) return(term_table(object, check_type(type), ddf, information))
  check_compared(fits)
  names <- fit_names(as.list(substitute(list(object, ...)))[-1L])
  check_comparable(fits)
  order <- order(vapply(fits, n_free, 0))
  fits <- fits[order]
  mixtures <- c(list(NULL), Map(ratio_mixture, fits[-length(fits)], fits[-1L]))
  table <- ratio_table(fits, mixtures, names[order])
  row.names(table) <- make.unique(names[order])
  formulas <- vapply(fits, model_text, "")
  structure(table,
    heading = c(
      paste0("Likelihood ratio tests (", object$method, ", ", object$n, " records)\n"),
      paste0(row.names(table), ": ", formulas, collapse = "\n"),
      mixture_note(row.names(table), mixtures)
    ),
    class = c("anova", "data.frame")
  )
}

# Arguments that other packages have (`refit`, `test`) are no fits.
check_compared <- function(fits) {
  for (k in seq_along(fits)) {
    name <- names(fits)[k]
    if (!inherits(fits[[k]], "lmmfit") && !is.null(name) && nzchar(name)) {
      abort_no_argument(name, nearest_names(name, names(formals(anova.lmmfit))))
    }
    check_fit(fits[[k]], "...")
  }
}

mixture_note <- function(names, mixtures) {
  mixed <- names[lengths(mixtures) > 0L]
  if (length(mixed) == 0L) return("")
  paste0(paste(mixed, collapse = ", "),
    ": p-value from a mixture of chi-squares, a variance is zero under the smaller model\n")
}

check_type <- function(type) {
  if (is.character(type) && length(type) == 1L && toupper(type) %in% c("I", "II", "III")) {
    type <- nchar(type)
  }
  if (!is.numeric(type) || length(type) != 1L || !type %in% 1:3) {
    abort_argument("type", type, "1, 2 or 3")
  }
  as.integer(type)
}

# F tests of the terms of one fit.
term_table <- function(fit, type, ddf, information, hypotheses = term_hypotheses(fit, type)) {
  ddf <- check_ddf(fit, ddf)
  information <- check_information(information, ddf)
  beta <- fit$fixed$estimate[!is.na(fit$fixed$estimate)]
  rows <- lapply(names(hypotheses), function(label) {
    K <- hypotheses[[label]]
    K <- K[independent_rows(K), , drop = FALSE]
    if (nrow(K) == 0L) return(c(0, NA, NA, NA))
    test <- joint_test(fit, K, drop(K %*% beta), ddf, information)
    test$ddf <- df_of_term(fit, ddf, label) %||% test$ddf
    c(test$ndf, test$ddf, test$F, stats::pf(test$F, test$ndf, test$ddf, lower.tail = FALSE))
  })
  table <- as.data.frame(do.call(rbind, c(list(matrix(0, 0L, 4L)), rows)))
  dimnames(table) <- list(names(hypotheses), c("NumDF", "DenDF", "F value", "Pr(>F)"))
  used <- if (needs_derivatives(fit, ddf)) information
  structure(table,
    heading = c(
      paste0("Analysis of variance, type ", type, " (", fit$method, ", ", fit$n, " records)"),
      paste0(sub("^t tests with d", "D", ddf_text(ddf, used)), "\n")
    ),
    class = c("anova", "data.frame")
  )
}

# The names of the fits as they were given; what is not a name gets its place.
fit_names <- function(expressions) {
  named <- vapply(expressions, is.symbol, NA)
  ifelse(named, vapply(expressions, deparse_one, ""), paste("fit", seq_along(expressions)))
}

check_comparable <- function(fits) {
  first <- fits[[1L]]
  if (any(vapply(fits, function(fit) fit$method == "ANOVA", NA))) {
    abort_compare("Estimates by {.code method = \"ANOVA\"} do not maximise a likelihood.",
      "Fit the models by {.code method = \"REML\"} or {.code \"ML\"}.")
  }
  for (fit in fits[-1L]) {
    if (fit$method != first$method) {
      abort_compare("The fits are by different methods: {.val {c(first$method, fit$method)}}.",
        "Fit all of them by {.code method = \"ML\"}.")
    }
    if (!are_same_records(fit$frame, first$frame)) {
      abort_compare("The fits are to different records.",
        "Fit all of them to the same records: missing values may differ between the models.")
    }
    same_effects <- identical(effect_names_in_order(fit), effect_names_in_order(first))
    if (fit$method == "REML" && !same_effects) {
      abort_compare("REML likelihoods of models with different fixed effects cannot be compared.",
        "Fit them by {.code update(fit, method = \"ML\")}.")
    }
  }
}

# Of records in a database by their number, and the mean and sum of squares of the response.
are_same_records <- function(frame, other) {
  if (is_pooled(frame) != is_pooled(other)) return(FALSE)
  if (is_pooled(frame)) {
    known <- function(frame) pooled_records(frame)[c("n", "response")]
    return(isTRUE(all.equal(known(frame), known(other))))
  }
  isTRUE(all.equal(as.double(frame[[1L]]), as.double(other[[1L]])))
}

# `a:b` and `b:a` are one effect.
effect_names_in_order <- function(fit) {
  sort(vapply(strsplit(fit$fixed$names, ":", fixed = TRUE), function(parts) {
    paste(sort(parts), collapse = ":")
  }, ""))
}

# In -2 log-likelihood: a larger model that is lower by more has not reached its maximum.
least_loss <- 1e-4

ratio_table <- function(fits, mixtures, names) {
  criterion <- vapply(fits, stats::deviance, 0)
  df <- vapply(fits, n_free, 0)
  chisq <- c(NA, -diff(criterion))
  added <- c(NA, diff(df))
  lower <- which(added > 0 & chisq < -least_loss)
  if (length(lower) > 0L) warn_lower_likelihood(names[lower], -chisq[lower])
  p <- ifelse(added > 0, stats::pchisq(pmax(chisq, 0), added, lower.tail = FALSE), NA)
  for (k in which(lengths(mixtures) > 0L)) p[k] <- mixture_p(max(chisq[k], 0), mixtures[[k]])
  p[lower] <- NA
  data.frame(
    npar = df, AIC = vapply(fits, stats::AIC, 0), BIC = vapply(fits, stats::BIC, 0),
    `-2logLik` = criterion, Chisq = chisq, Df = added, `Pr(>Chisq)` = p, check.names = FALSE
  )
}
