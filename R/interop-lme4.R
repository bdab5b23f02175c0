# Generics of lme4, lmerTest and nlme for what a fit has. Registered when those are loaded (zzz.R).

#' Parts of a fit by the names of lme4
#'
#' @noRd
getME.lmmfit <- function(object, name, ...) {
  check_unused(...)
  makers <- list(
    X = function() model.matrix(object), Z = function() model.matrix(object, "random"),
    Zt = function() Matrix::t(model.matrix(object, "random")), y = function() object$frame[[1L]],
    beta = function() unname(fixef(object)), fixef = function() fixef(object),
    sigma = function() sigma(object), theta = function() relative_factors(object)$theta,
    lower = function() relative_factors(object)$lower, n_rtrms = function() length(object$random),
    n = function() object$n, N = function() object$n, p = function() length(object$fixed$names),
    is_REML = function() object$method == "REML", REML = function() object$method == "REML",
    cnms = function() lapply(object$random, `[[`, "coef_names"),
    flist = function() {
      labels <- unique(term_labels(object))
      stats::setNames(lapply(labels, levels_of_records, fit = object), labels)
    },
    b = function() unlist(lapply(object$random, `[[`, "effects"), use.names = FALSE),
    mu = function() fitted(object), q = function() ncol(model.matrix(object, "random")),
    offset = function() frame_offset(object$frame) %||% numeric(object$n)
  )
  name <- check_choice(name, names(makers), "name")
  makers[[name]]()
}

# The lower triangle of the factor of Sigma / sigma^2 of each term, column by column.
relative_factors <- function(fit) {
  factors <- lapply(term_covariances(fit), function(sigma) {
    root <- suppressWarnings(chol(sigma, pivot = TRUE))
    root <- t(root[, order(attr(root, "pivot")), drop = FALSE])
    if (any(abs(root[upper.tri(root)]) > 0)) root <- t(qr.R(qr(t(root))))
    root <- root %*% diag(ifelse(diag(root) < 0, -1, 1), nrow(root))
    lower <- ifelse(row(root) == col(root), 0, -Inf)
    keep <- lower.tri(root, diag = TRUE)
    list(theta = root[keep] / sigma(fit), lower = lower[keep])
  })
  list(theta = unlist(lapply(factors, `[[`, "theta")),
    lower = unlist(lapply(factors, `[[`, "lower")))
}

ngrps.lmmfit <- function(object, ...) {
  check_unused(...)
  stats::setNames(vapply(object$random, `[[`, 0L, "n_levels"), term_labels(object))
}

isLMM.lmmfit <- function(x, ...) {
  check_unused(...)
  is_mixed(x)
}

isGLMM.lmmfit <- isNLMM.lmmfit <- function(x, ...) {
  check_unused(...)
  FALSE
}

isREML.lmmfit <- function(x, ...) {
  check_unused(...)
  x$method == "REML"
}

refitML.lmmfit <- function(x, ...) stats::update(x, method = "ML", ...)

# Principal components of Sigma / sigma^2 of each term.
rePCA.lmmfit <- function(x) {
  if (!is_mixed(x)) abort_no_random("`rePCA()`")
  parts <- lapply(term_covariances(x), function(covariance) {
    found <- eigen(as.matrix(covariance) / sigma(x)^2, symmetric = TRUE)
    structure(list(sdev = sqrt(pmax(found$values, 0)), rotation = found$vectors, center = FALSE,
      scale = FALSE), class = "prcomp")
  })
  structure(stats::setNames(parts, term_labels(x)), class = "prcomplist")
}

# lmerTest's generic: its L is our K.
contest.lmmfit <- function(model, L, ...) contest(model, L, ...)

getData.lmmfit <- function(object) object$frame

# nlme's: Sigma of a random term; R, or V, of the records of an independent group.
getVarCov.lmmfit <- function(obj, individuals, type = c("random.effects", "conditional",
                                                        "marginal"), ...) {
  check_unused(...)
  type <- check_choice(type, c("random.effects", "conditional", "marginal"), "type")
  if (type == "random.effects") {
    if (!is_mixed(obj)) abort_no_random("`getVarCov()`")
    return(if (length(obj$random) == 1L) term_covariances(obj)[[1L]] else
      stats::setNames(term_covariances(obj), term_labels(obj)))
  }
  group <- independent_groups(obj)
  individuals <- if (missing(individuals)) 1L else individuals
  stats::setNames(lapply(individuals, function(i) {
    records <- which(group == individual_group(obj, group, i))
    covariance <- as.matrix(build_residual_matrix(obj)[records, records, drop = FALSE])
    if (type == "marginal") covariance <- covariance + random_covariance(obj, records)
    dimnames(covariance) <- rep(list(row.names(obj$frame)[records]), 2L)
    covariance
  }), individuals)
}

# The number of an independent group, or that of a level of a random term.
individual_group <- function(fit, group, i) {
  if (is.numeric(i) && i %in% group) return(i)
  for (k in seq_along(fit$random)) {
    t <- fit$random[[k]]$n_coef
    level <- match(as.character(i), fit$random[[k]]$levels)
    if (is.na(level)) next
    Z <- fit_matrices(fit)$Z[[k]][, (level - 1L) * t + seq_len(t), drop = FALSE]
    return(group[which(Matrix::rowSums(abs(Z)) > 0)[1L]])
  }
  abort_argument("individuals", i, "levels of a random term, or numbers of independent groups")
}

# ZGZ' of some records.
random_covariance <- function(fit, records) {
  Z <- fit_matrices(fit)$Z
  parts <- lapply(seq_along(Z), function(k) {
    own <- Z[[k]][records, , drop = FALSE]
    as.matrix(own %*% term_g(k, fit) %*% Matrix::t(own))
  })
  Reduce(`+`, parts, matrix(0, length(records), length(records)))
}

# nlme's: limits with the estimate between them.
intervals.lmmfit <- function(object, level = 0.95, which = c("all", "fixed", "var-cov"), ...) {
  check_unused(...)
  which <- check_choice(which, c("all", "fixed", "var-cov"), "which")
  with_estimate <- function(parm, estimate) {
    limits <- confint(object, parm, level = level)
    table <- cbind(lower = limits[, 1L], est. = estimate, upper = limits[, 2L])
    rownames(table) <- rownames(limits)
    table
  }
  structure(
    c(if (which != "var-cov") list(fixed = with_estimate("fixed", unname(fixef(object)))),
      if (which != "fixed") list(parameters = with_estimate("variance",
        object$parameters$estimate))),
    level = level
  )
}

# lmerTest's least squares means of each factor and interaction of factors; their differences where
# `pairwise`. Printed by lmerTest.
ls_means.lmmfit <- function(model, which = NULL, level = 0.95,
                            ddf = c("Satterthwaite", "Kenward-Roger"), pairwise = FALSE, ...) {
  check_unused(...)
  ddf <- check_choice(ddf, c("Satterthwaite", "Kenward-Roger"), "ddf")
  check_flag(pairwise, "pairwise")
  known <- factor_terms(model)
  unknown <- setdiff(which, known)
  if (length(unknown) > 0L) abort_argument("which", unknown[1L], paste("one of", toString(known)))
  parts <- lapply(which %||% known, function(term) {
    means <- marginal_means(model, stats::reformulate(term), ddf = ddf, level = level)
    variables <- attr(means, "variables")
    cells <- as.data.frame(means)[variables]
    names <- do.call(paste, c(Map(paste0, variables, lapply(cells, as.character)), sep = ":"))
    if (!pairwise) return(ls_means_table(means, names))
    at <- utils::combn(length(names), 2L)
    tests <- pairs(means, adjust = "none", level = level)
    ls_means_table(tests, paste(names[at[1L, ]], "-", names[at[2L, ]]))
  })
  structure(do.call(rbind, parts), response = deparse_one(model$parts$response),
    confidence_level = level, ddf = ddf, heading = "Least Squares Means table:\n",
    class = c("ls_means", "data.frame"))
}

lsmeansLT.lmmfit <- ls_means.lmmfit

difflsmeans.lmmfit <- function(model, ...) ls_means.lmmfit(model, ..., pairwise = TRUE)

ls_means_table <- function(found, names) {
  t <- found$estimate / found$se
  data.frame(Estimate = found$estimate, `Std. Error` = found$se, df = found$df, `t value` = t,
    lower = found$lower, upper = found$upper, `Pr(>|t|)` = two_sided_p(t, found$df),
    row.names = names, check.names = FALSE)
}

# The terms of the fixed part that are factors and their interactions.
factor_terms <- function(fit) {
  factors <- attr(terms(fit), "factors")
  if (length(factors) == 0L) return(character())
  is_factor <- vapply(rownames(factors), function(name) {
    name %in% names(fit$frame) && is_factor_like(fit$frame[[name]])
  }, NA)
  colnames(factors)[colSums(factors[!is_factor, , drop = FALSE] > 0) == 0]
}
