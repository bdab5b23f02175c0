oats <- lmmfit(yield ~ Variety * factor(nitro) + (1 | Block) + (1 | Block:Variety), nlme::Oats)

# The cells of the rows of a tabular, header first.
tabular_cells <- function(latex) {
  rows <- grep("(?<!\\\\)&.*\\\\\\\\$", latex, value = TRUE, perl = TRUE)
  strsplit(sub(" *\\\\\\\\$", "", rows), " & ", fixed = TRUE)
}

numbers_of <- function(cells, column) {
  as.numeric(gsub("[$]", "", vapply(cells[-1L], `[`, "", column)))
}

test_that("the LaTeX of means has their numbers, letters and SED, a cell for each column", {
  means <- marginal_means(oats, ~ Variety + nitro)
  latex <- toLatex(means)
  expect_s3_class(latex, "Latex")
  cells <- tabular_cells(latex)
  expect_identical(unique(lengths(cells)), 7L)
  expect_equal(numbers_of(cells, 3L), means$estimate, tolerance = 1e-4)
  expect_match(latex, "footnotesize SED ", fixed = TRUE, all = FALSE)
  skip_if_not_installed("multcompView")
  lettered <- tabular_cells(toLatex(means, letters = TRUE, sort = TRUE))
  expect_identical(vapply(lettered[-1L], `[`, "", 8L), mean_letters(means)$letters)
  expect_equal(numbers_of(lettered, 3L), sort(means$estimate, decreasing = TRUE), tolerance = 1e-4)
})

test_that("the LaTeX of a summary has both tables, those of contrasts and structures one", {
  latex <- toLatex(summary(oats), caption = TRUE)
  expect_length(grep("begin{tabular}", latex, fixed = TRUE), 2L)
  expect_match(latex, "Variance parameters", fixed = TRUE, all = FALSE)
  expect_match(latex, "Converged", fixed = TRUE, all = FALSE)
  tests <- pairs(marginal_means(oats, ~ nitro | Variety))
  cells <- tabular_cells(toLatex(tests, booktabs = FALSE, caption = "Mine"))
  expect_equal(numbers_of(cells, 3L), tests$estimate, tolerance = 1e-3)
  expect_identical(length(cells), nrow(tests) + 1L)
  fit <- lmmfit(distance ~ age, nlme::Orthodont)
  found <- compare_structures(fit, list(~iid, ~ ar1(age | Subject)))
  expect_equal(numbers_of(tabular_cells(toLatex(found)), 4L), found$AIC, tolerance = 1e-4)
  expect_error(toLatex(tests, rules = 1), class = "henderson_error")
  expect_error(toLatex(tests, booktabs = NA), class = "henderson_error_argument")
})

test_that("what LaTeX and Markdown would read as marks is written so that it is text", {
  expect_identical(latex_text("50% a_b \\ x^2 ~ {#$&} <"),
    paste0("50\\% a\\_b \\textbackslash{} x\\textasciicircum{}2 \\textasciitilde{} ",
      "\\{\\#\\$\\&\\} $<$"))
  expect_identical(latex_cells(c("-1.5", "2", "< 2e-16", "1.2e-05", "-3e+08", "a-b", "")),
    c("$-1.5$", "2", "$< 2 \\times 10^{-16}$", "$1.2 \\times 10^{-5}$", "$-3 \\times 10^{8}$",
      "a-b", ""))
  skip_if_not_installed("knitr")
  expect_identical(markdown_text("I(x^2) * a_b | c"), "I(x\\^2) \\* a\\_b | c")
})

test_that("in a document by knitr the objects are tables", {
  skip_if_not_installed("knitr")
  skip_if_not_installed("multcompView")
  means <- marginal_means(oats, ~ nitro)
  for (x in list(summary(oats), means, pairs(means))) {
    text <- knitr::knit_print(x)
    expect_s3_class(text, "knit_asis")
    expect_match(text, "-:|-", fixed = TRUE)
    expect_false(grepl("\\\\&", text))
  }
  lines <- strsplit(knitr::knit_print(means, letters = TRUE), "\n")[[1L]]
  rows <- grep("^[|]0", lines, value = TRUE)
  expect_length(rows, 4L)
  expect_match(rows, "[|]c +[|]$", all = FALSE)
  input <- tempfile(fileext = ".md")
  writeLines(c("```{r, echo = FALSE}", "means", "```"), input)
  on.exit(unlink(input))
  knitted <- knitr::knit(text = readLines(input), quiet = TRUE,
    envir = list2env(list(means = means), parent = globalenv()))
  expect_match(knitted, "Table: Means of nitro", fixed = TRUE)
})

test_that("a name cannot be read as the argument of a row's end, a dash or an unknown sign", {
  expect_identical(latex_text(c("[0,1]", "*", "a--b", "--")),
    c("{[}0,1{]}", "{*}", "a-{}-b", "-{}-"))
  expect_identical(latex_text("\u03b1 \u2265 5 \u00b5g/m\u00b2, 20 \u00b0C"),
    "$\\alpha$ $\\ge$ 5 $\\mu$g/m$^2$, 20 $^\\circ$C")
  expect_identical(latex_text("Gr\u00fcn"), "Gr\u00fcn")
  expect_false(anyDuplicated(names(latex_signs)) > 0L)
})

# A trial whose names are all that LaTeX has a meaning for.
odd_names <- function() {
  names <- c("a_1", "50%", "B & C", "#1 ^ x", "~low", "back\\slash", "{b} $x$", "[0,1]", "*",
    "a--b `c`", "<x|y>", "Gr\u00fcn \u00b5 \u2265 \u03b1\u00b2")
  data <- expand.grid(trt = factor(names, names), block = paste0("b_", 1:4))
  data$`dose & rate_%` <- sin(seq_len(nrow(data)))
  data$y <- cos(3 * seq_len(nrow(data))) + as.integer(data$block)
  lmmfit(y ~ trt + `dose & rate_%` + (1 | block), data)
}

test_that("pdflatex sets summaries, means and comparisons with any names", {
  skip_if(!nzchar(Sys.which("pdflatex")), "pdflatex is not installed")
  fit <- odd_names()
  means <- marginal_means(fit, ~ trt)
  structures <- compare_structures(lmmfit(distance ~ age, nlme::Orthodont),
    list(`a_&%^` = ~iid, `b~\\{}` = ~ ar1(age | Subject)))
  tables <- lapply(list(summary(fit), means, pairs(means), structures), toLatex, booktabs = FALSE,
    caption = TRUE)
  shown <- mme(lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont[1:8, ]))
  folder <- tempfile("latex")
  dir.create(folder)
  old <- setwd(folder)
  on.exit({
    setwd(old)
    unlink(folder, recursive = TRUE)
  })
  file <- file.path(folder, "tables.tex")
  writeLines(enc2utf8(c("\\documentclass{article}", "\\usepackage[utf8]{inputenc}",
    "\\usepackage[T1]{fontenc}", "\\usepackage{amsmath}", "\\begin{document}", unlist(tables),
    toLatex(shown), "\\end{document}")), file, useBytes = TRUE)
  status <- suppressWarnings(system2("pdflatex",
    c("-draftmode", "-interaction=nonstopmode", "-halt-on-error", "tables.tex"), stdout = TRUE))
  expect_null(attr(status, "status"), info = paste(utils::tail(status, 20L), collapse = "\n"))
})
