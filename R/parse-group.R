# From the right side of a bar to its variables: `a:b` gives two, gr(f, ...) one with a matrix.
parse_group <- function(group, addend) {
  group <- strip_parentheses(group)
  if (is_call_to(group, "gr")) return(parse_gr(group))
  if (is_call_to(group, "mm")) return(parse_mm(group))
  if (is_call_to(group, "snp")) return(parse_snp(group))
  if (any(c("gr", "mm", "snp") %in% called_functions(group))) {
    abort_bar(addend, "{.fn gr}, {.fn mm} or {.fn snp} must be the whole group",
      "Write {.code (x | gr(factor, cov = K))}; make interactions a column first."
    )
  }
  variables <- split_interaction(group)
  new_group(paste(vapply(variables, deparse_one, ""), collapse = ":"), variables)
}
