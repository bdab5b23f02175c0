// SPDX-License-Identifier: GPL-3.0-or-later
// The part of Product that is about its parameters: values, starts, boundaries.
#include "core/covariance/product.h"

namespace henderson::covariance {
namespace {

// The mean over the positions of the other factors of the blocks' diagonals: Sigma of the factor
// with `size` positions, each repeated `inner` times inside and `outer` times outside.
Matrix marginal(const Matrix& covariance, Index size, Index inner, Index outer) {
  Matrix sum = Matrix::Zero(size, size);
  for (Index o = 0; o < outer; ++o) {
    for (Index i = 0; i < inner; ++i) {
      for (Index c = 0; c < size; ++c) {
        for (Index r = 0; r < size; ++r) {
          sum(r, c) += covariance((o * size + r) * inner + i, (o * size + c) * inner + i);
        }
      }
    }
  }
  return sum / static_cast<double>(inner * outer);
}

}  // namespace

Vector Product::values(const ConstVectorRef& theta) const {
  const std::vector<Vector> parts = split(theta);
  Vector values(n_values());
  Index first = 0;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    const Index n = factors_[k]->n_values() - first_own(k);
    values.segment(first, n) = factors_[k]->values(parts[k]).tail(n);
    first += n;
  }
  return values;
}

std::optional<Coordinate> Product::coordinate(Index value) const {
  Index first_theta = 0;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    const Index n = factors_[k]->n_values() - first_own(k);
    if (value < n) {
      std::optional<Coordinate> own = factors_[k]->coordinate(value + first_own(k));
      if (own) own->theta += first_theta;
      return own;
    }
    value -= n;
    first_theta += factors_[k]->n_theta();
  }
  return std::nullopt;
}

Matrix Product::value_jacobian(const ConstVectorRef& theta) const {
  const std::vector<Vector> parts = split(theta);
  Matrix jacobian = Matrix::Zero(n_values(), n_theta());
  Index row = 0, column = 0;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    const Index n = factors_[k]->n_values() - first_own(k), m = factors_[k]->n_theta();
    jacobian.block(row, column, n, m) = factors_[k]->value_jacobian(parts[k]).bottomRows(n);
    row += n;
    column += m;
  }
  return jacobian;
}

Vector Product::completed(const ConstVectorRef& given, const ConstVectorRef& defaults) const {
  const std::vector<Vector> own = split_values(given), otherwise = split_values(defaults);
  Vector values(n_values());
  Index first = 0;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    const Index n = own[k].size() - first_own(k);
    values.segment(first, n) = factors_[k]->completed(own[k], otherwise[k]).tail(n);
    first += n;
  }
  return values;
}

Vector Product::theta_from_values(const ConstVectorRef& values) const {
  std::vector<Vector> parts = split_values(values);
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    parts[k] = factors_[k]->theta_from_values(parts[k]);
  }
  return joined(parts);
}

Vector Product::theta_from_covariance(const Matrix& covariance) const {
  std::vector<Vector> parts;
  Index inner = n_coef(), outer = 1;
  for (const auto& factor : factors_) {
    inner /= factor->n_coef();
    Matrix own = marginal(covariance, factor->n_coef(), inner, outer);
    // The others have a variance of 1, in the unit of which their other variances are.
    if (!parts.empty() && own(0, 0) > 0.0) own /= own(0, 0);
    parts.push_back(factor->theta_from_covariance(own));
    outer *= factor->n_coef();
  }
  return joined(parts);
}

Vector Product::theta_from_variance(double variance) const {
  std::vector<Vector> parts;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    parts.push_back(factors_[k]->theta_from_variance(k == 0 ? variance : 1.0));
  }
  return joined(parts);
}

Vector Product::rescaled(const ConstVectorRef& theta, double c) const {
  std::vector<Vector> parts = split(theta);
  parts[0] = factors_[0]->rescaled(parts[0], c);
  return joined(parts);
}

Vector Product::canonical(const ConstVectorRef& theta, double relative, double absolute) const {
  std::vector<Vector> parts = split(theta);
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    parts[k] = factors_[k]->canonical(parts[k], relative, k == 0 ? absolute : 0.0);
  }
  return joined(parts);
}

Vector Product::nudged(const ConstVectorRef& theta, double distance) const {
  std::vector<Vector> parts = split(theta);
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    parts[k] = factors_[k]->nudged(parts[k], distance);
  }
  return joined(parts);
}

std::vector<bool> Product::theta_at_boundary(const ConstVectorRef& theta) const {
  const std::vector<Vector> parts = split(theta);
  std::vector<bool> found;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    const std::vector<bool> own = factors_[k]->theta_at_boundary(parts[k]);
    found.insert(found.end(), own.begin(), own.end());
  }
  return found;
}

std::vector<bool> Product::value_at_boundary(const ConstVectorRef& theta, const Matrix&) const {
  const std::vector<Vector> parts = split(theta);
  std::vector<bool> found;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    const Index n = factors_[k]->n_coef();
    const std::vector<bool> own = factors_[k]->value_at_boundary(parts[k], Matrix::Identity(n, n));
    found.insert(found.end(), own.begin() + first_own(k), own.end());
  }
  return found;
}

}  // namespace henderson::covariance
