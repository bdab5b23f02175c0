# ASReml's structures of a distance: the coordinates are arguments there, and addends here.

takes_settings <- function(name) grepl("^mtrn", name)

asreml_distance <- function(x, structure) {
  if (takes_settings(as.character(x[[1L]]))) return(asreml_matern(x))
  if (!all(names(x) %in% "")) refuse_asreml(x, "its arguments are not read")
  at_coordinates(structure, as.list(x)[-1L])
}

at_coordinates <- function(structure, coordinates) {
  call(structure, Reduce(function(a, b) call("+", a, b), coordinates))
}

# mtrn(x, y, phi, nu = 0.5, delta = 1, alpha = 0, lambda = 2): of these a setting that is not
# written is known, a number is where the search begins, and "1.5F" is known (its documentation, of
# release 4: knowledge base of VSN, `matern`). Only the smoothness nu is a parameter of ours.
asreml_matern <- function(x) {
  given <- as.list(x)[-1L]
  named <- names(given) %||% rep.int("", length(given))
  settings <- c("phi", "nu", "delta", "alpha", "lambda")
  if (!all(named %in% c("", settings))) refuse_asreml(x, "its arguments are not read")
  coordinates <- given[named == ""]
  if (!all(vapply(coordinates, is.language, NA)) || length(coordinates) == 0L) {
    refuse_asreml(x, "its settings have no names", "Write {.code mtrn(x, y, nu = 1.5)}.")
  }
  value <- function(name) if (is.null(given[[name]])) NULL else matern_setting(given[[name]], x)
  others <- list(delta = value("delta")$value %||% 1, alpha = value("alpha")$value %||% 0)
  if (!identical(others, list(delta = 1, alpha = 0))) {
    refuse_asreml(x, "its ranges differ by direction",
      "Write {.code exp(x):exp(y)}, or {.fn aexp}.")
  }
  nu <- value("nu") %||% list(value = 0.5, is_known = TRUE)
  metric <- value("lambda")$value %||% 2
  if (metric == 1 && nu$is_known && nu$value == 0.5) return(at_coordinates("iexp", coordinates))
  if (metric != 2) {
    refuse_asreml(x, "of its distances along the sides only {.code nu = 0.5} is had",
      "Write {.fn iexp}, or {.code lambda = 2}.")
  }
  own <- at_coordinates("matern", coordinates)
  if (nu$is_known) own$nu <- nu$value
  own
}

# list(value, is_known) of 1.5, or of "1.5F".
matern_setting <- function(given, x) {
  known <- is.character(given) && grepl("F$", given)
  value <- suppressWarnings(as.numeric(sub("[FPU]$", "", if (is.language(given)) NA else given)))
  if (length(value) != 1L || is.na(value)) refuse_asreml(x, "a setting of it is no number")
  list(value = value, is_known = known)
}
