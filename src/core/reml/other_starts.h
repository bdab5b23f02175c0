// SPDX-License-Identifier: GPL-3.0-or-later
// Where a search begins again that stalled, or that ended where terms are singular: such a face may
// hold a local maximum, or lead up through a saddle alone. And where it begins besides, with few
// records: their likelihood often has several maxima.
#pragma once

#include <vector>

#include "core/likelihood/parameters.h"

namespace henderson::reml {

// The end with its small standard deviations lifted to a share of sigma (of a search that has
// converged one share alone), and last the end with singular terms of several coefficients replaced
// by sigma^2 I, which forgets the directions in which they are singular.
std::vector<likelihood::Parameters> other_starts(const model::Model& model,
                                                 const likelihood::Parameters& end, bool was_done);

// The start with nearly all of its variance in one block of random effects, for each of the first
// six, and in the residual; and on the scale of records of little weight, where that is another.
// Nothing where there are no random effects.
std::vector<likelihood::Parameters> corner_starts(const model::Model& model,
                                                  const likelihood::Parameters& start);

// Standard deviations, correlations, ranges and the like of structures that have several, all moved
// up or down from the start.
std::vector<likelihood::Parameters> scattered_starts(const model::Model& model,
                                                     const likelihood::Parameters& start);

// Structured residuals with high, no and alternating correlations of neighbours, and with small
// ones that fall slowly.
std::vector<likelihood::Parameters> residual_starts(const model::Model& model,
                                                    const likelihood::Parameters& start);

// Structures of fewer columns than coefficients, with all of their variance in one coefficient, for
// each of the first six, and with loadings of the same size but of other signs: their likelihood
// has several maxima.
std::vector<likelihood::Parameters> loading_starts(const model::Model& model,
                                                   const likelihood::Parameters& start);

}  // namespace henderson::reml
