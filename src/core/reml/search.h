// SPDX-License-Identifier: GPL-3.0-or-later
// One search from one start: Newton steps with the average information in a trust region.
#pragma once

#include "core/reml/result.h"

namespace henderson::reml {

// When a residual variance that goes to zero is stopped (ResidualWall).
enum class Wall { where_it_is_met, from_the_beginning };

// Nothing where C is not positive definite at the start. Throws InvalidSpec where the residual
// variance goes to zero, Interrupted. Cost per iteration: see maximise().
std::optional<RemlResult> search(const equations::MixedModelEquations& equations,
                                 const likelihood::Parameters& start, const RemlOptions& options,
                                 Callbacks& callbacks, Wall wall = Wall::where_it_is_met);

}  // namespace henderson::reml
