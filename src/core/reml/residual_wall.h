// SPDX-License-Identifier: GPL-3.0-or-later
// A least residual variance for a search whose residual variance goes to zero beside random terms
// that leave it nothing. In log sigma^2 such a search would take a step of about 1 each iteration
// for ever, and the equations lose digits on the way.
#pragma once

#include "core/coordinates/free_space.h"
#include "core/reml/trials.h"

namespace henderson::reml {

// What -2l may lose where the residual variance is left at the wall: less than it tells.
inline constexpr double kWallLoss = 1e-3;

class ResidualWall {
 public:
  // Without independent residuals of a free variance, without random terms, or where values are
  // tied or bounded, there is never a wall.
  ResidualWall(const model::Model& model, const coordinates::FreeSpace& space);

  bool stands() const { return stands_; }
  void build() { stands_ = true; }
  // For good.
  void remove();

  // Little is left to gain but that the residual variance is small and wants to fall: the point at
  // the wall may be better. Asked again only after it has fallen further.
  bool is_worth_a_look(const likelihood::Parameters& at, const Vector& gradient, double potential);
  likelihood::Parameters at_wall(const likelihood::Parameters& at) const;

  // The search ended below the wall, or about there without having met it.
  bool was_passed(const likelihood::Parameters& at) const;

  // It ended beside the wall, where the likelihood tells no difference.
  bool is_near(const likelihood::Parameters& at) const;

  // No step goes below the wall. Distances from `at`.
  void limit(const likelihood::Parameters& at, coordinates::Box& box) const;

  // The search is at the wall and would gain beyond it for ever: the random effects fit the
  // response exactly.
  bool hides_descent(const likelihood::Parameters& at, const Vector& gradient) const;

 private:
  double least_;
  Index coordinate_ = kNone;  // of log sigma^2
  bool stands_ = false;
  double next_look_;
};

// The point at the wall, from then on with a sigma^2 that is a parameter like the others, where it
// is as good as `found`, whose -2l is `value`. Cost: a factorisation.
likelihood::Parameters at_wall_if_as_good(Trials& trials, const ResidualWall& wall,
                                          const likelihood::Parameters& found, double value);

}  // namespace henderson::reml
