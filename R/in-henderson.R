#' A model in our own grammar, or in ASReml's
#'
#' `in_henderson()` shows the call of a fit in the formula of [lmmfit()], whatever grammar it was
#' written in; `in_asreml()` shows it as a call in ASReml's `fixed`, `random` and `residual`.
#'
#' @param fit A fit by [lmmfit()].
#' @param ... Nothing more: what is not an argument is an error.
#' @return A character string, printed as text.
#' @examples
#' fit <- lmmfit(fixed = yield ~ nitro, random = ~ Block + Block:Variety, data = nlme::Oats)
#' in_henderson(fit)
#' in_asreml(fit)
#' @export
in_henderson <- function(fit, ...) {
  check_given(fit, ...)
  check_fit(fit, "fit")
  shown_call(c(deparse_one(fit$formula), residual_argument(fit$parts$residual)), fit)
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
