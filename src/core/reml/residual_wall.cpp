// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/residual_wall.h"

#include <algorithm>
#include <cmath>

#include "core/coordinates/boundary.h"

namespace henderson::reml {
namespace {

using coordinates::Box;
using coordinates::FreeSpace;
using likelihood::Parameters;

// Shares of the variance that least squares leave, which is 1 in the units of the model.
constexpr double kSmall = 0.03;
constexpr double kVanishing = 1e-5;
// In units of the wall.
constexpr double kNear = 1e3;
// What the next step may still be expected to gain: far from the optimum a variance is often on its
// way down and comes back.
constexpr double kLittle = 0.5;
// How far the variance falls until the wall is looked at again.
constexpr double kFall = 0.2;
// -2l may still depend on log sigma^2 by so much at the wall.
constexpr double kSlope = 1e-3;

}  // namespace

ResidualWall::ResidualWall(const model::Model& model, const FreeSpace& space)
    : least_(coordinates::least_residual(model)), next_look_(kSmall) {
  if (model.has_structured_residual() || model.residual_held || model.blocks.empty()) return;
  if (space.is_bounded() || !model.copies.empty()) return;
  for (Index j = 0; j < space.size(); ++j) {
    if (space.leads()[j] == model.n_theta) coordinate_ = j;
  }
}

void ResidualWall::remove() {
  coordinate_ = kNone;
  stands_ = false;
}

bool ResidualWall::is_worth_a_look(const Parameters& at, const Vector& gradient, double potential) {
  if (coordinate_ == kNone || stands_ || !(potential < kLittle)) return false;
  if (!(at.residual() < next_look_) || !(at.residual() > least_)) return false;
  if (!(gradient[coordinate_] > 0.0)) return false;
  next_look_ = kFall * at.residual();
  return true;
}

Parameters ResidualWall::at_wall(const Parameters& at) const {
  return {at.theta(), std::log(least_)};
}

bool ResidualWall::was_passed(const Parameters& at) const {
  return coordinate_ != kNone && !stands_ && at.residual() < kVanishing;
}

bool ResidualWall::is_near(const Parameters& at) const {
  return coordinate_ != kNone && at.residual() < std::min(kNear * least_, kVanishing);
}

void ResidualWall::limit(const Parameters& at, Box& box) const {
  if (!stands_) return;
  const double left = std::min(std::log(least_) - at.log_residual(), 0.0);
  box.lower[coordinate_] = std::max(box.lower[coordinate_], left);
}

bool ResidualWall::hides_descent(const Parameters& at, const Vector& gradient) const {
  return stands_ && at.residual() < 2.0 * least_ && gradient[coordinate_] > kSlope;
}

Parameters at_wall_if_as_good(Trials& trials, const ResidualWall& wall, const Parameters& found,
                              double value) {
  const Parameters there = wall.at_wall(found);
  const bool was_scale_free = trials.set_scale_free(false);
  if (trials.as_good(there, value)) return there;
  trials.set_scale_free(was_scale_free);
  return found;
}

}  // namespace henderson::reml
