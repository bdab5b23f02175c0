// SPDX-License-Identifier: GPL-3.0-or-later
// Correlations by lag of processes of an order above one: autoregressions (ar2, ar3; coefficients
// phi), moving averages (ma1, ma2; e_t + theta_1 e_(t-1) + ..., as in nlme) and autoregressions
// with a double root (sar, sar2). The free numbers are those whose tanh the partial
// autocorrelations of phi, or of -theta, are: all stationary, or invertible, processes and no
// others.
#pragma once

#include "core/covariance/correlation.h"
#include "core/covariance/levinson.h"

namespace henderson::covariance {

enum class ProcessKind { autoregression, moving_average };

class Process final : public Correlation {
 public:
  Process(Index size, ProcessKind kind, Index order) : size_(size), kind_(kind), order_(order) {}

  Index size() const override { return size_; }
  Index n_parameters() const override { return order_; }
  Matrix matrix(const ConstVectorRef& parameters, const Positions& at) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& parameters,
                                  const Positions& at) const override;
  Vector parameters(const ConstVectorRef& free) const override;
  Matrix jacobian(const ConstVectorRef& free) const override;
  Vector free_from(const ConstVectorRef& parameters) const override;
  bool elementwise() const override { return order_ == 1; }
  bool is_always_definite() const override { return true; }
  bool has_root() const override { return kind_ == ProcessKind::autoregression; }
  std::optional<Matrix> root(const ConstVectorRef& free) const override;
  Vector start(const Matrix& empirical) const override;
  std::vector<bool> at_limit(const ConstVectorRef& parameters) const override;
  Vector snapped(const ConstVectorRef& free, double relative) const override;

 private:
  double sign() const { return kind_ == ProcessKind::autoregression ? 1.0 : -1.0; }

  Index size_;
  ProcessKind kind_;
  Index order_;
};

// sar: an autoregression with the double root phi / 2, -2 < phi < 2. sar2: with the roots gamma_1
// and twice gamma_2, each in (-1, 1). As competition between neighbours makes them.
class SymmetricProcess final : public IntervalCorrelation {
 public:
  SymmetricProcess(Index size, Index order);

  Index size() const override { return size_; }
  Matrix matrix(const ConstVectorRef& parameters, const Positions& at) const override;
  std::vector<Matrix> derivatives(const ConstVectorRef& parameters,
                                  const Positions& at) const override;
  Vector start(const Matrix& empirical) const override;

 private:
  Prediction coefficients(const ConstVectorRef& parameters) const;

  Index size_;
};

}  // namespace henderson::covariance
