# Blocks of variance parameters that have a prior together. A block:
#
#   type    "sd": a variance, by its standard deviation; "positive": a range or the like;
#           "interval": a correlation or coefficient; "region": several of them, which have a region
#           together; "matrix": an unstructured covariance matrix; "loadings" of factors
#   at      the positions of its values among the parameters of the model
#   first   its first coordinate, and `size` how many it has (posterior-map.R)
#   region  of an interval or a region (covstruct-regions.R)
#   row, col, t  of a matrix, `band` how far below the diagonal it has entries; row, col of
#           loadings, col the factor

# The parameters of the model with the row and column of each in the covariance matrix or the
# loadings of its structure, of a product in those of its first factor.
placed_parameters <- function(model) {
  parameters <- model$parameters
  for (at in structure_groups(parameters)) {
    values <- recipe_values(structure_recipe(at[1L], model))
    placed <- values$kind %in% c("variance", "covariance", "specific", "loading")
    parameters$row[at] <- ifelse(placed, values$row, NA_integer_)
    parameters$col[at] <- ifelse(placed, values$col, NA_integer_)
  }
  parameters
}

prior_blocks <- function(model) {
  parameters <- model$parameters
  moving <- is_leading(model)
  blocks <- lapply(structure_groups(parameters), function(at) {
    regions <- moving_regions(at, moving, model)
    entries <- at[parameters$kind[at] %in% c("variance", "covariance")]
    is_matrix <- any(parameters$kind[entries] == "covariance")
    if (is_matrix) check_whole_matrix(moving[entries], parameters$term[at[1L]])
    loadings <- loadings_blocks(at[parameters$kind[at] == "loading"], moving, parameters)
    together <- c(if (is_matrix) entries, at[parameters$kind[at] == "loading"],
      unlist(lapply(regions, `[[`, "at")))
    single <- setdiff(at[moving[at]], together)
    own <- c(lapply(single, single_block, parameters = parameters), regions, loadings)
    c(if (is_matrix && all(moving[entries])) list(matrix_block(entries, parameters)),
      own[order(vapply(own, function(block) block$at[1L], 0L))])
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

check_whole_matrix <- function(moving, label) {
  if (any(moving) && !all(moving)) abort_prior_partial(label)
}

matrix_block <- function(at, parameters) {
  row <- parameters$row[at]
  col <- parameters$col[at]
  list(type = "matrix", at = at, t = max(row), size = length(at), row = row, col = col,
    band = max(row - col))
}

# None where there are none that move.
loadings_blocks <- function(at, moving, parameters) {
  if (!any(moving[at])) return(list())
  if (!all(moving[at])) abort_prior_loadings_partial(parameters$term[at[1L]])
  list(list(type = "loadings", at = at, size = length(at), row = parameters$row[at],
    col = parameters$col[at]))
}

single_block <- function(i, parameters) {
  type <- switch(parameters$kind[i], variance = , specific = "sd",
    range = , smoothness = "positive",
    abort_prior_kind(parameters$name[i], parameters$kind[i]))
  list(type = type, at = i, size = 1L)
}

# The regions of the correlations of a structure whose parameters are these, as blocks. Where some
# of a region are held or tied the others move between the ends of its box.
moving_regions <- function(at, moving, model) {
  regions <- correlation_regions(structure_recipe(at[1L], model))
  blocks <- lapply(regions, function(region) {
    own <- at[region$at]
    if (region$size == 1L) return(list(region_block("interval", own, region))[moving[own]])
    if (all(moving[own])) return(list(region_block("region", own, region)))
    box <- c(interval_region(-region$box, region$box), is_part = TRUE)
    lapply(own[moving[own]], region_block, type = "interval", region = box)
  })
  unlist(blocks, recursive = FALSE)
}

region_block <- function(type, at, region) {
  list(type = type, at = at, size = length(at), region = region)
}

has_matrix <- function(block) block$type == "matrix" || isTRUE(block$region$is_matrix)

# The priors of single numbers that a block has, and their positions among the parameters.
number_priors <- function(block) {
  switch(block$type, matrix = block$prior, region = , loadings = list(), list(block$prior))
}

number_places <- function(block) {
  switch(block$type, matrix = block$at[block$row == block$col], region = , loadings = integer(),
    block$at)
}
