// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/compound_symmetry.h"

namespace henderson::covariance {
namespace {

double lowest(Index size) { return -1.0 / static_cast<double>(size - 1); }

}  // namespace

CompoundSymmetry::CompoundSymmetry(Index size)
    : IntervalCorrelation({{lowest(size), 1.0}}), size_(size) {}

Matrix CompoundSymmetry::matrix(const ConstVectorRef& parameters, const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  Matrix r(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) r(i, j) = at[i] == at[j] ? 1.0 : parameters[0];
  }
  return r;
}

std::vector<Matrix> CompoundSymmetry::derivatives(const ConstVectorRef&,
                                                  const Positions& at) const {
  const auto n = static_cast<Index>(at.size());
  Matrix dr(n, n);
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) dr(i, j) = at[i] == at[j] ? 0.0 : 1.0;
  }
  return {dr};
}

Vector CompoundSymmetry::start(const Matrix& empirical) const {
  const double rho = start_between(mean_correlation(empirical, 0), lowest(size_), 1.0, 0.0);
  return Vector::Constant(1, rho);
}

}  // namespace henderson::covariance
