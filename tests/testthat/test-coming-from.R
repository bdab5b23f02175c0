# The tables of the vignette "Coming from": each line that we read in another grammar is the model
# of our own column: the same -2l to 1e-8 of it. What is only a word there is not run.

vignette_file <- function() {
  files <- c(testthat::test_path("..", "..", "vignettes", "coming-from.Rmd"),
    system.file("doc", "coming-from.Rmd", package = "henderson"))
  files[nzchar(files) & file.exists(files)]
}

# Data frames of cells without backticks, by the first row of the table.
vignette_tables <- function(file) {
  lines <- readLines(file)
  rows <- grepl("^\\|", lines)
  tables <- split(lines[rows], cumsum(!rows)[rows])
  lapply(unname(tables), function(table) {
    cells <- strsplit(gsub("\\|", "\u00a6", table[-2L], fixed = TRUE), "|", fixed = TRUE)
    cells <- do.call(rbind, lapply(cells, function(x) gsub("\u00a6", "|", trimws(x[-1L]))))
    found <- as.data.frame(cells[-1L, , drop = FALSE])
    stats::setNames(found, cells[1L, ])
  })
}

# What the chunk `data` of the vignette makes, and columns of the names of the first table.
vignette_data <- function(file) {
  lines <- readLines(file)
  first <- which(lines == "```{r data}")
  last <- which(lines == "```")
  scope <- new.env(parent = globalenv())
  eval(parse(text = lines[seq(first + 1L, last[last > first][1L] - 1L)]), scope)
  growth <- scope$growth
  scope$lines <- data.frame(y = growth$distance, x = growth$age, id = growth$Subject,
    a = growth$Sex, b = growth$Subject)
  scope$ainv <- Ainverse(scope$ped)
  scope$Ginv <- structure(solve(scope$G), INVERSE = TRUE)
  scope$A <- scope$G
  scope$visits$arm <- scope$visits$trt
  scope$visits$g <- scope$visits$trt
  scope$animals$line <- scope$animals$animal
  scope
}

# `y ~ x + cell`, or an argument `residual = ...`, in our own grammar or another.
fit_cell <- function(cell, grammar, base, data, scope) {
  code <- gsub("`", "", cell)
  if (grepl("^cbind", code)) {
    text <- sub("...", "year", code, fixed = TRUE)
  } else if (grepl("=", sub("[(].*", "", code))) {
    text <- sprintf("%s, %s", base, code)
  } else if (grammar == "henderson") {
    text <- sprintf("%s + %s", base, code)
  } else if (grammar == "sommer" && grepl("units", code)) {
    text <- sprintf("fixed = %s, rcov = ~ %s", base, code)
  } else if (grepl("^dsum", code)) {
    text <- sprintf("fixed = %s, residual = ~ %s", base, code)
  } else if (grammar == "mmrm") {
    text <- sprintf("%s, residual = ~ %s", base, code)
  } else if (grammar == "nlme" && grepl("^cor|^var", code)) {
    text <- sprintf("%s, %s", base, nlme_arguments(code))
  } else {
    text <- sprintf("fixed = %s, random = ~ %s", base, code)
  }
  # The maternal effects of the few animals of the vignette cannot all be told.
  call <- str2lang(sprintf("lmmfit(%s, data = %s, control = lmm_control(identify = \"report\"))",
    text, data))
  suppressMessages(suppressWarnings(eval(call, scope)))
}

# `corAR1 + varIdent` names functions; their forms are those of the data.
nlme_arguments <- function(code) {
  index <- if (grepl("corExp", code)) "time" else "as.integer(visit)"
  if (grepl("corCompSymm", code)) index <- "1"
  if (code == "varIdent(form = ~ 1 | g)") return(sprintf("weights = %s", code))
  correlation <- sprintf("correlation = %s(form = ~ %s | id)", sub(" .*", "", code), index)
  if (!grepl("varIdent", code)) return(correlation)
  paste0(correlation, ", weights = varIdent(form = ~ 1 | visit)")
}

# Of the vignette's several traits; trait is a factor in ASReml's formulas.
two_responses <- list(`ASReml-R` = "cbind(y, z) ~ trait + trait:year",
  sommer = "cbind(y, z) ~ year")

expect_columns <- function(table, columns, base, data, scope) {
  for (i in seq_len(nrow(table))) {
    own <- gsub("`", "", sub(" *; .*", "", table$henderson[i]))
    for (grammar in intersect(columns, names(table))) {
      cell <- table[[grammar]][i]
      if (!grepl("^(\\+ )?`.*`$|^`cor.*`$", cell)) next
      plain <- sub("^`?\\+ ", "", gsub("`", "", c(own, cell)))
      before <- if (grepl("^`?\\+", cell)) " + (1 | gr(animal, pedigree = ped))" else ""
      their_base <- if (grepl("^cbind", own)) two_responses[[grammar]] else base
      theirs <- fit_cell(plain[2L], grammar, their_base, data, scope)
      ours <- fit_cell(plain[1L], "henderson", base, data, scope)
      expect_equal(as.numeric(logLik(theirs)), as.numeric(logLik(ours)), tolerance = 1e-8,
        info = paste(grammar, cell))
    }
  }
}

test_that("each line of the tables is one model in both grammars", {
  skip_on_cran()
  file <- vignette_file()
  if (length(file) == 0L) skip("the vignette is not here")
  tables <- vignette_tables(file[1L])
  expect_gte(length(tables), 5L)
  scope <- vignette_data(file[1L])
  expect_columns(tables[[1L]], c("lme4", "nlme"), "y ~ x", "lines", scope)
  expect_columns(tables[[2L]], c("mmrm", "nlme"), "y ~ trt * visit", "visits", scope)
  expect_columns(tables[[3L]][1:4, ], c("ASReml-R", "sommer"), "y ~ env", "trials", scope)
  expect_columns(tables[[3L]][5L, ], "ASReml-R", "y ~ 1", "field", scope)
  expect_columns(tables[[3L]][6L, ], c("ASReml-R", "sommer"), "y ~ env", "trials", scope)
  expect_columns(tables[[4L]], c("ASReml-R", "sommer"), "y ~ year", "animals", scope)
})
