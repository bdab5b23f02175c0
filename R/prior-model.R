# The priors of a model: those that were named, with defaults for the others, by the blocks of
# prior-blocks.R. What a block has more:
#
#   prior   of its number; of a matrix a list of priors of its standard deviations, with `cor` that
#           of the correlations, or `whole` that of the matrix; of a region a list of priors of its
#           values, NULL where they are uniform, with `cor` of a correlation matrix; of loadings
#           `sd`, the standard deviation of each
#   lower, upper  of an interval
#   is_cut  the prior is more than what the model allows, so its mass there is not known

model_prior <- function(prior, model) {
  prior <- prior %||% lmm_prior()
  if (!inherits(prior, "lmm_prior")) abort_argument("prior", prior, "made by lmm_prior()")
  model$parameters <- placed_parameters(model)
  units <- prior_units(model)
  blocks <- prior_blocks(model)
  check_prior_names(prior, model, blocks)
  blocks <- lapply(blocks, block_priors, prior = prior, model = model, units = units)
  sizes <- vapply(blocks, `[[`, 0L, "size")
  for (k in seq_along(blocks)) blocks[[k]]$first <- sum(sizes[seq_len(k - 1L)]) + 1L
  found <- list(blocks = blocks, shares = model_shares(prior, model, blocks, units),
    size = sum(sizes), beta = fixed_priors(prior, model))
  check_posterior_proper(found, model)
  found$is_scarce <- has_scarce_data(found, model)
  structure(found, class = "model_prior")
}

# Names -------------------------------------------------------------------------------------------

check_prior_names <- function(prior, model, blocks) {
  known <- known_prior_names(model, blocks)
  named <- c(names(prior)[names(prior) != ""],
    unlist(lapply(unname(Filter(function(p) p$family == "shares", prior)),
      function(p) names(p$alpha))))
  unknown <- setdiff(named, known)
  fixed <- intersect(unknown, c(model$parameters$name, model$parameters$term))
  together <- model$parameters$kind %in% c("covariance", "loading")
  fixed <- setdiff(fixed, model$parameters$name[together])
  if (length(fixed) > 0L) abort_prior_held(fixed[1L])
  covariance <- model$parameters$name[model$parameters$kind == "covariance"]
  if (any(unknown %in% covariance)) {
    name <- unknown[unknown %in% covariance][1L]
    abort_prior_covariance(name, model$parameters$term[match(name, model$parameters$name)])
  }
  loading <- model$parameters$name[model$parameters$kind == "loading"]
  if (any(unknown %in% loading)) {
    name <- unknown[unknown %in% loading][1L]
    abort_prior_loading(name, model$parameters$term[match(name, model$parameters$name)])
  }
  if (length(unknown) > 0L) abort_prior_name(unknown, known)
}

known_prior_names <- function(model, blocks) {
  at <- unlist(lapply(blocks, `[[`, "at"))
  parameters <- model$parameters
  matrices <- vapply(Filter(has_matrix, blocks), `[[`, "", "label")
  labels <- vapply(blocks, `[[`, "", "label")
  loadings <- vapply(Filter(function(block) block$type == "loadings", blocks), `[[`, "", "label")
  single <- !parameters$kind[at] %in% c("covariance", "loading")
  unique(c(parameters$name[at[single]], labels, parameters$term[at],
    if (length(matrices) > 0L) paste0(matrices, ".cor"),
    if (length(loadings) > 0L) paste0(loadings, ".loadings"), model$design$fixed$names,
    if (length(model$design$fixed$names) > 0L) "beta"))
}

# The prior of a block, named or by default. The nearest name wins: of the parameter, then of its
# term, which are its standard deviations.
block_priors <- function(block, prior, model, units) {
  name <- model$parameters$name[block$at]
  if (block$type == "matrix") return(matrix_priors(block, prior, name, units))
  if (block$type == "region") return(region_priors(block, prior, name))
  if (block$type == "interval") return(interval_priors(block, prior, name))
  if (block$type == "loadings") return(loadings_priors(block, prior, units[block$at]))
  of_term <- if (block$type == "sd") whole_prior(prior, block)
  found <- prior[[name]] %||% of_term %||% default_prior(block, units[block$at])
  block$prior <- filled_prior(found, units[block$at])
  check_prior_kind(block$prior, block$type, name)
  block
}

whole_prior <- function(prior, block) prior[[block$label]] %||% prior[[block$term]]

matrix_prior <- function(prior, block) {
  prior[[paste0(block$label, ".cor")]] %||% prior[[paste0(block$term, ".cor")]]
}

default_prior <- function(block, unit) {
  if (block$type == "sd") half_t(3) else log_normal(log(unit), 1)
}

# Where prior and region overlap.
interval_priors <- function(block, prior, name) {
  region <- block$region
  if (!all(is.finite(c(region$lower, region$upper)))) abort_prior_endless(name)
  own <- prior[[name]] %||% uniform(region$lower, region$upper)
  check_prior_kind(own, "interval", name)
  if (own$family == "beta") {
    outside <- own$lower < min(-1, region$lower) || own$upper > max(1, region$upper)
    if (outside || own$lower >= region$upper || own$upper <= region$lower) {
      abort_prior_range(name, own, c(region$lower, region$upper))
    }
  }
  block$prior <- own
  block$lower <- max(own$lower, region$lower)
  block$upper <- min(own$upper, region$upper)
  block$is_cut <- isTRUE(region$is_part) || own$family == "beta" &&
    (own$lower < region$lower || own$upper > region$upper)
  block
}

# Uniform over the region times what is named; LKJ of a correlation matrix.
region_priors <- function(block, prior, name) {
  region <- block$region
  if (isTRUE(region$is_matrix)) {
    block$cor <- matrix_prior(prior, block) %||% lkj(2)
    if (block$cor$family != "lkj") abort_prior_fits(paste0(block$label, ".cor"), block$cor$family,
      "matrix")
  }
  block$prior <- lapply(name, function(name) {
    own <- prior[[name]]
    if (is.null(own)) return(NULL)
    check_prior_kind(own, "interval", name)
    if (own$family == "beta" && (own$lower < -region$box || own$upper > region$box)) {
      abort_prior_range(name, own, c(-1, 1) * region$box)
    }
    own
  })
  block$is_cut <- any(lengths(block$prior) > 0L)
  block
}

# Independent normal, the same for all loadings of a row, so that no rotation has more of it than
# another.
loadings_priors <- function(block, prior, units) {
  name <- paste0(block$label, ".loadings")
  own <- prior[[name]] %||% prior[[paste0(block$term, ".loadings")]]
  block$unit <- units
  block$sd <- 2.5 * units
  if (is.null(own)) return(block)
  if (own$family != "normal") abort_prior_fits(name, own$family, "loadings")
  if (own$mean != 0) abort_prior_loadings_mean(name, own$mean)
  block$sd <- rep.int(own$sd, block$size)
  block
}

# A scale that was left out is that of the default.
filled_prior <- function(prior, unit) {
  if ("scale" %in% names(prior) && is.null(prior$scale)) prior$scale <- 2.5 * unit
  prior
}

check_prior_kind <- function(prior, type, name) {
  fits <- switch(type, sd = prior_scale(prior$family) != "other",
    positive = prior_scale(prior$family) == "sd",
    interval = prior$family %in% c("beta", "user"))
  if (!fits) abort_prior_fits(name, prior$family, type)
  if (type == "sd" && prior$family == "beta" && prior$lower < 0) {
    abort_prior_range(name, prior, c(0, Inf))
  }
}

matrix_priors <- function(block, prior, name, units) {
  whole <- whole_prior(prior, block)
  diagonal <- block$row == block$col
  if (!is.null(whole) && whole$family == "inverse_wishart") {
    if (block$band < block$t - 1L) abort_prior_banded(block$label)
    if (nrow(whole$V) != block$t) abort_prior_size(block$label, nrow(whole$V), block$t)
    block$whole <- whole
    return(block)
  }
  block$cor <- matrix_prior(prior, block) %||% lkj(2)
  if (!block$cor$family %in% c("lkj", if (block$t == 2L) "beta")) {
    abort_prior_fits(paste0(block$label, ".cor"), block$cor$family, "matrix")
  }
  if (block$cor$family == "beta" && (block$cor$lower < -1 || block$cor$upper > 1)) {
    abort_prior_range(paste0(block$label, ".cor"), block$cor, c(-1, 1))
  }
  block$prior <- Map(function(name, unit) {
    own <- filled_prior(prior[[name]] %||% whole %||% half_t(3), unit)
    check_prior_kind(own, "sd", name)
    own
  }, name[diagonal], units[block$at[diagonal]])
  block
}

# The coordinates and priors of shares; their variances have no prior of their own.
model_shares <- function(prior, model, blocks, units) {
  place <- variance_places(blocks)
  lapply(unname(Filter(function(p) p$family == "shares", prior)), function(one) {
    at <- match(names(one$alpha), model$parameters$name)
    coordinates <- place$coordinate[match(at, place$at)]
    if (anyNA(coordinates)) abort_prior_shares(names(one$alpha)[is.na(coordinates)][1L])
    one$total <- filled_prior(one$total, max(units[at]))
    list(prior = one, coordinates = coordinates, at = at)
  })
}

# Which coordinate is the logarithm of the standard deviation of which variance.
variance_places <- function(blocks) {
  first <- 1L
  at <- coordinate <- integer()
  for (block in blocks) {
    own <- switch(block$type, sd = block$at, matrix = block$at[block$row == block$col], integer())
    if (is.null(block$whole)) {
      at <- c(at, own)
      coordinate <- c(coordinate, first - 1L + seq_along(own))
    }
    first <- first + block$size
  }
  list(at = at, coordinate = coordinate)
}

# Mean and standard deviation of the fixed effects that have a normal prior, by position.
fixed_priors <- function(prior, model) {
  names <- model$design$fixed$names
  own <- lapply(names, function(name) prior[[name]] %||% prior[["beta"]])
  at <- which(!vapply(own, is.null, NA))
  for (k in at) {
    if (own[[k]]$family != "normal") abort_prior_fits(names[k], own[[k]]$family, "fixed")
  }
  list(at = at, mean = vapply(own[at], `[[`, 0, "mean"), sd = vapply(own[at], `[[`, 0, "sd"))
}
