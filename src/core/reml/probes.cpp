// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/probes.h"

#include <Eigen/Eigenvalues>
#include <algorithm>

namespace henderson::reml {

using likelihood::Evaluation;
using likelihood::Parameters;

namespace {

// What a point must gain to be better; and in units of what rounding does beside it.
constexpr double kGain = 1e-6;
constexpr double kNoises = 4.0;
constexpr double kSteps[] = {1.0, 0.1, 1e-2, 1e-3};

Matrix directions(const Matrix& hessian) {
  const Index n = hessian.rows();
  if (!hessian.allFinite()) return Matrix::Identity(n, n);
  Matrix found(n, 2 * n);
  found << Matrix::Identity(n, n),
      Eigen::SelfAdjointEigenSolver<Matrix>(0.5 * (hessian + hessian.transpose())).eigenvectors();
  return found;
}

}  // namespace

std::optional<Evaluation> probed(Trials& trials, const Parameters& at, double value,
                                 const Matrix& hessian) {
  std::optional<Parameters> best;
  double least = value - std::max(kGain, kNoises * trials.measured_noise(at, value));
  const Matrix along = directions(hessian);
  for (Index j = 0; j < along.cols(); ++j) {
    for (const double step : kSteps) {
      for (const double sign : {1.0, -1.0}) {
        const std::optional<Evaluation> trial =
            trials.at(trials.moved(at, sign * step * along.col(j)));
        if (!trial || !(trial->minus2loglik < least)) continue;
        least = trial->minus2loglik;
        best = trial->parameters;
      }
    }
  }
  // The equations have storage for one evaluation at a time.
  return best ? trials.at(best) : std::nullopt;
}

}  // namespace henderson::reml
