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
constexpr double kSteps[] = {1.0, -1.0, 2.0, -2.0, 4.0, -4.0};

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

}  // namespace

std::optional<Evaluation> beyond_flat_place(Trials& trials, const Parameters& at, double value,
                                            const Vector& gradient, const Matrix& hessian) {
  const std::vector<bool> may_be_flat = has_other_link(trials.model());
  const std::vector<Index>& leads = trials.space().leads();
  const Vector here = trials.space().coordinates(at);
  std::optional<Parameters> best;
  double least = value - kGain;
  for (Index j = 0; j < gradient.size(); ++j) {
    if (!may_be_flat[static_cast<std::size_t>(leads[j])] || std::abs(here[j]) > kFarOut) continue;
    if (std::abs(gradient[j]) > kFlat || hessian.col(j).cwiseAbs().maxCoeff() > kFlat) continue;
    for (const double step : kSteps) {
      const std::optional<Evaluation> trial =
          trials.at(trials.moved(at, step * Vector::Unit(gradient.size(), j)));
      if (!trial || !(trial->minus2loglik < least)) continue;
      least = trial->minus2loglik;
      best = trial->parameters;
    }
  }
  // The equations have storage for one evaluation at a time.
  return best ? trials.at(best) : std::nullopt;
}

}  // namespace henderson::reml
