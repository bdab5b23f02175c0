// SPDX-License-Identifier: GPL-3.0-or-later
// Where else a search may begin: the best of many points that are spread over the parameters. Of
// few records the likelihood has maxima that no rule tells beforehand.
#pragma once

#include <vector>

#include "core/reml/trials.h"

namespace henderson::reml {

// The `most` best of `n_points` points around `start`: variances over three orders of magnitude,
// correlations and ranges over theirs, matrices of any rank. The same points each time. Cost: a
// factorisation for each point. Throws Interrupted.
std::vector<likelihood::Parameters> surveyed_starts(Trials& trials,
                                                    const likelihood::Parameters& start,
                                                    int n_points, std::size_t most);

}  // namespace henderson::reml
