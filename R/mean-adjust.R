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
  for (value in unique(df[told])) {
    found_quantile <- mvtnorm::qmvt(level, tail = "both.tails", df = value, corr = correlation)
    quantile[told[df[told] == value]] <- found_quantile$quantile
  }
  list(p = p, quantile = quantile)
}
