// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/information/differences.h"

#include <Eigen/SVD>
#include <algorithm>
#include <cmath>

namespace henderson::information {
namespace {

using likelihood::Parameters;
using model::Model;
using model::RandomBlock;

// Steps of the differences: a share of the standard error by the average information, but no more
// than a share of the smallest standard deviation of the block, below which -2l is not smooth in
// theta. The error of central differences is of the order of the square: 1e-7.
constexpr double kShareOfError = 5e-4;
constexpr double kShareOfScale = 1e-3;
constexpr double kSmallestStep = 1e-8;
constexpr double kSingular = 1e-10;

// The smallest standard deviation along a direction of the block of a parameter that is not zero.
double scale_of(const Model& model, const Parameters& parameters, Index parameter) {
  for (const RandomBlock& block : model.blocks) {
    const Index i = parameter - block.first_theta;
    if (i < 0 || i >= block.structure->n_theta()) continue;
    const std::optional<Matrix> lambda = block.structure->factor(parameters.of(block));
    const Vector sd = lambda->jacobiSvd().singularValues();
    double smallest = sd[0];
    for (Index k = 1; k < sd.size() && sd[k] > kSingular * sd[0]; ++k) smallest = sd[k];
    return smallest;
  }
  return 1.0;  // of the residual
}

}  // namespace

Parameters shifted(const Model& model, const Parameters& from, Index parameter, double step) {
  Vector theta = from.theta();
  double log_residual = from.log_residual();
  (parameter < model.n_theta ? theta[parameter] : log_residual) += step;
  return {std::move(theta), log_residual};
}

double step_for(const Model& model, const Parameters& parameters, Index parameter, double average) {
  const double scale = kShareOfScale * scale_of(model, parameters, parameter);
  const double error = average > 0.0 ? kShareOfError / std::sqrt(average) : scale;
  return std::max(std::min(error, scale), kSmallestStep);
}

}  // namespace henderson::information
