# Pedigree files as they come. Each holds the pedigree of Mrode (2014), table 2.1, with names.

file_with <- function(...) {
  file <- tempfile()
  writeLines(c(...), file)
  file
}
expected <- pedigree(data.frame(id = c("d", "f", "g", "h"), sire = c("a", "a", "h0", "g"),
  dam = c("b", NA, "d", "f"))) |> suppressMessages()
same_pedigree <- function(ped) {
  a <- as.data.frame(ped)
  b <- as.data.frame(expected)
  row.names(a) <- a$id
  a <- a[b$id, ]
  expect_identical(a$sire, b$sire)
  expect_identical(a$dam, b$dam)
  expect_equal(a$inbreeding, b$inbreeding)
}
read <- function(...) suppressMessages(read_pedigree(...))

test_that("columns parted by commas, tabs, semicolons and blanks, with a header or without", {
  same_pedigree(read(file_with("animal,sire,dam", "d,a,b", "f,a,*", "g,h0,d", "h,g,f")))
  same_pedigree(read(file_with("d\ta\tb", "f\ta\t0", "g\th0\td", "h\tg\tf")))
  same_pedigree(read(file_with("d;a;b", "f;a;", "g;h0;d", "h;g;f")))
  same_pedigree(read(file_with("# of a farm", "  d   a b 2001", "f a .   2002", "", "g h0 d 2003",
    "h g f 2003")))
  same_pedigree(read(file_with("\"calf\",\"bull\",\"cow\"", "\"d\",\"a\",\"b\"", "\"f\",\"a\",\"\"",
    "\"g\",\"h0\",\"d\"", "\"h\",\"g\",\"f\"")))
})

test_that("columns in another order, by name or by number", {
  lines <- c("dam,calf,bull", "b,d,a", "?,f,a", "d,g,h0", "f,h,g")
  same_pedigree(read(file_with(lines), columns = c(id = "calf", sire = "bull", dam = "dam")))
  same_pedigree(read(file_with(lines), columns = c(2, 3, 1)))
  same_pedigree(read(file_with("d a b", "f a -999", "g h0 d", "h g f"),
    columns = c("id", "sire", "dam")))
})

test_that("fixed widths and lines to skip", {
  file <- file_with("PEDIGREE 2024", "d   a   b   ", "f   a       ", "g   h0  d", "h   g   f")
  same_pedigree(read(file, widths = c(4, 4, 4), skip = 1))
})

test_that("the renumbered pedigree of renumf90", {
  lines <- c("4 1 2 1 0 2 0 0 0 d", "5 1 0 1 0 1 0 0 0 f", "6 3 4 1 0 2 0 0 0 g",
    "7 6 5 1 0 2 0 0 0 h", "1 0 0 3 0 0 2 0 0 a", "2 0 0 3 0 0 0 1 0 b", "3 0 0 3 0 0 1 0 0 h0")
  same_pedigree(read(file_with(lines), format = "BLUPF90"))
  expect_error(read(file_with("d a b"), format = "blupf90"), "renumf90 ten")
})

test_that("files that cannot be read say why", {
  expect_error(read_pedigree("nosuchfile"), "there is no such file", class = "henderson_error_file")
  expect_error(read_pedigree(file_with("# nothing")), "no records")
  expect_error(read_pedigree(file_with("a b c", "d e")), "record 2 has 2 columns, and the first 3")
  expect_error(read_pedigree(file_with("a b")), "it has 2 columns, and a pedigree three")
  expect_error(read_pedigree(file_with("id,sire,dam", "a,b,c"), columns = c("x", "sire", "dam")),
    "no column \"x\"")
  expect_error(read_pedigree(file_with("a b c"), widths = -1), "`widths` must be")
})

test_that("records", {
  data <- read_records(file_with("id herd milk", "1 a 20.5", "2 . 18", "3 b *"))
  expect_identical(data, data.frame(id = 1:3, herd = c("a", NA, "b"), milk = c(20.5, 18, NA)))
  data <- read_records(file_with("1a20.5", "2b18.0"), columns = c("id", "herd", "milk"),
    widths = c(1, 1, 4))
  expect_identical(data$milk, c(20.5, 18))
})

test_that("codes of unknown parents, in any case and with blanks around", {
  codes <- list("*", ".", "NA", "unknown", "UNK", "-9", "-999", "?", " * ", "Unknown", 0, -9)
  for (code in codes) {
    records <- data.frame(id = c("x", "y", "z"), sire = c(code, code, "x"),
      dam = c("d1", "d2", "y"))
    ped <- suppressMessages(pedigree(records))
    expect_equal(unname(Amatrix(ped, c("x", "y"))[1, 2]), 0, info = code)
    expect_equal(unname(inbreeding(ped)["z"]), 0)
  }
  expect_message(pedigree(data.frame(id = c("x", "y"), sire = c("*", "*"), dam = c("?", "x"))),
    "unknown parents: \"*\" (2) and \"?\" (1)", fixed = TRUE)
  expect_silent(pedigree(data.frame(id = c("x", "y"), sire = c(NA, "0"), dam = c("", "x"))))
  # Only what is asked for, and groups have any name.
  ped <- suppressMessages(pedigree(data.frame(id = "x", sire = "*", dam = "?"), unknown = "?"))
  expect_identical(ped$id, c("*", "x"))
  ped <- pedigree(data.frame(id = "x", sire = "*", dam = "*"), groups = "*")
  expect_identical(ped$groups, "*")
  expect_error(pedigree(data.frame(id = "*", sire = NA, dam = NA)), "`id` is \"*\"", fixed = TRUE)
})

test_that("blanks around names do not make another animal, and founders are told", {
  records <- data.frame(id = c("x ", " y"), sire = c("s", "x"), dam = factor(c("d", " d ")))
  expect_message(expect_message(expect_message(ped <- pedigree(records),
    "Blanks around 2 names do not count, as in \"x \"", fixed = TRUE), "1 name"),
    "2 parents without a record .* founders: \"s\" and others")
  expect_setequal(ped$id, c("s", "d", "x", "y"))
  expect_message(pedigree(data.frame(id = "x", sire = "s", dam = NA)), "added as a founder: \"s\".")
})
