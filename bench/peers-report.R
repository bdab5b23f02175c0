# The table and the plot of peers.R, from a list of cells.

cells_of <- function(cells, row_name) Filter(function(cell) cell$row == row_name, cells)

# The henderson that ratios are taken to: the fit with two threads, or else with one.
reference <- function(cells) {
  own <- Filter(function(cell) grepl("^henderson", cell$program) && cell$status == "done", cells)
  if (length(own) > 0L) own[[length(own)]] else NULL
}

# The largest relative difference of a variance parameter from henderson's.
difference <- function(cell, own) {
  if (is.null(own) || length(cell$components) != length(own$components)) return("")
  sprintf("%.0e", max(abs(cell$components - own$components) / abs(own$components)))
}

cell_line <- function(cell, own) {
  if (cell$status != "done") {
    return(sprintf("| %s | %s | %s | | | | |", cell$row, cell$program, cell$status))
  }
  ratio <- if (is.null(own)) "" else sprintf("%.3g", cell$seconds / own$seconds)
  memory <- format(round(cell$memory), big.mark = " ")
  sprintf(
    "| %s | %s | %s | %s | %s | %s | %s |",
    cell$row, cell$program, format_time(cell$seconds), ratio,
    memory, if (identical(cell, own)) "" else difference(cell, own), cell$note
  )
}

row_lines <- function(row_name, cells) {
  cells <- cells_of(cells, row_name)
  lines <- vapply(cells, cell_line, "", own = reference(cells))
  if (length(lines) > 1L) lines[-1L] <- sub("^\\| [^|]* ", "| ", lines[-1L])
  lines
}

report_lines <- function(cells) {
  rows <- unique(vapply(cells, `[[`, "", "row"))
  c(
    "| model | program | time | ratio | peak MB | difference | |",
    "|---|---|--:|--:|--:|--:|---|",
    unlist(lapply(rows, row_lines, cells = cells))
  )
}

installed_packages <- function() {
  packages <- unique(vapply(bench_programs, `[[`, "", "package"))
  Filter(function(package) nzchar(system.file(package = package)), c(packages, "Matrix"))
}

time_limits <- function(limits) {
  peers <- if (is.null(limits$time)) "" else paste(", other packages", limits$time, "s")
  paste0("henderson ", limits$own_time, " s", peers)
}

write_report <- function(cells, file, limits, title) {
  report <- c(
    paste("#", Sys.Date(), title), "",
    paste0(machine(installed_packages()), "; commit ", commit()), "",
    paste(
      "Time of the call that fits; ratio to henderson with two threads; peak of the resident size",
      "of",
      "the process during the fit; largest relative difference of a variance parameter from",
      "henderson's. Limits:", time_limits(limits), "and", limits$memory,
      "GiB of address space. Only",
      "programs that can fit the model are shown. See README.md in the folder above."
    ), "",
    report_lines(cells)
  )
  writeLines(report, file)
}

# Time against the number of animals, log-log, a curve for each program.
plot_animals <- function(cells, file) {
  cells <- Filter(function(cell) {
    all_rows[[cell$row]]$kind == "animal" && cell$status == "done"
  }, cells)
  if (length(cells) == 0L) return(invisible())
  points <- data.frame(
    program = vapply(cells, `[[`, "", "program"), seconds = vapply(cells, `[[`, 0, "seconds"),
    animals = vapply(cells, function(cell) all_rows[[cell$row]]$size, 0)
  )
  programs <- intersect(names(bench_programs), points$program)
  own <- grepl("^henderson", programs)
  colours <- grDevices::hcl.colors(max(length(programs), 2L), "Dark 3")
  colours[own] <- "black"
  grDevices::png(file, width = 1400, height = 1000, res = 170)
  on.exit(grDevices::dev.off())
  graphics::par(mar = c(4, 4.5, 2.5, 9.5), las = 1)
  graphics::plot(points$animals, points$seconds,
    type = "n", log = "xy", axes = FALSE, xlab = "animals", ylab = "",
    main = "REML of an animal model: seconds", font.main = 1
  )
  draw_axes(points)
  for (k in seq_along(programs)) {
    curve <- points[points$program == programs[k], ]
    graphics::lines(curve$animals, curve$seconds,
      type = "b", pch = k, col = colours[k], lwd = if (own[k]) 2.5 else 1.5
    )
  }
  graphics::legend("topright",
    inset = c(-0.36, 0), xpd = TRUE, legend = programs, col = colours, pch = seq_along(programs),
    lty = 1, lwd = ifelse(own, 2.5, 1.5), bty = "n", cex = 0.8
  )
}

draw_axes <- function(points) {
  decades <- 10^(floor(log10(min(points$seconds))):ceiling(log10(max(points$seconds))))
  sizes <- unique(points$animals)
  graphics::abline(h = decades, v = sizes, col = "grey90")
  graphics::axis(1, sizes, format(sizes, big.mark = " ", scientific = FALSE, trim = TRUE))
  graphics::axis(2, decades, format(decades, scientific = FALSE, drop0trailing = TRUE, trim = TRUE))
  graphics::box(col = "grey60")
}
