# What `residual =` means: sections, subjects, positions, names, and what is refused.

growth <- as.data.frame(nlme::Orthodont)
growth$Subject <- factor(growth$Subject, ordered = FALSE)

design_of <- function(residual, data = growth, formula = distance ~ age) {
  parts <- parse_formula(formula, data, residual)
  residual_design(parts$residual, column_source(model_frame(parts, data)))
}
names_of <- function(residual, data = growth, formula = distance ~ age) {
  parameter_table(list(), design_of(residual, data, formula))$name
}
sections_of <- function(...) design_of(...)$sections

test_that("iid is one variance and no sections", {
  expect_identical(parse_residual(~iid), list(structure = "iid"))
  expect_identical(parse_residual(~ iid()), list(structure = "iid"))
  expect_identical(names_of(~iid), "residual")
})

test_that("parameters are named by levels, or by what they are", {
  expect_identical(names_of(~ us(age | Subject))[1:4],
    c("residual.8", "residual.8.10", "residual.10", "residual.8.12"))
  expect_identical(names_of(~ ar1(age | Subject)), c("residual.variance", "residual.rho"))
  expect_identical(names_of(~ exp(age | Subject)), c("residual.variance", "residual.range"))
  expect_identical(names_of(~ diag(Sex)), c("residual.Male", "residual.Female"))
  expect_identical(names_of(~ ar1(age | Sex / Subject)), c(
    "residual.Male.variance", "residual.Male.rho", "residual.Female.variance",
    "residual.Female.rho"
  ))
  expect_identical(
    names_of(list(Sex = list(Female = ~ cs(age | Subject), Male = ~iid))),
    c("residual.Male", "residual.Female.variance", "residual.Female.rho")
  )
  expect_identical(
    names_of(list(Sex = ~ ar1(age | Subject))), names_of(~ ar1(age | Sex / Subject))
  )
})

test_that("a section has each record at the position of its index", {
  shuffled <- growth[sample(nrow(growth)), ]
  section <- sections_of(~ us(age | Subject), shuffled)[[1L]]
  expect_identical(section$records, seq_len(nrow(growth)))
  expect_identical(section$coefs, c("8", "10", "12", "14"))
  expect_equal(section$position, match(shuffled$age, c(8, 10, 12, 14)))
  expect_identical(max(section$subject), nlevels(growth$Subject))
  expect_identical(length(unique(paste(section$subject, shuffled$Subject))), 27L)
  by_arm <- sections_of(~ us(age | Sex / Subject), shuffled)
  expect_identical(by_arm[[1L]]$records, which(shuffled$Sex == "Male"))
  expect_identical(sort(c(by_arm[[1L]]$records, by_arm[[2L]]$records)), seq_len(nrow(growth)))
})

test_that("a missing visit leaves the others where they are", {
  section <- sections_of(~ ar1(age | Subject), growth[-2, ])[[1L]]
  expect_identical(section$position[1:4], c(1L, 3L, 4L, 1L))
  # A visit without any record keeps its place in an autoregression.
  section <- sections_of(~ ar1(age | Subject), growth[growth$age != 10, ])[[1L]]
  expect_identical(section$position[1:3], c(1L, 3L, 4L))
  expect_identical(section$structure$n_coef, 4L)
  expect_identical(sections_of(~ us(age | Subject), growth[growth$age != 10, ])[[1L]]$coefs,
    c("8", "12", "14"))
})

test_that("labels that are numbers are in the order of numbers", {
  data <- growth
  data$visit <- as.character(data$age)
  section <- sections_of(~ ar1(visit | Subject), data)[[1L]]
  expect_identical(section$coefs, c("8", "10", "12", "14"))
  data$visit <- factor(paste0("v", data$age), paste0("v", c(8, 10, 12, 14)))
  expect_identical(sections_of(~ ar1(visit | Subject), data)[[1L]]$coefs, levels(data$visit))
})

test_that("values that are not equally spaced are told in structures of an order", {
  rats <- as.data.frame(nlme::BodyWeight)
  expect_warning(sections_of(~ ante(Time | Rat), rats, weight ~ 1),
    class = "henderson_warning_spacing")
  expect_silent(found <- sections_of(~ ar1(Time | Rat), rats, weight ~ 1)[[1L]])
  expect_identical(found$structure$n_coef, 64L)
  expect_identical(found$position, as.integer(rats$Time))
  found <- sections_of(~ exp(Time | Rat), rats, weight ~ 1)[[1L]]
  expect_identical(drop(found$structure$coordinates), sort(unique(rats$Time)))
})

test_that("a field is one subject, its cells row by row", {
  field <- expand.grid(row = 1:4, col = c(1, 2, 4))
  field$y <- seq_len(12)
  section <- sections_of(~ ar1(row):ar1(col), field, y ~ 1)[[1L]]
  expect_identical(section$structure$name, "product")
  expect_identical(section$structure$n_coef, 16L)
  expect_equal(section$position, (field$row - 1) * 4 + field$col)
  expect_identical(names_of(~ ar1(row):ar1(col), field, y ~ 1),
    c("residual.variance", "residual.row.rho", "residual.col.rho"))
  two <- rbind(cbind(field, trial = "a"), cbind(field, trial = "b"))
  expect_identical(max(sections_of(~ ar1(row):ar1(col) | trial, two, y ~ 1)[[1L]]$subject), 2L)
  expect_length(sections_of(~ ar1(row):ar1(col) | trial / 1, two, y ~ 1), 2L)
})

test_that("the variables of the residual are in the model frame", {
  data <- growth
  data$visit <- data$age
  data$visit[5] <- NA
  fit <- lmmfit(distance ~ Sex, data, residual = ~ cs(visit | Subject))
  expect_identical(nobs(fit), nrow(growth) - 1L)
  expect_true(all(c("visit", "Subject") %in% names(model.frame(fit))))
})

test_that("what cannot be is refused, and named", {
  refused <- list(
    residual = list(
      ~us, ~ us(1 | Subject), ~ foo(age | Subject), ~ corAR1(form = ~ 1 | Subject),
      distance ~ us(age | Subject), "iid", ~Subject,
      ~ us(age | Subject) + ar1(age | Subject), list(~iid), list(Sex = list(Male = ~iid)),
      list(Sex = list(Male = ~iid, Female = ~iid, Other = ~iid)), ~ cs(age | gr(Subject)),
      ~ us(age || Subject), ~ us(age | a / b / c), ~ ar1(age | Sex):ar1(age | Sex),
      list(Sex = list(~iid, ~iid))
    ),
    structure = list(
      ~ toep(age | Subject, k = 2), ~ fa(age | Subject, k = 9), ~ exp(Sex | Subject)
    ),
    unknown_column = list(~ us(agee | Subject), ~ us(age | Subj)),
    duplicate_position = list(~ us(age | Sex), ~ us(age)),
    subject_groups = list(~ us(Sex | age / Subject), ~ us(age | Subject / Sex)),
    residual_not_identified = list(~ ar1(age | Subject:age), ~ us(Sex:age | Subject))
  )
  for (class in names(refused)) {
    for (residual in refused[[class]]) {
      expect_error(
        lmmfit(distance ~ 1, growth, residual = residual),
        class = paste0("henderson_error_", class), info = deparse(residual)[1L]
      )
    }
  }
  expect_error(lmmfit(distance ~ age, growth, residual = ~ us(age | Sex)),
    "\"Male\" has two records at \"8\"")
})

test_that("a random intercept of the subject is refused where the residual contains it", {
  for (residual in list(~ us(age | Subject), ~ cs(age | Subject), ~ toep(age | Subject))) {
    expect_error(lmmfit(distance ~ age + (1 | Subject), growth, residual = residual),
      class = "henderson_error_residual_not_identified")
  }
})

test_that("values that are no covariance matrix are refused", {
  expect_error(
    lmmfit(distance ~ 1, growth, residual = ~ us(age | Subject),
      hold = c(residual.8 = -1)),
    class = "henderson_error_negative_variance"
  )
  expect_error(
    lmmfit(distance ~ 1, growth, residual = ~ cs(age | Subject),
      hold = c(residual.variance = 1, residual.rho = -0.9)),
    class = "henderson_error_indefinite"
  )
  expect_error(
    lmmfit(distance ~ 1, growth, residual = ~ cs(age | Subject), hold = c(residual = 1)),
    class = "henderson_error_parameter_name"
  )
})

test_that("messages name the argument, the value and the remedy", {
  expect_snapshot(error = TRUE, {
    lmmfit(distance ~ age, growth, residual = ~ us(age))
    lmmfit(distance ~ age, growth, residual = ~ us(age | Subject) + ar1(age | Subject))
    lmmfit(distance ~ age, growth, residual = list(Sex = list(Male = ~iid)))
    lmmfit(distance ~ age, growth, residual = ~ us(age | Subject / Sex))
    lmmfit(distance ~ age + (1 | Subject), growth, residual = ~ us(age | Subject))
    lmmfit(distance ~ age, growth, residual = ~ ar1(visit | Subject))
  })
})

test_that("a fit with a structured residual prints its structure", {
  hold <- c(residual.Male.variance = 5, residual.Male.rho = 0.5, residual.Female.variance = 4,
    residual.Female.rho = 0.75)
  expect_snapshot({
    fit <- lmmfit(distance ~ age, growth, residual = ~ ar1(age | Sex / Subject), hold = hold)
    print(fit)
    print(VarCorr(fit))
  })
})

# Sections of one row ------------------------------------------------------------------------------

test_that("a section with one row or one column loses that correlation, and is named", {
  set.seed(1)
  site <- function(name, rows, columns) {
    expand.grid(site = name, row = seq_len(rows), col = seq_len(columns))
  }
  fields <- rbind(site("A", 6, 5), site("B", 1, 8))
  fields$y <- rnorm(nrow(fields))
  expect_message(fit <- lmmfit(y ~ site, fields, residual = list(site = ~ ar1(row):ar1(col))),
    "`residual.B` has one position of `row`: its correlation `ar1(row)` is left out", fixed = TRUE,
    class = "henderson_message_dropped_factor")
  expect_setequal(varcomp(fit)$parameter, c("residual.A.variance", "residual.A.row.rho",
    "residual.A.col.rho", "residual.B.variance", "residual.B.rho"))
  own <- lmmfit(y ~ site, fields,
    residual = list(site = list(A = ~ ar1(row):ar1(col), B = ~ ar1(col))))
  expect_equal(logLik(fit), logLik(own))
  expect_silent(predict(fit))
  # One column.
  fields <- rbind(site("A", 6, 5), site("B", 7, 1))
  fields$y <- rnorm(nrow(fields))
  expect_message(fit <- lmmfit(y ~ 1, fields, residual = list(site = ~ ar1(row):ar1(col))),
    "`residual.B` has one position of `col`", fixed = TRUE)
  expect_true("residual.B.rho" %in% varcomp(fit)$parameter)
  # By arm of subjects.
  visits <- data.frame(arm = c(rep("a", 20), rep("b", 6)), id = c(rep(1:5, each = 4), 6:11),
    t = c(rep(1:4, 5), rep(2, 6)), y = rnorm(26))
  expect_error(lmmfit(y ~ arm, visits, residual = ~ ar1(t | arm / id)), "in residual.b")
  # Three positions are needed: the section and its index are named.
  fields <- rbind(site("A", 6, 5), site("B", 6, 2))
  fields$y <- rnorm(nrow(fields))
  expect_error(lmmfit(y ~ site, fields, residual = list(site = ~ ar1(row):arma11(col))),
    "`residual.B` has 2 positions of `col`, and `arma11()` needs at least 3", fixed = TRUE)
})
