# Response and fitted values of each subject along a covariate.

# At most so many subjects are drawn.
most_profiles <- 100L

# A row for each record: subject, x, y, fitted, group. Of structured residuals the subjects and the
# index are theirs; else they are those of the first random term with a slope, or, if there is none,
# of the first random term, along the first covariate of the fixed part.
profile_data <- function(fit, term) {
  data <- if (has_iid_residual(fit)) regression_profiles(fit, term) else
    residual_profiles(fit, term)
  axis <- attr(data, "axis")
  data$y <- frame_response(fit$frame)[data$record]
  data$fitted <- fit$fitted[data$record]
  group <- profile_group(fit, data)
  data$group <- if (is.null(group)) factor(rep.int("", nrow(data))) else
    droplevels(as.factor(fit$frame[[group]])[data$record])
  kept <- unlist(lapply(split(data$subject, data$group), function(own) {
    utils::head(unique(own), ceiling(most_profiles / nlevels(data$group)))
  }))
  data <- data[data$subject %in% kept, c("subject", "x", "y", "fitted", "group")]
  structure(data[order(data$subject, data$x), ], axis = axis, group = group,
    response = deparse_one(fit$parts$response))
}

residual_profiles <- function(fit, term) {
  residual <- fit_residual(fit)
  sections <- residual$sections
  if (!is.null(term)) sections <- sections[chosen_section(residual, term)]
  shift <- 0L
  parts <- lapply(sections, function(section) {
    labels <- as_numbers(section$coefs)
    x <- if (is.null(labels) || !is.null(section$grid)) section$position else
      labels[section$position]
    part <- data.frame(record = section$records, subject = shift + section$subject, x = x)
    shift <<- shift + max(section$subject)
    part
  })
  index <- unique(unlist(lapply(fit$parts$residual$blocks, function(block) {
    vapply(block$factors, function(factor) deparse_one(factor$index), "")
  })))
  structure(do.call(rbind, parts), axis = paste(index, collapse = ":"))
}

regression_profiles <- function(fit, term) {
  axis <- profile_covariate(fit)
  known <- vapply(fit$parts$random, function(term) {
    is_single(term$group) && !is_spline_term(term)
  }, NA)
  if (is.null(axis) || !any(known)) abort_no_profiles()
  slopes <- which(known & vapply(fit$random, function(term) term$n_coef > 1L, NA))
  k <- if (is.null(term)) c(slopes, which(known))[1L] else find_term(fit, term)
  codes <- group_codes(fit$parts$random[[k]]$group, column_source(fit$frame, fit$contrasts))$codes
  data <- data.frame(record = seq_len(fit$n), subject = codes, x = as.double(fit$frame[[axis]]))
  structure(data[!is.na(codes), ], axis = axis)
}

profile_covariate <- function(fit) {
  names <- intersect(fixed_names(fit), names(fit$frame))
  numbers <- vapply(fit$frame[names], function(x) is.numeric(x) && !is.matrix(x), NA)
  if (any(numbers)) names[numbers][1L]
}

# The first factor of the fixed part that is constant within subjects.
profile_group <- function(fit, data) {
  names <- intersect(fixed_names(fit), names(fit$frame))
  for (name in names[vapply(fit$frame[names], is_factor_like, NA)]) {
    codes <- as.integer(factor(fit$frame[[name]][data$record]))
    if (anyNA(codes) || length(unique(codes)) < 2L) next
    if (all(tapply(codes, data$subject, function(own) all(own == own[1L])))) return(name)
  }
  NULL
}
