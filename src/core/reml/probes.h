// SPDX-License-Identifier: GPL-3.0-or-later
// Where the derivatives are rounding, as beside a residual variance of nearly zero, the likelihood
// itself tells whether there is a way up.
#pragma once

#include "core/reml/trials.h"

namespace henderson::reml {

// The best of the points that lie up to a step of 1 from `at`, along each coordinate and each
// eigenvector of the Hessian, and of those on the way of a process to a random walk, where -2l is
// lower than `value` by more than rounding. Cost: 16 factorisations for each coordinate, and 6 for
// each process.
std::optional<likelihood::Evaluation> probed(Trials& trials, const likelihood::Parameters& at,
                                             double value, const Matrix& hessian);

}  // namespace henderson::reml
