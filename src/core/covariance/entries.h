// SPDX-License-Identifier: GPL-3.0-or-later
// us whose theta are the entries of the lower triangle of Sigma, row by row, without those that are
// held: for entries that are tied or bounded one by one, and so must be coordinates.
// A theta whose Sigma is not positive definite is refused, so the search stays in the interior.
#pragma once

#include "core/covariance/structure.h"

namespace henderson::covariance {

class Entries final : public Structure {
 public:
  // held[i]: entry i of the lower triangle keeps values[i]. Throws InvalidSpec where a held
  // variance is not positive. Empty: none is held.
  Entries(Index n_coef, std::vector<bool> held, Vector values);

  Index n_coef() const override { return n_coef_; }
  Index n_columns() const override { return n_coef_; }
  Index n_theta() const override { return static_cast<Index>(free_.size()); }
  Index n_values() const override { return held_values_.size(); }
  std::optional<Matrix> factor(const ConstVectorRef& theta) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& theta) const override;
  // Linear in theta, whether Sigma is definite or not.
  Matrix covariance(const ConstVectorRef& theta, const Positions& at) const override;
  std::vector<Matrix> covariance_derivatives(const ConstVectorRef& theta,
                                             const Positions& at) const override;
  Matrix curvature(const ConstVectorRef& theta, const Matrix& g) const override;
  Vector values(const ConstVectorRef& theta) const override;
  std::optional<Coordinate> coordinate(Index value) const override;
  Vector completed(const ConstVectorRef& given, const ConstVectorRef& defaults) const override;
  Matrix value_jacobian(const ConstVectorRef& theta) const override;
  Vector theta_from_values(const ConstVectorRef& values) const override;
  Vector theta_from_covariance(const Matrix& covariance) const override;
  Vector rescaled(const ConstVectorRef& theta, double c) const override;
  Vector canonical(const ConstVectorRef& theta, double relative, double absolute) const override;
  Vector nudged(const ConstVectorRef& theta, double distance) const override;
  std::vector<bool> theta_at_boundary(const ConstVectorRef& theta) const override;
  std::vector<bool> value_at_boundary(const ConstVectorRef& theta, const Matrix& f) const override;

 private:
  Index n_coef_;
  Vector held_values_;       // all values; those of free entries are not used
  std::vector<Index> free_;  // free_[i] = k means that theta[i] is entry k of the lower triangle
};

}  // namespace henderson::covariance
