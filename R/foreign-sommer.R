# sommer's random terms and residuals, by ASReml's.

# sommer's vsr(dsr(env), line, Gu = A) as diag(env):vm(line, A).
sommer_terms <- c("vs", "vsr", "vsm")
sommer_structures <- c(
  dsr = "diag", dsm = "diag", ds = "diag", usr = "us", usm = "us", us = "us", ism = "id", isr = "id"
)

sommer_term <- function(term) {
  parts <- as.list(term)[-1L]
  named <- names(parts) %||% rep.int("", length(parts))
  # Unstructured over the responses, as all terms of several are here.
  if (is_call_to(parts[["Gtc"]], "unsm")) named[named == "Gtc"] <- "read"
  unread <- setdiff(named, c("", "Gu", "read"))
  if (length(unread) > 0L) refuse_asreml(term, paste0("{.arg ", unread[1L], "} is not read"))
  factors <- lapply(parts[named == ""], function(x) {
    own <- if (is.call(x)) sommer_structures[deparse_one(x[[1L]])]
    if (is.symbol(x) || length(x) != 2L || is.na(own)) return(x)
    call(unname(own), x[[2L]])
  })
  last <- length(factors)
  if ("Gu" %in% named) {
    whose <- factors[[last]]
    if (is_call_to(whose, asreml_identities)) whose <- whose[[2L]]
    factors[[last]] <- call("vm", whose, parts[["Gu"]])
  }
  Reduce(function(a, b) call(":", a, b), factors)
}

# vsr(dsr(env), units): variances of groups of records.
sommer_residual <- function(x, env) {
  groups <- if (length(x) == 3L && identical(x[[3L]], quote(units))) x[[2L]]
  if (!is_call_to(groups, c("dsr", "dsm", "ds"))) {
    refuse_asreml(x, "this residual is not read", "Write {.code residual = ~ diag(group)}.")
  }
  as_one_sided(sommer_term(call("vsr", groups)), env)
}
