// SPDX-License-Identifier: GPL-3.0-or-later
// corg: any correlation matrix, a correlation for each pair of positions, those of position 2 with
// 1, of 3 with 1 and 2, ... Row i of its Cholesky factor is a point of a half sphere: entry j is z
// times what the entries before it leave of 1, z the tanh of a free number (Lewandowski, Kurowicka
// & Joe 2009, J Multivar Anal 100:1989). z are partial correlations, each in (-1, 1) whatever the
// others are.
#pragma once

#include "core/covariance/correlation.h"

namespace henderson::covariance {

class GeneralCorrelation final : public Correlation {
 public:
  explicit GeneralCorrelation(Index size) : size_(size) {}

  Index size() const override { return size_; }
  Index n_parameters() const override { return size_ * (size_ - 1) / 2; }
  Matrix matrix(const ConstVectorRef& parameters, const Positions& at) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& parameters,
                                  const Positions& at) const override;
  Vector parameters(const ConstVectorRef& free) const override;
  Matrix jacobian(const ConstVectorRef& free) const override;
  Vector free_from(const ConstVectorRef& parameters) const override;
  bool elementwise() const override { return size_ == 2; }
  bool has_root() const override { return true; }
  std::optional<Matrix> root(const ConstVectorRef& free) const override;
  Vector start(const Matrix& empirical) const override;
  std::vector<bool> at_limit(const ConstVectorRef& parameters) const override;
  Vector snapped(const ConstVectorRef& free, double relative) const override;

 private:
  Vector partial_from(const ConstVectorRef& parameters, double largest) const;

  Index size_;
};

}  // namespace henderson::covariance
