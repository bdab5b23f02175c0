# The logo: the pattern of a small factor of the mixed model equations in a hexagon.
#   Rscript data-raw/logo.R
angles <- seq(pi / 6, 2 * pi, by = pi / 3)

draw_logo <- function() {
  graphics::par(mar = c(0, 0, 0, 0), bg = NA)
  graphics::plot.new()
  graphics::plot.window(c(-0.87, 0.87), c(-1, 1), asp = 1, xaxs = "i", yaxs = "i")
  graphics::polygon(0.985 * cos(angles), 0.985 * sin(angles), col = "#12355B", border = "#E0A030",
    lwd = 6)
  set.seed(8, kind = "Mersenne-Twister")
  n <- 9
  size <- 0.095
  # Effects with few neighbours, and the last ones, which everything meets.
  filled <- lower.tri(diag(n), diag = TRUE) & (outer(seq_len(n), seq_len(n), "==") |
    row(diag(n)) > n - 2 | matrix(stats::runif(n * n) < 0.15, n))
  place <- which(filled, arr.ind = TRUE)
  colour <- ifelse(place[, 1] == place[, 2], "#E0A030",
    ifelse(place[, 1] > n - 2, "#F3F1EA", "#7FB2D9"))
  x <- (place[, 2] - (n + 1) / 2) * size
  y <- 0.16 - (place[, 1] - (n + 1) / 2) * size
  half <- 0.42 * size
  graphics::rect(x - half, y - half, x + half, y + half, col = colour, border = NA)
  graphics::text(0, -0.47, "henderson", col = "#F3F1EA", cex = 2.1, font = 2)
}

grDevices::png("man/figures/logo.png", width = 240, height = 277, bg = "transparent",
  type = "cairo")
draw_logo()
invisible(grDevices::dev.off())
