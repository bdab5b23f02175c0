# Animal models against textbooks, ASReml and a peer; each comparison names its source.

# A pedigree as the cases have it. Some of them give an animal as both sire and dam.
case_pedigree <- function(case) pedigree(case$pedigree, both_sexes = "allow")
as_factors <- function(data, names) {
  data[names] <- lapply(data[names], factor)
  data
}
by_level <- function(rows, column = "estimate") stats::setNames(rows[[column]], rows$level)

test_that("animal model with known variances: Mrode, example 3.1, reliabilities too", {
  case <- read_case("mrode-3.1-animal-model")
  data <- as_factors(case$data, "id")
  data$sex <- factor(data$sex, c("M", "F"))
  ped <- case_pedigree(case)
  expected <- case$models$blup$expected
  fit <- fit_ours(wwg ~ 0 + sex + (1 | gr(id, pedigree = ped)), data,
    hold = c(id = 20, residual = 40))
  expect_case(fixef(fit), expected$fixef, case$source, "fixef")
  expect_case(sqrt(diag(vcov(fit))), expected$fixef_se, case$source, "fixef SE")
  found <- reliability(fit, "id")
  expect_case(by_level(found), expected$blup, case$source, "BLUP")
  expect_case(by_level(found, "se"), expected$blup_sep, case$source, "prediction error SD")
  expect_case(by_level(found, "reliability"), expected$reliability, case$source, "reliability")
})

test_that("repeatability model: Mrode, example 4.1", {
  case <- read_case("mrode-4.1-repeatability")
  data <- as_factors(case$data, c("cow", "parity", "hys"))
  ped <- case_pedigree(case)
  expected <- case$models$blup$expected
  expect_case(1 + inbreeding(ped), expected$diag_A, case$source, "diagonal of A")
  fit <- fit_ours(fat ~ 0 + hys + parity + (1 | gr(cow, pedigree = ped)) + (1 | cow), data,
    hold = c(cow = 20, cow.iid = 12, residual = 28))
  expect_case(by_level(reliability(fit, "cow")), expected$blup_additive, case$source, "additive")
  expect_case(by_level(reliability(fit, "cow.iid")), expected$blup_permanent, case$source,
    "permanent")
})

test_that("direct and maternal effects with covariance: Mrode, example 7.1", {
  case <- read_case("mrode-7.1-maternal-effects")
  data <- as_factors(case$data, c("calf", "dam", "herd", "pen"))
  ped <- case_pedigree(case)
  expected <- case$models$blup$expected
  fit <- fit_ours(
    bw ~ 0 + pen + herd + us(1 | gr(direct = calf, maternal = dam, pedigree = ped)) + (1 | dam),
    data, hold = c(calf.direct = 150, calf.direct.maternal = -40, calf.maternal = 90, dam = 40,
      residual = 350)
  )
  expect_case(fixef(fit), expected$fixef_constrained, case$source, "fixef")
  found <- split(reliability(fit, "calf"), ~coefficient)
  expect_case(by_level(found$direct), expected$blup_direct, case$source, "direct")
  expect_case(by_level(found$maternal), expected$blup_maternal, case$source, "maternal")
  expect_case(by_level(reliability(fit, "dam")), expected$blup_permanent, case$source, "permanent")
})

test_that("gryphon birth weight with gr(pedigree = ) : ASReml", {
  skip_on_cran()
  case <- read_case("gryphon-univariate")
  data <- as_factors(case$data, c("animal", "mother", "byear", "sex"))
  ped <- case_pedigree(case)
  expected <- case$models$m4$expected
  fit <- fit_ours(
    bwt ~ sex + (1 | gr(animal, pedigree = ped)) + (1 | byear) + (1 | mother), data
  )
  expect_case(our_variances(fit), expected$varcomp, case$source, "variances")
  expect_case(-2 * as.numeric(logLik(fit)), expected$refit_m2_res_loglik, case$source, "-2l")
  expect_identical(fit$random[[1L]]$n_levels, length(ped$id))
  # Reliabilities against the inverse of the whole system.
  found <- reliability(fit)
  C <- solve(as.matrix(mme(fit)$coefficient))
  block <- mme(fit)$blocks[[2L]]
  sigma2 <- varcomp(fit)$estimate[1L]
  expected <- 1 - diag(C)[block] / (sigma2 * (1 + ped$inbreeding))
  expect_within(found$reliability, expected, 1e-8, "reliability")
})

# REML estimates of gremlin, which stops near 1e-5 of the likelihood.
expect_gremlin <- function(fit, formula, random, data, ginverse, what) {
  # gremlin() finds its own functions and its arguments by name where it is called.
  suppressPackageStartupMessages(attachNamespace("gremlin"))
  on.exit(detach("package:gremlin"))
  call <- bquote(gremlin(.(formula), random = .(random), data = data,
    ginverse = ginverse, maxit = 50L, v = 0))
  utils::capture.output(peer <- suppressMessages(suppressWarnings(eval(call))))
  theta <- summary(peer)$varcompSummary[, "Estimate"]
  expect_within(our_variances(fit), as.numeric(theta), 1e-4 * as.numeric(theta),
    paste(what, "variances, gremlin"))
}

test_that("blue tits (MCMCglmm's BTdata): gremlin", {
  skip_on_cran()
  skip_if_not_installed("gremlin")
  skip_if_not_installed("MCMCglmm")
  # Its data are wanted, not the package: no dependency to declare.
  peer <- "MCMCglmm"
  utils::data("BTdata", "BTped", package = peer, envir = environment())
  ped <- pedigree(BTped, id = "animal")
  expect_identical(summary(ped)$animals, 1040L)
  fit <- fit_ours(tarsus ~ sex + hatchdate + (1 | gr(animal, pedigree = ped)) + (1 | fosternest),
    BTdata)
  expect_gremlin(fit, tarsus ~ sex + hatchdate, ~ animal + fosternest, BTdata,
    list(animal = methods::as(Ainverse(ped), "generalMatrix")), "BTdata")
})

# A data set beside the cases: data.csv and ped.csv.gz of ../shared/data.
read_shared <- function(name) {
  folder <- cases_dir()
  folder <- if (!is.null(folder)) file.path(dirname(folder), "data", name)
  if (is.null(folder) || !dir.exists(folder)) skip("no ../shared/data beside the source tree")
  file <- function(stem) {
    Filter(file.exists, file.path(folder, paste0(stem, c(".csv", ".csv.gz"))))[1L]
  }
  list(data = utils::read.csv(file("data")), pedigree = utils::read.csv(file("ped")))
}

test_that("5400 animals of warcolak: gremlin", {
  skip_on_cran()
  skip_if_not_installed("gremlin")
  case <- read_shared("warcolak")
  data <- as_factors(case$data, c("id", "sex", "dam"))
  ped <- pedigree(case$pedigree)
  fit <- fit_ours(trait1 ~ sex + (1 | gr(id, pedigree = ped)), data)
  expect_gremlin(fit, trait1 ~ sex, ~id, data,
    list(id = methods::as(Ainverse(ped), "generalMatrix")), "warcolak")
})

test_that("milk: repeated lactations of cows in herds, 6547 animals: gremlin", {
  skip_on_cran()
  skip_if_not_installed("gremlin")
  case <- read_shared("milk")
  data <- as_factors(case$data, c("id", "lact", "herd"))
  data$milk <- data$milk / 1000
  data$cow <- data$id
  ped <- pedigree(case$pedigree)
  fit <- fit_ours(milk ~ lact + log(dim) + (1 | gr(id, pedigree = ped)) + (1 | id) + (1 | herd),
    data)
  expect_gremlin(fit, milk ~ lact + log(dim), ~ id + cow + herd, data,
    list(id = methods::as(Ainverse(ped), "generalMatrix")), "milk")
})

test_that("milk of 14 herds, 1080 animals: pedigreemm", {
  skip_on_cran()
  skip_if_not_installed("pedigreemm")
  peer <- "pedigreemm"
  utils::data("milk", "pedCowsR", package = peer, envir = environment())
  milk$milk <- milk$milk / 1000
  milk <- droplevels(milk[as.integer(milk$herd) %% 4 == 0, ])
  label <- function(x) c(NA, pedCowsR@label)[ifelse(is.na(x), 0L, x) + 1L]
  all <- pedigree(
    data.frame(id = pedCowsR@label, sire = label(pedCowsR@sire), dam = label(pedCowsR@dam)))
  ped <- prune(all, unique(as.character(milk$id)))
  fit <- fit_ours(milk ~ lact + log(dim) + (1 | gr(id, pedigree = ped)) + (1 | herd), milk)
  named <- as.data.frame(ped)
  theirs <- list(id = getExportedValue(peer, "pedigree")(named$sire, named$dam, named$id))
  lmer <- lme4::lmer  # what pedigreemm() calls by name
  fit_theirs <- getExportedValue(peer, "pedigreemm")
  model <- suppressMessages(
    fit_theirs(milk ~ lact + log(dim) + (1 | id) + (1 | herd), milk, pedigree = theirs))
  variances <- as.data.frame(lme4::VarCorr(model))$vcov
  expect_within(our_variances(fit), variances, 1e-4 * variances, "milk variances, pedigreemm")
  expect_within(-2 * as.numeric(logLik(fit)), -2 * as.numeric(stats::logLik(model)), 1e-5,
    "milk -2l, pedigreemm")
  expect_within(fitted(fit), stats::fitted(model), 1e-4, "milk fitted values, pedigreemm")
})

# Printed numbers of Mrode & Pocrnic (2023), Linear Models for the Prediction of Animal Breeding
# Values, 4th ed., as checked in JuliaBnG/Mrode-4ed-examples.jl.

test_that("groups of unknown parents: Mrode & Pocrnic, example 4.4", {
  table <- data.frame(
    id = 1:8, sire = c("s", "s", "s", 1, 3, 1, 4, 3), dam = c("d", "d", "d", "d", 2, 2, 5, 6)
  )
  ped <- pedigree(table, groups = c("s", "d"))
  animals <- as.character(1:8)
  inverse <- as.matrix(Ainverse(ped))[c("s", "d"), c(animals, "s", "d")]
  printed <- rbind(
    c(-0.5, -0.5, -0.5, 0, 0, 0, 0, 0, 0.75, 0.75),
    c(-0.17, -0.5, -0.5, -0.67, 0, 0, 0, 0, 0.75, 1.08)
  )
  expect_within(inverse, printed, 5.1e-3, "rows of the groups")
  Q <- genetic_groups(ped, animals)
  expect_within(Q[, "s"], c(0.5, 0.5, 0.5, 0.25, 0.5, 0.5, 0.375, 0.5), 1e-12, "Q")
  # Groups as covariates, the first one 0.
  plain <- table
  plain[table$sire == "s", "sire"] <- NA
  plain[table$dam == "d", "dam"] <- NA
  plain <- pedigree(plain)
  calves <- data.frame(calf = 4:8, sex = factor(c("M", "F", "F", "M", "M"), c("M", "F")),
    gain = c(4.5, 2.9, 3.9, 3.5, 5), group = Q[4:8, "d"])
  fit <- fit_ours(gain ~ 0 + sex + group + (1 | gr(calf, pedigree = plain)), calves,
    hold = c(calf = 20, residual = 40))
  expect_within(fixef(fit), c(5.458, 4.313, -1.769), 5.1e-4, "sexes and group")
  total <- by_level(reliability(fit))[animals] + Q[, "d"] * fixef(fit)[["group"]]
  expect_within(total, c(-0.767, -0.923, -0.963, -1.268, -1.099, -0.728, -1.338, -0.768), 5.1e-4,
    "breeding values with groups")
  # Random groups of a large variance come near to fixed ones, whose level is free.
  A <- Ainverse(ped, group_variance = 1e7)
  near <- fit_ours(gain ~ 0 + sex + (1 | gr(calf, precision = A)), calves,
    hold = c(calf = 20, residual = 40))
  u <- by_level(reliability(near))
  expect_within(diff(u[animals]), diff(unname(total)), 1e-4, "differences with random groups")
})

test_that("additive and dominance effects: Mrode & Pocrnic, example 13.1", {
  ped <- pedigree(data.frame(
    id = 1:12, sire = c(0, 0, 0, 0, 1, 3, 6, 0, 3, 3, 6, 6),
    dam = c(0, 0, 0, 0, 2, 4, 5, 5, 8, 8, 8, 8)
  ))
  D <- dominance_matrix(ped, 1:12)
  expect_within(D[c(7, 11), 7:12], rbind(c(1, 0, 0.0625, 0.0625, 0.125, 0.125),
    c(0.125, 0, 0.125, 0.125, 1, 0.25)), 1e-12, "D")
  expect_within(solve(D)[12, 7:12], c(-0.096, 0, -0.08, -0.08, -0.241, 1.0921), 1e-3, "D-inverse")
  pigs <- data.frame(pig = 5:12, pen = factor(rep(1:2, each = 4)),
    weight = c(17, 20, 18, 13.5, 20, 15, 25, 19.5))
  fit <- fit_ours(weight ~ 0 + pen + (1 | gr(pig, pedigree = ped)) + (1 | gr(pig, cov = D)), pigs,
    hold = c(pig = 90, pig.D = 80, residual = 120))
  expect_within(fixef(fit), c(16.98, 20.03), 5.1e-4, "pens")
  expect_within(by_level(reliability(fit, "pig"))[as.character(1:12)],
    c(-0.16, -0.16, 0.059, 0.819, -0.32, 1.259, 0.555, -0.998, -0.35, -1.35, 1.061, -0.039),
    5.1e-4, "breeding values")
  expect_within(by_level(reliability(fit, "pig.D"))[as.character(1:12)],
    c(0, 0, 0, 0, 0.136, 0.705, 0.237, -0.993, 0, -1.333, 1.428, -0.038), 5.1e-4, "dominance")
})

test_that("single-step evaluation: Mrode & Pocrnic, example 12.1", {
  ped <- pedigree(data.frame(
    id = 1:26, sire = c(rep(0, 14), 13, 15, 15, 14, 14, 14, 1, 14, 14, 14, 14, 14),
    dam = c(rep(0, 14), 4, 2, 5, 6, 9, 9, 3, 8, 11, 10, 7, 12)
  ))
  genotypes <- c(
    "2011000212", "1000020210", "1121100212", "0021010221", "0112000212", "1101020221",
    "0011020220", "0110010220", "2000012212", "0001120200", "0110010221", "1000110200",
    "0001120210", "1011020100"
  )
  M <- do.call(rbind, lapply(strsplit(genotypes, ""), as.integer))
  rownames(M) <- 13:26
  A22 <- Amatrix(ped, 13:26)
  G <- 0.95 * grm(M) + 0.05 * A22
  b <- (mean(diag(A22)) - mean(A22)) / (mean(diag(G)) - mean(G))
  expect_within(c(mean(A22) - b * mean(G), b), c(0.202, 0.709), 5.1e-4, "tuning")
  H <- Hinverse(ped, grm(M), blend = 0.05)
  bulls <- data.frame(bull = 13:20, dyd = c(9, 13.4, 12.7, 15.4, 5.9, 7.7, 10.2, 4.8))
  fit <- fit_ours(dyd ~ 1 + (1 | gr(bull, precision = H)), bulls,
    hold = c(bull = 35.241, residual = 245))
  printed <- c(
    0.009, 0.121, 0.009, 0.01, -0.25, -0.196, -0.001, 0.026, -0.076, 0.04, -0.137, 0.136, 0.048,
    0.082, 0.039, 0.202, -0.356, -0.254, 0.098, -0.169, 0.018, 0.079, -0.164, 0.101, 0.039, 0.245
  )
  expect_within(by_level(reliability(fit))[as.character(1:26)], printed, 5.1e-4, "solutions")
})
