// SPDX-License-Identifier: GPL-3.0-or-later
// A correlation matrix with variances: Sigma = s^2 R with one standard deviation, or
// Sigma = diag(s) R diag(s) with one for each coefficient. Lambda = s chol(R) or diag(|s|) chol(R),
// so a variance may be exactly zero and nothing is divided by it.
//
// theta: the standard deviations, then the free numbers of R, without those that are held. Values:
// variances, then the parameters of R.
#pragma once

#include <string>

#include "core/covariance/correlation.h"

namespace henderson::covariance {

class Scaled final : public Structure {
 public:
  // held[i]: value i keeps values[i]. Empty: none is held. Throws InvalidSpec where a held variance
  // is not positive or a held parameter is not valid. natural: every free value is a coordinate.
  Scaled(std::shared_ptr<const Correlation> correlation, bool heterogeneous,
         const std::vector<bool>& held, const Vector& values, bool natural = false);

  Index n_coef() const override { return correlation_->size(); }
  Index n_columns() const override { return n_coef(); }
  Index n_theta() const override { return static_cast<Index>(free_.size()); }
  Index n_values() const override { return n_sd_ + correlation_->n_parameters(); }
  std::optional<Matrix> factor(const ConstVectorRef& theta) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& theta) const override;
  Matrix covariance(const ConstVectorRef& theta, const Positions& at) const override;
  std::vector<Matrix> covariance_derivatives(const ConstVectorRef& theta,
                                             const Positions& at) const override;
  bool is_valid(const ConstVectorRef& theta) const override;
  Whitening whitening(const ConstVectorRef& theta, const Positions& at,
                      bool with_derivative) const override;
  bool has_sparse_whitening() const { return correlation_->has_sparse_whitening(); }
  Matrix curvature(const ConstVectorRef& theta, const Matrix& g) const override;
  Vector values(const ConstVectorRef& theta) const override;
  std::optional<Coordinate> coordinate(Index value) const override;
  Matrix value_jacobian(const ConstVectorRef& theta) const override;
  Vector theta_from_values(const ConstVectorRef& values) const override;
  Vector theta_from_covariance(const Matrix& covariance) const override;
  Vector theta_from_variance(double variance) const override;
  bool reaches_direction(const ConstVectorRef& w) const override;
  Vector rescaled(const ConstVectorRef& theta, double c) const override;
  Vector canonical(const ConstVectorRef& theta, double relative, double absolute) const override;
  Vector nudged(const ConstVectorRef& theta, double distance) const override;
  std::vector<bool> has_kink() const override;
  std::vector<bool> theta_at_boundary(const ConstVectorRef& theta) const override;
  std::vector<bool> value_at_boundary(const ConstVectorRef& theta, const Matrix& f) const override;

 private:
  // All standard deviations and all numbers of R, the held ones among them.
  struct Parts {
    Vector sd;
    Vector numbers;
  };
  Parts parts(const ConstVectorRef& theta) const;
  Vector collect(const Parts& parts) const;  // theta again
  Vector parameters(const Vector& numbers) const;
  // R of these parameters, with a little on the diagonal where it is smooth.
  Correlation::Value correlation_at(const Vector& p, const Positions& at,
                                    bool with_derivatives) const;
  Whitening whitening_of_r(const Vector& numbers, const Positions& at, bool with_derivative) const;
  Matrix curvature_of_r(const Vector& numbers, const Matrix& g) const;
  Matrix derivative_of_whitening(const Parts& here, const Whitening& of_r, const Whitening& made,
                                 const Positions& at) const;
  std::vector<Matrix> number_derivatives(const Vector& numbers, const Positions& at) const;

  // R of all positions and what is made of it: an evaluation, its score and its curvature ask for
  // it in turn. Kept for the last numbers.
  struct Whole {
    Vector numbers;
    Matrix r;
    std::optional<Matrix> root;            // Cholesky factor of R
    std::vector<Matrix> derivatives;       // of R; empty: not made yet
    std::vector<Matrix> root_derivatives;  // of the factor
  };
  Whole& whole(const Vector& numbers) const;
  const std::vector<Matrix>& number_derivatives(const Vector& numbers) const;
  const std::vector<Matrix>& root_derivatives(const Vector& numbers) const;
  Vector sd_at(const Vector& sd, const Positions& at) const;
  // Of all values; `all`: of numbers that R does not tell apart not only those that do not move.
  std::vector<bool> at_boundary(const Parts& parts, bool all) const;
  std::vector<bool> idle_numbers(const Parts& parts, bool all) const;
  Positions everywhere() const;
  // With one free number of R beside held ones: theta in the middle of those points of a grid where
  // R is definite.
  std::optional<Vector> definite_beside_held(const Vector& sd) const;

  std::shared_ptr<const Correlation> correlation_;
  Index n_sd_;
  bool natural_ = false;     // the numbers are the parameters themselves
  Parts held_parts_;         // those of free ones are not used
  std::vector<Index> free_;  // free_[i] = k means that theta[i] belongs to value k
  mutable std::optional<Whole> whole_;
};

}  // namespace henderson::covariance
