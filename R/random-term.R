# A random term of a design, and what of it crosses to the engine.

new_random_term <- function(term, recipe, structure, levels, incidence, relationship) {
  n_coef <- length(recipe$names)
  list(
    label = term$group$label, group = term$group, coef_names = recipe$names,
    short_names = recipe$short, structure = structure, levels = levels, n_coef = n_coef,
    n_levels = length(levels),
    incidence = incidence, relationship = relationship
  )
}

random_fields <- c(
  "label", "structure", "n_coef", "n_levels", "incidence", "relationship"
)
