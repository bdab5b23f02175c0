// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/matern_table.h"

#include <algorithm>
#include <cmath>

namespace henderson::covariance {
namespace {

constexpr double kWidth = 0.125;
// Beyond, the correlation is zero in double precision.
constexpr double kFarthest = 745.0;

}  // namespace

MaternTable::MaternTable(const MaternCorrelation& correlation, double least, double largest)
    : first_(std::log(least)) {
  const double last = std::log(std::min(largest, kFarthest));
  const int n = std::max(1, static_cast<int>(std::floor((last - first_) / kWidth)) + 1);
  pieces_.reserve(static_cast<std::size_t>(n));
  for (int k = 0; k < n; ++k) pieces_.push_back(make_piece(correlation, first_ + k * kWidth));
}

// Interpolation at the Chebyshev points: coefficient j is 2 / n times the sum over the points of
// f cos(j angle), half of that for j = 0.
MaternTable::Piece MaternTable::make_piece(const MaternCorrelation& correlation,
                                           double first) const {
  Piece piece{};
  for (int i = 0; i < kNodes; ++i) {
    const double angle = M_PI * (i + 0.5) / kNodes;
    const MaternValue f = correlation(std::exp(first + 0.5 * kWidth * (1.0 + std::cos(angle))));
    for (int j = 0; j < kNodes; ++j) {
      const double weight = (j == 0 ? 1.0 : 2.0) / kNodes * std::cos(j * angle);
      piece[j][0] += weight * f.value;
      piece[j][1] += weight * f.fall;
      piece[j][2] += weight * f.nu;
    }
  }
  return piece;
}

// Clenshaw's recurrence, for the three together.
MaternSlopes MaternTable::operator()(double x) const {
  if (!(x < kFarthest)) return {0.0, 0.0, 0.0};
  const double place = (std::log(x) - first_) / kWidth;
  const int last = static_cast<int>(pieces_.size()) - 1;
  const int k = std::clamp(static_cast<int>(place), 0, last);
  const double t = 2.0 * (place - k) - 1.0;
  const Piece& c = pieces_[static_cast<std::size_t>(k)];
  double b[3] = {0.0, 0.0, 0.0}, above[3] = {0.0, 0.0, 0.0};
  for (int j = kNodes - 1; j > 0; --j) {
    for (int i = 0; i < 3; ++i) {
      const double next = c[j][i] + 2.0 * t * b[i] - above[i];
      above[i] = b[i];
      b[i] = next;
    }
  }
  return {c[0][0] + t * b[0] - above[0], c[0][1] + t * b[1] - above[1],
          c[0][2] + t * b[2] - above[2]};
}

}  // namespace henderson::covariance
