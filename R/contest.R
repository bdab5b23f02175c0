#' Tests of linear functions of the fixed effects, and of fixed and random effects
#'
#' Estimates of \eqn{K\beta}{K b} with standard errors and t tests, row by row, and the F test that
#' all of them equal `rhs`; or of \eqn{K\beta + Lu}{K b + L u}.
#'
#' # Functions with random effects
#'
#' With `L` the rows are predictions \eqn{K\hat\beta + L\hat u}{K b + L u} (`ESTIMATE` of SAS), and
#' their standard errors those of the prediction error: the inference is about the levels at hand
#' (narrow), and about their population where `L` is 0 (broad). Degrees of freedom and Kenward and
#' Roger's adjustment are made in the same way, from the derivatives of the prediction error
#' variance (Kackar and Harville 1984).
#'
#' # Degrees of freedom
#'
#' * `"Satterthwaite"`: the derivatives of the covariance of the estimates with respect to the
#'   variance parameters are exact; several rows are combined as Fai and Cornelius (1996) do. (SAS
#'   `ddfm = satterthwaite`, lmerTest.)
#' * `"Kenward-Roger"`: the covariance of the estimates is corrected for its downward bias, F is
#'   scaled, and its degrees of freedom follow (Kenward and Roger 1997; SAS `ddfm = kenwardroger`,
#'   pbkrtest). For structures that are not linear in their parameters (autoregressive, ...) the
#'   term with second derivatives is part of it. Needs a REML fit.
#' * `"Kenward-Roger1"`: the same without second derivatives, of first order (SAS `ddfm =
#'   kenwardroger(linear)`, mmrm `Kenward-Roger-Linear`).
#' * `"Kenward-Roger2"`: the improvement of Kenward and Roger (2009; SAS `ddfm = kenwardroger2`).
#'   Where V is not linear in its parameters their estimates are biased, and so is the covariance
#'   made from them; this is counted, and the result is the same whatever the parameters are (a
#'   correlation, its logarithm, a covariance). The same as `"Kenward-Roger"` where V is linear in
#'   the parameters (variance components, `us`, `cs`, `toep`). Subjects with more than 300 positions
#'   are taken as linear.
#' * `"between-within"` and `"containment"`: counted from the design, as SAS does (`ddfm =
#'   betwithin`, `contain`); subjects are the groups of records that nothing ties to others. With an
#'   unstructured residual and no random effects all effects have the degrees of freedom of
#'   subjects, and so has the intercept always (mmrm gives them those within subjects). Where
#'   effects have different factors that change within subjects, those within subjects are split
#'   into those of subject by factor (subject:A, subject:B, subject:A:B); factors whose
#'   interactions with subjects are not told apart, as in a Latin square, share theirs, and
#'   covariates keep the whole. Rows that use several effects have those of the last of them, as
#'   `ESTIMATE` and `CONTRAST` of SAS, and [marginal_means()] of a term those of the term, as its
#'   `LSMEANS`.
#' * `"CR2"` and `"CR0"`: with a robust (sandwich) covariance, for models with independent groups of
#'   records, whatever their structure. CR2 is without bias where the model holds, and its degrees
#'   of freedom are those of Bell and McCaffrey (2002), as in clubSandwich and mmrm
#'   (`"Empirical-Bias-Reduced"`); of several rows F is the approximate Hotelling test of
#'   Pustejovsky and Tipton (2018).
#' * `"residual"`: records less rank of X. `"none"`: infinite, that is z and chi-square tests.
#'
#' Short names are understood: `"KR"`, `"KR1"`, `"KR2"`, `"Satt"`, `"BW"`, `"robust"`.
#'
#' Without random terms and with an estimated variance, n - rank(X) is exact and taken by all but
#' the robust ones and `"none"`.
#'
#' The covariance of the estimated variance parameters comes from the `information` matrix:
#' `"observed"` is the default for Satterthwaite (as in SAS and lmerTest; fits by `"ANOVA"` take the
#' average one), `"expected"` for both of Kenward-Roger (as in their paper and pbkrtest;
#' `"observed"` gives SAS's numbers), `"average"` is the one of the maximiser. Parameters that were
#' held, or that are at a boundary, count as known. With several rows the degrees of freedom of Fai
#' and Cornelius depend on which rows span the hypothesis; those of Kenward and Roger do not.
#'
#' @inheritParams is_estimable
#' @param L Functions of the random effects, added to those of `K`: a list named by random terms (as
#'   [varcomp()] names them) with a matrix each, whose rows are those of `K` and whose columns are
#'   named by levels (`level:coefficient` where there are several); or a vector, the same for all
#'   rows. Or a matrix with a column for each random effect, as attribute `L` of [marginal_means()].
#' @param rhs The values under the hypothesis: one, or one for each row.
#' @param ddf Degrees of freedom; by default those that [lmmfit()] was given.
#' @param joint `TRUE` adds the F test of all rows together.
#' @param information Which information matrix of the variance parameters.
#' @param ... Nothing more for a fit by [lmmfit()]; for one by lme4, arguments of lmerTest.
#' @return A list of class `contest`: `table` (a data frame with a row for each row of `K`:
#'   `estimate`, `rhs`, `se`, `df`, `statistic`, `p.value`, `estimable`), `joint` (a data frame with
#'   `F`, `ndf`, `ddf`, `p.value` and the `scale` of Kenward and Roger's F, or `NULL`), `ddf` and
#'   `information`. `as.data.frame()` gives the table. A row that is not estimable has `NA`, and the
#'   joint test then has too. Of a fit by Bayes the table has posterior means, standard deviations
#'   and quantiles, and `above`, the probability of a value above `rhs`; there is no joint test.
#' @references Fai, A. H.-T. and Cornelius, P. L. (1996) Journal of Statistical Computation and
#'   Simulation 54, 363-378. Kackar, R. N. and Harville, D. A. (1984) Journal of the American
#'   Statistical Association 79, 853-862. Kenward, M. G. and Roger, J. H. (1997) Biometrics 53,
#'   983-997; (2009) Computational Statistics & Data Analysis 53, 2583-2595. Bell, R. M. and
#'   McCaffrey, D. F. (2002) Survey Methodology 28, 169-181. Pustejovsky, J. E. and Tipton, E.
#'   (2018) Journal of Business & Economic Statistics 36, 672-683.
#' @examples
#' fit <- lmmfit(yield ~ Variety + nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats)
#' contest(fit, c(nitro = 1))
#' contest(fit, rbind(
#'   "Marvellous - Golden Rain" = c(0, 1, 0, 0), "Victory - Golden Rain" = c(0, 0, 1, 0)
#' ), ddf = "Kenward-Roger")
#' # The mean of Victory in these six blocks
#' contest(fit, c("(Intercept)" = 1, VarietyVictory = 1, nitro = 0.3),
#'   L = list(Block = rep(1 / 6, 6)))
#' @export
contest <- function(fit, K, L = NULL, rhs = 0,
                    ddf = c("Satterthwaite", "Kenward-Roger", "Kenward-Roger1", "Kenward-Roger2",
                      "between-within", "containment", "CR0", "CR2", "residual", "none"),
                    joint = TRUE, information = NULL, ...) {
  check_given(fit)
  if (is_merMod(fit)) return(of_lmerTest("contest", fit, K, ...))
  check_unused(...)
  check_fit(fit, "fit")
  if (missing(K)) abort_missing_contrast()
  if (is_bayes(fit)) {
    if (!missing(ddf) || !is.null(information)) abort_bayes_ddf()
    return(contest_posterior(fit, K, rhs, L))
  }
  ddf <- check_ddf(fit, if (!missing(ddf)) ddf)
  information <- check_information(information, ddf)
  check_flag(joint, "joint")
  K <- as_hypotheses(K, fit$fixed$names)
  L <- random_functions(L, fit, nrow(K))
  rhs <- check_rhs(rhs, nrow(K))
  table <- contest_table(fit, K, rhs, estimable_rows(fit, K), ddf, information, L)
  structure(
    list(
      table = table, joint = if (joint) contest_joint(fit, K, table, ddf, information, L),
      ddf = ddf,
      information = if (needs_derivatives(fit, ddf)) information
    ),
    class = "contest"
  )
}

contest_table <- function(fit, K, rhs, estimable, ddf, information, L = NULL) {
  kept <- !is.na(fit$fixed$estimate)
  estimate <- variance <- df <- rep(NA_real_, nrow(K))
  if (any(estimable)) {
    rows <- K[estimable, kept, drop = FALSE]
    if (!is.null(L)) L <- L[estimable, , drop = FALSE]
    tests <- row_tests(fit, rows, ddf, information, L)
    estimate[estimable] <- as.vector(rows %*% fit$fixed$estimate[kept]) + random_values(fit, L)
    variance[estimable] <- tests$variance
    df[estimable] <- tests$df
  }
  se <- sqrt(pmax(variance, 0))
  statistic <- ifelse(se > 0, (estimate - rhs) / se, NA)
  data.frame(
    estimate = estimate, rhs = rhs, se = se, df = df, statistic = statistic,
    p.value = two_sided_p(statistic, df), estimable = unname(estimable), row.names = rownames(K)
  )
}

contest_joint <- function(fit, K, table, ddf, information, L = NULL) {
  none <- data.frame(F = NA_real_, ndf = NA_real_, ddf = NA_real_, p.value = NA_real_, scale = NA)
  if (!all(table$estimable)) return(none)
  kept <- !is.na(fit$fixed$estimate)
  rows <- as.matrix(K[, kept, drop = FALSE])
  all <- if (is.null(L)) rows else cbind(rows, as.matrix(L))
  independent <- independent_rows(all)
  if (length(independent) == 0L) return(none)
  difference <- table$estimate - table$rhs
  if (!consistent_rhs(all, table$rhs, independent)) {
    abort_hypothesis("rhs",
      "contradicts itself: rows of K that depend on each other have values that do not",
      "Check `rhs`, or drop the dependent rows.")
  }
  test <- joint_test(fit, rows[independent, , drop = FALSE], difference[independent], ddf,
    information, if (!is.null(L)) L[independent, , drop = FALSE])
  data.frame(
    F = test$F, ndf = test$ndf, ddf = test$ddf,
    p.value = stats::pf(test$F, test$ndf, test$ddf, lower.tail = FALSE), scale = test$scale
  )
}

# The numbers of the first independent rows.
independent_rows <- function(K) {
  size <- sqrt(rowSums(K^2))
  if (all(size == 0)) return(integer())
  scaled <- K / ifelse(size > 0, size, 1)
  decomposition <- qr(t(scaled), tol = 1e-9)
  sort(decomposition$pivot[seq_len(decomposition$rank)])
}

consistent_rhs <- function(K, rhs, independent) {
  if (length(independent) == nrow(K)) return(TRUE)
  basis <- t(K[independent, , drop = FALSE])
  weights <- qr.coef(qr(basis), t(K))
  gap <- abs(drop(crossprod(weights, rhs[independent])) - rhs)
  max(gap) <= 1e-8 * max(1, abs(rhs))
}

#' @rdname contest
#' @param x The value of `contest()`.
#' @param row.names,optional Not used.
#' @method as.data.frame contest
#' @export
as.data.frame.contest <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_unused(..., .ignored = "stringsAsFactors")
  x$table
}

#' @rdname contest
#' @method print contest
#' @export
print.contest <- function(x, ...) {
  check_unused(...)
  cat(ddf_text(x$ddf, x$information), "\n", sep = "")
  table <- x$table
  columns <- list(` ` = row.names(table), Estimate = format_numbers(table$estimate, 5L))
  if (any(table$rhs != 0)) columns$rhs <- format_numbers(table$rhs, 5L)
  columns$SE <- format_numbers(table$se, 4L)
  columns <- c(columns, test_columns(table))
  print_table(lapply(columns, function(text) ifelse(is.na(text), "NA", text)))
  if (!all(table$estimable)) {
    cat("Not estimable: ", toString(row.names(table)[!table$estimable]),
      " (depends on which columns of X were dropped)\n", sep = "")
  }
  if (!is.null(x$joint) && nrow(table) > 1L) {
    joint <- x$joint
    if (is.na(joint$F)) return(invisible(x))
    cat("Jointly: F = ", formatC(joint$F, format = "f", digits = 3L), " on ", joint$ndf, " and ",
      df_text(joint$ddf), " degrees of freedom, ", p_phrase(joint$p.value), "\n", sep = "")
  }
  invisible(x)
}

ddf_text <- function(ddf, information = NULL) {
  if (ddf == "none") return("z tests")
  how <- switch(ddf, residual = "n - rank(X)", ddf)
  text <- paste0("t tests with degrees of freedom by ", how)
  if (is.null(information)) text else paste0(text, " (", information, " information)")
}

df_text <- function(df) ifelse(is.finite(df), formatC(df, format = "f", digits = 2L), "Inf")

# df, t value and p-value of a table as text.
test_columns <- function(table) {
  finite <- any(is.finite(table$df))
  columns <- list()
  if (finite) columns$df <- ifelse(is.na(table$df), "", df_text(table$df))
  columns[[if (finite) "t value" else "z value"]] <- decimals_text(table$statistic, 2L)
  columns[[if (finite) "Pr(>|t|)" else "Pr(>|z|)"]] <- p_text(table$p.value)
  columns
}
