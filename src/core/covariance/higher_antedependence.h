// SPDX-License-Identifier: GPL-3.0-or-later
// ante of an order k above one: each position depends on the k before it alone. The parameters are
// the correlations of neighbours, then those of positions 2, ..., k apart, partial in those
// between: each in (-1, 1) whatever the others are, and zero beyond k.
// Source: Zimmerman & Nunez-Anton (2010), Antedependence Models for Longitudinal Data, sec. 2.3.
#pragma once

#include "core/covariance/correlation.h"

namespace henderson::covariance {

class HigherAntedependence final : public IntervalCorrelation {
 public:
  // Throws InvalidSpec where the order is not between 1 and size - 1.
  HigherAntedependence(Index size, Index order);

  Index size() const override { return size_; }
  Matrix matrix(const ConstVectorRef& parameters, const Positions& at) const override {
    return value(parameters, at, false).matrix;
  }
  std::vector<Matrix> derivatives(const ConstVectorRef& parameters,
                                  const Positions& at) const override {
    return value(parameters, at, true).derivatives;
  }
  Value value(const ConstVectorRef& parameters, const Positions& at,
              bool with_derivatives) const override;
  Vector start(const Matrix& empirical) const override;
  // Banded for the first positions without a gap, dense for others.
  bool has_sparse_whitening() const override { return true; }
  Whitening whitening(const ConstVectorRef& free, const Positions& at) const override;
  bool has_root() const override { return true; }
  std::optional<Matrix> root(const ConstVectorRef& free) const override;

 private:
  Index size_;
  Index order_;
};

}  // namespace henderson::covariance
