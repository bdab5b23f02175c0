// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/correlation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"

namespace henderson::covariance {
namespace {

// A bounded parameter counts as at its limit within this share of its interval.
constexpr double kAtLimit = 1e-10;
// Distances of a start from a correlation of 1: where it is taken as it is, and the least.
constexpr double kNearOne = 1e-3;
constexpr double kNearestOne = 1e-14;

bool is_bounded(const Interval& interval) { return std::isfinite(interval.upper); }

double width(const Interval& interval) { return interval.upper - interval.lower; }

}  // namespace

Positions Correlation::everywhere() const {
  Positions at(static_cast<std::size_t>(size()));
  std::iota(at.begin(), at.end(), 0);
  return at;
}

Vector IntervalCorrelation::parameters(const ConstVectorRef& free) const {
  Vector parameters(free.size());
  for (Index i = 0; i < free.size(); ++i) {
    const Interval& interval = intervals_[i];
    if (!is_bounded(interval)) {
      parameters[i] = interval.lower + std::exp(free[i]);
    } else if (std::abs(interval.lower + interval.upper) == 0.0) {
      parameters[i] = interval.upper * std::tanh(free[i]);
    } else {
      // (1 + tanh x) / 2 without cancellation near the lower end.
      parameters[i] = interval.lower + width(interval) / (1.0 + std::exp(-2.0 * free[i]));
    }
  }
  return parameters;
}

Matrix IntervalCorrelation::jacobian(const ConstVectorRef& free) const {
  Matrix jacobian = Matrix::Zero(free.size(), free.size());
  for (Index i = 0; i < free.size(); ++i) {
    const Interval& interval = intervals_[i];
    const double c = std::cosh(free[i]);
    jacobian(i, i) = is_bounded(interval) ? 0.5 * width(interval) / (c * c) : std::exp(free[i]);
  }
  return jacobian;
}

Vector IntervalCorrelation::free_from(const ConstVectorRef& parameters) const {
  Vector free(parameters.size());
  for (Index i = 0; i < parameters.size(); ++i) {
    const Interval& interval = intervals_[i];
    const double below = parameters[i] - interval.lower;
    if (!is_bounded(interval)) {
      if (!(below > 0.0) || !std::isfinite(below)) {
        throw InvalidSpec("variance parameters", "a range or smoothness is not above 0");
      }
      free[i] = std::log(below);
      continue;
    }
    // Limits that were computed, such as -1 / (t - 1), may be missed by rounding.
    const double share = below / width(interval);
    if (!(share >= -1e-12) || !(share <= 1.0 + 1e-12)) {
      throw InvalidSpec("variance parameters", "a correlation is outside its range");
    }
    free[i] = 0.5 * (std::log(std::max(share, 0.0)) - std::log(std::max(1.0 - share, 0.0)));
  }
  return free;
}

std::vector<bool> IntervalCorrelation::at_limit(const ConstVectorRef& parameters) const {
  std::vector<bool> at_limit;
  for (Index i = 0; i < parameters.size(); ++i) {
    const Interval& interval = intervals_[i];
    const double margin = kAtLimit * width(interval);
    at_limit.push_back(is_bounded(interval) && (parameters[i] - interval.lower <= margin ||
                                                interval.upper - parameters[i] <= margin));
  }
  return at_limit;
}

Vector IntervalCorrelation::snapped(const ConstVectorRef& free, double relative) const {
  Vector snapped = free;
  for (Index i = 0; i < free.size(); ++i) {
    if (!is_bounded(intervals_[i])) continue;
    // The share of the interval that is left is about exp(-2 |free|).
    if (std::exp(-std::abs(free[i])) < relative) snapped[i] = std::copysign(kInfinity, free[i]);
  }
  return snapped;
}

// d2R/df2 = R'' p'^2 + R' p'' with the map p(f): p'' = p' of an exponential, -2 tanh(f) p' of a
// tanh.
std::optional<Matrix> IntervalCorrelation::curvature(const ConstVectorRef& free,
                                                     const Matrix& g) const {
  const Vector p = parameters(free);
  std::optional<Matrix> found = parameter_curvature(p, g);
  if (!found) return found;
  const Vector slope = jacobian(free).diagonal();
  const std::vector<Matrix> dr = derivatives(p, everywhere());
  *found = slope.asDiagonal() * *found * slope.asDiagonal();
  for (Index i = 0; i < free.size(); ++i) {
    const double bend = is_bounded(intervals_[i]) ? -2.0 * std::tanh(free[i]) : 1.0;
    (*found)(i, i) += bend * slope[i] * g.cwiseProduct(dr[i]).sum();
  }
  return found;
}

Whitening chain_whitening(const std::vector<ChainLink>& links, const Matrix& slope) {
  Whitening whitening;
  const Index n = static_cast<Index>(links.size()) + 1;
  whitening.value = Vector::Zero(2 * n - 1);
  whitening.derivative = Matrix::Zero(2 * n - 1, slope.cols());
  whitening.column = {0};
  whitening.start.push_back(1);
  whitening.value[0] = 1.0;
  for (Index r = 1; r < n; ++r) {
    const auto [a, rest] = links[static_cast<std::size_t>(r - 1)];
    if (!(rest > 0.0)) return {};
    const double root = 1.0 / std::sqrt(rest);
    const Index before = 2 * r - 1, own = 2 * r;
    whitening.column.push_back(static_cast<SmallIndex>(r - 1));
    whitening.column.push_back(static_cast<SmallIndex>(r));
    whitening.start.push_back(own + 1);
    whitening.value[before] = -a * root;
    whitening.value[own] = root;
    whitening.derivative.row(before) = -root * root * root * slope.row(r - 1);
    whitening.derivative.row(own) = a * root * root * root * slope.row(r - 1);
  }
  return whitening;
}

Matrix chain_root(const std::vector<ChainLink>& links) {
  const Index n = static_cast<Index>(links.size()) + 1;
  Matrix root = Matrix::Zero(n, n);
  for (Index c = 0; c < n; ++c) {
    root(c, c) = c == 0 ? 1.0 : std::sqrt(links[static_cast<std::size_t>(c - 1)].rest);
    for (Index r = c + 1; r < n; ++r)
      root(r, c) = links[static_cast<std::size_t>(r - 1)].correlation * root(r - 1, c);
  }
  return root;
}

double mean_correlation(const Matrix& empirical, Index lag) {
  double sum = 0.0, count = 0.0;
  for (Index i = 0; i < empirical.rows(); ++i) {
    for (Index j = 0; j < i; ++j) {
      if ((lag > 0 && i - j != lag) || !std::isfinite(empirical(i, j))) continue;
      sum += empirical(i, j);
      count += 1.0;
    }
  }
  return count > 0.0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

double start_between(double empirical, double lower, double upper, double otherwise) {
  if (!std::isfinite(empirical)) return otherwise;
  // What is so near to 1 is no accident of the data that a start should stay away from.
  if (upper - empirical < kNearOne) return std::min(empirical, upper - kNearestOne);
  const double margin = 0.05 * (upper - lower);
  return std::clamp(empirical, lower + margin, upper - margin);
}

}  // namespace henderson::covariance
