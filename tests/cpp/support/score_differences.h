// SPDX-License-Identifier: GPL-3.0-or-later
// The Hessian of -2l by central differences of the exact score.
#pragma once

#include "core/information/derivatives.h"

namespace henderson::test {

// Over all theta and, without a structured residual, log sigma^2.
Matrix differenced_hessian(equations::MixedModelEquations& equations,
                           const likelihood::Parameters& at);

}  // namespace henderson::test
