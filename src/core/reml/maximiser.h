// SPDX-License-Identifier: GPL-3.0-or-later
// REML or ML estimates by a Newton method with the average information, in a trust region.
#pragma once

#include "core/reml/result.h"

namespace henderson::reml {

// Needs: a start whose covariances are valid. A variance that is best at zero ends as exactly zero.
// Cost per iteration: a factorisation, a selected inverse and a block solve; and one more
// factorisation at the end. Throws InvalidSpec where C is not positive definite at the start,
// Interrupted.
RemlResult maximise(const equations::MixedModelEquations& equations,
                    const likelihood::Parameters& start, const RemlOptions& options,
                    Callbacks& callbacks);

}  // namespace henderson::reml
