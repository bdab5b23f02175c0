# Two growth data sets: how children's jaws grow, and how reaction times grow with lost sleep. Fits
# a line per subject around a population line, prints the summaries and draws the curves.
# Usage: Rscript growth.R [folder]; the pictures growth.png and sleepstudy.png go there.
library(henderson)

# One panel per subject: records, the subject's own line (solid) and the population's line (dashed).
draw_curves <- function(fit, x, y, subject, colour, labels, file) {
  data <- model.frame(fit)
  data$own <- fitted(fit)
  data$population <- predict(fit, newdata = data, random = FALSE)
  panels <- split(seq_len(nrow(data)), data[[subject]])
  columns <- ceiling(sqrt(1.5 * length(panels)))
  rows <- ceiling(length(panels) / columns)
  png(file, width = 150 * columns, height = 150 * rows + 60, res = 110)
  on.exit(dev.off())
  x_range <- range(data[[x]])
  x_range <- x_range + c(-0.08, 0.08) * diff(x_range)
  par(mfrow = c(rows, columns), mar = c(0, 0, 1.3, 0), oma = c(4, 4, 2.5, 1), mgp = c(2, 0.5, 0))
  for (i in seq_along(panels)) {
    records <- panels[[i]][order(data[[x]][panels[[i]]])]
    ink <- colour[names(panels)[i]]
    plot(
      data[records, x], data[records, y],
      xlim = x_range, ylim = range(data[[y]]), pch = 19, cex = 0.7, col = ink,
      xaxt = if (i > length(panels) - columns) "s" else "n",
      yaxt = if (i %% columns == 1) "s" else "n"
    )
    lines(data[records, x], data[records, "population"], lty = 2, col = "grey50")
    lines(data[records, x], data[records, "own"], lwd = 2, col = ink)
    title(names(panels)[i], line = 0.3, cex.main = 0.9, font.main = 1)
  }
  mtext(
    paste0(deparse1(formula(fit)), "   solid: the subject, dashed: the population"),
    outer = TRUE, line = 0.8, cex = 0.8
  )
  mtext(labels[1], side = 1, outer = TRUE, line = 2.3, cex = 0.8)
  mtext(labels[2], side = 2, outer = TRUE, line = 2.3, cex = 0.8)
}

folder <- c(commandArgs(trailingOnly = TRUE), ".")[1]

growth <- lmmfit(distance ~ age * Sex + (1 + age | Subject), data = nlme::Orthodont)
print(summary(growth))
sex_of <- tapply(as.character(nlme::Orthodont$Sex), nlme::Orthodont$Subject, `[`, 1)
sex_colour <- structure(ifelse(sex_of == "Male", "#2166ac", "#b2182b"), names = names(sex_of))
draw_curves(
  growth, "age", "distance", "Subject", sex_colour,
  c("age (years)", "distance from pituitary to jaw (mm)"), file.path(folder, "growth.png")
)
cat("Boys blue, girls red: growth.png\n\n")

if (requireNamespace("lme4", quietly = TRUE)) {
  sleep <- lmmfit(Reaction ~ Days + (1 + Days | Subject), data = lme4::sleepstudy)
  print(summary(sleep))
  one_colour <- structure(rep("#1b7837", 18), names = levels(lme4::sleepstudy$Subject))
  draw_curves(
    sleep, "Days", "Reaction", "Subject", one_colour,
    c("days with little sleep", "reaction time (ms)"), file.path(folder, "sleepstudy.png")
  )
  cat("Reaction times: sleepstudy.png\n")
}
