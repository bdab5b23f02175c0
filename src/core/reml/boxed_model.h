// SPDX-License-Identifier: GPL-3.0-or-later
// A quadratic model of a function inside a box. Without finite limits it is the QuadraticModel.
//
// A coordinate at a limit whose gradient points out of the box stays there (Karush, Kuhn and
// Tucker); the others are free.
#pragma once

#include <optional>
#include <vector>

#include "core/reml/trust_region.h"

namespace henderson::reml {

class BoxedModel {
 public:
  // lower <= 0 and upper >= 0: how far a step may go.
  BoxedModel(Vector gradient, Matrix hessian, Vector lower, Vector upper);

  // A step inside the box and the ball, with the value of the model below that at 0. The minimum of
  // the free coordinates in the ball; those that leave the box stop at its wall, and the others are
  // minimised again; one that presses away from its wall is released. Cost: as many
  // eigen-decompositions as walls are met and left.
  Vector minimum(double radius) const;
  double decrease(const Vector& step) const;
  // What the free coordinates could gain at most.
  double potential() const;

 private:
  QuadraticModel on(const std::vector<Index>& free, const Vector& fixed) const;
  Vector projected_gradient(double radius) const;
  Index worst_stopped(const std::vector<Index>& moving, const Vector& step, double radius) const;

  std::optional<QuadraticModel> whole_;  // without finite limits
  Vector gradient_;
  Matrix hessian_;
  Vector lower_;
  Vector upper_;
  std::vector<Index> free_;
};

}  // namespace henderson::reml
