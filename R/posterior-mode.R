# The mode of a posterior, in its coordinates, and its curvature there.

# A quasi-Newton search in y, x = start + S y, where the curvature at the start is one: near REML's
# estimates it is one of few steps. A point gives value and slope by one factorisation.
posterior_mode <- function(posterior, start, iterations = 200L) {
  begin <- posterior_hessian(posterior, start)
  S <- search_scale(begin)
  last <- NULL
  at <- function(y) {
    if (!identical(y, last$y)) {
      found <- log_posterior(posterior, rbind(start + drop(S %*% y)), gradient = TRUE)
      slope <- -drop(found$gradient %*% S)
      last <<- list(y = y, value = if (is.finite(found$log_density)) -found$log_density else 1e100,
        slope = if (all(is.finite(slope))) slope else numeric(length(slope)))
    }
    last
  }
  found <- stats::nlminb(numeric(length(start)), function(y) at(y)$value, function(y) at(y)$slope,
    control = list(iter.max = iterations, eval.max = 2L * iterations, rel.tol = 1e-9))
  if (found$objective >= 1e100) abort_posterior_start()
  x <- start + drop(S %*% found$par)
  # Within 0.3 standard deviations of the start its curvature serves: the scales of a proposal are
  # matched to the density afterwards.
  hessian <- if (max(abs(found$par)) < 0.3) begin else posterior_hessian(posterior, x)
  list(x = x, log_density = -found$objective, hessian = hessian, iterations = found$iterations)
}

# Never wider than the coordinates: where a density is flat or bends upwards its curvature is no
# guide.
search_scale <- function(hessian) {
  eigen <- eigen(hessian, symmetric = TRUE)
  eigen$vectors %*% diag(1 / sqrt(pmax(abs(eigen$values), 1)), nrow(hessian))
}

# Standard deviations that may be near zero, told by how far their density falls from the mode to
# there, get signed coordinates (posterior-map.R), `most` of them; their unit is the mode.
# list(posterior, mode).
with_signed <- function(posterior, mode, most) {
  even <- unlist(lapply(posterior$prior$blocks, function(block) {
    block$first - 1L + which(even_deviations(block))
  }))
  drop <- drop_to_zero(posterior, mode, even)
  drop[unlist(lapply(posterior$prior$shares, `[[`, "coordinates"))] <- Inf
  wide <- utils::head(order(drop), min(most, length(drop)))
  wide <- wide[drop[wide] < small_drop]
  x <- mode$x
  posterior$prior$blocks <- lapply(posterior$prior$blocks, function(block) {
    even <- even_deviations(block)
    if (!any(even)) return(block)
    at <- block$first - 1L + seq_along(even)
    block$signed <- at %in% wide & even
    block$unit <- exp(mode$x[at])
    x[at[block$signed]] <<- 1
    block
  })
  if (identical(x, mode$x)) return(list(posterior = posterior, mode = mode))
  list(posterior = posterior, mode = posterior_mode(posterior, x))
}

# Which standard deviations of a block have a prior that is smooth at zero.
even_deviations <- function(block) {
  if (!block$type %in% c("sd", "matrix")) return(FALSE)
  if (!is.null(block$frame)) return(rep(FALSE, block$t))
  if (!is.null(block$whole)) return(rep(!is.null(block$whole$alpha.V), block$t))
  vapply(number_priors(block), function(prior) prior$family %in% smooth_at_zero, NA)
}

# Of the log density of these standard deviations (not of their logarithms, hence the step); of all
# other coordinates it is infinite.
drop_to_zero <- function(posterior, mode, at, step = 6) {
  drop <- rep(Inf, length(mode$x))
  if (length(at) == 0L) return(drop)
  points <- matrix(mode$x, length(at), length(mode$x), byrow = TRUE)
  points[cbind(seq_along(at), at)] <- points[cbind(seq_along(at), at)] - step
  drop[at] <- mode$log_density - (log_posterior(posterior, points)$log_density + step)
  drop
}

# More signs would be too many to fold.
most_folded <- 4L
small_drop <- 10
smooth_at_zero <- c("half_t", "half_normal", "exponential", "flat")

# The sets of coordinates whose signs can be turned together: of a standard deviation that is
# signed its own, of a factor all of its loadings. The first of each is above zero once folded.
turning_sets <- function(prior) {
  unlist(lapply(prior$blocks, function(block) {
    own <- if (block$type == "loadings") factor_columns(block) else as.list(signed_of(block))
    lapply(own, function(at) block$first - 1L + at)
  }), recursive = FALSE)
}

inverse_root <- function(hessian) {
  eigen <- eigen(hessian, symmetric = TRUE)
  eigen$vectors %*% diag(1 / sqrt(pmax(eigen$values, 1e-3)), nrow(hessian))
}

posterior_hessian <- function(posterior, x) {
  curvature_at(x, function(points) log_posterior(posterior, points, gradient = TRUE)$gradient)
}

# By differences of the exact gradient. Where the density is so narrow that a step of the
# coordinates is none on its scale, as that of loadings beside a residual variance near zero, the
# steps are those of the curvature that was found, until they are small for it.
curvature_at <- function(x, gradient_of, step = 1e-3, rounds = 5L) {
  along <- diag(step, length(x))
  for (round in seq_len(rounds)) {
    own <- curvature_along(x, gradient_of, along)
    back <- solve(along)
    hessian <- crossprod(back, own %*% back)
    if (max(eigen(own, symmetric = TRUE, only.values = TRUE)$values) < longest_step^2) break
    along <- longest_step / 4 * search_scale(hessian)
  }
  hessian
}

# A step of differences, in standard deviations of the density.
longest_step <- 0.1

# A' H A, H the curvature at x, by central differences along the columns of A: 2m points in one
# call.
curvature_along <- function(x, gradient_of, along) {
  m <- length(x)
  gradient <- gradient_of(rbind(t(along), -t(along)) + rep(x, each = 2L * m))
  own <- (gradient[m + seq_len(m), , drop = FALSE] - gradient[seq_len(m), , drop = FALSE]) %*%
    along / 2
  own[!is.finite(own)] <- 0
  (own + t(own)) / 2
}

# Where the search for the mode begins: estimates by REML, variances of zero a little above it; in
# the coordinates of frames where they ask for them.
posterior_start <- function(posterior, model, control) {
  est <- starting_estimates(posterior, model, control)
  values <- est$parameters$estimate
  if (length(posterior$moved$values) > 0L) {
    values <- values[-(posterior$n_random + seq_along(posterior$moved$values))]
  }
  kind <- model$parameters$kind
  small <- 0.01 * min(values[kind == "variance" & values > 0], 1e300)
  variance <- kind %in% c("variance", "specific")
  values[variance] <- pmax(values[variance], small)
  begin <- with_frames(posterior, inner_coordinates(posterior$prior, values), values)
  c(begin, list(estimates = est))
}

# The largest posterior standard deviation of a coordinate of a frame that the data tell.
widest_framed <- 0.6

# list(posterior, x): matrices that are nearly singular at these values, of which x are the
# coordinates, have frames where all of their coordinates would be narrow.
with_frames <- function(posterior, x, values) {
  shared <- unlist(lapply(posterior$prior$shares, `[[`, "at"))
  framed <- posterior
  framed$prior$blocks <- lapply(posterior$prior$blocks, function(block) {
    own <- values[block$at]
    if (!any(block$at %in% shared) && is_nearly_singular(block, own)) {
      block$frame <- t(chol(symmetric_of(own, block, block$t)))
    }
    block
  })
  at <- framed_coordinates(framed$prior)
  if (length(at) == 0L) return(list(posterior = posterior, x = x))
  inside <- replace(x, at, 0)
  curvature <- posterior_hessian(framed, inside)[at, at, drop = FALSE]
  least <- min(eigen(curvature, symmetric = TRUE, only.values = TRUE)$values)
  if (least > widest_framed^-2) return(list(posterior = framed, x = inside))
  list(posterior = posterior, x = x)
}

# Those of the values, moved inside where a correlation is near a boundary.
inner_coordinates <- function(prior, values) {
  x <- as.double(suppressWarnings(coordinates_of(prior, values, most = 1)))
  if (all(is.finite(x)) && all(abs(x[correlation_coordinates(prior)]) < 2)) return(x)
  coordinates_of(prior, values)
}

correlation_coordinates <- function(prior) {
  unlist(lapply(prior$blocks, function(block) {
    if (block$type == "matrix") block$first - 1L + seq.int(block$t + 1L, block$size)
  }))
}

starting_estimates <- function(posterior, model, control) {
  extra <- posterior$moved$values
  engine <- engine_control(control, model$parameters, model$asked)
  engine$information <- FALSE
  if (length(extra) > 0L) {
    engine$hold <- append(engine$hold, rep.int(TRUE, length(extra)), posterior$n_random)
    engine$start <- append(engine$start, extra, posterior$n_random)
    engine$constraints <- NULL
  }
  engine$report <- NULL
  if (!posterior$prior$is_scarce) return(by_likelihood(posterior$spec, engine))
  tryCatch(by_likelihood(posterior$spec, engine), henderson_error = function(e) {
    by_likelihood(posterior$spec, at_units(engine, posterior, model))
  })
}

# Where there are too few data for estimates by REML: standard deviations and loadings of a unit,
# no correlations.
at_units <- function(engine, posterior, model) {
  model$parameters <- placed_parameters(model)
  units <- prior_units(model)
  kind <- model$parameters$kind
  values <- ifelse(kind %in% c("variance", "specific"), units^2,
    ifelse(kind %in% c("range", "smoothness", "loading"), units, 0))
  x <- coordinates_of(posterior$prior, values)
  values <- to_engine(posterior, values_at(posterior$prior, rbind(x), posterior$start))
  engine$start <- drop(values)
  engine$hold <- rep.int(TRUE, length(values))
  engine$constraints <- NULL
  engine
}
