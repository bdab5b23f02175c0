# snp() in a formula: the genotype of a record is its level, see ?snp.

# The group of snp(M); that of snp(M | line) is gr(line, markers = snp(M)).
snp_group <- function(addend) {
  given <- snp_arguments(addend)
  if (!is_call_to(given$M, "|")) return(addend)
  line <- given$M[[3L]]
  given$M <- given$M[[2L]]
  call("gr", line, markers = as.call(c(quote(snp), given)))
}

parse_snp <- function(call) {
  given <- snp_arguments(call)
  if (has_bar(given$M)) abort_snp(call)
  own <- given$method
  label <- paste(c(deparse_one(given$M), if (is.character(own)) setdiff(own, "VanRaden1")),
    collapse = ".")
  new_group(label, list(given$M), members = given[names(given) != "M"],
    class = c("marker_group", "single_group"))
}

snp_arguments <- function(call) {
  given <- tryCatch(as.list(match.call(snp, call))[-1L], error = function(e) abort_snp(call))
  if (is.null(given$M) || !all(names(given) %in% names(formals(snp)))) abort_snp(call)
  given
}

# Genotypes are no levels of a variable.
#' @export
level_variables.marker_group <- function(group) character()
