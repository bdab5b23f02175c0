#' Levels that are related
#'
#' Inside a formula, `gr(factor, ...)` is a grouping factor whose levels are correlated, as animals
#' of a pedigree or lines with genomic relationships are. The random effects of the term have
#' covariance \eqn{\Sigma \otimes K}{Sigma x K} with \eqn{K} given by one of the arguments. Rows
#' and columns are matched to the levels in the data by name. Levels without records stay in the
#' model and are predicted.
#'
#' @param factor The grouping factor, a column of the data.
#' @param cov Covariance (relationship) matrix of the levels, with row names.
#' @param precision Inverse of the covariance matrix, with row names; best as a sparse matrix.
#' @param pedigree A pedigree by [pedigree()], or a data frame that it takes. Each of its animals is
#'   predicted, with records or without, and so are metafounders. Groups of unknown parents have
#'   fixed effects, see Details.
#' @param ... Several effects of one set of levels, each with a name of its own, in place of
#'   `factor`: in `gr(direct = animal, maternal = dam, pedigree = ped)` a record has the direct
#'   effect of its animal and the maternal effect of its dam. The coefficients of the term are
#'   `direct` and `maternal`, their covariance is 2 x 2. An effect may be the sum over several
#'   levels by [mm()], see Details.
#' @param markers Genotypes of the levels, a matrix as [grm()] takes it, [read_plink()], or the same
#'   by [snp()]: the levels are related by their genomic relationship matrix. With `pedigree` too:
#'   genotypes of some of its animals, see the section on single-step evaluation.
#' @param blend,tune,tau,omega With `pedigree` and `markers`: how genomic relationships are joined
#'   with those of the pedigree, as in [Hinverse()]; `blend` is above 0 and at most 1.
#' @details
#' In `gr(direct = animal, social = mm(mate1, mate2), pedigree = ped)` a record has the direct
#' effect of its animal and the sum of the social (associative, indirect) effects of its mates
#' (Muir 2005; Bijma, Muir & Van Arendonk 2007), with weights by `mm(..., weights = )`. The number
#' of mates may differ: a missing one is a mate less. The covariance of direct and social effects
#' is a parameter, `animal.direct.social`; in groups of n the total breeding value is
#' \eqn{a_D + (n - 1) a_S}{direct + (n - 1) social}. There may be more than two effects, as
#' `gr(direct = animal, maternal = dam, social = mm(mate1, mate2), pedigree = ped)`.
#'
#' A singular `cov` (markers that are fewer than lines, clones, a centred genomic relationship
#' matrix) is used as it is: the levels of a pivoted Cholesky factor of its rank have an inverse,
#' and the other levels are combinations of them. A record whose `dam` is missing is left out, as
#' any record with a missing value is: give an unknown dam a name of its own in the pedigree.
#'
#' Checks of a p-rep or augmented trial for which the relationship matrix has no row have two ways.
#' Fixed: the level of the term is `NA` in their records, which `na_random = "zero"` keeps, and a
#' factor with a level for each check and one for all lines is a fixed effect. Random: they get rows
#' in the matrix, of zeros with the mean of its diagonal where they are related to no line.
#'
#' In a pedigree with groups of unknown parents (`groups` in [pedigree()], without `gamma`) the
#' effect of an animal is \eqn{u^* = Qg + a}{u* = Q g + a}: \eqn{Q} has the shares of the groups in
#' it, see [genetic_groups()], and \eqn{a} the covariance of the pedigree. The effects of groups `g`
#' are fixed: `fixef()` has one for each group (and coefficient of the term), named
#' `animal.group.<group>`. Where the shares of each animal add up to 1 and the model has an
#' intercept, one group is dependent, and `NA`: put the group that others are compared with last.
#' `ranef()`, `reliability()`, `breeding_values()` and `blup_contrasts()` give \eqn{u^*}{u*}.
#' Estimates and likelihood are those of the equations of Quaas & Pollak (1981), whose matrix
#' [Ainverse()] gives.
#' @section Single-step evaluation: `gr(animal, pedigree = ped, markers = M)` relates all animals of
#'   a pedigree, those with a row in `M` by their markers too: the covariance of the term is H,
#'   whose inverse is \eqn{A^{-1} + \tau G^{*-1} - \omega A_{22}^{-1}}{A^-1 + tau Gs^-1 - omega
#'   A22^-1} for the genotyped animals, with Gs as in [Hinverse()]. Estimates are those of
#'   `gr(animal, precision = Hinverse(ped, grm(M)))`, and [marker_effects()] has the effects of the
#'   markers. Frequencies and scale are set by `markers = snp(M, frequency = , method = )`, where a
#'   missing genotype counts as the mean of its marker, and markers that do not vary are left out.
#'
#'   With `lmm_control(solver = "factor")`, or by default of up to 5000 genotyped animals, the
#'   inverse of H is formed, and all answers are there. With `solver = "pcg"`, or by default of more
#'   animals, neither G nor the inverse of H is: of \eqn{u_2 = Za + s_2}{u2 = Za + s2}, the
#'   breeding values of the genotyped animals, the effects \eqn{a}{a} of the markers and the
#'   polygenic parts \eqn{s}{s} are solved for (Fernando et al. 2014; Liu et al. 2014), with
#'   genotypes of two bits, which files of [read_plink()] have and matrices of whole counts are
#'   packed to, and \eqn{A_{22}^{-1}}{A22^-1} by sparse solutions for the ancestors without
#'   genotypes (Stranden et al. 2017). 10^5 animals with 50 000 markers take 1.3 GB. The
#'   preconditioner takes note of families by the exact inverse for a sample of the genotyped
#'   animals. Variances that are not held are estimated by REML by simulation, and [reliability()]
#'   is by simulation, both for `omega = 1`.
#' @return Nothing: it has a meaning only in a formula.
#' @references Fernando, Dekkers & Garrick (2014) Genet. Sel. Evol. 46:50. Liu, Goddard, Reinhardt &
#'   Reents (2014) J. Dairy Sci. 97:5833. Stranden, Matilainen, Aamand & Mantysaari (2017) J. Anim.
#'   Breed. Genet. 134:264. Quaas & Pollak (1981) J. Dairy Sci. 64:1868. Quaas (1988) J. Dairy Sci.
#'   71:1338.
#'   Muir (2005) Genetics 170:1247. Bijma, Muir & Van Arendonk (2007) Genetics 175:277.
#' @seealso [mm()] for several levels whose effects add up.
#' @examples
#' blocks <- levels(nlme::Oats$Block)
#' K <- 0.5^abs(outer(1:6, 1:6, "-"))
#' dimnames(K) <- list(blocks, blocks)
#' lmmfit(yield ~ nitro + (1 | gr(Block, cov = K)), nlme::Oats)
#'
#' # An animal model: calves, their sex and weight gain (Mrode, example 3.1)
#' ped <- pedigree(data.frame(id = 4:8, sire = c(1, 3, 1, 4, 3), dam = c(NA, 2, 2, 5, 6)))
#' calves <- data.frame(
#'   calf = 4:8, sex = c("M", "F", "F", "M", "M"), gain = c(4.5, 2.9, 3.9, 3.5, 5)
#' )
#' fit <- lmmfit(gain ~ sex + (1 | gr(calf, pedigree = ped)), calves,
#'   hold = c(calf = 20, residual = 40))
#' ranef(fit)
#'
#' # Calves in two pens: the direct effect of a calf, and its effect on each of its mates
#' calves$mate1 <- c(5, 4, 7, 6, 6)
#' calves$mate2 <- c(NA, NA, 8, 8, 7)
#' fit <- lmmfit(gain ~ sex + (1 | gr(direct = calf, social = mm(mate1, mate2), pedigree = ped)),
#'   calves, hold = c(calf.direct = 20, calf.direct.social = -2, calf.social = 3, residual = 40))
#' ranef(fit)
#'
#' # Single-step: all lambs by the pedigree, those with genotypes by their markers too
#' fit <- lmmfit(birth ~ sex + (1 | gr(animal, pedigree = flock, markers = lamb_markers)), lambs,
#'   hold = c(animal = 0.4, residual = 0.6))
#' head(marker_effects(fit))
#' @export
gr <- function(factor, cov, precision, pedigree, ..., markers, blend = 0.05, tune = TRUE, tau = 1,
               omega = 1) {
  abort_gr_outside("gr")
}

parse_gr <- function(call) {
  matched <- tryCatch(match.call(gr, call), error = function(e) {
    abort_gr("{.code {deparse_one(call)}} is not understood.",
      "Write {.code gr(factor, cov = K)}, or {.code precision =} for an inverse.")
  })
  given <- as.list(matched)[-1L]
  kind <- names(given) %in% relationship_arguments
  relationship <- parse_relationship(given[kind], "gr")
  roles <- given[!kind]
  if (is.null(given$factor)) return(group_of_roles(roles, relationship))
  near <- nearest_names(names(roles)[length(roles)], relationship_arguments)
  if (length(roles) > 1L && length(near) > 0L) {
    abort_gr("{.code {deparse_one(call)}} has no argument {.arg {names(roles)[length(roles)]}}.",
      did_you_mean(near))
  }
  if (length(roles) > 1L) {
    abort_gr("{.code {deparse_one(call)}} has both a factor and {.code {names(roles)[2L]}}.",
      "Give one factor, or only named ones, as in {.code gr(direct = animal, maternal = dam)}.")
  }
  if (is.null(relationship)) abort_no_relationship()
  group <- parse_role(given$factor)
  group$relationship <- relationship
  group
}

group_of_roles <- function(roles, relationship) {
  if (length(roles) == 0L) {
    abort_gr("no factor is given.", "Write {.code gr(factor, cov = K)}.")
  }
  if (!has_names(roles) || anyDuplicated(names(roles)) ||
        length(roles) < 2L) {
    abort_gr("several effects of one set of levels need different names.",
      "Write {.code gr(direct = animal, maternal = dam, pedigree = ped)}.")
  }
  parsed <- lapply(unname(roles), parse_role)
  new_group(parsed[[1L]]$label, unlist(lapply(parsed, `[[`, "variables"), FALSE), relationship,
    list(names = names(roles), roles = parsed), class = "roles_group")
}

# How a record meets the levels in one role: one of them, or several that add up.
parse_role <- function(x) {
  x <- strip_parentheses(x)
  if (is_call_to(x, "gr")) {
    abort_gr("{.code {deparse_one(x)}} stands within another {.fn gr}.",
      "Write the factor alone, or {.code mm(m1, m2)}.")
  }
  if (!is_call_to(x, "mm")) return(new_group(deparse_one(x), list(x)))
  group <- parse_mm(x)
  if (!is.null(group$relationship)) {
    abort_gr("{.code {deparse_one(x)}} within {.fn gr} has a relationship of its own.",
      "Give it to {.fn gr}: the levels of all effects are the same.")
  }
  group
}
