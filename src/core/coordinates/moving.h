// SPDX-License-Identifier: GPL-3.0-or-later
// The coordinates that can move.
#pragma once

#include "core/coordinates/free_space.h"

namespace henderson::coordinates {

// The directions of the coordinates in which the parameters can move, a column for each: neither at
// a bound nor stopped by the boundary of a structure. They are unit vectors but on surfaces at a
// boundary. And d parameter / d direction.
struct Moving {
  Matrix directions;
  Matrix jacobian;
};

Moving moving_directions(const model::Model& model, const FreeSpace& space,
                         const likelihood::Parameters& parameters);

}  // namespace henderson::coordinates
