// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/coordinates/free_space.h"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace henderson::coordinates {

using covariance::Link;
using likelihood::free_parameters;
using likelihood::Parameters;
using model::Model;

namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
// A value nearer to a bound than this share is at it.
constexpr double kAtBound = 1e-9;

// A bound that no theta reaches is none.
double coordinate_at(const ValuePlace& place, double value, double otherwise,
                     const Parameters& parameters) {
  if (!std::isfinite(value)) return otherwise;
  return inverse_at(place, value, parameters).value_or(otherwise);
}

// Whether a correlation can be between the bounds: those of a structure may have a narrower range
// than (-1, 1). Values rise with their parameter, so a bound that no parameter has is beyond the
// end on its own side.
bool is_within_reach(const Model& model, const ValuePlace& place, double lower, double upper) {
  if (place.link != Link::other || place.has_unit) return true;
  const Parameters at(Vector::Zero(model.n_theta), 0.0);
  const double inside = value_at(place, 0.0, at);
  const auto is_beyond = [&](double bound) {
    return std::isfinite(bound) && !inverse_at(place, bound, at);
  };
  return !(lower > inside && is_beyond(lower)) && !(upper < inside && is_beyond(upper));
}

}  // namespace

FreeSpace::FreeSpace(const Model& model)
    : model_(model), surfaces_(model), followers_(followers_of(model)) {
  coordinate_of_parameter_.assign(static_cast<std::size_t>(model.n_parameters()), kNone);
  add_leads();
  for (const Follower& follower : followers_) {
    const Index lead = lead_of(follower);
    if (lead == kNone) throw InvalidSpec("tie", "a tied parameter follows a held one");
    coordinate_of_parameter_[follower.parameter] = lead;
  }
  if (!model.constraints.empty()) add_bounds();
}

void FreeSpace::add_leads() {
  std::vector<bool> elsewhere(coordinate_of_parameter_.size(), false);
  for (const Follower& follower : followers_) elsewhere[follower.parameter] = true;
  for (const Surfaces::Part& part : surfaces_.parts())
    std::fill_n(elsewhere.begin() + part.first_theta, part.n_theta, true);
  for (const Index parameter : free_parameters(model_)) {
    if (elsewhere[parameter]) continue;
    coordinate_of_parameter_[parameter] = static_cast<Index>(leads_.size());
    leads_.push_back(parameter);
  }
  for (const Surfaces::Part& part : surfaces_.parts())
    leads_.insert(leads_.end(), static_cast<std::size_t>(part.n_coordinates), part.first_theta);
}

void FreeSpace::add_bounds() {
  const model::Constraints& constraints = model_.constraints;
  for (Index i = 0; i < model_.n_values; ++i) {
    if (!std::isfinite(constraints.lower[i]) && !std::isfinite(constraints.upper[i])) continue;
    const std::optional<ValuePlace> place = place_of(model_, i);
    if (!place) throw InvalidSpec("bounds", "one of the parameters cannot be bounded by itself");
    if (!is_within_reach(model_, *place, constraints.lower[i], constraints.upper[i]))
      throw InvalidSpec("bounds", "a structure has no correlation between the bounds");
    const Index lead = coordinate_of_parameter_[place->parameter];
    if (lead != kNone)
      bounds_.push_back({lead, *place, constraints.lower[i], constraints.upper[i]});
  }
}

bool FreeSpace::bounds_scale() const {
  return std::any_of(bounds_.begin(), bounds_.end(),
                     [](const Bound& bound) { return bound.place.has_unit; });
}

Vector FreeSpace::coordinates(const Parameters& parameters) const {
  Vector coordinates = Vector::Zero(size());
  for (Index j = 0; j < n_plain(); ++j) {
    coordinates[j] =
        leads_[j] < model_.n_theta ? parameters.theta()[leads_[j]] : parameters.log_residual();
  }
  return coordinates;
}

std::optional<Parameters> FreeSpace::at(const Vector& coordinates, const Parameters& like) const {
  std::optional<Vector> on_surfaces =
      surfaces_.moved(like.theta(), coordinates.tail(surfaces_.n_coordinates()));
  if (!on_surfaces) return std::nullopt;
  Vector theta = std::move(*on_surfaces);
  double log_residual = like.log_residual();
  for (Index j = 0; j < n_plain(); ++j) {
    (leads_[j] < model_.n_theta ? theta[leads_[j]] : log_residual) = coordinates[j];
  }
  if (followers_.empty()) return Parameters{std::move(theta), log_residual};
  const Parameters moved(theta, log_residual);
  for (const Follower& follower : followers_) {
    const std::optional<double> x = followed(follower, coordinates[lead_of(follower)], moved);
    if (!x) return std::nullopt;
    (follower.parameter < model_.n_theta ? theta[follower.parameter] : log_residual) = *x;
  }
  return Parameters{std::move(theta), log_residual};
}

std::optional<Parameters> FreeSpace::restored(const Parameters& parameters) const {
  std::optional<Vector> theta = surfaces_.restored(parameters.theta());
  if (!theta) return std::nullopt;
  const Parameters on_surfaces(std::move(*theta), parameters.log_residual());
  if (followers_.empty() && bounds_.empty()) return on_surfaces;
  const Box limits = box(on_surfaces);
  return at(coordinates(on_surfaces).cwiseMax(limits.lower).cwiseMin(limits.upper), on_surfaces);
}

Matrix FreeSpace::jacobian(const Parameters& parameters) const {
  Matrix jacobian = Matrix::Zero(model_.n_parameters(), size());
  const Vector x = coordinates(parameters);
  for (Index j = 0; j < n_plain(); ++j) jacobian(leads_[j], j) = 1.0;
  for (const Follower& follower : followers_) {
    const Index lead = lead_of(follower);
    jacobian(follower.parameter, lead) = slope(follower, x[lead], parameters);
  }
  surfaces_.add_jacobian(parameters.theta(), n_plain(), jacobian);
  return jacobian;
}

Matrix FreeSpace::bend(const Parameters& parameters, const Vector& gradient) const {
  Matrix found = Matrix::Zero(size(), size());
  const Vector x = coordinates(parameters);
  for (const Follower& follower : followers_) {
    const Index lead = lead_of(follower);
    found(lead, lead) +=
        gradient[follower.parameter] * coordinates::bend(follower, x[lead], parameters);
  }
  const Index n = surfaces_.n_coordinates();
  if (n > 0) found.bottomRightCorner(n, n) = surfaces_.bend(parameters.theta(), gradient);
  return found;
}

Vector FreeSpace::place(const Parameters& parameters) const {
  const Vector on_surfaces = surfaces_.place(parameters.theta());
  Vector place(n_plain() + on_surfaces.size());
  place << coordinates(parameters).head(n_plain()), on_surfaces;
  return place;
}

Matrix FreeSpace::tangent(const Parameters& parameters) const {
  const Matrix on_surfaces = surfaces_.tangent(parameters.theta());
  Matrix tangent = Matrix::Zero(n_plain() + on_surfaces.rows(), size());
  tangent.topLeftCorner(n_plain(), n_plain()).setIdentity();
  tangent.bottomRightCorner(on_surfaces.rows(), on_surfaces.cols()) = on_surfaces;
  return tangent;
}

// A unit vector of the coordinates at `to` is, to first order at `from`, the tangent vector there
// whose part along the tangent space at `to` it is: (T_to'T_from)^-1 of it.
Vector FreeSpace::carried(const Vector& gradient, const Parameters& from,
                          const Parameters& to) const {
  const Index n = surfaces_.n_coordinates();
  if (n == 0) return gradient;
  const Matrix products =
      surfaces_.tangent(from.theta()).transpose() * surfaces_.tangent(to.theta());
  Vector found = gradient;
  found.tail(n) = products.partialPivLu().solve(gradient.tail(n));
  return found;
}

Matrix FreeSpace::directions(const Parameters& parameters,
                             const std::vector<bool>& may_change) const {
  std::vector<Index> plain;
  for (Index j = 0; j < n_plain(); ++j) {
    if (may_change[static_cast<std::size_t>(leads_[j])]) plain.push_back(j);
  }
  const Matrix on_surfaces = surfaces_.directions(parameters.theta(), may_change);
  const auto n = static_cast<Index>(plain.size());
  Matrix found = Matrix::Zero(size(), n + on_surfaces.cols());
  for (Index k = 0; k < n; ++k) found(plain[k], k) = 1.0;
  found.bottomRightCorner(on_surfaces.rows(), on_surfaces.cols()) = on_surfaces;
  return found;
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
  const std::optional<ValuePlace> place = place_of(model_, value);
  return place ? coordinate_of_parameter_[place->parameter] : kNone;
}

}  // namespace henderson::coordinates
