# Pictures of structured residuals. Each has its numbers in a data frame, made here, and is drawn by
# plot() and autoplot().

residual_plots <- c("correlation", "autocorrelation", "variogram", "profiles", "field")

residual_plot_data <- function(fit, type, term) {
  if (type == "correlation") {
    k <- correlation_term(fit, term)
    if (k > 0L) return(term_correlation_data(fit, k))
  }
  if (has_iid_residual(fit)) abort_no_structure(type)
  residual <- fit_residual(fit)
  k <- chosen_section(residual, term)
  section <- residual$sections[[k]]
  data <- switch(type,
    correlation = correlation_data(fit, section, k),
    autocorrelation = , variogram = autocorrelation_data(fit, section, k),
    field = field_data(fit, section)
  )
  attr(data, "title") <- section_title(section,
    if (type == "correlation") "Correlations of residuals" else "Residuals")
  data
}

section_title <- function(section, of = "Residuals") {
  part <- sub("^residual[.]?", "", section$label)
  paste0(of, if (nzchar(part)) paste(" of", part), " (", section$name, ")")
}

chosen_section <- function(residual, term) {
  labels <- vapply(residual$sections, `[[`, "", "label")
  if (is.null(term)) return(1L)
  if (!is.character(term) || !term[1L] %in% labels) abort_section(term, labels)
  match(term[1L], labels)
}

correlation_data <- function(fit, section, k, limit = 100L) {
  n <- length(section$coefs)
  if (n > limit) {
    abort_size("plot(type = \"correlation\")", n, limit, "Use {.code type = \"autocorrelation\"}.",
      "positions")
  }
  correlation_cells(section_covariance(section, k, fit$parameters), section$coefs)
}

# Mean products and half the mean squared differences of standardised residuals of pairs of records
# of a subject, by lag, beside the correlation that the structure gives them. Of a field by row and
# by column.
autocorrelation_data <- function(fit, section, k) {
  e <- unname(e_of(fit, "pearson"))[section$records]
  if (is.null(section$grid)) {
    pairs <- pairs_within(section$subject, section$position)
    return(lag_table(fit, section, k, e, pairs, lag_of(section, pairs), "all"))
  }
  names <- section$structure$labels
  tables <- lapply(seq_along(names), function(m) {
    others <- section$grid$positions[-m]
    line <- Reduce(function(a, b) a * (max(b) + 1) + b, others, as.double(section$subject))
    pairs <- pairs_within(match(line, unique(line)), section$grid$positions[[m]], most = 12L)
    lag_table(fit, section, k, e, pairs, pairs$lag, names[m])
  })
  do.call(rbind, tables)
}

# Residuals by record of the fit, not padded for records left out.
e_of <- function(fit, type) {
  e <- frame_response(fit$frame) - fit$fitted
  if (type == "pearson") e / record_sd(fit) else e
}

# Pairs first < second of the same subject, at most `most` positions apart.
pairs_within <- function(subject, position, most = Inf) {
  order <- order(subject, position)
  n <- length(order)
  found <- list()
  for (step in seq_len(n - 1L)) {
    a <- order[seq_len(n - step)]
    b <- order[seq.int(step + 1L, n)]
    kept <- subject[a] == subject[b]
    if (!any(kept)) break
    kept <- kept & position[b] - position[a] <= most
    found[[step]] <- list(a = a[kept], b = b[kept])
    if (is.finite(most) && step >= most) break
  }
  pairs <- list(a = unlist(lapply(found, `[[`, "a")), b = unlist(lapply(found, `[[`, "b")))
  c(pairs, list(lag = abs(position[pairs$b] - position[pairs$a])))
}

# Distances of coordinates; differences of labels that are numbers; else of positions.
lag_of <- function(section, pairs) {
  at <- section$structure$coordinates
  if (nrow(at) == 0L) {
    labels <- as_numbers(section$coefs)
    if (is.null(labels)) return(pairs$lag)
    at <- matrix(labels)
  }
  p <- section$position
  sqrt(rowSums((at[p[pairs$a], , drop = FALSE] - at[p[pairs$b], , drop = FALSE])^2))
}

lag_table <- function(fit, section, k, e, pairs, lag, direction, classes = 15L) {
  if (length(lag) == 0L) return(NULL)
  p <- section$position
  values <- fit$parameters$estimate
  covariance <- covariance_between(section, k, fit$parameters, values, p[pairs$a], p[pairs$b])
  variance <- section_variances(section, k, fit$parameters)
  fitted <- covariance / sqrt(variance[p[pairs$a]] * variance[p[pairs$b]])
  lag <- signif(lag, 12L)
  class <- if (length(unique(lag)) <= classes) match(lag, sort(unique(lag))) else
    as.integer(cut(lag, classes))
  mean_of <- function(x) as.vector(tapply(x, class, mean))
  a <- e[pairs$a]
  b <- e[pairs$b]
  data.frame(
    direction = direction, lag = mean_of(lag),
    sample = mean_of(a * b) / sqrt(mean_of(a^2) * mean_of(b^2)),
    fitted = mean_of(fitted), pairs = as.vector(table(class)), semivariance = mean_of((a - b)^2) / 2
  )
}

# The residual of each plot of the grid, NA where it has no record.
field_data <- function(fit, section) {
  if (length(section$grid$sizes) != 2L) abort_no_field()
  positions <- section$grid$positions
  subjects <- max(section$subject)
  sizes <- section$grid$sizes
  data <- expand.grid(row = seq_len(sizes[1L]), column = seq_len(sizes[2L]),
    subject = seq_len(subjects), KEEP.OUT.ATTRS = FALSE)[c("subject", "row", "column")]
  place <- positions[[1L]] + sizes[1L] * (positions[[2L]] - 1 + sizes[2L] * (section$subject - 1))
  data$residual <- NA_real_
  data$residual[place] <- e_of(fit, "response")[section$records]
  structure(data, axes = section$structure$labels, response = deparse_one(fit$parts$response),
    subjects = subject_names(fit, section))
}

# The levels of the subjects of a section, in their order; numbers where it has none.
subject_names <- function(fit, section) {
  blocks <- fit$parts$residual$blocks
  own <- match(sub("^residual[.]?", "", section$label), names(blocks), nomatch = 1L)
  variables <- blocks[[own]]$subject
  first <- match(seq_len(max(section$subject)), section$subject)
  if (is.null(variables)) return(as.character(seq_along(first)))
  found <- group_codes(list(variables = variables), column_source(fit$frame, fit$contrasts))
  found$levels[found$codes[section$records[first]]]
}
