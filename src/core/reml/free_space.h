// SPDX-License-Identifier: GPL-3.0-or-later
// The space in which the search moves: one coordinate for each parameter of the model that is
// neither held nor tied to another; the parameters are functions of these coordinates.
//
// Value i = ratio x value k of the user makes parameter i a function of the lead's coordinate x,
// theta_i = h_i^-1(ratio h_k(x)), h from theta to value: linear between standard deviations, and
// between equal structures. Bounds of a value are bounds of its coordinate.
#pragma once

#include <optional>
#include <vector>

#include "core/reml/derivatives.h"

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
  // One value and the parameter that it is a function of.
  struct Place {
    Index value = 0;
    Index parameter = 0;
    covariance::Link link = covariance::Link::other;
    bool log_variance = false;  // parameter = log sigma^2
    const covariance::Structure* structure = nullptr;
    Index first_theta = 0;
    Index n_theta = 0;
    Index own_value = 0;   // among those of the structure
    double unit = 1.0;     // value of the user = unit x sigma^power x value of the structure
    double power = 0.0;    // not 0 only in a structured residual
    bool has_unit = true;  // the value is no correlation
  };
  // A parameter that follows coordinate `lead`: by a scale, or as a value follows a value.
  struct Follower {
    Index parameter = 0;
    Index lead = 0;
    double scale = 1.0;
    bool by_value = false;
    Place from;
    Place to;
    double ratio = 1.0;
    bool same_scale = false;  // both values are the same function of their theta, and ratio is 1
  };
  struct Bound {
    Index lead = 0;
    Place place;
    double lower = 0.0;
    double upper = 0.0;
  };

  std::optional<Place> place_of(Index value) const;
  // Followers, whose `lead` is a parameter still; which parameters follow.
  void follow_copies(std::vector<bool>& follows);
  void follow_values(std::vector<bool>& follows);
  bool is_copied(Index value) const;
  bool same_function(const Place& a, const Place& b) const;
  void add_bounds();

  double unit_of(const Place& place, const Parameters& parameters) const;
  double value_at(const Place& place, double x, const Parameters& parameters) const;
  double slope_at(const Place& place, double x, const Parameters& parameters) const;
  std::optional<double> inverse_at(const Place& place, double value,
                                   const Parameters& parameters) const;
  double coordinate_at(const Place& place, double value, double otherwise,
                       const Parameters& parameters) const;
  std::optional<double> follow(const Follower& follower, double x,
                               const Parameters& parameters) const;
  double slope(const Follower& follower, double x, const Parameters& parameters) const;

  const model::Model& model_;
  std::vector<Index> leads_;
  std::vector<Follower> followers_;
  std::vector<Bound> bounds_;
  std::vector<Index> coordinate_of_parameter_;  // kNone: held
};

// The same in the coordinates: J'g, J'(information)J and J'(curvature)J + sum_i g_i d2 parameter_i.
Derivatives reduced(const FreeSpace& space, const Parameters& parameters, const Derivatives& found);

// The coordinates that are neither at a bound nor stopped by the boundary of a structure, and
// d parameter / d coordinate of them.
struct Moving {
  std::vector<Index> coordinates;
  Matrix jacobian;
};

Moving moving_coordinates(const model::Model& model, const FreeSpace& space,
                          const Parameters& parameters);

}  // namespace henderson::reml
