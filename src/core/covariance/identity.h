// SPDX-License-Identifier: GPL-3.0-or-later
// id: no correlation.
#pragma once

#include "core/covariance/correlation.h"

namespace henderson::covariance {

class Identity final : public IntervalCorrelation {
 public:
  explicit Identity(Index size) : IntervalCorrelation({}), size_(size) {}

  Index size() const override { return size_; }
  Matrix matrix(const ConstVectorRef&, const Positions& at) const override {
    const auto n = static_cast<Index>(at.size());
    Matrix r(n, n);
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < n; ++i) r(i, j) = at[i] == at[j] ? 1.0 : 0.0;
    }
    return r;
  }
  std::vector<Matrix> derivatives(const ConstVectorRef&, const Positions&) const override {
    return {};
  }
  Vector start(const Matrix&) const override { return Vector(0); }
  bool has_sparse_whitening() const override { return true; }
  Whitening whitening(const ConstVectorRef&, const Positions& at) const override {
    Whitening whitening;
    const auto n = static_cast<Index>(at.size());
    for (Index r = 0; r < n; ++r) {
      whitening.column.push_back(static_cast<SmallIndex>(r));
      whitening.start.push_back(r + 1);
    }
    whitening.value = Vector::Ones(n);
    whitening.derivative = Matrix::Zero(n, 0);
    return whitening;
  }

 private:
  Index size_;
};

}  // namespace henderson::covariance
