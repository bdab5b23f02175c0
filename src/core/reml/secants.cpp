// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/secants.h"

#include <utility>

namespace henderson::reml {
namespace {

constexpr std::size_t kMostPairs = 12;
// Least curvature along a step, as a share of that of the Hessian before the update.
constexpr double kLeastCurvature = 1e-3;

}  // namespace

void Secants::add(Vector step, Vector change) {
  pairs_.push_back({std::move(step), std::move(change)});
  if (pairs_.size() > kMostPairs) pairs_.pop_front();
}

Matrix Secants::updated(const Matrix& hessian) const {
  return updated(hessian, Matrix::Identity(hessian.rows(), hessian.rows()));
}

Matrix Secants::updated(const Matrix& hessian, const Matrix& tangent) const {
  Matrix h = hessian;
  for (const Pair& pair : pairs_) {
    const Vector step = tangent.transpose() * pair.step;
    const Vector change = tangent.transpose() * pair.change;
    const Vector hs = h * step;
    const double before = step.dot(hs);
    const double curvature = step.dot(change);
    if (!(before > 0.0) || !(curvature > kLeastCurvature * before)) continue;
    h += change * change.transpose() / curvature - hs * hs.transpose() / before;
  }
  return h;
}

}  // namespace henderson::reml
