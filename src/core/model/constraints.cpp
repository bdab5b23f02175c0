// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/constraints.h"

#include <algorithm>
#include <cmath>

#include "core/covariance/registry.h"
#include "core/model/segments.h"

namespace henderson::model {
namespace {

using covariance::Recipe;

// Ratios that differ by less are one ratio.
constexpr double kSameRatio = 1e-12;

bool same_matrix(const Matrix& a, const Matrix& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && (a.size() == 0 || a == b);
}

bool same_recipe(const Recipe& a, const Recipe& b) {
  if (a.user != b.user) return false;
  if (a.name != b.name || a.n_coef != b.n_coef || a.order != b.order) return false;
  if (!same_matrix(a.coordinates, b.coordinates) || !same_matrix(a.constants, b.constants))
    return false;
  return std::equal(a.factors.begin(), a.factors.end(), b.factors.begin(), b.factors.end(),
                    same_recipe);
}

// A us that is not the first factor of a product keeps a variance of 1 by an equation of its theta,
// and theta of a surface follow no other.
bool has_equations(const Recipe& recipe) {
  const std::vector<Recipe>& factors = recipe.factors;
  return !factors.empty() &&
         std::any_of(factors.begin() + 1, factors.end(), [](const Recipe& factor) {
           return covariance::structure_traits(factor).change == covariance::CoefficientChange::any;
         });
}

bool any_held(const Segment& segment, const std::vector<bool>& held) {
  for (Index k = 0; k < segment.n_values; ++k) {
    if (held[segment.first_value + k]) return true;
  }
  return false;
}

// The factor c where every value follows that of the leader, variances times c; else NaN.
double factor_of_copy(const Segment& own, const Segment& leader, const Constraints& constraints,
                      const std::vector<bool>& held) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  if (own.in_residual != leader.in_residual) return none;
  // One block holds all values of a copy.
  if (covariance::structure_traits(*own.recipe).is_uncorrelated) return none;
  if (!same_recipe(*own.recipe, *leader.recipe) || has_equations(*own.recipe)) return none;
  if (any_held(own, held) || any_held(leader, held)) return none;
  const Vector powers = covariance::value_powers(covariance::value_counts(*own.recipe));
  double factor = none;
  for (Index k = 0; k < own.n_values; ++k) {
    const Index i = own.first_value + k, j = leader.first_value + k;
    if (constraints.lead[i] != j || constraints.lead[j] != j) return none;
    if (std::isfinite(constraints.lower[j]) || std::isfinite(constraints.upper[j])) return none;
    if (powers[k] == 0.0) {
      if (std::abs(constraints.ratio[i] - 1.0) > kSameRatio) return none;
      continue;
    }
    const double c = std::pow(constraints.ratio[i], 2.0 / powers[k]);
    if (std::isnan(factor)) factor = c;
    if (std::abs(c - factor) > kSameRatio * factor) return none;
  }
  return factor;
}

// Values of the segment that are tied or bounded, or lead values outside of its copies.
bool needs_coordinates(const Segment& own, Index index, const std::vector<Segment>& segments,
                       const std::vector<SegmentRequest>& requests,
                       const Constraints& constraints) {
  for (Index k = own.first_value; k < own.end(); ++k) {
    if (constraints.lead[k] != k) return requests[index].copy_of == kNone;
    if (std::isfinite(constraints.lower[k]) || std::isfinite(constraints.upper[k])) return true;
  }
  for (std::size_t s = 0; s < segments.size(); ++s) {
    if (requests[s].copy_of == index) continue;
    for (Index k = segments[s].first_value; k < segments[s].end(); ++k)
      if (constraints.lead[k] != k && own.has_value(constraints.lead[k])) return true;
  }
  // An independent residual variance is of no segment.
  const Index last = static_cast<Index>(constraints.lead.size()) - 1;
  const bool is_of_segment = segments.back().end() > last;
  return !is_of_segment && constraints.lead[last] != last && own.has_value(constraints.lead[last]);
}

}  // namespace

bool Constraints::is_constrained(Index value) const {
  if (empty()) return false;
  if (lead[value] != value || std::isfinite(lower[value]) || std::isfinite(upper[value]))
    return true;
  for (std::size_t i = 0; i < lead.size(); ++i) {
    if (lead[i] == value && static_cast<Index>(i) != value) return true;
  }
  return false;
}

std::vector<SegmentRequest> segment_requests(const std::vector<Segment>& segments,
                                             const Constraints& constraints,
                                             const std::vector<bool>& held) {
  std::vector<SegmentRequest> requests(segments.size());
  if (constraints.empty()) return requests;
  for (std::size_t s = 0; s < segments.size(); ++s) {
    for (std::size_t leader = 0; leader < s && requests[s].copy_of == kNone; ++leader) {
      const double factor = factor_of_copy(segments[s], segments[leader], constraints, held);
      if (!std::isnan(factor)) requests[s] = {false, static_cast<Index>(leader), factor};
    }
  }
  // A leader with coordinates makes its copies follow value by value, and so on to the leader.
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const auto index = static_cast<Index>(s);
    requests[s].natural = needs_coordinates(segments[s], index, segments, requests, constraints);
  }
  for (SegmentRequest& request : requests) {
    if (request.copy_of == kNone || !requests[request.copy_of].natural) continue;
    request = {true, kNone, 1.0};
  }
  return requests;
}

}  // namespace henderson::model
