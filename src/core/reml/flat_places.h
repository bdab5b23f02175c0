// SPDX-License-Identifier: GPL-3.0-or-later
// A gradient of zero where the likelihood is flat is no optimum: a range so short that no two
// records are correlated, a correlation of zero between records that are an even number of steps
// apart. There the derivatives do not tell the way, and points at some distance are tried.
#pragma once

#include "core/reml/trials.h"

namespace henderson::reml {

// Of the coordinates that are correlations, ranges and the like, those are flat in which gradient
// and Hessian vanish. The best of the points tried along them, where -2l is lower than `value` by
// more than rounding. Cost: some 15 factorisations for each coordinate that is flat.
std::optional<likelihood::Evaluation> beyond_flat_place(Trials& trials,
                                                        const likelihood::Parameters& at,
                                                        double value, const Vector& gradient,
                                                        const Matrix& hessian);

}  // namespace henderson::reml
