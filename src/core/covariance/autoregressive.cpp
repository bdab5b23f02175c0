// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/autoregressive.h"

#include <algorithm>
#include <cmath>

#include "core/covariance/limits.h"

namespace henderson::covariance {

Autoregressive::Autoregressive(Index size) : IntervalCorrelation({{-1.0, 1.0}}), size_(size) {}

Matrix Autoregressive::matrix(const ConstVectorRef& parameters, const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  Matrix r = Matrix::Identity(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      r(i, j) = r(j, i) = std::pow(parameters[0], std::abs(at[i] - at[j]));
    }
  }
  return r;
}

std::vector<Matrix> Autoregressive::derivatives(const ConstVectorRef& parameters,
                                                const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  Matrix dr = Matrix::Zero(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < j; ++i) {
      const int lag = std::abs(at[i] - at[j]);
      if (lag > 0) dr(i, j) = dr(j, i) = lag * std::pow(parameters[0], lag - 1);
    }
  }
  return {dr};
}

Vector Autoregressive::start(const Matrix& empirical) const {
  return Vector::Constant(1, start_between(mean_correlation(empirical, 1), -1.0, 1.0, 0.0));
}

Whitening Autoregressive::whitening(const ConstVectorRef& free, const Positions& at) const {
  const double rho = parameters(free)[0];
  std::vector<ChainLink> links(at.empty() ? 0 : at.size() - 1);
  Matrix slope(static_cast<Index>(links.size()), 1);
  for (std::size_t r = 0; r < links.size(); ++r) {
    const int lag = at[r + 1] - at[r];
    links[r] = {std::pow(rho, lag), rest_of_tanh(free[0], lag)};
    slope(static_cast<Index>(r), 0) = lag * std::pow(rho, lag - 1);
  }
  return chain_whitening(links, slope);
}

std::optional<Matrix> Autoregressive::root(const ConstVectorRef& free) const {
  return chain_root(std::vector<ChainLink>(static_cast<std::size_t>(size_ - 1),
                                           {parameters(free)[0], rest_of_tanh(free[0])}));
}

}  // namespace henderson::covariance
