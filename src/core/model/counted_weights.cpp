// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/counted_weights.h"

#include <algorithm>
#include <vector>

namespace henderson::model {

constexpr double kHeavy = 1e3;

Vector counted_weights(const Vector& weights) {
  if (weights.size() == 0) return weights;
  std::vector<double> sorted(weights.data(), weights.data() + weights.size());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return weights.cwiseMin(kHeavy * *middle);
}

}  // namespace henderson::model
