// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/coordinates/value_place.h"

#include <cmath>

#include "core/base/error.h"

namespace henderson::coordinates {

using covariance::Link;
using likelihood::Parameters;
using model::Model;
using model::Slot;

namespace {

std::optional<ValuePlace> place_in(const Slot& slot, Index value) {
  const Index own = value - slot.first_value;
  const std::optional<covariance::Coordinate> at = slot.structure->coordinate(own);
  if (!at) return std::nullopt;
  const double power = slot.value_powers[own];
  ValuePlace place;
  place.value = value;
  place.parameter = slot.first_theta + at->theta;
  place.link = at->link;
  place.structure = slot.structure.get();
  place.first_theta = slot.first_theta;
  place.n_theta = slot.n_theta();
  place.own_value = own;
  place.unit = slot.value_transform(own, own);
  place.power = slot.in_residual ? power : 0.0;
  place.has_unit = power != 0.0;
  return place;
}

}  // namespace

std::optional<ValuePlace> place_of(const Model& model, Index value) {
  for (const Slot& slot : model.slots()) {
    if (slot.has_value(value)) return place_in(slot, value);
  }
  ValuePlace place;
  place.value = value;
  place.parameter = model.n_theta;
  place.log_variance = true;
  place.unit = model.response_unit * model.response_unit;
  return place;
}

double unit_of(const ValuePlace& place, const Parameters& parameters) {
  return place.unit * std::pow(parameters.residual_sd(), place.power);
}

double value_at(const ValuePlace& place, double x, const Parameters& parameters) {
  if (place.log_variance) return place.unit * std::exp(x);
  const double unit = unit_of(place, parameters);
  if (place.link == Link::square) return unit * x * x;
  if (place.link == Link::identity) return unit * x;
  Vector theta = parameters.theta().segment(place.first_theta, place.n_theta);
  theta[place.parameter - place.first_theta] = x;
  return unit * place.structure->values(theta)[place.own_value];
}

double slope_at(const ValuePlace& place, double x, const Parameters& parameters) {
  if (place.log_variance) return place.unit * std::exp(x);
  const double unit = unit_of(place, parameters);
  if (place.link == Link::square) return 2.0 * unit * x;
  if (place.link == Link::identity) return unit;
  Vector theta = parameters.theta().segment(place.first_theta, place.n_theta);
  const Index i = place.parameter - place.first_theta;
  theta[i] = x;
  return unit * place.structure->value_jacobian(theta)(place.own_value, i);
}

std::optional<double> inverse_at(const ValuePlace& place, double value,
                                 const Parameters& parameters) {
  if (place.log_variance) {
    if (!(value > 0.0)) return std::nullopt;
    return std::log(value / place.unit);
  }
  const double own = value / unit_of(place, parameters);
  if (place.link == Link::identity) return own;
  if (place.link == Link::square) {
    if (!(own >= 0.0)) return std::nullopt;
    return std::sqrt(own);
  }
  const Vector theta = parameters.theta().segment(place.first_theta, place.n_theta);
  Vector values = place.structure->values(theta);
  values[place.own_value] = own;
  try {
    return place.structure->theta_from_values(values)[place.parameter - place.first_theta];
  } catch (const InvalidSpec&) {
    return std::nullopt;  // out of the range of the structure
  }
}

}  // namespace henderson::coordinates
