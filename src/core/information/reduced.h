// SPDX-License-Identifier: GPL-3.0-or-later
// Derivatives in the coordinates of the search.
#pragma once

#include "core/coordinates/free_space.h"
#include "core/information/derivatives.h"

namespace henderson::information {

// The same in the coordinates: J'g, J'(information)J and J'(curvature)J + sum_i g_i d2 parameter_i.
Derivatives reduced(const coordinates::FreeSpace& space, const likelihood::Parameters& parameters,
                    const Derivatives& found);

}  // namespace henderson::information
