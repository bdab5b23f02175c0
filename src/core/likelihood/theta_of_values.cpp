// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/likelihood/theta_of_values.h"

#include <Eigen/LU>
#include <optional>

#include "core/base/error.h"
#include "core/covariance/lower.h"

namespace henderson::likelihood {

using model::Slot;

namespace {

// Of the terms of a sum, what rounding makes of it.
constexpr double kRounding = 1e-14;

// With sigma = 1.
Vector from_user(const Slot& slot, const ConstVectorRef& values) {
  if (!slot.in_residual) return slot.value_transform.lu().solve(values);
  return values.cwiseQuotient(slot.value_transform.diagonal());
}

// Values of coefficients whose origin is far away (a covariate around 1e5) have lost the digits
// that tell a singular matrix from one that is not semidefinite: pivots within rounding are zero.
std::optional<Vector> theta_within_rounding(const Slot& slot, const ConstVectorRef& values) {
  if (slot.in_residual || slot.value_transform.isDiagonal(0.0)) return std::nullopt;
  const Index n = slot.structure->n_coef();
  const Matrix inverse = slot.value_transform.inverse();
  const Matrix sigma = covariance::symmetric_from(inverse * values, n);
  const Matrix rounding =
      kRounding * covariance::symmetric_from(inverse.cwiseAbs() * values.cwiseAbs(), n);
  const Vector sd = sigma.diagonal().cwiseMax(rounding.diagonal()).cwiseSqrt();
  const Matrix size = sd * sd.transpose();
  const double share = rounding.cwiseQuotient(size).maxCoeff();
  const Matrix lambda = covariance::semidefinite_cholesky(
      sigma, 0.0, Vector(static_cast<double>(4 * n) * share * size.diagonal()));
  const Matrix missed = (lambda * lambda.transpose() - sigma).cwiseAbs();
  if (!(missed.cwiseQuotient(size).maxCoeff() <= static_cast<double>(8 * n) * share))
    return std::nullopt;
  return covariance::lower_of(lambda);
}

}  // namespace

Vector theta_of_values(const Slot& slot, const ConstVectorRef& values) {
  try {
    return slot.structure->theta_from_values(from_user(slot, values));
  } catch (const InvalidSpec&) {
    const std::optional<Vector> found = theta_within_rounding(slot, values);
    if (!found) throw;
    return *found;
  }
}

}  // namespace henderson::likelihood
