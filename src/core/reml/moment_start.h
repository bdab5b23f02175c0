// SPDX-License-Identifier: GPL-3.0-or-later
// Starting values of factor analytic terms from the data.
#pragma once

#include "core/likelihood/parameters.h"

namespace henderson::reml {

// The start, with the loadings and specific variances of the factor analytic terms for which
// nothing is given or held taken from a moment estimate of Sigma: one scoring step from
// Sigma = v I, v the mean variance of `start`. With s = Z'Py for each coefficient and
// lambda_r = tr(Z_r'P Z_r K) / n_levels, E s_i'K s_j is about n_levels lambda_i lambda_j Sigma_ij
// where i != j. `start` itself where there is no such term, or no likelihood at v I. Cost:
// one score.
likelihood::Parameters moment_start(const equations::MixedModelEquations& equations,
                                    const likelihood::Parameters& start,
                                    const model::VarianceRequest& request, Callbacks& callbacks);

}  // namespace henderson::reml
