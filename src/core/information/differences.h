// SPDX-License-Identifier: GPL-3.0-or-later
// Points beside the estimates, for central differences of exact first derivatives.
#pragma once

#include "core/likelihood/parameters.h"

namespace henderson::information {

// One of [theta, log sigma^2] moved by `step`.
likelihood::Parameters shifted(const model::Model& model, const likelihood::Parameters& from,
                               Index parameter, double step);

// A step whose error is of the order of 1e-7. Needs: the average information of this parameter.
double step_for(const model::Model& model, const likelihood::Parameters& parameters,
                Index parameter, double average);

}  // namespace henderson::information
