# Pictures of structured residuals. Each has its numbers in a data frame, made here, and is drawn by
# plot() and autoplot().

residual_plots <- c("correlation", "autocorrelation", "profiles", "field")

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
    autocorrelation = autocorrelation_data(fit, section, k),
    profiles = profile_data(fit, section), field = field_data(fit, section)
  )
  attr(data, "title") <- section_title(section)
  data
}

section_title <- function(section) {
  paste0(section$label, ": ", section$name)
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

# Mean products of standardised residuals of pairs of records of a subject, by lag, beside the
# correlation that the structure gives them. Of a field by row and by column.
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
    fitted = mean_of(fitted), pairs = as.vector(table(class))
  )
}

profile_data <- function(fit, section, most = 100L) {
  labels <- as_numbers(section$coefs)
  x <- if (is.null(labels) || !is.null(section$grid)) section$position else labels[section$position]
  y <- frame_response(fit$frame)
  data <- data.frame(
    subject = section$subject, x = x, y = y[section$records],
    fitted = fit$fitted[section$records]
  )
  data <- data[data$subject <= most, ]
  data[order(data$subject, data$x), ]
}

field_data <- function(fit, section) {
  if (length(section$grid$sizes) != 2L) abort_no_field()
  positions <- section$grid$positions
  data.frame(
    subject = section$subject, row = positions[[1L]], column = positions[[2L]],
    residual = e_of(fit, "response")[section$records]
  )
}

# Drawing ------------------------------------------------------------------------------------------

draw_residual_plot <- function(data, type, ...) {
  switch(type, correlation = draw_correlation(data, ...), profiles = draw_profiles(data, ...),
    autocorrelation = draw_autocorrelation(data, ...), field = draw_field(data, ...))
}

draw_autocorrelation <- function(data, main = attr(data, "title"), xlab = "Lag",
                                 ylab = "Correlation of residuals", ...) {
  directions <- unique(data$direction)
  colours <- seq_along(directions)
  which <- match(data$direction, directions)
  graphics::plot(data$lag, data$sample, col = which, pch = 19, main = main, xlab = xlab,
    ylab = ylab, ylim = range(data$sample, data$fitted, 0), ...)
  graphics::abline(h = 0, col = "grey50")
  for (k in colours) graphics::lines(data$lag[which == k], data$fitted[which == k], col = k)
  named <- if (length(directions) > 1L) paste(rep(directions, each = 2L)) else ""
  graphics::legend("topright", trimws(paste(named, c("sample", "fitted"))),
    pch = c(19, NA), lty = c(NA, 1), col = rep(colours, each = 2L), bty = "n")
}

draw_profiles <- function(data, main = attr(data, "title"), xlab = "Index", ylab = "Response",
                          ...) {
  graphics::plot(data$x, data$y, type = "n", main = main, xlab = xlab, ylab = ylab, ...)
  for (part in split(data, data$subject)) {
    graphics::lines(part$x, part$y, col = "grey70")
    graphics::lines(part$x, part$fitted, col = "#B2182B80")
  }
  graphics::legend("topleft", c("observed", "fitted"), lty = 1, col = c("grey70", "#B2182B"),
    bty = "n")
}

draw_field <- function(data, main = attr(data, "title"), xlab = "Column", ylab = "Row", ...) {
  first <- data[data$subject == 1L, ]
  surface <- matrix(NA_real_, max(first$column), max(first$row))
  surface[cbind(first$column, first$row)] <- first$residual
  most <- max(abs(first$residual))
  graphics::image(seq_len(nrow(surface)), seq_len(ncol(surface)), surface, zlim = c(-most, most),
    col = diverging(51L), xlab = xlab, ylab = ylab, main = main, ...)
}

# ggplot2 ------------------------------------------------------------------------------------------

residual_ggplot <- function(data, type) {
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  made <- switch(type,
    correlation = ggplot2::ggplot(
      transform(data, row = factor(data$row, rev(levels(data$row)))),
      aes(.data[["column"]], .data[["row"]], fill = .data[["correlation"]])
    ) + ggplot2::geom_tile() + ggplot2::labs(x = NULL, y = NULL) +
      ggplot2::scale_fill_gradient2(limits = c(-1, 1), low = "#2166AC", high = "#B2182B"),
    autocorrelation = ggplot2::ggplot(
      data, aes(.data[["lag"]], .data[["sample"]], colour = .data[["direction"]])
    ) + ggplot2::geom_hline(yintercept = 0, colour = "grey50") + ggplot2::geom_point() +
      ggplot2::geom_line(aes(y = .data[["fitted"]])) +
      ggplot2::labs(x = "Lag", y = "Correlation of residuals"),
    profiles = ggplot2::ggplot(data, aes(.data[["x"]], .data[["y"]], group = .data[["subject"]])) +
      ggplot2::geom_line(colour = "grey70") +
      ggplot2::geom_line(aes(y = .data[["fitted"]]), colour = "#B2182B", alpha = 0.5) +
      ggplot2::labs(x = "Index", y = "Response"),
    field = ggplot2::ggplot(
      data, aes(.data[["column"]], .data[["row"]], fill = .data[["residual"]])
    ) + ggplot2::geom_tile() + ggplot2::scale_fill_gradient2(low = "#2166AC", high = "#B2182B") +
      ggplot2::labs(x = "Column", y = "Row")
  )
  # What there is one of needs no name.
  several <- function(column) length(unique(data[[column]])) > 1L
  if (type == "field" && several("subject")) made <- made + ggplot2::facet_wrap("subject")
  if (type == "autocorrelation" && !several("direction")) {
    made <- made + ggplot2::guides(colour = "none")
  }
  made + ggplot2::ggtitle(attr(data, "title"))
}
