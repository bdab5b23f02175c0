// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/free_space.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace henderson::reml {

using covariance::Link;
using model::Model;
using model::RandomBlock;
using model::ResidualBlock;

namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// A value nearer to a bound than this share is at it.
constexpr double kAtBound = 1e-9;

}  // namespace

FreeSpace::FreeSpace(const Model& model) : model_(model) {
  coordinate_of_parameter_.assign(static_cast<std::size_t>(model.n_parameters()), kNone);
  std::vector<bool> follows(coordinate_of_parameter_.size(), false);
  if (!model.constraints.empty()) {
    follow_copies(follows);
    follow_values(follows);
  }
  for (const Index parameter : free_parameters(model)) {
    if (follows[parameter]) continue;
    coordinate_of_parameter_[parameter] = static_cast<Index>(leads_.size());
    leads_.push_back(parameter);
  }
  for (Follower& follower : followers_) {
    follower.lead = coordinate_of_parameter_[follower.lead];
    if (follower.lead == kNone) throw InvalidSpec("tie", "a tied parameter follows a held one");
    coordinate_of_parameter_[follower.parameter] = follower.lead;
  }
  if (!model.constraints.empty()) add_bounds();
}

bool FreeSpace::bounds_scale() const {
  return std::any_of(bounds_.begin(), bounds_.end(),
                     [](const Bound& bound) { return bound.place.has_unit; });
}

// Which parameter a value is a function of
// ---------------------------------------------------------

std::optional<FreeSpace::Place> FreeSpace::place_of(Index value) const {
  Place place;
  place.value = value;
  const auto of_block = [&](const auto& block, double sigma_power) -> std::optional<Place> {
    const Index own = value - block.first_value;
    const std::optional<covariance::Coordinate> at = block.structure->coordinate(own);
    if (!at) return std::nullopt;
    const double power = block.structure->value_powers()[own];
    place.parameter = block.first_theta + at->theta;
    place.link = at->link;
    place.structure = block.structure.get();
    place.first_theta = block.first_theta;
    place.n_theta = block.structure->n_theta();
    place.own_value = own;
    place.unit = block.value_transform(own, own);
    place.power = sigma_power * power;
    place.has_unit = power != 0.0;
    return place;
  };
  const auto inside = [value](const auto& block) {
    return value >= block.first_value && value < block.first_value + block.structure->n_values();
  };
  for (const RandomBlock& block : model_.blocks) {
    if (inside(block)) return of_block(block, 0.0);
  }
  for (const ResidualBlock& block : model_.residual.blocks) {
    if (inside(block)) return of_block(block, 1.0);
  }
  place.parameter = model_.n_theta;
  place.log_variance = true;
  place.unit = model_.response_unit * model_.response_unit;
  return place;
}

void FreeSpace::follow_copies(std::vector<bool>& follows) {
  for (const model::ThetaCopy& copy : model_.copies) {
    for (Index i = 0; i < copy.scale.size(); ++i) {
      Follower follower;
      follower.parameter = copy.first_theta + i;
      follower.lead = copy.first_lead + i;
      follower.scale = copy.scale[i];
      follows[follower.parameter] = true;
      followers_.push_back(follower);
    }
  }
}

bool FreeSpace::is_copied(Index value) const {
  return std::any_of(model_.copies.begin(), model_.copies.end(), [value](const auto& copy) {
    return value >= copy.first_value && value < copy.first_value + copy.n_values;
  });
}

// Two members of one family of functions, such as tanh, that agree twice are one.
bool FreeSpace::same_function(const Place& a, const Place& b) const {
  if (a.link != Link::other || b.link != Link::other) return false;
  const Parameters at(Vector::Zero(model_.n_theta), 0.0);
  for (const double x : {-0.7, 0.3}) {
    const double one = value_at(a, x, at), other = value_at(b, x, at);
    if (std::abs(one - other) > 1e-12 * std::abs(one)) return false;
  }
  return true;
}

void FreeSpace::follow_values(std::vector<bool>& follows) {
  const model::Constraints& constraints = model_.constraints;
  for (Index i = 0; i < model_.n_values; ++i) {
    if (constraints.lead[i] == i || is_copied(i)) continue;
    const std::optional<Place> from = place_of(constraints.lead[i]), to = place_of(i);
    if (!from || !to) throw InvalidSpec("tie", "one of the parameters cannot be tied by itself");
    if (from->has_unit != to->has_unit)
      throw InvalidSpec("tie", "the parameters have different units");
    Follower follower;
    follower.parameter = to->parameter;
    follower.lead = from->parameter;
    follower.by_value = true;
    follower.from = *from;
    follower.to = *to;
    follower.ratio = constraints.ratio[i];
    follower.same_scale = follower.ratio == 1.0 && same_function(*from, *to);
    follows[follower.parameter] = true;
    followers_.push_back(follower);
  }
}

void FreeSpace::add_bounds() {
  const model::Constraints& constraints = model_.constraints;
  for (Index i = 0; i < model_.n_values; ++i) {
    if (!std::isfinite(constraints.lower[i]) && !std::isfinite(constraints.upper[i])) continue;
    const std::optional<Place> place = place_of(i);
    if (!place) throw InvalidSpec("bounds", "one of the parameters cannot be bounded by itself");
    const Index lead = coordinate_of_parameter_[place->parameter];
    if (lead != kNone)
      bounds_.push_back({lead, *place, constraints.lower[i], constraints.upper[i]});
  }
}

// From theta to value and back
// ---------------------------------------------------------------------

double FreeSpace::unit_of(const Place& place, const Parameters& parameters) const {
  return place.unit * std::pow(parameters.residual_sd(), place.power);
}

double FreeSpace::value_at(const Place& place, double x, const Parameters& parameters) const {
  if (place.log_variance) return place.unit * std::exp(x);
  const double unit = unit_of(place, parameters);
  if (place.link == Link::square) return unit * x * x;
  if (place.link == Link::identity) return unit * x;
  Vector theta = parameters.theta().segment(place.first_theta, place.n_theta);
  theta[place.parameter - place.first_theta] = x;
  return unit * place.structure->values(theta)[place.own_value];
}

double FreeSpace::slope_at(const Place& place, double x, const Parameters& parameters) const {
  if (place.log_variance) return place.unit * std::exp(x);
  const double unit = unit_of(place, parameters);
  if (place.link == Link::square) return 2.0 * unit * x;
  if (place.link == Link::identity) return unit;
  Vector theta = parameters.theta().segment(place.first_theta, place.n_theta);
  const Index i = place.parameter - place.first_theta;
  theta[i] = x;
  return unit * place.structure->value_jacobian(theta)(place.own_value, i);
}

std::optional<double> FreeSpace::inverse_at(const Place& place, double value,
                                            const Parameters& parameters) const {
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

std::optional<double> FreeSpace::follow(const Follower& follower, double x,
                                        const Parameters& parameters) const {
  if (!follower.by_value) return follower.scale * x;
  if (follower.same_scale) return x;
  if (follower.from.link == Link::square && follower.to.link == Link::square) {
    // Keeps the sign of a standard deviation.
    return x * std::sqrt(follower.ratio * unit_of(follower.from, parameters) /
                         unit_of(follower.to, parameters));
  }
  return inverse_at(follower.to, follower.ratio * value_at(follower.from, x, parameters),
                    parameters);
}

double FreeSpace::slope(const Follower& follower, double x, const Parameters& parameters) const {
  if (!follower.by_value) return follower.scale;
  if (follower.same_scale) return 1.0;
  if (follower.from.link == Link::square && follower.to.link == Link::square) {
    return std::sqrt(follower.ratio * unit_of(follower.from, parameters) /
                     unit_of(follower.to, parameters));
  }
  const std::optional<double> y = follow(follower, x, parameters);
  if (!y) return 0.0;
  const double own = slope_at(follower.to, *y, parameters);
  return own != 0.0 ? follower.ratio * slope_at(follower.from, x, parameters) / own : 0.0;
}

// Points
// -------------------------------------------------------------------------------------------

Vector FreeSpace::coordinates(const Parameters& parameters) const {
  Vector coordinates(size());
  for (Index j = 0; j < size(); ++j) {
    coordinates[j] =
        leads_[j] < model_.n_theta ? parameters.theta()[leads_[j]] : parameters.log_residual();
  }
  return coordinates;
}

std::optional<Parameters> FreeSpace::at(const Vector& coordinates, const Parameters& like) const {
  Vector theta = like.theta();
  double log_residual = like.log_residual();
  for (Index j = 0; j < size(); ++j) {
    (leads_[j] < model_.n_theta ? theta[leads_[j]] : log_residual) = coordinates[j];
  }
  if (followers_.empty()) return Parameters{std::move(theta), log_residual};
  const Parameters moved(theta, log_residual);
  for (const Follower& follower : followers_) {
    const std::optional<double> x = follow(follower, coordinates[follower.lead], moved);
    if (!x) return std::nullopt;
    (follower.parameter < model_.n_theta ? theta[follower.parameter] : log_residual) = *x;
  }
  return Parameters{std::move(theta), log_residual};
}

std::optional<Parameters> FreeSpace::restored(const Parameters& parameters) const {
  if (followers_.empty() && bounds_.empty()) return parameters;
  const Box limits = box(parameters);
  return at(coordinates(parameters).cwiseMax(limits.lower).cwiseMin(limits.upper), parameters);
}

Matrix FreeSpace::jacobian(const Parameters& parameters) const {
  Matrix jacobian = Matrix::Zero(model_.n_parameters(), size());
  const Vector x = coordinates(parameters);
  for (Index j = 0; j < size(); ++j) jacobian(leads_[j], j) = 1.0;
  for (const Follower& follower : followers_) {
    jacobian(follower.parameter, follower.lead) = slope(follower, x[follower.lead], parameters);
  }
  return jacobian;
}

Vector FreeSpace::bends(const Parameters& parameters) const {
  Vector bends = Vector::Zero(model_.n_parameters());
  const Vector x = coordinates(parameters);
  for (const Follower& follower : followers_) {
    const double here = x[follower.lead];
    if (!follower.by_value || follower.same_scale || !std::isfinite(here)) continue;
    const double step = 1e-5 * std::max(1e-3, std::abs(here));
    bends[follower.parameter] =
        (slope(follower, here + step, parameters) - slope(follower, here - step, parameters)) /
        (2.0 * step);
  }
  return bends;
}

// Bounds
// -------------------------------------------------------------------------------------------

// A bound that no theta reaches is none.
double FreeSpace::coordinate_at(const Place& place, double value, double otherwise,
                                const Parameters& parameters) const {
  if (!std::isfinite(value)) return otherwise;
  return inverse_at(place, value, parameters).value_or(otherwise);
}

Box FreeSpace::box(const Parameters& parameters) const {
  Box box{Vector::Constant(size(), -kInfinite), Vector::Constant(size(), kInfinite)};
  for (const Bound& bound : bounds_) {
    double lower = coordinate_at(bound.place, bound.lower, -kInfinite, parameters);
    const double upper = coordinate_at(bound.place, bound.upper, kInfinite, parameters);
    // A standard deviation that may reach zero may also pass it.
    if (bound.place.link == Link::square && !(bound.lower > 0.0)) lower = -upper;
    box.lower[bound.lead] = std::max(box.lower[bound.lead], lower);
    box.upper[bound.lead] = std::min(box.upper[bound.lead], upper);
  }
  return box;
}

std::vector<bool> FreeSpace::at_bound(const Parameters& parameters) const {
  std::vector<bool> found(static_cast<std::size_t>(size()), false);
  const Vector x = coordinates(parameters);
  for (const Bound& bound : bounds_) {
    const double value = value_at(bound.place, x[bound.lead], parameters);
    const auto near = [value](double limit) {
      return std::isfinite(limit) &&
             std::abs(value - limit) <= kAtBound * (std::abs(value) + std::abs(limit));
    };
    // A variance of zero is at the boundary of its range whatever is asked for.
    const bool at_zero = bound.place.link == Link::square && value == 0.0;
    if (!at_zero && (near(bound.lower) || near(bound.upper))) found[bound.lead] = true;
  }
  return found;
}

Index FreeSpace::coordinate_of_value(Index value) const {
  const std::optional<Place> place = place_of(value);
  return place ? coordinate_of_parameter_[place->parameter] : kNone;
}

// In the coordinates ------------------------------------------------------------------------------

namespace {

std::vector<bool> stopped_parameters(const Model& model, const Parameters& parameters) {
  std::vector<bool> stopped(static_cast<std::size_t>(model.n_parameters()), false);
  for (const RandomBlock& block : model.blocks) {
    const std::vector<bool> own = block.structure->theta_at_boundary(parameters.of(block));
    std::copy(own.begin(), own.end(), stopped.begin() + block.first_theta);
  }
  return stopped;
}

}  // namespace

Derivatives reduced(const FreeSpace& space, const Parameters& parameters,
                    const Derivatives& found) {
  const Matrix j = space.jacobian(parameters);
  Derivatives own;
  own.gradient = j.transpose() * found.gradient;
  own.information = j.transpose() * found.information * j;
  own.curvature = j.transpose() * found.curvature * j;
  own.has_block_curvature = found.has_block_curvature;
  own.has_residual_curvature = found.has_residual_curvature;
  const Vector bends = space.bends(parameters).cwiseProduct(found.gradient);
  for (Index k = 0; k < j.cols(); ++k) {
    for (Index i = 0; i < j.rows(); ++i) {
      if (bends[i] != 0.0 && j(i, k) != 0.0) own.curvature(k, k) += bends[i];
    }
  }
  return own;
}

Moving moving_coordinates(const Model& model, const FreeSpace& space,
                          const Parameters& parameters) {
  const std::vector<bool> stopped = stopped_parameters(model, parameters);
  const std::vector<bool> at_bound = space.at_bound(parameters);
  Moving moving;
  for (Index k = 0; k < space.size(); ++k) {
    if (!stopped[space.leads()[k]] && !at_bound[k]) moving.coordinates.push_back(k);
  }
  const Matrix all = space.jacobian(parameters);
  moving.jacobian.resize(all.rows(), static_cast<Index>(moving.coordinates.size()));
  for (Index k = 0; k < moving.jacobian.cols(); ++k)
    moving.jacobian.col(k) = all.col(moving.coordinates[k]);
  return moving;
}

}  // namespace henderson::reml
