wheat <- function() {
  data <- as.data.frame(nlme::Wheat2)
  class(data) <- "data.frame"
  data$variety <- factor(as.character(data$variety))
  data
}

test_that("variances and effective dimensions are those of SpATS", {
  # SpATS 1.0-20, PSANOVA(latitude, longitude, nseg = c(8, 12)), tolerance 1e-13.
  fit <- lmmfit(yield ~ latitude * longitude + spl2(latitude, longitude, nseg = c(8, 12)) +
    (1 | variety), wheat())
  names <- c("flatitude", "flongitude", "flatitude.longitude", "latitude.flongitude",
    "flatitude.flongitude")
  expect_equal(varcomp(fit)$parameter, c("variety", paste0("spl2.", names), "residual"))
  expect_equal(varcomp(fit)$estimate, c(3.445584459, 170.6557377, 24.36815655, 80.91850451,
    0.9202645377, 25.06952169, 15.84171871), tolerance = 1e-5)
  expect_equal(effective_dimensions(fit)$effective[1:7], c(4, 24.0465691, 3.81056271, 3.70113815,
    2.83683208, 0.701289291, 9.35337449), tolerance = 1e-6)
  expect_equal(sum(effective_dimensions(fit)$effective), 224)
  # The same with fixed varieties and nest.div = 2.
  fit <- lmmfit(yield ~ variety + latitude * longitude +
    spl2(latitude, longitude, nseg = c(8, 12), nested = 2), wheat())
  expect_equal(varcomp(fit)$estimate, c(231.6086394, 2.264650201, 23.96034558, 0, 374.1598023,
    15.46831322), tolerance = 1e-5)
  expect_equal(effective_dimensions(fit)$effective[2:6], c(3.95959736, 0.929924623, 1.54809037, 0,
    10.4795842), tolerance = 1e-6)
})

test_that("likelihood and effective dimensions are those of V", {
  data <- wheat()
  fit <- lmmfit(yield ~ latitude * longitude + spl2(latitude, longitude, nseg = 5), data)
  v <- varcomp(fit)$estimate
  basis <- spl2(data$latitude, data$longitude, nseg = 5)
  parts <- lapply(seq_along(surface_components), function(k) {
    v[k] * tcrossprod(surface_columns(basis, surface_components[k]))
  })
  V <- Reduce(`+`, parts) + diag(v[6L], nrow(data))
  X <- model.matrix(~ latitude * longitude, data)
  expect_equal(deviance(fit), oracle_minus2loglik(list(V = V, X = X, y = data$yield)),
    tolerance = 1e-9)
  inverse <- solve(V)
  P <- inverse - inverse %*% X %*% solve(t(X) %*% inverse %*% X, t(X) %*% inverse)
  expect_equal(effective_dimensions(fit)$effective[2:6],
    vapply(parts, function(part) sum(P * part), 0), tolerance = 1e-7)
})

test_that("columns and penalty are those of tensor-product P-splines", {
  # Eilers & Marx (2003): the sum of the components spans B_u (x) B_v; here with degree 1.
  u <- rep(seq(0, 1, 0.1), 11L)
  w <- rep(seq(2, 4, 0.2), each = 11L)
  basis <- spl2(u, w, nseg = c(4, 3), degree = 2)
  all <- do.call(cbind, lapply(surface_components, function(part) surface_columns(basis, part)))
  all <- cbind(1, u, w, u * w, all)
  B <- function(x, range, nseg) {
    dx <- diff(range) / nseg
    splines::splineDesign(range[1L] + dx * seq(-2, nseg + 2), x, 3L, outer.ok = TRUE)
  }
  Bu <- B(u, c(0, 1), 4)
  Bw <- B(w, c(2, 4), 3)
  tensor <- do.call(cbind, lapply(seq_len(ncol(Bw)), function(j) Bu * Bw[, j]))
  expect_equal(ncol(all), ncol(tensor))
  expect_equal(qr(cbind(all, tensor), tol = 1e-8)$rank, ncol(tensor))
})

test_that("each level of `by` has a surface, predicted from the range of the fit", {
  set.seed(2)
  field <- expand.grid(row = 1:12, col = 1:8, trial = c("A", "B"))
  field$y <- ifelse(field$trial == "A", sin(field$row / 3), cos(field$col / 3)) +
    rnorm(nrow(field)) * 0.2
  fit <- lmmfit(y ~ trial * col * row + spl2(col, row, nseg = c(4, 6), by = trial), field)
  expect_equal(length(fit$random), 10L)
  expect_equal(predict(fit, field[c(3, 150), ]), fitted(fit)[c(3, 150)])
  one <- lmmfit(y ~ col * row + spl2(col, row, nseg = c(4, 6)), field, subset = trial == "A",
    hold = c(residual = varcomp(fit)$estimate[11L]))
  expect_equal(varcomp(one)$estimate[1:5], varcomp(fit)$estimate[1:5], tolerance = 1e-5)
  expect_error(predict(fit, data.frame(row = 13, col = 1, trial = "A")),
    class = "henderson_error_spline_range")
  expect_error(predict(fit, data.frame(row = 3, col = 1, trial = "C")), class = "henderson_error")
})

test_that("what cannot be fitted is an error", {
  data <- wheat()
  expect_error(lmmfit(yield ~ latitude + longitude + spl2(latitude, longitude), data),
    class = "henderson_error_spline_linear")
  expect_error(lmmfit(yield ~ latitude + spl2(latitude), data), class = "henderson_error_spline")
  expect_error(spl2(1:5, 1:5, nseg = 0), class = "henderson_error_argument")
  expect_error(spl2(1:5, 1:5, nseg = 5, nested = 2), class = "henderson_error_argument")
  expect_error(spl2(1:5, 1:4), class = "henderson_error_argument")
  expect_error(spl2(1:5, rep(1, 5)), class = "henderson_error_argument")
})
