# Pictures of a posterior.

#' @rdname bayes
#' @param type Of pictures: `"density"`, the posterior density of each variance parameter (of a
#'   variance that of its standard deviation) with its prior dashed; `"trace"`, chains, or the
#'   weights of an importance sampler; `"pairs"`, draws of each two parameters; `"surface"`, the
#'   restricted likelihood over two parameters, the others at their posterior means, with the draws
#'   on it and a cross at the best point of the grid. Other types are those of [plot.lmmfit()].
#'   `plot()` draws with base graphics, `ggplot2::autoplot()` the same with ggplot2.
#' @param parameters Names of variance parameters, by default all that are free (`"surface"`: the
#'   first two).
#' @method plot lmmfit_bayes
#' @export
plot.lmmfit_bayes <- function(x, type = "density", parameters = NULL, ...) {
  type <- check_choice(type, unique(c(posterior_plots, plot_types)), "type")
  if (!type %in% posterior_plots) return(NextMethod())
  names <- posterior_names(x, parameters)
  draw <- switch(type, density = draw_densities, trace = draw_traces, pairs = draw_pairs,
    surface = draw_likelihood_surface)
  invisible(draw(x, names, ...))
}

posterior_plots <- c("density", "trace", "pairs", "surface")

posterior_names <- function(fit, parameters) {
  free <- fit$parameters$name[fit$parameters$status != "held"]
  if (length(free) == 0L) {
    abort_bayes_question("A picture of variances that are all held", "There is nothing to draw.")
  }
  if (is.null(parameters)) return(free)
  unknown <- setdiff(parameters, free)
  if (length(unknown) > 0L) abort_parameter_name("parameters", unknown, free)
  parameters
}

# Standard deviations of variances, else the values, draws x parameters.
shown_values <- function(fit, names) {
  values <- fit$posterior$values[, names, drop = FALSE]
  kind <- fit$parameters$kind[match(names, fit$parameters$name)]
  sd <- kind %in% c("variance", "specific")
  values[, sd] <- sqrt(values[, sd])
  colnames(values) <- ifelse(sd, paste("SD of", names), names)
  values
}

# A list by parameter: list(name, x, y, prior), `prior` NULL where it has none of its own.
posterior_densities <- function(fit, names) {
  values <- shown_values(fit, names)
  lapply(seq_along(names), function(k) {
    name <- colnames(values)[k]
    curve <- posterior_curve(values[, k], fit$posterior$weight, startsWith(name, "SD of"))
    c(list(name = name, prior = prior_curve(fit, names[k], curve$x)), curve)
  })
}

draw_densities <- function(fit, names, ...) {
  old <- panels(length(names), mar = c(2.8, 1, 1.6, 1), least = 2)
  on.exit(graphics::par(old))
  curves <- posterior_densities(fit, names)
  for (curve in curves) {
    base_plot(curve$x, curve$y, type = "n", yaxt = "n", xlab = curve$name,
      ylim = c(0, 1.05 * max(curve$y)), bty = "n", ...)
    graphics::polygon(c(curve$x, rev(curve$x)), c(curve$y, 0 * curve$y), border = NA,
      col = grDevices::adjustcolor(cold, 0.3))
    graphics::lines(curve$x, curve$y, col = cold, lwd = 2)
    if (!is.null(curve$prior)) graphics::lines(curve$x, curve$prior, lty = 2, col = "grey30")
    if (identical(curve, curves[[1L]])) {
      key_above(c("posterior", "prior"), lty = 1:2, lwd = 2:1, col = c(cold, "grey30"))
    }
  }
  lapply(curves, `[`, c("x", "y"))
}

# A kernel density of weighted draws; of a positive number reflected at zero.
posterior_curve <- function(x, weight, positive) {
  ends <- weighted_quantiles(x, weight, c(0.001, 0.999))
  margin <- 0.15 * diff(ends)
  range <- c(ends[1L] - margin, ends[2L] + margin)
  if (positive) range[1L] <- max(0, range[1L])
  spread <- min(sqrt(sum(weight * (x - sum(weight * x))^2)),
    diff(weighted_quantiles(x, weight, c(0.25, 0.75))) / 1.34)
  width <- max(0.9 * spread * kish_size(weight)^-0.2, 1e-12)
  at <- seq(range[1L], range[2L], length.out = 301L)
  density_at <- function(q) {
    vapply(q, function(q) sum(weight * stats::dnorm(q, x, width)), 0)
  }
  list(x = at, y = density_at(at) + if (positive) density_at(-at) else 0)
}

# The prior of a number that has one of its own; NULL for parts of a whole.
prior_curve <- function(fit, name, x) {
  i <- match(name, fit$parameters$name)
  prior <- fit$posterior$prior
  if (i %in% unlist(lapply(prior$shares, `[[`, "at"))) return(NULL)
  for (block in prior$blocks) {
    if (!i %in% block$at || !is.null(block$whole)) next
    own <- number_priors(block)[match(i, number_places(block))][[1L]]
    if (is.null(own)) return(NULL)
    density <- prior_densities[[own$family]]
    if (density$on == "variance") return(exp(density$density(own, x^2)) * 2 * x)
    return(exp(density$density(own, x)))
  }
  NULL
}

draw_traces <- function(fit, names, ...) {
  draws <- fit$posterior
  values <- shown_values(fit, names)
  old <- panels(length(names), title_room(is_chain(draws)), least = Inf, high = 0.7)
  on.exit(graphics::par(old))
  for (k in seq_along(names)) {
    if (is_chain(draws)) {
      graphics::matplot(chain_matrix(values[, k], draws), type = "l", lty = 1,
        xlab = "Draw", ylab = "", col = group_colours(max(draws$part)),
        bty = "l", las = 1L, tcl = -0.25, mgp = c(1.7, 0.4, 0), ...)
      # A long name has no room beside a low panel.
      graphics::mtext(colnames(values)[k], adj = 0, line = 0.3, cex = graphics::par("cex"))
    } else {
      near <- near_posterior(values[, k], draws$weight)
      base_plot(values[near, k], draws$weight[near] * length(draws$weight), cex = 0.4,
        xlab = colnames(values)[k], ylab = "Weight", col = cold, ...)
    }
  }
  values
}

# The proposal of an importance sampler reaches far beyond the posterior, with weights of nearly 0.
near_posterior <- function(x, weight) {
  ends <- weighted_quantiles(x, weight, c(0.001, 0.999))
  x >= ends[1L] - 0.5 * diff(ends) & x <= ends[2L] + 0.5 * diff(ends)
}

# Draws as often as their weights say.
draw_pairs <- function(fit, names, ...) {
  if (length(names) == 1L) return(draw_densities(fit, names, ...))
  values <- shown_pairs(fit, names)
  graphics::pairs(values, pch = 20, cex = 0.4, gap = 0.3, las = 1L,
    tcl = -0.25, col = grDevices::adjustcolor(cold, 0.4), ...)
  values
}

shown_pairs <- function(fit, names) {
  at <- resampled(fit$posterior$weight, min(2000L, length(fit$posterior$weight)))
  shown_values(fit, names)[at, , drop = FALSE]
}

# list(names, x, y, loglik, points, best): the restricted likelihood over a grid, relative to its
# best point. `names` are those of the axes.
likelihood_surface <- function(fit, names) {
  names <- utils::head(names, 2L)
  if (length(names) < 2L) {
    abort_bayes_question("A surface of one parameter", "Use {.code type = \"density\"}.")
  }
  values <- fit$posterior$values[, names]
  axes <- lapply(1:2, function(k) {
    ends <- weighted_quantiles(values[, k], fit$posterior$weight, c(0.002, 0.985))
    seq(ends[1L], ends[2L], length.out = 41L)
  })
  grid <- as.matrix(expand.grid(axes))
  at <- matrix(fit$parameters$estimate, nrow(grid), length(fit$parameters$estimate), byrow = TRUE)
  at[, match(names, fit$parameters$name)] <- grid
  loglik <- matrix(-posterior_points(reopened(fit), at)$minus2loglik / 2, 41L)
  loglik[!is.finite(loglik)] <- NA
  shown <- resampled(fit$posterior$weight, min(1000L, nrow(values)))
  kind <- fit$parameters$kind[match(names, fit$parameters$name)]
  shown_names <- ifelse(kind %in% c("variance", "specific"), paste("Variance of", names), names)
  list(names = shown_names, x = axes[[1L]], y = axes[[2L]], loglik = loglik,
    points = values[shown, ], best = grid[which.max(loglik), ])
}

surface_levels <- -c(0.1, 0.5, 1, 2, 3, 4, 6, 8, 12)

draw_likelihood_surface <- function(fit, names, ...) {
  found <- likelihood_surface(fit, names)
  old <- panels()
  on.exit(graphics::par(old))
  base_plot(range(found$x), range(found$y), type = "n", xlab = found$names[1L],
    ylab = found$names[2L], ...)
  graphics::contour(found$x, found$y, found$loglik - max(found$loglik, na.rm = TRUE), add = TRUE,
    levels = surface_levels, col = "grey40")
  graphics::points(found$points, pch = 20, cex = 0.4, col = grDevices::adjustcolor(cold, 0.45))
  graphics::points(found$best[1L], found$best[2L], pch = 4, cex = 1.6, lwd = 2, col = accent)
  found[c("x", "y", "loglik")]
}
