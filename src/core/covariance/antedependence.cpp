// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/antedependence.h"

#include <algorithm>
#include <cmath>

#include "core/covariance/limits.h"

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

// 1 - a^2 of that product: of x y it is 1 - x^2 + x^2 (1 - y^2).
double rest_of_product(const ConstVectorRef& free, Index first, Index last) {
  double rest = 0.0;
  for (Index k = first; k < last; ++k) {
    const double own = rest_of_tanh(free[k]);
    rest = own + (1.0 - own) * rest;
  }
  return rest;
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

Whitening Antedependence::whitening(const ConstVectorRef& free, const Positions& at) const {
  const Vector rho = parameters(free);
  std::vector<ChainLink> links(at.empty() ? 0 : at.size() - 1);
  Matrix slope = Matrix::Zero(static_cast<Index>(links.size()), n_parameters());
  for (std::size_t r = 0; r < links.size(); ++r) {
    links[r] = {product(rho, at[r], at[r + 1], kNone), rest_of_product(free, at[r], at[r + 1])};
    for (Index k = at[r]; k < at[r + 1]; ++k) {
      slope(static_cast<Index>(r), k) = product(rho, at[r], at[r + 1], k);
    }
  }
  return chain_whitening(links, slope);
}

std::optional<Matrix> Antedependence::root(const ConstVectorRef& free) const {
  const Vector rho = parameters(free);
  std::vector<ChainLink> links;
  for (Index k = 0; k < n_parameters(); ++k) links.push_back({rho[k], rest_of_tanh(free[k])});
  return chain_root(links);
}

}  // namespace henderson::covariance
