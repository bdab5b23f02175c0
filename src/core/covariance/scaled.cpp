// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/scaled.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "core/covariance/lower.h"

namespace henderson::covariance {
namespace {

// What the diagonal of a smooth R gets, so that its factor exists: far below what data can tell.
constexpr double kNugget = 1e-10;

Matrix scaled_by(const Vector& sd, const Matrix& r) {
  return sd.asDiagonal() * r * sd.asDiagonal();
}

// R may be singular only at a limit of its parameters: elsewhere the search is still on its way
// there, and a singular R is refused.
std::optional<Matrix> root_of(const Matrix& r, bool is_inside) {
  if (!r.allFinite()) return std::nullopt;
  if (!is_inside) return semidefinite_cholesky(r, 1e-12, 0.0);
  const Eigen::LLT<Matrix> llt(r);
  if (llt.info() != Eigen::Success) return std::nullopt;
  return Matrix(llt.matrixL());
}

// Of a factor of R: as has_lost_digits() of T.
bool has_lost_digits(const std::optional<Matrix>& root) {
  constexpr double kLostDigits = 1e-2;
  return !root || !(root->diagonal().minCoeff() > kLostDigits);
}

bool is_held(const std::vector<bool>& held, Index k) {
  return !held.empty() && held[static_cast<std::size_t>(k)];
}

}  // namespace

Scaled::Scaled(std::shared_ptr<const Correlation> correlation, bool heterogeneous,
               const std::vector<bool>& held, const Vector& values, bool natural)
    : correlation_(std::move(correlation)), n_sd_(heterogeneous ? correlation_->size() : 1) {
  natural_ = natural && !correlation_->elementwise();
  held_parts_ = {Vector::Zero(n_sd_), Vector::Zero(correlation_->n_parameters())};
  bool holds_parameter = false;
  for (Index k = 0; k < n_values(); ++k) {
    if (!is_held(held, k)) {
      free_.push_back(k);
      continue;
    }
    if (k >= n_sd_) {
      holds_parameter = true;
      continue;
    }
    if (!(values[k] > 0.0)) {
      throw InvalidSpec("hold", "a variance of a term that is otherwise free must be above 0");
    }
    held_parts_.sd[k] = std::sqrt(values[k]);
  }
  if (!holds_parameter) return;
  natural_ = !correlation_->elementwise();
  Vector known = natural_ ? held_parts_.numbers
                          : correlation_->parameters(Vector::Zero(correlation_->n_parameters()));
  for (Index k = n_sd_; k < n_values(); ++k) {
    if (is_held(held, k)) known[k - n_sd_] = values[k];
  }
  held_parts_.numbers = natural_ ? known : correlation_->free_from(known);
}

Positions Scaled::everywhere() const {
  Positions at(static_cast<std::size_t>(n_coef()));
  std::iota(at.begin(), at.end(), 0);
  return at;
}

Scaled::Parts Scaled::parts(const ConstVectorRef& theta) const {
  Parts parts = held_parts_;
  for (std::size_t i = 0; i < free_.size(); ++i) {
    const Index k = free_[i];
    (k < n_sd_ ? parts.sd[k] : parts.numbers[k - n_sd_]) = theta[static_cast<Index>(i)];
  }
  return parts;
}

Vector Scaled::collect(const Parts& parts) const {
  Vector theta(n_theta());
  for (Index i = 0; i < n_theta(); ++i) {
    const Index k = free_[i];
    theta[i] = k < n_sd_ ? parts.sd[k] : parts.numbers[k - n_sd_];
  }
  return theta;
}

Vector Scaled::parameters(const Vector& numbers) const {
  return natural_ ? numbers : correlation_->parameters(numbers);
}

std::vector<Matrix> Scaled::number_derivatives(const Vector& numbers, const Positions& at) const {
  std::vector<Matrix> found = correlation_->derivatives(parameters(numbers), at);
  if (natural_ || found.empty()) return found;
  const Matrix jacobian = correlation_->jacobian(numbers);
  const auto n = static_cast<Index>(at.size());
  std::vector<Matrix> of_numbers(found.size(), Matrix::Zero(n, n));
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (std::size_t j = 0; j < found.size(); ++j) {
      const double slope = jacobian(static_cast<Index>(i), static_cast<Index>(j));
      if (slope != 0.0) of_numbers[j] += slope * found[i];
    }
  }
  return of_numbers;
}

Vector Scaled::sd_at(const Vector& sd, const Positions& at) const {
  Vector found(static_cast<Index>(at.size()));
  for (Index r = 0; r < found.size(); ++r) found[r] = std::abs(sd[n_sd_ == 1 ? 0 : at[r]]);
  return found;
}

Correlation::Value Scaled::correlation_at(const Vector& p, const Positions& at,
                                          bool with_derivatives) const {
  Correlation::Value found = correlation_->value(p, at, with_derivatives);
  if (correlation_->is_smooth()) found.matrix.diagonal().array() += kNugget;
  return found;
}

Scaled::Whole& Scaled::whole(const Vector& numbers) const {
  if (whole_ && whole_->numbers == numbers) return *whole_;
  whole_.emplace();
  whole_->numbers = numbers;
  if (!numbers.hasNaN()) {
    whole_->r = correlation_at(parameters(numbers), everywhere(), false).matrix;
    const bool inside = correlation_->is_inside(numbers);
    whole_->root = root_of(whole_->r, inside);
    if (inside && !natural_ && has_lost_digits(whole_->root)) {
      const std::optional<Matrix> exact = correlation_->root(numbers);
      if (exact) whole_->root = exact;
    }
  }
  return *whole_;
}

const std::vector<Matrix>& Scaled::number_derivatives(const Vector& numbers) const {
  Whole& kept = whole(numbers);
  if (kept.derivatives.empty()) kept.derivatives = number_derivatives(numbers, everywhere());
  return kept.derivatives;
}

// R' = L' L^T + its transpose gives L' = L Phi(L^-1 R' L^-T), Phi = lower triangle with half the
// diagonal.
const std::vector<Matrix>& Scaled::root_derivatives(const Vector& numbers) const {
  Whole& kept = whole(numbers);
  if (!kept.root_derivatives.empty()) return kept.root_derivatives;
  const auto triangle = kept.root->triangularView<Eigen::Lower>();
  for (const Matrix& dr : number_derivatives(numbers)) {
    const Matrix left = triangle.solve(dr);
    Matrix phi = triangle.solve(left.transpose());
    phi.diagonal() *= 0.5;
    const Matrix phi_lower = phi.triangularView<Eigen::Lower>();
    kept.root_derivatives.emplace_back(*kept.root * phi_lower);
  }
  return kept.root_derivatives;
}

std::optional<Matrix> Scaled::factor(const ConstVectorRef& theta) const {
  const Parts at = parts(theta);
  const std::optional<Matrix>& lower = whole(at.numbers).root;
  if (!lower) return std::nullopt;
  // One standard deviation keeps its sign: Lambda and -Lambda are the same, and the search may
  // cross zero.
  if (n_sd_ == 1) return Matrix(at.sd[0] * *lower);
  return Matrix(at.sd.cwiseAbs().asDiagonal() * *lower);
}

std::vector<Matrix> Scaled::derivatives(const ConstVectorRef& theta) const {
  const Parts at = parts(theta);
  const Matrix& lower = *whole(at.numbers).root;
  std::vector<Matrix> derivatives;
  for (const Index k : free_) {
    Matrix derivative = Matrix::Zero(n_coef(), n_coef());
    if (k < n_sd_ && n_sd_ == 1) {
      derivative = lower;
    } else if (k < n_sd_) {
      derivative.row(k) = std::copysign(1.0, at.sd[k]) * lower.row(k);
    } else if (correlation_->is_inside(at.numbers)) {
      const Matrix& of_root = root_derivatives(at.numbers)[k - n_sd_];
      derivative =
          n_sd_ == 1 ? Matrix(at.sd[0] * of_root) : Matrix(at.sd.cwiseAbs().asDiagonal() * of_root);
    }
    derivatives.push_back(std::move(derivative));
  }
  return derivatives;
}

Matrix Scaled::covariance(const ConstVectorRef& theta, const Positions& at) const {
  const Parts here = parts(theta);
  const Matrix r = correlation_at(parameters(here.numbers), at, false).matrix;
  return scaled_by(sd_at(here.sd, at), r);
}

std::vector<Matrix> Scaled::covariance_derivatives(const ConstVectorRef& theta,
                                                   const Positions& at) const {
  const Parts here = parts(theta);
  const Vector sd = sd_at(here.sd, at);
  const Matrix r = correlation_at(parameters(here.numbers), at, false).matrix;
  const std::vector<Matrix> dr = number_derivatives(here.numbers, at);
  std::vector<Matrix> found;
  for (const Index k : free_) {
    if (k >= n_sd_) {
      found.push_back(scaled_by(sd, dr[k - n_sd_]));
      continue;
    }
    if (n_sd_ == 1) {
      found.push_back(2.0 * here.sd[0] * r);
      continue;
    }
    Matrix derivative = Matrix::Zero(r.rows(), r.cols());
    for (Index i = 0; i < r.rows(); ++i) {
      if (at[i] != k) continue;
      const Vector half = std::copysign(1.0, here.sd[k]) * r.col(i).cwiseProduct(sd);
      derivative.col(i) += half;
      derivative.row(i) += half.transpose();
    }
    found.push_back(std::move(derivative));
  }
  return found;
}

// tr(g d2R / dnumbers^2), by differences where a correlation does not say it.
Matrix Scaled::curvature_of_r(const Vector& numbers, const Matrix& g) const {
  constexpr double kDifference = 1e-5;
  if (const std::optional<Matrix> exact = correlation_->curvature(numbers, g)) return *exact;
  const Index n = numbers.size();
  Matrix found(n, n);
  for (Index i = 0; i < n; ++i) {
    const double h = kDifference * std::max(1.0, std::abs(numbers[i]));
    const std::vector<Matrix> above =
        number_derivatives(numbers + h * Vector::Unit(n, i), everywhere());
    const std::vector<Matrix> below =
        number_derivatives(numbers - h * Vector::Unit(n, i), everywhere());
    for (Index j = 0; j < n; ++j)
      found(j, i) = g.cwiseProduct(above[j] - below[j]).sum() / (2.0 * h);
  }
  return 0.5 * (found + found.transpose());
}

// Sigma = s^2 R: d2/ds2 = 2 R, d2/ds dnumber = 2 s dR, d2/dnumber2 = s^2 d2R. Differences in s
// would not do: where R is nearly singular g is the larger the less its products with R are.
Matrix Scaled::curvature(const ConstVectorRef& theta, const Matrix& g) const {
  const Parts at = parts(theta);
  const bool exact =
      n_sd_ == 1 && !natural_ && theta.allFinite() && correlation_->is_inside(at.numbers);
  if (!exact) return difference_curvature(*this, theta, g);
  const double s = at.sd[0];
  const Index n = at.numbers.size();
  Matrix all(n + 1, n + 1);
  all(0, 0) = 2.0 * g.cwiseProduct(whole(at.numbers).r).sum();
  const std::vector<Matrix>& dr = number_derivatives(at.numbers);
  for (Index k = 0; k < n; ++k)
    all(0, k + 1) = all(k + 1, 0) = 2.0 * s * g.cwiseProduct(dr[k]).sum();
  all.bottomRightCorner(n, n) = s * s * curvature_of_r(at.numbers, g);
  Matrix curvature(n_theta(), n_theta());
  for (Index i = 0; i < n_theta(); ++i) {
    for (Index j = 0; j < n_theta(); ++j) curvature(i, j) = all(free_[i], free_[j]);
  }
  return curvature;
}

}  // namespace henderson::covariance
