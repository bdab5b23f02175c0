// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/product.h"

#include <numeric>

#include "core/covariance/scaled.h"

namespace henderson::covariance {
namespace {

// Up to so many positions a product is dense.
constexpr Index kSmallProduct = 64;

Matrix kronecker(const Matrix& a, const Matrix& b) {
  Matrix product(a.rows() * b.rows(), a.cols() * b.cols());
  for (Index j = 0; j < a.cols(); ++j) {
    for (Index i = 0; i < a.rows(); ++i) {
      product.block(i * b.rows(), j * b.cols(), b.rows(), b.cols()) = a(i, j) * b;
    }
  }
  return product;
}

}  // namespace

Product::Product(std::vector<std::unique_ptr<const Structure>> factors)
    : factors_(std::move(factors)) {
  for (const auto& factor : factors_) surface_.append(factor->surface(), factor->n_theta());
}

Index Product::n_coef() const {
  Index n = 1;
  for (const auto& factor : factors_) n *= factor->n_coef();
  return n;
}

Index Product::n_columns() const {
  Index n = 1;
  for (const auto& factor : factors_) n *= factor->n_columns();
  return n;
}

Index Product::n_theta() const {
  Index n = 0;
  for (const auto& factor : factors_) n += factor->n_theta();
  return n;
}

Index Product::n_values() const {
  Index n = 0;
  for (std::size_t k = 0; k < factors_.size(); ++k) n += factors_[k]->n_values() - first_own(k);
  return n;
}

std::vector<Vector> Product::split(const ConstVectorRef& theta) const {
  std::vector<Vector> parts;
  Index first = 0;
  for (const auto& factor : factors_) {
    parts.push_back(theta.segment(first, factor->n_theta()));
    first += factor->n_theta();
  }
  return parts;
}

std::vector<Vector> Product::split_values(const ConstVectorRef& values) const {
  std::vector<Vector> parts;
  Index first = 0;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    const Index n = factors_[k]->n_values() - first_own(k);
    Vector part = Vector::Ones(n + first_own(k));
    part.tail(n) = values.segment(first, n);
    parts.push_back(std::move(part));
    first += n;
  }
  return parts;
}

// Position p of the product is p / n_2 of the first of two factors and p % n_2 of the second.
std::vector<Positions> Product::split_positions(const Positions& at) const {
  std::vector<Positions> parts(factors_.size(), at);
  auto inner = static_cast<SmallIndex>(n_coef());
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    const auto size = static_cast<SmallIndex>(factors_[k]->n_coef());
    inner /= size;
    for (SmallIndex& position : parts[k]) position = position / inner % size;
  }
  return parts;
}

Vector Product::joined(const std::vector<Vector>& parts) const {
  Vector theta(n_theta());
  Index first = 0;
  for (const Vector& part : parts) {
    theta.segment(first, part.size()) = part;
    first += part.size();
  }
  return theta;
}

std::optional<Matrix> Product::factor(const ConstVectorRef& theta) const {
  const std::vector<Vector> parts = split(theta);
  Matrix lambda = Matrix::Ones(1, 1);
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    const std::optional<Matrix> own = factors_[k]->factor(parts[k]);
    if (!own) return std::nullopt;
    lambda = kronecker(lambda, *own);
  }
  return lambda;
}

std::vector<Matrix> Product::derivatives(const ConstVectorRef& theta) const {
  const std::vector<Vector> parts = split(theta);
  std::vector<Matrix> found;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    for (const Matrix& derivative : factors_[k]->derivatives(parts[k])) {
      Matrix product = Matrix::Ones(1, 1);
      for (std::size_t i = 0; i < factors_.size(); ++i) {
        product = kronecker(product, i == k ? derivative : *factors_[i]->factor(parts[i]));
      }
      found.push_back(std::move(product));
    }
  }
  return found;
}

// Entry by entry the product of those of the factors.
Matrix Product::covariance(const ConstVectorRef& theta, const Positions& at) const {
  const std::vector<Vector> parts = split(theta);
  const std::vector<Positions> positions = split_positions(at);
  const auto n = static_cast<Index>(at.size());
  Matrix covariance = Matrix::Ones(n, n);
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    covariance.array() *= factors_[k]->covariance(parts[k], positions[k]).array();
  }
  return covariance;
}

std::vector<Matrix> Product::covariance_derivatives(const ConstVectorRef& theta,
                                                    const Positions& at) const {
  const std::vector<Vector> parts = split(theta);
  const std::vector<Positions> positions = split_positions(at);
  const auto n = static_cast<Index>(at.size());
  std::vector<Matrix> found;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    Matrix others = Matrix::Ones(n, n);
    for (std::size_t i = 0; i < factors_.size(); ++i) {
      if (i != k) others.array() *= factors_[i]->covariance(parts[i], positions[i]).array();
    }
    for (const Matrix& own : factors_[k]->covariance_derivatives(parts[k], positions[k])) {
      found.push_back(own.cwiseProduct(others));
    }
  }
  return found;
}

bool Product::is_valid(const ConstVectorRef& theta) const {
  const std::vector<Vector> parts = split(theta);
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    if (!factors_[k]->is_valid(parts[k])) return false;
  }
  return true;
}

// Small products are as fast dense, and then need no unknowns for what is missing.
bool Product::needs_all_positions() const {
  if (n_coef() <= kSmallProduct) return false;
  for (const auto& factor : factors_) {
    const auto* scaled = dynamic_cast<const Scaled*>(factor.get());
    if (scaled != nullptr && scaled->has_sparse_whitening()) return true;
  }
  return false;
}

Whitening Product::whitening(const ConstVectorRef& theta, const Positions& at,
                             bool with_derivative) const {
  if (!needs_all_positions() || static_cast<Index>(at.size()) < n_coef()) {
    return Structure::whitening(theta, at, with_derivative);
  }
  const std::vector<Vector> parts = split(theta);
  Whitening whitening;
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    Positions everywhere(static_cast<std::size_t>(factors_[k]->n_coef()));
    std::iota(everywhere.begin(), everywhere.end(), 0);
    Whitening own = factors_[k]->whitening(parts[k], everywhere, with_derivative);
    if (own.size() == 0) return {};
    // kronecker() wants a row of derivatives for each entry.
    if (!with_derivative) own.derivative = Matrix::Zero(own.value.size(), 0);
    whitening = k == 0 ? std::move(own) : kronecker(whitening, own);
  }
  return whitening;
}

}  // namespace henderson::covariance
