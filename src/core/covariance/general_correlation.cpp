// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/general_correlation.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/covariance/limits.h"

namespace henderson::covariance {
namespace {

// A partial correlation this near to 1 makes R singular to working precision.
constexpr double kAtLimit = 1e-10;
// What is left of a variance that is rounding error.
constexpr double kNothing = 1e-12;
// Starts stay this far inside.
constexpr double kLargestStart = 0.95;

// The place of the pair (row, column), row > column, among the parameters.
Index place(Index row, Index column) { return row * (row - 1) / 2 + column; }

}  // namespace

Matrix GeneralCorrelation::matrix(const ConstVectorRef& parameters, const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  Matrix r = Matrix::Identity(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const auto [low, high] = std::minmax(at[i], at[j]);
      r(i, j) = r(j, i) = low == high ? 1.0 : parameters[place(high, low)];
    }
  }
  return r;
}

std::vector<Matrix> GeneralCorrelation::derivatives(const ConstVectorRef&,
                                                    const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  std::vector<Matrix> found(static_cast<std::size_t>(n_parameters()), Matrix::Zero(n, n));
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const auto [low, high] = std::minmax(at[i], at[j]);
      if (low != high) found[place(high, low)](i, j) = found[place(high, low)](j, i) = 1.0;
    }
  }
  return found;
}

std::optional<Matrix> GeneralCorrelation::root(const ConstVectorRef& free) const {
  Matrix root = Matrix::Zero(size_, size_);
  for (Index i = 0; i < size_; ++i) {
    double left = 1.0;
    for (Index j = 0; j < i; ++j) {
      const double x = free[place(i, j)];
      root(i, j) = std::tanh(x) * left;
      left /= std::cosh(x);
    }
    root(i, i) = left;
  }
  return root;
}

Vector GeneralCorrelation::parameters(const ConstVectorRef& free) const {
  const Matrix factor = *root(free);
  Vector found(n_parameters());
  for (Index i = 1; i < size_; ++i) {
    for (Index j = 0; j < i; ++j) found[place(i, j)] = factor.row(i).dot(factor.row(j));
  }
  return found;
}

// A free number moves the entries of its row from its column on: d tanh = 1 / cosh^2, and
// d (1 / cosh) = -tanh / cosh.
Matrix GeneralCorrelation::jacobian(const ConstVectorRef& free) const {
  const Matrix factor = *root(free);
  Matrix found = Matrix::Zero(n_parameters(), n_parameters());
  for (Index i = 1; i < size_; ++i) {
    double left = 1.0;
    for (Index k = 0; k < i; ++k) {
      const double x = free[place(i, k)];
      Vector slope = Vector::Zero(size_);
      slope[k] = left / std::pow(std::cosh(x), 2);
      for (Index m = k + 1; m <= i; ++m) slope[m] = -std::tanh(x) * factor(i, m);
      for (Index j = 0; j < size_; ++j) {
        if (j == i) continue;
        const Index pair = place(std::max(i, j), std::min(i, j));
        found(pair, place(i, k)) += slope.dot(factor.row(j));
      }
      left /= std::cosh(x);
    }
  }
  return found;
}

// The Cholesky factor row by row, each entry as a share of what is left of 1.
Vector GeneralCorrelation::partial_from(const ConstVectorRef& parameters, double largest) const {
  Vector partial = Vector::Zero(n_parameters());
  Matrix factor = Matrix::Zero(size_, size_);
  factor(0, 0) = 1.0;
  for (Index i = 1; i < size_; ++i) {
    double left = 1.0;
    for (Index j = 0; j < i; ++j) {
      const double rest =
          parameters[place(i, j)] - factor.row(i).head(j).dot(factor.row(j).head(j));
      const double unit = factor(j, j) * left;
      double z = unit > kNothing ? rest / unit : 0.0;
      if (std::abs(z) > 1.0 && (std::abs(z) - 1.0) * unit < kNothing) z = std::copysign(1.0, z);
      z = largest < 1.0 ? std::clamp(z, -largest, largest) : z;
      partial[place(i, j)] = z;
      factor(i, j) = z * left;
      left *= std::sqrt(std::max(0.0, (1.0 - z) * (1.0 + z)));
    }
    factor(i, i) = left;
  }
  return partial;
}

Vector GeneralCorrelation::free_from(const ConstVectorRef& parameters) const {
  const Vector partial = partial_from(parameters, 1.0);
  if (!(partial.cwiseAbs().maxCoeff() < 1.0 + kNothing)) {
    throw InvalidSpec("variance parameters", "the correlations are not those of a matrix");
  }
  return partial.unaryExpr([](double x) { return atanh_or_limit(x); });
}

Vector GeneralCorrelation::start(const Matrix& empirical) const {
  Vector rho = Vector::Zero(n_parameters());
  for (Index i = 1; i < size_ && i < empirical.rows(); ++i) {
    for (Index j = 0; j < i; ++j) {
      if (std::isfinite(empirical(i, j))) rho[place(i, j)] = empirical(i, j);
    }
  }
  const Vector partial = partial_from(rho, kLargestStart);
  return parameters(partial.unaryExpr([](double x) { return std::atanh(x); }));
}

std::vector<bool> GeneralCorrelation::at_limit(const ConstVectorRef& parameters) const {
  const Vector partial = partial_from(parameters, 1.0);
  std::vector<bool> found;
  for (Index k = 0; k < partial.size(); ++k) {
    found.push_back(std::abs(partial[k]) >= 1.0 - kAtLimit);
  }
  return found;
}

Vector GeneralCorrelation::snapped(const ConstVectorRef& free, double relative) const {
  return snapped_to_one(free, relative);
}

}  // namespace henderson::covariance
