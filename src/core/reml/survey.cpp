// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/survey.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "core/base/error.h"
#include "core/reml/number_moves.h"

namespace henderson::reml {

using likelihood::Parameters;
using model::Model;
using model::Slot;

namespace {

// Ranges around the start of log standard deviations, of log(sigma^2), and of numbers like
// log(range) and atanh(correlation).
constexpr double kLeastLogSd = -2.5, kMostLogSd = 1.2;
constexpr double kLeastLogResidual = -5.0, kMostLogResidual = 0.7;
constexpr double kSpread = 4.0;
// Larger matrices are left as they are.
constexpr Index kMostRows = 12;

// The same numbers on every machine.
class Draws {
 public:
  double between(double least, double most) {
    return least + (most - least) * static_cast<double>(engine_()) / 4294967296.0;
  }
  double log_sd() { return between(kLeastLogSd, kMostLogSd); }

 private:
  std::mt19937 engine_{1};
};

// W W' of any rank as correlations, between standard deviations around those of `variances`.
Matrix drawn_covariance(const Vector& variances, Draws& draws) {
  const Index n = variances.size();
  const auto rank = static_cast<Index>(draws.between(1.0, static_cast<double>(n) + 1.0));
  Matrix w(n, rank);
  for (Index i = 0; i < w.size(); ++i) w.data()[i] = draws.between(-1.0, 1.0);
  w.rowwise().normalize();
  for (Index i = 0; i < n; ++i) w.row(i) *= std::sqrt(variances[i]) * std::exp(draws.log_sd());
  return w * w.transpose();
}

void draw_moves(const std::vector<Move>& moved, Draws& draws, Vector& theta) {
  for (const Move& move : moved) {
    if (move.is_number)
      theta[move.theta] += draws.between(-kSpread, kSpread);
    else
      theta[move.theta] *= std::exp(draws.log_sd());
  }
}

// As draw_moves(), else a matrix, else all variances times one factor.
void draw(const Slot& slot, const Parameters& start, Draws& draws, Vector& theta) {
  if (slot.held) return;
  const std::vector<Move> moved = moves(slot);
  if (!moved.empty()) return draw_moves(moved, draws, theta);
  const covariance::Structure& structure = *slot.structure;
  const Index n = structure.n_coef();
  if (n > 1 && n <= kMostRows && !structure.factor_pattern().isDiagonal(0.0)) {
    covariance::Positions all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), 0);
    const Vector variances = structure.covariance(start.of(slot), all).diagonal();
    slot.theta_of(theta) = structure.theta_from_covariance(drawn_covariance(variances, draws));
  } else if (structure.can_be_rescaled()) {
    slot.theta_of(theta) = structure.rescaled(start.of(slot), std::exp(2.0 * draws.log_sd()));
  }
}

std::optional<Parameters> drawn(const Trials& trials, const Parameters& start, Draws& draws) {
  const Model& model = trials.model();
  Vector theta = start.theta();
  try {
    for (const Slot& slot : model.slots()) draw(slot, start, draws, theta);
  } catch (const InvalidSpec&) {
    return std::nullopt;  // held values leave no such matrix
  }
  const bool is_single = !model.has_structured_residual() && !model.residual_held;
  const double shift = is_single ? draws.between(kLeastLogResidual, kMostLogResidual) : 0.0;
  return trials.space().restored({std::move(theta), start.log_residual() + shift});
}

}  // namespace

std::vector<Parameters> surveyed_starts(Trials& trials, const Parameters& start, int n_points,
                                        std::size_t most) {
  struct Point {
    double value;
    Parameters at;
  };
  std::vector<Point> best;
  Draws draws;
  for (int p = 0; p < n_points; ++p) {
    const std::optional<likelihood::Evaluation> trial = trials.at(drawn(trials, start, draws));
    if (!trial || !std::isfinite(trial->minus2loglik)) continue;
    const auto place = std::find_if(best.begin(), best.end(), [&](const Point& other) {
      return trial->minus2loglik < other.value;
    });
    best.insert(place, {trial->minus2loglik, trial->parameters});
    if (best.size() > most) best.pop_back();
  }
  std::vector<Parameters> starts;
  for (Point& point : best) starts.push_back(std::move(point.at));
  return starts;
}

}  // namespace henderson::reml
