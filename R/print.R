#' Print a fit
#'
#' @param x A fit by [lmmfit()], its equations by [mme()], or its summary.
#' @param ... Nothing more: what is not an argument is an error.
#' @return `x`, invisibly.
#' @name print.lmmfit
#' @method print lmmfit
#' @export
print.lmmfit <- function(x, ...) {
  check_unused(...)
  print_header(x)
  if (!is_least_squares(x)) {
    cat("\nVariance parameters\n")
    print_table(variance_text(x, se = FALSE))
  }
  print_coefficients(x)
  cat("\n", counts_text(x), "\n", sep = "")
  if (is_least_squares(x)) {
    cat("Residual standard deviation: ", format_numbers(sigma(x)), "\n", sep = "")
  }
  print_criterion(x)
  print_notes(x)
  invisible(x)
}

print_criterion <- function(fit) {
  if (is_iterative(fit)) {
    return(cat(strwrap(c(solver_text(fit), simulation_text(fit)), exdent = 2L), sep = "\n"))
  }
  criterion <- formatC(fit$minus2loglik, format = "f", digits = 3L)
  cat("-2 log-likelihood (", criterion_name(fit), "): ", criterion, "\n", sep = "")
}

print_header <- function(fit) {
  kind <- if (is_least_squares(fit)) "Linear model" else "Linear mixed model"
  cat(kind, " by ", estimation_methods[[fit$method]]$label, "\n", sep = "")
  cat(strwrap(deparse_one(fit$formula), exdent = 4L), sep = "\n")
  if (!has_iid_residual(fit)) {
    cat(strwrap(paste("Residual:", residual_text(fit$parts$residual)), exdent = 4L), sep = "\n")
  }
}

print_coefficients <- function(fit, limit = 40L) {
  if (length(fit$fixed$names) == 0L) return(cat("\nNo fixed effects\n"))
  cat("\nFixed effects\n")
  shown <- utils::head(fixef(fit), limit)
  text <- ifelse(is.na(shown), "NA", format_numbers(shown))
  print(stats::setNames(text, names(shown)), quote = FALSE, right = TRUE)
  if (length(fit$fixed$names) > limit) {
    cat("and ", length(fit$fixed$names) - limit, " more: see fixef()\n", sep = "")
  }
}

counts_text <- function(fit) {
  records <- paste(format(fit$n, big.mark = ","), "records")
  left_out <- pooled_records(fit$frame)$left_out %||% length(attr(fit$frame, "na.action"))
  if (left_out > 0L) records <- paste0(records, " (", left_out, " left out: missing values)")
  if (!has_iid_residual(fit)) records <- paste0(records, subjects_text(fit))
  labels <- !duplicated(term_labels(fit))
  levels <- vapply(fit$random[labels], function(term) {
    paste(term$label, format(term$n_levels, big.mark = ","))
  }, "")
  paste0(records, if (length(levels) > 0L) paste0("; levels: ", paste(levels, collapse = ", ")))
}

subjects_text <- function(fit) {
  sections <- Filter(function(section) !has_diagonal_alone(section$structure),
    fit_residual(fit)$sections)
  n <- sum(vapply(sections, function(section) max(section$subject), 0L))
  if (n > 1L) paste(" of", format(n, big.mark = ","), "subjects") else ""
}

print_unidentified <- function(fit) {
  unknown <- fit$parameters$name[fit$parameters$status == "not identified"]
  if (length(unknown) == 0L) return(invisible())
  cat("Not identified (NA): ", first_names(unknown), "\n", sep = "")
  if (length(fit$redundant) > 0L) {
    cat("The structure has more values than variances and covariances; its matrix is known.\n")
  }
}

# What a reader must know before using the numbers.
print_notes <- function(fit) {
  boundary <- fit$parameters$name[fit$parameters$status == "at boundary"]
  if (length(boundary) > 0L) {
    cat("At the boundary of its range, without SE: ", toString(boundary), "\n", sep = "")
  }
  print_unidentified(fit)
  print_constraints(fit)
  print_anova_notes(fit)
  dropped <- fit$fixed$names[is.na(fit$fixed$estimate)]
  if (length(dropped) > 0L) {
    cat("Dropped as dependent on other columns (NA): ", first_names(dropped), "\n", sep = "")
  }
  if (fit$convergence$status != "converged") {
    cat("NOT CONVERGED (", fit$convergence$status, "): do not use these estimates\n", sep = "")
  }
}

print_constraints <- function(fit, limit = 6L) {
  text <- constraint_text(fit)
  if (length(text) == 0L) return(invisible())
  cat(strwrap(paste0("Constraints: ", paste(utils::head(text, limit), collapse = "; "),
    if (length(text) > limit) paste("; and", length(text) - limit, "more")), exdent = 2L),
    sep = "\n")
}

#' @rdname print.lmmfit
#' @param limit Largest number of equations, or records, that are printed whole.
#' @param correlation `TRUE` prints the correlations of the estimates of the fixed effects.
#' @param what `"numbers"`, or the block layout of the equations in `"symbols"`.
#' @method print mme
#' @export
print.mme <- function(x, limit = 12L, what = c("numbers", "symbols"), ...) {
  check_unused(...)
  what <- check_choice(what, c("numbers", "symbols"), "what")
  if (what == "symbols") return(print_mme_symbols(x))
  sizes <- paste0(names(x$blocks), " ", lengths(x$blocks), collapse = ", ")
  cat("Mixed model equations: ", length(x$rhs), " (", sizes, ")\n", sep = "")
  if (length(x$dropped) > 0L) {
    cat("Without dependent columns of X: ", toString(x$dropped), "\n", sep = "")
  }
  if (!is.null(x$scale)) {
    cat("Multiplied by the residual variance, ", format_numbers(x$scale), "\n", sep = "")
  }
  # As many equations as fit into a line.
  shown <- min(length(x$rhs), limit)
  repeat {
    lines <- equation_lines(x, seq_len(shown))
    if (shown <= 2L || max(nchar(lines)) <= getOption("width")) break
    shown <- shown - 1L
  }
  cat("", lines, sep = "\n")
  if (length(x$rhs) > shown) {
    more <- length(x$rhs) - shown
    cat("\nand ", more, if (more == 1L) " more equation\n" else " more equations\n", sep = "")
  }
  invisible(x)
}

# The first equations as text, with a line between blocks.
equation_lines <- function(x, shown) {
  cells <- without_rounding(as.matrix(x$coefficient[shown, shown, drop = FALSE]))
  columns <- lapply(shown, function(j) sub("^0$", ".", format_numbers(cells[, j])))
  names(columns) <- paste0("[", shown, "]")
  columns <- c(
    list(Equation = paste0("[", shown, "] ", names(x$rhs)[shown])), columns,
    list(`|` = rep("|", length(shown)), rhs = format_numbers(x$rhs[shown]),
      solution = format_numbers(zapsmall(x$solution[shown], 10L)))
  )
  lines <- utils::capture.output(print_table(columns))
  block <- x$labels$block[shown]
  ends <- which(block[-1L] != block[-length(block)])
  rule <- paste0("  ", strrep("-", max(nchar(lines)) - 2L))
  for (end in rev(ends)) lines <- append(lines, rule, end + 1L)
  lines
}

#' @rdname print.lmmfit
#' @method print mme_v
#' @export
print.mme_v <- function(x, limit = 12L, ...) {
  check_unused(...)
  n <- nrow(x$V)
  first <- if (n > limit) paste(", the first", limit)
  cat("V = ZGZ' + R of ", n, " records", first, "\n\n", sep = "")
  shown <- seq_len(min(n, limit))
  V <- x$V[shown, shown, drop = FALSE]
  dimnames(V) <- rep(list(x$records[shown]), 2L)
  print(zapsmall(signif(V, 5L)))
  cat("\nBLUE and (X'V^-1 X)^-1\n")
  print(cbind(BLUE = x$blue, x$vcov), digits = 5L)
  cat("\nBLUP\n")
  print(utils::head(x$blup, 2L * limit), digits = 5L)
  if (length(x$blup) > 2L * limit) cat("and", length(x$blup) - 2L * limit, "more\n")
  invisible(x)
}

first_names <- function(x, most = 5L) {
  rest <- if (length(x) > most) paste(", and", length(x) - most, "more")
  paste0(toString(utils::head(x, most)), rest)
}
