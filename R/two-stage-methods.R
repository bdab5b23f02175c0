#' Read a two-stage analysis
#'
#' @param x,object An analysis by [two_stage()].
#' @param ... For `plot()` further arguments of [graphics::plot()]; else not used.
#' @return `coef()` the fixed effects of stage 2 (`NA` for dependent columns), `vcov()` their
#'   covariance matrix, `summary()` a list of class `summary.two_stage` with the table
#'   `coefficients` (t on subjects less columns for `weights = "none"`, where it is exact, else
#'   normal), `D`, `sigma2` and `error`, the share of D that is the sampling variance of stage 1
#'   (for `weights = "none"`). `plot()` the drawn curves as a data frame, invisibly.
#' @examples
#' two <- two_stage(distance ~ age | Subject, second = ~ Sex, data = nlme::Orthodont)
#' coef(two)
#' plot(two)
#' plot(two, type = "coefficients")
#' @name two_stage-methods
NULL

#' @rdname two_stage-methods
#' @method coef two_stage
#' @export
coef.two_stage <- function(object, ...) {
  check_unused(...)
  object$coefficients
}

#' @rdname two_stage-methods
#' @method vcov two_stage
#' @export
vcov.two_stage <- function(object, ...) {
  check_unused(..., .ignored = "complete")
  object$vcov
}

#' @rdname two_stage-methods
#' @method print two_stage
#' @export
print.two_stage <- function(x, ...) {
  check_unused(...)
  print_two_stage_header(x)
  cat("\nFixed effects of stage 2\n")
  shown <- x$coefficients
  text <- ifelse(is.na(shown), "NA", format_numbers(shown))
  print(stats::setNames(text, names(shown)), quote = FALSE, right = TRUE)
  print_two_stage_variances(x)
  invisible(x)
}

print_two_stage_header <- function(x) {
  stage2 <- if (x$weights == "none") "unweighted" else "weighted by the covariance of stage 1"
  cat("Two-stage analysis, stage 2 by ", x$method, ", ", stage2, "\n", sep = "")
  cat(strwrap(paste0(deparse_one(x$formula), "; second stage ~ ", deparse_one(x$second[[2L]])),
    exdent = 4L), sep = "\n")
  cat(nrow(x$subjects), " subjects, ", x$n_records, " records\n", sep = "")
  if (length(x$left_out) > 0L) {
    shown <- utils::head(names(x$left_out), 8L)
    more <- length(x$left_out) - length(shown)
    cat(strwrap(paste0("Left out, too few records: ", toString(shown),
      if (more > 0L) paste0(" and ", more, " more")), exdent = 4L), sep = "\n")
  }
}

print_two_stage_variances <- function(x) {
  cat("\nD, covariance of the subjects' ", if (x$summary) "statistics" else "coefficients",
    if (x$weights == "none" && !x$summary) " (with the error of stage 1 in it)", "\n", sep = "")
  print(signif(x$D, 5L))
  if (!is.na(x$sigma2)) {
    cat("\nError variance of stage 1: ", format_numbers(x$sigma2), " (", x$df_stage1,
      " degrees of freedom)\n", sep = "")
  }
}

#' @rdname two_stage-methods
#' @method summary two_stage
#' @export
summary.two_stage <- function(object, ...) {
  check_unused(...)
  estimate <- object$coefficients
  se <- rep(NA_real_, length(estimate))
  se[!is.na(estimate)] <- sqrt(diag(object$vcov))
  statistic <- estimate / se
  table <- data.frame(
    estimate = estimate, se = se, df = object$df_stage2, statistic = statistic,
    p.value = 2 * stats::pt(abs(statistic), object$df_stage2, lower.tail = FALSE)
  )
  structure(
    list(coefficients = table, D = object$D, sigma2 = object$sigma2,
      error = if (object$weights == "none") object$error, analysis = object),
    class = "summary.two_stage"
  )
}

#' @rdname two_stage-methods
#' @method print summary.two_stage
#' @export
print.summary.two_stage <- function(x, ...) {
  check_unused(...)
  print_two_stage_header(x$analysis)
  df <- x$analysis$df_stage2
  cat("\nFixed effects of stage 2",
    if (!is.finite(df)) " (normal quantiles: the variances are taken as known)", "\n", sep = "")
  print_table(fixed_text(x$coefficients))
  print_two_stage_variances(x$analysis)
  if (!is.null(x$error)) {
    cat("\nError of stage 1 within D: sigma^2 times the mean of (Z_i'Z_i)^-1\n")
    print(signif(x$error, 5L))
  }
  invisible(x)
}

#' @rdname two_stage-methods
#' @param type `"curves"`: the fitted curve of every subject (thin) and of the population (thick,
#'   one for each row of W). `"coefficients"`: those of the subjects against each other.
#' @param points `TRUE` draws the records too.
#' @method plot two_stage
#' @export
plot.two_stage <- function(x, type = c("curves", "coefficients"), points = TRUE, ...) {
  type <- check_choice(type, c("curves", "coefficients"), "type")
  if (type == "coefficients" || x$summary) return(draw_coefficients(x, ...))
  data <- two_stage_curves(x)
  draw_curves(x, data, points, ...)
  invisible(data)
}

# Subject and population curves on a grid of the covariate.
two_stage_curves <- function(x, n = 41L) {
  records <- x$records
  name <- records$covariate
  if (is.null(name) || length(all.vars(records$terms)) > 1L) abort_two_stage_curves()
  range <- range(records$frame[[name]])
  grid <- stats::setNames(data.frame(seq(range[1L], range[2L], length.out = n)), name)
  Z <- stats::model.matrix(stats::delete.response(records$terms), grid_frame(records, grid))
  B <- as.matrix(x$subjects[colnames(records$Z)])
  own <- Z %*% t(B)
  own[outside_records(x, grid[[1L]])] <- NA
  patterns <- unique(as.data.frame(x$W))
  beta <- matrix(replace(x$coefficients, is.na(x$coefficients), 0), ncol(x$W))
  population <- Z %*% t(as.matrix(patterns) %*% beta)
  group <- match(do.call(paste, as.data.frame(x$W)), do.call(paste, patterns))
  rbind(
    data.frame(kind = "subject", curve = rep(x$subjects$subject, each = n),
      group = rep(group, each = n), x = grid[[1L]], y = as.vector(own)),
    data.frame(kind = "population",
      curve = rep(x$label[match(seq_len(nrow(patterns)), group)], each = n),
      group = rep(seq_len(nrow(patterns)), each = n), x = grid[[1L]], y = as.vector(population))
  )
}

# TRUE where the grid (rows) is beyond the records of a subject (columns) by more than a step.
outside_records <- function(x, grid) {
  records <- x$records
  at <- match(x$subjects$subject, records$levels)
  ends <- vapply(split(records$frame[[records$covariate]], factor(records$subject,
    seq_along(records$levels))), range, double(2L))[, at, drop = FALSE]
  step <- grid[2L] - grid[1L]
  outer(grid, ends[1L, ], `<`) & outer(grid + step, ends[1L, ], `<=`) |
    outer(grid - step, ends[2L, ], `>=`)
}

grid_frame <- function(records, grid) {
  stats::model.frame(stats::delete.response(records$terms), grid)
}

draw_curves <- function(x, data, points, xlab = x$records$covariate, ylab = x$records$response,
                        col = NULL, ...) {
  own <- data[data$kind == "subject", ]
  population <- data[data$kind == "population", ]
  n_groups <- max(population$group)
  col <- rep_len(col %||% group_colours(n_groups), n_groups)
  keyed <- n_groups > 1L && n_groups <= 8L
  old <- panels()
  on.exit(graphics::par(old))
  if (keyed) room_for(4L, unique(population$curve), more = 0.5)
  records <- data.frame(x = x$records$frame[[x$records$covariate]], y = x$records$y)
  base_plot(records$x, records$y, type = if (points) "p" else "n", col = "grey60", cex = 0.5,
    xlab = xlab, ylab = ylab, ylim = range(records$y, data$y, na.rm = TRUE), ...)
  for (curve in split(own, own$curve)) {
    graphics::lines(curve$x, curve$y, col = grDevices::adjustcolor(col[curve$group[1L]], 0.35))
  }
  for (curve in split(population, population$group)) {
    graphics::lines(curve$x, curve$y, col = col[curve$group[1L]], lwd = 4)
  }
  if (keyed) key_beside(unique(population$curve), col = col, lwd = 3)
}

draw_coefficients <- function(x, ...) {
  B <- x$subjects[-(1:2)]
  group <- match(do.call(paste, as.data.frame(x$W)), unique(do.call(paste, as.data.frame(x$W))))
  col <- group_colours(max(group))[group]
  if (ncol(B) > 2L) {
    graphics::pairs(B, col = col, pch = 19, ...)
  } else {
    old <- panels()
    on.exit(graphics::par(old))
    if (ncol(B) == 1L) B <- data.frame(Group = group, B, check.names = FALSE)
    base_plot(B[[1L]], B[[2L]], xlab = names(B)[1L], ylab = names(B)[2L], col = col, ...)
  }
  invisible(x$subjects)
}
