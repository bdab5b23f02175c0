// SPDX-License-Identifier: GPL-3.0-or-later
// What the last steps tell of a Hessian that is only roughly known.
#pragma once

#include <deque>

#include "core/base/types.h"

namespace henderson::reml {

class Secants {
 public:
  // The search went from x by `step`, and its gradient changed by `change`, in a space in which all
  // points have coordinates.
  void add(Vector step, Vector change);

  // H made to agree with the steps that are kept, H step = change, the newest one last; steps along
  // which the function does not curve upwards are left out. Needs: H symmetric. Cost: a few
  // products of H with a vector for each step. Source: Broyden-Fletcher-Goldfarb-Shanno updates,
  // here of a fresh average information in each iteration instead of a constant matrix (Nocedal
  // 1980, Math Comp 35:773).
  Matrix updated(const Matrix& hessian) const;
  // The same for the H of coordinates at one point: the columns of `tangent` are their directions.
  Matrix updated(const Matrix& hessian, const Matrix& tangent) const;

 private:
  struct Pair {
    Vector step, change;
  };
  std::deque<Pair> pairs_;
};

}  // namespace henderson::reml
