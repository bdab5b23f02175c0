# What the benchmarks share: options of the command line, memory of the process, how time, machine
# and commit are written, and pictures of growth.

# The value of --name=value.
option <- function(arguments, name, default) {
  given <- grep(paste0("^--", name, "="), arguments, value = TRUE)
  if (length(given) == 1L) sub("^[^=]*=", "", given) else default
}

memory_mb <- function(field) {
  status <- tryCatch(readLines("/proc/self/status"), error = function(e) character())
  line <- grep(paste0("^", field, ":"), status, value = TRUE)
  if (length(line) == 1L) as.numeric(gsub("[^0-9]", "", line)) / 1024 else NA_real_
}

# The largest resident size is counted from here on, where the system lets us.
reset_peak <- function() {
  try(suppressWarnings(cat("5", file = "/proc/self/clear_refs")), silent = TRUE)
}

format_time <- function(x) ifelse(x < 1, sprintf("%.1f ms", 1000 * x), sprintf("%.2f s", x))

# R, packages, BLAS and processor, in one line.
machine <- function(packages) {
  cpu <- tryCatch(readLines("/proc/cpuinfo"), error = function(e) character())
  cpu <- sub(".*: ", "", grep("^model name", cpu, value = TRUE))[1L]
  versions <- vapply(packages, function(package) {
    paste(package, utils::packageVersion(package))
  }, "")
  paste0(
    R.version.string, "; ", paste(versions, collapse = ", "),
    "; BLAS ", basename(utils::sessionInfo()$BLAS), "; ", parallel::detectCores(), " cores, ", cpu
  )
}

# The commit of the tree, or "work" where the tree has changes other than results.
commit <- function() {
  id <- suppressWarnings(system2(
    "git", c("rev-parse", "--short", "HEAD"),
    stdout = TRUE, stderr = FALSE
  ))
  changed <- suppressWarnings(system2(
    "git", c("status", "--porcelain", "--", ":/", shQuote(":(top,exclude)bench/results")),
    stdout = TRUE, stderr = FALSE
  ))
  if (length(id) == 1L && length(changed) == 0L) id else "work"
}

# Seconds by size, a line for each kind, both axes by powers of ten. `data`: size, seconds, kind.
growth_picture <- function(data, size, file) {
  power <- function(x) parse(text = paste0("10^", log10(x)))
  span <- function(x) 10^seq(floor(log10(min(x))), ceiling(log10(max(x))))
  picture <- ggplot2::ggplot(data, ggplot2::aes(.data$size, .data$seconds, colour = .data$kind)) +
    ggplot2::geom_line() + ggplot2::geom_point() +
    ggplot2::scale_x_log10(size, breaks = span(data$size), labels = power) +
    ggplot2::scale_y_log10("seconds", breaks = span(data$seconds), labels = power) +
    ggplot2::scale_colour_brewer(NULL, palette = "Dark2") +
    ggplot2::theme_minimal() + ggplot2::theme(panel.grid.minor = ggplot2::element_blank())
  ggplot2::ggsave(file, picture, width = 5.5, height = 3.5, dpi = 110, bg = "white")
}
