// SPDX-License-Identifier: GPL-3.0-or-later
// One value of the user as a function of one parameter of the model, for ties and bounds.
#pragma once

#include <optional>

#include "core/likelihood/parameters.h"

namespace henderson::coordinates {

struct ValuePlace {
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

// Nothing where the value depends on several parameters, or is held.
std::optional<ValuePlace> place_of(const model::Model& model, Index value);

// What a value of the structure is multiplied by.
double unit_of(const ValuePlace& place, const likelihood::Parameters& parameters);

// The value where its parameter is x and the others are as in `parameters`; its derivative; and the
// x of a value, nothing where it is out of the range of the structure.
double value_at(const ValuePlace& place, double x, const likelihood::Parameters& parameters);
double slope_at(const ValuePlace& place, double x, const likelihood::Parameters& parameters);
std::optional<double> inverse_at(const ValuePlace& place, double value,
                                 const likelihood::Parameters& parameters);

}  // namespace henderson::coordinates
