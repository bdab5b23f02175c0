# Tables for documents: LaTeX, and Markdown for knitr. A table is a list: columns of text, `title`,
# `left` (the columns that are set to the left) and `note`, a line below.

#' Tables for a paper or a report
#'
#' `toLatex()` writes a summary, means, contrasts of means or a comparison of structures as LaTeX
#' tables. What LaTeX would read as marks is escaped; Greek letters and signs are set as formulas.
#' In a document by knitr or R Markdown the same objects become tables by themselves, LaTeX in a
#' PDF, Markdown else (by methods for `knitr::knit_print()`); `print()` gives the plain text.
#'
#' @param object,x A summary by [summary()][summary.lmmfit], means by [marginal_means()], contrasts
#'   as by [pairs()][mean-contrasts], or a table by [compare_structures()].
#' @param caption `TRUE` puts each table into a `table` environment with a caption that says what
#'   it is; text is the caption; `FALSE`: the `tabular` alone.
#' @param booktabs `TRUE` for the rules of LaTeX's package booktabs, `FALSE` for `\hline`.
#' @param letters,adjust,alpha Of means: `TRUE` adds the letters of [mean_letters()].
#' @param sort Of means: `TRUE` begins each group with its largest.
#' @param digits Significant digits.
#' @param ... Nothing more: what is not an argument is an error.
#' @return `toLatex()` a character vector of class `Latex`; `knit_print()` what knitr puts into the
#'   document.
#' @examples
#' fit <- lmmfit(yield ~ Variety * factor(nitro) + (1 | Block) + (1 | Block:Variety), nlme::Oats)
#' toLatex(summary(fit))
#' toLatex(marginal_means(fit, ~ nitro), caption = TRUE)
#' @name document-tables
NULL

document_table <- function(columns, title, left = names(columns)[1L], note = "") {
  list(columns = as.list(columns), title = title, left = left, note = note)
}

# LaTeX --------------------------------------------------------------------------------------------

latex_tables <- function(tables, caption, booktabs) {
  check_flag(booktabs, "booktabs")
  if (!is.character(caption)) check_flag(caption, "caption")
  texts <- lapply(tables, function(table) {
    lines <- latex_tabular(table, booktabs)
    if (isFALSE(caption)) return(lines)
    text <- if (is.character(caption)) caption[1L] else latex_text(table$title)
    c("\\begin{table}", "\\centering", paste0("\\caption{", text, "}"), lines, "\\end{table}")
  })
  structure(unlist(lapply(seq_along(texts), function(k) c(if (k > 1L) "", texts[[k]]))),
    class = "Latex")
}

latex_tabular <- function(table, booktabs) {
  rules <- if (booktabs) paste0("\\", c("top", "mid", "bottom"), "rule") else rep("\\hline", 3L)
  left <- names(table$columns) %in% table$left
  row <- function(cells) paste(paste(cells, collapse = " & "), "\\\\")
  body <- do.call(Map, c(list(function(...) row(c(...))),
    unname(lapply(table$columns, latex_cells))))
  note <- if (nzchar(table$note)) {
    paste0("\\par\\smallskip{\\footnotesize ", latex_text(table$note), "}")
  }
  c(paste0("\\begin{tabular}{", paste(ifelse(left, "l", "r"), collapse = ""), "}"),
    rules[1L], row(latex_text(trimws(names(table$columns)))), rules[2L],
    unlist(body, use.names = FALSE), rules[3L], "\\end{tabular}", note)
}

# Brackets and stars are held together: after the end of a row they would be read as its arguments.
latex_text <- function(text) {
  text <- enc2utf8(as.character(text))
  text <- gsub("\\", "\\textbackslash ", text, fixed = TRUE)
  text <- gsub("([&%$#_{}])", "\\\\\\1", text)
  text <- gsub("\\textbackslash ", "\\textbackslash{}", text, fixed = TRUE)
  text <- gsub("~", "\\textasciitilde{}", text, fixed = TRUE)
  text <- gsub("^", "\\textasciicircum{}", text, fixed = TRUE)
  text <- gsub("([][*])", "{\\1}", text)
  text <- gsub("-(?=-)", "-{}", text, perl = TRUE)
  text <- gsub("([<>|])", "$\\1$", text)
  for (symbol in names(latex_signs)) {
    text <- gsub(symbol, paste0("$", latex_signs[[symbol]], "$"), text, fixed = TRUE)
  }
  text
}

# What LaTeX has in formulas alone: Greek letters and signs. It reads accented letters itself.
latex_signs <- local({
  greek <- c("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "o", "pi", "rho", "varsigma", "sigma", "tau", "upsilon", "phi",
    "chi", "psi", "omega")
  small <- stats::setNames(paste0("\\", greek), intToUtf8(0x3b1:0x3c9, multiple = TRUE))
  large <- c(Gamma = 0x393, Delta = 0x394, Theta = 0x398, Lambda = 0x39b, Xi = 0x39e, Pi = 0x3a0,
    Sigma = 0x3a3, Phi = 0x3a6, Psi = 0x3a8, Omega = 0x3a9)
  signs <- c(mu = 0xb5, pm = 0xb1, times = 0xd7, le = 0x2264, ge = 0x2265, ne = 0x2260,
    approx = 0x2248, infty = 0x221e, rightarrow = 0x2192)
  codes <- c(large, signs)
  others <- stats::setNames(paste0("\\", names(codes)), intToUtf8(codes, multiple = TRUE))
  raised <- stats::setNames(c("-", "^2", "^3", "^\\circ"),
    intToUtf8(c(0x2212, 0xb2, 0xb3, 0xb0), multiple = TRUE))
  c(replace(small, small == "\\o", "o"), others, raised)
})

# Numbers with a true minus and powers of ten, "< 2e-16" too; other text as it is.
latex_cells <- function(text) {
  number <- grepl("^<? ?-?[0-9.]+(e[+-]?[0-9]+)?$", text)
  special <- number & grepl("[-<e]", text)
  math <- sub("e([+-]?)0*([0-9]+)$", " \\\\times 10^{\\1\\2}", text[special])
  out <- latex_text(text)
  out[special] <- paste0("$", sub("{+", "{", math, fixed = TRUE), "$")
  out
}

# knitr --------------------------------------------------------------------------------------------

# What knitr hands to the methods of knit_print().
asked_by_knitr <- c("options", "inline", "encoding")

knit_tables <- function(tables) {
  texts <- if (knitr::is_latex_output()) latex_tables(tables, TRUE, booktabs = FALSE) else
    unlist(lapply(tables, markdown_table))
  knitr::asis_output(paste(c("", texts, ""), collapse = "\n"))
}

markdown_table <- function(table) {
  columns <- lapply(table$columns, markdown_text)
  align <- ifelse(names(columns) %in% table$left, "l", "r")
  data <- structure(columns, names = markdown_text(trimws(names(columns))), class = "data.frame",
    row.names = seq_along(columns[[1L]]))
  lines <- knitr::kable(data, format = "pipe", align = align, row.names = FALSE,
    caption = markdown_text(table$title))
  c("", lines, "", if (nzchar(table$note)) c(markdown_text(table$note), ""))
}

# What Markdown would read as its own marks; kable() sees to the bars.
markdown_text <- function(text) gsub("([\\`*_^~<>$#])", "\\\\\\1", text)
