// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/levinson.h"

#include <Eigen/LU>
#include <cmath>
#include <limits>

namespace henderson::covariance {
namespace {

// A variance of prediction that is rounding error.
constexpr double kNothing = 1e-12;

}  // namespace

Prediction prediction_from(const ConstVectorRef& partial) {
  const Index order = partial.size();
  Prediction made{Vector::Zero(order), Matrix::Zero(order, order)};
  for (Index k = 0; k < order; ++k) {
    const Vector before = made.phi.head(k);
    const Matrix slope = made.slope.topRows(k);
    for (Index j = 0; j < k; ++j) {
      made.phi[j] = before[j] - partial[k] * before[k - 1 - j];
      made.slope.row(j) = slope.row(j) - partial[k] * slope.row(k - 1 - j);
      made.slope(j, k) -= before[k - 1 - j];
    }
    made.phi[k] = partial[k];
    made.slope(k, k) = 1.0;
  }
  return made;
}

Vector partial_from_prediction(const ConstVectorRef& phi) {
  Vector partial = phi;
  for (Index k = phi.size() - 1; k > 0; --k) {
    const double rest = 1.0 - partial[k] * partial[k];
    const Vector now = partial.head(k);
    for (Index j = 0; j < k; ++j) {
      partial[j] = std::abs(rest) > kNothing ? (now[j] + partial[k] * now[k - 1 - j]) / rest : 0.0;
    }
  }
  return partial;
}

Matrix root_of_partials(const ConstVectorRef& free, Index size) {
  Matrix predicting = Matrix::Identity(size, size);
  Vector sd = Vector::Ones(size), phi(0);
  for (Index k = 0; k + 1 < size; ++k) {
    if (k < free.size()) {
      const double pi = std::tanh(free[k]);
      Vector next(k + 1);
      next << phi - pi * phi.reverse(), pi;
      phi = std::move(next);
    }
    predicting.row(k + 1).segment(k + 1 - phi.size(), phi.size()) = -phi.reverse().transpose();
    sd[k + 1] = k < free.size() ? sd[k] / std::cosh(free[k]) : sd[k];
  }
  const Matrix inverse =
      predicting.triangularView<Eigen::UnitLower>().solve(Matrix::Identity(size, size));
  return inverse * sd.asDiagonal();
}

// rho_k = sum_j phi_j rho_|k - j|, of the first lags as equations, of the others in turn; and their
// derivatives.
Autocorrelation autoregressive_correlation(const ConstVectorRef& phi, Index n) {
  const Index order = phi.size();
  Matrix equations = Matrix::Identity(order, order);
  for (Index k = 1; k <= order; ++k) {
    for (Index j = 1; j <= order; ++j) {
      if (j != k) equations(k - 1, std::abs(k - j) - 1) -= phi[j - 1];
    }
  }
  const Eigen::PartialPivLU<Matrix> solver(equations);
  Autocorrelation found{Vector::Ones(1 + std::max(n, order)),
                        Matrix::Zero(1 + std::max(n, order), order)};
  found.rho.segment(1, order) = solver.solve(phi);
  Matrix right(order, order);
  for (Index k = 1; k <= order; ++k) {
    for (Index j = 1; j <= order; ++j) right(k - 1, j - 1) = found.rho[std::abs(k - j)];
  }
  found.slope.middleRows(1, order) = solver.solve(right);
  for (Index k = order + 1; k <= n; ++k) {
    found.rho[k] = 0.0;
    for (Index j = 1; j <= order; ++j) {
      found.rho[k] += phi[j - 1] * found.rho[k - j];
      found.slope.row(k) += phi[j - 1] * found.slope.row(k - j);
      found.slope(k, j - 1) += found.rho[k - j];
    }
  }
  found.rho.conservativeResize(n + 1);
  found.slope.conservativeResize(n + 1, order);
  return found;
}

// gamma_k = sum_j theta_j theta_(j + k) with theta_0 = 1, rho_k = gamma_k / gamma_0.
Autocorrelation moving_average_correlation(const ConstVectorRef& theta, Index n) {
  const Index order = theta.size();
  Autocorrelation found{Vector::Zero(n + 1), Matrix::Zero(n + 1, order)};
  found.rho[0] = 1.0;
  if (!(partial_from_prediction(-theta).cwiseAbs().maxCoeff() <= 1.0 + kNothing)) {
    found.rho.setConstant(std::numeric_limits<double>::quiet_NaN());
    return found;
  }
  Vector weight(order + 1);
  weight << 1.0, theta;
  const double variance = weight.squaredNorm();
  for (Index k = 1; k <= std::min(n, order); ++k) {
    found.rho[k] = weight.head(order + 1 - k).dot(weight.tail(order + 1 - k)) / variance;
    for (Index j = 1; j <= order; ++j) {
      const double before = j >= k ? weight[j - k] : 0.0;
      const double after = j + k <= order ? weight[j + k] : 0.0;
      found.slope(k, j - 1) = (before + after - 2.0 * found.rho[k] * weight[j]) / variance;
    }
  }
  return found;
}

}  // namespace henderson::covariance
