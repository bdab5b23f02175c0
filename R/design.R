# The design of a model: recipes of columns, with names, for the fixed part and each random term,
# and the sections of the residual.

model_design <- function(parts, frame, contrasts = NULL) {
  source <- column_source(frame, contrasts)
  terms <- one_sided_terms(parts$fixed)
  response <- deparse_one(parts$response)
  if (response %in% rownames(attr(terms, "factors"))) abort_response_right(response)
  fixed <- column_recipe(terms, source)
  random <- lapply(parts$random, random_recipe, source, environment(parts$formula))
  unused <- setdiff(names(contrasts), names(source$used_contrasts))
  if (length(unused) > 0L) warn_contrasts_absent(unused, names(frame))
  random <- unique_labels(random)
  design <- list(
    fixed = with_group_effects(fixed, random, nrow(frame)), random = random,
    contrasts = source$used_contrasts,
    residual = residual_design(parts$residual, source)
  )
  design_over_pooled(design, pooled_records(frame))
}

# Random terms -------------------------------------------------------------------------------------

random_recipe <- function(term, source, env) {
  recipe <- term_coefficients(term, source)
  label <- term$group$label
  if (length(recipe$names) == 0L) {
    abort_bar(call("|", term$coefs, as.name(label)), "it has no coefficients",
      "Write {.code (1 | group)} or {.code (0 + x | group)}.")
  }
  found <- group_members(term$group, source)
  tell_own_members(term$group, found, source)
  relationship <- list(type = "identity")
  known <- related_levels(term$group, found, source, env)
  if (!is.null(known)) {
    place <- match_levels(found, known)
    found <- list(codes = lapply(found$codes, function(x) place[x]), levels = known$levels)
    relationship <- known$spec
  }
  incidence <- member_incidence(term$group, found$codes, recipe, source)
  recipe$short <- member_coefficients(term$group, short_names_of(recipe))
  recipe$names <- member_coefficients(term$group, recipe$names)
  structure <- term_structure(term, recipe, env)
  new_random_term(term, recipe, structure, found$levels, incidence, relationship)
}

# Coefficients by their levels alone, where these tell them apart.
short_names_of <- function(recipe) {
  short <- recipe$short
  if (is.null(short) || anyDuplicated(short)) recipe$names else short
}

# Terms with and without a relationship on the same factor must not share names: the unrelated one
# gets the suffix .iid, a second relationship the name of its matrix.
unique_labels <- function(random) {
  related <- vapply(random, function(term) term$relationship$type != "identity", NA)
  labels <- vapply(random, `[[`, "", "label")
  for (k in seq_along(random)) {
    if (!related[k] && labels[k] %in% labels[related]) {
      random[[k]]$label <- paste0(labels[k], ".iid")
    } else if (related[k] && labels[k] %in% labels[related & seq_along(labels) < k]) {
      matrix <- random[[k]]$group$relationship$matrix
      random[[k]]$label <- paste(labels[k], deparse_one(matrix), sep = ".")
    }
  }
  random
}
