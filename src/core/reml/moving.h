// SPDX-License-Identifier: GPL-3.0-or-later
// Derivatives in the coordinates of the search, and the coordinates that can move.
#pragma once

#include "core/reml/free_space.h"

namespace henderson::reml {

// The same in the coordinates: J'g, J'(information)J and J'(curvature)J + sum_i g_i d2 parameter_i.
Derivatives reduced(const FreeSpace& space, const Parameters& parameters, const Derivatives& found);

// The directions of the coordinates in which the parameters can move, a column for each: neither at
// a bound nor stopped by the boundary of a structure. They are unit vectors but on surfaces at a
// boundary. And d parameter / d direction.
struct Moving {
  Matrix directions;
  Matrix jacobian;
};

Moving moving_directions(const model::Model& model, const FreeSpace& space,
                         const Parameters& parameters);

}  // namespace henderson::reml
