// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/reduced.h"

namespace henderson::information {

Derivatives reduced(const coordinates::FreeSpace& space, const likelihood::Parameters& parameters,
                    const Derivatives& found) {
  const Matrix j = space.jacobian(parameters);
  Derivatives own;
  own.gradient = j.transpose() * found.gradient;
  own.information = j.transpose() * found.information * j;
  own.curvature = j.transpose() * found.curvature * j;
  own.has_block_curvature = found.has_block_curvature;
  own.has_residual_curvature = found.has_residual_curvature;
  own.curvature += space.bend(parameters, found.gradient);
  return own;
}

}  // namespace henderson::information
