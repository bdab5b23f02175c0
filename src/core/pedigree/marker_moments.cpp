// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pedigree/marker_moments.h"

#include <algorithm>
#include <cmath>

namespace henderson::pedigree {

MarkerMoments marker_moments(Index n, const Vector& centre, const linalg::ColumnSource& source,
                             Callbacks& callbacks) {
  constexpr Index kBlock = 64;  // markers at a time
  MarkerMoments found{Vector(centre.size()), Vector(centre.size())};
  Matrix block(n, std::min(kBlock, centre.size()));
  for (Index first = 0; first < centre.size(); first += kBlock) {
    callbacks.stop_if_interrupted();
    const Index width = std::min(kBlock, centre.size() - first);
    source(first, block.leftCols(width));
    for (Index c = 0; c < width; ++c) {
      const double middle = centre[first + c];
      const auto coded =
          block.col(c).unaryExpr([=](double g) { return std::isnan(g) ? 0.0 : g - middle; });
      found.sum[first + c] = coded.sum();
      found.squares[first + c] = coded.squaredNorm();
    }
  }
  return found;
}

}  // namespace henderson::pedigree
