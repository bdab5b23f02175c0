# Relationships of single-step evaluation: gr(animal, pedigree = , markers = ), all animals of a
# pedigree with genotypes of some. H is never formed where the equations are solved without a
# factor.

# What related_levels() gives of a pedigree (`known`), with the markers of some of its animals.
with_markers <- function(known, relationship, ped, env) {
  if (is.data.frame(ped)) ped <- quietly(pedigree(ped))
  check_takes_markers(ped, deparse_one(relationship$matrix))
  settings <- single_step_settings(relationship$settings, env)
  markers <- step_markers(given_value(relationship$markers, "markers", env))
  known$spec <- single_step_spec(ped, markers, settings)
  known
}

given_value <- function(expression, kind, env) {
  tryCatch(eval(expression, env), error = function(e) {
    abort_relationship_value(e, expression, kind, env)
  })
}

check_takes_markers <- function(ped, name) {
  if (fixed_groups(ped)) {
    abort_gr("{.code {name}} has groups of unknown parents, whose effects are fixed.",
      "With markers give {.arg gamma} (metafounders), or leave {.arg groups} out.", "pedigree")
  }
  determined <- determined_rows(ped)
  if (length(determined) > 0L) {
    abort_gr(paste("{.val {ped$id[determined]}} of {.code {name}}",
      "{cli::qty(length(determined))}{?is/are} determined by the parents."),
      "Leave {cli::qty(length(determined))}{?it/them} out of the pedigree.", "pedigree")
  }
}

step_markers <- function(M) {
  markers <- snp(M)
  if (markers$method == "dominance") {
    abort_gr("single-step relationships are additive, not {.code method = \"dominance\"}.",
      "Use {.code snp(M, method = \"VanRaden1\")}.", "markers")
  }
  if (is.null(rownames(markers$M))) {
    abort_gr("the genotypes have no row names.",
      "Set them with {.fn rownames}: animals are matched to the pedigree by name.", "markers")
  }
  markers
}

# list(blend, tune, tau, omega), as Hinverse() has them.
single_step_settings <- function(given, env) {
  settings <- list(blend = 0.05, tune = TRUE, tau = 1, omega = 1)
  settings[names(given)] <- lapply(names(given), function(what) {
    given_value(given[[what]], what, env)
  })
  blend <- settings$blend
  if (!is.numeric(blend) || length(blend) != 1L || is.na(blend) || blend < 0 || blend > 1) {
    abort_argument("blend", blend, "above 0 and at most 1")
  }
  if (blend == 0) abort_no_polygenic()
  check_flag(settings$tune, "tune")
  for (weight in c("tau", "omega")) check_weight(settings[[weight]], weight)
  if (settings$tau == 0) abort_argument("tau", 0, "above 0")
  settings
}

# u_2 = Z a + s_2 with a ~ N(0, I): what the columns of Z are multiplied with, the entry of one more
# that all animals have alike, and the share of A22 in the variance of s_2.
single_step_spec <- function(ped, markers, settings) {
  rows <- find_animals(ped, rownames(markers$M), "markers")
  p <- markers$frequency[markers$used]
  spec <- list(
    type = "single_step", descent = unclass(ped)[intersect(rule_fields, names(ped))],
    genotyped = rows, genotypes = marker_source(markers$M), columns = markers$used,
    centre = markers$ploidy * p, markers = markers, source = ped, settings = settings
  )
  moments <- marker_moments(markers$M, spec$columns, spec$centre)
  unit <- marker_units(markers)
  of_a <- relationship_means(ped, rows)
  of_g <- list(mean = sum((moments$sum / unit)^2) / length(rows)^2,
    diagonal = sum(moments$squares / unit^2) / length(rows))
  scaling <- tuning_of(lapply(of_g, `/`, markers$divisor), of_a, settings)
  w <- settings$blend
  spec$scale <- sqrt(scaling$slope * (1 - w) / (settings$tau * markers$divisor)) / unit
  spec$constant <- sqrt(scaling$shift / settings$tau)
  spec$polygenic <- scaling$slope * w / settings$tau
  spec$omega <- settings$omega
  spec$diagonal <- 1 + ped$inbreeding
  spec
}

# list(shift, slope): G becomes shift + slope (G blended with A22), as Hinverse() tunes it.
tuning_of <- function(g, a, settings) {
  if (!settings$tune || settings$blend == 1) return(list(shift = 0, slope = 1))
  blended <- Map(function(g, a) (1 - settings$blend) * g + settings$blend * a, g, a)
  slope <- (a$diagonal - a$mean) / (blended$diagonal - blended$mean)
  if (!is.finite(slope) || slope <= 0) abort_untunable()
  shift <- a$mean - slope * blended$mean
  # Of frequencies of these animals G has a mean of 0 but for rounding.
  if (shift < -1e-10) abort_negative_shift(shift)
  list(shift = max(shift, 0), slope = slope)
}

# H^-1 as a matrix ---------------------------------------------------------------------------------

# What a term with such a relationship becomes where a factor is made.
formed_relationship <- function(spec) {
  list(type = "precision", precision = as_dgc(formed_inverse(spec)), markers = spec$markers,
    single_step = spec[c("source", "genotyped", "settings", "scale")])
}

formed_inverse <- function(spec) {
  settings <- spec$settings
  ped <- spec$source
  animals <- ped$id[spec$genotyped]
  if (settings$blend == 1) {
    return(Hinverse(ped, Amatrix(ped, animals), 0, FALSE, settings$tau, settings$omega))
  }
  G <- grm_of(spec$markers)$G
  dimnames(G) <- list(animals, animals)
  Hinverse(ped, G, settings$blend, settings$tune, settings$tau, settings$omega)
}

is_single_step <- function(relationship) relationship$type == "single_step"

# Models and solvers -------------------------------------------------------------------------------

# Genotyped animals up to which H^-1 is formed unless conjugate gradients are asked for: a minute.
most_formed <- 5000L

has_operators <- function(model) any(vapply(model$spec$random, is_step_term, NA))

is_step_term <- function(term) is_single_step(term$relationship)

n_genotyped <- function(model) {
  of_terms <- vapply(Filter(is_step_term, model$spec$random), function(term) {
    length(term$relationship$genotyped)
  }, 0L)
  max(of_terms)
}

# The model with each H^-1 formed.
with_formed_relationships <- function(model) {
  for (k in which(vapply(model$spec$random, is_step_term, NA))) {
    formed <- formed_relationship(model$spec$random[[k]]$relationship)
    model$spec$random[[k]]$relationship <- formed
    model$design$random[[k]]$relationship <- formed
  }
  model
}
