// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/trials.h"

#include "core/coordinates/boundary.h"

namespace henderson::reml {

using likelihood::Evaluation;
using likelihood::Parameters;

Trials::Trials(const equations::MixedModelEquations& equations, const coordinates::FreeSpace& space,
               Callbacks& callbacks)
    : equations_(equations),
      space_(space),
      callbacks_(callbacks),
      scale_free_(likelihood::is_scale_free(equations.model()) && !space.bounds_scale()) {}

std::optional<Evaluation> Trials::at(const std::optional<Parameters>& parameters) {
  callbacks_.stop_if_interrupted();
  if (!parameters) return std::nullopt;
  ++count_;
  return likelihood::evaluate(equations_, *parameters, scale_free_, callbacks_);
}

std::optional<Evaluation> Trials::as_good(const Parameters& parameters, double value) {
  std::optional<Evaluation> evaluation = at(parameters);
  if (!evaluation || evaluation->minus2loglik <= value + kBoundaryLoss) return evaluation;
  return std::nullopt;
}

std::optional<Parameters> Trials::nudged(const Parameters& parameters) const {
  return coordinates::nudged(model(), space_, parameters, kNudge);
}

std::optional<Parameters> Trials::moved(const Parameters& from, const Vector& step) const {
  const std::optional<Parameters> to = space_.at(space_.coordinates(from) + step, from);
  return to ? nudged(*to) : std::nullopt;
}

}  // namespace henderson::reml
