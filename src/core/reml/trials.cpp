// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/trials.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/coordinates/boundary.h"

namespace henderson::reml {
namespace {

// Relative rounding error of the likelihood.
constexpr double kLikelihoodNoise = 1e-13;

// Records that the random effects fit but for a ridge have weights of its inverse, and log|C| loses
// as many digits.
double ridge_noise(const model::Model& model) {
  double noise = 0.0;
  for (const model::ResidualBlock& block : model.residual.blocks) {
    if (block.least_ridge == 0.0) continue;
    noise += std::numeric_limits<double>::epsilon() / block.least_ridge *
             static_cast<double>(model.n_records);
  }
  return noise;
}

}  // namespace

using likelihood::Evaluation;
using likelihood::Parameters;

Trials::Trials(const equations::MixedModelEquations& equations, const coordinates::FreeSpace& space,
               Callbacks& callbacks)
    : equations_(equations),
      space_(space),
      callbacks_(callbacks),
      scale_free_(likelihood::is_scale_free(equations.model()) && !space.bounds_scale()),
      ridge_noise_(ridge_noise(equations.model())) {}

std::optional<Evaluation> Trials::at(const std::optional<Parameters>& parameters) {
  callbacks_.stop_if_interrupted();
  if (!parameters) return std::nullopt;
  ++count_;
  return likelihood::evaluate(equations_, *parameters, scale_free_, callbacks_);
}

std::optional<Evaluation> Trials::as_good(const Parameters& parameters, double value) {
  std::optional<Evaluation> evaluation = at(parameters);
  if (!evaluation || evaluation->minus2loglik <= value + kBoundaryLoss + ridge_noise_)
    return evaluation;
  return std::nullopt;
}

double Trials::noise(double value) const {
  return kLikelihoodNoise * (std::abs(value) + static_cast<double>(model().n_records)) +
         ridge_noise_;
}

double Trials::measured_noise(const Parameters& at, double value) {
  const Index n = space_.size();
  double greatest = 0.0;
  for (const double length : {-3e-10, -2e-10, -1e-10, 1e-10, 2e-10, 3e-10}) {
    const std::optional<Evaluation> there =
        this->at(moved(at, Vector::Constant(n, length / std::sqrt(static_cast<double>(n)))));
    if (there) greatest = std::max(greatest, std::abs(there->minus2loglik - value));
  }
  return greatest;
}

std::optional<Parameters> Trials::nudged(const Parameters& parameters) const {
  return coordinates::nudged(model(), space_, parameters, kNudge);
}

std::optional<Parameters> Trials::moved(const Parameters& from, const Vector& step) const {
  const std::optional<Parameters> to = space_.at(space_.coordinates(from) + step, from);
  return to ? nudged(*to) : std::nullopt;
}

}  // namespace henderson::reml
