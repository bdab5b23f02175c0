# Types 1, 2 and 3 against lmerTest, and the published split plot.

test_that("F tests of terms are lmerTest's, for all types and both degrees of freedom", {
  skip_if_not_installed("pbkrtest")
  for (name in c("cake", "empty", "ham", "carrots")) {
    model <- inference_models()[[name]]
    fit <- lmmfit(model[[1]], model[[2]])
    peer <- peer_lmer(model[[1]], model[[2]])
    for (type in 1:3) {
      for (ddf in c("Satterthwaite", "Kenward-Roger")) {
        what <- function(x) paste0(x, ", ", name, ", type ", type, ", ", ddf)
        found <- anova(fit, type = type, ddf = ddf)
        expected <- suppressMessages(anova(peer, type = type, ddf = ddf))[row.names(found), ]
        expect_identical(found$NumDF, as.numeric(expected$NumDF))
        expect_relative(found$`F value`, expected$`F value`, 1e-4, what("F"), scale = 1e-3)
        expect_within(found$DenDF, expected$DenDF, 0.01, what("df"))
        expect_within(found$`Pr(>F)`, expected$`Pr(>F)`, 1e-4, what("p"))
      }
    }
  }
})

test_that("the types do not depend on the contrasts", {
  data <- peer_data("cake", "lme4")[-c(1, 7, 30:32), ]
  contrasts <- list(recipe = "contr.sum", temperature = "contr.helmert")
  fit <- lmmfit(angle ~ recipe * temperature + (1 | recipe:replicate), data)
  other <- lmmfit(angle ~ recipe * temperature + (1 | recipe:replicate), data,
    contrasts = contrasts)
  for (type in 1:3) {
    expect_equal(anova(other, type = type), anova(fit, type = type), tolerance = 1e-5)
  }
})

test_that("type 3 of the split plot is the published one", {
  case <- read_case("splitplot-stroup-sas")
  data <- within(case$data, {
    block <- factor(block)
    A <- factor(A)
    B <- factor(B)
  })
  fit <- lmmfit(y ~ A * B + (1 | block) + (1 | block:A), data)
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    found <- anova(fit, ddf = ddf)
    for (term in row.names(found)) {
      leaves <- case$models$reml$expected$type3[[term]][c("F", "ndf", "ddf", "p")]
      row <- stats::setNames(unlist(found[term, c(3, 1, 2, 4)]), names(leaves))
      expect_case(row, leaves, case$source, paste(term, ddf))
    }
  }
})

test_that("without random terms type 1 is anova() of lm()", {
  data <- as.data.frame(nlme::Oats)
  found <- anova(lmmfit(yield ~ Variety * nitro, data), type = 1)
  expected <- stats::anova(lm(yield ~ Variety * nitro, data))
  expect_equal(found$`F value`, expected$`F value`[1:3])
  expect_equal(found$`Pr(>F)`, expected$`Pr(>F)`[1:3])
  expect_identical(found$DenDF, rep(66, 3))
  expect_identical(nrow(anova(lmmfit(yield ~ 1 + (1 | Block), data))), 0L)
  expect_error(anova(lmmfit(yield ~ nitro, data), type = 4), class = "henderson_error_argument")
})

test_that("long designs with many levels: the sketch of the records changes nothing", {
  set.seed(8)
  data <- data.frame(f = factor(sample(40, 3000, TRUE)), g = factor(sample(6, 3000, TRUE)),
    x = rnorm(3000))
  # Rare levels, empty cells and a factor that another tells
  data$g[data$f == "7"] <- "2"
  data$g[1] <- "6"
  data$h <- factor(as.integer(data$f) %% 5)
  data$y <- rnorm(3000) + as.integer(data$g) / 10
  fit <- lmmfit(y ~ g * x + f, data)
  peer <- lm(y ~ g * x + f, data)
  expect_equal(anova(fit, type = 1)$`F value`,
    anova(peer)[c("g", "x", "f", "g:x"), "F value"], tolerance = 1e-8)
  expect_equal(anova(fit)["f", "F value"], drop1(peer, "f", test = "F")["f", "F value"],
    tolerance = 1e-8)
  expect_equal(anova(fit)["g:x", "F value"], drop1(peer, "g:x", test = "F")["g:x", "F value"],
    tolerance = 1e-8)
  told <- anova(suppressWarnings(lmmfit(y ~ f + h + x, data)), type = 1)
  expect_identical(told$NumDF, c(39, 0, 1))
  set.seed(5)
  state <- .Random.seed
  anova(fit, type = 2)
  expect_identical(.Random.seed, state)
})
