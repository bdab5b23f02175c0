#' Tests as ASReml prints them
#'
#' `wald()` is the incremental Wald table: each term of the fixed part after those before it, the
#' intercept first. `lrt()` is the likelihood ratio test of nested fits, at the boundary where a
#' variance is zero under the smaller one. Scripts written for ASReml run; [anova()][anova.lmmfit],
#' [drop1()][drop1.lmmfit] and [ranova()] answer the same questions with more choices.
#'
#' The Wald statistics are with the estimated variances as if they were known. With `denDF` they are
#' divided by their degrees of freedom, and compared with F distributions whose denominators are
#' those of Kenward and Roger (1997); `kenadj` also takes their adjusted covariance, by the expected
#' or the observed information.
#'
#' The p-value of `lrt()` is from the mixture of chi-squares of [ranova()] where the smaller model
#' is the larger one with variances of zero: half of the chi-square probability for one variance.
#' Otherwise, and with `boundary = FALSE`, it is from the plain chi-square.
#'
#' @param object A fit by [lmmfit()].
#' @param denDF `"none"`, or one of `"default"`, `"numeric"`, `"algebraic"`, which are one here.
#' @param ssType `"incremental"`: each term after those before it; `"conditional"`: after all terms
#'   that do not contain it. Both by what terms add to the generalised sum of squares, with the
#'   estimated covariance of the records, where the types of [anova()][anova.lmmfit] are those of
#'   least squares.
#' @param kenadj `"none"`, `"expected"` or `"observed"`, with `denDF`.
#' @param boundary `FALSE`: the plain chi-square.
#' @param ... Of `lrt()` further fits, in any order; otherwise nothing.
#' @return `wald()`: a data frame with `Df`, `Wald statistic` and `Pr(Chisq)`, or with `denDF` a
#'   list whose element `Wald` has `Df`, `denDF`, `F.inc` (`F.con`) and `Pr`. `lrt()`: a data frame
#'   with `df`, `LR-statistic` and `Pr(Chisq)`, a row for each fit with the one before it.
#' @examples
#' fit <- lmmfit(fixed = yield ~ Variety * factor(nitro), random = ~ Block / Variety,
#'   data = nlme::Oats)
#' wald(fit)
#' wald(fit, denDF = "numeric")$Wald
#' lrt(fit, lmmfit(yield ~ Variety * factor(nitro) + (1 | Block), nlme::Oats))
#' @export
wald <- function(object, ...) {
  check_given(object)
  UseMethod("wald")
}

#' @rdname wald
#' @export
wald.lmmfit <- function(object, denDF = c("none", "default", "numeric", "algebraic"),
                        ssType = c("incremental", "conditional"),
                        kenadj = c("none", "expected", "observed"), ...) {
  check_unused(...)
  denDF <- check_choice(denDF, c("none", "default", "numeric", "algebraic"), "denDF")
  ssType <- check_choice(ssType, c("incremental", "conditional"), "ssType")
  kenadj <- check_choice(kenadj, c("none", "expected", "observed"), "kenadj")
  if (kenadj != "none" && denDF == "none") {
    abort_argument("kenadj", kenadj, "\"none\" where {.arg denDF} is")
  }
  hypotheses <- wald_hypotheses(object, ssType == "incremental")
  if (denDF == "none") return(wald_chisquares(object, hypotheses))
  name <- if (ssType == "incremental") "F.inc" else "F.con"
  list(Wald = wald_ratios(object, hypotheses, kenadj, name), stratumVariances = NULL)
}

# What each term adds to those before it: with X'V^-1X = R'R the rows of R, whose products with the
# estimates are independent. Of a conditional test the terms that contain it stand after it.
wald_hypotheses <- function(fit, is_incremental) {
  assign <- fit$fixed$assign[!is.na(fit$fixed$estimate)]
  among <- test_moments(fit, diag(length(assign)), "none", "observed")$covariance
  information <- chol2inv(chol(among))
  labels <- c("(Intercept)", fit$fixed$labels)
  containing <- if (is_incremental || length(labels) == 1L) NULL else containing_terms(fit)
  terms <- setdiff(seq_along(labels) - 1L, if (!0L %in% assign) 0L)
  found <- lapply(terms, function(j) {
    last <- if (is_incremental) assign > j else j > 0L & assign %in% containing[[max(j, 1L)]]
    if (!is_incremental && j == 0L) last <- assign > 0L
    own <- assign == j
    order <- c(which(!last & !own), which(own), which(last))
    R <- chol(information[order, order, drop = FALSE])
    K <- R[own[order], , drop = FALSE]
    K[, order] <- K
    K
  })
  stats::setNames(found, labels[terms + 1L])
}

term_test <- function(fit, K, ddf, information) {
  if (nrow(K) == 0L) return(list(F = NA_real_, ndf = 0, ddf = NA_real_))
  beta <- fit$fixed$estimate[!is.na(fit$fixed$estimate)]
  joint_test(fit, K, drop(K %*% beta), ddf, information)
}

wald_chisquares <- function(fit, hypotheses) {
  tests <- lapply(hypotheses, function(K) term_test(fit, K, "none", "observed"))
  df <- vapply(tests, `[[`, 0, "ndf")
  statistic <- df * vapply(tests, `[[`, 0, "F")
  wald_table(list(Df = as.integer(df), `Wald statistic` = statistic,
    `Pr(Chisq)` = stats::pchisq(statistic, df, lower.tail = FALSE)), names(hypotheses), fit)
}

wald_ratios <- function(fit, hypotheses, kenadj, name) {
  ddf <- check_ddf(fit, "Kenward-Roger")
  adjusted <- lapply(hypotheses, function(K) {
    term_test(fit, K, ddf, if (kenadj == "none") "expected" else kenadj)
  })
  tests <- if (kenadj != "none") adjusted else
    lapply(hypotheses, function(K) term_test(fit, K, "none", "observed"))
  df <- vapply(tests, `[[`, 0, "ndf")
  ratio <- vapply(tests, `[[`, 0, "F")
  denominator <- vapply(adjusted, `[[`, 0, "ddf")
  columns <- list(Df = as.integer(df), denDF = denominator, ratio = ratio,
    Pr = stats::pf(ratio, df, denominator, lower.tail = FALSE))
  names(columns)[3L] <- name
  wald_table(columns, names(hypotheses), fit)
}

wald_table <- function(columns, rows, fit) {
  structure(as.data.frame(columns, row.names = rows, optional = TRUE),
    heading = paste0("Wald tests for fixed effects\nResponse: ", names(fit$frame)[1L], "\n"),
    class = c("anova", "data.frame"))
}

#' @rdname wald
#' @export
lrt <- function(object, ...) {
  check_given(object)
  UseMethod("lrt")
}

#' @rdname wald
#' @export
lrt.lmmfit <- function(object, ..., boundary = TRUE) {
  fits <- list(object, ...)
  check_flag(boundary, "boundary")
  if (length(fits) < 2L) {
    abort_compare("{.fn lrt} compares fits, and there is one.", "Give two: {.code lrt(a, b)}.")
  }
  check_compared(fits)
  check_comparable(fits)
  names <- fit_names(as.list(substitute(list(object, ...)))[-1L])
  order <- order(vapply(fits, n_free, 0))
  fits <- fits[order]
  names <- make.unique(names[order])
  mixtures <- c(list(NULL), Map(ratio_mixture, fits[-length(fits)], fits[-1L]))
  if (!boundary) mixtures <- vector("list", length(fits))
  table <- ratio_table(fits, mixtures, names)[-1L, c("Df", "Chisq", "Pr(>Chisq)")]
  dimnames(table) <- list(paste(names[-1L], names[-length(names)], sep = "/"),
    c("df", "LR-statistic", "Pr(Chisq)"))
  structure(table,
    heading = paste0("Likelihood ratio tests of nested models\n", mixture_note(names, mixtures)),
    class = c("anova", "data.frame"))
}
