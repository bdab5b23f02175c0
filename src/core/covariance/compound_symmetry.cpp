// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/covariance/compound_symmetry.h"

#include <cmath>

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

// With 1 - rho = t / (t - 1) / (1 + e^2x) and 1 + (t - 1) rho = t / (1 + e^-2x): what k positions
// leave of the next one is (1 - rho) (1 + k rho) / (1 + (k - 1) rho), and of its covariance with
// later ones rho (1 - rho) / (1 + (k - 1) rho).
std::optional<Matrix> CompoundSymmetry::root(const ConstVectorRef& free) const {
  const double rho = parameters(free)[0], last = static_cast<double>(size_ - 1);
  const double below_one = (last + 1.0) / last / (1.0 + std::exp(2.0 * free[0]));
  Matrix root = Matrix::Zero(size_, size_);
  root(0, 0) = 1.0;
  root.col(0).tail(size_ - 1).setConstant(rho);
  for (Index c = 1; c < size_; ++c) {
    const auto k = static_cast<double>(c);
    const double before = 1.0 + (k - 1.0) * rho;
    const double with = k < last ? 1.0 + k * rho : (last + 1.0) / (1.0 + std::exp(-2.0 * free[0]));
    root(c, c) = std::sqrt(below_one * with / before);
    root.col(c).tail(size_ - 1 - c).setConstant(rho * below_one / before / root(c, c));
  }
  return root;
}

Vector CompoundSymmetry::start(const Matrix& empirical) const {
  const double rho = start_between(mean_correlation(empirical, 0), lowest(size_), 1.0, 0.0);
  return Vector::Constant(1, rho);
}

}  // namespace henderson::covariance
