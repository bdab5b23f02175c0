// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/antedependence.h"

#include <algorithm>

namespace henderson::covariance {
namespace {

// Product of parameters first, ..., last - 1, without parameter `except`.
double product(const ConstVectorRef& parameters, Index first, Index last, Index except) {
  double product = 1.0;
  for (Index k = first; k < last; ++k) {
    if (k != except) product *= parameters[k];
  }
  return product;
}

}  // namespace

Antedependence::Antedependence(Index size)
    : IntervalCorrelation(std::vector<Interval>(static_cast<std::size_t>(size - 1))), size_(size) {}

Matrix Antedependence::matrix(const ConstVectorRef& parameters, const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  Matrix r = Matrix::Identity(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const auto [first, last] = std::minmax(at[i], at[j]);
      r(i, j) = r(j, i) = product(parameters, first, last, kNone);
    }
  }
  return r;
}

std::vector<Matrix> Antedependence::derivatives(const ConstVectorRef& parameters,
                                                const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  std::vector<Matrix> found(static_cast<std::size_t>(n_parameters()), Matrix::Zero(n, n));
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const auto [first, last] = std::minmax(at[i], at[j]);
      for (Index k = first; k < last; ++k) {
        found[k](i, j) = found[k](j, i) = product(parameters, first, last, k);
      }
    }
  }
  return found;
}

Vector Antedependence::start(const Matrix& empirical) const {
  Vector start(n_parameters());
  for (Index k = 0; k < start.size(); ++k) {
    const bool known = k + 1 < empirical.rows();
    start[k] = known ? start_between(empirical(k + 1, k), -1.0, 1.0, 0.0) : 0.0;
  }
  return start;
}

Whitening Antedependence::whitening(const ConstVectorRef& parameters, const Positions& at) const {
  const Index n = std::max<Index>(static_cast<Index>(at.size()) - 1, 0);
  Vector correlation(n);
  Matrix slope = Matrix::Zero(n, n_parameters());
  for (Index r = 0; r < n; ++r) {
    correlation[r] = product(parameters, at[r], at[r + 1], kNone);
    for (Index k = at[r]; k < at[r + 1]; ++k) {
      slope(r, k) = product(parameters, at[r], at[r + 1], k);
    }
  }
  return chain_whitening(correlation, slope);
}

}  // namespace henderson::covariance
