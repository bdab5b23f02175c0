// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/factor_analytic.h"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace henderson::covariance {
namespace {

// Share of the variance of a coefficient that a start leaves to psi at least.
constexpr double kLeastSpecific = 0.1;
// Steps of the principal factor method for a start.
constexpr int kPrincipalSteps = 20;

// The lower-trapezoidal matrix L with LL' = Gamma Gamma': Gamma' = QR, L = R'.
Matrix lower_trapezoidal(const Matrix& loadings) {
  const Eigen::HouseholderQR<Matrix> qr(loadings.transpose());
  Matrix lower = Matrix::Zero(loadings.rows(), loadings.cols());
  const Matrix upper = qr.matrixQR().triangularView<Eigen::Upper>();
  lower.leftCols(upper.rows()) = upper.transpose();
  for (Index j = 0; j < lower.cols(); ++j) {
    if (lower(j, j) < 0.0) lower.col(j) *= -1.0;
  }
  return lower;
}

// Where the covariance says nothing: half of each variance to k smooth, orthogonal contrasts of the
// coefficients (cosines), the first one constant.
Matrix default_loadings(const Vector& variance, Index k) {
  const auto t = static_cast<double>(variance.size());
  Matrix loadings(variance.size(), k);
  for (Index j = 0; j < k; ++j) {
    const double share = 0.5 / std::pow(2.0, static_cast<double>(j));
    for (Index i = 0; i < variance.size(); ++i) {
      const double angle = M_PI * static_cast<double>(j) * (static_cast<double>(i) + 0.5) / t;
      loadings(i, j) = std::sqrt(share * variance[i]) * std::cos(angle);
    }
  }
  return loadings;
}

Vector rest(const Vector& variance, const Matrix& loadings) {
  return (variance - loadings.rowwise().squaredNorm()).cwiseMax(kLeastSpecific * variance);
}

// Principal factors of the correlations: eigenvectors of R - psi, psi renewed.
Matrix principal_loadings(const Matrix& correlation, const Vector& sd, Index k) {
  const Vector one = Vector::Ones(sd.size());
  Vector specific = 0.5 * one;
  Matrix loadings(sd.size(), k);
  for (int step = 0; step < kPrincipalSteps; ++step) {
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(correlation - Matrix(specific.asDiagonal()));
    for (Index j = 0; j < k; ++j) {
      const Index last = sd.size() - 1 - j;
      loadings.col(j) =
          std::sqrt(std::max(eigen.eigenvalues()[last], 0.01)) * eigen.eigenvectors().col(last);
    }
    specific = rest(one, loadings);
  }
  return sd.asDiagonal() * loadings;
}

}  // namespace

FactorAnalytic::FactorAnalytic(Index n_coef, Index n_factors, Specific specific,
                               const std::vector<bool>& held, const Vector& values)
    : n_coef_(n_coef), n_factors_(n_factors), n_specific_(specific == Specific::yes ? n_coef : 0) {
  if (n_factors < 1 || n_factors > n_coef) {
    throw InvalidSpec("k", "the number of factors is not between 1 and that of coefficients");
  }
  for (Index r = 0; r < n_specific_; ++r) places_.emplace_back(r, n_factors_ + r);
  for (Index c = 0; c < n_factors_; ++c) {
    for (Index r = c; r < n_coef_; ++r) places_.emplace_back(r, c);
  }
  held_numbers_ = Vector::Zero(static_cast<Index>(places_.size()));
  for (Index k = 0; k < n_values(); ++k) {
    if (held.empty() || !held[static_cast<std::size_t>(k)]) {
      free_.push_back(k);
      continue;
    }
    if (k < n_specific_ && !(values[k] >= 0.0)) {
      throw InvalidSpec("hold", "a specific variance must not be negative");
    }
    held_numbers_[k] = k < n_specific_ ? std::sqrt(values[k]) : values[k];
  }
}

Vector FactorAnalytic::numbers(const ConstVectorRef& theta) const {
  Vector numbers = held_numbers_;
  for (Index i = 0; i < n_theta(); ++i) numbers[free_[i]] = theta[i];
  return numbers;
}

Vector FactorAnalytic::collect(const Vector& numbers) const {
  Vector theta(n_theta());
  for (Index i = 0; i < n_theta(); ++i) theta[i] = numbers[free_[i]];
  return theta;
}

Matrix FactorAnalytic::lambda(const Vector& numbers) const {
  Matrix lambda = Matrix::Zero(n_coef_, n_columns());
  for (Index k = 0; k < numbers.size(); ++k) lambda(place(k).first, place(k).second) = numbers[k];
  return lambda;
}

std::optional<Matrix> FactorAnalytic::factor(const ConstVectorRef& theta) const {
  return lambda(numbers(theta));
}

std::vector<Matrix> FactorAnalytic::derivatives(const ConstVectorRef&) const {
  std::vector<Matrix> derivatives;
  for (const Index k : free_) {
    Matrix unit = Matrix::Zero(n_coef_, n_columns());
    unit(place(k).first, place(k).second) = 1.0;
    derivatives.push_back(std::move(unit));
  }
  return derivatives;
}

Vector FactorAnalytic::values(const ConstVectorRef& theta) const {
  Vector values = numbers(theta);
  values.head(n_specific_) = values.head(n_specific_).cwiseAbs2().eval();
  return values;
}

// Of the specific variances: the sign of a loading is that of its whole factor.
std::optional<Coordinate> FactorAnalytic::coordinate(Index value) const {
  const auto at = std::find(free_.begin(), free_.end(), value);
  if (at == free_.end() || value >= n_specific_) return std::nullopt;
  return Coordinate{at - free_.begin(), Link::square};
}

Matrix FactorAnalytic::value_jacobian(const ConstVectorRef& theta) const {
  Matrix jacobian = Matrix::Zero(n_values(), n_theta());
  for (Index i = 0; i < n_theta(); ++i) {
    jacobian(free_[i], i) = free_[i] < n_specific_ ? 2.0 * theta[i] : 1.0;
  }
  return jacobian;
}

Vector FactorAnalytic::theta_from_values(const ConstVectorRef& values) const {
  Vector numbers = values;
  if (numbers.hasNaN() || (n_specific_ > 0 && numbers.head(n_specific_).minCoeff() < 0.0)) {
    throw InvalidSpec("variance parameters", "a specific variance is negative");
  }
  numbers.head(n_specific_) = numbers.head(n_specific_).cwiseSqrt().eval();
  return collect(numbers);
}

// Principal factors of the matrix; unknown correlations (NaN) count as their mean.
Vector FactorAnalytic::theta_from_covariance(const Matrix& covariance) const {
  const double mean = covariance.diagonal().mean();
  Vector variance = covariance.diagonal();
  for (Index i = 0; i < n_coef_; ++i) {
    if (!(variance[i] > 0.01 * mean)) variance[i] = 0.01 * mean;
  }
  const Vector sd = variance.cwiseSqrt();
  Matrix correlation = covariance.cwiseQuotient(sd * sd.transpose());
  const double unknown = 0.3;
  bool informative = false;
  for (Index j = 0; j < n_coef_; ++j) {
    for (Index i = 0; i < n_coef_; ++i) {
      double& r = correlation(i, j);
      informative = informative || (i != j && r != 0.0 && std::isfinite(r));
      r = i == j ? 1.0 : std::isfinite(r) ? std::clamp(r, -1.0, 1.0) : unknown;
    }
  }
  const Matrix loadings =
      lower_trapezoidal(informative ? principal_loadings(correlation, sd, n_factors_)
                                    : default_loadings(variance, n_factors_));
  Vector numbers(n_values());
  for (Index k = n_specific_; k < n_values(); ++k) {
    numbers[k] = loadings(place(k).first, place(k).second);
  }
  if (n_specific_ > 0) numbers.head(n_specific_) = rest(variance, loadings).cwiseSqrt();
  return collect(numbers);
}

Vector FactorAnalytic::rescaled(const ConstVectorRef& theta, double c) const {
  return std::sqrt(c) * theta;
}

// Each column of Gamma with a positive entry in its first row, unless one of it is held.
Vector FactorAnalytic::canonical(const ConstVectorRef& theta, double relative,
                                 double absolute) const {
  Vector all = numbers(theta);
  const Matrix factor = lambda(all);
  std::vector<bool> may_turn(static_cast<std::size_t>(n_factors_), true);
  std::vector<bool> is_free(static_cast<std::size_t>(n_values()), false);
  for (const Index k : free_) is_free[static_cast<std::size_t>(k)] = true;
  for (Index k = n_specific_; k < n_values(); ++k) {
    if (!is_free[static_cast<std::size_t>(k)]) may_turn[place(k).second] = false;
  }
  for (Index k = 0; k < n_values(); ++k) {
    const auto [r, c] = place(k);
    if (k < n_specific_) {
      all[k] = std::abs(all[k]);
      if (all[k] < absolute || all[k] < relative * factor.row(r).norm()) all[k] = 0.0;
    } else if (may_turn[c] && factor(c, c) < 0.0) {
      all[k] = -all[k];
    }
  }
  return collect(all);
}

// Off psi = 0 and off columns of Gamma that are zero.
Vector FactorAnalytic::nudged(const ConstVectorRef& theta, double distance) const {
  Vector all = numbers(theta);
  const Matrix factor = lambda(all);
  for (Index k = 0; k < n_values(); ++k) {
    const bool vanishes = k < n_specific_
                              ? std::abs(all[k]) < distance
                              : factor.col(place(k).second).cwiseAbs().maxCoeff() < distance;
    if (vanishes) all[k] = std::copysign(distance, all[k]);
  }
  return collect(all);
}

std::vector<bool> FactorAnalytic::theta_at_boundary(const ConstVectorRef& theta) const {
  std::vector<bool> found;
  for (Index i = 0; i < n_theta(); ++i) {
    found.push_back(free_[i] < n_specific_ && theta[i] == 0.0);
  }
  return found;
}

std::vector<bool> FactorAnalytic::value_at_boundary(const ConstVectorRef& theta,
                                                    const Matrix&) const {
  std::vector<bool> found(static_cast<std::size_t>(n_values()), false);
  const std::vector<bool> of_theta = theta_at_boundary(theta);
  for (std::size_t i = 0; i < of_theta.size(); ++i) {
    found[static_cast<std::size_t>(free_[i])] = of_theta[i];
  }
  return found;
}

}  // namespace henderson::covariance
