// SPDX-License-Identifier: GPL-3.0-or-later
// own: Sigma is a function of a user. theta are its parameters on scales without ends: tanh between
// two finite ends, an exponential from one, a multiple of the start without any. Values are the
// parameters, which have no unit that the engine knows: Sigma is not scaled, only measured in the
// unit of the model.
#pragma once

#include <memory>

#include "core/covariance/structure.h"
#include "core/covariance/user_matrix.h"

namespace henderson::covariance {

class Own final : public Structure {
 public:
  // held[i]: parameter i keeps values[i]. Empty: none is held. unit: standard deviations of the
  // user are unit times those of the model.
  Own(Index n_coef, std::shared_ptr<const UserMatrix> matrix, const std::vector<bool>& held,
      const Vector& values, double unit);

  Index n_coef() const override { return n_coef_; }
  Index n_columns() const override { return n_coef_; }
  Index n_theta() const override { return static_cast<Index>(free_.size()); }
  Index n_values() const override { return matrix_->start().size(); }
  std::optional<Matrix> factor(const ConstVectorRef& theta) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& theta) const override;
  Matrix covariance(const ConstVectorRef& theta, const Positions& at) const override;
  std::vector<Matrix> covariance_derivatives(const ConstVectorRef& theta,
                                             const Positions& at) const override;
  Matrix curvature(const ConstVectorRef& theta, const Matrix& g) const override;
  Vector values(const ConstVectorRef& theta) const override;
  std::optional<Coordinate> coordinate(Index value) const override;
  bool can_be_rescaled() const override { return false; }
  Matrix value_jacobian(const ConstVectorRef& theta) const override;
  Vector theta_from_values(const ConstVectorRef& values) const override;
  // The user's start, whatever the matrix.
  Vector theta_from_covariance(const Matrix& covariance) const override;
  Vector rescaled(const ConstVectorRef& theta, double c) const override;
  Vector canonical(const ConstVectorRef& theta, double relative, double absolute) const override;
  Vector nudged(const ConstVectorRef& theta, double distance) const override;
  std::vector<bool> theta_at_boundary(const ConstVectorRef& theta) const override;
  std::vector<bool> value_at_boundary(const ConstVectorRef& theta, const Matrix& f) const override;

 private:
  const std::optional<UserMatrix::Value>& evaluated(const ConstVectorRef& theta,
                                                    bool with_derivatives) const;
  double parameter(Index k, double x) const;
  double slope(Index k, double x) const;
  double number(Index k, double parameter) const;

  Index n_coef_;
  std::shared_ptr<const UserMatrix> matrix_;
  Vector held_values_;
  std::vector<Index> free_;  // free_[i] = k means that theta[i] belongs to parameter k
  double unit_;
  // The last point: one evaluation of the engine asks for the same one several times.
  mutable Vector last_parameters_;
  mutable bool last_has_derivatives_ = false;
  mutable std::optional<UserMatrix::Value> last_;
};

}  // namespace henderson::covariance
