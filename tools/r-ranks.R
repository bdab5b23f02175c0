# The ranks of the files of R/, from the lowest. A file may call functions of its own rank and of
# lower ones, and files of one rank do not call each other in a circle: see r-layers.R. A new file
# is listed in the lowest rank that all it calls are in or below; `*` stands for any text.
r_ranks <- list(
  # Expressions, formulas, names, numbers as text, sparse matrices: nothing of models.
  language = c(
    "language.R", "format.R", "grid.R", "sparse.R", "whole-numbers.R", "progress.R", "stream.R",
    "map.R"
  ),
  # What can be wrong, in words, and checks of single arguments.
  conditions = c("conditions.R", "conditions-*.R", "check.R", "document-table.R"),
  # Things that are there before there is a model: covariance structures, codes of factors, bases of
  # curves, pedigrees, settings.
  structures = c(
    "numbers.R", "structures.R", "covstruct.R", "covstruct-names.R",
    "covstruct-recipes.R", "covstruct-parameters.R", "covstruct-matrices.R", "covstruct-own.R",
    "covstruct-regions.R",
    "group.R", "spl.R", "spl2.R", "legendre.R", "at.R", "pedigree.R", "pedigree-columns.R",
    "pedigree-rows.R", "pedigree-lines.R", "read-records.R",
    "relationship.R", "sex-linked.R", "markers.R", "read-plink.R", "grm.R", "snp.R", "control.R",
    "prior.R",
    "prior-wishart.R", "prior-density.R"
  ),
  # Parsed terms: what was written, without data.
  terms = c(
    "term.R", "gr.R", "members.R", "snp-terms.R", "parse-group.R", "residual.R", "spline-terms.R",
    "product-terms.R", "bar-terms.R"
  ),
  # The parts of a model, its one frame, and the design that they make.
  design = c(
    "parts.R", "formula.R", "traits.R", "frame.R", "missing.R", "pooled.R", "cells.R",
    "database-fetch.R", "database-sql.R", "database-terms.R", "database-query.R",
    "database-constants.R", "database-batches.R", "database-frame.R", "database-pure-error.R",
    "level-order.R", "columns.R", "places.R", "product-design.R",
    "member-design.R", "marker-levels.R", "spline-design.R", "bend.R", "covariance-levels.R",
    "single-step.R", "single-step-cost.R", "relationship-levels.R", "covstruct-terms.R",
    "random-term.R", "genetic-groups.R", "metafounders.R", "epistasis.R", "residual-sections.R",
    "design.R", "row-sketch.R"
  ),
  # The list that crosses to the engine, its parameters, and what can be told before a search.
  spec = c(
    "spec.R", "residual-parameters.R", "spline-linear.R", "parameter-values.R", "parameter-names.R",
    "residual-check.R", "tie.R", "constraints.R", "process-range.R", "model.R"
  ),
  # From a spec to estimates.
  estimate = c(
    "likelihood.R", "henderson3.R", "identified.R", "active-bounds.R", "solver.R",
    "estimate.R",
    "posterior-engine.R", "prior-units.R", "prior-proper.R", "prior-blocks.R",
    "prior-model.R", "posterior-matrix.R", "posterior-frame.R", "posterior-loadings.R",
    "posterior-region.R", "posterior-map.R",
    "posterior.R", "posterior-mode.R", "posterior-importance.R",
    "posterior-chains.R", "posterior-hmc.R",
    "posterior-conditional.R", "posterior-gibbs.R", "posterior-sample.R", "posterior-summary.R",
    "posterior-stopping.R", "posterior-estimate.R",
    "bayes-settings.R",
    "residual-bound.R", "residual-ridge.R", "residual-edge.R", "residual-vanishing.R",
    "random-walk.R", "log-linear-edge.R"
  ),
  # The fit: its class, readings that many need, and the engine again near it.
  fit = c(
    "fit.R", "kept-answers.R", "fit-parts.R", "bayes-fit.R", "fit-residual.R", "refit.R",
    "solved-errors.R", "ask.R"
  ),
  # Questions to a fit, and the objects that answer them.
  answers = c(
    "information.R", "ddf-names.R", "moments.R", "subjects.R", "sandwich.R",
    "ddf-by-design.R", "ddf.R", "estimable.R", "linear-functions.R", "contest.R", "anova-terms.R",
    "bayes-functions.R", "bayes-answers.R", "bayes-left-out.R", "bayes-loo.R",
    "anova.R", "boundary-mixture.R", "wald.R", "drop1.R", "anova-table.R", "varcomp.R",
    "variance-functions.R", "group-effects.R", "ranef.R", "long-table.R",
    "level-variances.R", "simulated-errors.R", "reliability.R", "breeding-values.R",
    "marker-effects.R", "genetic-trend.R",
    "effective-dimensions.R", "factor-analytic.R", "variance-by-age.R", "selection-index.R",
    "residual-matrix.R",
    "residual-new.R", "residual-joint.R", "mme.R", "mme-print.R", "predict-rows.R",
    "chosen-terms.R", "simulate.R", "fixed-table.R", "row-variances.R", "predict.R",
    "mean-variables.R", "mean-weights.R", "mean-present.R", "mean-grid.R", "mean-rows.R",
    "mean-moments.R",
    "mean-adjust.R", "mean-print.R", "mean-contrasts.R", "mean-tables.R", "marginal-means.R",
    "interval-scale.R",
    "profile-points.R", "profile-functions.R", "profile.R", "profile-intervals.R", "vpredict.R",
    "variance-shares.R", "heritability.R", "confint.R", "projection.R", "deletion.R",
    "influence.R", "influence-print.R",
    "outlier-test.R", "scan-place.R", "scan-statistics.R"
  ),
  # Generics of R and of other packages, printing, plots.
  methods = c(
    "methods.R", "fit-text.R", "print.R", "summary.R", "bayes-methods.R", "tidy.R", "tidy-bayes.R",
    "tidy-parameters.R",
    "interop-*.R",
    "plot.R", "plot-*.R", "pedigree-print.R", "database-methods.R", "database-augment.R"
  ),
  # What a user calls first: more than one step of those above, or more than one fit.
  doors = c(
    "lmmfit.R", "estimate-cost.R", "foreign-call.R", "foreign-nlme.R", "foreign-asreml.R",
    "foreign-asreml-*.R", "foreign-sommer.R", "foreign-control.R", "in-henderson.R", "in-asreml.R",
    "update.R", "refit-response.R", "two-stage.R", "two-stage-*.R", "compare.R", "compare-*.R",
    "many.R", "many-fits.R", "many-print.R", "power.R", "power-design.R", "power-plot.R",
    "impute.R", "impute-reference.R", "rebuilt.R", "scan.R", "scan-fits.R",
    "scan-print.R", "cross-validate.R", "cross-validate-folds.R", "cross-validate-print.R",
    "zzz.R", "data.R", "databases.R", "henderson-package.R"
  )
)

# The only R files that may call functions of the engine (`*_cpp`).
engine_callers <- c(
  "ask.R", "columns.R", "fit.R", "henderson3.R", "likelihood.R", "markers.R",
  "parameter-values.R",
  "pedigree.R", "posterior-engine.R", "refit.R", "relationship.R", "simulated-errors.R",
  "solved-errors.R", "solver.R", "two-stage-fit.R"
)
