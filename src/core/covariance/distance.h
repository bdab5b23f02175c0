// SPDX-License-Identifier: GPL-3.0-or-later
// Correlations that fall with the distance d of the positions, scaled by a range r: exp(-d / r) and
// exp(-(d / r)^2).
#pragma once

#include <vector>

#include "core/covariance/correlation.h"

namespace henderson::covariance {

// city_block: the sum of the distances in each direction, as along the sides of a field.
enum class Metric { euclidean, city_block };

// Distance of two rows of the coordinates.
double distance(const Matrix& coordinates, Index i, Index j, Metric metric = Metric::euclidean);

// Of the distances that count.
struct Extent {
  double smallest = kInfinity;  // above zero
  double largest = 0.0;
  double mean = 0.0;
};

// Positions that occur together: those of each subject. None: all with all.
using Together = std::vector<std::vector<SmallIndex>>;

// Cost: at most 1e5 pairs.
Extent extent(const Matrix& coordinates, const Together& together,
              Metric metric = Metric::euclidean);

// A range to start from: where the correlation at distance d is about `empirical(i, j)`, or, where
// these say nothing, a quarter of the mean distance. Throws InvalidSpec where all distances are
// zero.
double start_range(const Matrix& coordinates, const Extent& extent, const Matrix& empirical,
                   Metric metric = Metric::euclidean);

// A range is at its limit where the correlations are 1 or 0 to working precision.
bool range_at_limit(const Extent& extent, double range);

// A range at which no two positions are correlated.
double range_of_none(const Extent& extent);

enum class Decay { exponential, gaussian };

class Distance final : public IntervalCorrelation {
 public:
  // coordinates: a row for each position.
  Distance(Matrix coordinates, Decay decay, const Together& together = {},
           Metric metric = Metric::euclidean);

  Index size() const override { return coordinates_.rows(); }
  Matrix matrix(const ConstVectorRef& parameters, const Positions& at) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& parameters,
                                  const Positions& at) const override;
  Vector start(const Matrix& empirical) const override;
  bool is_smooth() const override { return decay_ == Decay::gaussian; }
  std::vector<bool> at_limit(const ConstVectorRef& parameters) const override;
  Vector snapped(const ConstVectorRef& free, double relative) const override;
  // exp along a line, the positions in ascending order, is a chain.
  bool has_sparse_whitening() const override { return is_chain_; }
  Whitening whitening(const ConstVectorRef& free, const Positions& at) const override;
  bool has_root() const override { return is_chain_; }
  std::optional<Matrix> root(const ConstVectorRef& free) const override;

 protected:
  std::optional<Matrix> parameter_curvature(const ConstVectorRef& parameters,
                                            const Matrix& g) const override;

 private:
  double between(Index i, Index j) const { return distance(coordinates_, i, j, metric_); }

  Matrix coordinates_;
  Metric metric_;
  Extent extent_;
  Decay decay_;
  bool is_chain_;
};

}  // namespace henderson::covariance
