# Henderson's Method 3 (fitting constants): method = "ANOVA".

# Above this many floating-point operations the sampling covariance is left out.
fitting_constants_flops <- 6e10

by_fitting_constants <- function(spec, control) {
  check_fitting_constants(spec, control)
  order <- fitting_order(spec$random)
  ordered <- spec
  ordered$random <- spec$random[order]
  found <- in_words(fitting_constants_cpp(ordered, fitting_constants_flops, control$threads))
  check_reductions(ordered, found)
  at <- c(order(order), length(found$df))
  estimate <- found$variances[at]
  truncated <- control$truncate & estimate < 0
  used <- pmax(estimate, 0)
  control$hold[] <- TRUE
  control$start <- used
  control$information <- FALSE
  est <- by_likelihood(spec, control)
  covariance <- found$covariance[at, at, drop = FALSE]
  se <- sqrt(diag(covariance))
  est$parameters <- list(
    estimate = used, se = ifelse(truncated, NA, se), covariance = covariance,
    status = ifelse(truncated, 6L, ifelse(estimate < 0, 5L, 0L))
  )
  est$anova <- list(
    order = order, estimate = ifelse(truncated, 0, estimate), untruncated = estimate,
    sums_of_squares = found$sums_of_squares, df = found$df, expected = found$expected,
    fixed = fixed_reduction(spec, found), flops = found$flops
  )
  est
}

check_fitting_constants <- function(spec, control) {
  if (any(control$hold) || !all(is.na(control$start))) abort_anova_values()
  if (length(spec$residual$sections) > 0L) abort_anova_residual()
  for (term in spec$random) {
    if (term$n_coef != 1L) abort_anova_term(term$label, "has more than one coefficient",
      "Give each coefficient a term of its own, as in {.code (1 | g) + (0 + x | g)}.")
    if (term$relationship$type != "identity") {
      abort_anova_term(term$label, "has related levels", NULL)
    }
    if (length(term$incidence) != 1L) {
      abort_anova_term(term$label, "has records that meet several levels", NULL)
    }
  }
}

# A term whose levels lie within those of another is fitted after it; else in the formula's order.
fitting_order <- function(random) {
  left <- seq_along(random)
  order <- integer()
  while (length(left) > 0L) {
    free <- vapply(left, function(k) {
      !any(vapply(setdiff(left, k), function(j) lies_within(random[[k]], random[[j]]), NA))
    }, NA)
    following <- if (any(free)) left[free][1L] else left[1L]
    order <- c(order, following)
    left <- setdiff(left, following)
  }
  order
}

# TRUE if every level of the finer intercept belongs to one level of the coarser one.
lies_within <- function(finer, coarser) {
  if (!is_random_intercept(finer) || !is_random_intercept(coarser)) return(FALSE)
  if (finer$n_levels <= coarser$n_levels) return(FALSE)
  fine <- finer$incidence[[1L]]$levels
  coarse <- coarser$incidence[[1L]]$levels
  first <- match(seq_len(finer$n_levels), fine)
  all(coarse == coarse[first[fine]])
}

is_random_intercept <- function(term) {
  terms <- term$incidence[[1L]]$terms
  length(terms) == 1L && length(terms[[1L]]$parts) == 0L
}

check_reductions <- function(spec, found) {
  empty <- which(found$df <= 0)
  if (length(empty) == 0L) return(invisible())
  labels <- c(vapply(spec$random, `[[`, "", "label"), "residual")
  abort_anova_df(labels[empty[1L]])
}

# Sum of squares of the fixed effects: about the mean where the model has an intercept.
fixed_reduction <- function(spec, found) {
  w <- if (length(spec$weights) > 0L) spec$weights else rep.int(1, length(spec$response))
  parts <- lapply(spec$fixed, `[[`, "parts")
  intercept <- length(parts) > 0L && length(parts[[1L]]) == 0L
  mean <- if (intercept) sum(w * spec$response) / sum(w) else 0
  total <- sum(w * (spec$response - mean)^2)
  list(ss = total - sum(found$sums_of_squares), df = found$rank - intercept, total = total,
    intercept = intercept)
}
