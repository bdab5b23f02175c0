# The priors of a model: those that were named, with defaults for the others, and the blocks of
# variance parameters that have a prior together. A block:
#
#   type    "sd": a variance, by its standard deviation; "positive": a range or the like;
#           "interval": a correlation; "matrix": an unstructured covariance matrix
#   at      the positions of its values among the parameters of the model
#   first   its first coordinate, and `size` how many it has (posterior-map.R)
#   prior   of its number; of a matrix a list of priors of its standard deviations, with `cor` that
#           of the correlations, or `whole` that of the matrix
#   lower, upper  of an interval

model_prior <- function(prior, model) {
  prior <- prior %||% lmm_prior()
  if (!inherits(prior, "lmm_prior")) abort_argument("prior", prior, "made by lmm_prior()")
  units <- prior_units(model)
  blocks <- prior_blocks(model)
  check_prior_names(prior, model, blocks)
  blocks <- lapply(blocks, block_priors, prior = prior, model = model, units = units)
  sizes <- vapply(blocks, `[[`, 0L, "size")
  for (k in seq_along(blocks)) blocks[[k]]$first <- sum(sizes[seq_len(k - 1L)]) + 1L
  found <- list(blocks = blocks, shares = model_shares(prior, model, blocks, units),
    size = sum(sizes), beta = fixed_priors(prior, model))
  check_posterior_proper(found, model)
  structure(found, class = "model_prior")
}

# Blocks ------------------------------------------------------------------------------------------

prior_blocks <- function(model) {
  parameters <- model$parameters
  group <- interaction(parameters$index, parameters$section, drop = TRUE)
  moving <- is_leading(model)
  blocks <- lapply(unname(split(seq_along(group), group)), function(at) {
    if (any(parameters$kind[at] == "loading")) abort_prior_loading(parameters$term[at[1L]])
    entries <- at[parameters$kind[at] %in% c("variance", "covariance")]
    is_matrix <- any(parameters$kind[entries] == "covariance")
    if (is_matrix) check_whole_matrix(moving[entries], parameters, entries)
    single <- setdiff(at[moving[at]], if (is_matrix) entries)
    c(if (is_matrix && all(moving[entries])) list(matrix_block(entries, parameters)),
      lapply(single, single_block, parameters = parameters))
  })
  lapply(unlist(blocks, recursive = FALSE), function(block) {
    c(block, label = structure_label(block$at[1L], model), term = parameters$term[block$at[1L]])
  })
}

# The name of a whole structure: of a term, or of a section of the residuals.
structure_label <- function(i, model) {
  section <- model$parameters$section[i]
  if (section == 0L) return(model$parameters$term[i])
  model$design$residual$sections[[section]]$label %||% "residual"
}

# Parameters that are neither held nor follow another one.
is_leading <- function(model) {
  asked <- model$asked
  lead <- asked$constraints$lead %||% seq_along(model$parameters$name)
  held <- model$parameters$name %in% names(asked$hold)
  lead == seq_along(lead) & !held & !lead %in% lead[held]
}

check_whole_matrix <- function(moving, parameters, at) {
  t <- max(parameters$row[at])
  whole <- length(at) == t * (t + 1L) / 2L && (all(moving) || !any(moving))
  if (!whole) abort_prior_partial(parameters$term[at[1L]])
}

matrix_block <- function(at, parameters) {
  t <- max(parameters$row[at])
  list(type = "matrix", at = at, t = t, size = as.integer(t * (t + 1L) / 2L),
    row = parameters$row[at], col = parameters$col[at])
}

single_block <- function(i, parameters) {
  type <- switch(parameters$kind[i], variance = , specific = "sd", correlation = "interval",
    range = , smoothness = "positive", abort_prior_kind(parameters$name[i], parameters$kind[i]))
  list(type = type, at = i, size = 1L)
}

# Names -------------------------------------------------------------------------------------------

check_prior_names <- function(prior, model, blocks) {
  known <- known_prior_names(model, blocks)
  named <- c(names(prior)[names(prior) != ""],
    unlist(lapply(unname(Filter(function(p) p$family == "shares", prior)),
      function(p) names(p$alpha))))
  unknown <- setdiff(named, known)
  covariance <- model$parameters$name[model$parameters$kind == "covariance"]
  if (any(unknown %in% covariance)) {
    name <- unknown[unknown %in% covariance][1L]
    abort_prior_covariance(name, model$parameters$term[match(name, model$parameters$name)])
  }
  if (length(unknown) > 0L) abort_prior_name(unknown, known)
}

known_prior_names <- function(model, blocks) {
  at <- unlist(lapply(blocks, `[[`, "at"))
  parameters <- model$parameters
  matrices <- vapply(Filter(function(b) b$type == "matrix", blocks), `[[`, "", "label")
  labels <- vapply(blocks, `[[`, "", "label")
  unique(c(parameters$name[at[parameters$kind[at] != "covariance"]], labels, parameters$term[at],
    if (length(matrices) > 0L) paste0(matrices, ".cor"), model$design$fixed$names,
    if (length(model$design$fixed$names) > 0L) "beta"))
}

# The prior of block k, named or by default. The nearest name wins: of the parameter, then of its
# term.
block_priors <- function(block, prior, model, units) {
  name <- model$parameters$name[block$at]
  if (block$type == "matrix") return(matrix_priors(block, prior, name, units))
  found <- prior[[name]] %||% whole_prior(prior, block) %||% default_prior(block, units[block$at])
  block$prior <- filled_prior(found, units[block$at])
  check_prior_kind(block$prior, block$type, name)
  if (block$type == "interval") {
    block$lower <- if (block$prior$family == "beta") block$prior$lower else -1
    block$upper <- if (block$prior$family == "beta") block$prior$upper else 1
    if (block$lower < -1 || block$upper > 1) abort_prior_range(name, block$prior)
  }
  block
}

whole_prior <- function(prior, block) prior[[block$label]] %||% prior[[block$term]]

default_prior <- function(block, unit) {
  switch(block$type, sd = half_t(3), interval = uniform(-1, 1), positive = log_normal(log(unit), 1))
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
  if (type == "sd" && prior$family == "beta" && prior$lower < 0) abort_prior_range(name, prior)
}

matrix_priors <- function(block, prior, name, units) {
  whole <- whole_prior(prior, block)
  diagonal <- block$row == block$col
  if (!is.null(whole) && whole$family == "inverse_wishart") {
    if (nrow(whole$V) != block$t) abort_prior_size(block$label, nrow(whole$V), block$t)
    block$whole <- whole
    return(block)
  }
  block$cor <- prior[[paste0(block$label, ".cor")]] %||% prior[[paste0(block$term, ".cor")]] %||%
    lkj(2)
  if (!block$cor$family %in% c("lkj", if (block$t == 2L) "beta")) {
    abort_prior_fits(paste0(block$label, ".cor"), block$cor$family, "matrix")
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
