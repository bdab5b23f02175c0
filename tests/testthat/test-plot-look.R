test_that("spread labels do not overlap, and do not move without need", {
  set.seed(2)
  x <- 2 * rnorm(30)
  y <- 2 * rnorm(30)
  w <- rep(0.5, 30)
  h <- rep(0.2, 30)
  found <- spread_labels(x, y, w, h)
  at <- utils::combn(30, 2)
  over <- abs(found$x[at[1, ]] - found$x[at[2, ]]) < 0.5 - 1e-6 &
    abs(found$y[at[1, ]] - found$y[at[2, ]]) < 0.2 - 1e-6
  expect_identical(sum(over), 0L)
  apart <- spread_labels(c(0, 2), c(0, 0), c(1, 1), c(1, 1))
  expect_equal(apart, list(x = c(0, 2), y = c(0, 0)))
})

test_that("comparisons draw intervals of variances that respect zero", {
  both <- compare_methods(yield ~ nitro + (1 | Block) + (1 | Block:Variety), nlme::Oats)
  data <- method_estimates(both, "variances")
  expect_true(all(data$lower > 0))
  block <- varcomp(both$fits$REML)[1, ]
  row <- data[data$analysis == "REML" & data$effect == block$parameter, ]
  expect_equal(c(row$lower, row$upper),
    block$estimate * exp(c(-1.96, 1.96) * block$se / block$estimate))
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_identical(plot(both), both$variances)
  expect_identical(plot(both, "fixed"), both$fixed)
  skip_if_not_installed("ggplot2")
  layer <- ggplot2::layer_data(ggplot2::autoplot(both), 1L)
  expect_equal(sort(layer$xmin), sort(data$lower))
})

test_that("a profile ends at its boundary in both pictures", {
  fit <- lmmfit(yield ~ Variety + (1 | Block) + (1 | Block:Variety), nlme::Oats)
  found <- profile(fit, "Block:Variety")
  expect_identical(found$value[found$end], 0)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_silent(plot(found))
  skip_if_not_installed("ggplot2")
  made <- ggplot2::autoplot(found)
  expect_equal(ggplot2::layer_data(made, 2L)$xintercept, 0)
})

test_that("the margins make room for wide numbers, and are given back", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  before <- graphics::par("mar", "mfrow", "cex")
  old <- panels(2)
  base_plot(1:2, c(0, 123456), ylab = "A name")
  expect_gt(graphics::par("mai")[2], graphics::strwidth("120000", "inches"))
  graphics::par(old)
  expect_equal(graphics::par("mar", "mfrow", "cex"), before)
})

test_that("nine panels are written as large as four", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  old <- panels(9)
  expect_equal(graphics::par("cex"), 0.8)
  graphics::par(old)
  expect_equal(graphics::par("cex"), 1)
})

test_that("correlations are short numbers, whatever their sign", {
  expect_identical(cell_text(c(1, -0.854, 0.25, -0.001, 0, NA, -1)),
    c("1", "-.85", ".25", "0", "0", "", "-1"))
})

test_that("long names are written in several lines, groups are in the order of their levels", {
  expect_identical(wrapped(c("short", "Treatment with a long name", "")),
    c("short", "Treatment with a long\nname", ""))
  growth <- nlme::Orthodont
  growth$arm <- factor(growth$Sex, c("Female", "Male"))
  data <- plot_data(lmmfit(distance ~ age + arm + (1 | Subject), growth), "profiles", NULL, NULL)
  expect_identical(levels(data$group), c("Female", "Male"))
})

test_that("many names beside a picture take two columns, few take one", {
  grDevices::pdf(NULL, width = 80 / 25.4, height = 70 / 25.4, pointsize = 8)
  on.exit(grDevices::dev.off())
  columns <- function(n) {
    graphics::par(mar = c(2.8, 2.8, 0.6, 0.8))
    graphics::plot(seq_len(n), seq_len(n))
    name_columns(paste0("Genotype_", seq_len(n)))
  }
  expect_identical(vapply(c(4L, 20L, 60L), columns, 1L), c(1L, 1L, 2L))
  graphics::par(mar = c(3, 1, 1, 1))
  room_for_names(paste0("Genotype_", 1:60))
  two <- graphics::par("mai")[2L]
  room_for_names(paste0("Genotype_", 1:4))
  expect_gt(two, graphics::par("mai")[2L])
  skip_if_not_installed("ggplot2")
  expect_equal(row_name_guide(60L)$n.dodge %||% row_name_guide(60L)$params$n.dodge, 2)
})

test_that("names above bars are raised over their neighbours, the lower ones stay", {
  x <- c(1, 2, 3, 10)
  y <- c(5, 5.2, 5.1, 5)
  found <- raised_labels(x, y, rep(2.5, 4), 1)
  expect_identical(found[c(1, 4)], c(5, 5))
  at <- utils::combn(4, 2)
  near <- abs(x[at[1, ]] - x[at[2, ]]) < 2.5
  expect_true(all(abs(found[at[1, ]] - found[at[2, ]])[near] >= 1 - 1e-12))
})

test_that("names of parameters are broken after their points", {
  expect_identical(wrapped_parameter(c("residual", "Subject.Intercept.Days")),
    c("residual", "Subject.\nIntercept.\nDays"))
})

test_that("fields have the names of their subjects", {
  set.seed(1)
  field <- expand.grid(row = 1:5, col = 1:4, site = c("Boone", "Ames"))
  field$y <- rnorm(40)
  fit <- suppressWarnings(lmmfit(y ~ site, field[40:1, ], residual = ~ ar1(row):ar1(col) | site))
  data <- plot_data(fit, "field", NULL, NULL)
  expect_identical(attr(data, "subjects")[data$subject[1]], "Ames")
  own <- residuals(fit)[field[40:1, ]$site == "Boone"]
  boone <- data[attr(data, "subjects")[data$subject] == "Boone", ]
  expect_equal(sort(boone$residual), sort(unname(own)))
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_silent(plot(fit, "field"))
  skip_if_not_installed("ggplot2")
  expect_silent(print(ggplot2::autoplot(fit, "field")))
})

test_that("names in a picture have white edges, and points of theirs over these", {
  skip_if_not_installed("ggplot2")
  fit <- lmmfit(distance ~ age + (1 | Subject), nlme::Orthodont)
  made <- ggplot2::autoplot(influence(fit), "leverage")
  layers <- lapply(seq_along(made$layers), function(k) ggplot2::layer_data(made, k))
  texts <- layers[[which(vapply(layers, function(l) any(l$colour == "white"), NA))]]
  expect_identical(as.vector(table(texts$colour)[c("white", accent)]), c(24L, 3L))
  points <- layers[[length(layers)]]
  expect_identical(nrow(points), 3L)
  expect_identical(unique(points$colour), accent)
})

test_that("numbers in cells are as large as the cells allow, and none that could not be read", {
  r <- outer(1:12, 1:12, function(i, j) 0.9^abs(i - j))
  sizes <- quietly(vapply(c(7, 3, 1), function(inches) {
    grDevices::pdf(NULL, inches, inches)
    on.exit(grDevices::dev.off())
    made <- grid::makeContent(cell_numbers(r))
    if (length(made$children) == 0L) return(NA_real_)
    made$children[[1L]]$gp$fontsize
  }, 0))
  # 72 points an inch, 12 cells, a number of less than three letters' width
  expect_identical(sizes[1L], 8)
  expect_true(sizes[2L] >= 4 && sizes[2L] < 8)
  expect_identical(sizes[3L], NA_real_)
})
