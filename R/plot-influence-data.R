# The numbers behind the pictures of influence.

influence_types <- c("cooks", "dfbetas", "leverage", "fitted", "outliers")
most_coefficients <- 30L

# The numbers of a picture; `label` is text where a point has a name, else NA.
influence_data <- function(x, type, label) {
  if (type == "dfbetas") return(dfbetas_data(x, label))
  if (type == "cooks") {
    data <- data.frame(number = seq_len(nrow(x$groups)), group = x$groups$group,
      cooks.distance = x$groups$cooks.distance)
    data$label <- labels_of_largest(data$group, data$cooks.distance, label)
    return(structure(data, title = x$label))
  }
  columns <- switch(type, leverage = c("leverage", "standardised", "cooks.distance"),
    fitted = c("fitted", "studentised"), outliers = "standardised")
  data <- data.frame(number = seq_len(nrow(x$records)), x$records[c("record", columns)])
  size <- data[[if (type == "leverage") "cooks.distance" else columns[length(columns)]]]
  data$label <- labels_of_largest(data$record, abs(size), label)
  structure(data, rank = x$rank, limit = bonferroni_limit(sum(!is.na(x$records$standardised))))
}

labels_of_largest <- function(names, size, n) {
  largest <- utils::head(order(-size), n)
  largest <- largest[!is.na(size[largest])]
  replace(rep.int(NA_character_, length(names)), largest, as.character(names[largest]))
}

# A row for each group and coefficient.
dfbetas_data <- function(x, label, most = most_coefficients) {
  d <- x$dfbetas
  if (ncol(d) > most) {
    # Those that some group moves most.
    largest <- apply(abs(d), 2L, function(v) max(v, 0, na.rm = TRUE))
    d <- d[, sort(utils::head(order(-largest), most)), drop = FALSE]
  }
  limit <- 2 / sqrt(nrow(d))
  labels <- vapply(seq_len(ncol(d)), function(j) {
    size <- ifelse(abs(d[, j]) > limit, abs(d[, j]), NA)
    labels_of_largest(rownames(d), size, min(label, 1L))
  }, character(nrow(d)))
  data <- data.frame(
    group = rep.int(rownames(d), ncol(d)),
    coefficient = factor(rep(colnames(d), each = nrow(d)), colnames(d)), dfbetas = as.vector(d),
    label = as.vector(labels)
  )
  structure(data, title = x$label, limit = limit)
}

# Levels of Cook's distance to draw contours at: those of lm() where they are within reach.
cook_levels <- function(data) {
  most <- max(data$cooks.distance, 0, na.rm = TRUE)
  if (most >= 0.5) return(c(0.5, 1)[c(TRUE, most >= 0.8)])
  levels <- pretty(c(0, most), 3L)
  levels[levels > 0 & levels <= 1.3 * most]
}

# Standardised residual at which a record of leverage h has Cook's distance d.
cook_contour <- function(d, h, rank) sqrt(d * rank * (1 - h) / h)

# A row for each point of the upper and the lower branch of each contour, as far as the picture
# goes.
contour_data <- function(data, points = 101L) {
  h <- max(data$leverage, 0, na.rm = TRUE)
  h <- seq(h / 100, min(1.05 * h, 0.999), length.out = points)
  reach <- 1.08 * max(abs(data$standardised), 1, na.rm = TRUE)
  lines <- lapply(cook_levels(data), function(d) {
    r <- cook_contour(d, h, attr(data, "rank"))
    data.frame(level = d, branch = rep(c(1, -1), each = points), leverage = h,
      standardised = ifelse(c(r, r) > reach, NA, c(r, -r)))
  })
  do.call(rbind, lines)
}
