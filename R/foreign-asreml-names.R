# What ASReml's grammar is made of: its names beside ours, where its matrices and columns are, and
# what is said where a term cannot be had.

asreml_names <- c(
  us = "us", corgh = "us", diag = "diag", idh = "diag", corh = "csh", cor = "cs", corv = "cs",
  corg = "corg", corgv = "corg", ar1 = "ar1", ar1v = "ar1", ar1h = "ar1h", ar2 = "ar2",
  ar2v = "ar2", ar2h = "ar2h", ar3 = "ar3", ar3v = "ar3", ar3h = "ar3h", ma1 = "ma1",
  ma1v = "ma1", ma1h = "ma1h", ma2 = "ma2", ma2v = "ma2", ma2h = "ma2h", sar = "sar",
  sarv = "sar", sar2 = "sar2", sar2v = "sar2", corb = "toep", corbv = "toep", corbh = "toeph",
  toep = "toep", ante = "ante", chol = "chol", fa = "fa", facv = "fa", xfa = "fa", rr = "rr",
  arma = "arma11", armav = "arma11", exp = "exp", expv = "exp", iexp = "iexp", iexpv = "iexp",
  ieuc = "exp", ieucv = "exp", gau = "gau", gauv = "gau", igau = "gau", igauv = "gau",
  mtrn = "matern", mtrnv = "matern"
)
# A range for each direction: a product.
asreml_anisotropic <- c(aexp = "exp", aexpv = "exp", agau = "gau", agauv = "gau")
asreml_identities <- c("id", "ide", "idv")
asreml_relationships <- c("vm", "ped", "giv")

# aexp(x, y) as exp(x):exp(y).
asreml_factors <- function(term) {
  unlist(lapply(split_interaction(term), function(x) {
    if (!is_call_to(x, names(asreml_anisotropic))) return(list(x))
    lapply(as.list(x)[-1L], function(coordinate) {
      call(asreml_anisotropic[[as.character(x[[1L]])]], coordinate)
    })
  }), FALSE)
}

is_asreml_structure <- function(x) is_call_to(x, names(asreml_names))

product_of <- function(factors) Reduce(function(a, b) call(":", a, b), factors)

# list(env, data): where matrices are found, and the columns, NULL where there are none to be seen.
foreign_scope <- function(call, env, matrices = env) {
  list(env = matrices, data = tryCatch(eval(call$data, env), error = function(e) NULL))
}

# A formula as it was typed, or the one that a variable or a call gives.
typed_formula <- function(given, env) {
  x <- typed_expression(given, env)
  if (!is.language(x) || is_call_to(x, "~")) return(x)
  value <- tryCatch(eval(given, env), error = function(e) NULL)
  if (inherits(value, "formula")) value else x
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
  and = "Write {.code (1 | mm(a, b))}: one effect of the levels of both.",
  cholc = c("Write {.code fa(x, k)} and hold the first k specific variances at zero,",
    "{.code hold = c(group.level.psi = 0)}; {.code chol(x, k)} has k bands."),
  spl2Da = "Write {.code spl2(x, y)} in {.arg formula}.",
  spl2Dc = "Write {.code spl2(x, y)} in {.arg formula}."
)

asreml_remedy <- function(term) {
  found <- intersect(all.names(term), names(asreml_remedies))
  if (length(found) > 0L) return(asreml_remedies[[found[1L]]])
  "Write it in {.arg formula} by our own grammar: see {.code ?lmmfit} and {.code ?structures}."
}
