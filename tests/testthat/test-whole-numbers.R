# Animals that are numbers are read as such: the same as their names as text.

as_text <- function(data) {
  data[] <- lapply(data, function(x) {
    text <- format(x, scientific = FALSE, trim = TRUE)
    ifelse(is.na(x), NA, trimws(text))
  })
  data
}

# Messages and warnings with the value, without colours.
told <- function(expression) {
  words <- character()
  value <- withCallingHandlers(tryCatch(expression, error = conditionMessage),
    message = function(m) {
      words <<- c(words, conditionMessage(m))
      tryInvokeRestart("muffleMessage")
    },
    warning = function(w) {
      words <<- c(words, conditionMessage(w))
      tryInvokeRestart("muffleWarning")
    })
  list(value = value, words = words)
}

expect_same_reading <- function(data, ...) {
  of_numbers <- told(pedigree(data, ...))
  of_text <- told(pedigree(as_text(data), ...))
  expect_identical(of_numbers$words, of_text$words)
  if (is.character(of_text$value)) return(expect_identical(of_numbers$value, of_text$value))
  expect_type(of_numbers$value$number, "integer")
  expect_null(of_text$value$number)
  of_numbers$value$number <- NULL
  expect_identical(of_numbers$value, of_text$value)
}

test_that("a pedigree of numbers is the pedigree of their names", {
  set.seed(1)
  large <- large_pedigree(160L)
  expect_same_reading(large)
  expect_same_reading(large[sample(160L), ])
  expect_same_reading(large[-(1:20), ])             # founders are added
  doubles <- as.data.frame(lapply(large, function(x) 1e9 + 1000 * x))
  expect_same_reading(doubles)
  none <- large
  none$sire[1:20] <- 0L
  none$dam[1:10] <- -9L
  expect_same_reading(none)
  expect_same_reading(none, unknown = c(NA, "0", "-9", "7"))
  both <- large
  both$dam[150:160] <- both$sire[150:160]
  expect_same_reading(both)
  expect_same_reading(both, both_sexes = "error")
  expect_same_reading(rbind(large, large[5, ]))
  expect_same_reading(rbind(large, transform(large[159, ], sire = 3L)))
  circle <- large
  circle$sire[5] <- 155L
  expect_same_reading(circle)
  nobody <- large
  nobody$id[4] <- NA
  expect_same_reading(nobody)
})

test_that("numbers beside text, beyond integers, with fractions or as groups are text", {
  set.seed(2)
  large <- large_pedigree(80L)
  expect_null(pedigree(transform(large, sire = as.character(sire)))$number)
  longer <- as.data.frame(lapply(large, function(x) x + 1e10))
  expect_null(pedigree(longer)$number)
  expect_null(pedigree(transform(large, id = id / 2, sire = sire / 2, dam = dam / 2))$number)
  expect_null(pedigree(large[-(1:10), ], groups = 1:10)$number)
  expect_null(pedigree(transform(large, f = 0), selfing = "f", both_sexes = "allow")$number)
})

test_that("what is asked of a pedigree of numbers has their names", {
  set.seed(3)
  large <- large_pedigree(80L)[sample(80L), ]
  ped <- pedigree(large)
  text <- pedigree(as_text(large))
  expect_identical(pedigree(ped), ped)
  expect_identical(as.data.frame(ped), as.data.frame(text))
  expect_identical(inbreeding(ped, c(80, 3)), inbreeding(text, c("80", "3")))
  expect_identical(inbreeding(ped, "80"), inbreeding(text, "80"))
  expect_identical(Amatrix(ped, 75:80), Amatrix(text, 75:80))
  expect_identical(prune(ped, 80)$number, as.integer(prune(text, 80)$id))
  expect_error(inbreeding(ped, c(3, 99)), "99")
})

test_that("a model of numbers is the model of their names", {
  model <- large_model("repeated", 400L)
  fit <- lmmfit(model$formula, model$data)
  named <- model$data
  named$animal <- as.character(named$animal)
  environment(model$formula)$ped <- pedigree(as_text(as.data.frame(environment(model$formula)$ped)))
  same <- lmmfit(model$formula, named)
  expect_equal(varcomp(fit)$estimate, varcomp(same)$estimate, tolerance = 1e-7)
  expect_identical(fit$random[[1]]$levels, same$random[[1]]$levels)
  expect_equal(ranef(fit)[[1]], ranef(same)[[1]], tolerance = 1e-5)
  lost <- transform(model$data, animal = replace(animal, 5, 999L))
  expect_error(lmmfit(model$formula, lost), "999")
})

test_that("places of numbers are those of match()", {
  set.seed(4)
  table <- sample(50L)
  for (x in list(c(1:60, NA, -3L, 0L), integer(), NA_integer_, .Machine$integer.max)) {
    expect_identical(match_names(x, table), match(x, table, nomatch = 0L))
    expect_identical(match_names(x, table * 100000L), match(x, table * 100000L, nomatch = 0L))
    expect_identical(match_names(x, integer()), rep(0L, length(x)))
  }
  expect_identical(whole_codes(c("", "0", "-9", "007", "1e2", "x", "NA")), c(0L, -9L))
})
