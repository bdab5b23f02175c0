// SPDX-License-Identifier: GPL-3.0-or-later
// Correlations, ranges and the like of a structure whose variances are zero: the likelihood does
// not know them, so they are where the search left them. But whether zero is the best variance
// depends on them.
#pragma once

#include <vector>

#include "core/likelihood/parameters.h"

namespace henderson::reml {

// Whether numbers of some structure have no part in its Sigma.
bool has_idle_numbers(const model::Model& model, const likelihood::Parameters& end);

// The end with the idle numbers of one structure moved from where they started, by several steps up
// and down, and its variances lifted to this share of sigma. Nothing where there are none.
std::vector<likelihood::Parameters> turned_ends(const model::Model& model,
                                                const likelihood::Parameters& start,
                                                const likelihood::Parameters& end, double share);

}  // namespace henderson::reml
