# Pictures of random terms: curves of spl(), surfaces of spl2(), the biplot of fa and rr. Each has
# its numbers in a data frame, made here; plot-spline-draw.R draws them.

term_plots <- c("spline", "surface", "biplot")

term_plot_data <- function(fit, type, term) {
  switch(type, spline = curve_data(fit, term), surface = surface_data(fit, term),
    biplot = biplot_data(fit, term))
}

# The fitted terms of one kind; chosen: the one of that label, or the first.
spline_terms_of <- function(fit, kind) {
  which(vapply(fit$random, function(term) {
    is_spline_term(term) && spline_name(term$group$members$basis) == kind
  }, NA))
}

chosen_spline <- function(fit, type, kind, term) {
  known <- spline_terms_of(fit, kind)
  if (length(known) == 0L) abort_no_spline(type, kind)
  if (is.null(term)) return(known[1L])
  labels <- term_labels(fit)[known]
  if (!is.character(term) || length(term) != 1L || !term %in% labels) {
    abort_term("term", term, labels)
  }
  known[match(term, labels)]
}

# Curves -------------------------------------------------------------------------------------------

# Expected response along the variable of a spline, with its standard error: the fixed part averaged
# over the levels of other factors, plus the splines of that variable. With `by` or a group there is
# a curve for each level.
curve_data <- function(fit, term, points = 101L) {
  k <- chosen_spline(fit, "spline", "spl", term)
  members <- fit$random[[k]]$group$members
  variable <- all.vars(str2lang(members$coordinates))
  if (length(variable) != 1L) abort_spline_variable(members$coordinates)
  group <- fit$random[[k]]$group$variables
  own <- c(by_column(members$by), vapply(group, deparse_one, ""))
  data <- plotted_columns(fit)
  values <- curve_grid(fit, data, variable, own, points)
  grid <- expand.grid(values, KEEP.OUT.ATTRS = FALSE, stringsAsFactors = FALSE)
  if (nrow(grid) > 1e5) abort_size("The grid of the curve", nrow(grid), 1e5, "Use predict().",
    "points")
  included <- curve_terms(fit, k)
  cells <- interaction(grid[c(variable, own)], drop = TRUE)
  first <- match(levels(cells), cells)
  average <- Matrix::sparseMatrix(as.integer(cells), seq_along(cells),
    x = (1 / tabulate(cells))[as.integer(cells)])
  found <- averaged_prediction(fit, new_rows(fit, grid, included, FALSE, "mean"), included, average)
  line <- curve_names(grid, own)
  curve <- data.frame(curve = line[first], x = grid[[variable]][first], fit = found$fit,
    se = found$se)
  curve <- curve[order(match(curve$curve, unique(line)), curve$x), ]
  row.names(curve) <- NULL
  records <- data.frame(x = data[[variable]], y = frame_response(fit$frame))
  structure(curve, records = records, variable = variable,
    response = deparse_one(fit$parts$response), own = toString(own),
    title = curve_title(fit$random[[k]]))
}

# The column whose levels have curves: of at(env, "A") that of the factor.
by_column <- function(by) {
  if (is_call_to(by, "at")) by <- by[[2L]]
  if (!is.null(by)) deparse_one(by)
}

# A name for each row: its levels of the factors that the curves belong to.
curve_names <- function(data, own) {
  if (length(own) == 0L) return(rep.int("all", nrow(data)))
  do.call(paste, c(lapply(data[own], as.character), list(sep = ":")))
}

curve_title <- function(term) {
  by <- term$group$members$by
  curve <- sub("spl.", "Spline of ", term$label, fixed = TRUE)
  if (is.null(by)) return(curve)
  paste("Spline of", term$group$members$coordinates, "by", deparse_one(by))
}

# By record: the variables of the fixed part, and the columns of the frame.
plotted_columns <- function(fit) {
  names <- fixed_names(fit)
  c(variable_columns(fit, stats::setNames(names, names)), as.list(fit$frame))
}

fixed_names <- function(fit) setdiff(all.vars(fit$parts$fixed[[3L]]), "pi")

# All levels of a factor, the mean of a covariate.
plain_values <- function(x) if (is_factor_like(x)) column_codes(x)$levels else mean(x)

curve_grid <- function(fit, data, variable, own, points) {
  ends <- range(data[[variable]])
  others <- setdiff(fixed_names(fit), c(variable, own))
  c(
    stats::setNames(list(seq(ends[1L], ends[2L], length.out = points)), variable),
    lapply(data[own], function(x) if (is_factor_like(x)) plain_values(x) else sort(unique(x))),
    lapply(data[others], plain_values)
  )
}

# The spline itself, the others of its variable that are for all records, and its fellows of `by`.
curve_terms <- function(fit, k) {
  same <- function(term) {
    own <- fit$random[[k]]$group
    other <- term$group
    if (!identical(other$members$coordinates, own$members$coordinates)) return(FALSE)
    ungrouped <- length(other$variables) == 0L && is.null(other$members$by)
    ungrouped || identical(other$variables, own$variables) &&
      identical(other$members$by, own$members$by)
  }
  known <- spline_terms_of(fit, "spl")
  known[vapply(fit$random[known], same, NA)]
}

# A (x) of the predictions of rows, with standard errors.
averaged_prediction <- function(fit, rows, included, average) {
  X <- average %*% rows$X
  beta <- fit$fixed$estimate
  beta[is.na(beta)] <- 0
  Z <- lapply(rows$Z, function(Z) average %*% Z)
  value <- as.vector(X %*% beta)
  for (k in included) value <- value + as.vector(Z[[k]] %*% as.vector(fit$random[[k]]$effects))
  averaged <- list(X = X, Z = Z, added = rows$added, partial = TRUE)
  list(fit = value, se = row_errors(fit, averaged, included))
}

# Surfaces -----------------------------------------------------------------------------------------

# The trend over the two coordinates, bilinear and smooth part, as the deviation from its mean.
# Other variables of the fixed part stay where they are: they shift the whole surface.
surface_data <- function(fit, term, points = 60L) {
  chosen <- chosen_spline(fit, "surface", "spl2", term)
  members <- fit$random[[chosen]]$group$members
  included <- spline_terms_of(fit, "spl2")
  included <- included[vapply(fit$random[included], function(term) {
    identical(term$group$members$basis, members$basis) &&
      identical(term$group$members$by, members$by)
  }, NA)]
  variables <- vapply(members$coordinates, function(x) all.vars(str2lang(x))[1L], "")
  data <- plotted_columns(fit)
  by <- by_column(members$by)
  others <- setdiff(fixed_names(fit), c(variables, by))
  values <- c(
    lapply(data[variables], surface_positions, points), lapply(data[by], plain_values),
    lapply(data[others], function(x) plain_values(x)[1L])
  )
  grid <- expand.grid(values, KEEP.OUT.ATTRS = FALSE, stringsAsFactors = FALSE)
  trend <- row_predictions(fit, new_rows(fit, grid, included, FALSE, "mean"), included)
  level <- if (is.null(by)) rep.int("all", nrow(grid)) else as.character(grid[[by]])
  surface <- data.frame(level = level, x = grid[[variables[1L]]], y = grid[[variables[2L]]],
    trend = trend - stats::ave(trend, level))
  structure(surface, variables = variables, title = "Trend")
}

# The positions of the plots where they are few, else equal steps.
surface_positions <- function(x, points) {
  distinct <- sort(unique(x))
  if (length(distinct) >= points / 2 && length(distinct) <= 3L * points) return(distinct)
  seq(distinct[1L], distinct[length(distinct)], length.out = points)
}

# Biplot -------------------------------------------------------------------------------------------

# Loadings on the first two principal axes, and the scores of the levels beside them. The arrows are
# lengthened by one factor, the attribute `scale`, so that both fill the picture.
biplot_data <- function(fit, term) {
  found <- loadings_of(fit, term, scores = TRUE)
  if (ncol(found$loadings) < 2L) abort_biplot()
  loadings <- found$loadings[, 1:2]
  scores <- found$scores[, 1:2]
  reach <- function(x) max(sqrt(rowSums(x^2)))
  scale <- if (reach(loadings) > 0) reach(scores) / reach(loadings) else 1
  data <- data.frame(
    kind = rep(c("loading", "score"), c(nrow(loadings), nrow(scores))),
    label = c(short_names(fit, rownames(loadings)), rownames(scores)),
    x = c(loadings[, 1L] * scale, scores[, 1L]), y = c(loadings[, 2L] * scale, scores[, 2L])
  )
  row.names(data) <- NULL
  percent <- formatC(100 * found$overall[1:2], format = "f", digits = 0L)
  share <- paste0("Factor ", 1:2, " (", percent, " %)")
  structure(data, axes = share, scale = scale,
    title = paste("Loadings and scores of", term_labels(fit)[loading_term(fit, term)]))
}
