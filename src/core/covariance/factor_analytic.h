// SPDX-License-Identifier: GPL-3.0-or-later
// fa(k): Sigma = Gamma Gamma' + Psi, Lambda = [Gamma, Psi^(1/2)] with t rows and k + t columns, and
// rr(k): Sigma = Gamma Gamma', Lambda = Gamma. Gamma (t x k) is lower-trapezoidal: every Gamma can
// be rotated so, and only signs are then open. Psi is diagonal, and its entries may be zero.
//
// theta: the roots of psi (fa), then the loadings column by column, without those that are held.
// Values: psi, then the loadings. Source: Thompson, Cullis, Smith & Gilmour (2003), Aust. N. Z. J.
// Stat. 45:445.
#pragma once

#include "core/covariance/factor_whitening.h"

namespace henderson::covariance {

class FactorAnalytic final : public Structure {
 public:
  enum class Specific { yes, no };

  // held[i]: value i keeps values[i]. Empty: none is held. Throws InvalidSpec where k is not
  // between 1 and n_coef or a held psi is negative.
  FactorAnalytic(Index n_coef, Index n_factors, Specific specific, const std::vector<bool>& held,
                 const Vector& values);

  Index n_coef() const override { return n_coef_; }
  Index n_columns() const override { return n_factors_ + n_specific_; }
  Index n_theta() const override { return static_cast<Index>(free_.size()); }
  Index n_values() const override { return held_numbers_.size(); }
  std::optional<Matrix> factor(const ConstVectorRef& theta) const override;
  Whitening whitening(const ConstVectorRef& theta, const Positions& at,
                      bool with_derivative) const override {
    return whitening_by_factor(*this, theta, at, with_derivative);
  }
  Matrix factor_pattern() const override { return lambda(Vector::Ones(n_values())); }
  std::vector<Matrix> derivatives(const ConstVectorRef& theta) const override;
  Vector values(const ConstVectorRef& theta) const override;
  std::optional<Coordinate> coordinate(Index value) const override;
  Matrix value_jacobian(const ConstVectorRef& theta) const override;
  Vector theta_from_values(const ConstVectorRef& values) const override;
  Vector theta_from_covariance(const Matrix& covariance) const override;
  Vector rescaled(const ConstVectorRef& theta, double c) const override;
  Vector canonical(const ConstVectorRef& theta, double relative, double absolute) const override;
  Vector nudged(const ConstVectorRef& theta, double distance) const override;
  std::vector<bool> theta_at_boundary(const ConstVectorRef& theta) const override;
  std::vector<bool> value_at_boundary(const ConstVectorRef& theta, const Matrix& f) const override;

 private:
  // Numbers: the roots of psi and the loadings, held ones among them; theta are the free ones.
  Vector numbers(const ConstVectorRef& theta) const;
  Vector collect(const Vector& numbers) const;
  Matrix lambda(const Vector& numbers) const;
  // Row and column of number i in Lambda.
  std::pair<Index, Index> place(Index i) const { return places_[static_cast<std::size_t>(i)]; }

  Index n_coef_;
  Index n_factors_;
  Index n_specific_;
  std::vector<std::pair<Index, Index>> places_;
  Vector held_numbers_;
  std::vector<Index> free_;  // free_[i] = k means that theta[i] is number k
};

}  // namespace henderson::covariance
