# The two stages of two_stage().

# Least squares of every subject.
stage_one <- function(records) {
  Z <- records$Z
  p <- ncol(Z)
  if (p == 0L) abort_two_stage_formula(records$terms)
  found <- subject_regressions_cpp(Z, records$y, records$subject, length(records$levels))
  B <- t(found$coefficients)
  colnames(B) <- colnames(Z)
  list(B = B, roots = array(found$roots, c(p, p, nrow(B))), rss = found$residual_ss,
    records = found$records, complete = found$rank == p)
}

# Statistics of every subject in place of its coefficients.
stage_one_summary <- function(records, summary) {
  statistics <- summary_functions(summary, records)
  by_subject <- split(seq_along(records$y), factor(records$subject, seq_along(records$levels)))
  x <- if (!is.null(records$covariate)) records$frame[[records$covariate]]
  values <- lapply(by_subject, function(rows) {
    unlist(lapply(statistics, function(f) f(records$y[rows], x[rows])))
  })
  B <- do.call(rbind, values)
  if (!is.numeric(B) || length(unique(lengths(values))) != 1L) {
    abort_argument("summary", summary,
      "a function with the same number of numbers for each subject")
  }
  if (is.null(colnames(B))) {
    colnames(B) <- if (ncol(B) == 1L) "summary" else paste0("summary", seq_len(ncol(B)))
  }
  list(B = B, roots = NULL, rss = NULL, records = lengths(by_subject, use.names = FALSE),
    complete = rowSums(!is.finite(B)) == 0L)
}

summary_functions <- function(summary, records) {
  if (is.function(summary)) {
    both <- length(formals(args(summary))) > 1L && !is.primitive(summary) &&
      names(formals(summary))[2L] != "..."
    return(list(if (both) summary else function(y, x) summary(y)))
  }
  known <- list(
    mean = function(y, x) mean(y), median = function(y, x) stats::median(y),
    min = function(y, x) min(y), max = function(y, x) max(y),
    last = function(y, x) y[which.max(x)], auc = trapezoids
  )
  if (!is.character(summary) || length(summary) == 0L || !all(summary %in% names(known))) {
    abort_argument("summary", summary,
      paste("a function, or some of", paste0("\"", names(known), "\"", collapse = ", ")))
  }
  if (any(summary %in% c("auc", "last")) && is.null(records$covariate)) {
    abort_two_stage_covariate(intersect(summary, c("auc", "last"))[1L])
  }
  known[summary]
}

# NA for a subject with one record.
trapezoids <- function(y, x) {
  if (length(y) < 2L) return(NA_real_)
  at <- order(x)
  sum(diff(x[at]) * (y[at][-1L] + y[at][-length(at)]) / 2)
}

# The subjects that stage 2 has, and the error variance pooled over them.
kept_subjects <- function(first, records) {
  kept <- which(first$complete)
  left <- which(!first$complete)
  if (length(kept) < 2L) abort_two_stage_subjects(length(kept), ncol(first$B))
  n <- first$records[kept]
  df <- if (is.null(first$rss)) 0 else sum(n - ncol(first$B))
  sigma2 <- if (df > 0) sum(first$rss[kept]) / df else NA_real_
  roots <- first$roots[, , kept, drop = FALSE]
  B <- first$B[kept, , drop = FALSE]
  rownames(B) <- records$levels[kept]
  list(
    subjects = kept, levels = records$levels[kept], B = B, roots = roots, records = n, df = df,
    sigma2 = sigma2, error = mean_stage_error(roots, sigma2, colnames(B)),
    left_out = stats::setNames(first$records[left], records$levels[left])
  )
}

# sigma^2 times the mean of (Z_i'Z_i)^-1: what stage 1 adds to an unweighted D.
mean_stage_error <- function(roots, sigma2, names) {
  if (is.null(roots) || is.na(sigma2)) return(NULL)
  p <- dim(roots)[1L]
  total <- matrix(0, p, p, dimnames = list(names, names))
  for (i in seq_len(dim(roots)[3L])) total <- total + chol2inv(as.matrix(roots[, , i]))
  sigma2 * total / dim(roots)[3L]
}

# W, a row for each kept subject, from its first record.
second_design <- function(parts, records, kept) {
  frame <- records$frame
  first <- match(seq_along(records$levels), records$subject)
  for (name in variable_names(stats::terms(parts$second))) {
    check_constant(frame[[name]], name, records, first)
  }
  own <- droplevels(frame[first[kept$subjects], , drop = FALSE])
  W <- tryCatch(stats::model.matrix(safe_terms(parts$second, frame), own),
    error = function(e) abort_two_stage_second(conditionMessage(e)))
  row.names(W) <- kept$levels
  q <- qr(W)
  columns <- sort(q$pivot[seq_len(q$rank)])
  if (nrow(W) <= length(columns)) abort_two_stage_subjects(nrow(W), length(columns))
  list(all = W, kept = columns, X = W[, columns, drop = FALSE], label = pattern_labels(own, parts))
}

# What the subject has in the variables of the second stage: "Male, 3.5".
pattern_labels <- function(own, parts) {
  names <- intersect(all.vars(parts$second), names(own))
  if (length(names) == 0L) return(rep("all", nrow(own)))
  columns <- lapply(own[names], function(x) {
    if (is.numeric(x)) format(signif(x, 3L), trim = TRUE) else as.character(x)
  })
  do.call(paste, c(unname(columns), sep = ", "))
}

check_constant <- function(x, name, records, first) {
  same <- if (is.matrix(x)) {
    rowSums(x != x[first[records$subject], , drop = FALSE]) == 0
  } else {
    x == x[first[records$subject]]
  }
  if (!all(same)) abort_two_stage_varies(name, records$levels[records$subject[which(!same)[1L]]])
}

check_known_d <- function(D, names) {
  if (is.null(D)) return(NULL)
  p <- length(names)
  given <- D
  D <- unname(as.matrix(D))
  if (!is.numeric(D) || !identical(dim(D), c(p, p)) || !isSymmetric(D)) {
    abort_argument("D", class(given)[1L], paste0("a symmetric ", p, " x ", p, " matrix"))
  }
  if (!is_semidefinite(D)) abort_indefinite("D", "the coefficients")
  dimnames(D) <- list(names, names)
  D
}

# Every coefficient has the same W, so generalised least squares is least squares.
stage_two_unweighted <- function(B, W, method, D) {
  q <- qr(W$X)
  beta <- qr.coef(q, B)
  df <- nrow(B) - if (method == "REML") ncol(W$X) else 0L
  D <- D %||% (crossprod(qr.resid(q, B)) / df)
  list(coefficients = as.vector(beta), vcov = kronecker(D, chol2inv(qr.R(q))), D = D, fit = NULL,
    df_stage2 = nrow(B) - ncol(W$X))
}

# With R_i'R_i = Z_i'Z_i, R_i b_i has the design R_i W_i and the covariance R_i D R_i' + sigma^2 I:
# a mixed model with a known residual variance.
stage_two_weighted <- function(kept, W, method, sigma2, D, control) {
  if (is.na(sigma2)) abort_two_stage_sigma2()
  p <- ncol(kept$B)
  q <- nrow(kept$B)
  frame <- data.frame(y = double(p * q), subject = factor(rep(seq_len(q), each = p)))
  rows <- lapply(seq_len(p), function(k) seq.int(k, p * q, p))
  X <- matrix(0, p * q, p * ncol(W$X))
  Z <- matrix(0, p * q, p, dimnames = list(NULL, paste0("z", seq_len(p))))
  for (r in seq_len(p)) {
    for (k in seq_len(p)) {
      root <- kept$roots[r, k, ]
      Z[rows[[r]], k] <- root
      X[rows[[r]], (k - 1L) * ncol(W$X) + seq_len(ncol(W$X))] <- root * W$X
      frame$y[rows[[r]]] <- frame$y[rows[[r]]] + root * kept$B[, k]
    }
  }
  frame$X <- X
  frame <- cbind(frame, Z)
  formula <- stats::as.formula(paste0("y ~ 0 + X + (0 + ", paste(colnames(Z), collapse = " + "),
    " | subject)"))
  fit <- lmmfit(formula, frame, method = method, hold = c(residual = sigma2, held_d(D)),
    control = control)
  found <- D %||% VarCorr(fit)[[1L]]
  found <- matrix(found, p, p, dimnames = list(colnames(kept$B), colnames(kept$B)))
  list(coefficients = unname(fixef(fit)), vcov = unname(as.matrix(stats::vcov(fit))), D = found,
    fit = fit, df_stage2 = Inf)
}

# D as values of the parameters subject.z1, subject.z1.z2, subject.z2, ...
held_d <- function(D) {
  if (is.null(D)) return(NULL)
  at <- entries_us(nrow(D))
  z <- paste0("z", seq_len(nrow(D)))
  names <- ifelse(at$row == at$col, paste("subject", z[at$row], sep = "."),
    paste("subject", z[at$col], z[at$row], sep = "."))
  stats::setNames(D[cbind(at$row, at$col)], names)
}
