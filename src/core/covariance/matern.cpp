// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/matern.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/covariance/distance.h"
#include "core/covariance/limits.h"
#include "core/covariance/matern_correlation.h"
#include "core/covariance/matern_table.h"

namespace henderson::covariance {
namespace {

// Where the search looks for a smoothness: rougher fields cannot be told from a nugget, smoother
// ones are Gaussian in all but name.
constexpr Interval kSmoothness{0.01, 25.0};

// Above so many pairs a table of the correlation costs less than its values.
constexpr Index kManyPairs = 2000;

// visit(i, j, distance / range) for all pairs of positions that are not the same.
template <class Visit>
void for_pairs(const Matrix& coordinates, const Positions& at, double range, const Visit& visit) {
  const auto n = static_cast<Index>(at.size());
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const double x = distance(coordinates, at[i], at[j]) / range;
      if (x > 0.0) visit(i, j, x);
    }
  }
}

MaternTable make_table(const MaternCorrelation& correlation, const Matrix& coordinates,
                       const Positions& at, double range) {
  double least = kInfinity, largest = 0.0;
  for_pairs(coordinates, at, range, [&](Index, Index, double x) {
    least = std::min(least, x);
    largest = std::max(largest, x);
  });
  return {correlation, std::min(least, 1.0), std::max(largest, least)};
}

}  // namespace

Matern::Matern(Matrix coordinates, const Vector& smoothness, const Together& together)
    : IntervalCorrelation(smoothness.size() > 0
                              ? std::vector<Interval>{{0.0, kInfinity}}
                              : std::vector<Interval>{{0.0, kInfinity}, kSmoothness}),
      coordinates_(std::move(coordinates)),
      extent_(extent(coordinates_, together)),
      smoothness_(smoothness) {
  if (coordinates_.cols() == 0 || !coordinates_.allFinite()) {
    throw InvalidSpec("structure", "a structure of distances needs finite coordinates");
  }
}

double Matern::smoothness(const ConstVectorRef& parameters) const {
  return smoothness_.size() > 0 ? smoothness_[0] : parameters[1];
}

Correlation::Value Matern::value(const ConstVectorRef& parameters, const Positions& at,
                                 bool with_derivatives) const {
  const auto n = static_cast<Index>(at.size());
  const double range = parameters[0];
  Value found{Matrix::Ones(n, n), {}};
  if (with_derivatives)
    found.derivatives.assign(static_cast<std::size_t>(n_parameters()), Matrix::Zero(n, n));
  std::vector<Matrix>& d = found.derivatives;
  const auto fill = [&](const auto& correlation) {
    for_pairs(coordinates_, at, range, [&](Index i, Index j, double x) {
      const auto f = correlation(x);
      found.matrix(i, j) = found.matrix(j, i) = f.value;
      if (!d.empty()) d[0](i, j) = d[0](j, i) = f.fall / range;
      if (d.size() > 1) d[1](i, j) = d[1](j, i) = f.nu;
    });
  };
  const MaternCorrelation correlation(smoothness(parameters));
  if (n * (n - 1) / 2 > kManyPairs) {
    fill(make_table(correlation, coordinates_, at, range));
  } else {
    fill(correlation);
  }
  return found;
}

Matrix Matern::matrix(const ConstVectorRef& parameters, const Positions& at) const {
  return value(parameters, at, false).matrix;
}

std::vector<Matrix> Matern::derivatives(const ConstVectorRef& parameters,
                                        const Positions& at) const {
  return value(parameters, at, true).derivatives;
}

// With l = log(range): d2/drange2 = (d2/dl2 - d/dl) / range^2.
std::optional<Matrix> Matern::parameter_curvature(const ConstVectorRef& parameters,
                                                  const Matrix& g) const {
  Matrix sum = Matrix::Zero(2, 2);
  const MaternCorrelation correlation(smoothness(parameters));
  for_pairs(coordinates_, everywhere(), parameters[0], [&](Index i, Index j, double x) {
    const MaternValue f = correlation(x);
    const double weight = g(i, j) + g(j, i);
    sum(0, 0) += weight * (f.fall_fall - f.fall);
    sum(1, 0) += weight * f.fall_nu;
    sum(1, 1) += weight * f.nu_nu;
  });
  sum(0, 0) /= parameters[0] * parameters[0];
  sum(0, 1) = sum(1, 0) /= parameters[0];
  return Matrix(sum.topLeftCorner(n_parameters(), n_parameters()));
}

Vector Matern::start(const Matrix& empirical) const {
  Vector start = Vector::Ones(n_parameters());
  const double nu = smoothness(start);
  start[0] = start_range(coordinates_, extent_, empirical) / std::sqrt(2.0 * nu);
  return start;
}

std::vector<bool> Matern::at_limit(const ConstVectorRef& parameters) const {
  std::vector<bool> at_limit = IntervalCorrelation::at_limit(parameters);
  at_limit[0] = range_at_limit(extent_, parameters[0]);
  // Where no two positions are correlated the smoothness has no effect.
  if (at_limit.size() > 1 && parameters[0] < extent_.smallest)
    at_limit[1] = at_limit[1] || at_limit[0];
  return at_limit;
}

// R is definite at either end of the smoothness, and where no two positions are correlated.
Vector Matern::snapped(const ConstVectorRef& free, double relative) const {
  const Vector p = parameters(free);
  Vector snapped = free;
  const double x = extent_.smallest / p[0];
  if (std::isfinite(x) && MaternCorrelation(smoothness(p))(x).value < relative)
    snapped[0] = std::log(range_of_none(extent_));
  if (free.size() > 1 && std::exp(-2.0 * std::abs(free[1])) < relative)
    snapped[1] = std::copysign(kFreeAtLimit, free[1]);
  return snapped;
}

}  // namespace henderson::covariance
