// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/probes.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "core/reml/number_moves.h"

namespace henderson::reml {

using likelihood::Evaluation;
using likelihood::Parameters;

namespace {

// What a point must gain to be better; and in units of what rounding does beside it.
constexpr double kGain = 1e-6;
constexpr double kNoises = 4.0;
constexpr double kSteps[] = {1.0, 0.1, 1e-2, 1e-3};
// Factors of variances on the way to a random walk.
constexpr double kWalks[] = {1e2, 1e4, 1e6};

Matrix directions(const Matrix& hessian) {
  const Index n = hessian.rows();
  if (!hessian.allFinite()) return Matrix::Identity(n, n);
  Matrix found(n, 2 * n);
  found << Matrix::Identity(n, n),
      Eigen::SelfAdjointEigenSolver<Matrix>(0.5 * (hessian + hessian.transpose())).eigenvectors();
  return found;
}

// A process becomes a random walk as its variance goes to infinity, its correlation at distance d
// to 1 - c d / variance. Where fixed effects take up its origin the likelihood has a limit there,
// which no step comes near. The numbers are atanh(correlation) or log(range).
std::vector<Parameters> toward_walks(const Trials& trials, const Parameters& at) {
  std::vector<Parameters> found;
  for (const model::Slot& slot : trials.model().slots()) {
    const std::vector<Move> own = moves(slot);
    const auto n_numbers =
        std::count_if(own.begin(), own.end(), [](const Move& move) { return move.is_number; });
    if (n_numbers != 1) continue;
    for (const double factor : kWalks) {
      for (const double share : {0.5, 1.0}) {
        Vector theta = at.theta();
        for (const Move& move : own) {
          if (move.is_number)
            theta[move.theta] += share * std::log(factor);
          else
            theta[move.theta] *= std::sqrt(factor);
        }
        const std::optional<Parameters> there =
            trials.space().restored({std::move(theta), at.log_residual()});
        if (there) found.push_back(*there);
      }
    }
  }
  return found;
}

}  // namespace

std::optional<Evaluation> probed(Trials& trials, const Parameters& at, double value,
                                 const Matrix& hessian) {
  std::optional<Parameters> best;
  double least = value - std::max(kGain, kNoises * trials.measured_noise(at, value));
  const auto look_at = [&](const std::optional<Parameters>& there) {
    const std::optional<Evaluation> trial = trials.at(there);
    if (!trial || !(trial->minus2loglik < least)) return;
    least = trial->minus2loglik;
    best = trial->parameters;
  };
  const Matrix along = directions(hessian);
  for (Index j = 0; j < along.cols(); ++j)
    for (const double step : kSteps)
      for (const double sign : {1.0, -1.0}) look_at(trials.moved(at, sign * step * along.col(j)));
  for (const Parameters& there : toward_walks(trials, at)) look_at(there);
  // The equations have storage for one evaluation at a time.
  return best ? trials.at(best) : std::nullopt;
}

}  // namespace henderson::reml
