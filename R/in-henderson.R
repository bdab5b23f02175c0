#' A model in our own grammar, or in ASReml's
#'
#' `in_henderson()` shows the call of a fit in the formula of [lmmfit()], whatever grammar it was
#' written in; `in_asreml()` shows it as a call in ASReml's `fixed`, `random` and `residual`.
#'
#' @param fit A fit by [lmmfit()].
#' @return A character string, printed as text.
#' @examples
#' fit <- lmmfit(fixed = yield ~ nitro, random = ~ Block + Block:Variety, data = nlme::Oats)
#' in_henderson(fit)
#' in_asreml(fit)
#' @export
in_henderson <- function(fit) {
  check_given(fit)
  check_fit(fit, "fit")
  shown_call(c(deparse_one(fit$formula), residual_argument(fit$parts$residual)), fit)
}

#' @rdname in_henderson
#' @export
in_asreml <- function(fit) {
  check_given(fit)
  check_fit(fit, "fit")
  if (!is.null(fit$parts$traits)) abort_asreml("several responses")
  random <- asreml_random(fit)
  shown_call(c(
    paste("fixed =", deparse_one(fit$parts$fixed)),
    if (length(random) > 0L) paste("random = ~", paste(random, collapse = " + ")),
    asreml_residual_text(fit$parts$residual)
  ), fit)
}

shown_call <- function(arguments, fit) {
  data <- if (is.symbol(fit$call$data)) paste("data =", deparse_one(fit$call$data))
  method <- if (fit$method != "REML") paste0("method = \"", fit$method, "\"")
  structure(paste0("lmmfit(", paste(c(arguments, data, method), collapse = ",\n  "), ")"),
    class = "lmm_text")
}

#' @method print lmm_text
#' @export
print.lmm_text <- function(x, ...) {
  check_unused(...)
  cat(x, "\n", sep = "")
  invisible(x)
}

residual_argument <- function(residual) {
  if (is_iid(residual)) return(NULL)
  given <- residual$given
  if (is.null(residual$by)) return(paste("residual =", deparse_one(given)))
  inner <- given[[1L]]
  if (inherits(inner, "formula")) inner <- list(inner)
  text <- vapply(inner, deparse_one, "")
  by <- deparse_one(residual$by)
  named <- if (is.null(names(text))) text else
    paste0("list(", paste(names(text), "=", text, collapse = ", "), ")")
  paste0("residual = list(", by, " = ", named, ")")
}

asreml_random <- function(fit) vapply(fit$parts$random, asreml_text, "")

# The direct product of a structure and its group.
asreml_text <- function(term) {
  if (is_spline_term(term)) return(asreml_spline_text(term))
  relationship <- term$group$relationship
  of_markers <- inherits(term$group, "marker_group") || identical(relationship$kind, "markers")
  if (of_markers || !is.null(term$factors)) abort_asreml(term$group$label)
  if (!is_single(term$group)) return(asreml_members_text(term))
  group <- asreml_level_text(term$group$label, relationship)
  if (identical(term$coefs, 1)) return(group)
  own <- names(asreml_names)[match(term$structure, asreml_names)]
  if (!term$named || is.na(own)) abort_asreml(deparse_one(call("|", term$coefs, as.name(group))))
  paste0(asreml_structure_text(own, term$coefs, term$arguments), ":", group)
}

# The levels of a column, with their relationship.
asreml_level_text <- function(name, relationship) {
  if (is.null(relationship)) return(name)
  head <- if (relationship$kind == "precision") "giv(" else "vm("
  paste0(head, name, ", ", deparse_one(relationship$matrix), ")")
}

# a + and(b) of members that add up; str(~ a + b, ~ us(2):a) of roles.
asreml_members_text <- function(term) {
  group <- term$group
  plain <- identical(term$coefs, 1)
  own <- names(asreml_names)[match(term$structure, asreml_names)]
  if (!plain || is.na(own)) abort_asreml(group$label)
  if (!inherits(group, "roles_group")) return(asreml_sum_text(group, group$relationship))
  roles <- vapply(group$members$roles, asreml_sum_text, "", group$relationship)
  levels <- asreml_level_text(deparse_one(group$variables[[1L]]), group$relationship)
  paste0("str(~ ", paste(roles, collapse = " + "), ", ~ ", own, "(", length(roles), "):", levels,
    ")")
}

# The first member counts once, as it does there.
asreml_sum_text <- function(group, relationship) {
  weights <- group$members$weights
  if (inherits(group, "columns_group") || length(all.vars(weights)) > 0L) {
    abort_asreml(group$label)
  }
  times <- if (!is.null(weights)) eval(weights, baseenv())
  if (!is.null(times) && times[1L] != 1) abort_asreml(group$label)
  members <- asreml_level_text(vapply(group$variables, deparse_one, ""), relationship)
  others <- if (is.null(times)) members[-1L] else paste0(members[-1L], ", ", times[-1L])
  paste(c(members[1L], sprintf("and(%s)", others)), collapse = " + ")
}

# A curve for all, or for each level of a group.
asreml_spline_text <- function(term) {
  group <- term$group
  basis <- group$members$basis
  plain <- group$members$component == "curve" && is.null(group$members$by)
  if (!plain || length(setdiff(names(basis), c("", "x", "knots"))) > 0L) abort_asreml(group$label)
  basis[[1L]] <- quote(spl)
  own <- deparse_one(as.call(unname(as.list(basis))))
  paste(c(own, vapply(group$variables, deparse_one, "")), collapse = ":")
}

# Bands are counted without the diagonal there.
asreml_structure_text <- function(name, index, arguments) {
  own <- function(x) {
    if (is.numeric(x)) x <- as.numeric(x)
    if (!grepl("^corb", name)) return(x)
    if (is.numeric(x)) x - 1 else call("-", x, 1)
  }
  shown <- vapply(lapply(unname(arguments), own), deparse_one, "")
  paste0(name, "(", paste(c(deparse_one(index), shown), collapse = ", "), ")")
}

asreml_residual_text <- function(residual) {
  if (is_iid(residual)) return(NULL)
  each <- residual$given[[1L]]
  if (!is.null(residual$by) && inherits(each, "formula")) {
    return(paste0("residual = ~ dsum(", deparse_one(each), " | ", deparse_one(residual$by), ")"))
  }
  block <- residual$blocks[[1L]]
  if (!is.null(residual$by) || !is.null(block$group)) abort_asreml("this residual")
  factors <- vapply(block$factors, function(factor) {
    own <- names(asreml_names)[match(factor$name, asreml_names)]
    if (is.na(own)) abort_asreml(factor$name)
    asreml_structure_text(own, factor$index, given_arguments(factor))
  }, "")
  subject <- vapply(block$subject, function(x) paste0("id(", deparse_one(x), ")"), "")
  paste("residual = ~", paste(c(subject, factors), collapse = ":"))
}

# The arguments of a factor as they would be written; ante() without any has an order of one.
given_arguments <- function(factor) {
  known <- structure_arguments_of(factor$name)
  order <- factor$arguments$order
  if (any(c("k", "bands") %in% known) && order > 0L) return(list(order))
  if ("nu" %in% known) as.list(factor$arguments$constants)
}
