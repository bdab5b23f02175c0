// SPDX-License-Identifier: GPL-3.0-or-later
// The space in which the search moves: one coordinate for each parameter of the model that is
// neither held nor tied to another; the parameters are functions of these coordinates
// (followers.h). Bounds of a value are bounds of its coordinate.
//
// A structure whose theta are subject to equations has coordinates on its surface
// (covariance/theta_surface.h), fewer than theta. They are those near one point, at which they are
// zero: so coordinates are compared by place() and tangent(), and gradients by carried().
#pragma once

#include <optional>
#include <vector>

#include "core/coordinates/followers.h"
#include "core/coordinates/surfaces.h"

namespace henderson::coordinates {

struct Box {
  Vector lower;
  Vector upper;
};

class FreeSpace {
 public:
  // Throws InvalidSpec where a constrained value has no coordinate of its own.
  explicit FreeSpace(const model::Model& model);

  Index size() const { return static_cast<Index>(leads_.size()); }
  // The parameter of the model that coordinate j is; of a surface, some parameter of its structure.
  const std::vector<Index>& leads() const { return leads_; }
  bool is_flat() const { return surfaces_.empty(); }  // the same coordinates at all points
  bool is_bounded() const { return !bounds_.empty(); }
  // A value that has a unit is bounded: the variances may not be multiplied by a common factor.
  bool bounds_scale() const;

  Vector coordinates(const likelihood::Parameters& parameters) const;
  // What is held, and a sigma^2 that is no parameter, are as in `like`. Nothing where a value that
  // follows is out of its range, or a surface is not met. Coordinates of a surface are those at
  // `like`.
  std::optional<likelihood::Parameters> at(const Vector& coordinates,
                                           const likelihood::Parameters& like) const;
  // The leads as they are, but inside their bounds, the others as they follow, and all on their
  // surfaces.
  std::optional<likelihood::Parameters> restored(const likelihood::Parameters& parameters) const;

  // d parameter / d coordinate, n_parameters x size, and the Hessian in the coordinates of a
  // function with this gradient that is linear in the parameters. Needs: parameters that are as
  // they follow.
  Matrix jacobian(const likelihood::Parameters& parameters) const;
  Matrix bend(const likelihood::Parameters& parameters, const Vector& gradient) const;

  // Where all points have coordinates: the leads, and all theta of surfaces. tangent(): the
  // derivatives by the coordinates at one point; its columns are orthonormal.
  Vector place(const likelihood::Parameters& parameters) const;
  Matrix tangent(const likelihood::Parameters& parameters) const;
  // A gradient in the coordinates at `from`, in those at a point near it, `to`.
  Vector carried(const Vector& gradient, const likelihood::Parameters& from,
                 const likelihood::Parameters& to) const;

  Box box(const likelihood::Parameters& parameters) const;
  // Which coordinates are at a bound.
  std::vector<bool> at_bound(const likelihood::Parameters& parameters) const;
  // The coordinate that value i of the user is or follows; kNone for none of its own.
  Index coordinate_of_value(Index value) const;

  // Of the coordinates at `parameters`, the directions in which only these parameters change: unit
  // vectors, and on surfaces what is tangent among them. size x number of directions.
  Matrix directions(const likelihood::Parameters& parameters,
                    const std::vector<bool>& may_change) const;

 private:
  struct Bound {
    Index lead = 0;
    ValuePlace place;
    double lower = 0.0;
    double upper = 0.0;
  };

  void add_leads();
  void add_bounds();
  Index n_plain() const { return size() - surfaces_.n_coordinates(); }  // not on a surface
  Index lead_of(const Follower& follower) const {
    return coordinate_of_parameter_[static_cast<std::size_t>(follower.lead)];
  }

  const model::Model& model_;
  const Surfaces surfaces_;
  std::vector<Index> leads_;  // those of surfaces last
  std::vector<Follower> followers_;
  std::vector<Bound> bounds_;
  std::vector<Index> coordinate_of_parameter_;  // kNone: held, or of a surface
};

}  // namespace henderson::coordinates
