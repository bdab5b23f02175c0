// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reml/start.h"

#include <Eigen/LU>
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

// Variances that are not given take the default of the user's scale, covariances that are not given
// are zero.
Vector completed(const ConstVectorRef& given, const Vector& defaults, Index n_coef) {
  Vector values = given;
  for (Index r = 0; r < n_coef; ++r) {
    for (Index c = 0; c <= r; ++c) {
      const Index k = covariance::lower_position(r, c);
      if (std::isnan(values[k])) values[k] = r == c ? defaults[k] : 0.0;
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
    const Vector given = request.values.segment(block.first_value, block.structure->n_values());
    const Matrix from_data = share * Matrix::Identity(block.n_coef, block.n_coef);
    if (any_given(given)) {
      const Vector defaults = block.value_transform * covariance::lower_of(from_data);
      const Vector values =
          block.value_transform.lu().solve(completed(given, defaults, block.n_coef));
      theta.segment(block.first_theta, block.structure->n_theta()) =
          block.structure->theta_from_values(values);
    } else {
      theta.segment(block.first_theta, block.structure->n_theta()) =
          block.structure->theta_from_covariance(from_data);
    }
  }
  double residual = n_coef > 0.0 ? 0.5 : 1.0;
  const double given = request.values[model.n_values - 1];
  if (!std::isnan(given)) residual = given / (model.response_unit * model.response_unit);
  if (model.residual_held) residual = model.residual_value;
  if (!(residual > 0.0)) throw InvalidSpec("start", "the residual variance must be above 0");
  return {std::move(theta), std::log(residual)};
}

}  // namespace henderson::reml
