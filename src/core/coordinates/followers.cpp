// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/coordinates/followers.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace henderson::coordinates {

using covariance::Link;
using likelihood::Parameters;
using model::Model;

namespace {

bool is_copied(const Model& model, Index value) {
  return std::any_of(model.copies.begin(), model.copies.end(), [value](const auto& copy) {
    return value >= copy.first_value && value < copy.first_value + copy.n_values;
  });
}

// Two members of one family of functions, such as tanh, that agree twice are one.
bool same_function(const Model& model, const ValuePlace& a, const ValuePlace& b) {
  if (a.link != Link::other || b.link != Link::other) return false;
  const Parameters at(Vector::Zero(model.n_theta), 0.0);
  for (const double x : {-0.7, 0.3}) {
    const double one = value_at(a, x, at), other = value_at(b, x, at);
    if (std::abs(one - other) > 1e-12 * std::abs(one)) return false;
  }
  return true;
}

void add_copies(const Model& model, std::vector<Follower>& followers) {
  for (const model::ThetaCopy& copy : model.copies) {
    for (Index i = 0; i < copy.scale.size(); ++i) {
      Follower follower;
      follower.parameter = copy.first_theta + i;
      follower.lead = copy.first_lead + i;
      follower.scale = copy.scale[i];
      followers.push_back(follower);
    }
  }
}

void add_values(const Model& model, std::vector<Follower>& followers) {
  const model::Constraints& constraints = model.constraints;
  for (Index i = 0; i < model.n_values; ++i) {
    if (constraints.lead[i] == i || is_copied(model, i)) continue;
    const std::optional<ValuePlace> from = place_of(model, constraints.lead[i]);
    const std::optional<ValuePlace> to = place_of(model, i);
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
    follower.same_scale = follower.ratio == 1.0 && same_function(model, *from, *to);
    followers.push_back(follower);
  }
}

bool between_standard_deviations(const Follower& follower) {
  return follower.from.link == Link::square && follower.to.link == Link::square;
}

double ratio_of_standard_deviations(const Follower& follower, const Parameters& parameters) {
  return std::sqrt(follower.ratio * unit_of(follower.from, parameters) /
                   unit_of(follower.to, parameters));
}

}  // namespace

std::vector<Follower> followers_of(const Model& model) {
  std::vector<Follower> followers;
  if (model.constraints.empty()) return followers;
  add_copies(model, followers);
  add_values(model, followers);
  return followers;
}

std::optional<double> followed(const Follower& follower, double x, const Parameters& parameters) {
  if (!follower.by_value) return follower.scale * x;
  if (follower.same_scale) return x;
  // Keeps the sign of a standard deviation.
  if (between_standard_deviations(follower))
    return x * ratio_of_standard_deviations(follower, parameters);
  return inverse_at(follower.to, follower.ratio * value_at(follower.from, x, parameters),
                    parameters);
}

double slope(const Follower& follower, double x, const Parameters& parameters) {
  if (!follower.by_value) return follower.scale;
  if (follower.same_scale) return 1.0;
  if (between_standard_deviations(follower))
    return ratio_of_standard_deviations(follower, parameters);
  const std::optional<double> y = followed(follower, x, parameters);
  if (!y) return 0.0;
  const double own = slope_at(follower.to, *y, parameters);
  return own != 0.0 ? follower.ratio * slope_at(follower.from, x, parameters) / own : 0.0;
}

double bend(const Follower& follower, double x, const Parameters& parameters) {
  if (!follower.by_value || follower.same_scale || !std::isfinite(x)) return 0.0;
  const double step = 1e-5 * std::max(1e-3, std::abs(x));
  return (slope(follower, x + step, parameters) - slope(follower, x - step, parameters)) /
         (2.0 * step);
}

}  // namespace henderson::coordinates
