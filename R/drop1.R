#' Tests for leaving out terms
#'
#' `drop1()`: F tests of the fixed terms that stand in no other term (of `a * b` the interaction
#' alone, as of `lm()`). A term whose columns depend on those of the others has no degrees of
#' freedom of its own. `ranova()`: likelihood ratio tests of the random terms, one left out at a
#' time.
#'
#' A variance of zero is at the boundary of its range, so the likelihood ratio is not chi-square:
#' where one variance goes to zero with its c covariances, it is an equal mixture of chi-squares
#' with c and c + 1 degrees of freedom (Self and Liang 1987; Stram and Lee 1994); where s
#' independent ones do, a binomial mixture. Where a whole unstructured matrix goes, plain
#' chi-square with all its parameters is used, which is conservative.
#'
#' @param object,fit A fit by [lmmfit()].
#' @param scope Labels of the terms, or a formula of them; by default all that stand in no other.
#'   A covariate whose product is in the model can be named here.
#' @param ddf,information See [contest()].
#' @param reduce `TRUE` takes one variable out of `(1 + x | g)` at a time, as lmerTest does; `FALSE`
#'   takes out the whole term.
#' @param ... `k`, as [stats::step()] gives it: then the table has the criterion of
#'   [stats::extractAIC()] of fits by `"ML"` without each term. What is not an argument is an error.
#' @return A data frame of class `anova`.
#' @references Stram, D. O. and Lee, J. W. (1994) Biometrics 50, 1171-1177.
#' @examples
#' fit <- lmmfit(yield ~ Variety + nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats)
#' drop1(fit)
#' ranova(fit)
#' @importFrom stats drop1
#' @export
drop1.lmmfit <- function(object, scope, ddf = NULL, information = NULL, ...) {
  check_unused(..., .ignored = c("scale", "trace", "k"))
  containing <- if (length(object$fixed$labels) > 0L) containing_terms(object) else list()
  labels <- object$fixed$labels[lengths(containing) == 0L]
  if (!missing(scope)) {
    if (inherits(scope, "formula")) scope <- attr(stats::terms(scope), "term.labels")
    unknown <- setdiff(check_names(scope, "scope", "labels of terms, or a formula of them"), labels)
    if (length(unknown) > 0L) abort_scope(unknown, labels)
    labels <- scope
  } else {
    within <- setdiff(attr(stats::terms(object$parts$fixed[-2L]), "term.labels"),
      stats::drop.scope(object$parts$fixed[-2L]))
    labels <- setdiff(labels, within)
  }
  k <- list(...)$k
  if (!is.null(k)) return(dropped_criteria(object, labels, k))
  table <- term_table(object, 2L, ddf, information, last_hypotheses(object))
  heading <- attr(table, "heading")
  table <- table[row.names(table) %in% labels, , drop = FALSE]
  heading[1L] <- sub("^.*type 2", "Each term after all others", heading[1L])
  structure(table, heading = heading, class = c("anova", "data.frame"))
}

# What step() asks: the criterion of extractAIC() of the fits without each term.
dropped_criteria <- function(fit, labels, k) {
  fit <- by_ml(fit)
  of <- function(fit) stats::extractAIC(fit, k = k)
  smaller <- vapply(labels, function(label) {
    of(stats::update(fit, stats::as.formula(paste("~ . -", label))))
  }, double(2L))
  all <- cbind(of(fit), smaller)
  structure(
    data.frame(Df = c(NA, all[1L, 1L] - all[1L, -1L]), AIC = all[2L, ],
      row.names = c("<none>", labels)),
    heading = "Single term deletions\n", class = c("anova", "data.frame")
  )
}

by_ml <- function(fit) {
  if (fit$method == "REML") return(stats::update(fit, method = "ML"))
  if (fit$method != "ML") {
    abort_compare("Estimates by {.code method = {.str {fit$method}}} do not maximise a likelihood.",
      "Fit by {.code method = \"ML\"}.")
  }
  fit
}

#' @rdname drop1.lmmfit
#' @export
ranova <- function(fit, reduce = TRUE, ...) {
  check_given(fit)
  if (is_merMod(fit)) return(of_lmerTest("ranova", fit, ...))
  check_unused(..., .ignored = "reduce.terms")
  check_fit(fit, "fit")
  reduce <- check_flag(list(...)$reduce.terms %||% reduce, "reduce")
  if (is_bayes(fit)) {
    abort_bayes_question("`ranova()`", "Compare models by {.fn marginal_likelihood}.")
  }
  if (!is_mixed(fit)) abort_no_random("`ranova()`")
  spec <- fit_spec(fit)
  smaller <- unlist(lapply(seq_along(fit$random), function(k) {
    reductions(fit, spec, k, reduce)
  }), recursive = FALSE)
  rows <- lapply(smaller, function(model) {
    est <- refit_spec(fit, model$spec, model$gone)
    chisq <- max(est$minus2loglik - fit$minus2loglik, 0)
    c(est$minus2loglik, chisq, model$df, mixture_p(chisq, model$mixture))
  })
  table <- as.data.frame(rbind(c(fit$minus2loglik, NA, NA, NA), do.call(rbind, rows)))
  dimnames(table) <- list(
    c("<none>", make.unique(vapply(smaller, `[[`, "", "label"))),
    c("-2logLik", "Chisq", "Df", "Pr(>Chisq)")
  )
  structure(table,
    heading = c(
      paste0("Likelihood ratio tests of random terms (", fit$method, ", ", fit$n, " records)"),
      "p-values from mixtures of chi-squares where a variance is tested\n"
    ),
    class = c("anova", "data.frame")
  )
}

# The smaller models for term k: list(spec, label, df, mixture), mixture being the weights of the
# chi-squares, named by their degrees of freedom.
reductions <- function(fit, spec, k, reduce) {
  term <- fit$random[[k]]
  structure <- structure_name(term$structure)
  # The smaller structure does not have the parameters that are tied or bounded.
  reduce <- reduce && !is_constrained(fit, fit$parameters$index == k)
  if (reduce && values_are_entries(structure) && length(spec$random[[k]]$incidence) == 1L) {
    sizes <- column_counts(spec$random[[k]]$incidence[[1L]]$terms, nrow(fit$frame))
    removable <- if (length(sizes) > 1L) setdiff(seq_along(sizes), which(term$coef_names[
      cumsum(sizes)] == "(Intercept)"))
    if (length(removable) > 0L) {
      return(lapply(removable, without_columns, fit, spec, k, sizes, structure))
    }
  }
  spec$random <- spec$random[-k]
  df <- n_variance_free(fit) - n_variance_free(fit, fit$parameters$index != k)
  list(list(spec = spec, label = term$label, df = df, gone = k,
    mixture = whole_mixture(structure, term$n_coef, df)))
}

# Number of columns of each column term of an incidence.
column_counts <- function(terms, n) {
  vapply(terms, function(term) {
    prod(1, vapply(term$parts, function(part) {
      if (is.list(part)) nrow(part$contrast) else NCOL(part)
    }, 0))
  }, 0)
}

without_columns <- function(j, fit, spec, k, sizes, structure) {
  term <- spec$random[[k]]
  last <- cumsum(sizes)
  gone <- seq.int(last[j] - sizes[j] + 1, last[j])
  t <- term$n_coef
  term$incidence[[1L]]$terms <- term$incidence[[1L]]$terms[-j]
  term$n_coef <- as.integer(t - length(gone))
  if (is.list(term$structure)) term$structure$n_coef <- term$n_coef
  if (term$n_coef == 1L) term$structure <- plain_structure
  spec$random[[k]] <- term
  names <- fit$random[[k]]$coef_names[gone]
  s <- length(gone)
  df <- if (is_uncorrelated(structure)) s else n_us(t) - n_us(t - s)
  mixture <- part_mixture(structure, s, df)
  label <- paste(paste(names, collapse = " + "), "in", fit$random[[k]]$label)
  list(spec = spec, label = label, df = df, gone = k, mixture = mixture)
}

n_us <- function(t) t * (t + 1) / 2
