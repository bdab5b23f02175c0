# p-values and quantiles that are adjusted for the number of contrasts.

# list(p, quantile) of each statistic.
adjusted_tests <- function(statistic, found, adjust, level, n_means) {
  m <- sum(!is.na(statistic))
  if (adjust == "single-step" && m > 1L) return(single_step(statistic, found, level))
  if (adjust == "tukey" && n_means > 2L) {
    return(list(
      p = stats::ptukey(sqrt(2) * abs(statistic), n_means, found$df, lower.tail = FALSE),
      quantile = stats::qtukey(level, n_means, found$df) / sqrt(2)
    ))
  }
  plain <- two_sided_p(statistic, found$df)
  if (adjust %in% c("tukey", "single-step")) adjust <- "none"
  each <- (1 - level) / (if (adjust == "none") 1 else max(m, 1L))
  list(p = stats::p.adjust(plain, adjust), quantile = stats::qt(1 - each / 2, found$df))
}

# Of the joint distribution of all statistics, each with its own degrees of freedom. The integration
# draws random points: the same ones each time.
single_step <- function(statistic, found, level) {
  need_package("mvtnorm", "adjust = \"single-step\"")
  state <- seed_state(1)
  on.exit(assign(".Random.seed", state$old, envir = globalenv()))
  told <- which(!is.na(statistic))
  correlation <- stats::cov2cor(found$covariance[told, told, drop = FALSE])
  df <- ifelse(is.finite(found$df), pmax(round(found$df), 1), 0)
  p <- quantile <- rep.int(NA_real_, length(statistic))
  for (i in told) {
    bound <- rep.int(abs(statistic[i]), length(told))
    inside <- mvtnorm::pmvt(-bound, bound, df = df[i], corr = correlation)
    p[i] <- max(1 - inside, 0)
  }
  quantile[told] <- single_step_quantiles(df[told], correlation, level)
  list(p = p, quantile = quantile)
}

# df: 0 stands for infinitely many. Quantiles are nearly linear in 1 / df: between close ends they
# are interpolated (their second derivative is about 34 at 3 standard errors, by Cornish-Fisher).
single_step_quantiles <- function(df, correlation, level) {
  inverse <- ifelse(df == 0, 0, 1 / df)
  knots <- which(!duplicated(inverse))
  if (diff(range(inverse)) <= 0.01) knots <- unique(c(which.min(inverse), which.max(inverse)))
  found <- vapply(df[knots], single_step_quantile, 0, correlation, level)
  if (length(knots) == 1L) return(rep.int(found, length(df)))
  stats::approx(inverse[knots], found, inverse)$y
}

# Between the quantiles of one contrast and of Bonferroni. The same random points at each try, so
# that there is one root; mvtnorm::qmvt() takes several times as many.
single_step_quantile <- function(df, correlation, level) {
  m <- nrow(correlation)
  ends <- stats::qt(1 - (1 - level) / c(2, 2 * m), if (df == 0) Inf else df)
  beyond <- function(x) {
    set.seed(1)
    bound <- rep.int(x, m)
    mvtnorm::pmvt(-bound, bound, df = df, corr = correlation) - level
  }
  stats::uniroot(beyond, ends + c(-0.01, 0.01), tol = 2e-4)$root
}
