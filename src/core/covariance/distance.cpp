// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/distance.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"

namespace henderson::covariance {

namespace {

// Pairs that a start looks at; more add nothing.
constexpr Index kStartPairs = 100000;

// Of a Gaussian: positions that are tried, how often its range is halved, and its least pivot.
constexpr Index kStartPositions = 200;
constexpr int kHalvings = 20;
constexpr double kLeastPivot = 1e-6;
// A range so long, in distances, is no accident of the data that a start should stay away from.
constexpr double kNearOne = 1e3;

// On a line, each position after the one before it.
bool is_ascending(const Matrix& coordinates) {
  if (coordinates.cols() != 1) return false;
  for (Index i = 1; i < coordinates.rows(); ++i) {
    if (!(coordinates(i, 0) > coordinates(i - 1, 0))) return false;
  }
  return true;
}

}  // namespace

double distance(const Matrix& coordinates, Index i, Index j, Metric metric) {
  if (metric == Metric::city_block) return (coordinates.row(i) - coordinates.row(j)).lpNorm<1>();
  return (coordinates.row(i) - coordinates.row(j)).norm();
}

Extent extent(const Matrix& coordinates, const Together& together, Metric metric) {
  Extent found;
  Index pairs = 0;
  const auto add = [&](Index i, Index j) {
    const double d = distance(coordinates, i, j, metric);
    if (d > 0.0) found.smallest = std::min(found.smallest, d);
    found.largest = std::max(found.largest, d);
    found.mean += d;
    ++pairs;
  };
  for (const std::vector<SmallIndex>& subject : together) {
    for (std::size_t i = 0; i < subject.size() && pairs < kStartPairs; ++i)
      for (std::size_t j = 0; j < i; ++j) add(subject[i], subject[j]);
  }
  if (!(found.largest > 0.0)) {
    for (Index i = 0; i < coordinates.rows() && pairs < kStartPairs; ++i)
      for (Index j = 0; j < i; ++j) add(i, j);
  }
  found.mean /= static_cast<double>(std::max<Index>(pairs, 1));
  return found;
}

// Regression through the origin of -log correlation on distance, over positive correlations.
double start_range(const Matrix& coordinates, const Extent& all, const Matrix& empirical,
                   Metric metric) {
  if (!(all.largest > 0.0)) {
    throw InvalidSpec("structure", "all positions of a structure of distances are the same");
  }
  double dd = 0.0, dl = 0.0;
  for (Index i = 0; i < empirical.rows(); ++i) {
    for (Index j = 0; j < i; ++j) {
      const double r = empirical(i, j);
      if (!(r > 0.02) || !(r < 1.0)) continue;
      const double d = distance(coordinates, i, j, metric);
      dd += r * d * d;
      dl -= r * d * std::log(r);
    }
  }
  const double range = dl > 0.0 ? dd / dl : 0.25 * all.mean;
  if (range > kNearOne * all.largest) return range;
  return std::clamp(range, 0.2 * all.smallest, 5.0 * all.largest);
}

bool range_at_limit(const Extent& all, double range) {
  return range >= 1e8 * all.largest || range <= 0.02 * all.smallest;
}

double range_of_none(const Extent& all) { return 0.01 * all.smallest; }

Distance::Distance(Matrix coordinates, Decay decay, const Together& together, Metric metric)
    : IntervalCorrelation({{0.0, kInfinity}}),
      coordinates_(std::move(coordinates)),
      metric_(metric),
      extent_(extent(coordinates_, together, metric)),
      decay_(decay),
      is_chain_(decay == Decay::exponential && is_ascending(coordinates_)) {
  if (coordinates_.cols() == 0 || !coordinates_.allFinite()) {
    throw InvalidSpec("structure", "a structure of distances needs finite coordinates");
  }
}

Matrix Distance::matrix(const ConstVectorRef& parameters, const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  Matrix r = Matrix::Identity(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const double x = between(at[i], at[j]) / parameters[0];
      r(i, j) = r(j, i) = std::exp(decay_ == Decay::exponential ? -x : -x * x);
    }
  }
  return r;
}

// With x = d / r: dx/dr = -x / r.
std::vector<Matrix> Distance::derivatives(const ConstVectorRef& parameters,
                                          const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  Matrix dr = Matrix::Zero(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const double x = between(at[i], at[j]) / parameters[0];
      const double slope =
          decay_ == Decay::exponential ? x * std::exp(-x) : 2.0 * x * x * std::exp(-x * x);
      dr(i, j) = dr(j, i) = slope / parameters[0];
    }
  }
  return {dr};
}

// With x' = -x / r: (exp(-x))'' = (x^2 - 2 x) exp(-x) / r^2, (exp(-x^2))'' = (4 x^4 - 6 x^2)
// exp(-x^2) / r^2.
std::optional<Matrix> Distance::parameter_curvature(const ConstVectorRef& parameters,
                                                    const Matrix& g) const {
  double sum = 0.0;
  for (Index j = 0; j < size(); ++j) {
    for (Index i = 0; i < j; ++i) {
      const double x = between(i, j) / parameters[0], xx = x * x;
      const double bend = decay_ == Decay::exponential ? (xx - 2.0 * x) * std::exp(-x)
                                                       : (4.0 * xx - 6.0) * xx * std::exp(-xx);
      sum += (g(i, j) + g(j, i)) * bend;
    }
  }
  return Matrix::Constant(1, 1, sum / (parameters[0] * parameters[0]));
}

// The Gaussian correlation of near positions is singular in double precision long before its range
// is that of the data: the range is halved until what a start needs, a factor, exists.
Vector Distance::start(const Matrix& empirical) const {
  Vector range = Vector::Constant(1, start_range(coordinates_, extent_, empirical, metric_));
  if (decay_ == Decay::exponential) return range;
  Positions first(static_cast<std::size_t>(std::min(coordinates_.rows(), kStartPositions)));
  std::iota(first.begin(), first.end(), 0);
  for (int halving = 0; halving < kHalvings; ++halving, range /= 2.0) {
    const Eigen::LDLT<Matrix> factor(matrix(range, first));
    if (factor.vectorD().minCoeff() > kLeastPivot) break;
  }
  return range;
}

std::vector<bool> Distance::at_limit(const ConstVectorRef& parameters) const {
  return {range_at_limit(extent_, parameters[0])};
}

Vector Distance::snapped(const ConstVectorRef& free, double relative) const {
  const double x = extent_.smallest / parameters(free)[0];
  if (!std::isfinite(x) || !(std::exp(decay_ == Decay::exponential ? -x : -x * x) < relative))
    return free;
  return Vector::Constant(1, std::log(range_of_none(extent_)));
}

Whitening Distance::whitening(const ConstVectorRef& free, const Positions& at) const {
  const double range = parameters(free)[0];
  std::vector<ChainLink> links(at.empty() ? 0 : at.size() - 1);
  Matrix slope(static_cast<Index>(links.size()), 1);
  for (std::size_t r = 0; r < links.size(); ++r) {
    const double x = between(at[r], at[r + 1]) / range;
    links[r] = {std::exp(-x), -std::expm1(-2.0 * x)};
    slope(static_cast<Index>(r), 0) = x * std::exp(-x) / range;
  }
  return chain_whitening(links, slope);
}

std::optional<Matrix> Distance::root(const ConstVectorRef& free) const {
  if (!is_chain_) return std::nullopt;
  const double range = parameters(free)[0];
  std::vector<ChainLink> links;
  for (Index r = 1; r < size(); ++r) {
    const double x = between(r - 1, r) / range;
    links.push_back({std::exp(-x), -std::expm1(-2.0 * x)});
  }
  return chain_root(links);
}

}  // namespace henderson::covariance
