// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/structure.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"

namespace henderson::covariance {
namespace {

Matrix rows_of(const Matrix& matrix, const Positions& at) {
  Matrix rows(static_cast<Index>(at.size()), matrix.cols());
  for (Index i = 0; i < rows.rows(); ++i) rows.row(i) = matrix.row(at[i]);
  return rows;
}

// The longest of the steps h, h/2, ... whose end is valid, among some positions where they are not
// all: thousands have no matrix. 0 where none is.
double valid_step(const Structure& structure, const ConstVectorRef& theta, Index i, double h,
                  const Positions& at) {
  constexpr int kMostHalvings = 20;
  const bool is_whole = static_cast<Index>(at.size()) == structure.n_coef();
  for (int k = 0; k < kMostHalvings; ++k, h *= 0.5) {
    const Vector there = theta + h * Vector::Unit(theta.size(), i);
    if (is_whole ? structure.is_valid(there) : structure.whitening(there, at, false).size() > 0)
      return h;
  }
  return 0.0;
}

}  // namespace

Matrix Structure::covariance(const ConstVectorRef& theta, const Positions& at) const {
  const Matrix lambda = rows_of(factor(theta).value(), at);
  return lambda * lambda.transpose();
}

std::vector<Matrix> Structure::covariance_derivatives(const ConstVectorRef& theta,
                                                      const Positions& at) const {
  const Matrix lambda = rows_of(factor(theta).value(), at);
  std::vector<Matrix> found;
  for (const Matrix& derivative : derivatives(theta)) {
    const Matrix half = rows_of(derivative, at) * lambda.transpose();
    found.push_back(half + half.transpose());
  }
  return found;
}

Whitening Structure::whitening(const ConstVectorRef& theta, const Positions& at,
                               bool with_derivative) const {
  if (!is_valid(theta)) return {};
  return dense_whitening(covariance(theta, at), with_derivative ? covariance_derivatives(theta, at)
                                                                : std::vector<Matrix>());
}

Vector Structure::theta_from_variance(double variance) const {
  return theta_from_covariance(variance * Matrix::Identity(n_coef(), n_coef()));
}

bool Structure::reaches_direction(const ConstVectorRef& w) const {
  constexpr double kSame = 1e-8;
  const Matrix wanted = w * w.transpose();
  try {
    const std::optional<Matrix> lambda = factor(theta_from_covariance(wanted));
    return lambda && (*lambda * lambda->transpose()).isApprox(wanted, kSame);
  } catch (const InvalidSpec&) {
    return false;
  }
}

// Sigma = Lambda Lambda' with a linear Lambda has d2Sigma = Lambda_i Lambda_j' + its transpose.
Matrix Structure::curvature(const ConstVectorRef& theta, const Matrix& g) const {
  Matrix curvature(n_theta(), n_theta());
  const std::vector<Matrix> dlambda = derivatives(theta);
  for (std::size_t j = 0; j < dlambda.size(); ++j) {
    const Matrix product = 2.0 * g * dlambda[j];
    for (std::size_t i = 0; i < dlambda.size(); ++i) {
      curvature(static_cast<Index>(i), static_cast<Index>(j)) =
          dlambda[i].cwiseProduct(product).sum();
    }
  }
  return curvature;
}

Vector Structure::completed(const ConstVectorRef& given, const ConstVectorRef& defaults) const {
  return given.array().isNaN().select(defaults, given);
}

Matrix difference_curvature(const Structure& structure, const ConstVectorRef& theta,
                            const Matrix& g) {
  Positions all(static_cast<std::size_t>(structure.n_coef()));
  std::iota(all.begin(), all.end(), 0);
  return difference_curvature(structure, theta, g, all);
}

Matrix difference_curvature(const Structure& structure, const ConstVectorRef& theta,
                            const Matrix& g, const Positions& at) {
  constexpr double kDifference = 1e-5;
  const Index n = structure.n_theta();
  Matrix curvature = Matrix::Zero(n, n);
  if (!theta.allFinite()) return curvature;
  for (Index i = 0; i < n; ++i) {
    const double h = kDifference * std::max(1.0, std::abs(theta[i]));
    const double up = valid_step(structure, theta, i, h, at);
    const double down = valid_step(structure, theta, i, -h, at);
    if (up == down) continue;
    const Vector unit = Vector::Unit(n, i);
    const std::vector<Matrix> above = structure.covariance_derivatives(theta + up * unit, at);
    const std::vector<Matrix> below = structure.covariance_derivatives(theta + down * unit, at);
    for (Index j = 0; j < n; ++j) {
      curvature(j, i) = g.cwiseProduct(above[j] - below[j]).sum() / (up - down);
    }
  }
  return 0.5 * (curvature + curvature.transpose());
}

}  // namespace henderson::covariance
