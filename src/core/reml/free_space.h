// SPDX-License-Identifier: GPL-3.0-or-later
// The space in which the search moves: one coordinate for each parameter of the model that is
// neither held nor tied to another; the parameters are functions of these coordinates
// (followers.h). Bounds of a value are bounds of its coordinate.
#pragma once

#include <optional>
#include <vector>

#include "core/reml/derivatives.h"
#include "core/reml/followers.h"

namespace henderson::reml {

struct Box {
  Vector lower;
  Vector upper;
};

class FreeSpace {
 public:
  // Throws InvalidSpec where a constrained value has no coordinate of its own.
  explicit FreeSpace(const model::Model& model);

  Index size() const { return static_cast<Index>(leads_.size()); }
  // The parameter of the model that coordinate j is.
  const std::vector<Index>& leads() const { return leads_; }
  bool is_bounded() const { return !bounds_.empty(); }
  // A value that has a unit is bounded: the variances may not be multiplied by a common factor.
  bool bounds_scale() const;

  Vector coordinates(const Parameters& parameters) const;
  // What is held, and a sigma^2 that is no parameter, are as in `like`. Nothing where a value that
  // follows is out of its range.
  std::optional<Parameters> at(const Vector& coordinates, const Parameters& like) const;
  // The leads as they are, but inside their bounds, and the others as they follow.
  std::optional<Parameters> restored(const Parameters& parameters) const;

  // d parameter / d coordinate, n_parameters x size, and the second derivatives of each parameter
  // by its one coordinate. Needs: parameters that are as they follow.
  Matrix jacobian(const Parameters& parameters) const;
  Vector bends(const Parameters& parameters) const;

  Box box(const Parameters& parameters) const;
  // Which coordinates are at a bound.
  std::vector<bool> at_bound(const Parameters& parameters) const;
  // The coordinate that value i of the user is or follows; kNone for none of its own.
  Index coordinate_of_value(Index value) const;

 private:
  struct Bound {
    Index lead = 0;
    ValuePlace place;
    double lower = 0.0;
    double upper = 0.0;
  };

  void add_bounds();
  Index lead_of(const Follower& follower) const {
    return coordinate_of_parameter_[static_cast<std::size_t>(follower.lead)];
  }

  const model::Model& model_;
  std::vector<Index> leads_;
  std::vector<Follower> followers_;
  std::vector<Bound> bounds_;
  std::vector<Index> coordinate_of_parameter_;  // kNone: held
};

}  // namespace henderson::reml
