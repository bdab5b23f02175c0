# Relationships by the X chromosome against probabilities of identity between single copies, of
# which the package knows nothing: a daughter has the copy of her sire, and of her dam one or the
# other.

# S of animals with sexes, parents first; a copy counts `single` times where an animal has one.
by_copies <- function(sire, dam, sex, single = 1) {
  n <- length(sire)
  # Copies 2 i - 1 from the dam, 2 i from the sire (of daughters).
  copies <- matrix(0, 2 * n, 2 * n)
  add <- function(copy, from) {
    before <- seq_len(copy - 1L)
    row <- if (length(from) > 0L) colMeans(copies[from, before, drop = FALSE]) else
      numeric(length(before))
    copies[copy, before] <<- copies[before, copy] <<- row
    copies[copy, copy] <<- 1
  }
  for (i in seq_len(n)) {
    add(2L * i - 1L, if (dam[i] > 0L) 2L * dam[i] - 1:0)
    if (sex[i] == "F") add(2L * i, if (sire[i] > 0L) 2L * sire[i] - 1L)
  }
  K <- matrix(0, n, 2L * n)
  for (i in seq_len(n)) {
    K[i, 2L * i - 1L] <- if (sex[i] == "M") single else 1
    if (sex[i] == "F") K[i, 2L * i] <- 1
  }
  K %*% copies %*% t(K) / 2
}

sexed_pedigree <- function(n, unknown = 0.15) {
  parents <- random_pedigree(n, unknown = unknown)
  # random_pedigree() has odd sires and even dams.
  list(sire = parents$sire, dam = parents$dam, sex = rep_len(c("M", "F"), n))
}

test_that("S and its inverse are those of single copies", {
  set.seed(8)
  for (unknown in c(0, 0.15, 0.4)) {
    given <- sexed_pedigree(80, unknown)
    table <- pedigree_table(given)
    ped <- pedigree(table[sample(80), ])
    sex <- stats::setNames(given$sex, table$id)
    S <- by_copies(given$sire, given$dam, given$sex)
    expect_within(Smatrix(ped, sex, table$id), S, 1e-13, "S")
    expect_within(as.matrix(Sinverse(ped, sex))[table$id, table$id], solve(S), 1e-9, "S^-1")
    twice <- by_copies(given$sire, given$dam, given$sex, 2)
    expect_within(Smatrix(ped, sex, table$id, dosage = "compensated"), twice, 1e-13, "doubled S")
    expect_within(as.matrix(Sinverse(ped, sex, "compensated"))[table$id, table$id], solve(twice),
      1e-9, "its inverse")
    # The same with the sexes exchanged: Z of birds.
    turned <- pedigree(data.frame(id = table$id, sire = table$dam, dam = table$sire))
    other <- stats::setNames(c(M = "female", F = "male")[given$sex], table$id)
    expect_within(Smatrix(turned, other, table$id, heterogametic = "female"), S, 1e-13, "Z")
  }
})

# makeS(heterogametic = "M", DosageComp = "ngdc") of nadiv 2.18.0; the other of "hedo".
test_that("nadiv's numbers", {
  ped <- pedigree(data.frame(id = 1:6, sire = c(NA, NA, 1, 1, 1, 4), dam = c(NA, NA, 2, 2, 2, 3)))
  sex <- c("M", "F", "F", "M", "F", "M")
  names(sex) <- 1:6
  expected <- rbind(
    c(0.50, 0.00, 0.50, 0.000, 0.500, 0.250), c(0.00, 1.00, 0.50, 0.500, 0.500, 0.250),
    c(0.50, 0.50, 1.00, 0.250, 0.750, 0.500), c(0.00, 0.50, 0.25, 0.500, 0.250, 0.125),
    c(0.50, 0.50, 0.75, 0.250, 1.000, 0.375), c(0.25, 0.25, 0.50, 0.125, 0.375, 0.500)
  )
  expect_equal(unname(Smatrix(ped, sex, 1:6)), expected)
  doubled <- rbind(
    c(2, 0.0, 1.00, 0.0, 1.00, 1.00), c(0, 1.0, 0.50, 1.0, 0.50, 0.50),
    c(1, 0.5, 1.00, 0.5, 0.75, 1.00), c(0, 1.0, 0.50, 2.0, 0.50, 0.50),
    c(1, 0.5, 0.75, 0.5, 1.00, 0.75), c(1, 0.5, 1.00, 0.5, 0.75, 2.00)
  )
  expect_equal(unname(Smatrix(ped, sex, 1:6, "compensated")), doubled)
})

test_that("a model with both chromosomes is that of a dense V", {
  set.seed(9)
  given <- sexed_pedigree(60)
  table <- pedigree_table(given)
  ped <- pedigree(table)
  sex <- stats::setNames(given$sex, table$id)
  data <- data.frame(id = table$id, sex = given$sex, y = rnorm(60))
  data$copy <- data$id
  inverse <- Sinverse(ped, sex)
  fit <- lmmfit(y ~ sex + (1 | gr(id, pedigree = ped)) + (1 | gr(copy, precision = inverse)), data,
    hold = c(id = 0.5, copy = 0.3, residual = 1))
  V <- 0.5 * tabular_a(given$sire, given$dam) + 0.3 * by_copies(given$sire, given$dam, given$sex) +
    diag(60)
  X <- model.matrix(~ sex, data)
  P <- solve(V) - solve(V, X) %*% solve(crossprod(X, solve(V, X)), t(solve(V, X)))
  expected <- 58 * log(2 * pi) + c(determinant(V)$modulus) +
    c(determinant(crossprod(X, solve(V, X)))$modulus) + sum(data$y * (P %*% data$y))
  expect_equal(-2 * c(logLik(fit)), expected, tolerance = 1e-10)
})

test_that("what is no sex, and what pedigrees have no S, are named", {
  ped <- pedigree(data.frame(id = 3:6, sire = c(1, 1, 1, 4), dam = c(2, 2, 2, 3)))
  sex <- c("5" = "F", "6" = "M")
  refused <- function(sex, text, ..., class = "henderson_error_pedigree") {
    expect_error(Smatrix(ped, sex, ...), text, class = class)
  }
  # Those of parents are known.
  expect_identical(dim(Smatrix(ped, sex)), c(6L, 6L))
  expect_equal(Smatrix(ped, c("5" = 2, "6" = 1)), Smatrix(ped, sex))
  refused(c("5" = "F"), "6")
  refused(c(sex, "1" = "F"), "a sire and female")
  refused(c(sex, "2" = "male"), "a dam and male")
  refused(c("M", "F"), "2 values for 6 animals")
  refused(c(sex, "9" = "F"), "9")
  refused(c("5" = "X", "6" = "M"), "not", class = "henderson_error_argument")
  expect_error(Smatrix(ped, sex, dosage = "half"), class = "henderson_error_argument")
  grouped <- pedigree(data.frame(id = 1:3, sire = c("g", NA, 1), dam = c("g", NA, 2)), groups = "g")
  expect_error(Smatrix(grouped, c("M", "F", "F")), class = "henderson_error_pedigree")
})
