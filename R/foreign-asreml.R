# ASReml's grammar: `random = ~ fa(env, 2):vm(gen, G) + at(env):block`, `residual = ~ dsum(~
# ar1(row):ar1(col) | env)`. Each term is the direct product of its factors: one of them (or a
# product of several) is a structure, the others say whose it is.

# The addends of a random formula in our grammar. `env` has the matrices.
asreml_addends <- function(x, env) {
  x <- strip_parentheses(x)
  if (is_call_to(x, "+") && length(x) == 3L) {
    return(c(asreml_addends(x[[2L]], env), asreml_addends(x[[3L]], env)))
  }
  # a / b is a and b within a.
  if (is_call_to(x, "/") && length(x) == 3L) {
    outer <- x[[2L]]
    return(c(asreml_addends(outer, env),
      list(asreml_term(call(":", innermost(outer), x[[3L]]), env))))
  }
  list(asreml_term(x, env))
}

# a / b / c is (a / b) / c, and what c is within is a:b.
innermost <- function(x) {
  x <- strip_parentheses(x)
  if (is_call_to(x, "/")) call(":", innermost(x[[2L]]), x[[3L]]) else x
}

asreml_term <- function(term, env) {
  if (is_call_to(term, c("spl", "spl2"))) return(term)
  if (is_call_to(term, "dev")) return(call("(", call("|", 1, term[[2L]])))
  if (is_call_to(term, sommer_terms)) term <- sommer_term(term)
  factors <- split_interaction(term)
  structured <- vapply(factors, is_asreml_structure, NA)
  masked <- vapply(factors, is_call_to, NA, "at")
  group <- asreml_group(factors[!structured & !masked], term, env)
  if (any(masked)) return(masked_term(factors[masked], structured, group, term))
  if (!any(structured)) return(call("(", call("|", 1, group)))
  own <- lapply(factors[structured], asreml_structure)
  if (length(own) > 1L) {
    product <- Reduce(function(a, b) call(":", a, b), own)
    return(if (is.null(group)) call("(", product) else call("(", call("|", product, group)))
  }
  if (is.null(group)) refuse_asreml(term, "it has no factor whose effects are correlated by it")
  own <- own[[1L]]
  own[[2L]] <- call("|", own[[2L]], group)
  own
}

# at(env):block is a variance of block for each level of env, at(env, "A"):block for that level.
masked_term <- function(masks, structured, group, term) {
  if (length(masks) > 1L || any(structured) || is.null(group)) {
    refuse_asreml(term, "{.fn at} stands beside one factor")
  }
  mask <- masks[[1L]]
  if (length(mask) == 2L) return(call("diag", call("|", mask[[2L]], group)))
  call("diag", call("|", call("+", 0, mask), group))
}

asreml_names <- c(
  us = "us", corgh = "us", diag = "diag", idh = "diag", corh = "csh", cor = "cs", corv = "cs",
  ar1 = "ar1", ar1v = "ar1", ar1h = "ar1h", toep = "toep", ante = "ante", fa = "fa", rr = "rr",
  exp = "exp", expv = "exp", iexp = "exp", ieuc = "exp", gau = "gau", gauv = "gau", igau = "gau",
  mtrn = "matern"
)
asreml_identities <- c("id", "ide", "idv")
asreml_relationships <- c("vm", "ped", "giv")

is_asreml_structure <- function(x) is_call_to(x, names(asreml_names))

# `fa(env, 2)` as fa(env, k = 2).
asreml_structure <- function(x) {
  name <- as.character(x[[1L]])
  own <- call(asreml_names[[name]], x[[2L]])
  if (length(x) == 2L) return(own)
  known <- structure_arguments_of(asreml_names[[name]])
  if (structure_index(asreml_names[[name]]) == "coordinates") {
    # The coordinates are arguments in ASReml, and addends here.
    own[[2L]] <- Reduce(function(a, b) call("+", a, b), as.list(x)[-1L])
    return(own)
  }
  if (length(known) == 0L || length(x) > 3L) refuse_asreml(x, "its arguments are not read")
  own[[known[1L]]] <- x[[3L]]
  own
}

# What is to the right of our bar, NULL without any.
asreml_group <- function(factors, term, env) {
  parts <- lapply(factors, function(x) {
    if (is.symbol(x)) return(x)
    if (is_call_to(x, asreml_identities)) return(x[[2L]])
    if (is_call_to(x, asreml_relationships)) return(asreml_relationship(x, env))
    refuse_asreml(term, paste0("{.code ", deparse_one(x), "} is not had"))
  })
  if (any(vapply(parts, identical, NA, quote(units)))) {
    refuse_asreml(term, "{.code units} has a level for each record: make it a column",
      "Write {.code data$plot <- factor(seq_len(nrow(data)))}, and {.code (1 | plot)}.")
  }
  if (length(parts) == 0L) return(NULL)
  Reduce(function(a, b) call(":", a, b), parts)
}

# Whether a matrix is an inverse stands in its attribute INVERSE.
asreml_relationship <- function(x, env) {
  if (length(x) < 3L) refuse_asreml(x, "it has no matrix or pedigree")
  value <- tryCatch(eval(x[[3L]], env), error = function(e) NULL)
  kind <- if (inherits(value, "henderson_pedigree")) "pedigree" else
    if (is_call_to(x, "giv") || isTRUE(attr(value, "INVERSE"))) "precision" else "cov"
  group <- call("gr", x[[2L]], x[[3L]])
  names(group)[3L] <- kind
  group
}

refuse_asreml <- function(term, problem, remedy = asreml_remedy(term)) {
  abort_foreign("random", deparse_one(term), problem, remedy)
}

# What to write in place of a function that has no counterpart of one name.
asreml_remedies <- list(
  str = c("Write {.code (1 + x | id)} for lines of {.code id},",
    "{.code (1 | gr(direct = a, maternal = d, pedigree = ped))} for effects of related levels."),
  pol = "Write {.code us(0 + legendre(x, k) | id)}.",
  leg = "Write {.code us(0 + legendre(x, k) | id)}.",
  grp = columns_remedy, mbf = columns_remedy,
  and = "Write {.code (1 | mm(a, b))}: one effect of the levels of both.",
  spl2Da = "Write {.code spl2(x, y)} in {.arg formula}.",
  spl2Dc = "Write {.code spl2(x, y)} in {.arg formula}."
)

asreml_remedy <- function(term) {
  found <- intersect(all.names(term), names(asreml_remedies))
  if (length(found) > 0L) return(asreml_remedies[[found[1L]]])
  "Write it in {.arg formula} by our own grammar: see {.code ?lmmfit} and {.code ?structures}."
}

# Residual -----------------------------------------------------------------------------------------

# The names that no residual of ours has.
is_asreml_residual <- function(x) {
  is_call_to(x, "~") && length(x) == 2L && !has_bar_outside_dsum(x[[2L]]) &&
    any(c("units", "dsum", "idv", "ar1v") %in% all.names(x[[2L]]))
}

has_bar_outside_dsum <- function(x) !is_call_to(strip_parentheses(x), "dsum") && has_bar(x)

asreml_residual <- function(x, env) {
  x <- strip_parentheses(x)
  if (is_call_to(x, "dsum")) {
    bar <- x[[2L]][[2L]]
    if (length(x) > 2L || !is_bar(bar)) refuse_asreml(x, "its arguments are not read")
    inner <- asreml_residual(bar[[2L]], env)
    by <- deparse_one(bar[[3L]])
    if (is_named_iid(inner[[2L]])) return(as_one_sided(call("diag", bar[[3L]]), env))
    return(stats::setNames(list(inner), by))
  }
  if (is_call_to(x, sommer_terms)) return(sommer_residual(x, env))
  factors <- split_interaction(x)
  structured <- vapply(factors, is_asreml_structure, NA)
  subject <- lapply(factors[!structured], function(f) if (is.call(f)) f[[2L]] else f)
  if (!any(structured)) return(as_one_sided(quote(iid), env))
  product <- Reduce(function(a, b) call(":", a, b), lapply(factors[structured], asreml_structure))
  if (length(subject) == 0L) return(as_one_sided(product, env))
  subject <- Reduce(function(a, b) call(":", a, b), subject)
  # The row of several responses is `unit` here.
  if (identical(subject, quote(units))) subject <- quote(unit)
  if (sum(structured) > 1L) return(as_one_sided(call("|", product, subject), env))
  product[[2L]] <- call("|", product[[2L]], subject)
  as_one_sided(product, env)
}

# sommer -------------------------------------------------------------------------------------------

# sommer's vsr(dsr(env), line, Gu = A) as diag(env):vm(line, A).
sommer_terms <- c("vs", "vsr", "vsm")
sommer_structures <- c(
  dsr = "diag", dsm = "diag", ds = "diag", usr = "us", usm = "us", us = "us", ism = "id", isr = "id"
)

sommer_term <- function(term) {
  parts <- as.list(term)[-1L]
  named <- names(parts) %||% rep.int("", length(parts))
  unread <- setdiff(named, c("", "Gu"))
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
