# How a pedigree is shown: print, summary, plot.

#' @rdname pedigree
#' @param n Number of animals to print.
#' @param ... Nothing more: what is not an argument is an error.
#' @method print henderson_pedigree
#' @export
print.henderson_pedigree <- function(x, n = 10L, ...) {
  check_unused(...)
  size <- length(animal_rows(x))
  cat("Pedigree of ", format(size, big.mark = ","), " animals", sep = "")
  if (x$n_groups > 0L) {
    kind <- if (is.null(x$gamma)) "groups of unknown parents" else "metafounders"
    cat(", ", x$n_groups, " ", kind, sep = "")
  }
  if (x$dam_weight == 0.25) cat(" (sires and maternal grandsires)")
  cat("\n")
  if (has_lines(x)) cat("Of them ", line_counts(x), "\n", sep = "")
  first <- utils::head(animal_rows(x), n)
  shown <- named_rows(x, first)
  shown$inbreeding <- signif(shown$inbreeding, 4L)
  print(shown, row.names = FALSE)
  if (size > n) cat("and ", format(size - n, big.mark = ","), " more\n", sep = "")
  invisible(x)
}

# How many lines there are of which kind.
line_counts <- function(ped) {
  kinds <- table(factor(line_kinds(ped), line_names))
  kinds <- kinds[kinds > 0L]
  paste(kinds, names(kinds), collapse = ", ")
}

#' @rdname pedigree
#' @method summary henderson_pedigree
#' @return `summary()`: counts of animals, founders, sires, dams, generations, and the mean and the
#'   largest inbreeding.
#' @export
summary.henderson_pedigree <- function(object, ...) {
  check_unused(...)
  rows <- animal_rows(object)
  known <- function(x) x[rows] > object$n_groups
  inbred <- object$inbreeding[rows]
  structure(
    list(
      animals = length(rows), founders = sum(!known(object$sire) & !known(object$dam)),
      one_parent = sum(known(object$sire) != known(object$dam)),
      sires = length(setdiff(object$sire[rows], 0:object$n_groups)),
      dams = length(setdiff(object$dam[rows], 0:object$n_groups)),
      generations = max(object$generation) + 1L, groups = object$groups,
      inbred = sum(inbred > 1e-12), mean_inbreeding = mean(inbred), max_inbreeding = max(inbred),
      most_inbred = object$id[rows][which.max(inbred)],
      lines = if (has_lines(object)) line_counts(object)
    ),
    class = "summary.henderson_pedigree"
  )
}

#' @method print summary.henderson_pedigree
#' @export
print.summary.henderson_pedigree <- function(x, ...) {
  check_unused(...)
  line <- function(label, value) cat(sprintf("%-22s%s\n", label, value))
  whole <- function(value) format(value, big.mark = ",")
  line("Animals", whole(x$animals))
  line("Founders", whole(x$founders))
  line("One parent known", whole(x$one_parent))
  line("Sires", whole(x$sires))
  line("Dams", whole(x$dams))
  line("Generations", whole(x$generations))
  if (length(x$groups) > 0L) line("Groups", toString(x$groups))
  if (!is.null(x$lines)) line("Lines", x$lines)
  line("Inbred animals", whole(x$inbred))
  line("Mean inbreeding", format(x$mean_inbreeding, digits = 4L))
  who <- if (x$inbred > 0L) paste0(" (", x$most_inbred, ")")
  line("Largest inbreeding", paste0(format(x$max_inbreeding, digits = 4L), who))
  invisible(x)
}

# Plot ---------------------------------------------------------------------------------------------

#' @rdname pedigree
#' @method plot henderson_pedigree
#' @return `plot()`: draws a small pedigree, founders at the top, lines from sires in blue and from
#'   dams in red; gives the places of the animals, invisibly. `ggplot2::autoplot()` draws the same
#'   with a key.
#' @export
plot.henderson_pedigree <- function(x, ...) {
  places <- pedigree_places(x)
  old <- graphics::par(mar = c(1, 1, 2, 1))
  on.exit(graphics::par(old))
  graphics::plot(places$x, places$y, type = "n", axes = FALSE, xlab = "", ylab = "",
    xlim = range(places$x) + c(-0.5, 0.5), ylim = range(places$y) + c(-0.3, 0.3), ...)
  lines <- pedigree_lines(x, places)
  graphics::segments(lines$x, lines$y, lines$xend, lines$yend, col = parent_colours()[lines$from])
  graphics::text(places$x, places$y, x$id, cex = 0.8)
  invisible(places)
}

#' @rdname pedigree
#' @rawNamespace S3method(ggplot2::autoplot, henderson_pedigree)
autoplot.henderson_pedigree <- function(object, ...) {
  check_unused(...)
  aes <- ggplot2::aes
  .data <- ggplot2::.data
  places <- pedigree_places(object)
  crowded <- max(tabulate(object$generation + 1L))
  look_ggplot(places, aes(.data[["x"]], .data[["y"]])) +
    ggplot2::geom_segment(aes(xend = .data[["xend"]], yend = .data[["yend"]],
      colour = .data[["from"]]), pedigree_lines(object, places), linewidth = 0.4) +
    ggplot2::geom_text(aes(label = .data[["id"]]), size = max(1.5, min(2.8, 30 / crowded))) +
    ggplot2::scale_colour_manual(values = parent_colours(), limits = names(parent_colours()),
      name = NULL) +
    ggplot2::scale_x_continuous(expand = ggplot2::expansion(add = 0.5)) +
    ggplot2::scale_y_continuous(breaks = unique(places$y), labels = function(y) -y,
      expand = ggplot2::expansion(add = 0.3)) +
    ggplot2::labs(x = NULL, y = "Generation") + ggplot2::theme(
      panel.grid.major = ggplot2::element_blank(), axis.text.x = ggplot2::element_blank(),
      axis.ticks = ggplot2::element_blank()
    )
}

parent_colours <- function() c(sire = cold, dam = accent)

# A line from each known parent to its child.
pedigree_lines <- function(ped, places) {
  do.call(rbind, lapply(names(parent_colours()), function(side) {
    child <- which(ped[[side]] > 0L)
    parent <- ped[[side]][child]
    data.frame(from = rep.int(side, length(child)), x = places$x[parent],
      y = places$y[parent] - 0.12, xend = places$x[child], yend = places$y[child] + 0.12)
  }))
}

# Of no more animals than can be read.
# A row for each generation; within it animals stand below their parents, families together.
pedigree_places <- function(ped) {
  if (length(ped$id) > 200L) abort_size("`plot()`", length(ped$id), 200L, "Use `prune()` first.",
    "animals")
  place <- numeric(length(ped$id))
  widest <- max(tabulate(ped$generation + 1L))
  for (g in seq.int(0L, max(ped$generation))) {
    rows <- which(ped$generation == g)
    wanted <- vapply(rows, function(i) {
      parents <- setdiff(c(ped$sire[i], ped$dam[i]), 0L)
      if (length(parents) == 0L) 0 else mean(place[parents])
    }, 0)
    rows <- rows[order(wanted, rows)]
    place[rows] <- (seq_along(rows) - (length(rows) + 1) / 2) * widest / length(rows)
  }
  data.frame(id = ped$id, x = place, y = -ped$generation)
}
