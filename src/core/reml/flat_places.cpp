// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/flat_places.h"

#include <cmath>

namespace henderson::reml {

using likelihood::Evaluation;
using likelihood::Parameters;

namespace {

// What a point must gain to be another place.
constexpr double kGain = 1e-4;
// Of gradient and curvature of -2l in a number that is of the order of 1: no step of that length
// is foreseen to gain so much.
constexpr double kFlat = 0.5 * kGain;
// Numbers that are further out are at a limit of their parameter, where the likelihood is flat.
constexpr double kFarOut = 8.0;
// How far the likelihood is looked at, and, where it is flat so far, as far as it goes. A place of
// its own has this width at the least.
constexpr double kReaches[] = {1.0, 2.0, 4.0};
constexpr double kLast = 8.0;
constexpr double kWidth = 0.5;

// Which theta are neither standard deviations nor values themselves.
std::vector<bool> has_other_link(const model::Model& model) {
  std::vector<bool> found(static_cast<std::size_t>(model.n_parameters()), false);
  for (const model::Slot& slot : model.slots()) {
    for (Index k = 0; k < slot.n_values(); ++k) {
      const std::optional<covariance::Coordinate> at = slot.structure->coordinate(k);
      if (!slot.held && at && at->link == covariance::Link::other)
        found[static_cast<std::size_t>(slot.first_theta + at->theta)] = true;
    }
  }
  return found;
}

// The best point along coordinates.
class Lookout {
 public:
  Lookout(Trials& trials, const Parameters& at, double value)
      : trials_(trials), at_(at), value_(value), least_(value - kGain) {}

  // Also between the last point where the likelihood is as here and the first where it is not:
  // farther on it may be lower than here, with a place between that is higher.
  void look_along(Index j, double sign) {
    double flat = 0.0, changed = 0.0;
    for (const double reach : kReaches) {
      if (!is_as_here(j, sign * reach) && changed == 0.0) changed = reach;
      if (changed == 0.0) flat = reach;
    }
    if (changed == 0.0 && !is_as_here(j, sign * kLast)) changed = kLast;
    for (double step = flat + kWidth; step < changed; step += kWidth) is_as_here(j, sign * step);
  }

  // The equations have storage for one evaluation at a time.
  std::optional<Evaluation> best() { return best_ ? trials_.at(best_) : std::nullopt; }

 private:
  bool is_as_here(Index j, double step) {
    const Vector along = step * Vector::Unit(trials_.space().size(), j);
    const std::optional<Evaluation> trial = trials_.at(trials_.moved(at_, along));
    if (!trial) return false;
    if (trial->minus2loglik < least_) {
      least_ = trial->minus2loglik;
      best_ = trial->parameters;
    }
    return std::abs(trial->minus2loglik - value_) < kGain;
  }

  Trials& trials_;
  const Parameters& at_;
  const double value_;
  double least_;
  std::optional<Parameters> best_;
};

}  // namespace

std::optional<Evaluation> beyond_flat_place(Trials& trials, const Parameters& at, double value,
                                            const Vector& gradient, const Matrix& hessian) {
  const std::vector<bool> may_be_flat = has_other_link(trials.model());
  const std::vector<Index>& leads = trials.space().leads();
  const Vector here = trials.space().coordinates(at);
  Lookout lookout(trials, at, value);
  for (Index j = 0; j < gradient.size(); ++j) {
    if (!may_be_flat[static_cast<std::size_t>(leads[j])] || std::abs(here[j]) > kFarOut) continue;
    if (std::abs(gradient[j]) > kFlat || hessian.col(j).cwiseAbs().maxCoeff() > kFlat) continue;
    for (const double sign : {1.0, -1.0}) lookout.look_along(j, sign);
  }
  return lookout.best();
}

}  // namespace henderson::reml
