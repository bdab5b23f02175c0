# What other packages call our structures, and how any case of a name is read.

structure_synonyms <- c(
  un = "us", unstr = "us", unstructured = "us", corgh = "us", corh = "csh", hcs = "csh",
  cor = "cs", corv = "cs", cor_cs = "cs", homcs = "cs", idh = "diag", idv = "id", homdiag = "id",
  ar1v = "ar1", arh1 = "ar1h", arh = "ar1h", ar2v = "ar2", ar3v = "ar3", ma1v = "ma1",
  ma2v = "ma2", sarv = "sar", sar2v = "sar2", arma = "arma11", armav = "arma11", adh = "ante",
  toepv = "toep", toeplitz = "toep", corgv = "corg", sp_exp = "exp", sp_pow = "exp",
  expv = "exp", ou = "exp", sp_gau = "gau", gauv = "gau", mat = "matern", mtrn = "matern",
  sp_mat = "matern"
)

# Names of other grammars that are no structure of a bar.
structure_advice_table <- c(
  dsum = "Write {.code residual = list(env = ~ ar1(row):ar1(col))}: one by level of {.code env}.",
  ide = "Write {.code (1 | animal)}: unrelated levels of the same factor.",
  idv = "Write {.code (1 | animal)}: unrelated levels.",
  vm = "Write {.code (1 | gr(line, cov = G))}, or {.code precision =} for an inverse.",
  ped = "Write {.code (1 | gr(animal, pedigree = ped))}.",
  giv = "Write {.code (1 | gr(line, precision = Ginv))}.",
  at = "Write {.code diag(env | block)} for a variance by level of {.code env}.",
  ad = "Write {.code ante(visit | id)}, which has a variance for each visit.",
  corb = "Write {.code toep(visit | id, bands = 3)}: correlations at lags 1 and 2.",
  corbh = "Write {.code toeph(visit | id, bands = 3)}: correlations at lags 1 and 2.",
  aexp = "Write {.code exp(x):exp(y)}: a range for each direction.",
  agau = "Write {.code gau(x):gau(y)}: a range for each direction.",
  varident = "Write {.code ~ diag(group)} for a variance by group.",
  corar1 = "Write {.code ~ ar1(visit | id)}.",
  corsymm = "Write {.code ~ us(visit | id)}.",
  corcompsymm = "Write {.code ~ cs(1 | id)}."
)

structure_advice <- function(name) {
  advice <- structure_advice_table[tolower(name)]
  if (!is.na(advice)) unname(advice)
}

# Structures by their own names in what was written: before a bar, or (`where` "any", in a residual)
# anywhere.
with_structure_names <- function(x, where) {
  if (!is.call(x)) return(x)
  if (is.symbol(x[[1L]]) && length(x) > 1L && (where == "any" || is_bar(x[[2L]]))) {
    own <- own_structure_name(as.character(x[[1L]]))
    if (!is.null(own)) x[[1L]] <- as.name(own)
    # The index of a structure is the user's: its functions are not structures.
    if (is_bar(x[[2L]]) || as.character(x[[1L]]) %in% written_structures) return(x)
  }
  as.call(c(x[[1L]], lapply(as.list(x)[-1L], with_structure_names, where)))
}

own_structure_name <- function(name) {
  if (name %in% written_structures) return(NULL)
  lower <- tolower(name)
  if (lower %in% written_structures) return(lower)
  own <- unname(structure_synonyms[lower])
  if (is.na(own)) return(NULL)
  inform_read_as(paste0(name, "()"), paste0(own, "()"))
  own
}
