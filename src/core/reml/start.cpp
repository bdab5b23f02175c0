// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/start.h"

#include <cmath>

#include "core/base/error.h"
#include "core/covariance/lower.h"

namespace henderson::reml {
namespace {

using model::Model;
using model::RandomBlock;

bool any_given(const ConstVectorRef& values) {
  for (Index i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i])) return true;
  }
  return false;
}

// Variances that are not given take the default, covariances that are not given are zero.
Vector completed(ConstVectorRef given, double variance, Index n_coef) {
  Vector values = given;
  for (Index r = 0; r < n_coef; ++r) {
    for (Index c = 0; c <= r; ++c) {
      double& value = values[covariance::lower_position(r, c)];
      if (std::isnan(value)) value = r == c ? variance : 0.0;
    }
  }
  return values;
}

}  // namespace

Parameters starting_parameters(const Model& model, const model::VarianceRequest& request) {
  double n_coef = 0.0;
  for (const RandomBlock& block : model.blocks) n_coef += block.n_coef;
  const double share = n_coef > 0.0 ? 0.5 / n_coef : 0.0;

  Vector theta(model.n_theta);
  for (const RandomBlock& block : model.blocks) {
    const Vector given = request.values.segment(block.first_value, block.structure->n_values())
                             .cwiseQuotient(block.value_units);
    theta.segment(block.first_theta, block.structure->n_theta()) =
        any_given(given)
            ? block.structure->theta_from_values(completed(given, share, block.n_coef))
            : block.structure->theta_from_covariance(share * Matrix::Identity(block.n_coef, block.n_coef));
  }
  double residual = n_coef > 0.0 ? 0.5 : 1.0;
  const double given = request.values[model.n_values - 1];
  if (!std::isnan(given)) residual = given / (model.response_unit * model.response_unit);
  if (model.residual_held) residual = model.residual_value;
  if (!(residual > 0.0)) throw InvalidSpec("start", "the residual variance must be above 0");
  return {std::move(theta), std::log(residual)};
}

}  // namespace henderson::reml
