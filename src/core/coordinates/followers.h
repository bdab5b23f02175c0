// SPDX-License-Identifier: GPL-3.0-or-later
// Parameters that are tied: functions of another parameter, the lead.
//
// Value i = ratio x value k of the user makes parameter i a function of the lead x,
// theta_i = h_i^-1(ratio h_k(x)), h from theta to value: linear between standard deviations, and
// between equal structures.
#pragma once

#include <vector>

#include "core/coordinates/value_place.h"

namespace henderson::coordinates {

// By a scale, or as a value follows a value.
struct Follower {
  Index parameter = 0;
  Index lead = 0;  // a parameter of the model
  double scale = 1.0;
  bool by_value = false;
  ValuePlace from;
  ValuePlace to;
  double ratio = 1.0;
  bool same_scale = false;  // both values are the same function of their theta, and ratio is 1
};

// All of them, those of whole structures first. Throws InvalidSpec where a tied value has no
// parameter of its own.
std::vector<Follower> followers_of(const model::Model& model);

// The follower where the lead is x, nothing where it is out of its range; its first and second
// derivatives by x.
std::optional<double> followed(const Follower& follower, double x,
                               const likelihood::Parameters& parameters);
double slope(const Follower& follower, double x, const likelihood::Parameters& parameters);
double bend(const Follower& follower, double x, const likelihood::Parameters& parameters);

}  // namespace henderson::coordinates
