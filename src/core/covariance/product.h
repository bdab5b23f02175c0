// SPDX-License-Identifier: GPL-3.0-or-later
// Kronecker products: Sigma = Sigma_1 x R_2 x R_3 ..., the first factor varying slowest. The
// variances are those of the first factor; the others are homogeneous structures with a variance
// held at 1.
//
// theta: those of the factors, one after the other. Values: those of the first factor, and of the
// others those after their variance.
#pragma once

#include <memory>

#include "core/covariance/joined_surface.h"
#include "core/covariance/structure.h"

namespace henderson::covariance {

class Product final : public Structure {
 public:
  // Needs: at least one factor.
  explicit Product(std::vector<std::unique_ptr<const Structure>> factors);

  Index n_coef() const override;
  Index n_columns() const override;
  Index n_theta() const override;
  Index n_values() const override;
  // The equations of the factors.
  const ThetaSurface* surface() const override {
    return surface_.n_equations() > 0 ? &surface_ : nullptr;
  }
  std::optional<Matrix> factor(const ConstVectorRef& theta) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& theta) const override;
  Matrix covariance(const ConstVectorRef& theta, const Positions& at) const override;
  std::vector<Matrix> covariance_derivatives(const ConstVectorRef& theta,
                                             const Positions& at) const override;
  bool is_valid(const ConstVectorRef& theta) const override;
  // T_1 x T_2 x ... where all positions are there and the factors have sparse T.
  Whitening whitening(const ConstVectorRef& theta, const Positions& at,
                      bool with_derivative) const override;
  bool needs_all_positions() const override;
  Matrix curvature(const ConstVectorRef& theta, const Matrix& g) const override;
  Vector values(const ConstVectorRef& theta) const override;
  std::optional<Coordinate> coordinate(Index value) const override;
  Matrix value_jacobian(const ConstVectorRef& theta) const override;
  Vector completed(const ConstVectorRef& given, const ConstVectorRef& defaults) const override;
  Vector theta_from_values(const ConstVectorRef& values) const override;
  Vector theta_from_covariance(const Matrix& covariance) const override;
  Vector theta_from_variance(double variance) const override;
  Vector rescaled(const ConstVectorRef& theta, double c) const override;
  Vector canonical(const ConstVectorRef& theta, double relative, double absolute) const override;
  Vector nudged(const ConstVectorRef& theta, double distance) const override;
  std::vector<bool> theta_at_boundary(const ConstVectorRef& theta) const override;
  std::vector<bool> value_at_boundary(const ConstVectorRef& theta, const Matrix& f) const override;

 private:
  // Values of factor k that are values of the product.
  Index first_own(std::size_t k) const { return k == 0 ? 0 : 1; }
  std::vector<Vector> split(const ConstVectorRef& theta) const;
  // The values of factor k within those of the product, its variance of 1 included.
  std::vector<Vector> split_values(const ConstVectorRef& values) const;
  std::vector<Positions> split_positions(const Positions& at) const;
  Vector joined(const std::vector<Vector>& parts) const;

  std::vector<std::unique_ptr<const Structure>> factors_;
  JoinedSurface surface_;
};

}  // namespace henderson::covariance
